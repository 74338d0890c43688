"""Time is what the clock says: any interval, a changed rate, lost rows and copies give the right rates."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oximetry.domain.errors import InvalidRecording
from oximetry.readers.formats import create_registry
from oximetry.services.nights.analysis import analyse

HEADER = "Timp,Nivel de oxigen,Puls cardiac,Mişcare\n"
START = datetime(2025, 10, 15, 22, 0, 0)


def at_seconds(seconds):
    """What a sleeper with 36 dips of 6 % an hour has at these seconds: 100 s, of which 30 s low."""
    phase = np.asarray(seconds) % 100
    return np.where((phase >= 60) & (phase < 90), 91, 97)


def table(seconds, spo2=None, start=START):
    values = at_seconds(seconds) if spo2 is None else spo2
    lines = [
        f"{start + timedelta(seconds=int(at)):%H:%M:%S %d/%m/%Y},{value},{60 + row // 4 % 9},0"
        for row, (at, value) in enumerate(zip(seconds, values, strict=True))
    ]
    return (HEADER + "\n".join(lines) + "\n").encode()


def numbers(content, name="night.csv"):
    return analyse(create_registry(), content, name).as_json()


@pytest.mark.parametrize("interval_s", [1, 1.33, 1.5, 2, 2.25, 2.5, 3, 3.5, 4, 4.5, 5.75, 8, 10])
def test_odi_of_36_is_36_at_every_interval(interval_s):
    taken = np.arange(0, 2 * 3600, interval_s)
    found = numbers(table(np.floor(taken), at_seconds(taken)))
    assert found["odi3_per_h"] == pytest.approx(36, abs=0.51)
    assert found["sampling_interval_s"] == pytest.approx(interval_s, abs=0.001)
    assert found["gaps"] == 0
    assert found["time_below_pct"]["92"] == pytest.approx(30, abs=2.1)


@settings(max_examples=40, derandomize=True, deadline=None)
@given(interval_s=st.floats(1.0, 12.0), shift_s=st.floats(0.0, 0.99))
def test_any_interval_gives_the_same_rate_within_a_sample(interval_s, shift_s):
    taken = np.arange(shift_s, 2 * 3600, interval_s)
    found = numbers(table(np.floor(taken), at_seconds(taken)))
    assert found["desaturations3"] == pytest.approx(72, abs=1)
    assert found["valid_s"] == pytest.approx(7200, abs=interval_s + 1)


@pytest.mark.parametrize("rates", [(4, 1), (1, 4), (2, 5), (1, 2), (6, 1)])
def test_half_a_night_at_another_rate_is_half_of_the_night(rates):
    first = np.arange(0, 4 * 3600, rates[0])
    second = np.arange(4 * 3600, 8 * 3600, rates[1])
    levels = np.concatenate([86 - np.arange(first.size) % 2, 97 - np.arange(second.size) % 2])
    found = numbers(table(np.concatenate([first, second]), levels))
    assert found["time_below_pct"]["90"] == pytest.approx(50, abs=0.05)
    assert found["valid_s"] == found["recorded_s"] == pytest.approx(28_800, abs=max(rates))
    assert {w["code"] for w in found["warnings"]} >= {"interval_changes"}


def test_rows_lost_by_chance_are_missing_time_and_no_other_interval():
    kept = np.flatnonzero(np.random.default_rng(5).random(7200) < 0.6)
    found = numbers(table(kept))
    assert found["sampling_interval_s"] == 1
    assert found["valid_s"] == pytest.approx(kept.size, abs=1)
    assert found["uncertainty"]["odi3_per_h"][0] <= 36.1 <= found["uncertainty"]["odi3_per_h"][1]
    assert {w["code"] for w in found["warnings"]} >= {"missing_share"}


def test_rows_in_a_hole_lie_as_close_as_the_others():
    taken = np.concatenate([np.arange(0, 3600, 1.25), np.arange(4500, 8100, 1.25)])
    found = numbers(table(np.floor(taken), at_seconds(taken)))
    assert found["samples"] == pytest.approx(8100 / 1.25, abs=2)


def test_a_hole_is_missing_and_not_the_weight_of_the_row_before():
    seconds = np.concatenate([np.arange(0, 3600, 4), np.arange(4500, 8100, 4)])
    found = numbers(table(seconds))
    assert (found["valid_s"], found["recorded_s"], found["gaps"], found["longest_gap_s"]) == (7200, 8100, 1, 900)


def test_an_hour_exported_twice_counts_once():
    levels = at_seconds(np.arange(0, 7200, 4)) - np.arange(1800) // 50 % 2
    lines = table(np.arange(0, 7200, 4), levels).decode().splitlines(keepends=True)
    once = numbers("".join(lines).encode())
    for twice in (lines[:901] + lines[1:], lines + lines[1:901]):
        found = numbers("".join(twice).encode())
        assert {w["code"] for w in found["warnings"]} >= {"exported_twice"}
        assert [found[name] for name in ("samples", "odi3_per_h", "ended_at")] == [
            once[name] for name in ("samples", "odi3_per_h", "ended_at")
        ]


def test_two_devices_in_the_same_seconds_are_refused():
    seconds = np.repeat(np.arange(0, 3600, 4), 2)
    levels = np.where(np.arange(seconds.size) % 2, 88, 97)
    with pytest.raises(InvalidRecording) as refused:
        numbers(table(seconds, levels))
    assert refused.value.reason == "two_devices"
