"""The numbers of a night that was never recorded: every one is different, so that no two can stand for each other."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from oximetry.domain.desaturation import MEAN_120S, PEAK_NADIR
from oximetry.domain.night_numbers import NightNumbers, UsedRule

NUMBERS = NightNumbers(
    started_at=datetime(2025, 10, 15, 20, 35, 10),
    ended_at=datetime(2025, 10, 16, 5, 36, 6),
    sampling_interval_s=4.0,
    samples=8115,
    recorded_s=32460.0,  # 9 h 01
    valid_s=29160.0,  # 8.1 h, 8 h 06, 7290 samples
    below_range_s=0.0,
    below_range_runs=0,
    gaps=2,
    longest_gap_s=48.0,
    spo2_mean_pct=91.62,
    spo2_median_pct=93.27,
    spo2_min_pct=71.0,
    spo2_max_pct=98.0,
    spo2_sd_pct=3.4,
    pulse_mean_bpm=64.3,
    pulse_min_bpm=47.0,
    pulse_max_bpm=112.0,
    time_below_pct={"95": 83.1, "92": 52.4, "90": 31.6, "88": 17.8, "85": 6.9, "80": 2.7, "70": 0.4},
    t90_min=153.6,
    t_le88_min=105.3,
    t_le88_longest_min=12.9,
    desaturations3=199,
    desaturations4=124,
    odi3_per_h=24.57,
    odi4_per_h=15.31,
    mean_depth_pct=5.2,
    mean_nadir_pct=86.1,
    mean_duration_s=41.7,
    desaturation_area_pct_min_per_h=66.4,
    delta_index_pct=1.13,
    pulse_rise6_per_h=29.9,
    desaturations3_mean120=71,
    desaturations4_mean120=38,
    odi3_mean120_per_h=8.77,
    odi4_mean120_per_h=4.69,
    excluded_s=0.0,
    countdown_s=20.0,
    implausible_rises=3,
    motion_suspect_s=140.0,
    format="viatom_csv",
    device_model="O2Ring",
    device_serial="0331",
    rule=UsedRule.of(PEAK_NADIR),
    warnings=(),
    companion_rule=UsedRule.of(MEAN_120S),
    vendor={},
    exclusions=(),
    uncertainty={},
)


def night_numbers(**changes: Any) -> NightNumbers:
    """The made-up numbers with some of them changed."""
    return replace(NUMBERS, **changes)
