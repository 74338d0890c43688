from datetime import datetime
from struct import pack_into

import numpy as np
import pytest

HEADER = 40
STATISTICS = {
    "asleep_s": 0,
    "spo2_mean_pct": 94,
    "spo2_min_pct": 87,
    "drops_over_3pct": 53,
    "drops_over_4pct": 22,
    "below90_pct": 1,
    "below90_s": 396,
    "dips_below90": 26,
    "o2_score": 8.5,
    "steps": 12,
    "pulse_mean_bpm": 61,
}


def codes(recording):
    return [note.code for note in recording.notes]


def changed(content, at, form, value):
    raw = bytearray(content)
    pack_into(form, raw, at, value)
    return bytes(raw)


@pytest.mark.parametrize("version", ["viatom_v3", "viatom_v5", "viatom_v6"])
def test_header_statistics_are_kept_as_the_vendors_numbers(version, night, written, read):
    recording = read(written(version, night(interval_s=4, vendor=STATISTICS))[0])
    assert recording.vendor == {"duration_s": 480, **STATISTICS}


def test_open_statistics_are_none(night, written, read):
    vendor = read(written("viatom_v5", night(interval_s=4))[0]).vendor
    assert [vendor[name] for name in ("o2_score", "spo2_mean_pct", "pulse_mean_bpm")] == [None, None, None]


def test_missing_reading_with_a_pulse_is_kept_apart_from_a_finger_out(night, written, read):
    spo2 = [95, 63, np.nan, np.nan, 64, 95, np.nan, 95]
    pulse = [60, 61, 62, 63, 64, 65, np.nan, 66]
    recording = read(written("viatom_v3", night(spo2, pulse, interval_s=4))[0])
    assert np.array_equal(recording.spo2_pct, spo2, equal_nan=True)
    assert np.array_equal(recording.pulse_bpm, pulse, equal_nan=True)


@pytest.mark.parametrize("raw", [511, 256, 65_535])
def test_pulse_with_its_flag_set_is_missing(raw, night, written, read):
    content = changed(written("viatom_v3", night(interval_s=4))[0], HEADER + 1, "<H", raw)
    assert np.isnan(read(content).pulse_bpm[0])


def test_doubled_samples_are_halved_and_said(night, written, read):
    content, _ = written("viatom_v3_doubled", night(interval_s=4))
    recording = read(content)
    assert (recording.samples, recording.sampling_interval_s, codes(recording)) == (120, 4, ["doubled_samples"])


def test_two_seconds_of_version_five_are_real(night, written, read):
    content = changed(written("viatom_v3_doubled", night(interval_s=4))[0], 0, "<B", 5)
    recording = read(content)
    assert (recording.samples, recording.sampling_interval_s, codes(recording)) == (240, 2, [])


@pytest.mark.parametrize(("cut", "records"), [(5, 119), (7, 118), (300, 60)])
def test_cut_file_is_read_to_its_last_whole_record_and_marked(cut, records, night, written, read):
    recording = read(written("viatom_v3", night(interval_s=4))[0][:-cut])
    assert (recording.samples, recording.sampling_interval_s) == (records, 4)
    assert [(note.code, note.details) for note in recording.notes] == [
        ("truncated", {"records": records, "expected": 120}),
        ("unfinished", {}),
    ]


def test_cut_file_of_doubled_samples_keeps_its_interval(night, written, read):
    content, _ = written("viatom_v3_doubled", night(interval_s=4))
    recording = read(content[: HEADER + 5 * 200])
    assert (recording.samples, recording.sampling_interval_s) == (100, 4)
    assert codes(recording) == ["truncated", "unfinished", "doubled_samples"]


def test_body_with_a_piece_of_a_record_is_marked(night, written, read):
    recording = read(written("viatom_v3", night(interval_s=4))[0] + b"\x5e\x3c")
    assert (recording.samples, codes(recording)) == (120, ["truncated", "unfinished"])


def test_duration_that_overflowed_is_understood(night, written, read):
    content, _ = written("viatom_v5", night([95] * 17_000, interval_s=4))
    assert read(content).sampling_interval_s == 4


@pytest.mark.parametrize("duration_s", [0, 100, 1500])
def test_interval_that_does_not_fit_is_refused(duration_s, night, written, refusal):
    content = changed(written("viatom_v3", night(interval_s=4))[0], 13, "<H", duration_s)
    assert refusal(content) == ("interval_unknown", {"records": 120, "duration_s": duration_s})


@pytest.mark.parametrize(
    ("at", "value"), [(0, 4), (0, 0), (1, 2), (4, 13), (4, 0), (5, 32), (6, 24), (7, 60), (8, 61), (3, 3), (3, 9)]
)
def test_what_has_no_plausible_header_is_no_recording(at, value, night, written, refusal):
    assert refusal(changed(written("viatom_v3", night(interval_s=4))[0], at, "<B", value))[0] == "unknown_format"


@pytest.mark.parametrize("rows", [0, 1])
def test_header_without_records_is_too_short(rows, night, written, refusal):
    content = written("viatom_v3", night(interval_s=4))[0][: HEADER + 5 * rows]
    assert refusal(content) == ("too_few_rows", {"rows": rows})


def test_night_without_a_reading_is_refused(night, written, refusal):
    assert refusal(written("viatom_v3", night([np.nan] * 40, interval_s=4))[0])[0] == "no_oximeter_data"


def test_device_comes_from_the_name(night, written, read):
    recording = read(written("viatom_v3", night(interval_s=4))[0], "O2Ring 9001_20251015235900")
    assert (recording.device_model, recording.device_serial) == ("O2Ring", "9001")
    assert recording.started_at == datetime(2025, 10, 15, 23, 59, 0)
