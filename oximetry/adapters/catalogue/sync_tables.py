"""The tables of synchronisation: who holds the lock, what was asked for, what each run found."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, DateTime, ForeignKey, Index, Integer, String, Table, text

from oximetry.adapters.catalogue.tables import metadata, stored_files

_DELETED = text("deleted_at IS NOT NULL")

Index("ix_stored_files_created", stored_files.c.created_at, stored_files.c.id)
Index("ix_stored_files_deleted", stored_files.c.deleted_at, sqlite_where=_DELETED, postgresql_where=_DELETED)

sync_state = Table(
    "sync_state",
    metadata,
    Column("name", String(20), primary_key=True),
    Column("catalogue_id", String(36), nullable=False),
    Column("sentinel_at", DateTime),
    Column("lease_by", String(36)),
    Column("lease_until", DateTime),
)

sync_runs = Table(
    "sync_runs",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("state", String(10), nullable=False),
    Column("requested_by", String(36)),
    Column("created_at", DateTime, nullable=False, index=True),
    Column("updated_at", DateTime, nullable=False),
    Column("cursor", String(1024), nullable=False),
    Column("counts", JSON, nullable=False),
    Column("entries", Integer, nullable=False),
    Column("sha256", String(64)),
    Column("reason", String(60)),
    Column("details", JSON, nullable=False),
    Column("applied_by", String(36)),
    Column("applied_at", DateTime),
)

sync_entries = Table(
    "sync_entries",
    metadata,
    Column("run_id", String(36), ForeignKey("sync_runs.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("kind", String(12), nullable=False),
    Column("key", String(1024), nullable=False),
    Column("file_id", String(36)),
    Column("row_size", BigInteger),
    Column("row_updated_at", DateTime),
    Column("size", BigInteger),
    Column("etag", String(80)),
    Column("modified_at", DateTime),
    Column("outcome", String(10)),
    Column("reason", String(60)),
    Index("ix_sync_entries_file", "run_id", "file_id"),
    Index("ix_sync_entries_kind", "run_id", "kind", "number"),
)
