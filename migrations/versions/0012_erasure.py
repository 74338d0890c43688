"""People can be erased: what remains is that it was done; a signed report keeps its link in the chain, and no content."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None
additive = True


def upgrade() -> None:
    op.create_table(
        "erasures",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("doctor_id", sa.String(36), nullable=False),
        sa.Column("pseudonym", sa.String(36), nullable=False),
        sa.Column("requested_at", sa.DateTime(), nullable=False),
        sa.Column("places", sa.JSON(), nullable=False),
        sa.Column("subjects", sa.JSON(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("finished_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_erasures"),
    )
    op.add_column("clinical_reports", sa.Column("erased_at", sa.DateTime(), nullable=True))


def downgrade() -> None:
    op.drop_column("clinical_reports", "erased_at")
    op.drop_table("erasures")
