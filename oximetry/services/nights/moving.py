"""The worker's part of moving a night: copy every object, verify it, then let the catalogue point to the copies."""

from __future__ import annotations

import hashlib
import logging

from oximetry.domain.catalogue_ports import Catalogue
from oximetry.domain.errors import NotReady, StorageUnavailable
from oximetry.domain.ports import Clock, ObjectStore
from oximetry.domain.records import NightState, StoredFile
from oximetry.services.nights.nights import submit_plots

logger = logging.getLogger(__name__)


class MovingService:
    """Handles the job ``move_night``."""

    def __init__(self, catalogue: Catalogue, store: ObjectStore, clock: Clock) -> None:
        self._catalogue = catalogue
        self._store = store
        self._clock = clock

    def move_night(self, night_id: str) -> None:
        """Finish a move; until it is finished nobody but the doctor's list shows the night. Safe to repeat."""
        with self._catalogue.read() as transaction:
            night = transaction.nights.get(night_id)
            files = transaction.files.of("recording", [night_id])
        if night.state is not NightState.MOVING or night.moving_to is None:
            return
        target = night.moving_to
        copies = [(file, self._copy(file, target)) for file in files if not file.key.startswith(f"{target}/")]
        with self._catalogue.write() as transaction:
            transaction.nights.lock(night_id)
            now = transaction.nights.get(night_id)
            chosen = (now.state, now.moving_to) == (NightState.MOVING, target)
            if not chosen or transaction.files.of("recording", [night_id]) != files:
                raise NotReady  # the doctor chose otherwise meanwhile, or a report came in: look again
            for old, key in copies:
                new = transaction.files.add(_row(old, key), self._clock())
                transaction.nights.follow_copy(old.id, new.id)
                transaction.reports.follow_copy(night_id, target, old.id, new.id)
            transaction.files.mark_deleted([old.id for old, _ in copies], self._clock())
            transaction.nights.set(
                night_id, patient_id=target, moving_to=None, state=NightState.STORED.value, removed_at=None
            )
            moved = {"source": night.patient_id, "to": target}
            transaction.audit.add(self._clock(), night.doctor_id, "night_moved", ("recording", night_id), **moved)
            submit_plots(transaction, night, self._clock)
        logger.info("night moved id=%s files=%d", night_id, len(copies))

    def _copy(self, file: StoredFile, patient_id: str) -> str:
        content = self._store.get(file.key)
        if hashlib.sha256(content).hexdigest() != file.sha256:
            raise StorageUnavailable("copy_damaged", key=file.key)
        key = f"{patient_id}/{file.key.partition('/')[2]}"
        self._store.put(key, content, content_type=file.content_type, filename=file.name)
        return key


def _row(file: StoredFile, key: str) -> dict[str, object]:
    return {
        "key": key,
        "content_type": file.content_type,
        "size": file.size,
        "sha256": file.sha256,
        "reference_type": file.reference_type,
        "reference_id": file.reference_id,
        "created_by": file.created_by,
    }
