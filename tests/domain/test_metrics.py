import math
from dataclasses import replace
from datetime import datetime
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oximetry.domain import metrics
from oximetry.domain.desaturation import MEAN_120S, PEAK_NADIR
from oximetry.domain.recording import Note

summarise = partial(metrics.summarise, min_rate_valid_s=0.0)  # small nights, worked by hand

NAN = float("nan")


def codes(analysis):
    return [warning.code for warning in analysis.warnings]


def test_levels_of_a_night_worked_by_hand(make_recording):
    summary = summarise(make_recording([90, 92, 94, 96, NAN], [50, 60, 70, 80, NAN])).summary
    assert (summary.samples, summary.recorded_s, summary.valid_s) == (5, 20, 16)
    assert (summary.spo2_mean_pct, summary.spo2_median_pct) == (93, 93)
    assert (summary.spo2_min_pct, summary.spo2_max_pct) == (90, 96)
    assert summary.spo2_sd_pct == math.sqrt(5)
    assert (summary.pulse_mean_bpm, summary.pulse_min_bpm, summary.pulse_max_bpm) == (65, 50, 80)


def test_time_below_is_strict_and_of_the_valid_samples(make_recording):
    summary = summarise(make_recording([90, 89, 88, 95, NAN, NAN])).summary
    assert summary.time_below_pct == {"95": 75, "92": 75, "90": 50, "88": 0, "85": 0, "80": 0, "70": 0}
    assert summary.t90_min == 8 / 60
    assert summary.t_le88_min == 4 / 60


def test_longest_time_at_88_is_broken_by_a_row_that_is_not_valid(make_recording):
    summary = summarise(make_recording([88, 88, NAN, 80, 88, 88, 89, 88])).summary
    assert summary.t_le88_longest_min == 3 * 4 / 60
    assert summary.t_le88_min == 6 * 4 / 60


def test_odi4_counts_the_same_events_as_odi3(make_recording):
    night = [95] * 5 + [92] * 5 + [95] * 5 + [90] * 5 + [95] * 10
    analysis = summarise(make_recording(night))
    assert (analysis.summary.desaturations3, analysis.summary.desaturations4) == (2, 1)
    assert analysis.summary.odi3_per_h == pytest.approx(2 / (30 * 4 / 3600))
    assert analysis.summary.mean_depth_pct == 4
    assert analysis.summary.mean_nadir_pct == 91
    assert analysis.summary.mean_duration_s == 24
    area_pct_s = (5 * 3 + 5 * 5) * 4
    assert analysis.summary.desaturation_area_pct_min_per_h == pytest.approx(area_pct_s / 60 / (120 / 3600))


def test_a_dip_of_exactly_four_percent_is_in_both_counts(make_recording):
    summary = summarise(make_recording([95] * 5 + [91] * 5 + [95] * 10 + [NAN] * 5)).summary
    assert (summary.desaturations3, summary.desaturations4) == (1, 1)
    assert summary.odi4_per_h == pytest.approx(3600 / (20 * 4))


def test_the_companion_scans_each_depth_by_itself_and_divides_by_valid_hours(make_recording):
    # 103 valid rows are 412 s; the dip to 93 reaches no depth, the one to 92 is 3 % below the mean, the one to 91 both
    night = [95] * 30 + [93] * 4 + [95] * 30 + [92] * 4 + [95] * 30 + [91] * 4 + [95] + [NAN] * 5
    summary = summarise(make_recording(night)).summary
    assert (summary.desaturations3_mean120, summary.desaturations4_mean120) == (2, 1)
    assert summary.odi3_mean120_per_h == pytest.approx(2 * 3600 / 412)
    assert summary.odi4_mean120_per_h == pytest.approx(3600 / 412)


