import math

import numpy as np
import pytest

from oximetry.domain.variability import count_pulse_rises, delta_index

NAN = float("nan")


def index(spo2, interval_s):
    time_s = np.arange(len(spo2)) * interval_s
    return delta_index(time_s, np.array(spo2), np.full(len(spo2), interval_s))


def rises(pulse, interval_s=4.0):
    return count_pulse_rises(np.arange(len(pulse)) * interval_s, np.array(pulse, dtype=float))


def test_delta_index_compares_whole_blocks_of_twelve_seconds():
    assert index([90.0] * 3 + [93.0] * 3 + [91.0, 99.0], 4.0) == 3.0


def test_delta_index_block_is_twelve_rows_at_one_second():
    assert index([90.0] * 12 + [92.0] * 12 + [91.0] * 12, 1.0) == 1.5


def test_block_without_a_valid_sample_breaks_adjacency():
    assert math.isnan(index([90.0] * 3 + [NAN] * 3 + [93.0] * 3, 4.0))


def test_block_mean_uses_its_valid_samples_only():
    assert index([90.0, NAN, 92.0, 95.0, NAN, NAN], 4.0) == 4.0


@pytest.mark.parametrize("interval_s", [12.0, 24.0, 60.0])
def test_delta_index_block_is_one_row_at_least(interval_s):
    assert index([90.0, 93.0, 91.0], interval_s) == 2.5


def test_delta_index_of_less_than_two_blocks_is_unknown():
    assert math.isnan(index([90.0] * 5, 4.0))


@pytest.mark.parametrize(("pulse", "count"), [([60, 65], 0), ([60, 66], 1), ([66, 60, 65, 66], 1)])
def test_rise_counts_from_six_above_the_lowest(pulse, count):
    assert rises(pulse) == count


@pytest.mark.parametrize(("between", "count"), [(6, 1), (7, 0)])
def test_lowest_pulse_is_forgotten_after_thirty_seconds(between, count):
    assert rises([60] + [63] * between + [66]) == count


def test_lowest_pulse_of_exactly_thirty_seconds_ago_counts():
    assert rises([60] + [63] * 29 + [66], interval_s=1.0) == 1
    assert rises([60] + [63] * 30 + [66], interval_s=1.0) == 0


def test_rise_goes_on_until_three_below_its_peak():
    assert rises([60, 66, 72, 78, 76, 84]) == 1


def test_sample_three_below_the_peak_begins_the_new_search():
    assert rises([60, 66, 72, 70, 69, 74]) == 1
    assert rises([60, 66, 72, 70, 69, 75]) == 2


def test_invalid_pulse_rearms():
    assert rises([60, 66, NAN, 60, 66]) == 2
    assert rises([60, 66, NAN, 66, 70]) == 1
