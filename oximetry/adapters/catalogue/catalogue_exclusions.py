"""Spans that doctors took out of nights, in SQL; one that was put back stays as a row."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, insert, select, update

from oximetry.adapters.catalogue import tables as t
from oximetry.domain.errors import NotFound
from oximetry.domain.records import ExcludedSpan


def _span(row: Any) -> ExcludedSpan:
    return ExcludedSpan(**{name: getattr(row, name) for name in ExcludedSpan.__slots__})


class ExclusionsTable:
    """Implements ``ports.Exclusions``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of(self, night_ids: Sequence[str]) -> list[ExcludedSpan]:
        """The spans that are out of these nights now, in order of time."""
        span = t.exclusions.c
        rows = self._connection.execute(
            select(t.exclusions)
            .where(span.recording_id.in_(night_ids), span.undone_at.is_(None))
            .order_by(span.recording_id, span.from_s, span.to_s, span.id)
        )
        return [_span(row) for row in rows]

    def get(self, span_id: str) -> ExcludedSpan:
        """A span that is out now; raises ``NotFound``."""
        span = t.exclusions.c
        row = self._connection.execute(
            select(t.exclusions).where(span.id == span_id, span.undone_at.is_(None))
        ).one_or_none()
        if row is None:
            raise NotFound(span_id=span_id)
        return _span(row)

    def add(self, night_id: str, span_s: tuple[float, float], reason: str, doctor_id: str, now: datetime) -> None:
        """Take a span out, from its first to its last elapsed second."""
        self._connection.execute(
            insert(t.exclusions).values(
                id=str(uuid4()),
                recording_id=night_id,
                from_s=span_s[0],
                to_s=span_s[1],
                reason=reason,
                created_by=doctor_id,
                created_at=now,
            )
        )

    def undo(self, span_id: str, doctor_id: str, now: datetime) -> None:
        """Put a span back; the row remembers who and when."""
        self._connection.execute(
            update(t.exclusions)
            .where(t.exclusions.c.id == span_id, t.exclusions.c.undone_at.is_(None))
            .values(undone_by=doctor_id, undone_at=now)
        )
