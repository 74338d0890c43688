"""A night as the doctor sees it: title, eight numbers that open their definitions, the figure, the caption."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component

from oximetry.domain import pattern
from oximetry.services.nights.analysis import NightReport
from oximetry.web.figure_layout import caption, clock
from oximetry.web.figures import Figure, night_figure
from oximetry.web.i18n import Words
from oximetry.web.vendor_view import beside_ours

LISTED_RISES = 50


def title(report: NightReport, words: Words) -> str:
    """``Noaptea 15/16 octombrie 2025 · 20:35–06:35 · aparat 0331``."""
    recording = report.recording
    return words.title(recording.started_at, recording.ended_at, recording.device_serial)


def lowest(values: Mapping[str, Any], words: Words) -> str:
    """The lowest SpO2; a night that went below the device's range has no number for it."""
    return f"< {words.percent(61, 0)}" if values["below_range_s"] > 0 else words.percent(values["spo2_min_pct"], 0)


# where each number stands among the stored ones, for its band
_BANDS = {
    "odi3": "odi3_per_h",
    "odi4": "odi4_per_h",
    "below90": "time_below_pct.90",
    "le88": "t_le88_min",
    "mean": "spo2_mean_pct",
}


def numbers(values: Mapping[str, Any], words: Words) -> Component:
    """Eight numbers in a row; each opens to its definition, its band, the samples it was made from and its source."""
    shown = (
        ("odi3", words.number(values["odi3_per_h"])),
        ("odi4", words.number(values["odi4_per_h"])),
        ("below90", words.percent(values["time_below_pct"]["90"])),
        ("le88", words("unit.minutes", value=words.number(values["t_le88_min"]))),
        ("lowest", lowest(values, words)),
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
                    *[html.P(line) for line in (_band(values, name, words), _samples(values, words)) if line],
                    html.P(words(f"source.{name}")),
                ]
            )
            for name, value in shown
        ],
        className="number-row",
    )


def _band(values: Mapping[str, Any], name: str, words: Words) -> str:
    """How far samples that are not in the number could move it; empty when they could not."""
    low, high = values.get("uncertainty", {}).get(_BANDS.get(name, ""), (None, None))
    if low is None or high is None or low == high:
        return ""
    return words("provenance.band", low=words.number(low), high=words.number(high))


def _samples(values: Mapping[str, Any], words: Words) -> str:
    """Out of which samples the number was made."""
    interval_s = values["sampling_interval_s"]
    return words(
        "provenance.samples",
        valid=words.number(round(values["valid_s"] / interval_s), 0),
        samples=words.number(values["samples"], 0),
        excluded=words.number(round(values.get("excluded_s", 0) / interval_s), 0),
        interval=interval_s,
        format=values["format"],
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


def warnings(values: Mapping[str, Any], words: Words) -> Component:
    """The reader's notes and the analysis's warnings, one line each."""
    said = [words.warning(str(warning["code"]), warning) for warning in values["warnings"]]
    return html.Ul([html.Li(text) for text in said], className="note") if said else html.Span()


def events(report: NightReport, words: Words) -> Component:
    """Every event of the headline rule, one line each; a click on a line brings the plot to it."""
    recording, found = report.recording, report.analysis.events
    if not found:
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
        for event in found
    ]
    head = [words(f"events.{name}") for name in ("start", "length", "depth", "nadir")]
    return html.Details([html.Summary(words.count("events.count", len(found))), table(head, rows)])


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
    found = pattern.clusters(analysis.events)
    clustered = ", ".join(f"{recording.wall_clock(one.from_s):%H:%M} ({one.desaturations})" for one in found)
    lines = (
        words("spread.halves", first=words.number(first.odi3_per_h), second=words.number(second.odi3_per_h)),
        words("spread.clusters", clusters=clustered) if found else words("spread.no_clusters"),
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
    values = report.as_json()
    over = html.Div([numbers(values, words), warnings(values, words)])
    parts = [events(report, words), spread(report, words), quality(report, words), beside_ours(values, words)]
    details = html.Div([part for part in parts if part is not None])
    return over, caption(values, words), details
