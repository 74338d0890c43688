"""The worker's first step: from staged bytes to numbers beside the file, or to a reason why not."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from oximetry.domain.catalogue_ports import Catalogue
from oximetry.domain.errors import InvalidRecording, InvalidUpload, NotFound
from oximetry.domain.ports import Clock, ObjectStore
from oximetry.domain.recording import Hints
from oximetry.domain.records import Doctor, ItemKind, ItemState, UploadItem
from oximetry.services.archives import archive_entries
from oximetry.services.night_reader import NightReader, sparkline, stored_numbers
from oximetry.services.uploads import UploadService

logger = logging.getLogger(__name__)

ReportStamp = Callable[[str], tuple[str | None, datetime | None]]


class ReadingService:
    """Handles the job ``read_item``.

    Parameters
    ----------
    report_stamp : callable
        Device serial and start that a report's file name carries, each ``None`` when it does not.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        store: ObjectStore,
        uploads: UploadService,
        reader: NightReader,
        clock: Clock,
        report_stamp: ReportStamp,
    ) -> None:
        self._catalogue = catalogue
        self._store = store
        self._uploads = uploads
        self._reader = reader
        self._clock = clock
        self._report_stamp = report_stamp

    def read_item(self, item_id: str) -> None:
        """Read one file; done twice, it changes nothing."""
        with self._catalogue.read() as transaction:
            item = transaction.uploads.get(item_id)
            doctor = transaction.accounts.get(item.doctor_id)
        if item.state is not ItemState.RECEIVED:
            return
        try:
            content = self._store.get(item.staging_key)
        except NotFound:
            self._refuse(item, "staging_lost", {})
            return
        try:
            self._take(item, doctor, content)
        except (InvalidRecording, InvalidUpload) as error:
            self._refuse(item, error.reason, error.details)

    def refuse_failed(self, item_id: str, reason: str) -> None:
        """The job failed for good: the row says so instead of waiting for ever."""
        with self._catalogue.read() as transaction:
            item = transaction.uploads.get(item_id)
        if item.state is ItemState.RECEIVED:
            self._refuse(item, reason, {})

    def _take(self, item: UploadItem, doctor: Doctor, content: bytes) -> None:
        if item.kind is ItemKind.ARCHIVE:
            self._expand(item, doctor, content)
        elif item.kind is ItemKind.REPORT:
            serial, started_at = self._report_stamp(self._uploads.name_of(item))
            self._write(item, state=ItemState.READ.value, device_serial=serial, started_at=started_at)
        else:
            self._read_recording(item, content)

    def _read_recording(self, item: UploadItem, content: bytes) -> None:
        report = self._reader.read(content, Hints(self._uploads.name_of(item), item.given_start))
        recording = report.recording
        self._write(
            item,
            state=ItemState.READ.value,
            numbers=stored_numbers(report),
            sparkline=sparkline(recording, report.analysis),
            device_serial=recording.device_serial,
            started_at=recording.started_at,
            ended_at=recording.ended_at,
        )
        logger.info("recording read id=%s format=%s samples=%d", item.id, recording.format, len(recording.time_s))

    def _expand(self, item: UploadItem, doctor: Doctor, content: bytes) -> None:
        # unpacked twice, so that a bad archive leaves nothing behind and a big one is never in memory as a whole
        files = sum(1 for _ in archive_entries(content, self._uploads.limits))
        for file in archive_entries(content, self._uploads.limits):
            self._uploads.accept(doctor, item.session_id, file)
        with self._catalogue.write() as transaction:
            done = {"state": ItemState.EXPANDED.value, "details": {"files": files}}
            transaction.uploads.set(item.id, self._clock(), ItemState.RECEIVED, **done)
            transaction.jobs.submit("empty_staging", item.staging_key, self._clock())

    def _write(self, item: UploadItem, **values: object) -> None:
        with self._catalogue.write() as transaction:
            transaction.uploads.set(item.id, self._clock(), ItemState.RECEIVED, **values)

    def _refuse(self, item: UploadItem, reason: str, details: dict[str, object]) -> None:
        logger.info("file refused id=%s reason=%s", item.id, reason)
        with self._catalogue.write() as transaction:
            state = ItemState.UNDATED if reason == "start_unknown" else ItemState.REFUSED
            refused = {"state": state.value, "reason": reason, "details": details}
            transaction.uploads.set(item.id, self._clock(), ItemState.RECEIVED, **refused)
            if state is ItemState.REFUSED:
                transaction.jobs.submit("empty_staging", item.staging_key, self._clock())
