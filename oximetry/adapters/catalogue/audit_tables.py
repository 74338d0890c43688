"""What the pseudonyms of the audit trail stand for, until somebody is erased; the trail itself is ``audit_events``."""

from __future__ import annotations

from sqlalchemy import Column, String, Table

from oximetry.adapters.catalogue.tables import metadata

audit_names = Table(
    "audit_names",
    metadata,
    Column("name", String(80), primary_key=True),
    Column("pseudonym", String(36), nullable=False, unique=True),
)
