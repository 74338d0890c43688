"""The job table, which is the queue: fair turns between owners, leases, and whom to wake.

Turns are start-time fair queueing: a job's turn is where its owner's job before it ends, in milliseconds of cost, and
no earlier than the turn that is being served. A newcomer so joins at the front, and a long batch spreads out behind it.
Two requests of one owner at the same moment may get the same turn; the older one goes first, and no harm is done.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, and_, case, delete, func, literal, or_, select, text, update

from oximetry.adapters.catalogue import job_tables as t
from oximetry.adapters.catalogue.inserting import insert
from oximetry.domain.job_kinds import JobClass, kind_of
from oximetry.domain.records import Job, JobLine, QueueAhead

CHANNEL = "oximetry_jobs"
"""PostgreSQL's name for the sign that a transaction left work behind."""

CANDIDATES = 32
WOKEN_AT_ONCE = 100
PRUNED_AT_ONCE = 5000
COUNTED_AT_MOST = 10_000

_job = t.jobs.c
_OPEN, _READY, _RESTING = text(t.OPEN), text(t.READY), text(t.RESTING)
_WAITING, _RUNNING, _ENDED = text(t.WAITING), text(t.RUNNING), text(t.ENDED)
_IN_TURN = (_job.priority, _job.turn, _job.created_at, _job.id)


