"""The axes, bands, words and colours of a night's figure (LOOK): what does not depend on the single samples."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from oximetry.domain.desaturation import MEAN_120S
from oximetry.domain.metrics import NightAnalysis
from oximetry.domain.night_numbers import NightNumbers, UsedRule
from oximetry.domain.recording import Recording
from oximetry.web.i18n import Words
from oximetry.web.numbers import ODI3, ODI3_COMPANION, ODI4, ODI4_COMPANION

SPO2, PULSE, MARK, MOTION = "#005FB8", "#B3261E", "#7A1F5C", "#6B7280"
BELOW_90, BELOW_88, GAP, EXCLUDED = "#FDE7C7", "#F9CFC9", "#9AA5B1", "#52606D"
TEXT, QUIET, LINE = "#1F2933", "#52606D", "#D9E2EC"
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif"
SPO2_AXIS_FROM, SPO2_AXIS_TO = 70.0, 100.5
PULSE_AXIS = (30.0, 150.0)
PANELS = (
    ("plot.spo2_axis", SPO2, (0.45, 1.0)),
    ("plot.pulse_axis", PULSE, (0.18, 0.38)),
    ("plot.motion", MOTION, (0.0, 0.11)),
)


def night_layout(recording: Recording, analysis: NightAnalysis, words: Words, *, slider: bool) -> dict[str, Any]:
    """Axes, bands and the look of a night's figure; one x axis carries all three panels."""
    floor = spo2_floor(analysis)
    pulse = _pulse_range(recording, analysis)
    strongest = float(np.nanmax(recording.motion)) if np.isfinite(recording.motion).any() else 0.0
    night = [
        clock(recording, 0).isoformat(),
        clock(recording, recording.time_s[-1] + recording.sampling_interval_s).isoformat(),
    ]
    return {
        "xaxis": {
            "type": "date",
            "anchor": "y3",
            "range": night,
            "tickformat": "%H:%M\n%d.%m.%Y",
            "hoverformat": "%d.%m.%Y %H:%M:%S",
            "gridcolor": LINE,
            "rangeslider": {"visible": slider, "range": night, "thickness": 0.08, "bgcolor": "#FFFFFF"},
            "tickfont": {"size": 10},
        },
        "yaxis": _axis(PANELS[0][2], (floor, SPO2_AXIS_TO), SPO2),
        "yaxis2": _axis(PANELS[1][2], pulse, PULSE),
        "yaxis3": {**_axis(PANELS[2][2], (0.0, max(strongest, 10.0)), MOTION), "nticks": 3},
        "shapes": [_band(floor, 88, BELOW_88), _band(88, 90, BELOW_90), *_fold(recording)],
        "annotations": [*_panel_names(words), *_fold_words(recording, words)],
        "hovermode": "x unified",
        "hoverlabel": {"bgcolor": "#FFFFFF", "font": {"size": 12}},
        "showlegend": False,
        "margin": {"l": 34, "r": 10, "t": 20, "b": 36},
        "paper_bgcolor": "#FFFFFF",
        "plot_bgcolor": "#FFFFFF",
        "font": {"family": FONT, "color": TEXT, "size": 12},
        "separators": ",." if words.language == "ro" else ".,",
        "dragmode": "zoom",
    }


def spo2_floor(analysis: NightAnalysis) -> float:
    """The lower end of the SpO2 axis: 70 %, or a multiple of 5 below the night's lowest value."""
    lowest = analysis.summary.spo2_min_pct
    if np.isnan(lowest):
        return SPO2_AXIS_FROM
    if analysis.summary.below_range_s > 0:
        lowest = min(lowest, 60.0)
    return min(SPO2_AXIS_FROM, float(np.floor((lowest - 1) / 5) * 5))


def clock(recording: Recording, elapsed_s: float) -> datetime:
    """Where an elapsed second stands on the time axis; after a repeated DST hour the axis goes on without it."""
    return recording.started_at + timedelta(seconds=float(elapsed_s))


def caption(numbers: NightNumbers, words: Words) -> str:
    """Both rules' numbers in one line, with the rules' names and versions."""
    companion = numbers.companion_rule or UsedRule.of(MEAN_120S)
    rules = ((numbers.rule, ODI3, ODI4), (companion, ODI3_COMPANION, ODI4_COMPANION))
    return " · ".join(
        words(
            "caption.rule",
            rule=rule.name,
            version=rule.version,
            odi3=odi3.text(numbers, words),
            odi4=odi4.text(numbers, words),
        )
        for rule, odi3, odi4 in rules
    )


