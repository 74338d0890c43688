"""Until when the bytes of a refused or taken-out file are kept aside.

Files that the version before refused are read again where their bytes still stand.
"""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("upload_items", sa.Column("kept_until", sa.DateTime(), nullable=True))
    op.create_index("ix_upload_items_kept_until", "upload_items", ["kept_until"])
    op.create_index("ix_upload_items_staging_key", "upload_items", ["staging_key"])
    _read_again_what_was_to_be_deleted(op.get_bind())


def _read_again_what_was_to_be_deleted(connection: sa.Connection) -> None:
    """The version before refused files also because the store did; where their bytes still stand, nothing is lost."""
    items = sa.table("upload_items", *map(sa.column, ("id", "state", "reason", "staging_key")))
    jobs = sa.table("jobs", *map(sa.column, ("id", "name", "subject", "priority", "state", "attempts", "crashes",
                                             "again", "not_before", "created_at")))  # fmt: skip
    is_open = jobs.c.state.in_(("waiting", "running"))
    to_be_emptied = sa.select(jobs.c.subject).where(jobs.c.name == "empty_staging", is_open)
    refused = sa.select(items.c.id).where(items.c.state == "refused", items.c.staging_key.in_(to_be_emptied))
    now = datetime.now(UTC).replace(tzinfo=None)
    for item_id in connection.scalars(refused).all():
        connection.execute(sa.update(items).where(items.c.id == item_id).values(state="received", reason=None))
        again = {"name": "read_item", "subject": item_id, "priority": 0, "state": "waiting", "attempts": 0}
        again |= {"id": str(uuid4()), "crashes": 0, "again": False, "not_before": now, "created_at": now}
        connection.execute(sa.insert(jobs).values(**again))


def downgrade() -> None:
    op.drop_index("ix_upload_items_staging_key", "upload_items")
    op.drop_index("ix_upload_items_kept_until", "upload_items")
    op.drop_column("upload_items", "kept_until")
