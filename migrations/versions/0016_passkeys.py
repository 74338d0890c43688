"""Passkeys as a second factor."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None
additive = True


def upgrade() -> None:
    op.add_column("doctors", sa.Column("passkey_count", sa.Integer(), nullable=False, server_default=sa.text("0")))
    op.add_column("doctor_sessions", sa.Column("challenge", sa.String(100), nullable=True))
    op.create_table(
        "passkeys",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("doctor_id", sa.String(36), nullable=False),
        sa.Column("credential_id", sa.String(1400), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("last_used_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_passkeys"),
        sa.ForeignKeyConstraint(["doctor_id"], ["doctors.id"], name="fk_passkeys_doctor_id"),
        sa.UniqueConstraint("credential_id", name="uq_passkeys_credential_id"),
    )
    op.create_index("ix_passkeys_doctor_id", "passkeys", ["doctor_id"])


def downgrade() -> None:
    op.drop_table("passkeys")
    op.drop_column("doctor_sessions", "challenge")
    op.drop_column("doctors", "passkey_count")
