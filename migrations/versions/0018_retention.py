"""A clinic may say after how many months without a night a patient is erased; none does by itself."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None
additive = True


def upgrade() -> None:
    op.add_column("clinics", sa.Column("retention_months", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("clinics", "retention_months")
