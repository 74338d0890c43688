"""The doctors' words: drafts, templates, how a doctor signs, signed reports and who asked about them."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("night_lines", sa.Column("writing", sa.String(10), nullable=False, server_default=""))
    op.add_column("night_lines", sa.Column("signed_at", sa.DateTime(), nullable=True))
    op.create_index(
        "ix_night_lines_counts", "night_lines", ["doctor_id", "shown", "reviewed", "concern", "writing", "patient_id"]
    )
    op.create_table(
        "interpretations",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("doctor_id", sa.String(36), nullable=False),
        sa.Column("subject", sa.String(36), nullable=False),
        sa.Column("patient_id", sa.String(36), nullable=False),
        sa.Column("night_ids", sa.JSON(), nullable=False),
        sa.Column("language", sa.String(5), nullable=False),
        sa.Column("text_report", sa.Text(), nullable=False),
        sa.Column("text_patient", sa.Text(), nullable=False),
        sa.Column("treatment", sa.String(120), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("seen_sha256", sa.String(64), nullable=False),
        sa.Column("proposed_sha256", sa.String(64), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["doctor_id"], ["doctors.id"], name="fk_interpretations_doctor_id"),
        sa.PrimaryKeyConstraint("id", name="pk_interpretations"),
        sa.UniqueConstraint("doctor_id", "subject", name="uq_interpretations_doctor_id"),
    )
    op.create_table(
        "templates",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("doctor_id", sa.String(36), nullable=True),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("language", sa.String(5), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["doctor_id"], ["doctors.id"], name="fk_templates_doctor_id"),
        sa.PrimaryKeyConstraint("id", name="pk_templates"),
    )
    op.create_index("ix_templates_doctor_id", "templates", ["doctor_id"])
    op.create_table(
        "review_profiles",
        sa.Column("doctor_id", sa.String(36), nullable=False),
        sa.Column("signer_name", sa.String(120), nullable=False),
        sa.Column("signer_title", sa.String(120), nullable=False),
        sa.Column("signer_code", sa.String(40), nullable=False),
        sa.Column("clinic_name", sa.String(120), nullable=False),
        sa.Column("clinic_lines", sa.String(400), nullable=False),
        sa.Column("severity_rule", sa.String(40), nullable=True),
        sa.Column("release_at_once", sa.Boolean(), nullable=False),
        sa.Column("review_from", sa.DateTime(), nullable=True),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["doctor_id"], ["doctors.id"], name="fk_review_profiles_doctor_id"),
        sa.PrimaryKeyConstraint("doctor_id", name="pk_review_profiles"),
    )
    _make_reports()
    op.add_column("doctor_sessions", sa.Column("confirmed_at", sa.DateTime(), nullable=True))
    _let_old_nights_rest(op.get_bind())


def _make_reports() -> None:
    op.create_table(
        "clinical_reports",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("counter", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("doctor_id", sa.String(36), nullable=False),
        sa.Column("patient_id", sa.String(36), nullable=False),
        sa.Column("subject", sa.String(36), nullable=False),
        sa.Column("language", sa.String(5), nullable=False),
        sa.Column("signed_at", sa.DateTime(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("content_sha256", sa.String(64), nullable=False),
        sa.Column("numbers_sha256", sa.String(64), nullable=False),
        sa.Column("previous_sha256", sa.String(64), nullable=False),
        sa.Column("chain_sha256", sa.String(64), nullable=False),
        sa.Column("code_sha256", sa.String(64), nullable=False),
        sa.Column("code_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("pdf", sa.LargeBinary(), nullable=True),
        sa.Column("pdf_sha256", sa.String(64), nullable=True),
        sa.Column("rendered_at", sa.DateTime(), nullable=True),
        sa.Column("file_key", sa.String(300), nullable=True),
        sa.Column("released_at", sa.DateTime(), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(), nullable=True),
        sa.Column("withdrawn_reason", sa.String(300), nullable=True),
        sa.Column("replaced_by", sa.String(36), nullable=True),
        sa.Column("replaced_at", sa.DateTime(), nullable=True),
        sa.Column("asked_count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["doctor_id"], ["doctors.id"], name="fk_clinical_reports_doctor_id"),
        sa.PrimaryKeyConstraint("id", name="pk_clinical_reports"),
        sa.UniqueConstraint("position", name="uq_clinical_reports_position"),
        sa.UniqueConstraint("previous_sha256", name="uq_clinical_reports_previous_sha256"),
        sa.UniqueConstraint("chain_sha256", name="uq_clinical_reports_chain_sha256"),
        sa.UniqueConstraint("code_sha256", name="uq_clinical_reports_code_sha256"),
        sa.UniqueConstraint("subject", "version", name="uq_clinical_reports_subject"),
    )
    op.create_index("ix_clinical_reports_patient_id", "clinical_reports", ["patient_id"])
    op.create_index("ix_clinical_reports_pdf_sha256", "clinical_reports", ["pdf_sha256"])
    op.create_index("uq_clinical_reports_number", "clinical_reports", ["year", "counter", "version"], unique=True)
    op.create_table(
        "report_nights",
        sa.Column("report_id", sa.String(36), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("recording_id", sa.String(36), nullable=False),
        sa.ForeignKeyConstraint(["report_id"], ["clinical_reports.id"], name="fk_report_nights_report_id"),
        sa.PrimaryKeyConstraint("report_id", "position", name="pk_report_nights"),
    )
    op.create_index("ix_report_nights_recording_id", "report_nights", ["recording_id"])
    op.create_table(
        "verification_attempts",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("attempted_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_verification_attempts"),
    )
    op.create_index("ix_verification_attempts_address", "verification_attempts", ["address", "attempted_at"])


def _let_old_nights_rest(connection: sa.Connection) -> None:
    """A thousand nights that were stored before do not wait to be reviewed; each doctor can choose another day."""
    recordings = sa.table("recordings", sa.column("id"), sa.column("patient_id"))
    patients = sa.table("patients", sa.column("id"), sa.column("doctor_id"))
    names = ("doctor_id", "signer_name", "signer_title", "signer_code", "clinic_name", "clinic_lines",
             "release_at_once", "review_from", "updated_at")  # fmt: skip
    profiles = sa.table("review_profiles", *map(sa.column, names))
    with_nights = sa.select(patients.c.doctor_id).join(recordings, recordings.c.patient_id == patients.c.id).distinct()
    now = datetime.now(UTC).replace(tzinfo=None)
    empty = dict.fromkeys(names[1:6], "")
    for doctor_id in connection.scalars(with_nights).all():
        row = {**empty, "doctor_id": doctor_id, "release_at_once": False, "review_from": now, "updated_at": now}
        connection.execute(sa.insert(profiles).values(**row))


def downgrade() -> None:
    op.drop_index("ix_night_lines_counts", "night_lines")
    op.drop_column("night_lines", "signed_at")
    op.drop_column("night_lines", "writing")
    op.drop_column("doctor_sessions", "confirmed_at")
    for table in ("verification_attempts", "report_nights", "clinical_reports", "review_profiles", "templates",
                  "interpretations"):  # fmt: skip
        op.drop_table(table)