def picture_parts(recording: Recording, analysis: NightAnalysis, numbers: NightNumbers, words: Words) -> dict[str, Any]:
    """What a PNG carries inside: title, caption, the lowered axis, what the signs mean; and no range slider."""
    title = words.title(recording.started_at, recording.ended_at, recording.device_serial)
    notes = []
    if analysis.summary.implausible_rises or analysis.summary.motion_suspect_s:
        notes.append(words("plot.legend_flags"))
    if analysis.summary.excluded_s > 0:
        notes.append(words("plot.excluded_minutes", minutes=analysis.summary.excluded_s / 60))
    if spo2_floor(analysis) < SPO2_AXIS_FROM:
        notes.append(words("plot.axis_lowered", floor=spo2_floor(analysis)))
    lines = (caption(numbers, words), words("plot.legend"), " · ".join(notes))
    return {
        "title": {"text": title, "x": 0.01, "xanchor": "left", "font": {"size": 17}},
        "margin": {"l": 50, "r": 20, "t": 66, "b": 108},
        "annotations": [
            *_panel_names(words),
            *_fold_words(recording, words),
            *(
                {
                    "text": line,
                    "xref": "paper",
                    "yref": "paper",
                    "x": 0,
                    "y": 0,
                    "xanchor": "left",
                    "yanchor": "top",
                    "yshift": -40 - 20 * row,
                    "showarrow": False,
                    "align": "left",
                    "font": {"size": 12, "color": QUIET},
                }
                for row, line in enumerate(lines)
            ),
        ],
    }


def _band(low: float, high: float, colour: str) -> dict[str, Any]:
    return {
        "type": "rect",
        "xref": "x domain",
        "x0": 0,
        "x1": 1,
        "yref": "y",
        "y0": low,
        "y1": high,
        "fillcolor": colour,
        "line": {"width": 0},
        "layer": "below",
    }


def _axis(domain: tuple[float, float], limits: tuple[float, float], colour: str) -> dict[str, Any]:
    return {
        "domain": domain,
        "range": limits,
        "tickfont": {"color": colour, "size": 10},
        "gridcolor": LINE,
        "zeroline": False,
        "fixedrange": True,
        "nticks": 6,
    }


def _panel_names(words: Words) -> list[dict[str, Any]]:
    """Each panel's name above its left corner: readable on a phone, where a turned axis title is not."""
    return [
        {
            "text": words(key),
            "xref": "paper",
            "yref": "paper",
            "x": 0,
            "y": domain[1],
            "xanchor": "left",
            "yanchor": "bottom",
            "showarrow": False,
            "font": {"size": 11, "color": colour},
        }
        for key, colour, domain in PANELS
    ]


def _fold(recording: Recording) -> list[dict[str, Any]]:
    if recording.clock_set_back_at_s is None:
        return []
    at = clock(recording, recording.clock_set_back_at_s).isoformat()
    line = {"color": QUIET, "width": 1, "dash": "dot"}
    return [{"type": "line", "xref": "x", "x0": at, "x1": at, "yref": "paper", "y0": 0, "y1": 1, "line": line}]


def _fold_words(recording: Recording, words: Words) -> list[dict[str, Any]]:
    if recording.clock_set_back_at_s is None:
        return []
    return [
        {
            "text": words("plot.clock_set_back"),
            "x": clock(recording, recording.clock_set_back_at_s).isoformat(),
            "xref": "x",
            "xanchor": "left",
            "y": 1,
            "yref": "paper",
            "yanchor": "top",
            "showarrow": False,
            "font": {"size": 10, "color": QUIET},
        }
    ]


def _pulse_range(recording: Recording, analysis: NightAnalysis) -> tuple[float, float]:
    pulse: npt.NDArray[np.float64] = recording.pulse_bpm[analysis.quality.pulse_valid]
    if pulse.size == 0:
        return PULSE_AXIS
    return min(PULSE_AXIS[0], float(pulse.min()) - 5), max(PULSE_AXIS[1], float(pulse.max()) + 5)
