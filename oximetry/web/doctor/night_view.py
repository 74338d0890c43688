"""A night as the doctor sees it: title, eight numbers that open their definitions, the figure, the caption."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence

from dash import html
from dash.development.base_component import Component

from oximetry.domain import pattern
from oximetry.domain.night_numbers import NightNumbers
from oximetry.services.nights.analysis import NightReport
from oximetry.web.figure_layout import caption, clock
from oximetry.web.figures import Figure, night_figure
from oximetry.web.i18n import Words
from oximetry.web.numbers import NIGHT_PANEL, ShownNumber
from oximetry.web.vendor_view import beside_ours

LISTED_RISES = 50


def title(report: NightReport, words: Words) -> str:
    """``Noaptea 15/16 octombrie 2025 · 20:35–06:35 · aparat 0331``."""
    recording = report.recording
    return words.title(recording.started_at, recording.ended_at, recording.device_serial)


def number_row(numbers: NightNumbers, words: Words) -> Component:
    """Eight numbers in a row; each opens to its definition, its band, the samples it was made from and its source."""
    return html.Div([_number(shown, numbers, words) for shown in NIGHT_PANEL], className="number-row")


def _number(shown: ShownNumber, numbers: NightNumbers, words: Words) -> Component:
    lines = [
        shown.definition(numbers, words),
        _band(shown, numbers, words),
        _samples(numbers, words),
        words(f"source.{shown.name}"),
    ]
    summary = html.Summary([html.B(shown.text(numbers, words)), html.Span(words(f"number.{shown.name}"))])
    return html.Details([summary, *[html.P(line) for line in lines if line]])


def _band(shown: ShownNumber, numbers: NightNumbers, words: Words) -> str:
    """How far samples that are not in the number could move it; empty when they could not."""
    low, high = numbers.uncertainty.get(shown.band, (math.nan, math.nan))
    if math.isnan(low) or math.isnan(high) or low == high:
        return ""
    return words("provenance.band", low=words.number(low), high=words.number(high))


def _samples(numbers: NightNumbers, words: Words) -> str:
    """Out of which samples the number was made."""
    interval_s = numbers.sampling_interval_s
    return words(
        "provenance.samples",
        valid=words.number(round(numbers.valid_s / interval_s), 0),
        samples=words.number(numbers.samples, 0),
        excluded=words.number(round(numbers.excluded_s / interval_s), 0),
        interval=interval_s,
        format=numbers.format,
    )


def quality(report: NightReport, words: Words) -> Component:
    """How many samples are in which state, and what is flagged as a probable artefact."""
    recording, summary = report.recording, report.analysis.summary
    missing_s = summary.recorded_s - summary.valid_s - summary.below_range_s - summary.excluded_s
    times = (
        ("valid", summary.valid_s),
        ("below_range", summary.below_range_s),
        ("excluded", summary.excluded_s),
        ("missing", missing_s),
        ("countdown", summary.countdown_s),
        ("motion", summary.motion_suspect_s),
    )
    rows = [[words(f"quality.{name}"), words("unit.minutes", value=words.number(s / 60))] for name, s in times]
    rises = recording.time_s[report.analysis.suspicion.rise].tolist()
    jumps = [
        [{"text": f"{recording.wall_clock(at_s):%H:%M:%S}", "at": clock(recording, at_s).isoformat()}] for at_s in rises
    ]
    listed = [table([words("quality.rises")], jumps[:LISTED_RISES])] if jumps else []
    return html.Details(
        [
            html.Summary(words("quality.title")),
            table([words("quality.state"), words("quality.time")], rows),
            html.P(words("quality.rises_count", count=summary.implausible_rises)),
            *listed,
        ]
    )


def warnings(numbers: NightNumbers, words: Words) -> Component:
    """The reader's notes and the analysis's warnings, one line each."""
    sentences = [words.warning(warning.code, warning.details) for warning in numbers.warnings]
    return html.Ul([html.Li(text) for text in sentences], className="note") if sentences else html.Span()


def events(report: NightReport, words: Words) -> Component:
    """Every event of the headline rule, one line each; a click on a line brings the plot to it."""
    recording, night_events = report.recording, report.analysis.events
    if not night_events:
        return html.P(words("events.none"), className="quiet")
    rows = [
        [
            {
                "text": f"{recording.wall_clock(event.onset_s):%H:%M:%S}",
                "at": clock(recording, event.nadir_s).isoformat(),
            },
            words("unit.seconds", value=words.number(event.duration_s, 0)),
            words.percent(event.depth_pct, 0),
            words.percent(event.nadir_pct, 0),
        ]
        for event in night_events
    ]
    head = [words(f"events.{name}") for name in ("start", "length", "depth", "nadir")]
    return html.Details([html.Summary(words.count("events.count", len(night_events))), table(head, rows)])


def spread(report: NightReport, words: Words) -> Component:
    """How the night's events and values are spread: hours, halves, clusters, histogram."""
    recording, analysis = report.recording, report.analysis
    by_hour = [
        [
            f"{recording.wall_clock(hour.from_s):%H:%M}",
            words.number(hour.odi3_per_h),
            hour.desaturations3,
            hour.desaturations4,
        ]
        for hour in pattern.hours(recording, analysis)
    ]
    head = [words(f"spread.{name}") for name in ("hour", "odi3", "events3", "events4")]
    first, second = pattern.halves(recording, analysis)
    clusters = pattern.clusters(analysis.events)
    clustered = ", ".join(f"{recording.wall_clock(one.from_s):%H:%M} ({one.desaturations})" for one in clusters)
    lines = (
        words("spread.halves", first=words.number(first.odi3_per_h), second=words.number(second.odi3_per_h)),
        words("spread.clusters", clusters=clustered) if clusters else words("spread.no_clusters"),
        words("spread.longest", minutes=words.number(analysis.summary.t_le88_longest_min)),
        words("spread.histogram"),
    )
    shares = pattern.histogram(recording, analysis)
    values = [[value, words.percent(share)] for value, share in sorted(shares.items(), reverse=True)]
    return html.Details(
        [
            html.Summary(words("spread.title")),
            table(head, by_hour),
            *[html.P(line) for line in lines],
            table([words("plot.spo2_axis"), words("spread.share")], values),
        ]
    )


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> Component:
    """A table as data, drawn by ``assets/medic_tables.js``."""
    return html.Div(className="scroll", **{"data-table": json.dumps({"head": head, "rows": rows}, ensure_ascii=False)})


def panel(report: NightReport, words: Words) -> tuple[str, Component, Figure, str, Component]:
    """Title, numbers, figure, caption and details of the night panel."""
    over, below, details = texts(report, words)
    return title(report, words), over, night_figure(report, words), below, details


def texts(report: NightReport, words: Words) -> tuple[Component, str, Component]:
    """What stands around the figure: numbers, caption and details."""
    numbers = report.numbers
    over = html.Div([number_row(numbers, words), warnings(numbers, words)])
    parts = [events(report, words), spread(report, words), quality(report, words), beside_ours(numbers, words)]
    details = html.Div([part for part in parts if part is not None])
    return over, caption(numbers, words), details
