"""Jobs with state and lease, and the workers' heartbeats, in SQL."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, and_, case, delete, func, or_, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from oximetry.adapters.catalogue import tables as t
from oximetry.domain.records import Job

PRIORITY = {"read_item": 0, "store_item": 1, "move_night": 1, "archive": 1, "render_plot:ro": 2, "render_plot": 3}


def insert_or_ignore(connection: Connection, table: Any) -> Any:
    """An INSERT that leaves an existing row alone; the same words on both databases."""
    return _insert(connection, table).on_conflict_do_nothing()


def _insert(connection: Connection, table: Any) -> Any:
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    return dialect.insert(table)


class JobsTable:
    """Implements ``ports.Jobs``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.submitted = 0

    def submit(self, name: str, subject: str, now: datetime) -> None:
        """Ask for a piece of work; a second request while the first waits is the same request.

        A request for what is running already may come too late for that run, so the job is done once more behind it.
        """
        language = subject.rpartition(":")[2]
        priority = PRIORITY.get(f"{name}:{language}", PRIORITY.get(name, 4))
        job_id = str(uuid4())
        asked = _insert(self._connection, t.jobs).values(
            id=job_id,
            name=name,
            subject=subject,
            priority=priority,
            state="waiting",
            attempts=0,
            crashes=0,
            again=False,
            not_before=now,
            created_at=now,
        )
        asked = asked.on_conflict_do_update(
            index_elements=["name", "subject"],
            index_where=text("state IN ('waiting', 'running')"),
            set_={"again": True},
        )
        self.submitted += self._connection.scalar(asked.returning(t.jobs.c.id)) == job_id

    def claim(self, worker_id: str, now: datetime, lease: timedelta) -> Job | None:
        """Take the most urgent due job for this worker; ``None`` when there is none."""
        job = t.jobs.c
        row = self._connection.execute(
            select(t.jobs)
            .where(self._due(now))
            .order_by(job.priority, job.created_at, job.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        ).one_or_none()
        if row is None:
            return None
        was_abandoned = row.state == "running"
        taken = Job(row.id, row.name, row.subject, row.attempts + 1, row.crashes + was_abandoned, was_abandoned)
        self._connection.execute(
            update(t.jobs)
            .where(job.id == row.id)
            .values(
                state="running",
                attempts=taken.attempts,
                crashes=taken.crashes,
                again=False,
                lease_by=worker_id,
                lease_until=now + lease,
            )
        )
        return taken

    def renew(self, worker_id: str, job_ids: list[str], until: datetime) -> None:
        """Keep the leases of a living worker."""
        job = t.jobs.c
        self._connection.execute(
            update(t.jobs).where(job.id.in_(job_ids), job.lease_by == worker_id).values(lease_until=until)
        )

    def finish(self, taken: Job, now: datetime, reason: str | None = None) -> None:
        """The job is done, or (with a reason) failed for good; it waits again when it was asked for meanwhile.

        Nothing changes when another worker took it over: its run is the one that counts.
        """
        job = t.jobs.c
        values = {
            "state": case((job.again, "waiting"), else_="failed" if reason else "done"),
            "finished_at": now,
            "reason": case((job.again, None), else_=reason),
        }
        if self._let_go(taken, **values) == "waiting":
            self.submitted += 1

    def postpone(self, job: Job, until: datetime, reason: str) -> None:
        """The job waits for something (storage, a browser) and says so, unless another worker took it over."""
        self._let_go(job, state="waiting", not_before=until, reason=reason)

    def hasten(self, name: str, subject: str, now: datetime) -> bool:
        """A waiting job of this subject is due now; returns whether there is one."""
        job = t.jobs.c
        waiting = (job.name == name, job.subject == subject, job.state == "waiting")
        hastened = self._connection.execute(update(t.jobs).where(*waiting).values(not_before=now)).rowcount
        self.submitted += hastened
        return hastened > 0

    def waits_for(self, reasons: Collection[str]) -> bool:
        """Whether a job waits for one of these reasons."""
        job = t.jobs.c
        waiting = select(job.id).where(job.state == "waiting", job.reason.in_(reasons)).limit(1)
        return self._connection.scalar(waiting) is not None

    def hurry(self, reasons: Collection[str], now: datetime) -> None:
        """What waits for one of these reasons is due now."""
        job = t.jobs.c
        waiting = (job.state == "waiting", job.reason.in_(reasons), job.not_before > now)
        self.submitted += self._connection.execute(update(t.jobs).where(*waiting).values(not_before=now)).rowcount

    def _let_go(self, taken: Job, **values: Any) -> str | None:
        job = t.jobs.c
        own = (job.id == taken.id, job.state == "running", job.attempts == taken.attempts)
        changed = update(t.jobs).where(*own).values(**values, lease_until=None, lease_by=None)
        state: str | None = self._connection.scalar(changed.returning(job.state))
        return state

    def due_count(self, now: datetime) -> int:
        """How many jobs could be taken now."""
        return int(self._connection.scalar(select(func.count()).where(self._due(now))) or 0)

    def waiting_reasons(self, name: str, subjects: list[str]) -> dict[str, str]:
        """Why the open jobs of these subjects wait, for those that have a reason."""
        job = t.jobs.c
        rows = self._connection.execute(
            select(job.subject, job.reason).where(
                job.name == name, job.subject.in_(subjects), job.state == "waiting", job.reason.is_not(None)
            )
        )
        return {row.subject: row.reason for row in rows}

    def counts(self) -> dict[str, int]:
        """Jobs by state."""
        rows = self._connection.execute(select(t.jobs.c.state, func.count()).group_by(t.jobs.c.state))
        return {row[0]: int(row[1]) for row in rows}

    def submitted_before(self, name: str, subject: str) -> bool:
        """Whether such a job was ever asked for (periodic work asks with the date as subject)."""
        job = t.jobs.c
        return self._connection.scalar(select(job.id).where(job.name == name, job.subject == subject)) is not None

    def prune(self, before: datetime) -> None:
        """Forget jobs that ended before a time."""
        job = t.jobs.c
        self._connection.execute(delete(t.jobs).where(job.state.in_(("done", "failed")), job.finished_at < before))

    @staticmethod
    def _due(now: datetime) -> Any:
        job = t.jobs.c
        return or_(
            and_(job.state == "waiting", job.not_before <= now),
            and_(job.state == "running", job.lease_until < now),
        )


class HeartbeatsTable:
    """Implements ``ports.Heartbeats``: the last sign of life of a part."""

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
