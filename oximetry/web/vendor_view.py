"""The device's own counts beside ours, with the reason why they differ; shown as the vendor's, never emulated."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from oximetry.domain.night_numbers import NightNumbers
from oximetry.web.i18n import NO_VALUE, Words
from oximetry.web.numbers import BELOW90, EVENTS3, EVENTS4, LOWEST, MEAN, ShownNumber

# the device's name of a number, and ours
_PAIRS: tuple[tuple[str, ShownNumber | None], ...] = (
    ("spo2_mean_pct", MEAN),
    ("spo2_min_pct", LOWEST),
    ("below90_pct", BELOW90),
    ("drops_over_3pct", EVENTS3),
    ("drops_over_4pct", EVENTS4),
    ("o2_score", None),
)
_WHY = {
    "spo2_mean_pct": "vendor.why_mean",
    "spo2_min_pct": "vendor.why_lowest",
    "below90_pct": "vendor.why_below90",
    "drops_over_3pct": "vendor.why_drops",
    "drops_over_4pct": "vendor.why_drops",
    "o2_score": "vendor.why_score",
}


def beside_ours(numbers: NightNumbers, words: Words) -> Component | None:
    """A table of the device's numbers and ours; ``None`` when the file carries none of the device's."""
    rows = [
        html.Tr(
            [
                html.Td(words(f"vendor.{name}")),
                html.Td(words.number(numbers.vendor[name], ours.decimals if ours else 1)),
                html.Td(ours.digits(numbers, words) if ours else NO_VALUE),
                html.Td(words(_WHY[name]), className="quiet"),
            ]
        )
        for name, ours in _PAIRS
        if numbers.vendor.get(name) is not None
    ]
    if not rows:
        return None
    head = html.Tr([html.Th(words(f"vendor.{column}")) for column in ("number", "device", "ours", "why")])
    table = html.Table([html.Thead(head), html.Tbody(rows)], className="events")
    return html.Details([html.Summary(words("vendor.title")), html.Div(table, className="scroll")])
