"""Links of the application that was here before, in SQL: only their hashes."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, func, insert, select, update

from oximetry.adapters.catalogue import tables as t
from oximetry.adapters.catalogue.catalogue_patients import count_opening
from oximetry.domain.records import OldLink

_OLD = select(t.retired_links, t.patients.c.doctor_id).join(t.patients, t.patients.c.id == t.retired_links.c.patient_id)


def _old_link(row: Any) -> OldLink:
    return OldLink(**{name: getattr(row, name) for name in OldLink.__slots__})


class OldLinksTable:
    """Implements ``ports.OldLinks``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, token_sha256: str, patient_id: str, now: datetime, retired_at: datetime | None) -> None:
        """An old link of a patient; ``retired_at`` when it opened nothing any more already."""
        self._connection.execute(
            insert(t.retired_links).values(
                id=str(uuid4()),
                patient_id=patient_id,
                token_sha256=token_sha256,
                created_at=now,
                retired_at=retired_at,
                opened_count=0,
            )
        )

    def find(self, token_sha256: str) -> OldLink | None:
        """An old link in any state."""
        row = self._connection.execute(_OLD.where(t.retired_links.c.token_sha256 == token_sha256)).one_or_none()
        return _old_link(row) if row else None

    def live(self, patient_id: str) -> list[OldLink]:
        """Those that still open the patient's page."""
        link = t.retired_links.c
        rows = self._connection.execute(_OLD.where(link.patient_id == patient_id, link.retired_at.is_(None)))
        return [_old_link(row) for row in rows]

    def retire(self, patient_id: str, now: datetime) -> int:
        """None of the patient's old links opens anything any more; returns how many did."""
        link = t.retired_links.c
        own = (link.patient_id == patient_id, link.retired_at.is_(None))
        return int(self._connection.execute(update(t.retired_links).where(*own).values(retired_at=now)).rowcount)

    def undo(self, patient_id: str, now: datetime) -> None:
        """The import that brought the patient's old links is taken back."""
        link = t.retired_links.c
        retired_at = func.coalesce(link.retired_at, now)
        self._connection.execute(
            update(t.retired_links).where(link.patient_id == patient_id).values(undone_at=now, retired_at=retired_at)
        )

    def set(self, link_id: str, **values: Any) -> None:
        """Change columns of an old link."""
        self._connection.execute(update(t.retired_links).where(t.retired_links.c.id == link_id).values(**values))

    def count_opening(self, link_id: str, now: datetime) -> None:
        """Somebody came through the old link."""
        count_opening(self._connection, t.retired_links, link_id, now)
