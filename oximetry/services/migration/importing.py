"""Importing the application that was here before: its links become patients, its files nights and reports.

Everything passes through the doctor's own batch, so that numbers, plots and pairing are those of any upload. A second
import finds each patient by the SHA-256 of the old token and each file by its own, and makes nothing twice; what a
doctor moved or removed since then stays moved or removed.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

from oximetry.domain.catalogue_ports import Catalogue
from oximetry.domain.errors import InvalidRecording, InvalidRequest, InvalidUpload, NotFound, OximetryError
from oximetry.domain.migration.migrating import OLD_DATA, Journal, MigrationLine, Outcome
from oximetry.domain.migration.old_layout import (
    LINKS_FILE,
    RECORDINGS_FILE,
    OldFile,
    OldHouse,
    OldKind,
    OldPatient,
    harmless_name,
    kind_of,
    token_and_name,
)
from oximetry.domain.records import Doctor, ItemKind, ItemState, NightState, UploadItem
from oximetry.services.incoming import IncomingFile
from oximetry.services.intake.adding import AddingService
from oximetry.services.links import PatientLinks, old_token_sha256
from oximetry.services.migration.pace import Pace

logger = logging.getLogger(__name__)

IMPORT = "import"
BATCH_FILES = 50
BATCH_BYTES = 50 * 1024 * 1024


class OldSource(Protocol):
    """Where the old application's files lie."""

    def paths(self, prefix: str) -> Iterator[str]:
        """Paths below a folder, ``/`` between parts."""
        ...

    def read(self, path: str) -> bytes:
        """The content; raises ``NotFound``, ``InvalidUpload``, and in an outage ``StorageUnavailable``."""
        ...


def survey(source: OldSource, pace: Pace) -> OldHouse:
    """What the old application left: patients, their files, the names that tell device and start."""
    house, names = OldHouse(), dict[str, str]()
    for path in (LINKS_FILE, OLD_DATA + LINKS_FILE):
        house.take_links(_json(source, path, house, pace))
    paths = sorted(source.paths(OLD_DATA))
    for token in sorted(house.patients):
        paths += source.paths(f"{token}/")
    notes = [RECORDINGS_FILE, *(path for path in paths if path.rpartition("/")[2] == RECORDINGS_FILE)]
    for path in notes:
        house.take_recordings(_json(source, path, house, pace), names)
    for path in paths:
        token_and_file = token_and_name(path)
        kind = kind_of(path)
        if token_and_file is not None and kind is not OldKind.NOTES:
            name = harmless_name(names.get(token_and_file[1], token_and_file[1]), kind)
            house.patient(token_and_file[0]).files.append(OldFile(path, kind, name))
    return house