def test_another_rule_makes_other_numbers_and_is_kept_with_them(make_recording):
    night = make_recording([95] * 30 + [91] * 5 + [95] * 5)
    rule, companion = replace(PEAK_NADIR, min_drop_pct=5.0), replace(MEAN_120S, min_drop_pct=2.0, deep_drop_pct=5.0)
    analysis = summarise(night, (), rule, companion)
    assert analysis.events == ()
    assert (analysis.summary.desaturations3_mean120, analysis.summary.desaturations4_mean120) == (1, 0)
    assert (analysis.rule, analysis.companion_rule) == (rule, companion)
    deeper = summarise(night, (), replace(PEAK_NADIR, deep_drop_pct=4.5)).summary
    assert (deeper.desaturations3, deeper.desaturations4) == (1, 0)


def test_a_night_tells_when_it_was_and_how_it_was_sampled(make_recording):
    summary = summarise(make_recording([95] * 10)).summary
    assert summary.started_at == datetime(2025, 10, 25, 22, 0, 0)
    assert summary.ended_at == datetime(2025, 10, 25, 22, 0, 36)
    assert summary.sampling_interval_s == 4


def test_flagged_samples_are_counted_and_their_time_is_told(make_recording):
    # 20 % up in one row of 4 s; the largest of 100 different motions; three rows without a value at the end
    spo2 = [95.0] * 50 + [75.0] + [95.0] * 49 + [NAN] * 3
    recording = replace(make_recording(spo2), motion=np.append(np.arange(100.0), [NAN] * 3))
    analysis = summarise(recording)
    assert (analysis.summary.implausible_rises, analysis.summary.motion_suspect_s) == (1, 4)
    assert analysis.summary.countdown_s == 12
    assert np.flatnonzero(analysis.suspicion.rise).tolist() == [51]


@pytest.mark.parametrize(("interval_s", "spots"), [(12.0, False), (12.5, True), (30.0, True)])
def test_values_further_apart_than_twelve_seconds_are_spot_values(make_recording, interval_s, spots):
    analysis = summarise(make_recording([95] * 10, interval_s=interval_s))
    assert (analysis.summary.desaturations3 is None) is spots
    assert (analysis.summary.desaturations4_mean120 is None) is spots
    assert math.isnan(analysis.summary.odi3_per_h) is spots
    assert (Note("no_odi_from_spot_values", {"interval_s": interval_s}) in analysis.warnings) is spots
    assert ("no_odi_from_spot_values" in codes(analysis)) is spots


def test_spot_values_have_no_event_whatever_the_rule(make_recording):
    bears_minutes = replace(PEAK_NADIR, max_gap_s=100.0)
    assert len(summarise(make_recording([95, 90, 95], interval_s=12.0), (), bears_minutes).events) == 1
    assert summarise(make_recording([95, 90, 95], interval_s=13.0), (), bears_minutes).events == ()


def test_indices_divide_by_valid_hours_but_pulse_rises_by_recorded_hours(make_recording):
    spo2 = [95] * 5 + [90] * 5 + [95] * 5 + [NAN] * 15
    summary = summarise(make_recording(spo2, [60, 70] + [60] * 28)).summary
    assert summary.odi3_per_h == pytest.approx(1 / (15 * 4 / 3600))
    assert summary.pulse_rise6_per_h == pytest.approx(1 / (30 * 4 / 3600))


def test_pulse_of_below_range_rows_is_averaged(make_recording):
    summary = summarise(make_recording([95, 62, NAN, 62], [60, 60, 80, 60])).summary
    assert summary.pulse_mean_bpm == 65
    assert (summary.below_range_s, summary.below_range_runs) == (4, 1)


def test_gap_is_counted_but_not_as_valid_time(make_recording):
    gap_row = [False, True, True, False, True, False]
    summary = summarise(make_recording([95, NAN, NAN, 95, NAN, 95], gap_row=gap_row)).summary
    assert (summary.gaps, summary.longest_gap_s, summary.valid_s, summary.recorded_s) == (2, 8, 12, 24)


