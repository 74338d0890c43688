"""Links of the application that was here before: the hash of each, and whose page it opens."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "retired_links",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("patient_id", sa.String(length=36), nullable=False),
        sa.Column("token_sha256", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("retired_at", sa.DateTime(), nullable=True),
        sa.Column("undone_at", sa.DateTime(), nullable=True),
        sa.Column("last_opened_at", sa.DateTime(), nullable=True),
        sa.Column("opened_count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name=op.f("fk_retired_links_patient_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_retired_links")),
        sa.UniqueConstraint("token_sha256", name=op.f("uq_retired_links_token_sha256")),
    )
    op.create_index(op.f("ix_retired_links_patient_id"), "retired_links", ["patient_id"], unique=False)


def downgrade() -> None:
    op.drop_table("retired_links")
