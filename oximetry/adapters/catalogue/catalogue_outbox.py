"""What the object store could not take yet, in SQL: the bytes, under the key that they will have."""

from __future__ import annotations

from collections.abc import Collection
from uuid import uuid4

from sqlalchemy import Connection, delete, func, select

from oximetry.adapters.catalogue import tables as t
from oximetry.adapters.catalogue.inserting import insert_or_ignore
from oximetry.domain.errors import StorageUnavailable
from oximetry.domain.records import KeptObject, OutboxTotals


class OutboxTable:
    """Implements ``ports.Outbox``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, kept: KeptObject) -> KeptObject:
        """Keep an object; what is under the key already stays, and is returned."""
        values = {name: getattr(kept, name) for name in KeptObject.__slots__}
        values |= {"id": str(uuid4()), "size": len(kept.content)}
        self._connection.execute(insert_or_ignore(self._connection, t.outbox).values(**values))
        waiting_object = self.find(kept.key)
        if waiting_object is None:  # what stood there was archived at this very moment
            raise StorageUnavailable
        return waiting_object

    def find(self, key: str) -> KeptObject | None:
        """The object under a key."""
        return self._one(t.outbox.c.key == key)

    def get(self, outbox_id: str) -> KeptObject | None:
        """The object of a row."""
        return self._one(t.outbox.c.id == outbox_id)

    def remove(self, key: str) -> bool:
        """Forget an object; whether it was there."""
        return bool(self._connection.execute(delete(t.outbox).where(t.outbox.c.key == key)).rowcount)

    def totals(self) -> OutboxTotals:
        """How much waits, and since when."""
        size, created_at = func.coalesce(func.sum(t.outbox.c.size), 0), func.min(t.outbox.c.created_at)
        row = self._connection.execute(select(func.count(), size, created_at).select_from(t.outbox)).one()
        return OutboxTotals(int(row[0]), int(row[1]), row[2])

    def ids(self) -> list[str]:
        """Every row, oldest first."""
        return list(self._connection.scalars(select(t.outbox.c.id).order_by(t.outbox.c.created_at)))

    def waiting(self, keys: Collection[str]) -> set[str]:
        """Those of the keys that are in it."""
        return set(self._connection.scalars(select(t.outbox.c.key).where(t.outbox.c.key.in_(keys))))

    def _one(self, condition: object) -> KeptObject | None:
        row = self._connection.execute(select(t.outbox).where(condition)).one_or_none()  # type: ignore[arg-type]
        return KeptObject(**{name: getattr(row, name) for name in KeptObject.__slots__}) if row else None
