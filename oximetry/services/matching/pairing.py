"""Which report belongs to which recording: by the device's serial, the start and what both say of the night."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from oximetry.domain.device_report import DeviceReport
from oximetry.domain.night_numbers import NightNumbers
from oximetry.domain.reconciliation import Compared, disagreements
from oximetry.domain.records import ItemKind, ItemState, UploadItem

REPORT_TOLERANCE = timedelta(minutes=2)
_WITH_A_NIGHT = (ItemState.READ, ItemState.CONFIRMED, ItemState.STORED)


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A report that would be a recording's by serial and start, and says something else of the night."""

    recording: UploadItem
    report: UploadItem
    differences: tuple[Compared, ...]


def paired(items: Sequence[UploadItem]) -> list[tuple[UploadItem, UploadItem]]:
    """Recordings with their reports in the batch: same device serial, starts at most two minutes apart, same numbers.

    A report that fits two recordings, or two reports that fit one, are paired with none until the doctor has said:
    nothing is guessed. Two files with the same samples are one recording, for which the first stands.
    """
    fits = _fitting(items)
    return [
        (recording, report)
        for recording, report in fits
        if report.belongs_to == recording.id
        or (
            report.belongs_to is None
            and sum(one is recording for one, _ in fits) == 1
            and sum(one is report for _, one in fits) == 1
        )
    ]


def ambiguous(items: Sequence[UploadItem]) -> list[tuple[UploadItem, list[UploadItem]]]:
    """Reports that wait for a decision and fit several recordings, with those."""
    fits = _fitting(items)
    asked = {report.id: report for _, report in fits if report.state is ItemState.READ and report.belongs_to is None}
    candidates = [(report, [one for one, other in fits if other is report]) for report in asked.values()]
    return [(report, recordings) for report, recordings in candidates if len(recordings) > 1]


def mismatched(items: Sequence[UploadItem]) -> list[Mismatch]:
    """The pairs that serial and start would make, and the numbers forbid."""
    mismatches = [
        Mismatch(recording, report, tuple(differences_of(report.printed, recording.numbers)))
        for recording, report in _candidates(items)
    ]
    return [one for one in mismatches if one.differences]


def is_late(recording: UploadItem, report: UploadItem) -> bool:
    """Whether a report was read only after its recording had got its patient, and needs a decision of its own."""
    return report.state is ItemState.READ and recording.state in (ItemState.CONFIRMED, ItemState.STORED)


def differences_of(printed: DeviceReport | None, numbers: NightNumbers | None) -> list[Compared]:
    """What the numbers of a report and of a recording cannot both be; empty when one of them was not read."""
    return disagreements(printed, numbers) if printed and numbers else []


def near(recording: tuple[str | None, datetime | None], report: tuple[str | None, datetime | None]) -> bool:
    """Whether both (serial and start) begin together on one device; a report that tells no device fits by its start."""
    if recording[1] is None or report[1] is None or abs(recording[1] - report[1]) > REPORT_TOLERANCE:
        return False
    return report[0] is None or recording[0] == report[0]


def _fitting(items: Sequence[UploadItem]) -> list[tuple[UploadItem, UploadItem]]:
    return [
        (recording, report)
        for recording, report in _candidates(items)
        if not differences_of(report.printed, recording.numbers)
    ]


def _candidates(items: Sequence[UploadItem]) -> list[tuple[UploadItem, UploadItem]]:
    reports = [item for item in items if item.kind is ItemKind.REPORT and item.state is not ItemState.REFUSED]
    nights = [item for item in items if item.kind is ItemKind.RECORDING and item.started_at and not item.joined_to]
    firsts = {(item.samples_sha256 or item.id, item.device_serial): item for item in reversed(nights)}
    recordings = list(firsts.values())[::-1]
    return [(recording, report) for recording in recordings for report in reports if _begin_together(recording, report)]


def _begin_together(recording: UploadItem, report: UploadItem) -> bool:
    """The report's name or print tells its device, or its numbers stand for it."""
    if report.device_serial is None and not report.report:
        return False
    return near((recording.device_serial, recording.started_at), (report.device_serial, report.started_at))
