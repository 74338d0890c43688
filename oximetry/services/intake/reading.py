"""The worker's first step: from staged bytes to numbers beside the file, or to a reason why not."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from oximetry.domain.catalogue_ports import Catalogue
from oximetry.domain.device_report import ReportReading
from oximetry.domain.errors import InvalidRecording, InvalidUpload, ReadingInterrupted, ReadingUnavailable
from oximetry.domain.keeping import RESTORABLE
from oximetry.domain.ports import Clock, ObjectStore, ReportReader
from oximetry.domain.recording import Hints
from oximetry.domain.records import Doctor, ItemKind, ItemState, UploadItem
from oximetry.domain.sameness import samples_sha256
from oximetry.services.intake.archives import archive_entries, survey
from oximetry.services.intake.joining import take_apart
from oximetry.services.intake.staging import staged_content
from oximetry.services.intake.uploads import UploadService
from oximetry.services.nights.night_reader import NightReader, sparkline

logger = logging.getLogger(__name__)

Staged = tuple[UploadItem, bytes]
UNREAD = "unread"
LEFT_ASIDE = "left_aside"
ReportStamp = Callable[[str], tuple[str | None, datetime | None]]


class ReadingService:
    """Handles the job ``read_item``.

    Only the content of a file can refuse it; its bytes are then kept aside. Whatever else stops the reading is raised,
    so that the job waits.

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
        reports: ReportReader,
    ) -> None:
        self._catalogue = catalogue
        self._store = store
        self._uploads = uploads
        self._reader = reader
        self._clock = clock
        self._report_stamp = report_stamp
        self._reports = reports

    def read_item(self, item_id: str) -> None:
        """Read one file; done twice, it changes nothing."""
        with self._catalogue.read() as transaction:
            item = transaction.uploads.get(item_id)
            parts = transaction.uploads.parts(item_id)
            doctor = transaction.accounts.get(item.doctor_id)
        if item.state is not ItemState.RECEIVED:
            return
        staged = [(part, staged_content(self._store, part)) for part in (item, *parts)]
        try:
            self._take(doctor, staged)
        except (InvalidRecording, InvalidUpload) as error:
            self._refuse(item, error.reason, error.details)

    def _take(self, doctor: Doctor, parts: Sequence[Staged]) -> None:
        item, content = parts[0]
        if item.kind is ItemKind.ARCHIVE:
            self._expand(item, doctor, content)
        elif item.kind is ItemKind.REPORT:
            self._read_report(item, content)
        else:
            self._read_recording(parts)

    def _read_recording(self, parts: Sequence[Staged]) -> None:
        item = parts[0][0]
        report = self._reader.read(
            [(content, Hints(self._uploads.name_of(part), part.given_start)) for part, content in parts]
        )
        recording = report.recording
        self._write(
            item,
            [part.id for part, _ in parts[1:]],
            state=ItemState.READ.value,
            numbers=report.numbers,
            sparkline=sparkline(recording, report.analysis),
            device_serial=recording.device_serial,
            started_at=recording.started_at,
            ended_at=recording.ended_at,
            samples_sha256=samples_sha256(recording),
        )
        logger.info("recording read id=%s format=%s samples=%d", item.id, recording.format, len(recording.time_s))

    def _read_report(self, item: UploadItem, content: bytes) -> None:
        """What it prints comes first, its name second; one that only its name tells of is kept unread."""
        serial, named_at = self._report_stamp(self._uploads.name_of(item))
        named: dict[str, Any] = {"state": ItemState.READ.value, "device_serial": serial, "started_at": named_at}
        try:
            reading = self._reports.read(content, item.doctor_id)
        except InvalidUpload as error:
            if error.reason != "report_unknown_layout" or serial is None or named_at is None:
                raise
            self._write(item, **named, details={UNREAD: error.reason})
            return
        except ReadingInterrupted:
            raise
        except ReadingUnavailable as error:
            self._write(item, **named, details={UNREAD: error.reason})
            return
        report, curve = reading.report, reading.curve
        started_at = _start(report.started_at, named_at)
        read = ReportReading(report, curve.as_json() if curve else None)
        named |= {"device_serial": report.device_serial or serial, "started_at": started_at}
        if started_at and report.duration_s:
            named["ended_at"] = started_at + timedelta(seconds=report.duration_s)
        self._write(item, **named, report=read)
        logger.info("report read id=%s uncertain=%d", item.id, len(report.uncertain))

    def _expand(self, item: UploadItem, doctor: Doctor, content: bytes) -> None:
        # unpacked twice, so that a bad archive leaves nothing behind and a big one is never in memory as a whole
        found = survey(content, self._reader.may_be_recording)
        files = sum(1 for _ in archive_entries(content, self._uploads.limits, found.wanted))
        for file in archive_entries(content, self._uploads.limits, found.wanted):
            self._uploads.accept(doctor, item.session_id, file, unpacked_from=item.id)
        with self._catalogue.write() as transaction:
            left_aside = {LEFT_ASIDE: found.left_aside} if found.left_aside else {}
            done = {"state": ItemState.EXPANDED.value, "details": {"files": files, **left_aside}}
            transaction.uploads.set(item.id, self._clock(), ItemState.RECEIVED, **done)
            transaction.jobs.submit("empty_staging", item.staging_key, item.doctor_id, self._clock())

    def _write(self, item: UploadItem, part_ids: Sequence[str] = (), **values: object) -> None:
        with self._catalogue.write() as transaction:
            transaction.uploads.lock_session(item.session_id)
            if [part.id for part in transaction.uploads.parts(item.id)] == list(part_ids):  # else it is read again
                transaction.uploads.set(item.id, self._clock(), ItemState.RECEIVED, **values)

    def _refuse(self, item: UploadItem, reason: str, details: dict[str, object]) -> None:
        logger.info("file refused id=%s reason=%s", item.id, reason)
        with self._catalogue.write() as transaction:
            transaction.uploads.lock_session(item.session_id)
            now = transaction.uploads.get(item.id)
            if now.state is ItemState.RECEIVED and take_apart(transaction, now, self._clock(), "cannot_join"):
                return  # each part is read on its own again, and has a reason of its own
            state = ItemState.UNDATED if reason == "start_unknown" else ItemState.REFUSED
            kept_until = self._clock() + RESTORABLE if state is ItemState.REFUSED else None
            refused = {"state": state.value, "reason": reason, "details": details, "kept_until": kept_until}
            transaction.uploads.set(item.id, self._clock(), ItemState.RECEIVED, **refused)


def _start(printed_at: datetime | None, named_at: datetime | None) -> datetime | None:
    """The printed start; with the seconds of the name, where both are of one minute."""
    if printed_at is None:
        return named_at
    return named_at if named_at and named_at.replace(second=0) == printed_at else printed_at
