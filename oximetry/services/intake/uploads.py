"""A doctor's batch: taking files in, one request each, and keeping what became of them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from oximetry.domain.catalogue_ports import Catalogue, Transaction
from oximetry.domain.errors import InvalidRequest, InvalidUpload, OximetryError
from oximetry.domain.ports import Clock, Staging, Vault
from oximetry.domain.records import Doctor, ItemKind, ItemState, UploadItem, UploadSession, user_hash
from oximetry.services.incoming import MEGABYTE, IncomingFile, UploadLimits

logger = logging.getLogger(__name__)

MAX_NAME_LENGTH = 200
EARLIEST_START = datetime(2000, 1, 1)
_CONTENT_TYPES = {
    ItemKind.RECORDING: "text/csv",
    ItemKind.REPORT: "application/pdf",
    ItemKind.ARCHIVE: "application/zip",
}


class UploadService:
    """Takes files into staging and writes a row for each.

    Parameters
    ----------
    staging : callable
        A doctor's e-mail and session to that doctor's working space.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        staging: Callable[[str, str], Staging],
        vault: Vault,
        clock: Clock,
        limits: UploadLimits,
    ) -> None:
        self._catalogue = catalogue
        self._staging = staging
        self._vault = vault
        self._clock = clock
        self.limits = limits

    def open_session(self, doctor: Doctor) -> UploadSession:
        """The doctor's open batch; the same one in every tab."""
        with self._catalogue.write() as transaction:
            return transaction.uploads.open_session(doctor.id, self._clock())

    def separate_session(self, doctor: Doctor) -> UploadSession:
        """A batch of its own (the command line's), which the page does not show."""
        with self._catalogue.write() as transaction:
            return transaction.uploads.new_session(doctor.id, self._clock())

    def accept(self, doctor: Doctor, session_id: str, file: IncomingFile) -> tuple[UploadItem, bool]:
        """Stage a file and ask for it to be read.

        Returns
        -------
        (UploadItem, bool)
            The row, and whether it is new; the same bytes in the same batch are the same row.

        Raises
        ------
        InvalidUpload
            A limit is broken; nothing was kept.
        StorageUnavailable, StorageRefused
            Nothing was kept; the browser keeps the file.
        """
        if len(file.content) > self.limits.file_bytes:
            raise InvalidUpload("file_too_large", limit_mb=self.limits.file_bytes // MEGABYTE)
        with self._catalogue.read() as transaction:
            number = transaction.uploads.next_number(session_id)  # before the look for equal content: see both or none
            existing = self._admit(transaction, doctor, session_id, file)
        if existing is not None:
            return existing, False
        values = self._row(doctor, session_id, file, number)
        staging_key = str(values["staging_key"])
        staging = self._staging(doctor.email, session_id)
        staging.save_file(file.content, staging_key.rpartition("/")[2], session_id, str(values["content_type"]))
        try:
            item = self._add(doctor, session_id, file, values)
        except OximetryError:
            self._unstage(staging_key)
            raise
        if item.id != values["id"]:
            if item.staging_key != staging_key:
                self._unstage(staging_key)
            return item, False
        logger.info("file received id=%s kind=%s size=%d", item.id, item.kind.value, item.size)
        return item, True

    def give_start(self, doctor: Doctor, item_id: str, started_at: datetime) -> None:
        """The doctor's word for when a recording without a clock began; it is read again with it."""
        if not EARLIEST_START <= started_at <= self._clock() + timedelta(days=1):
            raise InvalidRequest("start_implausible")
        with self._catalogue.write() as transaction:
            transaction.uploads.get(item_id, doctor.id)
            again: dict[str, Any] = {
                "state": ItemState.RECEIVED.value,
                "reason": None,
                "details": {},
                "given_start": started_at,
            }
            if transaction.uploads.set(item_id, self._clock(), ItemState.UNDATED, **again):
                transaction.jobs.submit("read_item", item_id, self._clock())

    def discard(self, doctor: Doctor, item_id: str) -> None:
        """Take a file, with those joined to it, out of the batch; what is confirmed or stored already stays."""
        with self._catalogue.write() as transaction:
            transaction.uploads.lock_session(transaction.uploads.get(item_id, doctor.id).session_id)
            item = transaction.uploads.get(item_id, doctor.id)
            if item.state is ItemState.JOINED:
                raise InvalidRequest("joined_part")
            out: dict[str, Any] = {"state": ItemState.DISCARDED.value, "name_sealed": None}
            confirmed = item.state in (ItemState.CONFIRMED, ItemState.STORED)
            if confirmed or not transaction.uploads.set(item_id, self._clock(), item.state, **out):
                raise InvalidRequest("already_confirmed")
            parts = transaction.uploads.parts(item_id)
            for part in parts:
                transaction.uploads.set(part.id, self._clock(), **out, joined_to=None)
            for gone in [item, *parts]:
                transaction.jobs.submit("empty_staging", gone.staging_key, self._clock())

    def finish_session(self, doctor: Doctor, session_id: str) -> UploadSession:
        """Close a batch in which nothing is left to decide, and begin the next; unread or unstored files stop it."""
        with self._catalogue.write() as transaction:
            transaction.uploads.session(doctor.id, session_id)
            transaction.uploads.lock_session(session_id)
            left = [item for item in transaction.uploads.items(session_id) if not item.state.is_final]
            if left:
                raise InvalidRequest("batch_unfinished", files=len(left))
            transaction.uploads.close_session(session_id, self._clock())
            return transaction.uploads.open_session(doctor.id, self._clock())

    def name_of(self, item: UploadItem) -> str:
        """The file's own name, for the doctor's row only."""
        try:
            return self._vault.open(item.name_sealed) if item.name_sealed else ""
        except OximetryError:
            return ""

    def _add(self, doctor: Doctor, session_id: str, file: IncomingFile, values: dict[str, object]) -> UploadItem:
        with self._catalogue.write() as transaction:
            transaction.uploads.lock_session(session_id)
            existing = self._admit(transaction, doctor, session_id, file)
            if existing is not None:
                return existing
            values["number"] = transaction.uploads.next_number(session_id)
            item = transaction.uploads.add(values, self._clock())
            transaction.jobs.submit("read_item", item.id, self._clock())
        return item

    def _unstage(self, key: str) -> None:
        """What was staged in vain (another tab was faster, or filled the batch meanwhile) is taken away again."""
        with self._catalogue.write() as transaction:
            transaction.jobs.submit("empty_staging", key, self._clock())

    def _admit(
        self, transaction: Transaction, doctor: Doctor, session_id: str, file: IncomingFile
    ) -> UploadItem | None:
        session = transaction.uploads.session(doctor.id, session_id)
        if session.closed_at is not None:
            raise InvalidRequest("batch_closed")
        existing = transaction.uploads.by_content(session_id, file.sha256)
        if existing is not None:
            return existing
        files, size = transaction.uploads.totals(session_id)
        if files + 1 > self.limits.files:
            raise InvalidUpload("too_many_files", limit=self.limits.files)
        if size + len(file.content) > self.limits.batch_bytes:
            raise InvalidUpload("batch_too_large", limit_mb=self.limits.batch_bytes // MEGABYTE)
        return None

    def _row(self, doctor: Doctor, session_id: str, file: IncomingFile, number: int) -> dict[str, object]:
        digest = file.sha256
        name = "".join(sign for sign in file.name if sign.isprintable()).replace("\\", "/").rpartition("/")[2]
        return {
            "id": str(uuid4()),
            "session_id": session_id,
            "doctor_id": doctor.id,
            "kind": file.kind.value,
            "name_sealed": self._vault.seal(name[-MAX_NAME_LENGTH:]),
            "content_type": _CONTENT_TYPES[file.kind],
            "size": len(file.content),
            "sha256": digest,
            "staging_key": f"users/{user_hash(doctor.email)}/{session_id}/{number}_{digest[:8]}",
        }
