"""An opened link is a session that ends; links may have a PIN and a last day."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None
additive = True


def upgrade() -> None:
    op.create_table(
        "link_sessions",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("link_id", sa.String(36), nullable=False),
        sa.Column("token_sha256", sa.String(64), nullable=False),
        sa.Column("opened_at", sa.DateTime(), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(), nullable=False),
        sa.Column("ended_at", sa.DateTime(), nullable=True),
        sa.Column("browser", sa.String(40), nullable=False),
        sa.Column("is_preview", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_link_sessions"),
        sa.ForeignKeyConstraint(["link_id"], ["patient_links.id"], name="fk_link_sessions_link_id"),
        sa.UniqueConstraint("token_sha256", name="uq_link_sessions_token_sha256"),
    )
    op.create_index("ix_link_sessions_link_id", "link_sessions", ["link_id"])
    op.add_column("link_openings", sa.Column("session_id", sa.String(36), nullable=True))
    op.add_column("patient_links", sa.Column("expires_at", sa.DateTime(), nullable=True))
    op.add_column("patient_links", sa.Column("pin_sealed", sa.LargeBinary(), nullable=True))
    op.add_column("patient_links", sa.Column("pin_failures", sa.Integer(), nullable=False, server_default=sa.text("0")))


def downgrade() -> None:
    for column in ("pin_failures", "pin_sealed", "expires_at"):
        op.drop_column("patient_links", column)
    op.drop_column("link_openings", "session_id")
    op.drop_table("link_sessions")
