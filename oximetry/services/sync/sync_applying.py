"""The second half of synchronising: doing what a plan says, line by line, each looked at once more before it is done.

The store is only read: no object is ever deleted here. A row without an object is deleted softly and can be restored
for 30 days. A run that was killed goes on with the lines that have no outcome yet.
"""

from __future__ import annotations

import logging
import mimetypes
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from oximetry.domain.catalogue_ports import Catalogue, Transaction
from oximetry.domain.errors import NotFound, StorageRefused, SyncAborted
from oximetry.domain.keys import patient_of
from oximetry.domain.ports import Clock, ObjectStore, StoredObject
from oximetry.domain.sync.sync_records import Outcome, RunState, SyncEntry, SyncRun
from oximetry.domain.sync.syncing import YOUNG, Guard, Kind, same_content
from oximetry.services.sync.sync_planning import SyncLimits, plan_lines, sha256_of
from oximetry.services.sync.sync_sentinel import Sentinel

logger = logging.getLogger(__name__)

THREADS = 16
LINES_AT_ONCE = 500
PLAN_LIFE = timedelta(hours=24)

_Seen = StoredObject | Outcome | None
_Result = tuple[Outcome, str | None]
_CHANGED: _Result = (Outcome.SKIPPED, "changed")


class SyncApplier:
    """Applies the plan of one run; the caller holds the lock."""

    def __init__(
        self, catalogue: Catalogue, store: ObjectStore, clock: Clock, sentinel: Sentinel, limits: SyncLimits
    ) -> None:
        self._catalogue = catalogue
        self._store = store
        self._clock = clock
        self._sentinel = sentinel
        self._limits = limits

    def check(self, run_id: str, sha256: str) -> SyncRun:
        """The plan of a run, when it may be applied: the very plan that was shown, still young, the newest.

        Raises
        ------
        SyncAborted
            ``sync_plan_unfit`` (unknown, aborted or not complete), ``sync_plan_altered`` (its lines are not those that
            were shown), ``sync_plan_stale`` (older than a day, or another was made or applied since).
        """
        with self._catalogue.read() as transaction:
            try:
                run = transaction.sync_runs.get(run_id)
            except NotFound as error:
                raise SyncAborted("sync_plan_unfit") from error
            newest = next((one.id for one in transaction.sync_runs.latest(50) if one.sha256), None)
        if run.state not in (RunState.PLANNED, RunState.APPLYING, RunState.APPLIED):
            raise SyncAborted("sync_plan_unfit")
        if run.sha256 != sha256:
            raise SyncAborted("sync_plan_altered")
        if run.state is RunState.APPLIED:
            return run
        if newest != run.id or run.created_at < self._clock() - PLAN_LIFE:
            raise SyncAborted("sync_plan_stale")
        return run

    def apply(self, run_id: str, sha256: str, doctor_id: str | None, keep_lock: Callable[[], None]) -> SyncRun:
        """Do what the plan says and report; a plan that was applied already is only reported again.

        Raises
        ------
        SyncAborted
            Of `check`, of the sentinel, or too many rows would go by now. Nothing was changed.
        StorageUnavailable
            What is not done yet is done by the next call.
        """
        run = self.check(run_id, sha256)
        if run.state is RunState.APPLIED:
            return run
        self._sentinel.check()
        self._begin(run, doctor_id)
        with ThreadPoolExecutor(THREADS) as pool:
            while True:
                keep_lock()
                with self._catalogue.read() as transaction:
                    lines = transaction.sync_runs.entries(run_id, 0, LINES_AT_ONCE, open_only=True)
                if not lines:
                    break
                self._do(run_id, doctor_id, lines, list(pool.map(self._look, lines)))
        return self._finish(run_id, doctor_id)

    def _begin(self, run: SyncRun, doctor_id: str | None) -> None:
        if run.state is RunState.APPLYING:
            return
        if sha256_of(line for line, _ in plan_lines(self._catalogue, run.id)) != run.sha256:
            raise SyncAborted("sync_plan_altered")
        with self._catalogue.write() as transaction:
            self._limits.check(run.counts.get("removed", 0), transaction.files.live_count())
            begun = {"state": RunState.APPLYING.value, "applied_by": doctor_id, "reason": None}
            transaction.sync_runs.set(run.id, self._clock(), **begun)
            transaction.audit.add(self._clock(), doctor_id, "sync_apply_begun", ("sync_run", run.id))

    def _look(self, line: SyncEntry) -> _Seen:
        """What lies under a line's key now; an outcome when the store will not tell."""
        if not line.kind.changes:
            return None
        try:
            return self._store.stat(line.key)
        except NotFound:
            return None
        except (StorageRefused, ValueError) as error:
            logger.warning("object not looked at error=%s", type(error).__name__)
            return Outcome.FAILED

    def _do(self, run_id: str, doctor_id: str | None, lines: Sequence[SyncEntry], seen_pairs: Sequence[_Seen]) -> None:
        with self._catalogue.write() as transaction:
            files = transaction.compared_files
            guard = Guard(files.outbox_keys(), files.patients_at_work(), self._clock() - YOUNG)
            outcomes = {
                line.number: self._done(transaction, line, now, guard, (run_id, doctor_id))
                for line, now in zip(lines, seen_pairs, strict=True)
            }
            transaction.sync_runs.set_outcomes(run_id, outcomes)

    def _done(
        self, transaction: Transaction, line: SyncEntry, now: _Seen, guard: Guard, cause: tuple[str, str | None]
    ) -> _Result:
        if not line.kind.changes:
            return Outcome.LISTED, None
        if isinstance(now, Outcome):
            return now, "storage_refused"
        left_alone = guard.reason(now, None) if now is not None else guard.reason(_as_planned(line), None)
        if left_alone is not None:
            return Outcome.SKIPPED, left_alone.value
        if line.kind is Kind.REMOVED:
            return self._remove(transaction, line, now, cause)
        return self._add(transaction, line, now, cause)

    def _remove(
        self, transaction: Transaction, line: SyncEntry, now: StoredObject | None, cause: tuple[str, str | None]
    ) -> _Result:
        if now is not None or line.file_id is None or line.row_updated_at is None:
            return _CHANGED
        if not transaction.compared_files.mark_missing(line.file_id, line.row_updated_at, self._clock()):
            return _CHANGED
        subject = ("file", line.file_id)
        transaction.audit.add(self._clock(), cause[1], "file_removed_as_missing", subject, sync_run=cause[0])
        return Outcome.DONE, None

    def _add(
        self, transaction: Transaction, line: SyncEntry, now: StoredObject | None, cause: tuple[str, str | None]
    ) -> _Result:
        if now is None or line.size is None or not same_content(now, line.size, line.etag):
            return _CHANGED
        content_type = mimetypes.guess_type(line.key)[0] or "application/octet-stream"
        values = {
            "key": line.key,
            "content_type": content_type,
            "size": now.size,
            "etag": now.etag,
            "reference_id": patient_of(line.key) or "" if line.kind is Kind.ADDED else "",
        }
        added = transaction.compared_files.adopt([values], self._clock())
        for file_id in added.values():
            transaction.audit.add(self._clock(), cause[1], "file_found", ("file", file_id), sync_run=cause[0])
        return (Outcome.DONE, None) if added else _CHANGED

    def _finish(self, run_id: str, doctor_id: str | None) -> SyncRun:
        with self._catalogue.write() as transaction:
            run = transaction.sync_runs.get(run_id)
            counts = {**run.counts, **_report(run, transaction.sync_runs.outcomes(run_id))}
            ended = {"state": RunState.APPLIED.value, "counts": counts, "applied_at": self._clock()}
            transaction.sync_runs.set(run_id, self._clock(), **ended)
            done = {name: count for name, count in counts.items() if name.startswith("done_")}
            transaction.audit.add(self._clock(), doctor_id, "sync_applied", ("sync_run", run_id), **done)
            logger.info("synchronisation applied run=%s %s", run_id, done)
            return transaction.sync_runs.get(run_id)


def _as_planned(line: SyncEntry) -> StoredObject:
    return StoredObject(line.key, 0, "", 0.0)


def _report(run: SyncRun, outcomes: dict[tuple[Kind, Outcome], int]) -> dict[str, int]:
    """``done_added``, ``done_removed`` …, with what was left alone when planning and when applying as ``skipped``."""
    report = {f"done_{kind.value}": 0 for kind in Kind}
    report |= {"done_skipped": run.counts.get("skipped", 0), "done_failed": 0}
    for (kind, outcome), count in outcomes.items():
        if outcome in (Outcome.DONE, Outcome.LISTED):
            report[f"done_{kind.value}"] += count
        else:
            report[f"done_{outcome.value}"] += count
    return report
