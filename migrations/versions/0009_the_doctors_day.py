"""Lists that stay fast, clinics with their settings, lent devices, and what was handed over.

Only adds; ``Catalogue.migrate`` then gives every night of before its line in the list.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "clinics",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("address", sa.String(200), nullable=False),
        sa.Column("phone", sa.String(40), nullable=False),
        sa.Column("hours", sa.String(80), nullable=False),
        sa.Column("logo", sa.LargeBinary()),
        sa.Column("logo_type", sa.String(40)),
        sa.Column("headline", sa.String(20), nullable=False),
        sa.Column("language", sa.String(5), nullable=False),
        sa.Column("night_begins_h", sa.Integer(), nullable=False),
        sa.Column("time_zone", sa.String(60), nullable=False),
        sa.Column("message_ro", sa.String(500), nullable=False),
        sa.Column("message_en", sa.String(500), nullable=False),
        sa.Column("usual_shown", sa.Boolean(), nullable=False),
        sa.Column("severity_shown", sa.Boolean(), nullable=False),
        sa.Column("letters_off", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
    )
    op.add_column("doctors", sa.Column("clinic_id", sa.String(36), nullable=True))
    op.create_table(
        "device_loans",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("doctor_id", sa.String(36), sa.ForeignKey("doctors.id"), nullable=False),
        sa.Column("patient_id", sa.String(36), sa.ForeignKey("patients.id"), nullable=False),
        sa.Column("device_serial", sa.String(40), nullable=False),
        sa.Column("lent_at", sa.DateTime(), nullable=False),
        sa.Column("returned_at", sa.DateTime()),
    )
    op.create_index("ix_device_loans_patient_id", "device_loans", ["patient_id"])
    op.create_index(
        "uq_device_loans_open",
        "device_loans",
        ["doctor_id", "device_serial"],
        unique=True,
        sqlite_where=sa.text("returned_at IS NULL"),
        postgresql_where=sa.text("returned_at IS NULL"),
    )
    op.create_table(
        "handovers",
        sa.Column("patient_id", sa.String(36), sa.ForeignKey("patients.id"), primary_key=True),
        sa.Column("session_id", sa.String(36), sa.ForeignKey("upload_sessions.id"), primary_key=True),
        sa.Column("means", sa.String(12), nullable=False),
        sa.Column("handed_at", sa.DateTime(), nullable=False),
    )
    op.create_table(
        "night_lines",
        sa.Column("night_id", sa.String(36), primary_key=True),
        sa.Column("doctor_id", sa.String(36), nullable=False),
        sa.Column("patient_id", sa.String(36), nullable=False),
        sa.Column("shown", sa.Boolean(), nullable=False),
        sa.Column("reviewed", sa.Boolean(), nullable=False),
        sa.Column("concern", sa.String(10), nullable=False),
        sa.Column("started_at", sa.DateTime(), nullable=False),
        sa.Column("ended_at", sa.DateTime(), nullable=False),
        sa.Column("device_model", sa.String(80)),
        sa.Column("device_serial", sa.String(40)),
        sa.Column("valid_s", sa.Float(), nullable=False),
        sa.Column("odi3_per_h", sa.Float()),
        sa.Column("odi4_per_h", sa.Float()),
        sa.Column("odi3_mean120_per_h", sa.Float()),
        sa.Column("odi4_mean120_per_h", sa.Float()),
        sa.Column("below90_pct", sa.Float()),
        sa.Column("spo2_min_pct", sa.Float()),
        sa.Column("spo2_mean_pct", sa.Float()),
        sa.Column("is_below_range", sa.Boolean(), nullable=False),
        sa.Column("warnings", sa.JSON(), nullable=False),
        sa.Column("search", sa.String(400), nullable=False),
        sa.Column("reviewed_at", sa.DateTime()),
    )
    op.create_index("ix_night_lines_list", "night_lines", ["doctor_id", "shown", "reviewed", "started_at"])
    op.create_index("ix_night_lines_time", "night_lines", ["doctor_id", "shown", "started_at"])
    op.create_index("ix_night_lines_device", "night_lines", ["doctor_id", "shown", "device_serial"])
    op.create_index("ix_night_lines_patient", "night_lines", ["patient_id", "shown", "started_at"])
    op.add_column("recordings", sa.Column("sparkline", sa.JSON(), nullable=True))
    op.add_column("recordings", sa.Column("notes", sa.Text(), nullable=True))
    op.add_column("patients", sa.Column("search", sa.String(200), nullable=False, server_default=""))
    op.add_column("patients", sa.Column("last_night_at", sa.DateTime(), nullable=True))
    op.add_column("patients", sa.Column("notes", sa.Text(), nullable=True))
    op.add_column("patients", sa.Column("merged_into", sa.String(36), nullable=True))
    op.add_column("upload_sessions", sa.Column("labels", sa.JSON(), nullable=False, server_default=sa.text("'{}'")))
    op.add_column("upload_sessions", sa.Column("taken_back_at", sa.DateTime(), nullable=True))
    op.add_column("upload_items", sa.Column("confirmed_at", sa.DateTime(), nullable=True))
    op.create_table(
        "link_openings",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("link_id", sa.String(36), sa.ForeignKey("patient_links.id"), nullable=False),
        sa.Column("opened_at", sa.DateTime(), nullable=False),
        sa.Column("browser", sa.String(40), nullable=False),
        sa.Column("device_key", sa.String(16), nullable=False),
    )
    op.create_index("ix_link_openings_link_id", "link_openings", ["link_id"])


def downgrade() -> None:
    op.drop_table("link_openings")
    op.drop_column("upload_items", "confirmed_at")
    op.drop_column("upload_sessions", "taken_back_at")
    op.drop_column("upload_sessions", "labels")
    for name in ("merged_into", "notes", "last_night_at", "search"):
        op.drop_column("patients", name)
    op.drop_column("recordings", "notes")
    op.drop_column("recordings", "sparkline")
    op.drop_table("night_lines")
    op.drop_table("handovers")
    op.drop_table("device_loans")
    op.drop_column("doctors", "clinic_id")
    op.drop_table("clinics")
