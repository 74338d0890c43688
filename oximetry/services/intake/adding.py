"""One recording for one patient, from the bytes to the stored night, in one call: for trusted scripts."""

from __future__ import annotations

from collections.abc import Sequence

from oximetry.domain.catalogue_ports import Catalogue
from oximetry.domain.errors import InvalidRecording, InvalidRequest, InvalidUpload, StorageUnavailable
from oximetry.domain.records import Doctor, ItemKind, ItemState, UploadItem
from oximetry.services.incoming import IncomingFile
from oximetry.services.intake.assignment import AssignmentService
from oximetry.services.intake.reading import ReadingService
from oximetry.services.intake.storing import StoringService
from oximetry.services.intake.uploads import UploadService


class AddingService:
    """The doctor's batch with a single night, done here and now; a worker that does part of it meanwhile is welcome."""

    def __init__(
        self,
        catalogue: Catalogue,
        uploads: UploadService,
        reading: ReadingService,
        assignment: AssignmentService,
        storing: StoringService,
    ) -> None:
        self._catalogue = catalogue
        self._uploads = uploads
        self._reading = reading
        self._assignment = assignment
        self._storing = storing

    def add_recording(
        self, doctor_id: str, patient_id: str, files: dict[str, bytes], *, acknowledged: bool = False
    ) -> str:
        """Store a night, with its vendor's report where one is given.

        Parameters
        ----------
        files : dict of str to bytes
            File name → content: one recording and at most one PDF.
        acknowledged : bool
            Go on where a doctor at the page would be asked first.

        Returns
        -------
        str
            The recording's id.

        Raises
        ------
        InvalidRecording, InvalidUpload
            The file cannot be read, or breaks a limit; nothing was kept.
        InvalidRequest
            ``needs_confirmation``, and nothing was stored.
        NotFound
            No such patient of this doctor.
        StorageUnavailable, StorageRefused
            Nothing was stored.
        """
        with self._catalogue.read() as transaction:
            doctor = transaction.accounts.get(doctor_id)
            transaction.patients.get(doctor_id, patient_id)
        session_id = self._uploads.separate_session(doctor).id
        try:
            for name, content in files.items():
                item, _ = self._uploads.accept(doctor, session_id, IncomingFile(name, content))
                self._reading.read_item(item.id)
            self._check_read(session_id)
            self._assignment.all_to_one(doctor, session_id, patient_id, acknowledged=acknowledged)
            for item in self._items(session_id):
                self._storing.store_item(item.id)
            return self._stored(session_id)
        finally:
            self._close(doctor, session_id)

    def add_files(
        self, doctor: Doctor, patient_id: str, files: Sequence[IncomingFile]
    ) -> list[UploadItem | InvalidUpload]:
        """Store what can be read of some files, as a batch that the doctor gave to one patient without a question.

        Returns
        -------
        list of UploadItem or InvalidUpload
            For each file its row, ``STORED`` or with the reason why not, or the limit that it broke.

        Raises
        ------
        StorageUnavailable, StorageRefused
            Nothing more was stored; doing it again completes it.
        """
        session_id = self._uploads.separate_session(doctor).id
        taken: list[str | InvalidUpload] = []
        try:
            for file in files:
                try:
                    item, _ = self._uploads.accept(doctor, session_id, file)
                except InvalidUpload as error:
                    taken.append(error)
                    continue
                taken.append(item.id)
                self._reading.read_item(item.id)
            if any(item.state is ItemState.READ for item in self._items(session_id)):
                self._assignment.all_to_one(doctor, session_id, patient_id, acknowledged=True)
            for item in self._items(session_id):
                self._storing.store_item(item.id)
            rows = {item.id: item for item in self._items(session_id)}
            return [rows[one] if isinstance(one, str) else one for one in taken]
        finally:
            self._close(doctor, session_id)

    def _check_read(self, session_id: str) -> None:
        items = self._items(session_id)
        for item in items:
            if item.state is not ItemState.READ:
                raise InvalidRecording(item.reason, **item.details)
        kinds = [item.kind for item in items]
        if kinds.count(ItemKind.RECORDING) != 1 or kinds.count(ItemKind.REPORT) > 1:
            raise InvalidRequest("one_recording_expected")

    def _stored(self, session_id: str) -> str:
        nights = [item.recording_id for item in self._items(session_id) if item.recording_id]
        if not nights:
            raise StorageUnavailable
        return nights[0]

    def _close(self, doctor: Doctor, session_id: str) -> None:
        """Take out what was not confirmed; what still waits to be stored stays for the worker."""
        for item in self._items(session_id):
            if item.state in (ItemState.RECEIVED, ItemState.READ, ItemState.UNDATED, ItemState.REFUSED):
                self._uploads.discard(doctor, item.id, keep_aside=False)
        if all(item.state.is_final for item in self._items(session_id)):
            self._uploads.finish_session(doctor, session_id)

    def _items(self, session_id: str) -> list[UploadItem]:
        with self._catalogue.read() as transaction:
            return transaction.uploads.items(session_id)
