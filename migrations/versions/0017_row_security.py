"""PostgreSQL keeps the rows of other doctors to itself, for every role but the owner of the tables."""

from __future__ import annotations

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None
additive = True

_ACTING = "current_setting('oximetry.acting_for', true)"
_OWN = f"{_ACTING} IN ('*', doctor_id)"
POLICIES = {
    "patients": _OWN,
    "upload_sessions": _OWN,
    "upload_items": _OWN,
    "night_lines": _OWN,
    "device_loans": _OWN,
    "interpretations": _OWN,
    "clinical_reports": _OWN,
    "recordings": "patient_id IN (SELECT id FROM patients)",
    "patient_links": "patient_id IN (SELECT id FROM patients)",
    "retired_links": "patient_id IN (SELECT id FROM patients)",
    "device_reports": "patient_id IN (SELECT id FROM patients)",
    "handovers": "patient_id IN (SELECT id FROM patients)",
    "analyses": "recording_id IN (SELECT id FROM recordings)",
    "exclusions": "recording_id IN (SELECT id FROM recordings)",
    "plots": "analysis_id IN (SELECT id FROM analyses)",
    "link_openings": "link_id IN (SELECT id FROM patient_links)",
    "link_sessions": "link_id IN (SELECT id FROM patient_links)",
    "report_nights": "report_id IN (SELECT id FROM clinical_reports)",
}


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    for table, whose in POLICIES.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY of_doctor ON {table} USING ({whose}) WITH CHECK ({whose})")


def downgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    for table in reversed(POLICIES):
        op.execute(f"DROP POLICY of_doctor ON {table}")
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
