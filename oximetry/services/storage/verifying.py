"""Every night a slice of the stored objects is read again and compared with its SHA-256."""

from __future__ import annotations

import hashlib
import logging
from datetime import timedelta

from oximetry.domain.catalogue_ports import Catalogue
from oximetry.domain.errors import NotFound
from oximetry.domain.ports import Clock, ObjectStore
from oximetry.domain.records import StoredFile

logger = logging.getLogger(__name__)

VERIFY = "verify_files"
NIGHTS_FOR_ALL = 30
LEAST_A_NIGHT = 50
PORTION = 50
NOT_AGAIN_WITHIN = timedelta(hours=20)


class VerifyingService:
    """Handles the daily job ``verify_files``; what it finds damaged stands in ``/readyz`` until it is right again."""

    def __init__(self, catalogue: Catalogue, store: ObjectStore, clock: Clock) -> None:
        self._catalogue = catalogue
        self._store = store
        self._clock = clock

    def verify(self, _day: str) -> None:
        """Read the files that were not read for longest; all of them come round within thirty nights.

        Stopped in the middle, it goes on where it was, for each file's time is written down at once.
        """
        with self._catalogue.read() as transaction:
            remaining = max(LEAST_A_NIGHT, -(-transaction.files.live_count() // NIGHTS_FOR_ALL))
        before = self._clock() - NOT_AGAIN_WITHIN
        while remaining > 0:
            with self._catalogue.read() as transaction:
                files = transaction.files.longest_unverified(before, min(PORTION, remaining))
            for file in files:
                self._verify(file)
            remaining -= PORTION if files else remaining

    def _verify(self, file: StoredFile) -> None:
        digest, problem = self._read(file)
        with self._catalogue.write() as transaction:
            transaction.files.set_verified(file.id, self._clock(), sha256=digest, is_right=problem is None)
            if problem:
                transaction.audit.add(self._clock(), None, "object_damaged", ("file", file.id), problem=problem)
        if problem:
            logger.critical("stored object is not what was stored file=%s problem=%s", file.id, problem)

    def _read(self, file: StoredFile) -> tuple[str | None, str | None]:
        """Its SHA-256 now, and what is wrong with it; of a file that a listing found this is the first SHA-256."""
        try:
            digest = hashlib.sha256(self._store.get(file.key)).hexdigest()
        except NotFound:
            return None, "missing"
        return digest, None if file.sha256 in (digest, None) else "altered"
