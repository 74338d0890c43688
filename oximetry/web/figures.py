"""One figure for screen and PNG: SpO2, pulse and motion of a night on one time axis.

Plain dicts in plotly's form, so that the same figure goes to the browser, to Kaleido and into a test.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from oximetry.domain.desaturation import Desaturation
from oximetry.domain.metrics import NightAnalysis
from oximetry.domain.quality import LOWEST_PRINTED_PCT, runs_of
from oximetry.domain.recording import Recording
from oximetry.services.nights.analysis import NightReport
from oximetry.web.figure_layout import (
    EXCLUDED,
    GAP,
    MARK,
    MOTION,
    PULSE,
    SPO2,
    SPO2_AXIS_TO,
    clock,
    night_layout,
    picture_parts,
    spo2_floor,
)
from oximetry.web.i18n import Words

SHORTEST_GAP_DRAWN_S = 12.0
CROSSED = {"shape": "x", "fgcolor": EXCLUDED, "size": 12, "solidity": 0.12}  # what was measured stays readable

Figure = dict[str, Any]


def night_figure(night: NightReport, words: Words, *, picture: bool = False) -> Figure:
    """The figure of a night.

    Parameters
    ----------
    picture : bool
        For the PNG: with title and caption inside, without the range slider.

    Returns
    -------
    dict
        ``data`` and ``layout``. Every sample is there; missing ones are breaks in the line.
    """
    recording, analysis = night.recording, night.analysis
    floor = spo2_floor(analysis)
    data = [
        *_spans(recording, analysis, words, floor),
        *_lines(recording, analysis, words),
        *_excluded(recording, analysis, words),
        *_marks(recording, analysis.events, words),
        *_flags(recording, analysis, words),
    ]
    layout = night_layout(recording, analysis, words, slider=not picture)
    if picture:
        layout.update(picture_parts(recording, analysis, night.numbers, words))
    return {"data": data, "layout": layout}


def config(words: Words) -> dict[str, Any]:
    """What the plot lets the reader do, and its buttons' words."""
    return {
        "displaylogo": False,
        "showSendToCloud": False,
        "plotlyServerURL": "",  # plotly's own default would offer to upload a night to a stranger's server
        "responsive": True,
        "scrollZoom": False,
        "modeBarButtonsToRemove": ["lasso2d", "select2d", "autoScale2d", "toImage", "sendChartToCloud"],
        "locale": words.language,
        "locales": {
            words.language: {
                "dictionary": {
                    name: words(key)
                    for name, key in (
                        ("Zoom", "plot.zoom"),
                        ("Pan", "plot.pan"),
                        ("Zoom in", "plot.zoom_in"),
                        ("Zoom out", "plot.zoom_out"),
                        ("Reset axes", "plot.reset"),
                    )
                }
            }
        },
    }


def _axis(recording: Recording) -> dict[str, Any]:
    """The x values: start and step when the rows are even (small on the wire), else every row's time."""
    steps = np.diff(recording.time_s)
    if steps.size and np.all(steps == recording.sampling_interval_s):
        return {"x0": recording.started_at.isoformat(), "dx": recording.sampling_interval_s * 1000}
    start = np.datetime64(recording.started_at, "ms")
    times = start + np.round(recording.time_s * 1000).astype("timedelta64[ms]")
    return {"x": np.datetime_as_string(times, unit="s").tolist()}


def _lines(recording: Recording, analysis: NightAnalysis, words: Words) -> list[dict[str, Any]]:
    quality = analysis.quality
    axis = _axis(recording)
    series = (
        ("plot.spo2", recording.spo2_pct, quality.valid, SPO2, "y", "%{y:.0f} %"),
        ("plot.pulse", recording.pulse_bpm, quality.pulse_valid, PULSE, "y2", "%{y:.0f}/min"),
        ("plot.motion", recording.motion, np.isfinite(recording.motion), MOTION, "y3", "%{y:.0f}"),
    )
    return [
        {
            "type": "scatter",
            "mode": "lines",
            "name": words(key),
            "y": _typed(np.where(shown, values, np.nan)),
            "yaxis": yaxis,
            "line": {"color": colour, "width": 1.2},
            "hovertemplate": template,
            "connectgaps": False,
            **axis,
        }
        for key, values, shown, colour, yaxis, template in series
    ]


