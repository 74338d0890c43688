"""How far a night's numbers could be from the truth because of samples that are not in them.

Samples below the device's range and samples that a person excluded are left out of the numbers although something is
known about them; so are readings that were not used (above 100 %, without a pulse), and missing ones, which count here
when they are a tenth of the night. The numbers are made again with these samples at their extremes; the band is from
the lowest to the highest of all that came out, the shown number included.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from math import isnan

import numpy as np

from oximetry.domain.desaturation import find_desaturations
from oximetry.domain.levels import Levels, levels
from oximetry.domain.metrics import NightAnalysis
from oximetry.domain.plausibility import SPOT_INTERVAL_S, left_out
from oximetry.domain.quality import SPO2_RANGE_PCT, Exclusion, assess, runs_of, within
from oximetry.domain.recording import Mask, Recording, Samples

BELOW_RANGE_EXTREMES_PCT = (SPO2_RANGE_PCT[0], 60.0)
BANDED = ("odi3_per_h", "odi4_per_h", "spo2_mean_pct", "t90_min", "t_le88_min")

Band = tuple[float, float]


def bands(recording: Recording, exclusions: Sequence[Exclusion], analysis: NightAnalysis) -> Mapping[str, Band]:
    """The band of each number that the left-out samples could move.

    Below-range samples are put at 50 % and at 60 %, the ends of what the device cannot print. Excluded ones are put
    back as they were measured, and at 50 % and at 100 %, all of them at once: enough for the levels, and for the
    events what can be said without inventing dips.

    Parameters
    ----------
    recording : Recording
        As read.
    exclusions : sequence of Exclusion
        The spans that the analysis was made without.
    analysis : NightAnalysis
        The shown numbers, of the same recording and exclusions.

    Returns
    -------
    mapping of str to (float, float)
        Lowest and highest value of ``BANDED`` and of ``time_below_pct.<threshold>``; empty when nothing was left out.
        NaN where the number itself cannot be known.
    """
    shown = {name: getattr(analysis.summary, name) for name in BANDED}
    shown |= {f"time_below_pct.{limit}": share for limit, share in analysis.summary.time_below_pct.items()}
    scenarios = [_numbers(recording, analysis, spo2_pct) for spo2_pct in _scenarios(recording, exclusions)]
    left = left_out(recording, analysis.quality, analysis.suspicion.countdown)
    if left.any():
        scenarios += _bounds(recording, exclusions, analysis, left)
    if not scenarios:
        return {}
    every = [shown, *scenarios]
    return {name: _band(shown[name], [one[name] for one in every if name in one]) for name in shown}


def _band(shown: float, values: Sequence[float]) -> Band:
    return (shown, shown) if isnan(shown) else (min(values), max(values))


def _bounds(
    recording: Recording, exclusions: Sequence[Exclusion], analysis: NightAnalysis, left: Mask
) -> list[dict[str, float]]:
    """The furthest that the left-out samples, with all others at the same extreme, could move each number.

    For the events no filling is a bound: at least none lies in the samples left out; at most one event follows the
    other, each as short as the rule allows.
    """
    untouched = assess(recording)
    excluded = assess(recording, exclusions).excluded
    ends = []
    for low, back in (
        (BELOW_RANGE_EXTREMES_PCT[0], SPO2_RANGE_PCT[0]),
        (BELOW_RANGE_EXTREMES_PCT[1], SPO2_RANGE_PCT[1]),
    ):
        spo2_pct = _filled(recording, (untouched.below_range, low), (excluded, back))
        spo2_pct[left] = back
        ends.append(_level_numbers(levels(spo2_pct, recording.sample_s)))
    total_s = analysis.summary.valid_s + recording.seconds(left)
    runs = runs_of(left)
    elapsed_s = np.concatenate(([0.0], np.cumsum(recording.sample_s)))
    lengths_s = elapsed_s[runs[:, 1]] - elapsed_s[runs[:, 0]]
    hidden = len(runs) + int((lengths_s // analysis.rule.min_duration_s).sum())
    most = total_s / analysis.rule.min_duration_s
    for name, count in (
        ("odi3_per_h", analysis.summary.desaturations3),
        ("odi4_per_h", analysis.summary.desaturations4),
    ):
        if count is not None:
            ends[0][name] = count * 3600 / total_s
            ends[1][name] = max(count, min(count + hidden, most)) * 3600 / total_s
    return ends


def _scenarios(recording: Recording, exclusions: Sequence[Exclusion]) -> list[Samples]:
    """SpO2 in percent, shape (n,), NaN for what stays missing: one array for each combination of extremes."""
    untouched = assess(recording)
    excluded = assess(recording, exclusions).excluded
    lows: list[float | None] = list(BELOW_RANGE_EXTREMES_PCT) if untouched.below_range.any() else [None]
    backs: list[float | None] = [None, *SPO2_RANGE_PCT] if excluded.any() else [None]
    if not untouched.below_range.any() and not excluded.any():
        return []
    return [_filled(recording, (untouched.below_range, low), (excluded, back)) for low, back in product(lows, backs)]


def _filled(recording: Recording, below: tuple[Mask, float | None], excluded: tuple[Mask, float | None]) -> Samples:
    spo2_pct = np.where(within(recording.spo2_pct, SPO2_RANGE_PCT), recording.spo2_pct, np.nan)
    for rows, value in (below, excluded):
        if value is not None:
            spo2_pct[rows] = value
    return spo2_pct


def _numbers(recording: Recording, analysis: NightAnalysis, spo2_pct: Samples) -> dict[str, float]:
    interval_s = recording.sampling_interval_s
    numbers = _level_numbers(levels(spo2_pct, recording.sample_s))
    valid_h = recording.seconds(~np.isnan(spo2_pct)) / 3600
    if interval_s > SPOT_INTERVAL_S or not valid_h:
        return {**numbers, "odi3_per_h": float("nan"), "odi4_per_h": float("nan")}
    events = find_desaturations(recording.time_s, spo2_pct, recording.sample_s, analysis.rule)
    deep = sum(event.depth_pct >= analysis.rule.deep_drop_pct for event in events)
    return {**numbers, "odi3_per_h": len(events) / valid_h, "odi4_per_h": deep / valid_h}


def _level_numbers(level: Levels) -> dict[str, float]:
    numbers = {"spo2_mean_pct": level["spo2_mean_pct"], "t90_min": level["t90_min"], "t_le88_min": level["t_le88_min"]}
    return numbers | {f"time_below_pct.{limit}": share for limit, share in level["time_below_pct"].items()}
