"""A doctor's batch: taking files in, one request each, and keeping what became of them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from oximetry.domain.catalogue_ports import Catalogue, Transaction
from oximetry.domain.errors import InvalidRequest, InvalidUpload, OximetryError
from oximetry.domain.job_kinds import reading_cost_ms
from oximetry.domain.keeping import RESTORABLE
from oximetry.domain.ports import Clock, Staging, Vault
from oximetry.domain.records import Doctor, ItemKind, ItemState, UploadItem, UploadSession, user_hash
from oximetry.services.incoming import MEGABYTE, IncomingFile, UploadLimits

logger = logging.getLogger(__name__)

MAX_NAME_LENGTH = 200
EARLIEST_START = datetime(2000, 1, 1)
_WAITING_JOBS = {ItemState.RECEIVED: "read_item", ItemState.CONFIRMED: "store_item"}
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

    def limits_of(self, doctor: Doctor) -> UploadLimits:
        """The limits with what is left of the doctor's working space."""
        with self._catalogue.read() as transaction:
            staged = transaction.uploads.staged_bytes(doctor.id)
        return replace(self.limits, staging_bytes=max(0, self.limits.staging_bytes - staged))

    def accept(
        self, doctor: Doctor, session_id: str, file: IncomingFile, *, unpacked_from: str | None = None
    ) -> tuple[UploadItem, bool]:
        """Stage a file and ask for it to be read; one that was refused or waits is tried again.

        Parameters
        ----------
        unpacked_from : str, optional
            The archive that the file was in; it no longer counts toward the limits.

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
            existing = self._admit(transaction, doctor, session_id, file, unpacked_from)
        if existing is not None and not _is_gone(existing):
            return self._again(doctor, existing), False
        values = self._row(doctor, session_id, file, number)
        staging_key = str(values["staging_key"])
        staging = self._staging(doctor.email, session_id)
        staging.save_file(file.content, staging_key.rpartition("/")[2], session_id, str(values["content_type"]))
        try:
            item = self._add(doctor, session_id, file, values, unpacked_from)
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
                transaction.jobs.submit("read_item", item_id, doctor.id, self._clock())

    def discard(self, doctor: Doctor, item_id: str, *, keep_aside: bool = True) -> None:
        """Take a file, with those joined to it, out of the batch; what is confirmed or stored already stays.

        The bytes of a file whose content was refused go; those of any other are kept aside for 30 days, unless nobody
        was told that they are taken (``keep_aside=False``).
        """
        with self._catalogue.write() as transaction:
            transaction.uploads.lock_session(transaction.uploads.get(item_id, doctor.id).session_id)
            item = transaction.uploads.get(item_id, doctor.id)
            if item.state is ItemState.JOINED:
                raise InvalidRequest("joined_part")
            goes = item.state is ItemState.REFUSED or not keep_aside
            out: dict[str, Any] = {"state": ItemState.DISCARDED.value, "kept_until": None, "name_sealed": None}
            if not goes:
                out = {"state": ItemState.DISCARDED.value, "kept_until": self._clock() + RESTORABLE}
            confirmed = item.state in (ItemState.CONFIRMED, ItemState.STORED)
            if confirmed or not transaction.uploads.set(item_id, self._clock(), item.state, **out):
                raise InvalidRequest("already_confirmed")
            parts = transaction.uploads.parts(item_id)
            for part in parts:
                transaction.uploads.set(part.id, self._clock(), **out, joined_to=None)
            for gone in [item, *parts] if goes else []:
                transaction.jobs.submit("empty_staging", gone.staging_key, doctor.id, self._clock())

    def put_back(self, doctor: Doctor, item_id: str) -> None:
        """Read a file again that was taken out and is kept aside; it goes into the open batch.

        Raises ``InvalidRequest`` when its bytes are gone, or the batch has the same content already.
        """
        with self._catalogue.write() as transaction:
            session = transaction.uploads.open_session(doctor.id, self._clock())
            transaction.uploads.lock_session(session.id)
            item = transaction.uploads.get(item_id, doctor.id)
            if item.state is not ItemState.DISCARDED or item.kept_until is None:
                raise InvalidRequest("not_kept_aside")
            if transaction.uploads.by_content(session.id, item.sha256) is not None:
                raise InvalidRequest("already_in_batch")
            if item.session_id != session.id:
                number = transaction.uploads.next_number(session.id)
                transaction.uploads.set(item.id, self._clock(), item.state, session_id=session.id, number=number)
            self._read_again(transaction, item)

    def try_all_again(self, doctor: Doctor, session_id: str, reason: str) -> None:
        """Do now what the files of a batch wait for, as far as they wait for this reason."""
        with self._catalogue.write() as transaction:
            transaction.uploads.session(doctor.id, session_id)
            items = transaction.uploads.items(session_id)
            for state, job in _WAITING_JOBS.items():
                subjects = [item.id for item in items if item.state is state]
                for subject, waits_for in transaction.jobs.waiting_reasons(job, subjects).items():
                    if waits_for == reason:
                        transaction.jobs.hasten(job, subject, self._clock())

    def try_again(self, doctor: Doctor, item_id: str) -> None:
        """Do now what a file waits for; a refused file whose bytes are kept aside is read again.

        Raises ``InvalidRequest`` when there is nothing to try.
        """
        with self._catalogue.write() as transaction:
            transaction.uploads.lock_session(transaction.uploads.get(item_id, doctor.id).session_id)
            item = transaction.uploads.get(item_id, doctor.id)
            if item.state is ItemState.REFUSED and item.kept_until is not None:
                self._read_again(transaction, item)
                return
            job = _WAITING_JOBS.get(item.state)
            if job is None:
                raise InvalidRequest("nothing_to_try")
            if not transaction.jobs.hasten(job, item_id, self._clock()):
                transaction.jobs.submit(job, item_id, doctor.id, self._clock())

    def finish_session(self, doctor: Doctor, session_id: str) -> UploadSession:
        """Close a batch in which nothing is left to decide, and begin the next; unread or unstored files stop it."""
        with self._catalogue.write() as transaction:
            transaction.uploads.session(doctor.id, session_id)
            transaction.uploads.lock_session(session_id)
            unfinished_items = [item for item in transaction.uploads.items(session_id) if not item.state.is_final]
            if unfinished_items:
                raise InvalidRequest("batch_unfinished", files=len(unfinished_items))
            transaction.uploads.close_session(session_id, self._clock())
            return transaction.uploads.open_session(doctor.id, self._clock())

    def name_of(self, item: UploadItem) -> str:
        """The file's own name, for the doctor's row only."""
        try:
            return self._vault.open(item.name_sealed) if item.name_sealed else ""
        except OximetryError:
            return ""

    def _read_again(self, transaction: Transaction, item: UploadItem) -> None:
        again: dict[str, Any] = {"state": ItemState.RECEIVED.value, "reason": None, "details": {}, "kept_until": None}
        if transaction.uploads.set(item.id, self._clock(), item.state, **again):
            transaction.jobs.submit("read_item", item.id, item.doctor_id, self._clock())

    def _again(self, doctor: Doctor, item: UploadItem) -> UploadItem:
        """The same file once more: what was refused or waits is tried again."""
        if item.state in (ItemState.REFUSED, ItemState.RECEIVED):
            self.try_again(doctor, item.id)
        with self._catalogue.read() as transaction:
            return transaction.uploads.get(item.id)

    def _add(
        self,
        doctor: Doctor,
        session_id: str,
        file: IncomingFile,
        values: dict[str, object],
        unpacked_from: str | None,
    ) -> UploadItem:
        with self._catalogue.write() as transaction:
            transaction.uploads.lock_session(session_id)
            existing = self._admit(transaction, doctor, session_id, file, unpacked_from)
            if existing is not None and not _is_gone(existing):
                return existing
            if existing is not None:
                transaction.uploads.set(existing.id, self._clock(), existing.state, state=ItemState.DISCARDED.value)
            values["number"] = transaction.uploads.next_number(session_id)
            item = transaction.uploads.add(values, self._clock())
            is_report = item.kind is ItemKind.REPORT
            cost_ms = reading_cost_ms(item.size, is_report=is_report)
            transaction.jobs.submit("read_item", item.id, doctor.id, self._clock(), cost_ms=cost_ms)
        return item

    def _unstage(self, key: str) -> None:
        """What was staged in vain (another tab was faster, or filled the batch meanwhile) is taken away again."""
        with self._catalogue.write() as transaction:
            transaction.jobs.submit("empty_staging", key, "", self._clock())

    def _admit(
        self,
        transaction: Transaction,
        doctor: Doctor,
        session_id: str,
        file: IncomingFile,
        unpacked_from: str | None,
    ) -> UploadItem | None:
        session = transaction.uploads.session(doctor.id, session_id)
        if session.closed_at is not None:
            raise InvalidRequest("batch_closed")
        existing = transaction.uploads.by_content(session_id, file.sha256)
        if existing is not None:
            return existing
        files, size = transaction.uploads.totals(session_id, without=unpacked_from)
        if files + 1 > self.limits.files:
            raise InvalidUpload("too_many_files", limit=self.limits.files)
        if size + len(file.content) > self.limits.batch_bytes:
            raise InvalidUpload("batch_too_large", limit_mb=self.limits.batch_bytes // MEGABYTE)
        staged = transaction.uploads.staged_bytes(doctor.id, without=unpacked_from)
        if staged + len(file.content) > self.limits.staging_bytes:
            raise InvalidUpload("staging_full", limit_mb=self.limits.staging_bytes // MEGABYTE)
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


def _is_gone(item: UploadItem) -> bool:
    """Whether a file was refused and its bytes are not kept any more."""
    return item.state is ItemState.REFUSED and item.kept_until is None
