"""Batches and their files, in SQL."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, func, insert, select, update

from oximetry.adapters.catalogue import tables as t
from oximetry.domain.device_report import ReportReading
from oximetry.domain.errors import NotFound
from oximetry.domain.night_numbers import NightNumbers
from oximetry.domain.records import ItemKind, ItemState, UploadItem, UploadSession


def _session(row: Any) -> UploadSession:
    return UploadSession(row.id, row.doctor_id, row.created_at, row.closed_at, row.labels or {}, row.taken_back_at)


def _item(row: Any) -> UploadItem:
    columns = {name: getattr(row, name) for name in UploadItem.__slots__}
    columns["kind"] = ItemKind(row.kind)
    columns["state"] = ItemState(row.state)
    columns["numbers"] = NightNumbers.from_json(row.numbers) if row.numbers else None
    columns["report"] = ReportReading.from_json(row.report) if row.report else None
    return UploadItem(**columns)


def _holds_its_bytes() -> Any:
    """Whether the bytes of a file must stay in the working space."""
    item = t.upload_items.c
    unfinished = [state.value for state in ItemState if not state.is_final]
    return item.state.in_(unfinished) | item.kept_until.is_not(None)


class UploadsTable:
    """Implements ``ports.Uploads``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def open_session(self, doctor_id: str, now: datetime) -> UploadSession:
        """The doctor's open batch, begun now when there is none."""
        if self._connection.dialect.name == "postgresql":  # two tabs at once must find one batch
            self._connection.execute(select(t.doctors.c.id).where(t.doctors.c.id == doctor_id).with_for_update())
        session = t.upload_sessions.c
        row = self._connection.execute(
            select(t.upload_sessions)
            .where(session.doctor_id == doctor_id, session.closed_at.is_(None), session.on_page)
            .order_by(session.created_at.desc())
            .limit(1)
        ).one_or_none()
        return _session(row) if row else self.new_session(doctor_id, now, on_page=True)

    def new_session(self, doctor_id: str, now: datetime, *, on_page: bool = False) -> UploadSession:
        """A batch of its own, beside any open one; the doctor's page shows it only when it is made for it."""
        created = UploadSession(str(uuid4()), doctor_id, now, None)
        self._connection.execute(
            insert(t.upload_sessions).values(id=created.id, doctor_id=doctor_id, created_at=now, on_page=on_page)
        )
        return created

    def session(self, doctor_id: str, session_id: str) -> UploadSession:
        """The doctor's batch; raises ``NotFound`` for an unknown one and for another doctor's alike."""
        session = t.upload_sessions.c
        row = self._connection.execute(
            select(t.upload_sessions).where(session.id == session_id, session.doctor_id == doctor_id)
        ).one_or_none()
        if row is None:
            raise NotFound(session_id=session_id)
        return _session(row)

    def close_session(self, session_id: str, now: datetime) -> None:
        """End a batch: the names of its files go with it."""
        self._connection.execute(
            update(t.upload_sessions).where(t.upload_sessions.c.id == session_id).values(closed_at=now)
        )
        self._connection.execute(
            update(t.upload_items).where(t.upload_items.c.session_id == session_id).values(name_sealed=None)
        )

    def set_labels(self, session_id: str, labels: Mapping[str, str]) -> None:
        """The labels of patients to be made, by target."""
        own = t.upload_sessions.c.id == session_id
        self._connection.execute(update(t.upload_sessions).where(own).values(labels=dict(labels)))

    def set_taken_back(self, session_id: str, now: datetime) -> None:
        """What was confirmed of this batch was taken back."""
        own = t.upload_sessions.c.id == session_id
        self._connection.execute(update(t.upload_sessions).where(own).values(taken_back_at=now))

    def recent_sessions(self, doctor_id: str, limit: int) -> list[UploadSession]:
        """The doctor's latest batches that have files, the newest first."""
        item, session = t.upload_items.c, t.upload_sessions.c
        rows = self._connection.execute(
            select(t.upload_sessions)
            .where(session.doctor_id == doctor_id, select(item.id).where(item.session_id == session.id).exists())
            .order_by(session.created_at.desc())
            .limit(limit)
        )
        return [_session(row) for row in rows]

    def stale_sessions(self, before: datetime) -> list[UploadSession]:
        """Open batches in which nothing is left to do and nothing happened since a time."""
        item, session = t.upload_items.c, t.upload_sessions.c
        busy = select(item.id).where(
            item.session_id == session.id,
            (item.state.in_([state.value for state in ItemState if not state.is_final])) | (item.updated_at > before),
        )
        rows = self._connection.execute(
            select(t.upload_sessions).where(session.closed_at.is_(None), session.created_at < before, ~busy.exists())
        )
        return [_session(row) for row in rows]

    def totals(self, session_id: str, *, without: str | None = None) -> tuple[int, int]:
        """Files and bytes of a batch, without what the doctor took out.

        An archive counts until its files are unpacked; ``without`` leaves out the one that is being unpacked.
        """
        item = t.upload_items.c
        left_out = (ItemState.DISCARDED.value, ItemState.EXPANDED.value)
        row = self._connection.execute(
            select(func.count(), func.coalesce(func.sum(item.size), 0)).where(
                item.session_id == session_id, item.state.not_in(left_out), item.id != (without or "")
            )
        ).one()
        return int(row[0]), int(row[1])

    def staged_bytes(self, doctor_id: str, *, without: str | None = None) -> int:
        """Bytes of a doctor's files in the working space; ``without`` leaves out the archive being unpacked."""
        item = t.upload_items.c
        query = select(func.coalesce(func.sum(item.size), 0)).where(
            item.doctor_id == doctor_id, _holds_its_bytes(), item.id != (without or "")
        )
        return int(self._connection.scalar(query) or 0)

    def next_number(self, session_id: str) -> int:
        """The number the next file of the batch will have."""
        item = t.upload_items.c
        return (
            int(
                self._connection.scalar(
                    select(func.coalesce(func.max(item.number), 0)).where(item.session_id == session_id)
                )
                or 0
            )
            + 1
        )

    def lock_session(self, session_id: str) -> None:
        """Let one transaction at a time number and count the files of a batch."""
        if self._connection.dialect.name == "postgresql":
            session = t.upload_sessions.c
            self._connection.execute(select(session.id).where(session.id == session_id).with_for_update())

    def is_staged_for(self, staging_key: str) -> bool:
        """Whether a file that is not done with yet, or is kept aside, lies under this key."""
        item = t.upload_items.c
        query = select(item.id).where(item.staging_key == staging_key, _holds_its_bytes()).limit(1)
        return self._connection.scalar(query) is not None

    def staged_as(self, staging_key: str) -> list[UploadItem]:
        """The files that were taken under this key."""
        rows = self._connection.execute(select(t.upload_items).where(t.upload_items.c.staging_key == staging_key))
        return [_item(row) for row in rows]

    def kept_aside(self, doctor_id: str) -> list[UploadItem]:
        """The doctor's files that were taken out of a batch and whose bytes are still there, the newest first."""
        item = t.upload_items.c
        rows = self._connection.execute(
            select(t.upload_items)
            .where(item.doctor_id == doctor_id, item.state == ItemState.DISCARDED.value, item.kept_until.is_not(None))
            .order_by(item.updated_at.desc(), item.id)
        )
        return [_item(row) for row in rows]

    def release_kept(self, now: datetime) -> list[str]:
        """Keep nothing aside whose time is over; returns the staging keys that this let go."""
        item = t.upload_items.c
        over = (item.kept_until < now, item.state.in_([state.value for state in ItemState if state.is_final]))
        released = update(t.upload_items).where(*over).values(kept_until=None, name_sealed=None)
        return list(self._connection.scalars(released.returning(item.staging_key)))

    def add(self, values: Mapping[str, Any], now: datetime) -> UploadItem:
        """A received file; the caller holds the session's lock and looked for the same content before."""
        self._connection.execute(
            insert(t.upload_items).values(
                **values, state=ItemState.RECEIVED.value, details={}, created_at=now, updated_at=now
            )
        )
        return self.get(values["id"])

    def by_content(self, session_id: str, sha256: str) -> UploadItem | None:
        """The file of the batch with these bytes, if it was not taken out."""
        item = t.upload_items.c
        row = self._connection.execute(
            select(t.upload_items).where(
                item.session_id == session_id, item.sha256 == sha256, item.state != ItemState.DISCARDED.value
            )
        ).one_or_none()
        return _item(row) if row else None

    def get(self, item_id: str, doctor_id: str | None = None) -> UploadItem:
        """One file; the worker asks without a doctor. Raises ``NotFound``."""
        query = select(t.upload_items).where(t.upload_items.c.id == item_id)
        if doctor_id is not None:
            query = query.where(t.upload_items.c.doctor_id == doctor_id)
        row = self._connection.execute(query).one_or_none()
        if row is None:
            raise NotFound(item_id=item_id)
        return _item(row)

    def items(self, session_id: str) -> list[UploadItem]:
        """The files of a batch in order of arrival, without what was taken out."""
        item = t.upload_items.c
        rows = self._connection.execute(
            select(t.upload_items)
            .where(item.session_id == session_id, item.state != ItemState.DISCARDED.value)
            .order_by(item.number)
        )
        return [_item(row) for row in rows]

    def follow_numbers(self, night_id: str, numbers: NightNumbers, now: datetime) -> None:
        """The rows of a stored night's files show the night's new numbers."""
        own = t.upload_items.c
        self._connection.execute(
            update(t.upload_items)
            .where(own.recording_id == night_id, own.numbers.is_not(None))
            .values(numbers=numbers.as_json(), updated_at=now)
        )

    def parts(self, item_id: str) -> list[UploadItem]:
        """The files that are joined to this one, in the order they were recorded."""
        item = t.upload_items.c
        rows = self._connection.execute(
            select(t.upload_items).where(item.joined_to == item_id).order_by(item.started_at, item.number)
        )
        return [_item(row) for row in rows]

    def set(self, item_id: str, now: datetime, expected: ItemState | None = None, **values: Any) -> bool:
        """Change columns of a file, if it still is in the expected state; returns whether it was."""
        query = update(t.upload_items).where(t.upload_items.c.id == item_id)
        if expected is not None:
            query = query.where(t.upload_items.c.state == expected.value)
        for name in ("numbers", "report"):
            if values.get(name) is not None:
                values[name] = values[name].as_json()
        done = self._connection.execute(query.values(**values, updated_at=now))
        return bool(done.rowcount)
