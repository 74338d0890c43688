"""The last signs of life of workers and of parts, in SQL."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, select, update

from oximetry.adapters.catalogue import job_tables as t
from oximetry.adapters.catalogue.inserting import insert_or_ignore
from oximetry.domain.heartbeats import Heartbeat


class HeartbeatsTable:
    """Implements ``catalogue_ports.Heartbeats``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def beat(self, name: str, now: datetime, ok: bool, **details: object) -> None:
        """Write a sign of life down."""
        changed = self._connection.execute(
            update(t.heartbeats).where(t.heartbeats.c.name == name).values(beat_at=now, ok=ok, details=details)
        )
        if changed.rowcount == 0:
            self._connection.execute(
                insert_or_ignore(self._connection, t.heartbeats).values(name=name, beat_at=now, ok=ok, details=details)
            )

    def last(self, name: str) -> tuple[datetime, bool] | None:
        """When it last beat and whether it was well; ``None`` when it never did."""
        row = self._connection.execute(select(t.heartbeats).where(t.heartbeats.c.name == name)).one_or_none()
        return (row.beat_at, row.ok) if row else None

    def named(self, prefix: str) -> list[Heartbeat]:
        """Those whose name begins so, the latest first."""
        beat = t.heartbeats.c
        rows = self._connection.execute(
            select(t.heartbeats).where(beat.name.startswith(prefix, autoescape=True)).order_by(beat.beat_at.desc())
        )
        return [Heartbeat(row.name, row.beat_at, row.ok, row.details) for row in rows]

    def forget(self, prefix: str, before: datetime) -> None:
        """Drop those of this prefix that were silent since ``before``."""
        beat = t.heartbeats.c
        self._connection.execute(
            delete(t.heartbeats).where(beat.name.startswith(prefix, autoescape=True), beat.beat_at < before)
        )
