"""Files of a batch that wait for something, and those kept aside: what is said of them, and the buttons beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from dash import html
from dash.development.base_component import Component

from oximetry.domain.records import UploadItem
from oximetry.services.intake.batch import BatchRow
from oximetry.web.i18n import Words

TRY_AGAIN, PUT_BACK = "try-again", "return-file"


def waiting(rows: Sequence[BatchRow], words: Words) -> list[Component]:
    """A line for each reason for which files wait, with the button that tries all of those now."""
    reasons = Counter(row.waits_for for row in rows if row.waits_for)
    return [
        html.Div(
            [
                html.Span(" ".join((words.count("batch.waiting", count), words.reason(reason, {})))),
                html.Button(words("batch.try_again"), id={"type": TRY_AGAIN, "item": reason}, className="quiet-action"),
            ],
            className="storage-notice",
            role="status",
        )
        for reason, count in reasons.items()
    ]


def kept_aside(items: Sequence[UploadItem], words: Words, name_of: Callable[[UploadItem], str]) -> list[Component]:
    """How many files were taken out and are still there, each with its name, its last day and the way back."""
    if not items:
        return []
    return [
        html.Details(
            [
                html.Summary(words.count("batch.kept_aside", len(items))),
                *(_kept(item, words, name_of) for item in items),
            ],
            className="kept-aside",
        )
    ]


def _kept(item: UploadItem, words: Words, name_of: Callable[[UploadItem], str]) -> Component:
    until = words.day(item.kept_until) if item.kept_until else ""
    return html.Div(
        [
            html.Strong(name_of(item)),
            html.Span(words("batch.kept_until", day=until)),
            html.Button(words("batch.put_back"), id={"type": PUT_BACK, "item": item.id}, className="quiet-action"),
        ],
        className="refused-row",
    )
