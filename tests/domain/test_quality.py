import numpy as np
import pytest

from oximetry.domain.quality import assess, runs_of

NAN = float("nan")


@pytest.mark.parametrize(("spo2", "valid"), [(49, False), (50, True), (100, True), (101, False), (NAN, False)])
def test_spo2_is_valid_from_50_to_100(make_recording, spo2, valid):
    assert assess(make_recording([95, spo2])).valid.tolist() == [True, valid]


@pytest.mark.parametrize(("pulse", "valid"), [(24, False), (25, True), (250, True), (251, False), (NAN, False)])
def test_pulse_is_valid_from_25_to_250(make_recording, pulse, valid):
    assert assess(make_recording([95, 95], [60, pulse])).pulse_valid.tolist() == [True, valid]


@pytest.mark.parametrize(
    ("before", "after", "below"), [(70, 95, True), (95, 70, True), (71, 71, False), (61, 61, True), (49, 95, False)]
)
def test_one_edge_at_70_or_less_makes_a_run_below_range(make_recording, before, after, below):
    quality = assess(make_recording([95, before, NAN, NAN, after, 95]))
    assert quality.below_range.tolist() == [False, False, below, below, False, False]


@pytest.mark.parametrize("spo2", [[NAN, NAN, 65, 95], [95, 65, NAN, NAN]])
def test_run_at_an_end_of_the_recording_is_missing(make_recording, spo2):
    assert not assess(make_recording(spo2)).below_range.any()


def test_run_with_one_missing_pulse_is_missing(make_recording):
    quality = assess(make_recording([95, 62, NAN, NAN, 62, 95], [60, 60, 60, NAN, 60, 60]))
    assert quality.missing.tolist() == [False, False, True, True, False, False]


def test_number_outside_the_range_is_not_a_missing_marker(make_recording):
    quality = assess(make_recording([95, 62, 45, 62, 95]))
    assert not quality.below_range.any()
    assert quality.missing[2]


def test_below_range_runs_are_counted_apart(make_recording):
    quality = assess(make_recording([61, NAN, 62, NAN, NAN, 63, 95]))
    assert quality.below_range_runs.tolist() == [[1, 2], [3, 5]]


def test_every_sample_has_exactly_one_state(make_recording):
    quality = assess(make_recording([95, 62, NAN, 63, NAN, 80, 45]))
    states = np.stack([quality.valid, quality.below_range, quality.missing])
    assert (states.sum(axis=0) == 1).all()


def test_runs_of_nothing_and_of_everything():
    assert runs_of(np.array([False, False])).tolist() == []
    assert runs_of(np.array([True, True])).tolist() == [[0, 2]]
