"""Synchronisation, in SQL: its runs and their lines, the lock, and the catalogue's side of the comparison."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    bindparam,
    collate,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from oximetry.adapters.catalogue import sync_tables as s
from oximetry.adapters.catalogue import tables as t
from oximetry.adapters.catalogue.inserting import insert_or_ignore
from oximetry.adapters.catalogue.job_tables import jobs
from oximetry.domain.errors import NotFound
from oximetry.domain.sync.sync_records import Identity, Outcome, RunState, SyncEntry, SyncRun
from oximetry.domain.sync.syncing import UNASSIGNED, CatalogueRow, Kind

STATE = "storage"
OPEN_JOBS = ("waiting", "running")
MAX_NAME_LENGTH = 200


class SyncRunsTable:
    """Implements ``ports.SyncRuns``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def identity(self) -> Identity:
        """The catalogue's own id, made at the first call (in a writing transaction)."""
        row = self._connection.execute(select(s.sync_state)).one_or_none()
        if row is None:
            made = insert_or_ignore(self._connection, s.sync_state).values(name=STATE, catalogue_id=str(uuid4()))
            self._connection.execute(made)
            row = self._connection.execute(select(s.sync_state)).one()
        return Identity(row.catalogue_id, row.sentinel_at)

    def set_sentinel(self, now: datetime) -> None:
        """The sentinel stands in the store."""
        self._connection.execute(update(s.sync_state).values(sentinel_at=now))

    def take_lease(self, holder: str, now: datetime, until: datetime) -> bool:
        """Take the lock, or keep it; ``False`` while another holds it. One that has run out is anybody's."""
        self.identity()
        state = s.sync_state.c
        free = or_(state.lease_by.is_(None), state.lease_by == holder, state.lease_until < now)
        taken = update(s.sync_state).where(free).values(lease_by=holder, lease_until=until)
        return self._connection.execute(taken).rowcount == 1

    def drop_lease(self, holder: str) -> None:
        """Let go of the lock, when it is still ours."""
        own = s.sync_state.c.lease_by == holder
        self._connection.execute(update(s.sync_state).where(own).values(lease_by=None, lease_until=None))

    def add(self, run_id: str, requested_by: str | None, now: datetime) -> None:
        """A new run, to be planned; the same id again is the same run."""
        made = insert_or_ignore(self._connection, s.sync_runs).values(
            id=run_id,
            state=RunState.PLANNING.value,
            requested_by=requested_by,
            created_at=now,
            updated_at=now,
            cursor="",
            counts={},
            entries=0,
            details={},
        )
        self._connection.execute(made)

    def get(self, run_id: str) -> SyncRun:
        """A run; raises ``NotFound``."""
        row = self._connection.execute(select(s.sync_runs).where(s.sync_runs.c.id == run_id)).one_or_none()
        if row is None:
            raise NotFound(run_id=run_id)
        return _run(row)

    def latest(self, limit: int) -> list[SyncRun]:
        """The newest runs first."""
        run = s.sync_runs.c
        rows = self._connection.execute(select(s.sync_runs).order_by(run.created_at.desc(), run.id).limit(limit))
        return [_run(row) for row in rows]

    def set(self, run_id: str, now: datetime, **values: Any) -> None:
        """Change columns of a run."""
        own = s.sync_runs.c.id == run_id
        self._connection.execute(update(s.sync_runs).where(own).values(**values, updated_at=now))

    def add_entries(self, run_id: str, entries: Sequence[SyncEntry]) -> None:
        """Lines of a plan, numbered by whoever found them."""
        if entries:
            self._connection.execute(insert(s.sync_entries), [{**asdict(one), "run_id": run_id} for one in entries])

    def entries(
        self, run_id: str, after: int, limit: int, *, kind: Kind | None = None, open_only: bool = False
    ) -> list[SyncEntry]:
        """Lines behind a number, in order; of one kind, or only those that nothing was done about yet."""
        entry = s.sync_entries.c
        query = select(s.sync_entries).where(entry.run_id == run_id, entry.number > after)
        if kind is not None:
            query = query.where(entry.kind == kind.value)
        if open_only:
            query = query.where(entry.outcome.is_(None))
        return [_entry(row) for row in self._connection.execute(query.order_by(entry.number).limit(limit))]

    def set_outcomes(self, run_id: str, outcomes: Mapping[int, tuple[Outcome, str | None]]) -> None:
        """What became of some lines."""
        entry = s.sync_entries.c
        told = [
            {"its_number": number, "its_outcome": outcome.value, "its_reason": reason}
            for number, (outcome, reason) in outcomes.items()
        ]
        if told:
            mark = (
                update(s.sync_entries)
                .where(entry.run_id == run_id, entry.number == bindparam("its_number"))
                .values(outcome=bindparam("its_outcome"), reason=bindparam("its_reason"))
            )
            self._connection.execute(mark, told)

    def outcomes(self, run_id: str) -> dict[tuple[Kind, Outcome], int]:
        """How many lines of each kind ended how."""
        entry = s.sync_entries.c
        rows = self._connection.execute(
            select(entry.kind, entry.outcome, func.count())
            .where(entry.run_id == run_id, entry.outcome.is_not(None))
            .group_by(entry.kind, entry.outcome)
        )
        return {(Kind(kind), Outcome(outcome)): int(count) for kind, outcome, count in rows}

    def prune(self, before: datetime) -> None:
        """Forget runs that nobody touched since a time."""
        old = select(s.sync_runs.c.id).where(s.sync_runs.c.updated_at < before)
        self._connection.execute(delete(s.sync_entries).where(s.sync_entries.c.run_id.in_(old)))
        self._connection.execute(delete(s.sync_runs).where(s.sync_runs.c.updated_at < before))


