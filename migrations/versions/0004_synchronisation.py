"""Synchronising the catalogue with the store: its runs, what they found, the lock, and what a listing tells of a file."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_NO_DELETED = "deleted_at IS NOT NULL"


def upgrade() -> None:
    op.add_column("stored_files", sa.Column("etag", sa.String(length=80), nullable=True))
    op.add_column("stored_files", sa.Column("missing_since", sa.DateTime(), nullable=True))
    if _on_postgresql():
        op.alter_column("stored_files", "sha256", existing_type=sa.String(length=64), nullable=True)
        # the order of listings, and of SQLite, is that of the bytes
        op.execute('ALTER TABLE stored_files ALTER COLUMN key TYPE VARCHAR(300) COLLATE "C"')
    else:
        _replace_sha256(sa.Column("sha256_now", sa.String(length=64), nullable=True))
    op.create_index(op.f("ix_stored_files_created"), "stored_files", ["created_at", "id"], unique=False)
    op.create_index(
        op.f("ix_stored_files_deleted"),
        "stored_files",
        ["deleted_at"],
        unique=False,
        sqlite_where=sa.text(_NO_DELETED),
        postgresql_where=sa.text(_NO_DELETED),
    )
    op.create_table(
        "sync_state",
        sa.Column("name", sa.String(length=20), nullable=False),
        sa.Column("catalogue_id", sa.String(length=36), nullable=False),
        sa.Column("sentinel_at", sa.DateTime(), nullable=True),
        sa.Column("lease_by", sa.String(length=36), nullable=True),
        sa.Column("lease_until", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_sync_state")),
    )
    op.create_table(
        "sync_runs",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("requested_by", sa.String(length=36), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.Column("cursor", sa.String(length=1024), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("reason", sa.String(length=60), nullable=True),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("applied_by", sa.String(length=36), nullable=True),
        sa.Column("applied_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sync_runs")),
    )
    op.create_index(op.f("ix_sync_runs_created_at"), "sync_runs", ["created_at"], unique=False)
    op.create_table(
        "sync_entries",
        sa.Column("run_id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("key", sa.String(length=1024), nullable=False),
        sa.Column("file_id", sa.String(length=36), nullable=True),
        sa.Column("row_size", sa.BigInteger(), nullable=True),
        sa.Column("row_updated_at", sa.DateTime(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("etag", sa.String(length=80), nullable=True),
        sa.Column("modified_at", sa.DateTime(), nullable=True),
        sa.Column("outcome", sa.String(length=10), nullable=True),
        sa.Column("reason", sa.String(length=60), nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["sync_runs.id"], name=op.f("fk_sync_entries_run_id")),
        sa.PrimaryKeyConstraint("run_id", "number", name=op.f("pk_sync_entries")),
    )
    op.create_index(op.f("ix_sync_entries_file"), "sync_entries", ["run_id", "file_id"], unique=False)
    op.create_index(op.f("ix_sync_entries_kind"), "sync_entries", ["run_id", "kind", "number"], unique=False)


def downgrade() -> None:
    for table in ("sync_entries", "sync_runs", "sync_state"):
        op.drop_table(table)
    op.drop_index(op.f("ix_stored_files_deleted"), table_name="stored_files")
    op.drop_index(op.f("ix_stored_files_created"), table_name="stored_files")
    op.execute("UPDATE stored_files SET sha256 = '' WHERE sha256 IS NULL")
    if _on_postgresql():
        op.execute('ALTER TABLE stored_files ALTER COLUMN key TYPE VARCHAR(300) COLLATE "default"')
        op.alter_column("stored_files", "sha256", existing_type=sa.String(length=64), nullable=False)
    else:
        _replace_sha256(sa.Column("sha256_now", sa.String(length=64), nullable=False, server_default=""))
    op.drop_column("stored_files", "missing_since")
    op.drop_column("stored_files", "etag")


def _on_postgresql() -> bool:
    return op.get_context().dialect.name == "postgresql"


def _replace_sha256(column: sa.Column) -> None:
    """SQLite: a column in place of the other; a copied table would be dropped, and others refer to it."""
    op.add_column("stored_files", column)
    op.execute("UPDATE stored_files SET sha256_now = sha256")
    op.drop_column("stored_files", "sha256")
    op.execute("ALTER TABLE stored_files RENAME COLUMN sha256_now TO sha256")
