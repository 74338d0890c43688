"""The spread of a night's desaturations, counted by hand."""

from __future__ import annotations

import math

import pytest

from oximetry.domain.desaturation import Desaturation
from oximetry.domain.metrics import summarise
from oximetry.domain.pattern import Cluster, clusters, halves, histogram, hours


def dip(nadir_s: float, depth_pct: float = 4.0) -> Desaturation:
    return Desaturation(nadir_s - 20, nadir_s, nadir_s + 20, 95.0, 95.0 - depth_pct, depth_pct, 0.0)


def test_five_deep_dips_within_thirty_minutes_are_a_cluster() -> None:
    assert clusters([dip(60.0 * minute) for minute in (1, 5, 10, 20, 31)]) == (Cluster(60.0, 1860.0, 5),)


def test_four_dips_or_a_fifth_a_moment_too_late_are_none() -> None:
    assert clusters([dip(60.0 * minute) for minute in (1, 5, 10, 20)]) == ()
    assert clusters([dip(60.0 * minute) for minute in (1, 5, 10, 20)] + [dip(1861.0)]) == ()


def test_shallow_dips_make_no_cluster() -> None:
    assert clusters([dip(60.0 * minute, 3.9) for minute in range(1, 9)]) == ()


def test_the_next_cluster_starts_after_the_thirty_minutes() -> None:
    found = clusters([dip(60.0 * minute) for minute in (0, 1, 2, 3, 4, 5, 40, 41, 42, 43, 44)])
    assert [(one.from_s, one.desaturations) for one in found] == [(0.0, 6), (2400.0, 5)]


def test_a_dip_by_itself_does_not_hide_the_cluster_behind_it() -> None:
    dips = [dip(60.0 * minute) for minute in (0, 40, 41, 42, 43, 44)]
    assert clusters(dips) == (Cluster(2400.0, 2640.0, 5),)


# 4 s rows: 30 rows at 95, then 5 at 90 and back: one event of 5 %; the flat rest of 1,000 rows
ONE_DIP = [95] * 30 + [90] * 5 + [95] * 965


def test_hours_count_an_event_where_it_begins_and_only_valid_time(make_recording) -> None:
    recording = make_recording(spo2=ONE_DIP)
    found = hours(recording, summarise(recording))
    assert [(one.from_s, one.to_s, one.desaturations3, one.valid_s) for one in found] == [
        (0.0, 3600.0, 1, 3600.0),
        (3600.0, 4000.0, 0, 400.0),
    ]
    assert found[0].odi3_per_h == pytest.approx(1.0)


def test_an_event_that_begins_with_an_hour_belongs_to_that_hour_alone(make_recording) -> None:
    # row 900 is 3,600 s: the last 95 before a dip of exactly 4 %; the second hour has 500 rows, 2,000 s
    recording = make_recording(spo2=[95] * 901 + [91] * 5 + [95] * 494)
    first, second = hours(recording, summarise(recording))
    assert (first.desaturations3, second.desaturations3, second.desaturations4) == (0, 1, 1)
    assert second.odi3_per_h == pytest.approx(1.8)


def test_halves_split_the_recorded_time(make_recording) -> None:
    recording = make_recording(spo2=ONE_DIP)
    first, second = halves(recording, summarise(recording))
    assert (first.to_s, first.desaturations4, second.desaturations4) == (2000.0, 1, 0)
    assert (first.from_s, first.valid_s) == (0.0, 2000.0)
    assert (second.from_s, second.to_s, second.valid_s) == (2000.0, 4000.0, 2000.0)


def test_an_hour_without_a_valid_value_has_no_rate(make_recording) -> None:
    recording = make_recording(spo2=[95] * 900 + [None] * 900)
    assert math.isnan(hours(recording, summarise(recording))[1].odi3_per_h)


def test_histogram_is_percent_of_the_valid_time(make_recording) -> None:
    recording = make_recording(spo2=[95] * 3 + [None] * 4 + [90])
    assert histogram(recording, summarise(recording)) == {90: 25.0, 95: 75.0}
