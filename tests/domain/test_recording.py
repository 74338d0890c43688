from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oximetry.domain import recording as module
from oximetry.domain.errors import InvalidRecording
from oximetry.domain.recording import fill_holes


def test_recorded_time_is_rows_times_interval(make_recording):
    assert make_recording([95] * 9001).recorded_s == 36_004


def test_last_row_has_its_own_wall_clock(make_recording):
    assert make_recording([95] * 3).ended_at == datetime(2025, 10, 25, 22, 0, 8)


def test_wall_clock_repeats_an_hour_after_the_clock_was_set_back(make_recording):
    recording = make_recording([95, 95, 95], set_back_at_s=4.0)
    assert recording.wall_clock(3.0) == datetime(2025, 10, 25, 22, 0, 3)
    assert recording.wall_clock(4.0) == datetime(2025, 10, 25, 21, 0, 4)
    assert recording.ended_at == datetime(2025, 10, 25, 21, 0, 8)


@pytest.mark.parametrize("time_s", [[0, 4, 4], [0, 8, 4], [4, 8, 12], [0, 4, float("nan")], [0, 4]])
def test_broken_time_axis_is_refused(make_recording, time_s):
    with pytest.raises(InvalidRecording, match="inconsistent_recording"):
        make_recording([95, 95, 95], time_s=time_s)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"time_s": np.zeros((1, 2))}, "time_s"),
        ({"time_s": np.zeros(0)}, "time_s"),
        ({"time_s": np.array([0.0, 4.0, 8.0])}, "spo2_pct"),
        ({"time_s": np.array([0, 4])}, "time_s"),
        ({"time_s": np.array([1.0, 4.0])}, "time_s"),
        ({"time_s": np.array([0.0, float("inf")])}, "time_s"),
        ({"time_s": np.array([0.0, 0.0])}, "time_s"),
        ({"spo2_pct": np.array([95.0])}, "spo2_pct"),
        ({"spo2_pct": np.array([95, 95])}, "spo2_pct"),
        ({"pulse_bpm": np.array([60.0])}, "pulse_bpm"),
        ({"motion": np.array([0, 0])}, "motion"),
        ({"gap_row": np.array([False])}, "gap_row"),
        ({"gap_row": np.zeros(2)}, "gap_row"),
        ({"started_at": datetime(2025, 10, 25, 22, 0, 0, tzinfo=UTC)}, "started_at"),
        ({"sampling_interval_s": 0.0}, "sampling_interval_s"),
        ({"sampling_interval_s": -4.0}, "sampling_interval_s"),
        ({"sampling_interval_s": float("inf")}, "sampling_interval_s"),
        ({"sampling_interval_s": float("nan")}, "sampling_interval_s"),
    ],
)
def test_parts_that_do_not_fit_together_are_refused_by_name(make_recording, changes, field):
    with pytest.raises(InvalidRecording) as refused:
        replace(make_recording([95, 95]), **changes)
    assert refused.value.reason == "inconsistent_recording"
    assert refused.value.details == {"field": field}


def test_one_row_is_a_recording(make_recording):
    assert make_recording([95]).recorded_s == 4


def test_a_recording_has_at_most_the_allowed_rows(make_recording, monkeypatch):
    monkeypatch.setattr(module, "MAX_ROWS", 3)
    assert make_recording([95] * 3).samples == 3
    with pytest.raises(InvalidRecording) as refused:
        make_recording([95] * 4)
    assert refused.value.details == {"field": "time_s"}


def test_holes_are_filled_up_to_the_allowed_rows(monkeypatch):
    monkeypatch.setattr(module, "MAX_ROWS", 4)
    assert fill_holes(np.array([0.0, 12.0]), 4.0)[0].tolist() == [0, 4, 8, 12]
    with pytest.raises(InvalidRecording) as refused:
        fill_holes(np.array([0.0, 16.0]), 4.0)
    assert refused.value.details == {"rows": 5, "limit": 4}


@pytest.mark.parametrize("name", ["time_s", "spo2_pct", "pulse_bpm", "motion", "gap_row"])
def test_values_cannot_be_written_to(make_recording, name):
    with pytest.raises(ValueError, match="read-only"):
        getattr(make_recording([95, 94]), name)[0] = 1


@pytest.mark.parametrize(("step_s", "inserted"), [(4, 0), (6, 0), (7, 1), (8, 1), (10, 1), (11, 2), (12, 2), (400, 99)])
def test_hole_longer_than_one_and_a_half_intervals_is_filled(step_s, inserted):
    filled_s, source, gap_row = fill_holes(np.array([0.0, 4.0, 4.0 + step_s, 8.0 + step_s]), 4.0)
    assert gap_row.sum() == inserted
    assert filled_s[gap_row].tolist() == [4.0 + 4.0 * k for k in range(1, inserted + 1)]
    assert source[~gap_row].tolist() == [0, 1, 2, 3]


def test_filling_stops_before_the_memory_does():
    with pytest.raises(InvalidRecording) as refused:
        fill_holes(np.array([0.0, 1.0, 1e12]), 1.0)
    assert refused.value.reason == "too_long"
    assert refused.value.details == {"rows": 1_000_000_000_001, "limit": 1_500_000}


@settings(max_examples=200, derandomize=True, deadline=None)
@given(st.lists(st.integers(1, 90), min_size=1, max_size=60), st.sampled_from([1.0, 2.0, 4.0, 5.0]))
def test_filled_axis_keeps_every_row_and_has_no_hole(steps, interval_s):
    time_s = np.concatenate(([0.0], np.cumsum(np.array(steps, dtype=float))))
    filled_s, source, gap_row = fill_holes(time_s, interval_s)
    assert filled_s[~gap_row].tolist() == time_s.tolist()
    assert (np.diff(filled_s) > 0).all()
    assert np.diff(filled_s).max() <= 1.5 * interval_s
    assert filled_s.size == source.size == gap_row.size
