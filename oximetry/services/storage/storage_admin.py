"""What an administrator does with single files: look, upload, delete, restore, and give an orphan to somebody.

Only metadata of storage is shown here: no label, and no number of any night. Nothing is deleted for good; the worker
expunges what was deleted 30 days ago. No call to the store is made inside a transaction.
"""

from __future__ import annotations

import mimetypes
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from oximetry.domain.catalogue_ports import Catalogue, Transaction
from oximetry.domain.errors import InvalidRequest, InvalidUpload, NotFound
from oximetry.domain.ports import Clock, ObjectStore
from oximetry.domain.records import Doctor, FileKind, ItemKind, NightState, StoredFile
from oximetry.domain.review_records import REPORT_REFERENCE
from oximetry.domain.sync.sync_records import FileFilter, FilePlace, FileState, ListedFile, NightHome
from oximetry.domain.sync.syncing import UNASSIGNED
from oximetry.domain.keys import patient_of
from oximetry.domain.keeping import RESTORABLE
from oximetry.domain.keys import NewFile, ObjectName
from oximetry.services.incoming import MEGABYTE, IncomingFile

PAGE_FILES = 50
PNG = b"\x89PNG\r\n\x1a\n"

_STAMP = re.compile(r"\d{14}")
_EXTENSION = re.compile(r"[a-z0-9]{1,6}")
_EXTENSIONS = {FileKind.CSV: "csv", FileKind.REPORT: "pdf", FileKind.PLOT: "png"}


@dataclass(frozen=True, slots=True)
class FilePage:
    """Some files, and where the next page begins (``None`` at the end)."""

    files: list[ListedFile]
    next: FilePlace | None


@dataclass(frozen=True, slots=True)
class FileShown:
    """One file and what it belongs to.

    Attributes
    ----------
    night : NightHome or None
        The night whose file it is.
    choices : list of NightHome
        For a file of nobody: the nights of the patient that its key names.
    """

    listed: ListedFile
    patient_id: str | None
    night: NightHome | None
    choices: list[NightHome]


