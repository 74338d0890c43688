"""A night as the doctor sees it: title, eight numbers that open their definitions, the figure, the caption."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dash import html
from dash.development.base_component import Component

from oximetry.domain import pattern
from oximetry.services.analysis import NightReport
from oximetry.web.figure_layout import caption, clock
from oximetry.web.figures import Figure, night_figure
from oximetry.web.i18n import Words


def title(report: NightReport, words: Words) -> str:
    """``Noaptea 15/16 octombrie 2025 · 20:35–06:35 · aparat 0331``."""
    recording = report.recording
    return words.title(recording.started_at, recording.ended_at, recording.device_serial)


def numbers(values: Mapping[str, Any], words: Words) -> Component:
    """Eight numbers in a row; each opens to its definition."""
    shown = (
        ("odi3", words.number(values["odi3_per_h"])),
        ("odi4", words.number(values["odi4_per_h"])),
        ("below90", words.percent(values["time_below_pct"]["90"])),
        ("le88", words("unit.minutes", value=words.number(values["t_le88_min"]))),
        ("lowest", words.percent(values["spo2_min_pct"], 0)),
        ("mean", words.percent(values["spo2_mean_pct"])),
        ("pulse", words.number(values["pulse_mean_bpm"], 0)),
        ("valid", words("unit.hours", value=words.number(values["valid_s"] / 3600, 2))),
    )
    details = {"rule": values["rule"]["name"], "version": values["rule"]["version"]}
    return html.Div(
        [
            html.Details(
                [
                    html.Summary([html.B(value), html.Span(words(f"number.{name}"))]),
                    html.P(words(f"definition.{name}", **details)),
                ]
            )
            for name, value in shown
        ],
        className="number-row",
    )


def warnings(values: Mapping[str, Any], words: Words) -> Component:
    """The reader's notes and the analysis's warnings, one line each."""
    said = [words.warning(str(warning["code"]), warning) for warning in values["warnings"]]
    return html.Ul([html.Li(text) for text in said], className="note") if said else html.Span()


def events(report: NightReport, words: Words) -> Component:
    """Every event of the headline rule, one line each; a click on a line brings the plot to it."""
    recording, found = report.recording, report.analysis.events
    if not found:
        return html.P(words("events.none"), className="quiet")
    head = [words(f"events.{name}") for name in ("start", "length", "depth", "nadir")]
    rows = [
        html.Tr(
            [
                html.Td(
                    html.Button(
                        f"{recording.wall_clock(event.onset_s):%H:%M:%S}",
                        className="event-link",
                        **{"data-event-at": clock(recording, event.nadir_s).isoformat()},
                    )
                ),
                html.Td(words("unit.seconds", value=words.number(event.duration_s, 0))),
                html.Td(words.percent(event.depth_pct, 0)),
                html.Td(words.percent(event.nadir_pct, 0)),
            ]
        )
        for event in found
    ]
    table = html.Table([html.Thead(html.Tr([html.Th(text) for text in head])), html.Tbody(rows)], className="events")
    return html.Details([html.Summary(words.count("events.count", len(found))), html.Div(table, className="scroll")])


def spread(report: NightReport, words: Words) -> Component:
    """How the night's events and values are spread: hours, halves, clusters, histogram."""
    recording, analysis = report.recording, report.analysis
    by_hour = [
        html.Tr(
            [
                html.Td(f"{recording.wall_clock(hour.from_s):%H:%M}"),
                html.Td(words.number(hour.odi3_per_h)),
                html.Td(hour.desaturations3),
                html.Td(hour.desaturations4),
            ]
        )
        for hour in pattern.hours(recording, analysis)
    ]
    head = html.Tr([html.Th(words(f"spread.{name}")) for name in ("hour", "odi3", "events3", "events4")])
    first, second = pattern.halves(recording, analysis)
    found = pattern.clusters(analysis.events)
    clustered = ", ".join(f"{recording.wall_clock(one.from_s):%H:%M} ({one.desaturations})" for one in found)
    lines = (
        words("spread.halves", first=words.number(first.odi3_per_h), second=words.number(second.odi3_per_h)),
        words("spread.clusters", clusters=clustered) if found else words("spread.no_clusters"),
        words("spread.longest", minutes=words.number(analysis.summary.t_le88_longest_min)),
    )
    return html.Details(
        [
            html.Summary(words("spread.title")),
            *[html.P(line) for line in lines],
            html.Table([html.Thead(head), html.Tbody(by_hour)], className="events"),
            _histogram(report, words),
        ]
    )


def _histogram(report: NightReport, words: Words) -> Component:
    shares = pattern.histogram(report.recording, report.analysis)
    tallest = max(shares.values(), default=1.0)
    bars = [
        html.Div(
            [
                html.Span(f"{value}", className="bar-value"),
                html.Span(className="bar", style={"width": f"{60 * share / tallest:.1f}%"}),
                html.Span(words.percent(share)),
            ],
            className="bar-row",
        )
        for value, share in sorted(shares.items(), reverse=True)
    ]
    return html.Div([html.P(words("spread.histogram")), *bars], className="histogram")


def panel(report: NightReport, words: Words) -> tuple[str, Component, Figure, str]:
    """Title, numbers, figure and caption of the night panel."""
    values = report.as_json()
    under = html.Div([numbers(values, words), warnings(values, words), events(report, words), spread(report, words)])
    return title(report, words), under, night_figure(report, words), caption(values, words)
