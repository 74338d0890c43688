"""A vendor's report on the pages: its numbers as the vendor's, beside ours with the reasons, and its drawn curve."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from oximetry.domain.night_numbers import NightNumbers
from oximetry.domain.reconciliation import Compared, reconcile
from oximetry.domain.records import VendorReport
from oximetry.domain.report_curve import ReportCurve
from oximetry.services.intake.staged import StagedReport
from oximetry.web.figure_layout import LINE, PULSE, SPO2, TEXT
from oximetry.web.i18n import Words

WHYS = (
    "percent_times_duration",
    "firmware",
    "byte_limit",
    "not_printed_below_61",
    "whole_numbers",
    "one_interval_more",
)
CURVE_HEIGHT_PX = 260
_SHOWN = (
    "spo2_mean_pct",
    "spo2_min_pct",
    "spo2_max_pct",
    "pulse_mean_bpm",
    "pulse_min_bpm",
    "pulse_max_bpm",
    "drops_over_3pct",
    "drops_over_3pct_per_h",
    "drops_over_4pct",
    "drops_over_4pct_per_h",
    "o2_score",
)
_DECIMALS = {"o2_score": 1, "drops_over_3pct_per_h": 2, "drops_over_4pct_per_h": 2}
_IN_A_TABLE = re.compile(r"(\w+)_bands\[(.+)\]\.(pct|time_s)")


Printed = VendorReport | StagedReport


def card(report: VendorReport, downloads: Sequence[Component], words: Words) -> Component:
    """A report that stands alone: its numbers, and the curve reconstructed from its picture."""
    named = words.night(report.started_at) if report.started_at else report.file.name
    inside = [*printed(report, words), *curve(report, words), html.Div(list(downloads), className="downloads")]
    return html.Details([html.Summary(words("report.title", night=named)), *inside], className="card")


def printed(report: VendorReport, words: Words) -> list[Component]:
    """The numbers that a report prints, marked as the vendor's."""
    read = report.numbers
    if read is None:
        return [html.P(words("report.unread"), className="note")]
    rows = [
        html.Tr([html.Td(words(f"vendor.{name}")), html.Td(words.number(getattr(read, name), _DECIMALS.get(name, 0)))])
        for name in _SHOWN
    ]
    for table, label in (("spo2", "report.spo2_band"), ("pulse", "report.pulse_band")):
        for band in getattr(read, f"{table}_bands"):
            share = html.Td(f"{words.percent(band.pct, 2)} · {_clock(band.time_s, words)}")
            rows.append(html.Tr([html.Td(words(label, range=band.label or "?")), share]))
    notes = [words("report.of_vendor")]
    if read.uncertain:
        notes.append(words.count("report.uncertain", len(read.uncertain)))
    if report.painted:
        notes.append(words("report.painted"))
    table = html.Table(html.Tbody(rows), className="events")
    return [html.P(" ".join(notes), className="quiet"), html.Div(table, className="scroll"), *_page(report, words)]


def _page(report: VendorReport, words: Words) -> list[Component]:
    """The way to a picture of the report's page, which a phone need not load unasked."""
    if report.preview is None:
        return []
    return [html.P(html.A(words("report.page"), href=f"/patient/{report.preview.key}", target="_blank"))]


def beside_ours(reports: Sequence[Printed], numbers: NightNumbers, words: Words) -> list[Component]:
    """For each report of a night a table of its numbers and ours, what differs and why."""
    return [_reconciled(report, numbers, words) for report in reports]


def differences(comparisons: Sequence[Compared], words: Words) -> str:
    """``SpO2 medie (%): raport 91, înregistrare 88,2``; for the question before a doubtful report is stored."""
    return "; ".join(
        words("report.both_sides", name=_name(one.name, words), theirs=_shown(one.name, one.theirs, words),
              ours=_shown(one.name, one.ours, words))
        for one in comparisons
    )  # fmt: skip


def curve(report: Printed, words: Words) -> list[Component]:
    """The curves of the report's picture, marked as reconstructed wherever they stand; never an ODI."""
    if report.curve is None or report.started_at is None:
        return []
    drawn = ReportCurve.from_json(report.curve)
    said = words(
        "report.curve_numbers",
        mean=words.number(drawn.spo2_mean_pct),
        below90=words.percent(drawn.time_below_pct(90)),
        below88=words.percent(drawn.time_below_pct(88)),
    )
    floor = words("report.reconstructed", floor=words.number(drawn.clipped_below_pct, 0))
    graph = dcc.Graph(
        figure=curve_figure(drawn, report, words),
        config={"displayModeBar": False, "locale": words.language},
        style={"height": f"{CURVE_HEIGHT_PX}px"},
    )
    return [html.P(floor, className="note"), graph, html.P(said, className="quiet caption")]


