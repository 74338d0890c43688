"""A worker's signs of life: that it is there, and that the store takes and gives back an object."""

from __future__ import annotations

import logging
import secrets
from contextlib import suppress
from datetime import timedelta

from oximetry.domain.catalogue_ports import Catalogue
from oximetry.domain.errors import NotFound, OximetryError, StorageRefused
from oximetry.domain.heartbeats import PROBE_BEAT, WORKER_BEAT, WORKER_BEATS
from oximetry.domain.ports import Clock, ObjectStore
from oximetry.services.storage.storage_check import FOLDER

logger = logging.getLogger(__name__)

PROBED_EVERY = timedelta(seconds=30)
FORGOTTEN_AFTER = timedelta(days=1)
NAME_LENGTH = 40
_PROBE_BYTES = 32


class Pulse:
    """Writes the signs of life of one worker.

    Parameters
    ----------
    store : ObjectStore
        The store itself, without an outbox before it: what is kept aside here proves nothing about it.
    """

    def __init__(self, catalogue: Catalogue, store: ObjectStore, clock: Clock) -> None:
        self._catalogue = catalogue
        self._store = store
        self._clock = clock

    def beat(self, worker: str, **details: object) -> None:
        """The worker of this name is alive; raises ``CatalogueUnavailable``."""
        now = self._clock()
        with self._catalogue.write() as transaction:
            transaction.heartbeats.beat(WORKER_BEAT, now, True)
            transaction.heartbeats.beat(f"{WORKER_BEATS}{worker}"[:NAME_LENGTH], now, True, **details)
            transaction.heartbeats.forget(WORKER_BEATS, now - FORGOTTEN_AFTER)

    def probe(self) -> None:
        """Write a small object, read it and remove it, unless a worker did within the last half minute."""
        now = self._clock()
        with self._catalogue.read() as transaction:
            last = transaction.heartbeats.last(PROBE_BEAT)
        if last is not None and now - last[0] < PROBED_EVERY:
            return
        failure = self._written_and_read()
        details = {"state": _state(failure), "reason": failure.reason} if failure else {}
        with self._catalogue.write() as transaction:
            transaction.heartbeats.beat(PROBE_BEAT, self._clock(), failure is None, **details)

    def _written_and_read(self) -> OximetryError | None:
        key, content = f"{FOLDER}/probe-{secrets.token_hex(8)}", secrets.token_bytes(_PROBE_BYTES)
        try:
            self._store.put(key, content, content_type="application/octet-stream")
            if self._store.get(key) != content:
                raise StorageRefused("storage_integrity")
        except OximetryError as error:
            logger.warning("store took or gave back no object reason=%s", error.reason)
            return error
        finally:
            with suppress(OximetryError):
                self._store.delete(key)
        return None


def _state(failure: OximetryError) -> str:
    return "refused" if isinstance(failure, StorageRefused | NotFound) else "down"
