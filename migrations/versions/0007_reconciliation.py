"""A night's numbers beside its vendor's report, as they were compared."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("device_reports", sa.Column("reconciliation", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("device_reports", "reconciliation")
