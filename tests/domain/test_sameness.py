import struct
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256

import numpy as np
import pytest

from oximetry.domain.recording import Note
from oximetry.domain.sameness import agree, samples_sha256

NAN = float("nan")
SPO2 = [95, 94, NAN, 93, 92, 91]


def test_fingerprint_is_of_what_was_measured_and_not_of_how_it_was_written(make_recording):
    first = make_recording(SPO2)
    other = replace(
        first,
        format="other",
        device_model="O2Ring",
        device_serial="0331",
        motion=np.ones(6),
        notes=(Note("unfinished"),),
    )
    assert samples_sha256(first) == samples_sha256(other)
    assert samples_sha256(first) == samples_sha256(replace(first, started_at=first.started_at.replace(microsecond=1)))
    assert len(samples_sha256(first)) == 64


def test_stored_fingerprints_stay_comparable(make_recording):
    # the start, 4,000 ms, then SpO2 and pulse of each row as eight bytes, the lowest first; -1 is missing
    content = b"2025-10-25T22:00:00 4000\n" + struct.pack("<6q", 95, 60, -1, 61, 94, -1)
    assert samples_sha256(make_recording([95, NAN, 94], [60, 61, NAN])) == sha256(content).hexdigest()


@pytest.mark.parametrize(
    "change",
    [
        {"spo2": [95, 94, NAN, 93, 92, 90]},
        {"spo2": [95, 94, 0, 93, 92, 91]},
        {"spo2": SPO2[:-1]},
        {"spo2": SPO2, "pulse": [60] * 5 + [61]},
        {"spo2": SPO2, "interval_s": 2.0},
    ],
)
def test_any_other_value_row_or_interval_is_another_night(make_recording, change):
    assert samples_sha256(make_recording(**change)) != samples_sha256(make_recording(SPO2))


def test_the_same_samples_a_second_later_are_another_night(make_recording):
    first = make_recording(SPO2)
    assert samples_sha256(replace(first, started_at=first.started_at + timedelta(seconds=1))) != samples_sha256(first)


def test_a_part_agrees_with_the_whole_wherever_it_began(make_recording):
    whole = make_recording(SPO2)
    assert agree(whole, make_recording(SPO2[:3]))
    later = replace(make_recording(SPO2[2:]), started_at=whole.started_at + timedelta(seconds=8))
    assert agree(whole, later)
    assert agree(later, whole)


def test_two_shared_rows_can_agree_and_the_first_and_the_last_one_count(make_recording):
    whole = make_recording(SPO2)
    assert agree(whole, make_recording(SPO2[:2]))
    assert not agree(whole, make_recording(SPO2[:1]))
    assert not agree(whole, make_recording([96, *SPO2[1:]]))
    assert not agree(whole, make_recording([*SPO2[:-1], 90]))


def test_other_samples_shifted_rows_or_too_few_shared_ones_do_not_agree(make_recording):
    whole = make_recording(SPO2)
    assert not agree(whole, make_recording([95, 94, NAN, 90]))
    assert not agree(whole, make_recording([95, 94, 96, 93]))
    assert not agree(whole, make_recording(SPO2, interval_s=2.0))
    for shift_s in (1, 20, 4000):
        moved = replace(make_recording(SPO2), started_at=whole.started_at + timedelta(seconds=shift_s))
        assert not agree(whole, moved)
