"""What stands in the batch table: each file's state, its warnings, its paired report, and what overlaps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import combinations

from oximetry.domain.catalogue_ports import Catalogue, Transaction
from oximetry.domain.records import Doctor, ItemKind, ItemState, KnownNight, UploadItem, UploadSession

REPORT_TOLERANCE = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class BatchRow:
    """One file of the batch.

    ``report`` is the vendor's report paired with it, ``waits_for`` the reason why its job waits, ``stored_at`` the
    patients at whom the same night (same bytes, or same device and start) stands already.
    """

    item: UploadItem
    report: UploadItem | None
    waits_for: str | None
    stored_at: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """A doctor's batch, as it stands in the catalogue."""

    session: UploadSession
    rows: list[BatchRow]

    @property
    def busy(self) -> bool:
        """Whether the worker still has something to do for it."""
        return any(row.item.state in (ItemState.RECEIVED, ItemState.CONFIRMED) for row in self.rows)

    @property
    def readable(self) -> list[UploadItem]:
        """Files that are read and wait for the doctor's decision."""
        return [row.item for row in self.rows if row.item.state is ItemState.READ]


class BatchService:
    """Shows a batch."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def show(self, doctor: Doctor, session_id: str) -> Batch:
        """The batch with everything the table needs; raises ``NotFound`` for another doctor's."""
        with self._catalogue.read() as transaction:
            session = transaction.uploads.session(doctor.id, session_id)
            items = transaction.uploads.items(session_id)
            known = known_nights(transaction, doctor.id, items)
            waits = _waits(transaction, items)
        reports = {recording.id: report for recording, report in paired(items) if not is_late(recording, report)}
        shown_with_night = {report.id for report in reports.values()}
        rows = [
            BatchRow(item, reports.get(item.id), waits.get(item.id), stored_patients(item, known))
            for item in items
            if item.id not in shown_with_night
        ]
        return Batch(session, rows)


def paired(items: Sequence[UploadItem]) -> list[tuple[UploadItem, UploadItem]]:
    """Recordings with their reports in the batch: same device serial, and starts at most two minutes apart.

    A report that fits two recordings, or two reports that fit one, are paired with none: nothing is guessed.
    """
    reports = [item for item in items if item.kind is ItemKind.REPORT and item.state is not ItemState.REFUSED]
    recordings = [item for item in items if item.kind is ItemKind.RECORDING and item.started_at is not None]
    fits = [(recording, report) for recording in recordings for report in reports if _fits(recording, report)]
    return [
        (recording, report)
        for recording, report in fits
        if sum(one is recording for one, _ in fits) == 1 and sum(one is report for _, one in fits) == 1
    ]


def is_late(recording: UploadItem, report: UploadItem) -> bool:
    """Whether a report was read only after its recording had got its patient, and needs a decision of its own."""
    return report.state is ItemState.READ and recording.state in (ItemState.CONFIRMED, ItemState.STORED)


def overlapping(items: Sequence[UploadItem], stored: Sequence[KnownNight | UploadItem] = ()) -> list[UploadItem]:
    """Nights that overlap in time with another of these, or with a stored one, recorded by a different device."""
    nights = [item for item in items if item.started_at and item.ended_at]
    pairs = [(first, second) for first, second in combinations(nights, 2) if _overlap(first, second)]
    touched = {item.id for pair in pairs for item in pair}
    touched |= {item.id for item in nights for night in stored if _overlap(night, item)}
    return [item for item in nights if item.id in touched]


def known_nights(transaction: Transaction, doctor_id: str, items: Sequence[UploadItem]) -> list[KnownNight]:
    """The doctor's stored nights that could be one of these."""
    starts = [item.started_at for item in items if item.started_at and item.kind is ItemKind.RECORDING]
    return transaction.nights.known(doctor_id, [item.sha256 for item in items], starts)


def stored_patients(item: UploadItem, known: Sequence[KnownNight]) -> tuple[str, ...]:
    """The patients at whom the same night stands already, the item's own stored recording left out."""
    if item.kind is not ItemKind.RECORDING or item.started_at is None:
        return ()
    return tuple(
        sorted(
            {
                night.patient_id
                for night in known
                if night.id != item.recording_id
                and (
                    night.original_sha256 == item.sha256
                    or (
                        night.started_at == item.started_at
                        and item.device_serial is not None
                        and night.device_serial == item.device_serial
                    )
                )
            }
        )
    )


def _fits(recording: UploadItem, report: UploadItem) -> bool:
    if recording.started_at is None or report.started_at is None or recording.device_serial is None:
        return False
    same_device = recording.device_serial == report.device_serial
    return same_device and abs(recording.started_at - report.started_at) <= REPORT_TOLERANCE


def _overlap(first: UploadItem | KnownNight, second: UploadItem) -> bool:
    if not (first.started_at and first.ended_at and second.started_at and second.ended_at):
        return False
    same_device = first.device_serial is not None and first.device_serial == second.device_serial
    return not same_device and first.started_at < second.ended_at and second.started_at < first.ended_at


def _waits(transaction: Transaction, items: Sequence[UploadItem]) -> dict[str, str]:
    reading = [item.id for item in items if item.state is ItemState.RECEIVED]
    storing = [item.id for item in items if item.state is ItemState.CONFIRMED]
    return {
        **transaction.jobs.waiting_reasons("read_item", reading),
        **transaction.jobs.waiting_reasons("store_item", storing),
    }
