"""Flags, worked by hand on short recordings; a row every 4 s unless said otherwise."""

from dataclasses import replace

import numpy as np
import pytest

from oximetry.domain.quality import Exclusion, assess
from oximetry.domain.suspicion import suspect

NAN = float("nan")


def flags(recording, *exclusions):
    return suspect(recording, assess(recording, exclusions))


@pytest.mark.parametrize(("after", "flagged"), [(86, False), (87, True), (70, False)])
def test_a_rise_of_more_than_4_percent_per_second_is_flagged(make_recording, after, flagged):
    assert flags(make_recording([70, after, after])).rise.tolist() == [False, flagged, False]


def test_the_rise_is_per_second_of_the_recording_s_own_clock(make_recording):
    assert flags(make_recording([90, 94, 99], interval_s=1.0)).rise.tolist() == [False, False, True]


def test_a_fall_or_a_rise_out_of_a_hole_is_not_flagged(make_recording):
    assert not flags(make_recording([99, 60, NAN, 99])).rise.any()


def test_a_rise_needs_two_valid_samples_beside_each_other(make_recording):
    assert not flags(make_recording([95, 45, 95])).rise.any()
    assert flags(make_recording([NAN, 70, 90])).rise.tolist() == [False, False, True]


def test_flags_are_masks(make_recording):
    for recording in (make_recording([95.0] * 3), replace(make_recording([95.0] * 3), motion=np.full(3, NAN))):
        found = flags(recording)
        assert [mask.dtype for mask in (found.rise, found.motion, found.countdown)] == [np.dtype(bool)] * 3


def test_motion_above_the_night_s_99th_percentile_is_flagged_where_spo2_is_valid(make_recording):
    motion = np.arange(100, dtype=float)
    recording = replace(make_recording([95.0] * 99 + [NAN]), motion=motion)
    assert np.flatnonzero(flags(recording).motion).tolist() == []
    recording = replace(make_recording([95.0] * 100), motion=motion)
    assert np.flatnonzero(flags(recording).motion).tolist() == [99]


def test_no_motion_and_no_motion_column_flag_nothing(make_recording):
    still = make_recording([95.0] * 10)
    assert not flags(still).motion.any()
    assert not flags(replace(still, motion=np.full(10, NAN))).motion.any()


@pytest.mark.parametrize(("rows", "counted"), [(0, 0), (3, 3), (15, 15), (16, 0)])
def test_the_countdown_is_the_missing_tail_of_at_most_a_minute(make_recording, rows, counted):
    assert flags(make_recording([95.0] * 5 + [NAN] * rows)).countdown.sum() == counted


@pytest.mark.parametrize(("rows", "counted"), [(60, 60), (61, 0)])
def test_a_minute_is_a_minute_at_one_second_a_row(make_recording, rows, counted):
    assert flags(make_recording([95.0] * 5 + [NAN] * rows, interval_s=1.0)).countdown.sum() == counted


def test_a_recording_without_a_valid_sample_has_no_countdown(make_recording):
    assert not flags(make_recording([NAN] * 5)).countdown.any()


def test_an_excluded_end_is_no_countdown(make_recording):
    assert not flags(make_recording([95.0] * 5 + [NAN] * 2), Exclusion(20, 24)).countdown.any()
