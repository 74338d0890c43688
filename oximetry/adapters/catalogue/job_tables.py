"""The tables of work: jobs, which are the queue, and the signs of life of those who do them."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Boolean, Column, DateTime, Index, Integer, String, Table, text

from oximetry.adapters.catalogue.tables import metadata

OPEN = "state IN ('waiting', 'running')"
READY = "state = 'waiting' AND resting = false"
RESTING = "state = 'waiting' AND resting = true"
WAITING = "state = 'waiting'"
RUNNING = "state = 'running'"
ENDED = "state IN ('done', 'failed')"
"""Conditions of the partial indexes. A query must carry the very words: a bound value never finds a partial index."""


def _partial(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    return Index(name, *columns, unique=unique, sqlite_where=text(where), postgresql_where=text(where))


jobs = Table(
    "jobs",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("name", String(40), nullable=False),
    Column("subject", String(120), nullable=False),
    Column("owner", String(36), nullable=False, server_default=""),
    Column("priority", Integer, nullable=False),
    Column("is_click", Boolean, nullable=False, server_default=text("false")),
    Column("turn", BigInteger, nullable=False, server_default=text("0")),
    Column("cost_ms", Integer, nullable=False, server_default=text("1000")),
    Column("state", String(10), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("crashes", Integer, nullable=False),
    Column("again", Boolean, nullable=False),
    Column("resting", Boolean, nullable=False, server_default=text("false")),
    Column("not_before", DateTime, nullable=False),
    Column("lease_until", DateTime),
    Column("lease_by", String(36)),
    Column("reason", String(60)),
    Column("created_at", DateTime, nullable=False),
    Column("finished_at", DateTime),
    Index("ix_jobs_subject", "name", "subject"),
    _partial("uq_jobs_open", "name", "subject", where=OPEN, unique=True),
    _partial("ix_jobs_turn", "priority", "turn", "created_at", where=READY),
    _partial("ix_jobs_owner", "priority", "owner", "is_click", "turn", where=OPEN),
    _partial("ix_jobs_resting", "not_before", where=RESTING),
    _partial("ix_jobs_reason", "reason", where=RESTING),
    _partial("ix_jobs_oldest", "name", "created_at", where=WAITING),
    _partial("ix_jobs_lease", "lease_until", where=RUNNING),
    _partial("ix_jobs_ended", "state", "finished_at", where=ENDED),
)

heartbeats = Table(
    "heartbeats",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("beat_at", DateTime, nullable=False),
    Column("ok", Boolean, nullable=False),
    Column("details", JSON, nullable=False),
)
