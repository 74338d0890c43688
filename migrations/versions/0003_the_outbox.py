"""What the outbox needs to hand objects on and keep to its limits; when an object was last re-read, and how."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("outbox", sa.Column("filename", sa.String(length=200), nullable=True))
    op.add_column("outbox", sa.Column("size", sa.BigInteger(), nullable=False, server_default=sa.text("0")))
    op.add_column("stored_files", sa.Column("verified_at", sa.DateTime(), nullable=True))
    op.add_column("stored_files", sa.Column("damaged_at", sa.DateTime(), nullable=True))


def downgrade() -> None:
    op.drop_column("stored_files", "damaged_at")
    op.drop_column("stored_files", "verified_at")
    op.drop_column("outbox", "size")
    op.drop_column("outbox", "filename")
