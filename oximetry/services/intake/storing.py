"""The worker's second step: a confirmed file goes under its patient's prefix, then into the catalogue."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from oximetry.domain.catalogue_ports import Catalogue, Transaction
from oximetry.domain.errors import NotReady
from oximetry.domain.ports import Clock, ObjectStore, ReportReader
from oximetry.domain.recording import Hints
from oximetry.domain.records import ItemKind, ItemState, NightState, UploadItem
from oximetry.domain.sameness import samples_sha256
from oximetry.services.intake.kept_reports import ReportKeeper
from oximetry.services.intake.placing import Place, Placing
from oximetry.services.intake.staging import staged_content
from oximetry.services.intake.uploads import UploadService
from oximetry.services.matching.report_homes import claim_report, home_of_report
from oximetry.services.nights.night_files import PLOT_LANGUAGES, ReadNight
from oximetry.services.nights.night_reader import NightReader, analysis_rows
from oximetry.services.nights.originals import joined_sha256
from oximetry.services.nights.reconciling import note_reconciliation

logger = logging.getLogger(__name__)


class StoringService:
    """Handles the job ``store_item``."""

    def __init__(
        self,
        catalogue: Catalogue,
        store: ObjectStore,
        uploads: UploadService,
        reader: NightReader,
        clock: Clock,
        reports: ReportReader,
    ) -> None:
        self._catalogue = catalogue
        self._store = store
        self._uploads = uploads
        self._reader = reader
        self._placing = Placing(catalogue, store, reader, clock)
        self._clock = clock
        self._kept_reports = ReportKeeper(reports)

    def store_item(self, item_id: str) -> None:
        """Store one confirmed file; safe to repeat after a crash at any line."""
        with self._catalogue.read() as transaction:
            item = transaction.uploads.get(item_id)
        if item.state is not ItemState.CONFIRMED or item.patient_id is None:
            return
        if item.kind is ItemKind.RECORDING:
            self._store_recording(self._read(item))
        else:
            self._store_report(item, staged_content(self._store, item))

    def mark_failed(self, item_id: str, reason: str) -> None:
        """The job failed for good: the file goes back to the doctor with the reason, nothing half-written."""
        with self._catalogue.write() as transaction:
            transaction.uploads.set(
                item_id, self._clock(), ItemState.CONFIRMED, state=ItemState.READ.value, reason=reason, patient_id=None
            )

    def _read(self, item: UploadItem) -> ReadNight:
        with self._catalogue.read() as transaction:
            parts = [item, *transaction.uploads.parts(item.id)]
        contents = [staged_content(self._store, part) for part in parts]
        hints = [Hints(self._uploads.name_of(part), part.given_start) for part in parts]
        report = self._reader.read(list(zip(contents, hints, strict=True)))
        recording = report.recording
        read_item = replace(
            item,
            sha256=joined_sha256([part.sha256 for part in parts]),
            samples_sha256=samples_sha256(recording),
            device_serial=recording.device_serial,
            started_at=recording.started_at,
            ended_at=recording.ended_at,
        )
        return ReadNight(read_item, tuple(zip(parts, contents, strict=True)), report)

    def _store_recording(self, night: ReadNight) -> None:
        item = night.item
        compared = self._placing.compared(item, night.report.recording)
        with self._catalogue.read() as transaction:
            place = self._placing.find(transaction, item, compared)
        files = night.files(further=place.is_further)
        for file in files:
            self._store.put(file.key, file.content, content_type=file.content_type, filename=file.name)
        with self._catalogue.write() as transaction:
            if not self._is_still_wanted(transaction, item, [part.id for part, _ in night.parts[1:]]):
                return
            transaction.patients.lock(str(item.patient_id))
            if self._placing.find(transaction, item, compared) != place:
                raise NotReady  # another file of the same night was faster
            night_id = self._night_row(transaction, night, place)
            for file in files:
                transaction.files.add(file.row(("recording", night_id), item.doctor_id), self._clock())
            claim_report(transaction, item, night_id, night.report.numbers)
            transaction.night_lines.set_sparkline(night_id, item.sparkline)
            self._finish(transaction, item, night_id)
            analysis_id = transaction.nights.get(night_id).analysis_id
            for language in PLOT_LANGUAGES:
                transaction.jobs.submit("render_plot", f"{analysis_id}:{language}", item.doctor_id, self._clock())
        logger.info("night stored id=%s item=%s", night_id, item.id)

    def _night_row(self, transaction: Transaction, night: ReadNight, place: Place) -> str:
        if place.night_id is not None:
            if transaction.nights.get(place.night_id).state is NightState.REMOVED:
                transaction.nights.set(place.night_id, state=NightState.STORED.value, removed_at=None)
            return place.night_id
        item, recording = night.item, night.report.recording
        values = {
            "patient_id": item.patient_id,
            "original_sha256": item.sha256,
            "samples_sha256": item.samples_sha256,
            "format": recording.format,
            "device_model": recording.device_model,
            "device_serial": recording.device_serial,
            "started_at": recording.started_at,
            "ended_at": recording.ended_at,
            "sampling_interval_s": recording.sampling_interval_s,
        }
        night_id = transaction.nights.add(values, analysis_rows(night.report), self._clock())
        for old in place.replaces:
            self._replace(transaction, item, old, night_id)
        return night_id

    def _replace(self, transaction: Transaction, item: UploadItem, old_id: str, new_id: str) -> None:
        """The unfinished night makes room; it can be restored like any removed one."""
        transaction.nights.lock(old_id)
        old = transaction.nights.get(old_id)
        if (old.state, old.patient_id) != (NightState.STORED, item.patient_id):
            raise NotReady
        transaction.nights.set(old_id, state=NightState.REMOVED.value, removed_at=self._clock())
        transaction.reports.let_go(old_id, old.patient_id)
        details = {"patient_id": old.patient_id, "by": new_id}
        transaction.audit.add(self._clock(), item.doctor_id, "night_replaced", ("recording", old_id), **details)

    def _store_report(self, item: UploadItem, content: bytes) -> None:
        with self._catalogue.read() as transaction:
            session = transaction.uploads.session(item.doctor_id, item.session_id)
            home = home_of_report(transaction, item)
        kept = self._kept_reports.make(item, content, home[0], item.started_at or session.created_at)
        for file in kept.files:
            self._store.put(file.key, file.content, content_type=file.content_type, filename=file.name)
        with self._catalogue.write() as transaction:
            if not self._is_still_wanted(transaction, item):
                return
            if home_of_report(transaction, item) != home:
                raise NotReady
            patient_id, night_id = home
            kept.write(transaction, patient_id, night_id, self._clock())
            self._finish(transaction, item, night_id)

    def _is_still_wanted(self, transaction: Transaction, item: UploadItem, part_ids: Sequence[str] = ()) -> bool:
        """Whether the doctor's choice still stands and nobody stored the file meanwhile; holds the batch's lock."""
        transaction.uploads.lock_session(item.session_id)
        now = transaction.uploads.get(item.id)
        same_parts = [part.id for part in transaction.uploads.parts(item.id)] == list(part_ids)
        return now.state is ItemState.CONFIRMED and now.patient_id == item.patient_id and same_parts

    def _finish(self, transaction: Transaction, item: UploadItem, night_id: str | None) -> None:
        stored: dict[str, Any] = {"state": ItemState.STORED.value, "recording_id": night_id, "reason": None}
        if night_id is not None:
            note_reconciliation(transaction, night_id)
        for part in [item, *transaction.uploads.parts(item.id)]:
            transaction.uploads.set(part.id, self._clock(), **stored, patient_id=item.patient_id)
            transaction.jobs.submit("empty_staging", part.staging_key, item.doctor_id, self._clock())
        transaction.audit.add(
            self._clock(), item.doctor_id, "stored", ("item", item.id), patient_id=item.patient_id, night_id=night_id
        )
