"""The storage page's view of every file, in SQL: metadata only, no label and no number of any night."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, case, func, literal, or_, select, update

from oximetry.adapters.catalogue import sync_tables as s
from oximetry.adapters.catalogue import tables as t
from oximetry.adapters.catalogue.catalogue_files import file_row
from oximetry.domain.errors import NotFound
from oximetry.domain.records import NightState, StoredFile
from oximetry.domain.sync.sync_records import FileFilter, FilePlace, FileState, ListedFile, NightHome, RunState
from oximetry.domain.sync.syncing import UNASSIGNED, Kind

COMPARED = (RunState.PLANNED.value, RunState.ABORTED.value, RunState.APPLYING.value, RunState.APPLIED.value)

_TOLD_FIRST = (
    FileState.DELETED,
    FileState.PENDING,
    FileState.MISSING,
    FileState.DAMAGED,
    FileState.MISMATCHED,
    FileState.ORPHAN,
)


class FileListTable:
    """Implements ``ports.FileList``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def page(self, file_filter: FileFilter, after: FilePlace | None, limit: int) -> list[ListedFile]:
        """Files newest first, behind a place; filtered and cut by the database."""
        file = t.stored_files.c
        query = self._files()
        if file_filter.kind is not None:
            query = query.where(file.key.like(f"%/{file_filter.kind}/%"))
        if file_filter.patient_id is not None:
            query = query.where(file.key > f"{file_filter.patient_id}/", file.key < f"{file_filter.patient_id}0")
        if file_filter.state is not None:
            query = query.where(self._is(file_filter.state))
        if file_filter.created_after is not None:
            query = query.where(file.created_at >= file_filter.created_after)
        if file_filter.created_before is not None:
            query = query.where(file.created_at < file_filter.created_before)
        if after is not None:
            same = and_(file.created_at == after.created_at, file.id < after.file_id)
            query = query.where(or_(file.created_at < after.created_at, same))
        rows = self._connection.execute(query.order_by(file.created_at.desc(), file.id.desc()).limit(limit))
        return [_listed(row) for row in rows]

    def get(self, file_id: str) -> ListedFile:
        """One file, deleted or not; raises ``NotFound``."""
        row = self._connection.execute(self._files().where(t.stored_files.c.id == file_id)).one_or_none()
        if row is None:
            raise NotFound(file_id=file_id)
        return _listed(row)

    def counts(self) -> dict[str, int]:
        """Live, deleted and unassigned files, bytes of the live ones, and what waits in the outbox."""
        file = t.stored_files.c
        live = file.deleted_at.is_(None)
        row = self._connection.execute(
            select(
                func.count(case((live, 1))),
                func.count(case((~live, 1))),
                func.count(case((and_(live, file.reference_type == UNASSIGNED), 1))),
                func.coalesce(func.sum(case((live, file.size))), 0),
            )
        ).one()
        waiting = self._connection.scalar(select(func.count()).select_from(t.outbox))
        names = ("live", "deleted", "orphan", "bytes")
        return {**{name: int(value) for name, value in zip(names, row, strict=True)}, "pending": int(waiting or 0)}

    def night_home(self, night_id: str) -> NightHome:
        """Whose a night is, its state and when it began; raises ``NotFound``."""
        night = t.recordings.c
        query = select(night.id, night.patient_id, night.state, night.started_at).where(night.id == night_id)
        row = self._connection.execute(query).one_or_none()
        if row is None:
            raise NotFound(night_id=night_id)
        return _home(row)

    def nights_of(self, patient_id: str) -> list[NightHome]:
        """A patient's nights that are shown, newest first."""
        night = t.recordings.c
        query = select(night.id, night.patient_id, night.state, night.started_at).where(
            night.patient_id == patient_id, night.state == NightState.STORED.value
        )
        return [_home(row) for row in self._connection.execute(query.order_by(night.started_at.desc()))]

    def restore(self, file_id: str, now: datetime) -> bool:
        """A softly deleted file lives again; ``False`` when it was not deleted."""
        file = t.stored_files.c
        back = update(t.stored_files).where(file.id == file_id, file.deleted_at.is_not(None))
        return self._connection.execute(back.values(deleted_at=None, missing_since=None, updated_at=now)).rowcount == 1

    def assign(self, file_id: str, reference: tuple[str, str], sha256: str, now: datetime) -> StoredFile:
        """Give a live file of nobody to a patient or a night; raises ``NotFound`` when it is somebody's by now."""
        file = t.stored_files.c
        own = and_(file.id == file_id, file.reference_type == UNASSIGNED, file.deleted_at.is_(None))
        given = update(t.stored_files).where(own)
        values = {"reference_type": reference[0], "reference_id": reference[1], "sha256": sha256, "updated_at": now}
        if self._connection.execute(given.values(**values)).rowcount != 1:
            raise NotFound(file_id=file_id)
        return file_row(self._connection.execute(select(t.stored_files).where(file.id == file_id)).one())

    def _files(self) -> Select[Any]:
        states = [(self._is(state), state.value) for state in _TOLD_FIRST]
        state = case(*states, else_=literal(FileState.LIVE.value)).label("state")
        doctors = t.stored_files.outerjoin(t.doctors, t.doctors.c.id == t.stored_files.c.created_by)
        return select(t.stored_files, state, t.doctors.c.email.label("creator")).select_from(doctors)

    def _is(self, state: FileState) -> ColumnElement[bool]:
        file = t.stored_files.c
        if state is FileState.DELETED:
            return file.deleted_at.is_not(None)
        live = file.deleted_at.is_(None)
        if state is FileState.PENDING:
            return and_(live, file.key.in_(select(t.outbox.c.key)))
        if state is FileState.DAMAGED:
            return and_(live, file.damaged_at.is_not(None))
        if state is FileState.ORPHAN:
            return and_(live, file.reference_type == UNASSIGNED)
        if state is FileState.LIVE:
            return and_(live, *[~self._is(other) for other in _TOLD_FIRST if other is not FileState.DELETED])
        kind = Kind.REMOVED if state is FileState.MISSING else Kind.MISMATCHED
        run = s.sync_runs.c
        last = (
            select(run.id).where(run.state.in_(COMPARED)).order_by(run.created_at.desc(), run.id).limit(1)
        ).scalar_subquery()
        entry = s.sync_entries.c
        of_kind = select(entry.file_id).where(entry.run_id == last, entry.kind == kind.value)
        unchanged = of_kind.where(entry.file_id == file.id, entry.row_updated_at == file.updated_at)
        return and_(live, file.id.in_(of_kind), unchanged.exists())  # the first is few rows, looked up once


def _listed(row: Any) -> ListedFile:
    return ListedFile(file_row(row), FileState(row.state), row.creator)


def _home(row: Any) -> NightHome:
    return NightHome(row.id, row.patient_id, NightState(row.state), row.started_at)