class StorageAdmin:
    """The storage page's acts; each is written into the audit trail under the administrator's id."""

    def __init__(self, catalogue: Catalogue, store: ObjectStore, clock: Clock, max_file_bytes: int) -> None:
        self._catalogue = catalogue
        self._store = store
        self._clock = clock
        self.max_file_bytes = max_file_bytes

    def page(self, file_filter: FileFilter, after: FilePlace | None = None) -> FilePage:
        """Files newest first, fifty at a time."""
        with self._catalogue.read() as transaction:
            files = transaction.file_list.page(file_filter, after, PAGE_FILES + 1)
        if len(files) <= PAGE_FILES:
            return FilePage(files, None)
        last = files[PAGE_FILES - 1].file
        return FilePage(files[:PAGE_FILES], FilePlace(last.created_at, last.id))

    def counts(self) -> dict[str, int]:
        """``live``, ``deleted``, ``orphan``, ``pending`` files and ``bytes`` of the live ones."""
        with self._catalogue.read() as transaction:
            return transaction.file_list.counts()

    def shown(self, file_id: str) -> FileShown:
        """One file; raises ``NotFound``."""
        with self._catalogue.read() as transaction:
            listed = transaction.file_list.get(file_id)
            file, night = listed.file, None
            if file.reference_type == "recording":
                try:
                    night = transaction.file_list.night_home(file.reference_id)
                except NotFound:  # the night was expunged
                    night = None
            named = patient_of(file.key)
            choices = transaction.file_list.nights_of(named) if named and file.reference_type == UNASSIGNED else []
        patient_id = night.patient_id if night else file.reference_id if file.reference_type == "patient" else named
        return FileShown(listed, patient_id, night, choices)

    def upload(self, admin: Doctor, patient_id: str, kind: FileKind, upload: IncomingFile) -> StoredFile:
        """Keep a file for a patient under a new key.

        Raises
        ------
        InvalidUpload
            Too large, empty, or not what its kind says; nothing was kept.
        NotFound
            No such patient.
        StorageUnavailable, StorageRefused
            Nothing was kept.
        """
        if len(upload.content) > self.max_file_bytes:
            raise InvalidUpload("file_too_large", limit_mb=self.max_file_bytes // MEGABYTE)
        if not upload.content or kind_of(upload) not in _fitting(kind):
            raise InvalidUpload("kind_differs")
        with self._catalogue.read() as transaction:
            transaction.patients.doctor_of(patient_id)
        made = self._named(patient_id, kind, self._clock(), upload)
        self._store.put(made.key, made.content, content_type=made.content_type, filename=made.name)
        with self._catalogue.write() as transaction:
            transaction.patients.doctor_of(patient_id)
            file = transaction.files.add(made.row(("patient", patient_id), admin.id), self._clock())
            self._show(transaction, file, patient_id, None)
            self._audit(transaction, admin, "file_uploaded", file.id, patient_id=patient_id)
        return file

    def delete(self, admin: Doctor, file_id: str) -> None:
        """Stop showing a file; it can be restored for 30 days. Raises ``InvalidRequest`` when it cannot be now."""
        with self._catalogue.write() as transaction:
            listed = transaction.file_list.get(file_id)
            if listed.state is FileState.DELETED:
                return
            if listed.state is FileState.PENDING:
                raise InvalidRequest("file_pending")
            if listed.file.reference_type == REPORT_REFERENCE:
                raise InvalidRequest("file_signed")
            transaction.files.mark_deleted([file_id], self._clock())
            details = {"reference_type": listed.file.reference_type, "reference_id": listed.file.reference_id}
            self._audit(transaction, admin, "file_deleted", file_id, **details)

    def restore(self, admin: Doctor, file_id: str) -> None:
        """A deleted file lives again, when its bytes are still there.

        Raises
        ------
        InvalidRequest
            ``file_bytes_gone``, ``file_mismatched``, or ``restore_too_late`` after 30 days.
        """
        with self._catalogue.read() as transaction:
            file = transaction.file_list.get(file_id).file
        if file.deleted_at is None:
            return
        try:
            there = self._store.stat(file.key)
        except NotFound as error:
            raise InvalidRequest("file_bytes_gone") from error
        if there.size != file.size:
            raise InvalidRequest("file_mismatched")
        with self._catalogue.write() as transaction:
            now = transaction.file_list.get(file_id).file
            if now.deleted_at is not None and now.deleted_at < self._clock() - RESTORABLE:
                raise InvalidRequest("restore_too_late")
            if transaction.file_list.restore(file_id, self._clock()):
                self._audit(transaction, admin, "file_restored", file_id)

    def assign(self, admin: Doctor, file_id: str, patient_id: str, night_id: str | None = None) -> StoredFile:
        """Give a file of nobody to a patient, or to one of the patient's nights; from then on it is shown.

        It is read once, so that its SHA-256 is known. One whose key names another patient is copied under a key of the
        right one, and the old object is deleted softly.

        Raises
        ------
        InvalidRequest
            ``not_an_orphan``, ``night_elsewhere``, ``file_bytes_gone``, ``file_mismatched``, ``plot_for_night``;
            ``not_to_oneself``: administrators see no night, and so give none to patients of their own.
        NotFound
            No such file, patient or night.
        """
        with self._catalogue.read() as transaction:
            file = transaction.file_list.get(file_id).file
            if transaction.patients.doctor_of(patient_id) == admin.id:
                raise InvalidRequest("not_to_oneself")
            self._check_home(transaction, patient_id, night_id)
        if file.deleted_at is not None or file.reference_type != UNASSIGNED:
            raise InvalidRequest("not_an_orphan")
        incoming = IncomingFile(file.name, self._read(file))
        kind = _kind_of_key(file.key) or kind_of(incoming)
        if kind is FileKind.PLOT and night_id is not None:
            raise InvalidRequest("plot_for_night")
        reference = ("recording", night_id) if night_id else ("patient", patient_id)
        moved = None
        if patient_of(file.key) != patient_id:
            moved = self._named(patient_id, kind, _written_at(file), incoming)
            self._store.put(moved.key, moved.content, content_type=moved.content_type, filename=moved.name)
        with self._catalogue.write() as transaction:
            self._check_home(transaction, patient_id, night_id)
            given = transaction.file_list.assign(file_id, reference, incoming.sha256, self._clock())
            if moved is not None:
                transaction.files.mark_deleted([file_id], self._clock())
                given = transaction.files.add(moved.row(reference, admin.id), self._clock())
            self._show(transaction, given, patient_id, night_id)
            details = {"patient_id": patient_id, "night_id": night_id, "from_file": file_id}
            self._audit(transaction, admin, "file_assigned", given.id, **details)
        return given

    def _check_home(self, transaction: Transaction, patient_id: str, night_id: str | None) -> None:
        transaction.patients.doctor_of(patient_id)
        if night_id is not None:
            transaction.nights.lock(night_id)
            home = transaction.file_list.night_home(night_id)
            if home.patient_id != patient_id or home.state is not NightState.STORED:
                raise InvalidRequest("night_elsewhere")

    def _read(self, file: StoredFile) -> bytes:
        try:
            content = self._store.get(file.key)
        except NotFound as error:
            raise InvalidRequest("file_bytes_gone") from error
        if len(content) != file.size:
            raise InvalidRequest("file_mismatched")
        return content

    def _named(self, patient_id: str, kind: FileKind, at: datetime, upload: IncomingFile) -> NewFile:
        suffix = upload.name.rpartition(".")[2].lower()
        extension = _EXTENSIONS.get(kind) or (suffix if _EXTENSION.fullmatch(suffix) else "bin")
        name = ObjectName(patient_id, kind, at, None, upload.sha256, extension)
        content_type = mimetypes.guess_type(name.key)[0] or "application/octet-stream"
        return NewFile(name.key, upload.content, content_type)

    def _show(self, transaction: Transaction, file: StoredFile, patient_id: str, night_id: str | None) -> None:
        if _kind_of_key(file.key) is FileKind.REPORT:
            transaction.reports.add(patient_id, night_id, file.id, self._clock())

    def _audit(self, transaction: Transaction, admin: Doctor, act: str, file_id: str, **details: Any) -> None:
        transaction.audit.add(self._clock(), admin.id, act, ("file", file_id), **details)


def kind_of(upload: IncomingFile) -> FileKind:
    """Under which folder of a patient a file belongs, by its content."""
    if upload.kind is ItemKind.REPORT:
        return FileKind.REPORT
    if upload.content.startswith(PNG):
        return FileKind.PLOT
    is_text = upload.kind is ItemKind.RECORDING and b"\x00" not in upload.content
    return FileKind.CSV if is_text and _decodes(upload.content) else FileKind.ORIGINAL


def _fitting(kind: FileKind) -> tuple[FileKind, ...]:
    """What a file's content may say when it is offered as this kind; an original may be a text, too."""
    return (FileKind.ORIGINAL, FileKind.CSV) if kind is FileKind.ORIGINAL else (kind,)


def _decodes(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _kind_of_key(key: str) -> FileKind | None:
    return FileKind(key.split("/")[1]) if patient_of(key) else None


def _written_at(file: StoredFile) -> datetime:
    stamp = _STAMP.match(file.name)
    try:
        return datetime.strptime(stamp[0], "%Y%m%d%H%M%S") if stamp else file.created_at
    except ValueError:
        return file.created_at
