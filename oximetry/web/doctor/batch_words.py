"""What is said of one file of a batch: its night, its hours, and what the doctor should know before confirming."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from oximetry.domain.records import ItemKind, ItemState, UploadItem
from oximetry.services.intake.batch import BatchRow
from oximetry.services.intake.kept_reports import carries_name
from oximetry.web.i18n import Words
from oximetry.web.report_view import differences


def night_text(item: UploadItem, words: Words) -> str:
    """``15/16 oct. 2025``."""
    if item.started_at is None:
        return ""
    return f"{words.night(item.started_at, short=True)} {(item.started_at + timedelta(hours=12)).year}"


def hours_text(item: UploadItem) -> str:
    """``20:35–06:35``."""
    if item.started_at is None:
        return ""
    return f"{item.started_at:%H:%M}" + (f"–{item.ended_at:%H:%M}" if item.ended_at else "")


def in_a_line(item: UploadItem, words: Words) -> str:
    """``15/16 oct. 2025 · 20:35–06:35 · 0331``."""
    parts = (night_text(item, words), hours_text(item), item.device_serial)
    return " · ".join(part for part in parts if part)


def remarks(row: BatchRow, words: Words, name_of: Callable[[UploadItem], str], *, brief: bool = False) -> list[str]:
    """What the doctor should know before confirming; ``brief`` for the narrow column, whole sentences elsewhere."""
    item = row.item
    kind = "brief" if brief else "warning"
    warnings = item.numbers.warnings if item.numbers else ()
    said = [words(f"{kind}.{warning.code}", **warning.details) for warning in warnings]
    same_night = _same_night(row)
    if same_night:
        said.insert(0, words(same_night))
    if row.same_as is not None:
        said.insert(0, words("remark.same_night_as", name=name_of(row.same_as)))
    said += [one for report in (row.report, item) if report for one in _of_report(report, words)]
    if row.mismatch is not None:
        said.insert(0, words("remark.mismatched", differences=differences(row.mismatch.differences, words)))
    elif row.joins_at is not None:
        said.insert(0, words("remark.joins_stored"))
    elif item.kind is ItemKind.REPORT:
        said.append(words("remark.lone_report"))
    if row.pending:
        said.insert(0, words("remark.not_archived"))
    if row.waits_for:
        said.insert(0, words("remark.waits", reason=words.reason(row.waits_for, {})))
    if item.reason and item.state is ItemState.READ:
        said.insert(0, words.reason(item.reason, item.details))
    return said


def _of_report(report: UploadItem, words: Words) -> list[str]:
    """What the doctor should know of a PDF: whether it was read, and what becomes of a name in it."""
    if report.kind is not ItemKind.REPORT or report.state is ItemState.RECEIVED:
        return []
    if report.report is None:
        return [words("remark.report_unread")]
    if carries_name(report) is False:
        return []
    return [words("remark.original_kept" if report.keep_original else "remark.carries_name")]


def _same_night(row: BatchRow) -> str | None:
    """The remark about the same night among the stored ones, if there is one."""
    here = row.item.patient_id or row.item.target
    stored = (*row.stored_at, *row.completes)
    if here and any(patient != here for patient in stored):
        return "remark.same_night_elsewhere"
    if row.stands_complete:
        return "remark.stands_complete"
    if row.completes:
        return "remark.completes"
    return "remark.same_night_stored" if stored and row.same_as is None else None
