"""The audit trail becomes a chain that nobody can change; people stand in it under pseudonyms.

What was written before is chained by the program (`AuditTable.adopt`) right after this step, and so is what a program of
before still writes meanwhile: its acts have no number, and only those may be taken away again.
"""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None
additive = True

REFUSAL = "the audit trail is append-only"
NEW_COLUMNS = (
    sa.Column("number", sa.BigInteger(), nullable=True),
    sa.Column("actor_kind", sa.String(10), nullable=True),
    sa.Column("previous_sha256", sa.String(64), nullable=True),
    sa.Column("sha256", sa.String(64), nullable=True),
)


def upgrade() -> None:
    for column in NEW_COLUMNS:
        op.add_column("audit_events", column)
    op.create_index("uq_audit_events_number", "audit_events", ["number"], unique=True)
    op.create_index("ix_audit_events_subject_id", "audit_events", ["subject_id"])
    op.create_table(
        "audit_names",
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("pseudonym", sa.String(36), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_audit_names"),
        sa.UniqueConstraint("pseudonym", name="uq_audit_names_pseudonym"),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION audit_events_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{REFUSAL}'; END $$"
        )
        op.execute(
            "CREATE TRIGGER audit_events_rows BEFORE UPDATE OR DELETE ON audit_events FOR EACH ROW "
            "WHEN (OLD.number IS NOT NULL) EXECUTE FUNCTION audit_events_is_append_only()"
        )
        op.execute(
            "CREATE TRIGGER audit_events_whole BEFORE TRUNCATE ON audit_events "
            "FOR EACH STATEMENT EXECUTE FUNCTION audit_events_is_append_only()"
        )
        op.execute("REVOKE UPDATE, DELETE, TRUNCATE ON audit_events FROM PUBLIC, CURRENT_USER")
    else:
        for act in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER audit_events_{act.lower()} BEFORE {act} ON audit_events "
                f"WHEN OLD.number IS NOT NULL BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
            )


def downgrade() -> None:
    """Acts get the names back that are still known."""
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        op.execute("DROP TRIGGER audit_events_rows ON audit_events")
        op.execute("DROP TRIGGER audit_events_whole ON audit_events")
        op.execute("DROP FUNCTION audit_events_is_append_only()")
        op.execute("GRANT UPDATE, DELETE, TRUNCATE ON audit_events TO CURRENT_USER")
    else:
        for act in ("update", "delete"):
            op.execute(f"DROP TRIGGER audit_events_{act}")
    known = {row[0]: row[1] for row in connection.execute(sa.text("SELECT pseudonym, name FROM audit_names"))}
    event = sa.table("audit_events", *(sa.column(name) for name in ("id", "doctor_id", "subject_id", "actor_kind")),
                     sa.column("details", sa.JSON()))  # fmt: skip
    for row in connection.execute(sa.select(event)).all():
        values = {
            "doctor_id": known.get(row.doctor_id, row.doctor_id) if row.actor_kind in (None, "doctor") else None,
            "subject_id": known.get(row.subject_id, row.subject_id)[:36],
            "details": json.loads(json.dumps({name: _named(value, known) for name, value in row.details.items()})),
        }
        connection.execute(sa.update(event).where(event.c.id == row.id).values(**values))
    op.drop_index("ix_audit_events_subject_id", "audit_events")
    op.drop_index("uq_audit_events_number", "audit_events")
    for column in reversed(NEW_COLUMNS):
        op.drop_column("audit_events", column.name)
    op.drop_table("audit_names")


def _named(value: object, known: dict[str, str]) -> object:
    if isinstance(value, list):
        return [_named(one, known) for one in value]
    return known.get(value, value) if isinstance(value, str) else value
