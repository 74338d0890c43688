"""The worker's second step: a confirmed file goes under its patient's prefix, then into the catalogue."""

from __future__ import annotations

import hashlib
import logging
import re
from dataclasses import dataclass
from datetime import datetime

from oximetry.domain.catalogue_ports import Catalogue, Transaction
from oximetry.domain.errors import NotFound, NotReady, StorageRefused
from oximetry.domain.ports import Clock, ObjectStore
from oximetry.domain.recording import Hints, Recording
from oximetry.domain.records import FileKind, ItemKind, ItemState, NightState, UploadItem
from oximetry.services.analysis import NightReport
from oximetry.services.batch import paired
from oximetry.services.housekeeping import RESTORABLE
from oximetry.services.night_reader import NightReader, analysis_rows
from oximetry.services.normalised_csv import normalised_csv
from oximetry.services.uploads import UploadService

logger = logging.getLogger(__name__)

PLOT_LANGUAGES = ("ro", "en")
CSV = "text/csv"
CSV_FORMATS = ("viatom_csv", "contec_csv", "emay")
ORIGINALS = {
    "edf": ("edf", "application/octet-stream"),
    "xlsx": ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "apple_health": ("xml", "application/xml"),
    "fitbit_garmin": ("json", "application/json"),
    "masimo_rad8": ("txt", "text/plain"),
    "nellcor_n395": ("txt", "text/plain"),
}


@dataclass(frozen=True, slots=True)
class ObjectName:
    """The fixed form of a patient's keys."""

    patient_id: str
    kind: FileKind
    started_at: datetime
    device_serial: str | None
    sha256: str
    extension: str

    @property
    def key(self) -> str:
        """``<patient_id>/<kind>/<YYYYMMDDHHMMSS>_<device serial>_<first 8 of sha256>.<ext>``."""
        serial = re.sub(r"[^A-Za-z0-9-]", "", self.device_serial or "")[:20] or "0000"
        name = f"{self.started_at:%Y%m%d%H%M%S}_{serial}_{self.sha256[:8]}.{self.extension}"
        return f"{self.patient_id}/{self.kind.value}/{name}"


@dataclass(frozen=True, slots=True)
class NewFile:
    """An object on its way into the store."""

    key: str
    content: bytes
    content_type: str

    @property
    def name(self) -> str:
        """The last part of the key; the download's name."""
        return self.key.rpartition("/")[2]

    def row(self, reference: tuple[str, str], created_by: str | None) -> dict[str, object]:
        """Its row in the catalogue, for what it belongs to (type and id)."""
        return {
            "key": self.key,
            "content_type": self.content_type,
            "size": len(self.content),
            "sha256": hashlib.sha256(self.content).hexdigest(),
            "reference_type": reference[0],
            "reference_id": reference[1],
            "created_by": created_by,
        }


def recording_files(item: UploadItem, recording: Recording, content: bytes) -> list[NewFile]:
    """What is kept of a night: a CSV, or the original that is none and its CSV twin."""

    def named(kind: FileKind, sha256: str, extension: str) -> str:
        start, serial = recording.started_at, recording.device_serial
        return ObjectName(str(item.patient_id), kind, start, serial, sha256, extension).key

    if recording.format in CSV_FORMATS:
        return [NewFile(named(FileKind.CSV, item.sha256, "csv"), content, CSV)]
    extension, content_type = ORIGINALS.get(recording.format, ("bin", "application/octet-stream"))
    twin = normalised_csv(recording)
    return [
        NewFile(named(FileKind.ORIGINAL, item.sha256, extension), content, content_type),
        NewFile(named(FileKind.CSV, hashlib.sha256(twin).hexdigest(), "csv"), twin, CSV),
    ]


