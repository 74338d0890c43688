"""The tables of the doctors' words; like those of ``tables``, a change here needs a migration."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from oximetry.adapters.catalogue.tables import metadata

interpretations = Table(
    "interpretations",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("doctor_id", String(36), ForeignKey("doctors.id"), nullable=False),
    Column("subject", String(36), nullable=False),
    Column("patient_id", String(36), nullable=False),
    Column("night_ids", JSON, nullable=False),
    Column("language", String(5), nullable=False),
    Column("text_report", Text, nullable=False),
    Column("text_patient", Text, nullable=False),
    Column("treatment", String(120), nullable=False),
    Column("version", Integer, nullable=False),
    Column("seen_sha256", String(64), nullable=False),
    Column("proposed_sha256", String(64)),
    Column("created_at", DateTime, nullable=False),
    Column("updated_at", DateTime, nullable=False),
    UniqueConstraint("doctor_id", "subject"),
)

templates = Table(
    "templates",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("doctor_id", String(36), ForeignKey("doctors.id"), index=True),
    Column("name", String(80), nullable=False),
    Column("language", String(5), nullable=False),
    Column("text", Text, nullable=False),
    Column("created_at", DateTime, nullable=False),
    Column("updated_at", DateTime, nullable=False),
)

review_profiles = Table(
    "review_profiles",
    metadata,
    Column("doctor_id", String(36), ForeignKey("doctors.id"), primary_key=True),
    Column("signer_name", String(120), nullable=False),
    Column("signer_title", String(120), nullable=False),
    Column("signer_code", String(40), nullable=False),
    Column("clinic_name", String(120), nullable=False),
    Column("clinic_lines", String(400), nullable=False),
    Column("severity_rule", String(40)),
    Column("release_at_once", Boolean, nullable=False),
    Column("review_from", DateTime),
    Column("updated_at", DateTime, nullable=False),
)

# No key into recordings: a signed report outlives its night.
clinical_reports = Table(
    "clinical_reports",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("position", Integer, nullable=False, unique=True),
    Column("year", Integer, nullable=False),
    Column("counter", Integer, nullable=False),
    Column("number", String(20), nullable=False),
    Column("version", Integer, nullable=False),
    Column("doctor_id", String(36), ForeignKey("doctors.id"), nullable=False),
    Column("patient_id", String(36), nullable=False, index=True),
    Column("subject", String(36), nullable=False),
    Column("language", String(5), nullable=False),
    Column("signed_at", DateTime, nullable=False),
    Column("content", Text, nullable=False),
    Column("content_sha256", String(64), nullable=False),
    Column("numbers_sha256", String(64), nullable=False),
    Column("previous_sha256", String(64), nullable=False, unique=True),
    Column("chain_sha256", String(64), nullable=False, unique=True),
    Column("code_sha256", String(64), nullable=False, unique=True),
    Column("code_sealed", LargeBinary),
    Column("pdf", LargeBinary),
    Column("pdf_sha256", String(64), index=True),
    Column("rendered_at", DateTime),
    Column("file_key", String(300)),
    Column("released_at", DateTime),
    Column("withdrawn_at", DateTime),
    Column("withdrawn_reason", String(300)),
    Column("replaced_by", String(36)),
    Column("replaced_at", DateTime),
    Column("asked_count", Integer, nullable=False),
    Column("erased_at", DateTime),
    UniqueConstraint("subject", "version"),
    Index("uq_clinical_reports_number", "year", "counter", "version", unique=True),
)

report_nights = Table(
    "report_nights",
    metadata,
    Column("report_id", String(36), ForeignKey("clinical_reports.id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("recording_id", String(36), nullable=False, index=True),
)

verification_attempts = Table(
    "verification_attempts",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("address", String(64), nullable=False),
    Column("attempted_at", DateTime, nullable=False),
    Index("ix_verification_attempts_address", "address", "attempted_at"),
)
