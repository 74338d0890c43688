"""What is over: nights removed 30 days ago, deleted objects, batches that were left behind."""

from __future__ import annotations

import logging
import re
from datetime import UTC, datetime, timedelta

from oximetry.domain.catalogue_ports import Catalogue
from oximetry.domain.errors import NotFound
from oximetry.domain.link_sessions import LONGEST_LIFE
from oximetry.domain.ports import Clock, ObjectStore
from oximetry.services.storage.storage_check import FOLDER
from oximetry.services.storage.verifying import VERIFY
from oximetry.domain.keeping import RESTORABLE

logger = logging.getLogger(__name__)

QUIET_BATCH = timedelta(days=2)
PORTION = 200
DAILY = ("expunge", VERIFY, "erase_old")
_STAGED = re.compile(r"users/[0-9a-f]{16}/[0-9a-f-]{36}/\d+_[0-9a-f]{8}")
KEPT_TRACES = timedelta(days=14)


class HousekeepingService:
    """Handles the daily job ``expunge``."""

    def __init__(self, catalogue: Catalogue, store: ObjectStore, clock: Clock) -> None:
        self._catalogue = catalogue
        self._store = store
        self._clock = clock

    def submit_daily(self) -> None:
        """Ask for today's work once, however many workers ask."""
        now = self._clock()
        with self._catalogue.write() as transaction:
            for name in DAILY:
                if not transaction.jobs.submitted_before(name, f"{now:%Y-%m-%d}"):
                    transaction.jobs.submit(name, f"{now:%Y-%m-%d}", "", now)

    def expunge(self, _day: str) -> None:
        """Forget what may no longer be restored; the object goes first, then its row."""
        before = self._clock() - RESTORABLE
        with self._catalogue.write() as transaction:
            nights = transaction.nights.removed_before(before)
            for night in nights:
                files = transaction.files.of("recording", [night.id])
                transaction.files.mark_deleted([file.id for file in files], before - timedelta(seconds=1))
            transaction.jobs.prune(self._clock() - KEPT_TRACES)
            transaction.accounts.prune(self._clock() - KEPT_TRACES)
            transaction.link_sessions.prune(self._clock() - LONGEST_LIFE - KEPT_TRACES)
            transaction.audit.adopt()
        self._close_quiet_batches()
        self._release_kept()
        self.empty_lost_staging(before)
        self._expunge_files()
        with self._catalogue.write() as transaction:
            for night in transaction.nights.removed_before(before):
                if transaction.files.of("recording", [night.id], deleted=True):
                    continue  # it passed its time since we began; its files go tomorrow
                transaction.nights.expunge(night.id)
                transaction.audit.add(self._clock(), night.doctor_id, "night_expunged", ("recording", night.id))

    def empty_lost_staging(self, before: datetime) -> None:
        """Remove staged files that no row tells of, and what a worker that died left of its looks at the store."""
        limit_s = before.replace(tzinfo=UTC).timestamp()
        lost = [
            stored_object.key
            for stored_object in self._store.list("users/")
            if stored_object.modified_at < limit_s and self._is_lost(stored_object.key)
        ]
        for key in lost:
            self._store.delete(key)

    def _is_lost(self, key: str) -> bool:
        return key.startswith(f"{FOLDER}/") or (_STAGED.fullmatch(key) is not None and not self._is_staged(key))

    def _release_kept(self) -> None:
        """What was kept aside for its time goes."""
        with self._catalogue.write() as transaction:
            for key in transaction.uploads.release_kept(self._clock()):
                transaction.jobs.submit("empty_staging", key, "", self._clock())

    def _is_staged(self, key: str) -> bool:
        with self._catalogue.read() as transaction:
            return transaction.uploads.is_staged_for(key)

    def _close_quiet_batches(self) -> None:
        before = self._clock() - QUIET_BATCH
        with self._catalogue.write() as transaction:
            for session in transaction.uploads.stale_sessions(before):
                transaction.uploads.lock_session(session.id)
            for session in transaction.uploads.stale_sessions(before):  # again: a file may have come in until the lock
                transaction.uploads.close_session(session.id, self._clock())

    def _expunge_files(self) -> None:
        before = self._clock() - RESTORABLE
        while True:
            with self._catalogue.read() as transaction:
                files = transaction.files.deleted_before(before, PORTION)
            if not files:
                return
            for file in files:
                if self._is_live(file.key):
                    continue
                if (
                    file.missing_since is None
                ):  # else nothing was there; what came back since then is not ours to delete
                    self._store.delete(file.key)
                with self._catalogue.write() as transaction:
                    transaction.files.forget(file.id)
            logger.info("objects expunged count=%d", len(files))

    def _is_live(self, key: str) -> bool:
        try:
            with self._catalogue.read() as transaction:
                transaction.files.live(key)
        except NotFound:
            return False
        return True
