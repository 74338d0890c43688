from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oximetry.domain.desaturation import MEAN_120S, PEAK_NADIR, find_desaturations, find_mean_drops

NAN = float("nan")


def events(spo2, interval_s=1.0, times=None):
    spo2 = np.array(spo2, dtype=float)
    time_s = np.array(times, dtype=float) if times is not None else np.arange(spo2.size) * interval_s
    return find_desaturations(time_s, spo2, interval_s)


def mean_drops(spo2, drop=3.0, interval_s=4.0):
    spo2 = np.array(spo2, dtype=float)
    return find_mean_drops(np.arange(spo2.size) * interval_s, spo2, interval_s, drop)


def test_both_rules_are_named_and_versioned():
    assert (PEAK_NADIR.name, PEAK_NADIR.version) == ("peak-nadir", 2)
    assert (MEAN_120S.name, MEAN_120S.version) == ("mean-120s", 2)


@pytest.mark.parametrize(("low_rows", "count"), [(8, 0), (9, 1)])
def test_event_counts_from_ten_seconds(low_rows, count):
    assert len(events([95] * 5 + [92] * low_rows + [95])) == count


@pytest.mark.parametrize(("low_rows", "count"), [(119, 1), (120, 0)])
def test_event_counts_up_to_120_seconds(low_rows, count):
    assert len(events([95] + [92] * low_rows + [95])) == count


def test_giving_up_restarts_at_that_very_sample():
    (event,) = events([95] + [92] * 120 + [94] + [91] * 10 + [94])
    assert (event.onset_s, event.baseline_pct, event.end_s) == (121, 94, 132)


def test_of_equal_maxima_the_latest_is_the_onset_and_of_equal_minima_the_first_is_the_nadir():
    (event,) = events([95, 95, 94, 95, 91, 90, 90, 91] + [92] * 8 + [95])
    assert (event.onset_s, event.nadir_s, event.end_s) == (3, 5, 16)
    assert (event.depth_pct, event.duration_s) == (5, 13)


def test_rise_of_three_ends_an_event_and_begins_the_next_search():
    first, second = events([98] + [90] * 10 + [93] + [90] * 10 + [93])
    assert (first.baseline_pct, first.end_s) == (98, 11)
    assert (second.baseline_pct, second.onset_s, second.depth_pct) == (93, 11, 3)


@pytest.mark.parametrize(("level", "ends"), [(93, 0), (94, 1)])
def test_event_ends_one_percent_below_its_baseline(level, ends):
    assert len(events([95] + [92] * 10 + [level])) == ends


def test_fall_of_two_is_no_event():
    assert events([95] * 5 + [93] * 20 + [95] * 5) == ()


def test_maximum_older_than_the_window_is_forgotten():
    assert len(events([97] + [95] * 60 + [93] * 15 + [96])) == 1
    assert events([97] + [95] * 125 + [93] * 15 + [96]) == ()


@pytest.mark.parametrize(("gap_s", "count"), [(12, 1), (12.5, 0)])
def test_gap_of_more_than_twelve_seconds_discards_an_open_event(gap_s, count):
    times = [0, 4, 8, 8 + gap_s, 12 + gap_s, 16 + gap_s]
    assert len(events([95, 92, 92, 92, 92, 95], 4.0, times)) == count


def test_invalid_rows_are_skipped():
    (event,) = events([95, 92, NAN, NAN, 92, 95], 4.0)
    assert event.duration_s == 20


def test_three_missing_rows_at_four_seconds_are_a_gap():
    assert events([95, 92, NAN, NAN, NAN, 92, 95], 4.0) == ()


def test_search_restarts_behind_a_gap():
    assert events([99, 99] + [NAN] * 5 + [95] * 3 + [93] * 5 + [95], 4.0) == ()


def test_recording_that_begins_with_missing_rows_does_not_begin_with_an_event():
    assert events([NAN] * 20 + [95] * 20) == ()


def test_one_sample_is_no_event():
    assert events([95]) == ()
    assert events([NAN] * 20 + [95]) == ()


def test_maximum_of_exactly_120_seconds_ago_is_still_the_baseline():
    # 97 at 0 s opens at 94 (120 s) and is given up at 92 (121 s), where the search restarts: 92 is the baseline then.
    # Were 97 forgotten at 120 s, 95 (119 s) would make an event of 92.
    assert events([97] + [95] * 119 + [94] + [92] * 10 + [95]) == ()


def test_event_open_at_the_end_is_dropped():
    assert events([95] * 5 + [90] * 20) == ()


def test_area_is_baseline_minus_spo2_up_to_not_including_the_end():
    (event,) = events([95, 92, 91, 93, 95], 4.0)
    assert event.area_pct_s == (0 + 3 + 4 + 2) * 4


def test_nothing_valid_has_no_events():
    assert events([NAN] * 5) == ()
    assert mean_drops([NAN] * 5) == ()