def _excluded(recording: Recording, analysis: NightAnalysis, words: Words) -> list[dict[str, Any]]:
    """What was measured in the excluded spans, pale: it is in no number and still there to be judged again."""
    excluded = analysis.quality.excluded
    if not excluded.any():
        return []
    return [
        {
            "type": "scatter",
            "mode": "lines",
            "name": words("plot.excluded_values"),
            "y": _typed(np.where(excluded, recording.spo2_pct, np.nan)),
            "line": {"color": EXCLUDED, "width": 1, "dash": "dot"},
            "hovertemplate": "%{y:.0f} %",
            "connectgaps": False,
            **_axis(recording),
        }
    ]


def _flags(recording: Recording, analysis: NightAnalysis, words: Words) -> list[dict[str, Any]]:
    """Samples that look like artefacts: a ring around a rise that blood cannot make, crosses where motion was most."""
    kinds = (
        ("plot.flag_rise", analysis.suspicion.rise, recording.spo2_pct, "y", "circle-open", 9),
        ("plot.flag_motion", analysis.suspicion.motion, recording.motion, "y3", "x-thin-open", 4),
    )
    return [
        {
            "type": "scatter",
            "mode": "markers",
            "name": words(key),
            "x": [clock(recording, elapsed_s).isoformat() for elapsed_s in recording.time_s[flagged]],
            "y": values[flagged].tolist(),
            "yaxis": yaxis,
            "marker": {"symbol": symbol, "color": MARK, "size": size},
            "hovertemplate": words(key),
        }
        for key, flagged, values, yaxis, symbol, size in kinds
        if flagged.any()
    ]


def _typed(values: npt.NDArray[np.float64]) -> dict[str, str]:
    """plotly's typed array: 4 bytes a sample, every sample, NaN included."""
    return {"dtype": "f4", "bdata": base64.b64encode(values.astype("<f4").tobytes()).decode()}


def _marks(recording: Recording, events: Sequence[Desaturation], words: Words) -> list[dict[str, Any]]:
    deep = [event for event in events if event.depth_pct >= 4]
    shallow = [event for event in events if event.depth_pct < 4]
    kinds = (("plot.event4", deep, "triangle-up"), ("plot.event3", shallow, "triangle-up-open"))
    return [
        {
            "type": "scatter",
            "mode": "markers",
            "name": words(key),
            "x": [clock(recording, event.nadir_s).isoformat() for event in chosen],
            "y": [event.nadir_pct - 0.8 for event in chosen],
            "customdata": [[event.depth_pct, event.duration_s] for event in chosen],
            "marker": {"symbol": symbol, "color": MARK, "size": 6},
            "hovertemplate": words("plot.event_hover"),
        }
        for key, chosen, symbol in kinds
    ]


def _spans(recording: Recording, analysis: NightAnalysis, words: Words, floor: float) -> list[dict[str, Any]]:
    """Below-range runs (hatched, under 61 %), gaps (grey dots) and exclusions (crossed): never the same look."""
    excluded = runs_of(analysis.quality.excluded).tolist()
    below = runs_of(analysis.quality.below_range).tolist()
    gaps = [
        (first, last)
        for first, last in runs_of(analysis.quality.missing).tolist()
        if (last - first) * recording.sampling_interval_s >= SHORTEST_GAP_DRAWN_S
    ]
    return [
        _polygons(
            recording, below, (floor, LOWEST_PRINTED_PCT), words("plot.below_range"), {"shape": "/", "fgcolor": MARK}
        ),
        _polygons(recording, gaps, (floor, SPO2_AXIS_TO), words("plot.gap"), {"shape": ".", "fgcolor": GAP}),
        _polygons(recording, excluded, (floor, SPO2_AXIS_TO), words("plot.excluded"), CROSSED),
    ]


def _polygons(
    recording: Recording,
    runs: Iterable[tuple[int, int]],
    height: tuple[float, float],
    name: str,
    pattern: dict[str, Any],
) -> dict[str, Any]:
    xs: list[str | None] = []
    ys: list[float | None] = []
    for first, last in runs:
        left_edge = clock(recording, recording.time_s[first]).isoformat()
        right = clock(recording, recording.time_s[last - 1] + recording.sampling_interval_s).isoformat()
        xs += [left_edge, left_edge, right, right, None]
        ys += [height[0], height[1], height[1], height[0], None]
    colour = pattern["fgcolor"]
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": xs,
        "y": ys,
        "fill": "toself",
        "fillcolor": f"{colour}33",
        "fillpattern": {"size": 5, "solidity": 0.35, "bgcolor": f"{colour}33", **pattern},
        "line": {"width": 0.5, "color": colour},
        "hoverinfo": "skip",
        "visible": bool(xs),
    }
