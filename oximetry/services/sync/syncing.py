"""Synchronising the catalogue with the store, as the page, the command line and the worker ask for it.

Plan, look, apply that very plan, read the report: the plan is kept in the catalogue, so that web and worker need no
common disk, and its SHA-256 is what says that the plan applied is the plan that was shown.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

from oximetry.domain.catalogue_ports import Catalogue
from oximetry.domain.errors import NotFound, NotReady, SyncAborted
from oximetry.domain.ports import Clock, ObjectStore
from oximetry.domain.sync.sync_records import RunState, SyncEntry, SyncRun
from oximetry.domain.sync.syncing import Kind
from oximetry.services.sync.sync_applying import PLAN_LIFE, SyncApplier
from oximetry.services.sync.sync_lock import sync_lock
from oximetry.services.sync.sync_planning import SyncLimits, SyncPlanner, plan_lines, sha256_of
from oximetry.services.sync.sync_sentinel import Sentinel

EXAMPLES = 5
KEPT_RUNS = timedelta(days=14)
PLAN_JOB = "plan_sync"
APPLY_JOB = "apply_sync"


@dataclass(frozen=True, slots=True)
class PlanShown:
    """A run with a few lines of each kind; ``is_newest`` when no later plan has taken its place."""

    run: SyncRun
    examples: dict[Kind, list[SyncEntry]]
    is_newest: bool


class SyncService:
    """Plans, applies and reports; handles the jobs ``plan_sync`` and ``apply_sync``."""

    def __init__(self, catalogue: Catalogue, store: ObjectStore, clock: Clock, limits: SyncLimits) -> None:
        self._catalogue = catalogue
        self._clock = clock
        self._sentinel = Sentinel(catalogue, store, clock)
        self._planner = SyncPlanner(catalogue, store, clock, self._sentinel, limits)
        self._applier = SyncApplier(catalogue, store, clock, self._sentinel, limits)

    def init(self, doctor_id: str | None = None) -> None:
        """Write the sentinel into the store on an administrator's word; raises ``SyncAborted``."""
        self._sentinel.init(doctor_id)

    def submit_daily(self) -> None:
        """Ask for tonight's dry run once, however many workers ask."""
        now = self._clock()
        run_id = f"nightly-{now:%Y-%m-%d}"
        with self._catalogue.write() as transaction:
            if not transaction.jobs.submitted_before(PLAN_JOB, run_id):
                transaction.sync_runs.prune(now - KEPT_RUNS)
                transaction.sync_runs.add(run_id, None, now)
                transaction.jobs.submit(PLAN_JOB, run_id, "", now)

    def request_plan(self, doctor_id: str | None) -> str:
        """Ask the worker for a plan; while one is being made it is that one. Returns the run's id."""
        with self._catalogue.write() as transaction:
            run_id = self._open_run(transaction.sync_runs.latest(10)) or str(uuid4())
            transaction.sync_runs.add(run_id, doctor_id, self._clock())
            transaction.jobs.submit(PLAN_JOB, run_id, "", self._clock())
            transaction.audit.add(self._clock(), doctor_id, "sync_plan_asked", ("sync_run", run_id))
        return run_id

    def plan_now(self) -> SyncRun:
        """Make a plan here, or go on with the one that was begun; raises what `SyncPlanner.plan` does."""
        with self._catalogue.write() as transaction:
            run_id = self._open_run(transaction.sync_runs.latest(10)) or str(uuid4())
            transaction.sync_runs.add(run_id, None, self._clock())
        with sync_lock(self._catalogue, self._clock) as keep:
            return self._planner.plan(run_id, keep)

    def plan(self, run_id: str) -> None:
        """The job: make this plan; waits while another synchronisation runs."""
        try:
            with sync_lock(self._catalogue, self._clock) as keep:
                self._planner.plan(run_id, keep)
        except SyncAborted as error:
            raise NotReady("sync_running") from error
        except NotFound:
            return

    def request_apply(self, doctor_id: str, run_id: str, sha256: str) -> None:
        """Ask the worker to apply the very plan that was shown; raises ``SyncAborted`` when it does not fit."""
        self._applier.check(run_id, sha256)
        with self._catalogue.write() as transaction:
            run = transaction.sync_runs.get(run_id)
            if run.state is RunState.PLANNED:
                transaction.sync_runs.set(run_id, self._clock(), applied_by=doctor_id, reason=None)
                transaction.jobs.submit(APPLY_JOB, run_id, "", self._clock())
                transaction.audit.add(self._clock(), doctor_id, "sync_apply_asked", ("sync_run", run_id))

    def apply(self, run_id: str) -> None:
        """The job: apply a plan; what speaks against it is kept with the run and shown."""
        with self._catalogue.read() as transaction:
            run = transaction.sync_runs.get(run_id)
        try:
            self.apply_now(run_id, run.sha256 or "", run.applied_by)
        except SyncAborted as error:
            if error.reason == "sync_running":
                raise NotReady("sync_running") from error
            self.note(run_id, error.reason)

    def apply_now(self, run_id: str, sha256: str, doctor_id: str | None = None) -> SyncRun:
        """Apply here; raises what `SyncApplier.apply` does."""
        with sync_lock(self._catalogue, self._clock) as keep:
            return self._applier.apply(run_id, sha256, doctor_id, keep)

    def apply_file(self, lines: Iterable[str]) -> SyncRun:
        """Apply the plan of a downloaded file.

        Parameters
        ----------
        lines : iterable of str
            As `lines` made them, line ends included.

        Raises
        ------
        SyncAborted
            Also ``sync_plan_altered``: the file is not the plan that was made.
        """
        remaining = iter(lines)
        try:
            head = json.loads(next(remaining, ""))
            run_id, sha256 = str(head["plan"]), str(head["sha256"])
        except (ValueError, KeyError, TypeError) as error:
            raise SyncAborted("sync_plan_altered") from error
        if sha256_of(remaining) != sha256:
            raise SyncAborted("sync_plan_altered")
        return self.apply_now(run_id, sha256)

    def lines(self, run_id: str) -> Iterator[str]:
        """A plan as a file: a line about the plan, then its lines; raises ``NotFound`` until it is complete."""
        run = self.run(run_id)
        if run.sha256 is None:
            raise NotFound(run_id=run_id)
        made_at = run.created_at.isoformat(timespec="seconds")
        plan = {name: count for name, count in run.counts.items() if not name.startswith("done_")}
        head = {"plan": run.id, "sha256": run.sha256, "made_at": made_at, "entries": run.entries, "counts": plan}
        yield json.dumps(head, separators=(",", ":")) + "\n"
        for line, _ in plan_lines(self._catalogue, run_id):
            yield line

    def run(self, run_id: str) -> SyncRun:
        """A run; raises ``NotFound``."""
        with self._catalogue.read() as transaction:
            return transaction.sync_runs.get(run_id)

    def shown(self, run_id: str) -> PlanShown:
        """A run with examples; raises ``NotFound``."""
        with self._catalogue.read() as transaction:
            run = transaction.sync_runs.get(run_id)
            examples = {kind: transaction.sync_runs.entries(run_id, 0, EXAMPLES, kind=kind) for kind in Kind}
            newest = next((one.id for one in transaction.sync_runs.latest(50) if one.sha256), None)
        return PlanShown(run, examples, newest == run_id)

    def latest(self, limit: int = 10) -> list[SyncRun]:
        """The newest runs first."""
        with self._catalogue.read() as transaction:
            return transaction.sync_runs.latest(limit)

    def note(self, run_id: str, reason: str) -> None:
        """Why a run goes no further; one that was being planned is aborted."""
        with self._catalogue.write() as transaction:
            run = transaction.sync_runs.get(run_id)
            state = RunState.ABORTED if run.state is RunState.PLANNING else run.state
            transaction.sync_runs.set(run_id, self._clock(), reason=reason, state=state.value)

    def _open_run(self, latest: list[SyncRun]) -> str | None:
        """The run that is still being planned, when it is young."""
        young = self._clock() - PLAN_LIFE
        is_open = (run.id for run in latest if run.state is RunState.PLANNING and run.created_at > young)
        return next(is_open, None)
