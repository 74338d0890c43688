"""The catalogue of objects, in SQL: what lies under which key, and whose page shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, delete, func, or_, select, update

from oximetry.adapters.catalogue import review_tables as r
from oximetry.adapters.catalogue import tables as t
from oximetry.adapters.catalogue.inserting import insert_or_ignore
from oximetry.domain.errors import NotFound
from oximetry.domain.records import NightState, StoredFile
from oximetry.domain.review_records import REPORT_REFERENCE
from oximetry.domain.sync.syncing import UNASSIGNED


def file_row(row: Any) -> StoredFile:
    """A row of ``stored_files`` as a value."""
    values = {name: getattr(row, name) for name in StoredFile.__slots__ if name != "pending"}
    return StoredFile(**values, pending=getattr(row, "pending", False))


def _shown_file(*, to_link: bool) -> Select[Any]:
    file, night, patient = t.stored_files.c, t.recordings.c, t.patients.c
    nights = and_(file.reference_type == "recording", night.id == file.reference_id)
    of_shown_night = and_(night.state == NightState.STORED.value, night.patient_id == patient.id)
    alone = and_(file.reference_type == "patient", file.reference_id == patient.id)
    signed = _signed_report(to_link=to_link)
    asked_by = patient.doctor_id == bindparam("doctor_id")
    tables = t.stored_files.join(t.patients, patient.id == bindparam("patient_id")).outerjoin(t.recordings, nights)
    tables = tables.outerjoin(t.outbox, t.outbox.c.key == file.key)
    if to_link:
        link, holder = t.patient_links.c, t.patients.alias("holder")  # whose link it is may have become this patient
        opens = func.coalesce(holder.c.merged_into, holder.c.id) == patient.id
        tables = tables.join(holder, opens).join(t.patient_links, link.patient_id == holder.c.id)
        asked_by = and_(link.id == bindparam("link_id"), link.revoked_at.is_(None))
    return (
        select(t.stored_files, t.outbox.c.id.is_not(None).label("pending"))
        .select_from(tables)
        .where(asked_by, file.key == bindparam("key"), file.deleted_at.is_(None), or_(of_shown_night, alone, signed))
    )


def _signed_report(*, to_link: bool) -> ColumnElement[bool]:
    """A signed report whose nights are all shown to this patient; through a link only what was released and stands."""
    file, report, of, own = t.stored_files.c, r.clinical_reports.c, r.report_nights.c, t.recordings.alias().c
    shown = select(own.id).where(
        own.id == of.recording_id, own.state == NightState.STORED.value, own.patient_id == report.patient_id
    )
    gone = select(of.report_id).where(
        of.report_id == report.id, ~shown.correlate(r.report_nights, r.clinical_reports).exists()
    )
    here = select(report.id).where(
        report.id == file.reference_id,
        report.patient_id == t.patients.c.id,
        ~gone.correlate(r.clinical_reports).exists(),
    )
    if to_link:
        here = here.where(report.released_at.is_not(None), report.withdrawn_at.is_(None), report.replaced_by.is_(None))
    return and_(file.reference_type == REPORT_REFERENCE, here.correlate(t.stored_files, t.patients).exists())


_SHOWN_TO_DOCTOR = _shown_file(to_link=False)
_SHOWN_TO_LINK = _shown_file(to_link=True)


class FilesTable:
    """Implements ``ports.Files``: every object of the store."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, values: Mapping[str, Any], now: datetime) -> StoredFile:
        """An object that was written and verified; the same key again is the same file, live once more.

        What synchronisation found under the key before, and nobody had assigned, was this very object.
        """
        self._connection.execute(
            insert_or_ignore(self._connection, t.stored_files).values(
                **values, id=str(uuid4()), name=values["key"].rpartition("/")[2], created_at=now, updated_at=now
            )
        )
        file = t.stored_files.c
        self._connection.execute(
            update(t.stored_files)
            .where(file.key == values["key"], or_(file.deleted_at.is_not(None), file.reference_type == UNASSIGNED))
            .values(**values, deleted_at=None, missing_since=None, updated_at=now)
        )
        return file_row(self._connection.execute(select(t.stored_files).where(file.key == values["key"])).one())

    def live(self, key: str) -> StoredFile:
        """The file of a key; raises ``NotFound`` when it is unknown or deleted."""
        file = t.stored_files.c
        row = self._connection.execute(
            select(t.stored_files).where(file.key == key, file.deleted_at.is_(None))
        ).one_or_none()
        if row is None:
            raise NotFound(key=key)
        return file_row(row)

    def knows(self, key: str) -> bool:
        """Whether there is a row for a key, deleted or not."""
        return self._connection.scalar(select(t.stored_files.c.id).where(t.stored_files.c.key == key)) is not None

    def shown(self, doctor_id: str, patient_id: str, key: str) -> StoredFile:
        """A file on a patient's page: live, of the doctor's patient, and of no night that is moving or removed.

        Raises ``NotFound`` for everything else.
        """
        return self._shown(_SHOWN_TO_DOCTOR, {"doctor_id": doctor_id, "patient_id": patient_id, "key": key})

    def shown_to_link(self, link_id: str, patient_id: str, key: str) -> StoredFile:
        """The same for whoever holds a live link of the patient; one query, for every download asks it."""
        return self._shown(_SHOWN_TO_LINK, {"link_id": link_id, "patient_id": patient_id, "key": key})

    def _shown(self, query: Select[Any], values: Mapping[str, str]) -> StoredFile:
        row = self._connection.execute(query, values).one_or_none()
        if row is None:
            raise NotFound(key=values["key"])
        return file_row(row)

    def of(self, reference_type: str, reference_ids: Sequence[str], *, deleted: bool = False) -> list[StoredFile]:
        """The files of some nights or patients, oldest first; live ones, or (``deleted``) all."""
        file = t.stored_files.c
        query = select(t.stored_files).where(
            file.reference_type == reference_type, file.reference_id.in_(reference_ids)
        )
        if not deleted:
            query = query.where(file.deleted_at.is_(None))
        return [file_row(row) for row in self._connection.execute(query.order_by(file.created_at, file.key))]

    def mark_deleted(self, file_ids: Sequence[str], now: datetime) -> None:
        """Softly delete, a report with the picture of its page; what is deleted already keeps its day."""
        file, report = t.stored_files.c, t.device_reports.c
        seen = (report.file_id.in_(file_ids), report.preview_file_id.is_not(None))
        pictures = select(report.preview_file_id).where(*seen)
        which = (or_(file.id.in_(file_ids), file.id.in_(pictures)), file.deleted_at.is_(None))
        self._connection.execute(update(t.stored_files).where(*which).values(deleted_at=now, updated_at=now))

    def longest_unverified(self, before: datetime, limit: int) -> list[StoredFile]:
        """Live files not re-read since a time, those never re-read first; what waits in the outbox has no object."""
        file = t.stored_files.c
        waits = select(t.outbox.c.id).where(t.outbox.c.key == file.key).exists()
        since = func.coalesce(file.verified_at, file.created_at)
        query = select(t.stored_files).where(file.deleted_at.is_(None), since < before, ~waits)
        query = query.order_by(file.verified_at.is_not(None), file.verified_at, file.created_at, file.key).limit(limit)
        return [file_row(row) for row in self._connection.execute(query)]

    def set_verified(self, file_id: str, now: datetime, *, sha256: str | None, is_right: bool) -> None:
        """A live file was re-read, and its bytes were the right ones or not; a SHA-256 that is known already stays."""
        file = t.stored_files.c
        damaged_at = None if is_right else func.coalesce(file.damaged_at, now)
        live = (file.id == file_id, file.deleted_at.is_(None))
        values = {"verified_at": now, "damaged_at": damaged_at, "sha256": func.coalesce(file.sha256, sha256)}
        self._connection.execute(update(t.stored_files).where(*live).values(**values))

    def damaged(self) -> int:
        """How many live files were damaged when they were last re-read."""
        file = t.stored_files.c
        damaged = (file.damaged_at.is_not(None), file.deleted_at.is_(None))
        return int(self._connection.scalar(select(func.count()).select_from(t.stored_files).where(*damaged)) or 0)

    def live_count(self) -> int:
        """How many files there are that are not deleted."""
        query = select(func.count()).select_from(t.stored_files).where(t.stored_files.c.deleted_at.is_(None))
        return int(self._connection.scalar(query) or 0)

    def deleted_before(self, before: datetime, limit: int) -> list[StoredFile]:
        """Softly deleted files whose time is over."""
        file = t.stored_files.c
        rows = self._connection.execute(select(t.stored_files).where(file.deleted_at < before).limit(limit))
        return [file_row(row) for row in rows]

    def forget(self, file_id: str) -> None:
        """Remove the row of a deleted object, with the plot or report that pointed to it; a live file stays."""
        file = t.stored_files.c
        deleted = select(file.id).where(file.id == file_id, file.deleted_at.is_not(None)).with_for_update()
        if self._connection.scalar(deleted) is None:
            return
        self._connection.execute(delete(t.plots).where(t.plots.c.file_id == file_id))
        report = t.device_reports.c
        self._connection.execute(delete(t.device_reports).where(report.file_id == file_id))
        seen = update(t.device_reports).where(report.preview_file_id == file_id)
        self._connection.execute(seen.values(preview_file_id=None))
        self._connection.execute(delete(t.stored_files).where(t.stored_files.c.id == file_id))
