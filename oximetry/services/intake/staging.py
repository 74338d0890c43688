"""The staged bytes of a file that a doctor was told is taken: how they are read, and when they may go."""

from __future__ import annotations

import hashlib
import logging

from oximetry.domain.catalogue_ports import Catalogue, Transaction
from oximetry.domain.errors import InvalidRequest, NotFound, StorageRefused, StorageUnavailable
from oximetry.domain.keys import STAGING
from oximetry.domain.ports import ObjectStore
from oximetry.domain.records import ItemState, StoredFile, UploadItem

logger = logging.getLogger(__name__)


def staged_content(store: ObjectStore, item: UploadItem) -> bytes:
    """The bytes of a file as they were taken.

    Raises
    ------
    StorageUnavailable
        Also with ``staging_lost``: the store says that it has no such object. It may be wrong, so nothing ends here.
    StorageRefused
        Also with ``staging_damaged``: the store gives other bytes.
    """
    try:
        content = store.get(item.staging_key)
    except NotFound as error:
        raise StorageUnavailable("staging_lost", item_id=item.id) from error
    if hashlib.sha256(content).hexdigest() != item.sha256:
        raise StorageRefused("staging_damaged", item_id=item.id)
    return content


class StagingKeeper:
    """Handles the job ``empty_staging``: the one place where bytes of the working space are deleted by name."""

    def __init__(self, catalogue: Catalogue, store: ObjectStore) -> None:
        self._catalogue = catalogue
        self._store = store

    def empty_staging(self, key: str) -> None:
        """Remove a staged object that nobody needs any more.

        It stays while a file that is not done with lies under it or is kept aside, and until what was stored of it was
        read back from its final place and found equal.

        Raises
        ------
        InvalidRequest
            The key is not one of the working space.
        StorageUnavailable
            What was stored of it is not there, or is something else: the staged bytes may be the only ones.
        """
        if not key.startswith(STAGING):
            raise InvalidRequest("malformed")
        with self._catalogue.read() as transaction:
            if transaction.uploads.is_staged_for(key):
                return
            final_files = _final_files(transaction, key)
        for file in final_files:
            self._check(file)
        self._store.delete(key)

    def _check(self, file: StoredFile) -> None:
        try:
            content = self._store.get(file.key)
        except NotFound as error:
            raise StorageUnavailable("not_at_its_place", key=file.key) from error
        if hashlib.sha256(content).hexdigest() != file.sha256:
            logger.error("stored object differs key=%s", file.key)
            raise StorageUnavailable("not_at_its_place", key=file.key)


def _final_files(transaction: Transaction, key: str) -> list[StoredFile]:
    """What was stored of the files under a staging key, as far as it is still shown."""
    stored_items = [item for item in transaction.uploads.staged_as(key) if item.state is ItemState.STORED]
    nights = [item.recording_id for item in stored_items if item.recording_id]
    lone = [str(item.patient_id) for item in stored_items if not item.recording_id]
    files = [*transaction.files.of("recording", nights), *transaction.files.of("patient", lone)]
    digests = {item.sha256 for item in stored_items}
    same = [file for file in files if file.sha256 in digests]
    return same or [file for file in files if not file.key.endswith(".png")]
