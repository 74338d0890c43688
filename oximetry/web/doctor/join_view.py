"""One night in two files: the offer to join them below the batch table, and the way back."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from oximetry.domain.records import ItemKind, ItemState, UploadItem
from oximetry.services.intake.batch import Batch, BatchRow, JoinOffer
from oximetry.services.intake.kept_reports import carries_name
from oximetry.web.doctor import batch_words
from oximetry.web.i18n import Words


def listed(batch: Batch, words: Words) -> list[Component]:
    """A line for each pair that looks like one night, then one for each night that is joined and not yet confirmed."""
    joined = [row for row in batch.rows if row.parts and row.item.state is ItemState.READ]
    asked = [_question(report, recordings, words) for report, recordings in batch.questions]
    named = [_named(report, words) for row in batch.rows for report in (row.report, row.item) if _carries_name(report)]
    return [_offer(offer, words) for offer in batch.offers] + [_joined(row, words) for row in joined] + asked + named


def gap_text(gap_s: float, words: Words) -> str:
    """``2 min 10 s``."""
    minutes, seconds = divmod(round(gap_s), 60)
    return (
        words("join.minutes", minutes=minutes, seconds=seconds) if minutes else words("join.seconds", seconds=seconds)
    )


def _offer(offer: JoinOffer, words: Words) -> Component:
    said = words(
        "join.offer",
        gap=gap_text(offer.gap_s, words),
        first=batch_words.hours_text(offer.first),
        second=batch_words.hours_text(offer.second),
        device=offer.first.device_serial,
    )
    pair = (offer.first.id, offer.second.id)
    buttons = [
        _button(words("join.do"), "join", *pair, looks="action"),
        _button(words("join.keep_apart"), "keep-apart", *pair),
    ]
    return _line(offer.first, said, buttons, words)


def _joined(row: BatchRow, words: Words) -> Component:
    said = words("join.joined", hours=batch_words.hours_text(row.item), files=len(row.parts) + 1)
    return _line(row.item, said, [_button(words("join.take_apart"), "take-apart", row.item.id, "")], words)


def _question(report: UploadItem, recordings: list[UploadItem], words: Words) -> Component:
    """A report that fits several recordings: the doctor says whose it is."""
    buttons = [_button(batch_words.in_a_line(one, words), "belongs", report.id, one.id) for one in recordings]
    return _line(report, words("join.whose_report"), buttons, words)


def _carries_name(report: UploadItem | None) -> bool:
    if report is None or report.kind is not ItemKind.REPORT or report.state is not ItemState.READ:
        return False
    return report.report is not None and carries_name(report) is not False


def _named(report: UploadItem | None, words: Words) -> Component:
    """A report that tells of the person: painted over, unless the doctor keeps it as it is."""
    assert report is not None  # noqa: S101 - told to the type checker; `_carries_name` looked
    if report.keep_original:
        button = _button(words("join.paint"), "paint", report.id, "")
        return _line(report, words("remark.original_kept"), [button], words)
    button = _button(words("join.keep_original"), "keep-original", report.id, "")
    return _line(report, words("remark.carries_name"), [button], words)


def _line(night: UploadItem, sentence: str, buttons: list[Component], words: Words) -> Component:
    named = html.Strong(batch_words.night_text(night, words))
    return html.Div([named, html.Span(sentence), html.Span(buttons, className="join-buttons")], className="join-row")


def _button(label: str, act: str, first: str, second: str, *, looks: str = "quiet-action") -> Component:
    return html.Button(label, id={"type": "join", "act": act, "first": first, "second": second}, className=looks)