class ImportingService:
    """Brings an old house into the catalogue of one doctor."""

    def __init__(
        self, catalogue: Catalogue, links: PatientLinks, adding: AddingService, source: OldSource, pace: Pace
    ) -> None:
        self._catalogue = catalogue
        self._links = links
        self._adding = adding
        self._source = source
        self._pace = pace

    def run(self, doctor: Doctor, house: OldHouse, journal: Journal) -> None:
        """Import every patient; what could not be read or stored stands in the journal."""
        journal.begin(IMPORT)
        for patient in sorted(house.patients.values(), key=lambda one: one.key):
            for line in sorted(self._patient(doctor, patient), key=lambda one: one.key):
                journal.add(line)
        journal.end()

    def foresee(
        self, doctor: Doctor, house: OldHouse, read: Callable[[IncomingFile], object]
    ) -> Iterator[MigrationLine]:
        """What `run` would do, each recording tried with ``read``; nothing is written."""
        for patient in sorted(house.patients.values(), key=lambda one: one.key):
            with self._catalogue.read() as transaction:
                old = transaction.old_links.find(old_token_sha256(patient.token))
            if old is not None and old.doctor_id != doctor.id:
                yield MigrationLine(patient.key, Outcome.REFUSED, reason="migrate_other_doctor")
                continue
            is_there = old is not None and old.undone_at is None
            yield MigrationLine(patient.key, Outcome.ALREADY if is_there else Outcome.IMPORTED)
            there = self._contents(doctor, old.patient_id, stored_only=False) if old and is_there else set()
            for file in patient.files:
                fetched_file = self._fetched(doctor, patient, old.patient_id if old else "", file, there)
                yield fetched_file if isinstance(fetched_file, MigrationLine) else _foreseen(*fetched_file, read)

    def _patient(self, doctor: Doctor, patient: OldPatient) -> list[MigrationLine]:
        try:
            patient_id, is_new = self._links.import_old(doctor.id, patient.token, is_active=patient.is_active)
        except InvalidRequest as error:
            return [MigrationLine(patient.key, Outcome.REFUSED, reason=error.reason)]
        outcome = Outcome.IMPORTED if is_new else Outcome.ALREADY
        lines = [MigrationLine(patient.key, outcome, ref=patient_id)]
        there = self._contents(doctor, patient_id, stored_only=is_new)
        batch: list[tuple[str, IncomingFile]] = []
        for file in patient.files:
            fetched_file = self._fetched(doctor, patient, patient_id, file, there)
            if isinstance(fetched_file, MigrationLine):
                lines.append(fetched_file)
                continue
            self._pace.wait()
            batch.append(fetched_file)
            if len(batch) >= BATCH_FILES or sum(len(one.content) for _, one in batch) > BATCH_BYTES:
                lines += self._stored(doctor, patient_id, batch)
                batch = []
        lines += self._stored(doctor, patient_id, batch)
        logger.info("old patient imported id=%s files=%d", patient_id, len(patient.files))
        return lines

    def _fetched(
        self, doctor: Doctor, patient: OldPatient, patient_id: str, file: OldFile, known_digests: set[str]
    ) -> MigrationLine | tuple[str, IncomingFile]:
        """A file that is to be imported, or the line that says why it is not."""
        key = patient.key_of(file)
        if file.kind is OldKind.PICTURE:
            return MigrationLine(key, Outcome.LEFT, reason="migrate_picture")
        try:
            incoming = IncomingFile(file.name, self._pace.retried(lambda: self._source.read(file.path)))
        except OximetryError as error:
            return MigrationLine(key, _outcome_of(error), reason=error.reason)
        if incoming.sha256 in known_digests:
            return MigrationLine(key, Outcome.ALREADY, len(incoming.content), incoming.sha256)
        if self._is_known(doctor, incoming.sha256, patient_id):
            return MigrationLine(key, Outcome.ALREADY, len(incoming.content), incoming.sha256, "migrate_elsewhere")
        return key, incoming

    def _stored(
        self, doctor: Doctor, patient_id: str, batch: Sequence[tuple[str, IncomingFile]]
    ) -> Iterator[MigrationLine]:
        files = [file for _, file in batch]
        try:
            done = self._pace.retried(lambda: self._adding.add_files(doctor, patient_id, files)) if files else []
        except OximetryError as error:
            for key, file in batch:
                yield MigrationLine(key, Outcome.FAILED, len(file.content), file.sha256, error.reason)
            return
        for (key, file), item in zip(batch, done, strict=True):
            outcome, reason, ref = _became(item)
            yield MigrationLine(key, outcome, len(file.content), file.sha256, reason, ref)

    def _contents(self, doctor: Doctor, patient_id: str, *, stored_only: bool) -> set[str]:
        """SHA-256 of everything that is or was this patient's; a patient brought back gets removed nights back too."""
        with self._catalogue.read() as transaction:
            states = [NightState.STORED] if stored_only else list(NightState)
            nights = transaction.nights.of_patient(patient_id, doctor.id, states)
            files = transaction.files.of("recording", [night.id for night in nights], deleted=True)
            files += transaction.files.of("patient", [patient_id], deleted=not stored_only)
        return {night.original_sha256 for night in nights} | {file.sha256 for file in files if file.sha256}

    def _is_known(self, doctor: Doctor, sha256: str, patient_id: str) -> bool:
        """Whether another patient of the doctor has the night: it was moved there, or was uploaded there."""
        with self._catalogue.read() as transaction:
            known = transaction.nights.known(doctor.id, [sha256], [])
        return any(night.patient_id != patient_id and night.state is not NightState.REMOVED for night in known)


def _foreseen(key: str, file: IncomingFile, read: Callable[[IncomingFile], object]) -> MigrationLine:
    outcome, reason = Outcome.IMPORTED, None
    try:
        if file.kind is ItemKind.RECORDING:
            read(file)
    except (InvalidRecording, InvalidUpload) as error:
        outcome, reason = Outcome.REFUSED, error.reason
    return MigrationLine(key, outcome, len(file.content), file.sha256, reason)


def _became(item: UploadItem | InvalidUpload) -> tuple[Outcome, str | None, str | None]:
    if isinstance(item, InvalidUpload):
        return Outcome.REFUSED, item.reason, None
    if item.state in (ItemState.STORED, ItemState.EXPANDED):
        return Outcome.IMPORTED, None, item.recording_id
    if item.state is ItemState.CONFIRMED:
        return Outcome.FAILED, item.reason or "not_ready", None  # the worker goes on with it
    return Outcome.REFUSED, item.reason or "not_a_recording", None


def _outcome_of(error: OximetryError) -> Outcome:
    if isinstance(error, NotFound):
        return Outcome.GONE
    return Outcome.REFUSED if isinstance(error, InvalidUpload) else Outcome.FAILED


def _json(source: OldSource, path: str, house: OldHouse, pace: Pace) -> Any:
    try:
        return json.loads(pace.retried(lambda: source.read(path)))
    except NotFound:
        return None
    except (InvalidUpload, ValueError):
        house.unreadable += 1
        return None
