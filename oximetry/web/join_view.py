"""One night in two files: the offer to join them below the batch table, and the way back."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from oximetry.domain.records import ItemState, UploadItem
from oximetry.services.batch import Batch, BatchRow, JoinOffer
from oximetry.web import batch_words
from oximetry.web.i18n import Words


def listed(batch: Batch, words: Words) -> list[Component]:
    """A line for each pair that looks like one night, then one for each night that is joined and not yet confirmed."""
    joined = [row for row in batch.rows if row.parts and row.item.state is ItemState.READ]
    return [_offer(offer, words) for offer in batch.offers] + [_joined(row, words) for row in joined]


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


def _line(night: UploadItem, said: str, buttons: list[Component], words: Words) -> Component:
    named = html.Strong(batch_words.night_text(night, words))
    return html.Div([named, html.Span(said), html.Span(buttons, className="join-buttons")], className="join-row")


def _button(label: str, act: str, first: str, second: str, *, looks: str = "quiet-action") -> Component:
    return html.Button(label, id={"type": "join", "act": act, "first": first, "second": second}, className=looks)
