"""Excluded spans, extra rules per patient, and what tells that two files hold one night."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # plain added columns only: SQLite would otherwise copy the table and drop the one that others refer to
    op.add_column("patients", sa.Column("extra_rules", sa.JSON(), nullable=False, server_default=sa.text("'[]'")))
    op.add_column("upload_items", sa.Column("samples_sha256", sa.String(length=64), nullable=True))
    op.add_column("upload_items", sa.Column("joined_to", sa.String(length=36), nullable=True))
    op.add_column("recordings", sa.Column("samples_sha256", sa.String(length=64), nullable=True))
    op.create_index(op.f("ix_recordings_samples_sha256"), "recordings", ["samples_sha256"], unique=False)
    op.create_table(
        "exclusions",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("recording_id", sa.String(length=36), nullable=False),
        sa.Column("from_s", sa.Float(), nullable=False),
        sa.Column("to_s", sa.Float(), nullable=False),
        sa.Column("reason", sa.String(length=120), nullable=False),
        sa.Column("created_by", sa.String(length=36), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("undone_by", sa.String(length=36), nullable=True),
        sa.Column("undone_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(["recording_id"], ["recordings.id"], name=op.f("fk_exclusions_recording_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exclusions")),
    )
    op.create_index(op.f("ix_exclusions_recording_id"), "exclusions", ["recording_id"], unique=False)


def downgrade() -> None:
    op.drop_table("exclusions")
    op.drop_index(op.f("ix_recordings_samples_sha256"), table_name="recordings")
    op.drop_column("recordings", "samples_sha256")
    op.drop_column("upload_items", "joined_to")
    op.drop_column("upload_items", "samples_sha256")
    op.drop_column("patients", "extra_rules")
