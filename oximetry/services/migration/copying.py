"""Copying one store into another, object by object: re-read, compared, never overwritten, resumed after a kill."""

from __future__ import annotations

import hashlib
import heapq
import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import groupby

from oximetry.domain.errors import AlreadyExists, NotFound, StorageRefused, StorageUnavailable, SyncAborted
from oximetry.domain.migration.migrating import Journal, Manner, MigrationLine, Outcome, manner_of, masked
from oximetry.domain.ports import ObjectStore, StoredObject
from oximetry.domain.sync.syncing import SENTINEL_KEY
from oximetry.services.migration.pace import TRIES, Pace

logger = logging.getLogger(__name__)

GIVE_UP_AFTER = 100
COPY, RETRY, LEFT = "copy", "retry", "left"
MAX_LEFT = 1000
Described = Callable[[str], tuple[str, str | None]]


@dataclass
class CopyPlan:
    """What copying would do, found by comparing two listings (size and MD5)."""

    lines: dict[str, int] = field(default_factory=lambda: dict.fromkeys(Outcome, 0))
    bytes: dict[str, int] = field(default_factory=lambda: dict.fromkeys(Outcome, 0))
    examples: dict[str, list[str]] = field(default_factory=dict)


class CopyingService:
    """Copies our own layout from one store to another.

    Parameters
    ----------
    described : callable
        A key to its content type and stored file name (``None``: none).
    old_tokens : frozenset of str
        Folders that are imported instead; see `manner_of`.
    """

    def __init__(
        self,
        source: ObjectStore,
        target: ObjectStore,
        described: Described,
        pace: Pace,
        old_tokens: frozenset[str] = frozenset(),
    ) -> None:
        self._source = source
        self._target = target
        self._described = described
        self._pace = pace
        self._old_tokens = old_tokens

    def plan(self) -> CopyPlan:
        """Compare the two listings in one pass; nothing is written.

        Raises
        ------
        SyncAborted
            ``sync_other_catalogue``, as `copy` does: the target belongs to another platform.
        """
        self._check_target()
        plan = CopyPlan()
        ours = ((one, 0) for one in self._listed(self._source, None))
        theirs = ((one, 1) for one in self._listed(self._target, None))
        both = heapq.merge(ours, theirs, key=lambda pair: (pair[0].key, pair[1]))
        for key, found in groupby(both, key=lambda pair: pair[0].key):
            sides = {side: one for one, side in found}
            if 0 not in sides or self._manner(key) is Manner.IMPORT:
                continue
            outcome, shown = _foreseen(sides[0], sides.get(1)), key
            if self._manner(key) is Manner.LEAVE:
                outcome, shown = Outcome.LEFT, masked(key)
            plan.lines[outcome] += 1
            plan.bytes[outcome] += sides[0].size
            if len(plan.examples.setdefault(outcome, [])) < 5:
                plan.examples[outcome].append(shown)
        return plan

    def copy(self, journal: Journal, threads: int = 16) -> bool:
        """Copy everything that is not there; ``False`` when the outage lasted and the rest was not tried."""
        self._check_target()
        cursor, failed = journal.cursor, journal.failed
        if failed:
            journal.begin(RETRY)
            if not self._in_order(journal, (key for key in failed if self._manner(key) is Manner.COPY), threads):
                return False
            journal.end()
        journal.begin(COPY)
        keys_to_copy: list[str] = []
        if not self._in_order(journal, self._to_copy(cursor, keys_to_copy), threads):
            return False
        journal.end()
        if keys_to_copy:
            journal.begin(LEFT)
            for key in sorted(keys_to_copy):
                journal.add(MigrationLine(key, Outcome.LEFT, reason="migrate_foreign"))
            journal.end()
        return True

    def _check_target(self) -> None:
        here, there = (
            self._pace.retried(lambda store=store: _sha256_at(store, SENTINEL_KEY))  # type: ignore[misc]
            for store in (self._source, self._target)
        )
        if None not in (here, there) and here != there:
            raise SyncAborted("sync_other_catalogue")

    def _to_copy(self, cursor: str | None, keys_to_copy: list[str]) -> Iterator[str]:
        """The keys that are copied as they are; the first of what is left where it is are noted."""
        for source_object in self._listed(self._source, cursor or None):
            manner = self._manner(source_object.key)
            if manner is Manner.COPY:
                yield source_object.key
            elif manner is Manner.LEAVE and len(keys_to_copy) < MAX_LEFT:
                keys_to_copy.append(masked(source_object.key))

    def _manner(self, key: str) -> Manner:
        return manner_of(key, self._old_tokens)

    def undo(
        self, journal: Journal, *, apply: bool, in_use: Callable[[str], bool] = lambda _key: False
    ) -> Iterator[MigrationLine]:
        """Take back what the report's runs copied, where both stores still have those very bytes.

        Parameters
        ----------
        apply : bool
            Without it nothing is removed, and the lines tell what would be.
        in_use : callable
            Whether somebody could be shown the object of a key as it lies at the target; it stays then.
        """
        for line in journal.lines():
            if line.ours and line.ref is None and manner_of(line.key) is Manner.COPY:
                self._pace.wait()
                if in_use(line.key):
                    yield MigrationLine(line.key, Outcome.KEPT, line.size, line.sha256, "migrate_in_use")
                else:
                    yield self._taken_back(line, apply=apply)

    def _taken_back(self, line: MigrationLine, *, apply: bool) -> MigrationLine:
        try:
            here = self._pace.retried(lambda: _sha256_at(self._target, line.key))
            there = self._pace.retried(lambda: _sha256_at(self._source, line.key))
            reason = None
            if here is not None and here != line.sha256:
                reason = "migrate_changed"
            elif there != line.sha256:
                reason = "migrate_source_lacks"
            if reason is None and apply and here is not None:
                self._pace.retried(lambda: self._target.delete(line.key))
        except (StorageUnavailable, StorageRefused) as error:
            reason = error.reason
        outcome = Outcome.KEPT if reason else Outcome.REMOVED
        return MigrationLine(line.key, outcome, line.size, line.sha256, reason)

    def _in_order(self, journal: Journal, keys: Iterable[str], threads: int) -> bool:
        """Copy many at once; the journal hears of them in key order, so that its last line is a cursor."""
        in_a_row = 0
        pool = ThreadPoolExecutor(threads)
        waiting: deque[Future[MigrationLine]] = deque()
        try:
            for key in keys:
                waiting.append(pool.submit(self._one, journal, key))
                if len(waiting) < 4 * threads:
                    continue
                in_a_row = _told(journal, waiting.popleft(), in_a_row)
                if in_a_row >= GIVE_UP_AFTER:
                    logger.error("migration stopped failures_in_a_row=%d", in_a_row)
                    return False
            while waiting:
                _told(journal, waiting.popleft(), 0)
            return True
        finally:
            pool.shutdown(cancel_futures=True)

    def _one(self, journal: Journal, key: str) -> MigrationLine:
        self._pace.wait()
        try:
            return self._pace.retried(lambda: self._copied(journal, key))
        except (StorageUnavailable, StorageRefused) as error:
            return MigrationLine(key, Outcome.FAILED, reason=error.reason)

    def _copied(self, journal: Journal, key: str) -> MigrationLine:
        try:
            content = self._source.get(key)
        except NotFound:
            return MigrationLine(key, Outcome.GONE)
        sha256, ours = hashlib.sha256(content).hexdigest(), journal.is_intended(key)
        there = _sha256_at(self._target, key)
        if there is None:
            journal.intend(key)
            ours = True
            content_type, filename = self._described(key)
            try:
                self._target.put(key, content, content_type=content_type, filename=filename)
            except AlreadyExists:
                ours = False
            there = _sha256_at(self._target, key)
        if there != sha256:
            return MigrationLine(key, Outcome.DIFFERS, len(content), sha256, "migrate_other_bytes")
        if ours and not _is_there(self._source, key):
            self._target.delete(key)  # deleted while it was copied: it must not come back
            return MigrationLine(key, Outcome.GONE)
        return MigrationLine(key, Outcome.COPIED if ours else Outcome.ALREADY, len(content), sha256)

    def _listed(self, store: ObjectStore, after: str | None) -> Iterator[StoredObject]:
        """A listing that goes on behind its last key after an outage."""
        barren = 0
        while True:
            began = after
            try:
                for stored_object in store.list(after=after):
                    after = stored_object.key
                    yield stored_object
                return
            except StorageUnavailable:
                barren = barren + 1 if after == began else 0
                if barren >= TRIES:
                    raise
                self._pace.pause(barren)


def _told(journal: Journal, finished_copy: Future[MigrationLine], in_a_row: int) -> int:
    line = finished_copy.result()
    journal.add(line)
    return in_a_row + 1 if line.outcome is Outcome.FAILED else 0


def _foreseen(source_object: StoredObject, target_object: StoredObject | None) -> Outcome:
    if target_object is None:
        return Outcome.COPIED
    return (
        Outcome.ALREADY
        if (source_object.size, source_object.etag) == (target_object.size, target_object.etag)
        else Outcome.DIFFERS
    )


def _sha256_at(store: ObjectStore, key: str) -> str | None:
    try:
        return hashlib.sha256(store.get(key)).hexdigest()
    except NotFound:
        return None


def _is_there(store: ObjectStore, key: str) -> bool:
    try:
        store.stat(key)
    except NotFound:
        return False
    return True