class ComparedFilesTable:
    """Implements ``ports.ComparedFiles``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def rows_after(self, key: str, limit: int) -> list[CatalogueRow]:
        """Rows behind a key in the byte order of keys: that of SQLite's BINARY and of PostgreSQL's ``C``."""
        file = t.stored_files.c
        in_order: ColumnElement[str] = file.key
        if self._connection.dialect.name == "postgresql":
            in_order = collate(file.key, "C")
        rows = self._connection.execute(
            select(
                file.key,
                file.id,
                file.size,
                file.etag,
                file.deleted_at.is_not(None),
                file.missing_since.is_not(None),
                file.updated_at,
            )
            .where(in_order > key)
            .order_by(in_order)
            .limit(limit)
        )
        return [CatalogueRow._make(row) for row in rows]

    def sample(self, limit: int) -> list[str]:
        """The keys of some live files that are archived, newest first."""
        file = t.stored_files.c
        waiting = select(t.outbox.c.id).where(t.outbox.c.key == file.key)
        query = select(file.key).where(file.deleted_at.is_(None), ~waiting.exists())
        return list(self._connection.scalars(query.order_by(file.created_at.desc()).limit(limit)))

    def outbox_keys(self) -> set[str]:
        """Keys whose bytes wait to be archived."""
        return set(self._connection.scalars(select(t.outbox.c.key)))

    def patients_at_work(self) -> set[str]:
        """Patients whose objects an open job writes, moves, draws or reads."""
        job, item, night, analysis = jobs.c, t.upload_items.c, t.recordings.c, t.analyses.c
        is_open = job.state.in_(OPEN_JOBS)
        stored = select(item.patient_id).join(jobs, and_(job.name == "store_item", job.subject == item.id))
        moved = select(night.patient_id, night.moving_to).join(
            jobs, and_(job.name == "move_night", job.subject == night.id)
        )
        drawn = (
            select(night.patient_id)
            .join(t.analyses, analysis.recording_id == night.id)
            .join(jobs, and_(job.name == "render_plot", func.substr(job.subject, 1, 36) == analysis.id))
        )
        patient_ids: set[str | None] = set()
        for query in (stored, moved, drawn):
            for row in self._connection.execute(query.where(is_open)):
                patient_ids.update(row)
        moving = select(night.patient_id, night.moving_to).where(night.moving_to.is_not(None))
        for row in self._connection.execute(moving):
            patient_ids.update(row)
        return {patient_id for patient_id in patient_ids if patient_id}

    def known_patients(self, patient_ids: Collection[str]) -> set[str]:
        """Those of the ids that are patients of ours."""
        patient = t.patients.c.id
        return set(self._connection.scalars(select(patient).where(patient.in_(list(patient_ids)))))

    def adopt(self, rows: Sequence[Mapping[str, Any]], now: datetime) -> dict[str, str]:
        """Rows for objects that had none, belonging to nobody yet; returns key → id of those that are new."""
        added: dict[str, str] = {}
        for values in rows:
            key, file_id = values["key"], str(uuid4())
            new = insert_or_ignore(self._connection, t.stored_files).values(
                **values,
                id=file_id,
                name=key.rpartition("/")[2][-MAX_NAME_LENGTH:],
                reference_type=UNASSIGNED,
                created_at=now,
                updated_at=now,
            )
            if self._connection.scalar(new.returning(t.stored_files.c.id)) is not None:
                added[key] = file_id
        return added

    def mark_missing(self, file_id: str, as_of: datetime, now: datetime) -> bool:
        """Softly delete a row whose object is gone; ``False`` when the row changed since a plan saw it."""
        file = t.stored_files.c
        same = and_(file.id == file_id, file.updated_at == as_of, file.deleted_at.is_(None))
        gone = update(t.stored_files).where(same).values(deleted_at=now, missing_since=now, updated_at=now)
        return self._connection.execute(gone).rowcount == 1


def _run(row: Any) -> SyncRun:
    values = {name: getattr(row, name) for name in SyncRun.__slots__}
    return SyncRun(**{**values, "state": RunState(row.state)})


def _entry(row: Any) -> SyncEntry:
    values = {name: getattr(row, name) for name in SyncEntry.__slots__}
    values["kind"] = Kind(row.kind)
    values["outcome"] = Outcome(row.outcome) if row.outcome else None
    return SyncEntry(**values)
