"""The sentinel: a small object that holds the catalogue's id, so that an empty or a foreign bucket is noticed.

It lies under ``.oximetry/catalogue``, which no patient's key can be. It is written by itself only while the catalogue
knows no file; for a catalogue that does, an administrator asks for it, and a sample of the files must be there.
"""

from __future__ import annotations

import json
import logging

from oximetry.domain.catalogue_ports import Catalogue
from oximetry.domain.errors import NotFound, SyncAborted
from oximetry.domain.ports import Clock, ObjectStore
from oximetry.domain.sync.syncing import SENTINEL_KEY

logger = logging.getLogger(__name__)

SAMPLE = 20


class Sentinel:
    """Whether the store that is configured is this catalogue's own."""

    def __init__(self, catalogue: Catalogue, store: ObjectStore, clock: Clock) -> None:
        self._catalogue = catalogue
        self._store = store
        self._clock = clock

    def check(self) -> None:
        """Raise ``SyncAborted`` unless the store holds our sentinel; a catalogue without any file writes it first.

        Reasons: ``sync_sentinel_missing`` (it was there, or should be), ``sync_not_initialised`` (it never was),
        ``sync_other_catalogue`` (it is another's).
        """
        with self._catalogue.write() as transaction:
            identity = transaction.sync_runs.identity()
            is_new = identity.sentinel_at is None and not transaction.compared_files.rows_after("", 1)
        if self._is_there(identity.catalogue_id):
            return
        if is_new:
            self._write(identity.catalogue_id, None)
            return
        raise SyncAborted("sync_not_initialised" if identity.sentinel_at is None else "sync_sentinel_missing")

    def init(self, doctor_id: str | None) -> None:
        """Write the sentinel on an administrator's word; again where it stands, for a moving system has two stores.

        Raises
        ------
        SyncAborted
            ``sync_other_catalogue``, or ``sync_store_looks_wrong``: most of a sample of our files are not there.
        """
        with self._catalogue.write() as transaction:
            identity = transaction.sync_runs.identity()
            sample = transaction.compared_files.sample(SAMPLE)
        if not self._is_there(identity.catalogue_id):
            objects_there = sum(self._exists(key) for key in sample)
            if objects_there * 2 < len(sample):
                raise SyncAborted("sync_store_looks_wrong", looked=len(sample), found=objects_there)
        self._write(identity.catalogue_id, doctor_id)

    def _is_there(self, catalogue_id: str) -> bool:
        try:
            sentinel = self._store.get(SENTINEL_KEY)
        except NotFound:
            return False
        if sentinel != _content(catalogue_id):
            raise SyncAborted("sync_other_catalogue")
        return True

    def _exists(self, key: str) -> bool:
        try:
            self._store.stat(key)
        except NotFound:
            return False
        return True

    def _write(self, catalogue_id: str, doctor_id: str | None) -> None:
        self._store.put(SENTINEL_KEY, _content(catalogue_id), content_type="application/json")
        with self._catalogue.write() as transaction:
            transaction.sync_runs.set_sentinel(self._clock())
            transaction.audit.add(self._clock(), doctor_id, "sync_initialised", ("catalogue", catalogue_id))
        logger.info("storage sentinel written")


def _content(catalogue_id: str) -> bytes:
    return json.dumps({"catalogue": catalogue_id}).encode()
