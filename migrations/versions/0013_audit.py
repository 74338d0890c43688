"""The audit trail becomes a chain that nobody can change; people stand in it under pseudonyms.

What the table of before holds is taken over by the program (`AuditTable.adopt`): at every migration, and daily for what
a program of before still wrote meanwhile.
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


def upgrade() -> None:
    op.create_table(
        "audit_log",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), autoincrement=False, nullable=False),
        sa.Column("happened_at", sa.DateTime(), nullable=False),
        sa.Column("actor_kind", sa.String(10), nullable=False),
        sa.Column("actor", sa.String(36), nullable=True),
        sa.Column("act", sa.String(40), nullable=False),
        sa.Column("subject_type", sa.String(20), nullable=False),
        sa.Column("subject", sa.String(36), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("previous_sha256", sa.String(64), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_audit_log"),
    )
    op.create_index("ix_audit_log_actor", "audit_log", ["actor"])
    op.create_index("ix_audit_log_subject", "audit_log", ["subject"])
    op.create_table(
        "audit_names",
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("pseudonym", sa.String(36), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_audit_names"),
        sa.UniqueConstraint("pseudonym", name="uq_audit_names_pseudonym"),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION audit_log_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{REFUSAL}'; END $$"
        )
        op.execute(
            "CREATE TRIGGER audit_log_rows BEFORE UPDATE OR DELETE ON audit_log "
            "FOR EACH ROW EXECUTE FUNCTION audit_log_is_append_only()"
        )
        op.execute(
            "CREATE TRIGGER audit_log_whole BEFORE TRUNCATE ON audit_log "
            "FOR EACH STATEMENT EXECUTE FUNCTION audit_log_is_append_only()"
        )
        op.execute("REVOKE UPDATE, DELETE, TRUNCATE ON audit_log FROM PUBLIC, CURRENT_USER")
    else:
        for act in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER audit_log_{act.lower()} BEFORE {act} ON audit_log "
                f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
            )


def downgrade() -> None:
    """Acts go back to the table of before, under the names that are still known."""
    connection = op.get_bind()
    known = {row[0]: row[1] for row in connection.execute(sa.text("SELECT pseudonym, name FROM audit_names"))}
    rows = connection.execute(sa.text(
        "SELECT happened_at, actor_kind, actor, act, subject_type, subject, details FROM audit_log ORDER BY number"
    )).all()  # fmt: skip
    before = sa.table("audit_events", sa.column("happened_at", sa.DateTime()), sa.column("doctor_id"), sa.column("act"),
                      sa.column("subject_type"), sa.column("subject_id"), sa.column("details", sa.JSON()))  # fmt: skip
    log = sa.table("audit_log", sa.column("happened_at", sa.DateTime()), sa.column("number"))
    moments = connection.execute(sa.select(log.c.happened_at).order_by(log.c.number)).scalars().all()
    for row, happened_at in zip(rows, moments, strict=True):
        details = {name: _named(value, known) for name, value in json.loads(row.details).items()}
        doctor_id = known.get(row.actor, row.actor) if row.actor_kind == "doctor" else None
        connection.execute(sa.insert(before).values(
            happened_at=happened_at, doctor_id=doctor_id, act=row.act, subject_type=row.subject_type,
            subject_id=known.get(row.subject, row.subject)[:36], details=details,
        ))  # fmt: skip
    op.drop_table("audit_log")
    op.drop_table("audit_names")
    if connection.dialect.name == "postgresql":
        op.execute("DROP FUNCTION audit_log_is_append_only()")


def _named(value: object, known: dict[str, str]) -> object:
    if isinstance(value, list):
        return [_named(one, known) for one in value]
    return known.get(value, value) if isinstance(value, str) else value
