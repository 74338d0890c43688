"""How far a night's numbers could be from the truth because of samples that are not in them.

Two kinds of samples are left out of the numbers although something is known about them: those below the device's
range, and those that a person excluded. Here the numbers are made again with these samples at their extremes; the band
is from the lowest to the highest of all that came out, the shown number included.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np

from oximetry.domain.desaturation import find_desaturations
from oximetry.domain.metrics import SPOT_INTERVAL_S, NightAnalysis, levels
from oximetry.domain.quality import SPO2_RANGE_PCT, Exclusion, assess, within
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
    if not scenarios:
        return {}
    every = [shown, *scenarios]
    return {name: (min(one[name] for one in every), max(one[name] for one in every)) for name in shown}


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
    level = levels(spo2_pct, recording.sample_s)
    valid_h = recording.seconds(~np.isnan(spo2_pct)) / 3600
    numbers = {name: float(level[name]) for name in ("spo2_mean_pct", "t90_min", "t_le88_min")}
    numbers |= {f"time_below_pct.{limit}": share for limit, share in level["time_below_pct"].items()}
    if interval_s > SPOT_INTERVAL_S or not valid_h:
        return {**numbers, "odi3_per_h": float("nan"), "odi4_per_h": float("nan")}
    events = find_desaturations(recording.time_s, spo2_pct, recording.sample_s, analysis.rule)
    deep = sum(event.depth_pct >= analysis.rule.deep_drop_pct for event in events)
    return {**numbers, "odi3_per_h": len(events) / valid_h, "odi4_per_h": deep / valid_h}