def by_definition(times, values):
    """The rule word for word: quadratic, and without any trick."""
    found, restart, i = [], 0, 0
    candidate = None
    while i < len(values):
        if i and times[i] - times[i - 1] > 12:
            restart, candidate = i, None
        if candidate is not None and times[i] - times[candidate] > 120:
            restart, candidate = i, None
        if candidate is not None:
            opening = next(k for k in range(candidate, i + 1) if values[candidate] - values[k] >= 3)
            lowest = min(values[opening : i + 1])
            if values[candidate] - values[i] <= 1 or values[i] - lowest >= 3:
                if times[i] - times[candidate] >= 10:
                    found.append((times[candidate], values[candidate] - lowest, times[i]))
                restart, candidate = i, None
        if candidate is None:
            window = [k for k in range(restart, i + 1) if times[i] - times[k] <= 120]
            top = max(values[k] for k in window)
            peak = max(k for k in window if values[k] == top)
            if top - values[i] >= 3:
                candidate = peak
        i += 1
    return found


@settings(max_examples=300, derandomize=True, deadline=None)
@given(
    st.lists(st.tuples(st.integers(-5, 5), st.sampled_from([4, 4, 4, 4, 8, 12, 16, 60])), min_size=1, max_size=120),
    st.integers(88, 96),
)
def test_one_pass_agrees_with_the_definition(steps, start):
    values, times = [start], [0]
    for change, seconds in steps:
        values.append(min(100, max(60, values[-1] + change)))
        times.append(times[-1] + seconds)
    ours = [(event.onset_s, event.depth_pct, event.end_s) for event in events(values, 4.0, times)]
    assert ours == by_definition(times, values)


@settings(max_examples=200, derandomize=True, deadline=None)
@given(st.lists(st.one_of(st.integers(60, 100), st.just(NAN)), max_size=200))
def test_events_never_overlap_and_keep_their_limits(spo2):
    found = events(spo2, 4.0)
    for event in found:
        assert event.onset_s < event.nadir_s < event.end_s
        assert 10 <= event.duration_s <= 120
        assert event.depth_pct >= 3
        assert event.area_pct_s >= 3 * 4
    assert all(earlier.end_s <= later.onset_s for earlier, later in pairwise(found))


@pytest.mark.parametrize(("rows_before", "count"), [(14, 0), (15, 1)])
def test_mean_base_needs_half_of_its_window(rows_before, count):
    assert len(mean_drops([95] * rows_before + [92] * 3 + [95])) == count


def test_half_of_the_window_is_sixty_samples_at_one_second():
    assert len(mean_drops([95] * 59 + [92] * 10 + [95], interval_s=1.0)) == 0
    assert len(mean_drops([95] * 60 + [92] * 10 + [95], interval_s=1.0)) == 1


@pytest.mark.parametrize(("low_rows", "count"), [(2, 0), (3, 1)])
def test_mean_drop_counts_from_ten_seconds(low_rows, count):
    assert len(mean_drops([95] * 30 + [90] * low_rows + [95])) == count


def test_mean_drop_of_nine_seconds_does_not_count():
    assert mean_drops([95] * 60 + [92] * 9 + [95], interval_s=1.0) == ()


def test_base_reaches_back_exactly_120_seconds():
    # one row of 65 and 29 of 95 are 94 in the mean; without the 65 they are 95
    assert mean_drops([65] + [95] * 29 + [92] * 3 + [95]) == ()
    assert mean_drops([65] + [95] * 30 + [92] * 3 + [95]) == ((124.0, 136.0),)


def test_base_is_frozen_while_open():
    assert mean_drops([95] * 30 + [92] * 60 + [95]) == ((120.0, 360.0),)


def test_earlier_dip_lowers_the_mean():
    dips = [95] * 30 + ([90] * 4 + [95] * 4) * 3
    assert len(mean_drops(dips, drop=4.5)) == 1


def test_gap_does_not_close_a_mean_drop_but_the_end_drops_it():
    assert mean_drops([95] * 30 + [91] + [NAN] * 10 + [95]) == ((120.0, 164.0),)
    assert mean_drops([95] * 30 + [91] * 10) == ()


def test_each_depth_is_scanned_by_itself():
    spo2 = [95] * 30 + [92] * 4 + [95] * 30 + [91] * 4 + [95]
    assert (len(mean_drops(spo2, 3.0)), len(mean_drops(spo2, 4.0))) == (2, 1)


def test_one_row_a_minute_is_half_of_two_and_enough_for_a_base():
    assert mean_drops([95, 91, 95], interval_s=60.0) == ((60.0, 120.0),)


def test_sample_behind_the_one_that_ends_a_mean_drop_may_open_the_next():
    # the second base: 27 rows of 95 and 3 of 90 are 94.5
    assert mean_drops([95] * 30 + [90] * 3 + [95] + [90] * 3 + [95]) == ((120.0, 132.0), (136.0, 148.0))


def test_sample_that_ends_a_mean_drop_cannot_open_the_next():
    # base 85 at 120 s; 83 at 168 s ends it, though the 120 s before 83 have a mean of 87.4 by then:
    # 3 rows of 75, 15 of 95 and 12 of 81. The row behind opens, but lasts 8 s only.
    assert mean_drops([75] * 15 + [95] * 15 + [81] * 12 + [83] * 3 + [95]) == ((120.0, 168.0),)


@pytest.mark.timeout(60)
def test_a_week_at_one_second_takes_time_in_proportion():
    rng = np.random.default_rng(1)
    spo2 = np.round(93 + 4 * np.sin(np.arange(604_800) / 17) + rng.normal(0, 1, 604_800))
    found = events(np.minimum(spo2, 100))
    assert len(found) > 100
