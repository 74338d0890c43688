"""Sessions that can be listed and idle out, known browsers, links of one time, second factors."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None
additive = True

NEW_COLUMNS = (
    ("doctors", sa.Column("password_temporary", sa.Boolean(), nullable=False, server_default=sa.text("false"))),
    ("doctors", sa.Column("totp_sealed", sa.LargeBinary(), nullable=True)),
    ("doctors", sa.Column("totp_step", sa.BigInteger(), nullable=False, server_default=sa.text("0"))),
    ("doctor_sessions", sa.Column("last_seen_at", sa.DateTime(), nullable=True)),
    ("doctor_sessions", sa.Column("browser", sa.String(40), nullable=False, server_default="")),
    ("doctor_sessions", sa.Column("network", sa.String(64), nullable=False, server_default="")),
    ("doctor_sessions", sa.Column("is_pending", sa.Boolean(), nullable=False, server_default=sa.text("false"))),
    ("clinics", sa.Column("second_factor", sa.Boolean(), nullable=False, server_default=sa.text("false"))),
)


def upgrade() -> None:
    for table, column in NEW_COLUMNS:
        op.add_column(table, column)
    op.create_table(
        "known_browsers",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("doctor_id", sa.String(36), nullable=False),
        sa.Column("token_sha256", sa.String(64), nullable=False),
        sa.Column("browser", sa.String(40), nullable=False),
        sa.Column("network", sa.String(64), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(), nullable=False),
        sa.Column("told_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_known_browsers"),
        sa.ForeignKeyConstraint(["doctor_id"], ["doctors.id"], name="fk_known_browsers_doctor_id"),
        sa.UniqueConstraint("token_sha256", name="uq_known_browsers_token_sha256"),
    )
    op.create_index("ix_known_browsers_doctor_id", "known_browsers", ["doctor_id"])
    op.create_table(
        "account_links",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("token_sha256", sa.String(64), nullable=False),
        sa.Column("created_by", sa.String(36), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("expires_at", sa.DateTime(), nullable=False),
        sa.Column("used_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_account_links"),
        sa.UniqueConstraint("token_sha256", name="uq_account_links_token_sha256"),
    )
    op.create_table(
        "recovery_codes",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("doctor_id", sa.String(36), nullable=False),
        sa.Column("code_sha256", sa.String(64), nullable=False),
        sa.Column("used_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_recovery_codes"),
        sa.ForeignKeyConstraint(["doctor_id"], ["doctors.id"], name="fk_recovery_codes_doctor_id"),
    )
    op.create_index("ix_recovery_codes_doctor_id", "recovery_codes", ["doctor_id"])


def downgrade() -> None:
    for table in ("recovery_codes", "account_links", "known_browsers"):
        op.drop_table(table)
    for table, column in reversed(NEW_COLUMNS):
        op.drop_column(table, column.name)
