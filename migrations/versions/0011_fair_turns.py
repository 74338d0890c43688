"""Jobs take fair turns between their owners; each question that the queue asks has an index of its own.

Only columns with defaults are added, and jobs that wait are kept. From here on the database says how old a program may
be that runs on it: a migration that only adds leaves that as it is, so that the version before runs on the newer tables.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None
additive = True

OPEN = "state IN ('waiting', 'running')"
READY = "state = 'waiting' AND resting = false"
RESTING = "state = 'waiting' AND resting = true"
WAITING = "state = 'waiting'"
RUNNING = "state = 'running'"
ENDED = "state IN ('done', 'failed')"

INDEXES = (
    ("ix_jobs_subject", ["name", "subject"], None),
    ("ix_jobs_turn", ["priority", "turn", "created_at"], READY),
    ("ix_jobs_owner", ["priority", "owner", "is_click", "turn"], OPEN),
    ("ix_jobs_resting", ["not_before"], RESTING),
    ("ix_jobs_reason", ["reason"], RESTING),
    ("ix_jobs_oldest", ["name", "created_at"], WAITING),
    ("ix_jobs_lease", ["lease_until"], RUNNING),
    ("ix_jobs_ended", ["state", "finished_at"], ENDED),
)
NEW_COLUMNS = ("owner", "is_click", "turn", "cost_ms", "resting")


def upgrade() -> None:
    op.add_column("jobs", sa.Column("owner", sa.String(36), nullable=False, server_default=""))
    op.add_column("jobs", sa.Column("is_click", sa.Boolean(), nullable=False, server_default=sa.text("false")))
    op.add_column("jobs", sa.Column("turn", sa.BigInteger(), nullable=False, server_default=sa.text("0")))
    op.add_column("jobs", sa.Column("cost_ms", sa.Integer(), nullable=False, server_default=sa.text("1000")))
    op.add_column("jobs", sa.Column("resting", sa.Boolean(), nullable=False, server_default=sa.text("false")))
    op.execute("UPDATE jobs SET priority = CASE WHEN priority <= 2 THEN 0 ELSE 1 END WHERE state = 'waiting'")
    op.execute("UPDATE jobs SET resting = true WHERE state = 'waiting' AND reason IS NOT NULL")
    for name, columns, where in INDEXES:
        if where is None:
            op.create_index(name, "jobs", columns)
        else:
            op.create_index(name, "jobs", columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
    op.drop_index("ix_jobs_due", "jobs")
    op.create_table("schema_range", sa.Column("oldest", sa.String(32), nullable=False),
                    sa.PrimaryKeyConstraint("oldest", name="pk_schema_range"))  # fmt: skip
    op.bulk_insert(sa.table("schema_range", sa.column("oldest", sa.String())), [{"oldest": revision}])


def downgrade() -> None:
    op.drop_table("schema_range")
    op.create_index("ix_jobs_due", "jobs", ["state", "priority", "not_before"])
    for name, _columns, _where in reversed(INDEXES):
        op.drop_index(name, "jobs")
    for column in reversed(NEW_COLUMNS):
        op.drop_column("jobs", column)
