"""What remains of people who were erased: that it was done, and what is still to be removed from the store."""

from __future__ import annotations

from sqlalchemy import JSON, Column, DateTime, String, Table

from oximetry.adapters.catalogue.tables import metadata

erasures = Table(
    "erasures",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("doctor_id", String(36), nullable=False),
    Column("pseudonym", String(36), nullable=False),
    Column("requested_at", DateTime, nullable=False),
    Column("places", JSON, nullable=False),  # emptied when the store was seen to hold nothing below them
    Column("subjects", JSON, nullable=False),  # of jobs that run just now; emptied with the places
    Column("counts", JSON, nullable=False),
    Column("finished_at", DateTime),
)
