"""The audit trail's tables: acts that are only ever added, and what their pseudonyms stand for."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, DateTime, Integer, String, Table, Text

from oximetry.adapters.catalogue.tables import metadata

audit_log = Table(
    "audit_log",
    metadata,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("happened_at", DateTime, nullable=False),
    Column("actor_kind", String(10), nullable=False),
    Column("actor", String(36), index=True),
    Column("act", String(40), nullable=False),
    Column("subject_type", String(20), nullable=False),
    Column("subject", String(36), nullable=False, index=True),
    Column("details", Text, nullable=False),
    Column("previous_sha256", String(64), nullable=False),
    Column("sha256", String(64), nullable=False),
)

audit_names = Table(
    "audit_names",
    metadata,
    Column("name", String(80), primary_key=True),
    Column("pseudonym", String(36), nullable=False, unique=True),
)
