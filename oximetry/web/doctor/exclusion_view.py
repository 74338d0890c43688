"""Taking a span out of a night: the bar below the plot, and the list of what is out with the way back."""

from __future__ import annotations

from collections.abc import Sequence

from dash import dcc, html
from dash.development.base_component import Component

from oximetry.domain.records import ExcludedSpan
from oximetry.services.nights.analysis import NightReport
from oximetry.web.doctor import ids
from oximetry.web.i18n import Words

_REASONS = ("moved", "cold_hand", "off", "awake")
_SUGGESTED = "exclusion-reasons"


def bar(words: Words) -> Component:
    """Drag over the plot or type both ends, say why, exclude; hidden until a stored night is open."""
    suggested = [html.Option(value=words(f"exclude_reason.{name}")) for name in _REASONS]
    return html.Div(
        [
            html.Button(words("exclude.drag"), className="quiet-action", **{"data-exclude-drag": "1"}),
            _moment(words("exclude.from"), ids.EXCLUDE_FROM),
            _moment(words("exclude.to"), ids.EXCLUDE_TO),
            html.Label(
                [
                    words("exclude.reason"),
                    dcc.Input(id=ids.EXCLUDE_REASON, type="text", list=_SUGGESTED, maxLength=120, autoComplete="off"),
                    html.Datalist(suggested, id=_SUGGESTED),
                ]
            ),
            html.Button(words("exclude.do"), id=ids.EXCLUDE, className="action"),
        ],
        id=ids.EXCLUDE_BAR,
        className="exclude-bar",
        hidden=True,
    )


def listed(spans: Sequence[ExcludedSpan], report: NightReport, words: Words) -> list[Component]:
    """One line for each span that is out, with its reason and the button that puts it back."""
    return [
        html.Div(
            [
                html.Span(
                    words(
                        "exclude.span",
                        first=f"{report.recording.wall_clock(span.from_s):%H:%M:%S}",
                        last=f"{report.recording.wall_clock(span.to_s):%H:%M:%S}",
                        reason=span.reason,
                    )
                ),
                html.Button(
                    words("exclude.put_back"), id={"type": "put-back", "span": span.id}, className="quiet-action"
                ),
            ],
            className="excluded-span",
        )
        for span in spans
    ]


def _moment(label: str, name: str) -> Component:
    return html.Label([label, dcc.Input(id=name, type="datetime-local", step=1)])
