"""The numbers of SpO2 that need no events; each sample weighs the seconds that it stands for."""

from __future__ import annotations

from typing import Any, TypedDict, cast

import numpy as np

from oximetry.domain.quality import runs_of
from oximetry.domain.recording import Mask, Samples

THRESHOLDS_PCT = (95, 92, 90, 88, 85, 80, 70)
LOW_PCT = 90.0
MEDICARE_PCT = 88.0
NAN = float("nan")

_LEVELS = (
    "spo2_mean_pct", "spo2_median_pct", "spo2_min_pct", "spo2_max_pct", "spo2_sd_pct", "t90_min", "t_le88_min",
    "t_le88_longest_min",
)  # fmt: skip


class Levels(TypedDict):
    """The numbers of the valid SpO2 samples alone; see `NightSummary`."""

    spo2_mean_pct: float
    spo2_median_pct: float
    spo2_min_pct: float
    spo2_max_pct: float
    spo2_sd_pct: float
    time_below_pct: dict[str, float]
    t90_min: float
    t_le88_min: float
    t_le88_longest_min: float


def levels(spo2_pct: Samples, sample_s: Samples) -> Levels:
    """The numbers that need no events.

    Parameters
    ----------
    spo2_pct : ndarray, shape (n,)
        Percent; NaN marks what is not valid.
    sample_s : ndarray, shape (n,)
        Seconds that each row stands for.
    """
    known = ~np.isnan(spo2_pct)
    valid, seconds = spo2_pct[known], sample_s[known]
    valid_s = float(seconds.sum())
    if not valid.size:
        unknown: dict[str, Any] = dict.fromkeys(_LEVELS, NAN)
        unknown["time_below_pct"] = {str(threshold): NAN for threshold in THRESHOLDS_PCT}
        return cast(Levels, unknown)
    mean = weighted_mean(valid, seconds)
    return Levels(
        spo2_mean_pct=mean,
        spo2_median_pct=weighted_median(valid, seconds),
        spo2_min_pct=float(valid.min()),
        spo2_max_pct=float(valid.max()),
        spo2_sd_pct=weighted_mean((valid - mean) ** 2, seconds) ** 0.5,
        time_below_pct={
            str(threshold): 100 * float(seconds[valid < threshold].sum()) / valid_s for threshold in THRESHOLDS_PCT
        },
        t90_min=float(seconds[valid < LOW_PCT].sum()) / 60,
        t_le88_min=float(seconds[valid <= MEDICARE_PCT].sum()) / 60,
        t_le88_longest_min=longest_run_s(spo2_pct <= MEDICARE_PCT, sample_s) / 60,
    )


def longest_run_s(mask: Mask, sample_s: Samples) -> float:
    """Seconds of the longest run of rows in a mask; 0 without any."""
    runs = runs_of(mask)
    elapsed_s = np.concatenate(([0.0], np.cumsum(sample_s)))
    return float((elapsed_s[runs[:, 1]] - elapsed_s[runs[:, 0]]).max()) if runs.size else 0.0


def weighted_mean(values: Samples, seconds: Samples) -> float:
    """The mean over time; NaN without a value."""
    return float((values * seconds).sum() / seconds.sum()) if values.size else NAN


def weighted_median(values: Samples, seconds: Samples) -> float:
    """The value that half of the time lies below; between two values, their mean."""
    order = np.argsort(values)
    elapsed_s = np.cumsum(seconds[order])
    half_s = elapsed_s[-1] / 2
    low, high = np.searchsorted(elapsed_s, [half_s, np.nextafter(half_s, np.inf)], side="left")
    return float((values[order[low]] + values[order[high]]) / 2)
