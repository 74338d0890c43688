"""The catalogue's tables. A change here needs a migration; a test compares both on SQLite and PostgreSQL."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _id() -> Column[str]:
    return Column("id", String(36), primary_key=True)


def _refers(column: str, target: str, **options: object) -> Column[str]:
    return Column(column, String(36), ForeignKey(f"{target}.id"), **options)  # type: ignore[arg-type]


doctors = Table(
    "doctors",
    metadata,
    _id(),
    Column("email", String(254), nullable=False, unique=True),
    Column("password_hash", String(200), nullable=False),
    Column("role", String(20), nullable=False),
    Column("created_at", DateTime, nullable=False),
    Column("disabled_at", DateTime),
    Column("clinic_id", String(36)),
    Column("password_temporary", Boolean, nullable=False, server_default=text("false")),
    Column("totp_sealed", LargeBinary),
    Column("totp_step", BigInteger, nullable=False, server_default=text("0")),
    Column("passkey_count", Integer, nullable=False, server_default=text("0")),
)

clinics = Table(
    "clinics",
    metadata,
    _id(),
    Column("name", String(120), nullable=False),
    Column("address", String(200), nullable=False),
    Column("phone", String(40), nullable=False),
    Column("hours", String(80), nullable=False),
    Column("logo", LargeBinary),
    Column("logo_type", String(40)),
    Column("headline", String(20), nullable=False),
    Column("language", String(5), nullable=False),
    Column("night_begins_h", Integer, nullable=False),
    Column("time_zone", String(60), nullable=False),
    Column("message_ro", String(500), nullable=False),
    Column("message_en", String(500), nullable=False),
    Column("usual_shown", Boolean, nullable=False),
    Column("severity_shown", Boolean, nullable=False),
    Column("letters_off", Boolean, nullable=False),
    Column("second_factor", Boolean, nullable=False, server_default=text("false")),
    Column("retention_months", Integer),
    Column("created_at", DateTime, nullable=False),
    Column("updated_at", DateTime, nullable=False),
)

doctor_sessions = Table(
    "doctor_sessions",
    metadata,
    _id(),
    _refers("doctor_id", "doctors", nullable=False, index=True),
    Column("token_sha256", String(64), nullable=False, unique=True),
    Column("created_at", DateTime, nullable=False),
    Column("ended_at", DateTime),
    Column("confirmed_at", DateTime),
    Column("last_seen_at", DateTime),
    Column("browser", String(40), nullable=False, server_default=""),
    Column("network", String(64), nullable=False, server_default=""),
    Column("is_pending", Boolean, nullable=False, server_default=text("false")),
    Column("challenge", String(100)),
)

login_attempts = Table(
    "login_attempts",
    metadata,
    _id(),
    Column("account_sha256", String(64), nullable=False),
    Column("address", String(64), nullable=False),
    Column("attempted_at", DateTime, nullable=False),
    Column("succeeded", Boolean, nullable=False),
    Index("ix_login_attempts_account", "account_sha256", "attempted_at"),
    Index("ix_login_attempts_address", "address", "attempted_at"),
)

patients = Table(
    "patients",
    metadata,
    _id(),
    _refers("doctor_id", "doctors", nullable=False),
    Column("number", Integer, nullable=False),
    Column("label", String(80)),
    Column("extra_rules", JSON, nullable=False, server_default=text("'[]'")),
    Column("created_at", DateTime, nullable=False),
    Column("search", String(200), nullable=False, server_default=""),
    Column("last_night_at", DateTime),
    Column("notes", Text),
    Column("merged_into", String(36)),
    UniqueConstraint("doctor_id", "number"),
)

patient_links = Table(
    "patient_links",
    metadata,
    _id(),
    _refers("patient_id", "patients", nullable=False, index=True),
    Column("secret_sha256", String(64), nullable=False, unique=True),
    Column("secret_sealed", LargeBinary, nullable=False),
    Column("created_at", DateTime, nullable=False),
    Column("revoked_at", DateTime),
    Column("last_opened_at", DateTime),
    Column("opened_count", Integer, nullable=False),
    Column("expires_at", DateTime),
    Column("pin_sealed", LargeBinary),
    Column("pin_failures", Integer, nullable=False, server_default=text("0")),
    Index(
        "uq_patient_links_live",
        "patient_id",
        unique=True,
        sqlite_where=text("revoked_at IS NULL"),
        postgresql_where=text("revoked_at IS NULL"),
    ),
)

retired_links = Table(
    "retired_links",
    metadata,
    _id(),
    _refers("patient_id", "patients", nullable=False, index=True),
    Column("token_sha256", String(64), nullable=False, unique=True),
    Column("created_at", DateTime, nullable=False),
    Column("retired_at", DateTime),
    Column("undone_at", DateTime),
    Column("last_opened_at", DateTime),
    Column("opened_count", Integer, nullable=False),
)

upload_sessions = Table(
    "upload_sessions",
    metadata,
    _id(),
    _refers("doctor_id", "doctors", nullable=False, index=True),
    Column("created_at", DateTime, nullable=False),
    Column("closed_at", DateTime),
    Column("on_page", Boolean, nullable=False),
    Column("labels", JSON, nullable=False, server_default=text("'{}'")),
    Column("taken_back_at", DateTime),
)

upload_items = Table(
    "upload_items",
    metadata,
    _id(),
    _refers("session_id", "upload_sessions", nullable=False),
    _refers("doctor_id", "doctors", nullable=False),
    Column("number", Integer, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("name_sealed", LargeBinary),
    Column("content_type", String(80), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("staging_key", String(200), nullable=False, index=True),
    Column("kept_until", DateTime, index=True),
    Column("state", String(20), nullable=False),
    Column("reason", String(60)),
    Column("details", JSON, nullable=False),
    Column("numbers", JSON),
    Column("sparkline", JSON),
    Column("device_serial", String(40)),
    Column("started_at", DateTime),
    Column("ended_at", DateTime),
    Column("given_start", DateTime),
    Column("samples_sha256", String(64)),
    Column("joined_to", String(36)),
    Column("report", JSON),
    Column("belongs_to", String(36)),
    Column("keep_original", Boolean, nullable=False, server_default=text("false")),
    Column("target", String(36)),
    _refers("patient_id", "patients"),
    _refers("recording_id", "recordings"),
    Column("created_at", DateTime, nullable=False),
    Column("updated_at", DateTime, nullable=False),
    Column("confirmed_at", DateTime),
    UniqueConstraint("session_id", "number"),
    Index(
        "uq_upload_items_content",
        "session_id",
        "sha256",
        unique=True,
        sqlite_where=text("state <> 'discarded'"),
        postgresql_where=text("state <> 'discarded'"),
    ),
)

recordings = Table(
    "recordings",
    metadata,
    _id(),
    _refers("patient_id", "patients", nullable=False, index=True),
    _refers("moving_to", "patients"),
    Column("state", String(20), nullable=False),
    Column("original_sha256", String(64), nullable=False),
    Column("samples_sha256", String(64), index=True),
    Column("format", String(40), nullable=False),
    Column("device_model", String(80)),
    Column("device_serial", String(40)),
    Column("started_at", DateTime, nullable=False),
    Column("ended_at", DateTime, nullable=False),
    Column("sampling_interval_s", Float, nullable=False),
    Column("created_at", DateTime, nullable=False),
    Column("removed_at", DateTime),
    Column("sparkline", JSON),
    Column("notes", Text),
    UniqueConstraint("patient_id", "original_sha256"),
    Index("ix_recordings_device_start", "device_serial", "started_at"),
)

analyses = Table(
    "analyses",
    metadata,
    _id(),
    _refers("recording_id", "recordings", nullable=False),
    Column("rule", String(40), nullable=False),
    Column("version", Integer, nullable=False),
    Column("summary", JSON, nullable=False),
    Column("events", JSON, nullable=False),
    Column("created_at", DateTime, nullable=False),
    UniqueConstraint("recording_id", "rule", "version"),
)

night_lines = Table(
    "night_lines",
    metadata,
    Column("night_id", String(36), primary_key=True),
    Column("doctor_id", String(36), nullable=False),
    Column("patient_id", String(36), nullable=False),
    Column("shown", Boolean, nullable=False),
    Column("reviewed", Boolean, nullable=False),
    Column("concern", String(10), nullable=False),
    Column("started_at", DateTime, nullable=False),
    Column("ended_at", DateTime, nullable=False),
    Column("device_model", String(80)),
    Column("device_serial", String(40)),
    Column("valid_s", Float, nullable=False),
    Column("odi3_per_h", Float),
    Column("odi4_per_h", Float),
    Column("odi3_mean120_per_h", Float),
    Column("odi4_mean120_per_h", Float),
    Column("below90_pct", Float),
    Column("spo2_min_pct", Float),
    Column("spo2_mean_pct", Float),
    Column("is_below_range", Boolean, nullable=False),
    Column("warnings", JSON, nullable=False),
    Column("search", String(400), nullable=False),
    Column("reviewed_at", DateTime),
    Column("writing", String(10), nullable=False, server_default=""),
    Column("signed_at", DateTime),
    Index("ix_night_lines_list", "doctor_id", "shown", "reviewed", "started_at"),
    Index("ix_night_lines_time", "doctor_id", "shown", "started_at"),
    Index("ix_night_lines_device", "doctor_id", "shown", "device_serial"),
    Index("ix_night_lines_counts", "doctor_id", "shown", "reviewed", "concern", "writing", "patient_id"),
    Index("ix_night_lines_patient", "patient_id", "shown", "started_at"),
)

device_loans = Table(
    "device_loans",
    metadata,
    _id(),
    _refers("doctor_id", "doctors", nullable=False),
    _refers("patient_id", "patients", nullable=False, index=True),
    Column("device_serial", String(40), nullable=False),
    Column("lent_at", DateTime, nullable=False),
    Column("returned_at", DateTime),
    Index(
        "uq_device_loans_open",
        "doctor_id",
        "device_serial",
        unique=True,
        sqlite_where=text("returned_at IS NULL"),
        postgresql_where=text("returned_at IS NULL"),
    ),
)

handovers = Table(
    "handovers",
    metadata,
    _refers("patient_id", "patients", primary_key=True),
    _refers("session_id", "upload_sessions", primary_key=True),
    Column("means", String(12), nullable=False),
    Column("handed_at", DateTime, nullable=False),
)

link_openings = Table(
    "link_openings",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    _refers("link_id", "patient_links", nullable=False, index=True),
    Column("opened_at", DateTime, nullable=False),
    Column("browser", String(40), nullable=False),
    Column("device_key", String(16), nullable=False),
    Column("session_id", String(36)),
)

exclusions = Table(
    "exclusions",
    metadata,
    _id(),
    _refers("recording_id", "recordings", nullable=False, index=True),
    Column("from_s", Float, nullable=False),
    Column("to_s", Float, nullable=False),
    Column("reason", String(120), nullable=False),
    Column("created_by", String(36), nullable=False),
    Column("created_at", DateTime, nullable=False),
    Column("undone_by", String(36)),
    Column("undone_at", DateTime),
)

plots = Table(
    "plots",
    metadata,
    _refers("analysis_id", "analyses", primary_key=True),
    Column("language", String(5), primary_key=True),
    _refers("file_id", "stored_files", nullable=False),
)

device_reports = Table(
    "device_reports",
    metadata,
    _id(),
    _refers("patient_id", "patients", nullable=False, index=True),
    _refers("recording_id", "recordings", index=True),
    _refers("file_id", "stored_files", nullable=False),
    Column("created_at", DateTime, nullable=False),
    Column("numbers", JSON),
    Column("curve", JSON),
    Column("reconciliation", JSON),
    Column("painted", Boolean),
    Column("original_sha256", String(64)),
    Column("preview_file_id", String(36)),
    Column("device_serial", String(40)),
    Column("started_at", DateTime),
    UniqueConstraint("patient_id", "file_id"),
)

stored_files = Table(
    "stored_files",
    metadata,
    _id(),
    Column("key", String(300), nullable=False, unique=True),
    Column("name", String(200), nullable=False),
    Column("content_type", String(80), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("sha256", String(64)),  # unknown of an object that a listing found, until somebody reads it
    Column("etag", String(80)),
    Column("reference_type", String(20), nullable=False),
    Column("reference_id", String(36), nullable=False),
    Column("created_by", String(36)),
    Column("created_at", DateTime, nullable=False),
    Column("updated_at", DateTime, nullable=False),
    Column("deleted_at", DateTime),
    Column("verified_at", DateTime),
    Column("damaged_at", DateTime),
    Column("missing_since", DateTime),
    Index("ix_stored_files_reference", "reference_type", "reference_id"),
)

outbox = Table(
    "outbox",
    metadata,
    _id(),
    Column("key", String(300), nullable=False, unique=True),
    Column("content", LargeBinary, nullable=False),
    Column("content_type", String(80), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("created_at", DateTime, nullable=False),
    Column("filename", String(200)),
    Column("size", BigInteger, nullable=False, server_default=text("0")),
)

audit_events = Table(
    "audit_events",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("happened_at", DateTime, nullable=False, index=True),
    Column("doctor_id", String(36), index=True),
    Column("act", String(40), nullable=False),
    Column("subject_type", String(20), nullable=False),
    Column("subject_id", String(36), nullable=False, index=True),
    Column("details", JSON, nullable=False),
    Column("number", BigInteger),
    Column("actor_kind", String(10)),
    Column("previous_sha256", String(64)),
    Column("sha256", String(64)),
    Index("uq_audit_events_number", "number", unique=True),
)

schema_range = Table(
    "schema_range",
    metadata,
    Column("oldest", String(32), primary_key=True),  # the newest migration of the oldest program that may run on it
)