def curve_figure(drawn: ReportCurve, report: Printed, words: Words) -> dict[str, Any]:
    """SpO2 above, pulse below, in five-minute means: the shape is what the picture tells."""
    time_s, spo2_pct, pulse_bpm = drawn.shape()
    assert report.started_at is not None  # noqa: S101 - told to the type checker; `curve` looked
    clock = [(report.started_at + timedelta(seconds=float(second))).isoformat() for second in time_s]
    lines = (("plot.spo2_axis", spo2_pct, SPO2, "y"), ("plot.pulse_axis", pulse_bpm, PULSE, "y2"))
    return {
        "data": [
            {"type": "scatter", "mode": "lines", "name": words(name), "x": clock, "y": _plain(values), "yaxis": axis,
             "line": {"color": colour, "width": 1.5}, "connectgaps": False}
            for name, values, colour, axis in lines
        ],
        "layout": {
            "xaxis": {"type": "date", "tickformat": "%H:%M\n%d.%m.", "gridcolor": LINE, "anchor": "y2", "nticks": 6,
                      "tickangle": 0},
            "yaxis": {"domain": [0.42, 1.0], "range": [drawn.clipped_below_pct - 1, 100.5], "gridcolor": LINE},
            "yaxis2": {"domain": [0.0, 0.34], "gridcolor": LINE, "nticks": 4},
            "showlegend": False,
            "margin": {"l": 34, "r": 10, "t": 24, "b": 36},
            "paper_bgcolor": "#FFFFFF",
            "plot_bgcolor": "#FFFFFF",
            "font": {"color": TEXT, "size": 12},
            "separators": ",." if words.language == "ro" else ".,",
            "annotations": [
                {"text": words("report.stamp"), "showarrow": False, "xref": "paper", "yref": "paper", "x": 0, "y": 1.12,
                 "font": {"size": 11}}
            ],
        },
    }  # fmt: skip


def _reconciled(report: Printed, numbers: NightNumbers, words: Words) -> Component:
    if report.numbers is None:
        return html.P(words("report.unread"), className="note")
    comparisons = reconcile(report.numbers, numbers)
    rows = [_row(one, words) for one in comparisons if one.name != "started_at" or one.agrees is False]
    head = html.Tr([html.Th(words(f"vendor.{column}")) for column in ("number", "report", "ours", "difference", "why")])
    table = html.Table([html.Thead(head), html.Tbody(rows)], className="events")
    wrong = any(one.agrees is False for one in comparisons)
    notes = [html.P(words("report.disagrees"), className="note")] if wrong else []
    return html.Details(
        [html.Summary(words("report.beside_ours")), *notes, html.Div(table, className="scroll"), *curve(report, words)],
        open=wrong,
    )


def _row(comparison: Compared, words: Words) -> Component:
    both = comparison.theirs is not None and comparison.ours is not None
    gap = (
        words.number((comparison.theirs or 0) - (comparison.ours or 0), 0 if comparison.name.endswith("_s") else 2)
        if both
        else ""
    )
    why = (
        words(f"report.{comparison.why}")
        if comparison.why and (comparison.theirs != comparison.ours or not both)
        else ""
    )
    return html.Tr(
        [
            html.Td(_name(comparison.name, words)),
            html.Td(_shown(comparison.name, comparison.theirs, words)),
            html.Td(_shown(comparison.name, comparison.ours, words)),
            html.Td(gap),
            html.Td(words("report.must_agree") if comparison.agrees is False else why, className="quiet"),
        ],
        className="disagrees" if comparison.agrees is False else "",
    )


def _name(name: str, words: Words) -> str:
    band = _IN_A_TABLE.fullmatch(name)
    if not band:
        return words(f"vendor.{name}")
    table, label, _ = band.groups()
    return words("report.pulse_band" if table == "pulse" else "report.spo2_band", range=label)


def _shown(name: str, value: float | None, words: Words) -> str:
    if name == "started_at" and value is not None:
        return f"{timedelta(seconds=int(value) % 86400)}"
    if name.endswith("_s"):
        return _clock(value, words)
    decimals = 2 if name.endswith((".pct", "_per_h")) else 1
    whole = value is not None and value == int(value) and not name.endswith(".pct")
    return words.number(value, 0 if whole else decimals)


def _clock(seconds: float | None, words: Words) -> str:
    """``6:11:44``."""
    return words.number(None) if seconds is None else str(timedelta(seconds=round(seconds)))


def _plain(values: Any) -> list[float | None]:
    def known() -> Iterator[float | None]:
        for value in values.tolist():
            yield None if value != value else round(value, 1)

    return list(known())