def test_what_cannot_be_known_is_nan_and_never_zero(make_recording):
    summary = summarise(make_recording([NAN, 45, NAN], [NAN, NAN, 10])).summary
    for name in ("spo2_mean_pct", "spo2_min_pct", "spo2_sd_pct", "pulse_mean_bpm", "t90_min"):
        assert math.isnan(getattr(summary, name)), name
    for name in ("spo2_median_pct", "spo2_max_pct", "pulse_max_bpm", "t_le88_min", "t_le88_longest_min"):
        assert math.isnan(getattr(summary, name)), name
    for name in ("odi3_per_h", "odi4_mean120_per_h", "mean_depth_pct", "delta_index_pct", "pulse_rise6_per_h"):
        assert math.isnan(getattr(summary, name)), name
    assert all(math.isnan(value) for value in summary.time_below_pct.values())
    assert summary.valid_s == 0


def test_quiet_night_has_an_index_of_zero_and_no_mean_depth(make_recording):
    summary = summarise(make_recording([95] * 100)).summary
    assert summary.odi3_per_h == 0
    assert math.isnan(summary.mean_depth_pct)
    assert (summary.longest_gap_s, summary.t_le88_longest_min) == (0, 0)


@pytest.mark.parametrize(("rows", "limit"), [(8999, False), (9000, True), (9001, True), (9002, True), (9003, False)])
def test_night_cut_by_the_device_after_ten_hours_is_said(make_recording, rows, limit):
    assert ("ten_hour_limit" in codes(summarise(make_recording([95] * rows)))) is limit


@pytest.mark.parametrize(("rows", "short"), [(3599, True), (3600, False)])
def test_less_than_four_valid_hours_is_said(make_recording, rows, short):
    assert ("short_valid_time" in codes(summarise(make_recording([95] * rows)))) is short


def test_warnings_tell_their_numbers(make_recording):
    # 9,001 rows at 4 s end at 36,000 s; 45 valid rows are 0.05 h
    analysis = summarise(make_recording([95] * 45 + [NAN] * 8956))
    assert analysis.warnings == (
        Note("ten_hour_limit", {"limit_h": 10.0}),
        Note("too_short", {"minutes": 3.0, "min_minutes": 10.0}),
        Note("short_valid_time", {"valid_hours": 0.05, "min_valid_hours": 4.0}),
        Note("missing_share", {"share_pct": pytest.approx(100 * 8956 / 9001)}),
    )


def test_readers_notes_come_first(make_recording):
    analysis = summarise(make_recording([95, 62, NAN, 62], notes=(Note("duplicate_rows", {"count": 2}),)))
    assert codes(analysis) == ["duplicate_rows", "too_short", "short_valid_time", "below_range"]
    assert analysis.warnings[-1].details == {"runs": 1, "seconds": 4.0}


@settings(max_examples=200, derandomize=True, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.one_of(st.integers(0, 130), st.just(NAN)),
            st.one_of(st.integers(0, 300), st.just(NAN)),
        ),
        min_size=1,
        max_size=150,
    )
)
def test_numbers_of_any_night_are_consistent(make_recording, rows):
    recording = make_recording([row[0] for row in rows], [row[1] for row in rows])
    summary = summarise(recording).summary
    assert 0 <= summary.valid_s + summary.below_range_s <= summary.recorded_s
    assert summary.desaturations4 <= summary.desaturations3
    below = list(summary.time_below_pct.values())
    if summary.valid_s:
        assert 50 <= summary.spo2_min_pct <= summary.spo2_mean_pct <= summary.spo2_max_pct <= 100
        assert below == sorted(below, reverse=True)
        assert summary.t_le88_longest_min <= summary.t_le88_min
    else:
        assert math.isnan(summary.odi3_per_h)


@pytest.mark.parametrize("interval_s", [12.5, 15.0, 20.0, 30.0])
def test_an_odi_that_cannot_be_measured_is_unknown_and_never_zero(make_recording, interval_s):
    """Twenty dips of 10 % that last about a minute, two minutes apart."""
    rest, low = [95] * round(120 / interval_s), [85] * round(60 / interval_s)
    night = summarise(make_recording((rest + low) * 20 + rest, interval_s=interval_s)).summary
    assert night.desaturations3 is None
    assert math.isnan(night.odi3_per_h)
