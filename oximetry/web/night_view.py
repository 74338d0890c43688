"""A night as the doctor sees it: title, eight numbers that open their definitions, the figure, the caption."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dash import html
from dash.development.base_component import Component

from oximetry.services.analysis import NightReport
from oximetry.web.figure_layout import caption
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


def panel(report: NightReport, words: Words) -> tuple[str, Component, Figure, str]:
    """Title, numbers, figure and caption of the night panel."""
    values = report.as_json()
    under = html.Div([numbers(values, words), warnings(values, words)])
    return title(report, words), under, night_figure(report, words), caption(values, words)
