"""What was read from a vendor's report, in the batch and beside its night."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("upload_items", sa.Column("report", sa.JSON(), nullable=True))
    op.add_column("upload_items", sa.Column("belongs_to", sa.String(length=36), nullable=True))
    op.add_column(
        "upload_items", sa.Column("keep_original", sa.Boolean(), nullable=False, server_default=sa.text("false"))
    )
    op.add_column("device_reports", sa.Column("numbers", sa.JSON(), nullable=True))
    op.add_column("device_reports", sa.Column("curve", sa.JSON(), nullable=True))
    op.add_column("device_reports", sa.Column("painted", sa.Boolean(), nullable=True))
    op.add_column("device_reports", sa.Column("original_sha256", sa.String(length=64), nullable=True))
    op.add_column("device_reports", sa.Column("preview_file_id", sa.String(length=36), nullable=True))
    op.add_column("device_reports", sa.Column("device_serial", sa.String(length=40), nullable=True))
    op.add_column("device_reports", sa.Column("started_at", sa.DateTime(), nullable=True))


def downgrade() -> None:
    for name in ("started_at", "device_serial", "preview_file_id", "original_sha256", "painted", "curve", "numbers"):
        op.drop_column("device_reports", name)
    for name in ("keep_original", "belongs_to", "report"):
        op.drop_column("upload_items", name)