class StoringService:
    """Handles the jobs ``store_item`` and ``empty_staging``."""

    def __init__(
        self,
        catalogue: Catalogue,
        store: ObjectStore,
        uploads: UploadService,
        reader: NightReader,
        clock: Clock,
    ) -> None:
        self._catalogue = catalogue
        self._store = store
        self._uploads = uploads
        self._reader = reader
        self._clock = clock

    def store_item(self, item_id: str) -> None:
        """Store one confirmed file; safe to repeat after a crash at any line."""
        with self._catalogue.read() as transaction:
            item = transaction.uploads.get(item_id)
        if item.state is not ItemState.CONFIRMED or item.patient_id is None:
            return
        content = self._store.get(item.staging_key)
        if hashlib.sha256(content).hexdigest() != item.sha256:
            raise StorageRefused("staging_damaged", item_id=item.id)
        if item.kind is ItemKind.RECORDING:
            self._store_recording(item, content)
        else:
            self._store_report(item, content)

    def empty_staging(self, key: str) -> None:
        """Remove a staged object that is stored, refused or taken out."""
        if not key.startswith("users/"):
            raise NotFound(key=key)
        with self._catalogue.read() as transaction:
            if transaction.uploads.is_staged_for(key):
                return
        self._store.delete(key)

    def mark_failed(self, item_id: str, reason: str) -> None:
        """The job failed for good: the file goes back to the doctor with the reason, nothing half-written."""
        with self._catalogue.write() as transaction:
            transaction.uploads.set(
                item_id, self._clock(), ItemState.CONFIRMED, state=ItemState.READ.value, reason=reason, patient_id=None
            )

    def _store_recording(self, item: UploadItem, content: bytes) -> None:
        night = self._reader.read(content, Hints(self._uploads.name_of(item), item.given_start))
        files = recording_files(item, night.recording, content)
        for file in files:
            self._store.put(file.key, file.content, content_type=file.content_type, filename=file.name)
        with self._catalogue.write() as transaction:
            if not self._is_still_wanted(transaction, item):
                return
            night_id = self._night_row(transaction, item, night)
            for file in files:
                transaction.files.add(file.row(("recording", night_id), item.doctor_id), self._clock())
            self._claim_report(transaction, item, night_id)
            self._finish(transaction, item, night_id)
            analysis_id = transaction.nights.get(night_id).analysis_id
            for language in PLOT_LANGUAGES:
                transaction.jobs.submit("render_plot", f"{analysis_id}:{language}", self._clock())
        logger.info("night stored id=%s item=%s", night_id, item.id)

    def _night_row(self, transaction: Transaction, item: UploadItem, night: NightReport) -> str:
        same = [
            known
            for known in transaction.nights.known(item.doctor_id, [item.sha256], [])
            if known.patient_id == item.patient_id and known.original_sha256 == item.sha256
        ]
        if same:
            transaction.nights.lock(same[0].id)
            found = transaction.nights.get(same[0].id)
            if found.state is NightState.MOVING or found.patient_id != item.patient_id:
                raise NotReady  # once it has left, this file is the patient's night again
            if found.removed_at is not None:
                if found.removed_at < self._clock() - RESTORABLE:
                    raise NotReady  # it is being expunged
                transaction.nights.set(same[0].id, state=NightState.STORED.value, removed_at=None)
            return same[0].id
        recording = night.recording
        values = {
            "patient_id": item.patient_id,
            "original_sha256": item.sha256,
            "format": recording.format,
            "device_model": recording.device_model,
            "device_serial": recording.device_serial,
            "started_at": recording.started_at,
            "ended_at": recording.ended_at,
            "sampling_interval_s": recording.sampling_interval_s,
        }
        return transaction.nights.add(values, analysis_rows(night), self._clock())

    def _store_report(self, item: UploadItem, content: bytes) -> None:
        with self._catalogue.read() as transaction:
            session = transaction.uploads.session(item.doctor_id, item.session_id)
            home = self._home_of_report(transaction, item)
        started_at = item.started_at or session.created_at
        name = ObjectName(home[0], FileKind.REPORT, started_at, item.device_serial, item.sha256, "pdf")
        file = NewFile(name.key, content, "application/pdf")
        self._store.put(file.key, content, content_type=file.content_type, filename=file.name)
        with self._catalogue.write() as transaction:
            if not self._is_still_wanted(transaction, item):
                return
            if self._home_of_report(transaction, item) != home:
                raise NotReady
            patient_id, night_id = home
            reference = ("recording", night_id) if night_id else ("patient", patient_id)
            file_id = transaction.files.add(file.row(reference, item.doctor_id), self._clock()).id
            transaction.nights.add_report(patient_id, night_id, file_id, self._clock())
            if night_id:
                transaction.nights.join_report(item.sha256, patient_id, night_id)
            self._finish(transaction, item, night_id)

    def _home_of_report(self, transaction: Transaction, item: UploadItem) -> tuple[str, str | None]:
        """The patient and the night of a report whose recording was stored for the same patient before it.

        Where the doctor moved that night since then, its report goes too.
        """
        for owner, report in paired(transaction.uploads.items(item.session_id)):
            night_id = owner.recording_id
            if report.id == item.id and night_id and owner.patient_id == item.patient_id:
                transaction.nights.lock(night_id)
                night = transaction.nights.get(night_id)
                if night.state is NightState.MOVING:
                    raise NotReady
                return night.patient_id, night_id
        return str(item.patient_id), None

    def _is_still_wanted(self, transaction: Transaction, item: UploadItem) -> bool:
        """Whether the doctor's choice still stands and nobody stored the file meanwhile; holds the batch's lock."""
        transaction.uploads.lock_session(item.session_id)
        now = transaction.uploads.get(item.id)
        return now.state is ItemState.CONFIRMED and now.patient_id == item.patient_id

    def _claim_report(self, transaction: Transaction, item: UploadItem, night_id: str) -> None:
        """Join the night with its report, when the report was stored for the same patient before it."""
        for recording, report in paired(transaction.uploads.items(item.session_id)):
            stored = report.state is ItemState.STORED and report.patient_id == item.patient_id
            if recording.id == item.id and stored:
                transaction.nights.join_report(report.sha256, str(item.patient_id), night_id)

    def _finish(self, transaction: Transaction, item: UploadItem, night_id: str | None) -> None:
        transaction.uploads.set(
            item.id, self._clock(), state=ItemState.STORED.value, recording_id=night_id, reason=None
        )
        transaction.jobs.submit("empty_staging", item.staging_key, self._clock())
        transaction.audit.add(
            self._clock(), item.doctor_id, "stored", ("item", item.id), patient_id=item.patient_id, night_id=night_id
        )
