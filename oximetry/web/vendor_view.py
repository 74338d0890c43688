"""The device's own counts beside ours, with the reason why they differ; shown as the vendor's, never emulated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dash import html
from dash.development.base_component import Component

from oximetry.web.i18n import Words

# the device's name of a number, ours, and the decimals to show
_PAIRS = (
    ("spo2_mean_pct", "spo2_mean_pct", 1),
    ("spo2_min_pct", "spo2_min_pct", 0),
    ("below90_pct", "time_below_pct", 1),
    ("drops_over_3pct", "desaturations3", 0),
    ("drops_over_4pct", "desaturations4", 0),
    ("o2_score", None, 1),
)
_WHY = {
    "spo2_mean_pct": "vendor.why_mean",
    "spo2_min_pct": "vendor.why_lowest",
    "below90_pct": "vendor.why_below90",
    "drops_over_3pct": "vendor.why_drops",
    "drops_over_4pct": "vendor.why_drops",
    "o2_score": "vendor.why_score",
}


def beside_ours(values: Mapping[str, Any], words: Words) -> Component | None:
    """A table of the device's numbers and ours; ``None`` when the file carries none of the device's."""
    vendor = values.get("vendor") or {}
    rows = [
        html.Tr(
            [
                html.Td(words(f"vendor.{name}")),
                html.Td(words.number(vendor[name], decimals)),
                html.Td(words.number(_ours(values, own), decimals)),
                html.Td(words(_WHY[name]), className="quiet"),
            ]
        )
        for name, own, decimals in _PAIRS
        if vendor.get(name) is not None
    ]
    if not rows:
        return None
    head = html.Tr([html.Th(words(f"vendor.{column}")) for column in ("number", "device", "ours", "why")])
    table = html.Table([html.Thead(head), html.Tbody(rows)], className="events")
    return html.Details([html.Summary(words("vendor.title")), html.Div(table, className="scroll")])


def _ours(values: Mapping[str, Any], own: str | None) -> float | None:
    if own is None:
        return None
    value = values[own]
    if value is None:
        return None
    return float(value["90"] if isinstance(value, Mapping) else value)