class JobsTable:
    """Implements ``catalogue_ports.Jobs``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._woke = False

    def submit(self, name: str, subject: str, owner: str, now: datetime, *, cost_ms: int | None = None) -> None:
        """Ask for a piece of work; a second request while the first waits is the same request.

        A request for what is running already may come too late for that run, so the job is done once more behind it.

        Parameters
        ----------
        owner : str
            The doctor whose turn it takes; empty for the platform's own work.
        cost_ms : int, optional
            What it will cost, where more is known of it than its name.
        """
        kind = kind_of(name, subject)
        job_id = str(uuid4())
        asked = insert(self._connection, t.jobs).values(
            id=job_id,
            name=name,
            subject=subject,
            owner=owner,
            priority=kind.job_class,
            is_click=kind.is_click,
            turn=self._next_turn(kind.job_class, owner, kind.is_click),
            cost_ms=kind.cost_ms if cost_ms is None else cost_ms,
            state="waiting",
            attempts=0,
            crashes=0,
            again=False,
            resting=False,
            not_before=now,
            created_at=now,
        )
        asked = asked.on_conflict_do_update(index_elements=["name", "subject"], index_where=_OPEN, set_={"again": True})
        if self._connection.scalar(asked.returning(_job.id)) == job_id:
            self._wake()

    def claim(self, worker_id: str, now: datetime, lease: timedelta, only: Collection[str] = ()) -> Job | None:
        """Take the due job whose turn it is for this worker; ``None`` when there is none.

        Of the first jobs in turn, one goes first whose owner has nothing running. Some names may be taken ``only``.
        """
        self._end_rests(now)
        wanted = (_job.name.in_(only),) if only else ()
        row = self._abandoned(now, *wanted) or self._ready(now, *wanted)
        if row is None:
            return None
        was_abandoned = row.state == "running"
        taken = Job(row.id, row.name, row.subject, row.attempts + 1, row.crashes + was_abandoned, was_abandoned)
        self._connection.execute(
            update(t.jobs)
            .where(_job.id == row.id)
            .values(
                state="running",
                attempts=taken.attempts,
                crashes=taken.crashes,
                again=False,
                resting=False,
                lease_by=worker_id,
                lease_until=now + lease,
            )
        )
        return taken

    def renew(self, worker_id: str, job_ids: list[str], until: datetime) -> None:
        """Keep the leases of a living worker."""
        self._connection.execute(
            update(t.jobs).where(_job.id.in_(job_ids), _job.lease_by == worker_id).values(lease_until=until)
        )

    def finish(self, taken: Job, now: datetime, reason: str | None = None) -> None:
        """The job is done, or (with a reason) failed for good; it waits again when it was asked for meanwhile.

        Nothing changes when another worker took it over: its run is the one that counts.
        """
        values = {
            "state": case((_job.again, "waiting"), else_="failed" if reason else "done"),
            "finished_at": now,
            "reason": case((_job.again, None), else_=reason),
        }
        if self._let_go(taken, **values) == "waiting":
            self._wake()

    def postpone(self, job: Job, until: datetime, reason: str) -> None:
        """The job waits for something (storage, a browser) and says so, unless another worker took it over."""
        self._let_go(job, state="waiting", resting=True, not_before=until, reason=reason)

    def hasten(self, name: str, subject: str, now: datetime) -> bool:
        """A waiting job of this subject is due now; returns whether there is one."""
        return self._make_due((_job.name == name, _job.subject == subject, _WAITING), now) > 0

    def waits_for(self, reasons: Collection[str]) -> bool:
        """Whether a job waits for one of these reasons."""
        waiting = select(_job.id).where(_RESTING, _job.reason.in_(reasons)).limit(1)
        return self._connection.scalar(waiting) is not None

    def hurry(self, reasons: Collection[str], now: datetime) -> None:
        """What waits for one of these reasons is due now."""
        self._make_due((_RESTING, _job.reason.in_(reasons)), now)

    def has_due(self, now: datetime) -> bool:
        """Whether a job could be taken now; a read, so that idle workers do not keep writers waiting."""
        due = (
            select(_job.id).where(_READY, _job.not_before <= now).order_by(*_IN_TURN[:3]),
            select(_job.id).where(_RESTING, _job.not_before <= now),
            select(_job.id).where(_RUNNING, _job.lease_until < now),
        )
        found = self._connection.execute(select(*(one.limit(1).scalar_subquery() for one in due))).one()
        return any(job_id is not None for job_id in found)

    def due_count(self, now: datetime) -> int:
        """How many jobs could be taken now, at most 10,000."""
        due = or_(and_(_WAITING, _job.not_before <= now), and_(_RUNNING, _job.lease_until < now))
        return self._counted(due)

    def ahead_of(self, owner: str) -> QueueAhead:
        """What is done before the last of an owner's jobs that somebody waits for; at most 10,000 jobs are counted."""
        awaited = (_READY, _job.priority == literal(int(JobClass.AWAITED)))
        last = select(_job.turn).where(*awaited, _job.owner == owner).order_by(_job.turn.desc()).limit(1)
        before = (
            select(_job.owner, _job.cost_ms)
            .where(*awaited, _job.turn <= last.scalar_subquery())
            .limit(COUNTED_AT_MOST)
            .subquery()
        )
        others = func.coalesce(func.sum(case((before.c.owner != owner, 1), else_=0)), 0)
        row = self._connection.execute(select(others, func.coalesce(func.sum(before.c.cost_ms), 0))).one()
        return QueueAhead(int(row[0]), int(row[1]))

    def waiting_reasons(self, name: str, subjects: list[str]) -> dict[str, str]:
        """Why the open jobs of these subjects wait, for those that have a reason."""
        rows = self._connection.execute(
            select(_job.subject, _job.reason).where(
                _job.name == name, _job.subject.in_(subjects), _job.state == "waiting", _job.reason.is_not(None)
            )
        )
        return {row.subject: row.reason for row in rows}

    def counts(self) -> dict[str, int]:
        """Jobs by state, each counted to 10,000 at most, so that the answer costs the same at any size."""
        found = {
            "waiting": self._counted(_WAITING),
            "running": self._counted(_RUNNING),
            "failed": self._counted(_ENDED, _job.state == "failed"),
            "done": self._counted(_ENDED, _job.state == "done"),
        }
        return {state: count for state, count in found.items() if count}

    def oldest_waiting(self) -> dict[str, datetime]:
        """Since when the oldest waiting job of each name has waited; one look into an index for each name."""
        oldest: dict[str, datetime] = {}
        last = ""
        while True:
            row = self._connection.execute(
                select(_job.name, _job.created_at)
                .where(_WAITING, _job.name > last)
                .order_by(_job.name, _job.created_at)
                .limit(1)
            ).one_or_none()
            if row is None:
                return oldest
            last = row.name
            oldest[row.name] = row.created_at

    def lines(self, states: Sequence[str], limit: int) -> list[JobLine]:
        """Jobs in these states for a person to look at, the oldest first."""
        rows = self._connection.execute(
            select(t.jobs).where(_job.state.in_(states)).order_by(_job.created_at, _job.id).limit(limit)
        )
        return [
            JobLine(
                id=row.id,
                name=row.name,
                subject=row.subject,
                owner=row.owner,
                state=row.state,
                attempts=row.attempts,
                reason=row.reason,
                created_at=row.created_at,
                not_before=row.not_before,
            )
            for row in rows
        ]

    def retry(self, job_id: str, now: datetime) -> bool:
        """A failed job waits again, a resting one is due now; returns whether there was anything to do."""
        row = self._connection.execute(select(t.jobs).where(_job.id == job_id)).one_or_none()
        if row is None or row.state not in ("failed", "waiting"):
            return False
        if row.state == "failed":
            self.submit(row.name, row.subject, row.owner, now, cost_ms=row.cost_ms)
            self._connection.execute(delete(t.jobs).where(_job.id == job_id))
            return True
        return self._make_due((_job.id == job_id, _WAITING), now) > 0

    def cancel(self, job_id: str, now: datetime) -> bool:
        """End a waiting job, as failed by an operator; returns whether there was one."""
        ended = {"state": "failed", "reason": "cancelled", "finished_at": now, "resting": False}
        return self._connection.execute(update(t.jobs).where(_job.id == job_id, _WAITING).values(**ended)).rowcount > 0

    def submitted_before(self, name: str, subject: str) -> bool:
        """Whether such a job was ever asked for (periodic work asks with the date as subject)."""
        asked = select(_job.id).where(_job.name == name, _job.subject == subject).limit(1)
        return self._connection.scalar(asked) is not None

    def prune(self, before: datetime) -> None:
        """Forget jobs that ended before a time, some thousand with each statement."""
        old = select(_job.id).where(_ENDED, _job.finished_at < before).limit(PRUNED_AT_ONCE)
        while self._connection.execute(delete(t.jobs).where(_job.id.in_(old))).rowcount == PRUNED_AT_ONCE:
            pass

    def _next_turn(self, job_class: JobClass, owner: str, is_click: bool) -> int:
        same = _job.priority == int(job_class)
        own = select(_job.turn + _job.cost_ms).where(_OPEN, same, _job.owner == owner, _job.is_click == is_click)
        front = select(_job.turn).where(_READY, same).order_by(_job.turn)
        served = select(_job.turn).where(_RUNNING, same).order_by(_job.turn.desc())
        subqueries = (own.order_by(_job.turn.desc()), front, served)
        own_end, front_turn, served_turn = self._connection.execute(
            select(*(one.limit(1).scalar_subquery() for one in subqueries))
        ).one()
        now_served = front_turn if front_turn is not None else served_turn or 0
        return max(own_end or 0, now_served)

    def _end_rests(self, now: datetime) -> None:
        over = (
            select(_job.id)
            .where(_RESTING, _job.not_before <= now)
            .order_by(_job.not_before)
            .limit(WOKEN_AT_ONCE)
            .with_for_update(skip_locked=True)
        )
        self._connection.execute(update(t.jobs).where(_job.id.in_(over)).values(resting=False))

    def _abandoned(self, now: datetime, *wanted: Any) -> Any:
        over = select(t.jobs).where(_RUNNING, _job.lease_until < now, *wanted).order_by(_job.lease_until).limit(1)
        return self._connection.execute(over.with_for_update(skip_locked=True)).one_or_none()

    def _ready(self, now: datetime, *wanted: Any) -> Any:
        in_turn = select(t.jobs).where(_READY, _job.not_before <= now, *wanted).order_by(*_IN_TURN)
        first = self._connection.execute(in_turn.limit(CANDIDATES)).all()
        busy = set(self._connection.scalars(select(_job.owner).where(_RUNNING))) if len(first) > 1 else set()
        for row in sorted(first, key=lambda row: (row.priority, row.owner in busy)):
            still = select(t.jobs).where(_job.id == row.id, _READY).with_for_update(skip_locked=True)
            locked = self._connection.execute(still).one_or_none()
            if locked is not None:
                return locked
        if len(first) < CANDIDATES:
            return None
        return self._connection.execute(in_turn.limit(1).with_for_update(skip_locked=True)).one_or_none()

    def _let_go(self, taken: Job, **values: Any) -> str | None:
        own = (_job.id == taken.id, _job.state == "running", _job.attempts == taken.attempts)
        changed = update(t.jobs).where(*own).values(**values, lease_until=None, lease_by=None)
        state: str | None = self._connection.scalar(changed.returning(_job.state))
        return state

    def _make_due(self, which: tuple[Any, ...], now: datetime) -> int:
        due = update(t.jobs).where(*which).values(not_before=now, resting=False)
        count = self._connection.execute(due).rowcount
        if count:
            self._wake()
        return count

    def _counted(self, *which: Any) -> int:
        some = select(literal(1)).select_from(t.jobs).where(*which).limit(COUNTED_AT_MOST).subquery()
        return int(self._connection.scalar(select(func.count()).select_from(some)) or 0)

    def _wake(self) -> None:
        """Listeners hear it when, and only when, this transaction commits; on SQLite its commit is the sign."""
        if not self._woke and self._connection.dialect.name == "postgresql":
            self._connection.execute(text(f"NOTIFY {CHANNEL}"))
        self._woke = True
