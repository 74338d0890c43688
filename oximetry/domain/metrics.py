"""The numbers of a night, unrounded, each with the rule that made it.

Indices divide by valid hours unless said otherwise. A number that cannot be known is NaN, never 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import isnan
from typing import Any

import numpy as np

from oximetry.domain.desaturation import (
    MEAN_120S,
    PEAK_NADIR,
    Desaturation,
    MeanBaseRule,
    PeakNadirRule,
    find_desaturations,
    find_mean_drops,
)
from oximetry.domain.levels import levels, longest_run_s, weighted_mean
from oximetry.domain.plausibility import MISSING_SHARE, SPOT_INTERVAL_S, remarks
from oximetry.domain.quality import Exclusion, Quality, assess, runs_of
from oximetry.domain.recording import Note, Recording, Samples
from oximetry.domain.suspicion import Suspicion, suspect
from oximetry.domain.variability import count_pulse_rises, delta_index

MIN_VALID_HOURS = 4.0
DEVICE_LIMIT_S = 36_000.0
NAN = float("nan")
MIN_RATE_VALID_S = 1800.0
MIN_NIGHT_VALID_S = 600.0
ANALYSIS_WARNINGS = (
    "ten_hour_limit", "too_short", "no_rates", "short_valid_time", "below_range", "no_odi_from_spot_values",
    "readings_look_swapped", "oxygen_over_100", "no_pulse_channel", "oxygen_without_pulse", "missing_share",
    "constant_oxygen", "values_held",
)  # fmt: skip

_Rules = tuple[PeakNadirRule, MeanBaseRule]
_COUNTS = ("desaturations3", "desaturations4", "desaturations3_mean120", "desaturations4_mean120")
_NEED_EVENTS = (
    "odi3_per_h", "odi4_per_h", "odi3_mean120_per_h", "odi4_mean120_per_h", "mean_depth_pct", "mean_nadir_pct",
    "mean_duration_s", "desaturation_area_pct_min_per_h", "delta_index_pct", "pulse_rise6_per_h",
)  # fmt: skip
_UNKNOWN_RATES: dict[str, Any] = {name: NAN for name in _NEED_EVENTS if name.endswith("_per_h")}
_UNKNOWN_FROM_SPOTS: dict[str, Any] = {**dict.fromkeys(_COUNTS), **dict.fromkeys(_NEED_EVENTS, NAN)}


@dataclass(frozen=True, slots=True)
class NightSummary:
    """All numbers of one night, unrounded; the unit is the last part of a name, NaN means it cannot be known.

    Attributes
    ----------
    samples : int
        Rows, those inserted into holes included; ``recorded_s`` is their time, ``valid_s`` that of the valid ones.
        Each stands for the time to the next row, and weighs as much in every mean, share and sum.
    below_range_s, below_range_runs : float, int
        Time and number of runs in which SpO2 was too low for the device to print.
    gaps, longest_gap_s : int, float
        Holes of the timestamps, and the inserted time of the longest.
    spo2_sd_pct : float
        Population standard deviation (divisor n): it describes this night and estimates nothing.
    pulse_mean_bpm, pulse_min_bpm, pulse_max_bpm : float
        Over all valid pulses, those of below-range runs included.
    time_below_pct : mapping of str to float
        Percent of the valid samples strictly below each threshold.
    t90_min, t_le88_min, t_le88_longest_min : float
        Minutes below 90 percent, at 88 or less, and the longest unbroken run of the latter.
    desaturations3, desaturations4, odi3_per_h, odi4_per_h : int or None, float
        Events of the headline rule, and those of them that are at least 4 percent deep; per valid hour. ``None`` and
        NaN for spot values, further apart than 12 s: the rule takes every
        such step for a gap and an event of 10 s would not be seen, so nothing is counted.
    mean_depth_pct, mean_nadir_pct, mean_duration_s : float
        Over the events of at least 3 percent.
    desaturation_area_pct_min_per_h : float
        Area of the events per valid hour.
    delta_index_pct : float
        See `oximetry.domain.variability.delta_index`.
    pulse_rise6_per_h : float
        Per *recorded* hour that nobody excluded; NaN without a valid pulse.
    desaturations3_mean120, desaturations4_mean120, odi3_mean120_per_h, odi4_mean120_per_h : int or None, float
        Events of the companion rule for 3 and 4 percent, each scanned by itself; per valid hour. For spot values as
        above.
    excluded_s, countdown_s : float
        Time that a person took out, and time at the end in which the device, already taken off, counted down.
    implausible_rises, motion_suspect_s : int or None, float
        Samples and time that are flagged as probable artefacts; they stay in every number. See
        `oximetry.domain.suspicion`.
    """

    started_at: datetime
    ended_at: datetime
    sampling_interval_s: float
    samples: int
    recorded_s: float
    valid_s: float
    below_range_s: float
    below_range_runs: int
    gaps: int
    longest_gap_s: float
    spo2_mean_pct: float
    spo2_median_pct: float
    spo2_min_pct: float
    spo2_max_pct: float
    spo2_sd_pct: float
    pulse_mean_bpm: float
    pulse_min_bpm: float
    pulse_max_bpm: float
    time_below_pct: Mapping[str, float]
    t90_min: float
    t_le88_min: float
    t_le88_longest_min: float
    desaturations3: int | None
    desaturations4: int | None
    odi3_per_h: float
    odi4_per_h: float
    mean_depth_pct: float
    mean_nadir_pct: float
    mean_duration_s: float
    desaturation_area_pct_min_per_h: float
    delta_index_pct: float
    pulse_rise6_per_h: float
    desaturations3_mean120: int | None
    desaturations4_mean120: int | None
    odi3_mean120_per_h: float
    odi4_mean120_per_h: float
    excluded_s: float
    countdown_s: float
    implausible_rises: int | None
    motion_suspect_s: float

    @property
    def valid_hours(self) -> float:
        """Hours with a valid SpO2, the divisor of the indices."""
        return self.valid_s / 3600

    def below_pct(self, threshold_pct: int) -> float:
        """Percent of the valid time strictly below one of the thresholds; NaN when it cannot be known."""
        return self.time_below_pct.get(str(threshold_pct), NAN)


@dataclass(frozen=True, slots=True, eq=False)
class NightAnalysis:
    """A night's numbers together with what they were made from.

    Attributes
    ----------
    summary : NightSummary
    events : tuple of Desaturation
        Events of ``rule`` of at least its smaller depth.
    quality : Quality
        State of every sample, for plots.
    suspicion : Suspicion
        What is flagged as a probable artefact, for plots.
    rule, companion_rule : PeakNadirRule, MeanBaseRule
        All thresholds, names and versions.
    warnings : tuple of Note
        The reader's notes, then those of ``ANALYSIS_WARNINGS`` that apply.
    """

    summary: NightSummary
    events: tuple[Desaturation, ...]
    quality: Quality
    suspicion: Suspicion
    rule: PeakNadirRule
    companion_rule: MeanBaseRule
    warnings: tuple[Note, ...]


def summarise(
    recording: Recording,
    exclusions: Sequence[Exclusion] = (),
    rule: PeakNadirRule = PEAK_NADIR,
    companion_rule: MeanBaseRule = MEAN_120S,
    min_rate_valid_s: float = MIN_RATE_VALID_S,
) -> NightAnalysis:
    """All numbers, events and warnings of a recording.

    Parameters
    ----------
    recording : Recording
        As read.
    exclusions : sequence of Exclusion
        Spans that a person took out: their samples count as recorded and never as valid.
    rule, companion_rule : PeakNadirRule, MeanBaseRule
        The thresholds of the two desaturation rules.
    min_rate_valid_s : float
        With less valid time no rate per hour is known, unless so much was recorded and less than a tenth of it failed.

    Returns
    -------
    NightAnalysis
        Numbers that cannot be known, as every SpO2 number without a valid sample, are NaN.
    """
    quality = assess(recording, exclusions)
    suspicion = suspect(recording, quality)
    spo2_pct = np.where(quality.valid, recording.spo2_pct, np.nan)
    spots = recording.sampling_interval_s > SPOT_INTERVAL_S
    events = () if spots else find_desaturations(recording.time_s, spo2_pct, recording.sample_s, rule)
    summary = _summary(recording, (quality, suspicion), spo2_pct, events, (rule, companion_rule))
    if spots:
        summary = replace(summary, **_UNKNOWN_FROM_SPOTS)
    elif not _is_long_enough(summary, min_rate_valid_s):
        summary = replace(summary, **_UNKNOWN_RATES)
    warnings = recording.notes + _warnings(recording, summary) + remarks(recording, quality, suspicion.countdown)
    return NightAnalysis(summary, events, quality, suspicion, rule, companion_rule, warnings)


def _is_long_enough(summary: NightSummary, min_rate_valid_s: float) -> bool:
    kept_s = summary.recorded_s - summary.excluded_s
    nearly_all = kept_s >= min_rate_valid_s and summary.valid_s > (1 - MISSING_SHARE) * kept_s
    return nearly_all or summary.valid_s >= min_rate_valid_s


def _summary(
    recording: Recording,
    states: tuple[Quality, Suspicion],
    spo2_pct: Samples,
    events: tuple[Desaturation, ...],
    rules: _Rules,
) -> NightSummary:
    quality, suspicion = states
    valid_s = recording.seconds(quality.valid)
    pulse = recording.pulse_bpm[quality.pulse_valid]
    deep = sum(event.depth_pct >= rules[0].deep_drop_pct for event in events)
    mean3, mean4 = _mean_drop_counts(recording, spo2_pct, rules[1])
    return NightSummary(
        started_at=recording.started_at,
        ended_at=recording.ended_at,
        sampling_interval_s=recording.sampling_interval_s,
        samples=recording.samples,
        recorded_s=recording.recorded_s,
        valid_s=valid_s,
        below_range_s=recording.seconds(quality.below_range),
        below_range_runs=len(quality.below_range_runs),
        gaps=len(runs_of(recording.gap_row)),
        longest_gap_s=longest_run_s(recording.gap_row, recording.sample_s),
        **levels(spo2_pct, recording.sample_s),
        pulse_mean_bpm=weighted_mean(pulse, recording.sample_s[quality.pulse_valid]),
        pulse_min_bpm=float(pulse.min()) if pulse.size else NAN,
        pulse_max_bpm=float(pulse.max()) if pulse.size else NAN,
        desaturations3=len(events),
        desaturations4=deep,
        odi3_per_h=_per_hour(len(events), valid_s),
        odi4_per_h=_per_hour(deep, valid_s),
        mean_depth_pct=_mean(np.array([event.depth_pct for event in events])),
        mean_nadir_pct=_mean(np.array([event.nadir_pct for event in events])),
        mean_duration_s=_mean(np.array([event.duration_s for event in events])),
        desaturation_area_pct_min_per_h=_per_hour(sum(event.area_pct_s for event in events) / 60, valid_s),
        delta_index_pct=delta_index(recording.time_s, spo2_pct, recording.sample_s),
        pulse_rise6_per_h=_pulse_rises_per_hour(recording, quality),
        desaturations3_mean120=mean3,
        desaturations4_mean120=mean4,
        odi3_mean120_per_h=_per_hour(mean3, valid_s),
        odi4_mean120_per_h=_per_hour(mean4, valid_s),
        excluded_s=recording.seconds(quality.excluded),
        countdown_s=recording.seconds(suspicion.countdown),
        implausible_rises=int(suspicion.rise.sum()),
        motion_suspect_s=recording.seconds(suspicion.motion),
    )


def _warnings(recording: Recording, summary: NightSummary) -> tuple[Note, ...]:
    warnings = []
    if abs(recording.time_s[-1] - DEVICE_LIMIT_S) <= recording.sampling_interval_s:
        warnings.append(Note("ten_hour_limit", {"limit_h": DEVICE_LIMIT_S / 3600}))
    if summary.valid_s < MIN_NIGHT_VALID_S:
        warnings.append(
            Note("too_short", {"minutes": summary.valid_s / 60, "min_minutes": MIN_NIGHT_VALID_S / 60}),
        )
    elif isnan(summary.odi3_per_h) and recording.sampling_interval_s <= SPOT_INTERVAL_S:
        warnings.append(Note("no_rates", {"minutes": summary.valid_s / 60, "min_minutes": MIN_RATE_VALID_S / 60}))
    if summary.valid_hours < MIN_VALID_HOURS:
        warnings.append(
            Note("short_valid_time", {"valid_hours": summary.valid_hours, "min_valid_hours": MIN_VALID_HOURS})
        )
    if summary.below_range_runs:
        warnings.append(Note("below_range", {"runs": summary.below_range_runs, "seconds": summary.below_range_s}))
    if recording.sampling_interval_s > SPOT_INTERVAL_S:
        warnings.append(Note("no_odi_from_spot_values", {"interval_s": recording.sampling_interval_s}))
    return tuple(warnings)


def _mean_drop_counts(recording: Recording, spo2_pct: Samples, rule: MeanBaseRule) -> tuple[int, int]:
    time_s, sample_s = recording.time_s, recording.sample_s
    return (
        len(find_mean_drops(time_s, spo2_pct, sample_s, rule.min_drop_pct, rule)),
        len(find_mean_drops(time_s, spo2_pct, sample_s, rule.deep_drop_pct, rule)),
    )


def _pulse_rises_per_hour(recording: Recording, quality: Quality) -> float:
    if not quality.pulse_valid.any():
        return NAN
    pulse_bpm = np.where(quality.pulse_valid, recording.pulse_bpm, np.nan)
    kept_s = recording.recorded_s - recording.seconds(quality.excluded)
    return _per_hour(count_pulse_rises(recording.time_s, pulse_bpm), kept_s)


def _mean(values: Samples) -> float:
    return float(values.mean()) if values.size else NAN


def _per_hour(amount: float, seconds: float) -> float:
    return amount * 3600 / seconds if seconds else NAN
