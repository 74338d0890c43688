"""The first half of synchronising: comparing the store with the catalogue and writing down what differs.

Nothing but the plan is written. A run that was killed goes on behind its cursor: lines, counts and cursor are one
transaction.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Set
from dataclasses import dataclass, replace

from oximetry.domain.catalogue_ports import Catalogue
from oximetry.domain.errors import OximetryError, StorageUnavailable, SyncAborted
from oximetry.domain.keys import OWN, STAGING, patient_of
from oximetry.domain.ports import Clock, ObjectStore, StoredObject
from oximetry.domain.sync.sync_records import RunState, SyncEntry, SyncRun
from oximetry.domain.sync.syncing import YOUNG, CatalogueRow, Guard, Kind, Left, judge, merge_join, moment
from oximetry.services.sync.sync_sentinel import Sentinel

logger = logging.getLogger(__name__)

ROWS_AT_ONCE = 5000
KEYS_AT_ONCE = 20_000
ENTRIES_AT_ONCE = 2000
KEPT_ABOVE_LIMIT = 1000


@dataclass(frozen=True, slots=True)
class SyncLimits:
    """How many rows one plan may remove: at most so many, and at most so many percent of the live ones."""

    removed: int = 100
    removed_pct: float = 5.0

    def check(self, removed: int, live_rows: int) -> None:
        """Raise ``SyncAborted`` when too many would go."""
        if removed > self.allowed(live_rows):
            raise SyncAborted(
                "sync_too_many_removed", removed=removed, limit=self.removed, limit_pct=self.removed_pct, rows=live_rows
            )

    def allowed(self, live_rows: int) -> int:
        """Of so many live rows."""
        return min(self.removed, int(live_rows * self.removed_pct / 100))


class SyncPlanner:
    """Makes the plan of one run; the caller holds the lock."""

    def __init__(
        self, catalogue: Catalogue, store: ObjectStore, clock: Clock, sentinel: Sentinel, limits: SyncLimits
    ) -> None:
        self._catalogue = catalogue
        self._store = store
        self._clock = clock
        self._sentinel = sentinel
        self._limits = limits

    def plan(self, run_id: str, keep_lock: Callable[[], None]) -> SyncRun:
        """Compare everything behind the run's cursor and finish the plan.

        Returns
        -------
        SyncRun
            Planned, or aborted with the reason: a listing that is empty or ended early, a sentinel that is missing,
            too many rows that would go. An outage raises ``StorageUnavailable`` and leaves the run to be gone on with.
        """
        with self._catalogue.read() as transaction:
            run = transaction.sync_runs.get(run_id)
        if run.state is not RunState.PLANNING:
            return run
        try:
            self._sentinel.check()
            self._compare(run, keep_lock)
            return self._finish(run_id)
        except (SyncAborted, StorageUnavailable) as error:
            outage = isinstance(error, StorageUnavailable) and error.reason != "storage_listing_incomplete"
            if outage or error.reason == "sync_running":
                raise
            return self.abort(run_id, error)

    def abort(self, run_id: str, error: OximetryError) -> SyncRun:
        """End a run that is no plan, with the reason."""
        logger.warning("synchronisation aborted run=%s reason=%s", run_id, error.reason)
        with self._catalogue.write() as transaction:
            aborted = {"state": RunState.ABORTED.value, "reason": error.reason, "details": dict(error.details)}
            transaction.sync_runs.set(run_id, self._clock(), **aborted)
            return transaction.sync_runs.get(run_id)

    def _compare(self, run: SyncRun, keep_lock: Callable[[], None]) -> None:
        tally = _Tally(run, self._guard(frozenset()), self._limits.removed + KEPT_ABOVE_LIMIT)
        pairs = merge_join(self._store.list(after=run.cursor or None), self._rows(run.cursor))
        for stored_object, row in pairs:
            tally.take(stored_object, row)
            if tally.is_full:
                keep_lock()
                self._flush(run.id, tally)
                tally.guard = self._guard(tally.guard.outbox)
        self._flush(run.id, tally)

    def _rows(self, after: str) -> Iterator[CatalogueRow]:
        while True:
            with self._catalogue.read() as transaction:
                page = transaction.compared_files.rows_after(after, ROWS_AT_ONCE)
            yield from page
            if len(page) < ROWS_AT_ONCE:
                return
            after = page[-1].key

    def _guard(self, outbox_before: Set[str]) -> Guard:
        """What to leave alone now; what was in the outbox when we began may have been archived behind our back."""
        with self._catalogue.read() as transaction:
            outbox = outbox_before | transaction.compared_files.outbox_keys()
            return Guard(outbox, transaction.compared_files.patients_at_work(), self._clock() - YOUNG)

    def _flush(self, run_id: str, tally: _Tally) -> None:
        named = {entry.key: patient_of(entry.key) for entry in tally.entries if entry.kind is Kind.ADDED}
        with self._catalogue.write() as transaction:
            known = transaction.compared_files.known_patients({one for one in named.values() if one})
            entries = [_of_whom(entry, named.get(entry.key) in known) for entry in tally.entries]
            for entry in entries:
                tally.counts["orphaned"] += entry.kind is Kind.ORPHANED
                tally.counts["added"] += entry.kind is Kind.ADDED
            transaction.sync_runs.add_entries(run_id, entries)
            values = {"counts": dict(tally.counts), "cursor": tally.cursor, "entries": tally.number}
            transaction.sync_runs.set(run_id, self._clock(), **values)
        tally.begin_again()

    def _finish(self, run_id: str) -> SyncRun:
        with self._catalogue.read() as transaction:
            run = transaction.sync_runs.get(run_id)
            live_rows = transaction.files.live_count()
        if live_rows and not run.counts.get("objects"):
            raise SyncAborted("sync_listing_empty", rows=live_rows)
        self._limits.check(run.counts.get("removed", 0), live_rows)
        digest = sha256_of(line for line, _ in plan_lines(self._catalogue, run_id))
        with self._catalogue.write() as transaction:
            transaction.sync_runs.set(run_id, self._clock(), state=RunState.PLANNED.value, sha256=digest, reason=None)
            transaction.audit.add(self._clock(), run.requested_by, "sync_planned", ("sync_run", run_id))
            return transaction.sync_runs.get(run_id)


class _Tally:
    """What was seen since the last transaction, and the sums since the run began."""

    def __init__(self, run: SyncRun, guard: Guard, kept_removals: int) -> None:
        self.guard = guard
        self.counts: Counter[str] = Counter(run.counts)
        self.cursor = run.cursor
        self.number = run.entries
        self.entries: list[SyncEntry] = []
        self._seen = 0
        self._kept_removals = kept_removals

    @property
    def is_full(self) -> bool:
        """Whether it is time to write it down."""
        return self._seen >= KEYS_AT_ONCE or len(self.entries) >= ENTRIES_AT_ONCE

    def begin_again(self) -> None:
        """It is written down."""
        self.entries, self._seen = [], 0

    def take(self, stored_object: StoredObject | None, row: CatalogueRow | None) -> None:
        """One key, with what each side has under it."""
        self._seen += 1
        counts = self.counts
        if stored_object is not None:
            self.cursor = stored_object.key
            counts["objects"] += not stored_object.key.startswith((STAGING, OWN))
        if row is not None:
            self.cursor = row.key
            counts["rows"] += not row.deleted
        verdict = judge(stored_object, row, self.guard)
        if verdict is None:
            return
        if isinstance(verdict, Left):
            counts["skipped"] += 1
            counts[f"skipped_{verdict.value}"] += 1
            return
        if verdict is not Kind.ADDED:  # whether an object is an orphan is asked when it is written down
            counts[verdict.value] += 1
        if verdict is Kind.REMOVED and counts["removed"] > self._kept_removals:
            return  # far above any limit: this is no plan any more, and its examples are enough
        self.number += 1
        self.entries.append(_entry(self.number, verdict, stored_object, row))


def plan_lines(catalogue: Catalogue, run_id: str) -> Iterator[tuple[str, SyncEntry]]:
    """The lines of a plan as they are downloaded (JSON, one object each), read a thousand at a time."""
    after = 0
    while True:
        with catalogue.read() as transaction:
            entries = transaction.sync_runs.entries(run_id, after, 1000)
        for entry in entries:
            yield _line(entry), entry
        if len(entries) < 1000:
            return
        after = entries[-1].number


def sha256_of(lines: Iterator[str]) -> str:
    """Of the lines of a plan, each with its line end."""
    digest = hashlib.sha256()
    for line in lines:
        digest.update(line.encode())
    return digest.hexdigest()


def _line(entry: SyncEntry) -> str:
    fields_of_line = {
        "n": entry.number,
        "kind": entry.kind.value,
        "key": entry.key,
        "size": entry.size,
        "etag": entry.etag,
        "modified_at": entry.modified_at and entry.modified_at.isoformat(timespec="seconds"),
        "file_id": entry.file_id,
        "row_size": entry.row_size,
        "row_updated_at": entry.row_updated_at and entry.row_updated_at.isoformat(),
    }
    return json.dumps(fields_of_line, separators=(",", ":")) + "\n"


def _of_whom(entry: SyncEntry, is_known: bool) -> SyncEntry:
    return entry if entry.kind is not Kind.ADDED or is_known else replace(entry, kind=Kind.ORPHANED)


def _entry(number: int, kind: Kind, stored_object: StoredObject | None, row: CatalogueRow | None) -> SyncEntry:
    key = stored_object.key if stored_object is not None else row.key if row is not None else ""
    return SyncEntry(
        number,
        kind,
        key,
        row and row.id,
        row and row.size,
        row and row.updated_at,
        stored_object.size if stored_object else None,
        stored_object.etag if stored_object else None,
        moment(stored_object.modified_at) if stored_object else None,
    )
