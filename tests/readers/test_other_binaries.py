from datetime import datetime
from struct import pack_into

import numpy as np
import pytest

START = datetime(2025, 10, 15, 23, 59, 0)
ASKED = datetime(2026, 1, 2, 3, 4, 5)


def codes(recording):
    return [note.code for note in recording.notes]


def changed(content, at, form, value):
    raw = bytearray(content)
    pack_into(form, raw, at if at >= 0 else len(raw) + at, value)
    return bytes(raw)


def test_o2ring_s_keeps_the_vendors_numbers(night, written, read):
    content, _ = written("oxyii", night(vendor={"drops_over_4pct": 7, "o2_score": 8.5}))
    vendor = read(content).vendor
    assert (vendor["drops_over_4pct"], vendor["o2_score"], vendor["duration_s"]) == (7, 8.5, 120)


def test_o2ring_s_without_a_trailer_is_unfinished_and_starts_by_its_name(night, written, read):
    content, _ = written("oxyii_unfinished", night())
    recording = read(content, "O2Ring S_20260619224029.bin")
    assert recording.started_at == datetime(2026, 6, 19, 22, 40, 29)
    assert codes(recording) == ["unfinished", "interval_assumed"]


def test_o2ring_s_without_trailer_and_stamp_asks_for_its_start(night, written, read, refusal):
    content, _ = written("oxyii_unfinished", night())
    assert refusal(content, "night.bin") == ("start_unknown", {"records": 120, "interval_s": 1})
    assert read(content, "night.bin", ASKED).started_at == ASKED


def test_o2ring_s_with_fewer_samples_than_it_says_is_unfinished(night, written, read):
    content = changed(written("oxyii", night())[0], -36, "<I", 150)
    recording = read(content)
    assert (recording.samples, codes(recording)) == (120, ["truncated", "unfinished"])


def test_o2ring_s_with_a_wrong_sum_says_so(night, written, read):
    content = changed(written("oxyii", night())[0], 12, "<B", 1)
    assert codes(read(content)) == ["checksum_wrong"]


@pytest.mark.parametrize(("at", "form", "value"), [(-36, "<I", 100), (-32, "<B", 3), (-30, "<B", 2)])
def test_o2ring_s_whose_trailer_contradicts_itself_is_refused(at, form, value, night, written, refusal):
    content = changed(written("oxyii", night())[0], at, form, value)
    assert refusal(content) == ("inconsistent_recording", {"field": "trailer"})


def test_o2ring_s_of_model_seven_marks_with_zero(night, written, read):
    content = changed(written("oxyii", night())[0], 8, "<H", 7)
    recording = read(changed(content, 10, "<B", 0))
    assert np.isnan(recording.spo2_pct[0])


def test_pod2_starts_by_its_name_in_utc(night, written, read, refusal):
    content, name = written("pod2", night())
    recording = read(content, name)
    assert (recording.started_at, codes(recording)) == (START, ["start_in_utc"])
    assert read(content, "28/host/1760572740000").started_at == START
    assert refusal(content, "POD2_20251015.dat") == ("start_unknown", {"records": 120, "interval_s": 1})
    assert codes(read(content, "x.dat", ASKED)) == []


def test_pod2_with_a_piece_of_a_record_is_marked(night, written, read):
    content, name = written("pod2", night())
    assert codes(read(content[:-2], name)) == ["start_in_utc", "truncated", "unfinished"]


@pytest.mark.parametrize(("at", "value"), [(0, 20), (0, 101), (1, 10), (2, 1), (4, 1), (5, 1)])
def test_what_has_another_shape_is_no_pod2(at, value, night, written, refusal):
    content = changed(written("pod2", night())[0], 6 * 8 + at, "<B", value)
    assert refusal(content, "1760572740.dat")[0] == "unknown_format"


@pytest.mark.parametrize("name", ["contec_spo2", "contec_spo2_wide", "contec_spor"])
def test_contec_marks_a_finger_out(name, night, written, read):
    spo2 = [np.nan, np.nan, *[95] * 20]
    pulse = [np.nan, np.nan, *[60] * 20]
    recording = read(written(name, night(spo2, pulse))[0])
    assert np.array_equal(recording.spo2_pct, spo2, equal_nan=True)
    assert np.array_equal(recording.pulse_bpm, pulse, equal_nan=True)


@pytest.mark.parametrize(
    ("name", "cut", "records"),
    [("contec_spo2", 41, 99), ("contec_spo2_wide", 41, 109), ("contec_spo2_wide", 300, 45), ("contec_spor", 41, 99)],
)
def test_cut_contec_file_is_read_to_its_last_whole_sample(name, cut, records, night, written, read):
    recording = read(written(name, night())[0][:-cut])
    assert recording.samples == records
    assert [(note.code, note.details.get("expected")) for note in recording.notes] == [
        ("truncated", 120),
        ("unfinished", None),
    ]


@pytest.mark.parametrize("name", ["contec_spo2", "contec_spo2_wide"])
def test_contec_without_a_clock_asks_for_its_start(name, night, written, read, refusal):
    content = changed(written(name, night())[0], 1056, "<I", 0)
    assert refusal(content) == ("start_unknown", {"records": 120, "interval_s": 1})
    assert read(content, None, ASKED).started_at == ASKED


def test_spor_without_a_clock_asks_for_its_start(night, written, read, refusal):
    content = written("contec_spor", night())[0]
    content = content[:8] + bytes(36) + content[44:]
    assert refusal(content) == ("start_unknown", {"records": 120, "interval_s": 1})
    assert read(content, None, ASKED).started_at == ASKED


def test_spor_with_its_columns_swapped_is_refused(night, written, refusal):
    content = written("contec_spor", night(pulse=[120] * 120))[0]
    body = np.frombuffer(content[64:], dtype=np.uint8).reshape(-1, 2)[:, ::-1].tobytes()
    assert refusal(content[:64] + body)[0] == "columns_unexpected"


@pytest.mark.parametrize(("at", "value"), [(1080, 10), (1080, 0xFFFFFFFF), (1060, 13)])
def test_contec_whose_header_contradicts_its_body_is_refused(at, value, night, written, refusal):
    content = changed(written("contec_spo2", night())[0], at, "<I", value)
    assert refusal(content)[0] in ("inconsistent_recording", "too_long")


def test_medview_keeps_the_clock_of_each_record(night, written, read):
    content, _ = written("medview", night())
    recording = read(content[: 3 + 11 * 40] + content[3 + 11 * 50 :])
    assert (recording.samples, int(recording.gap_row.sum())) == (120, 10)
    assert codes(recording) == ["truncated", "unfinished"]


def test_medview_with_an_impossible_clock_is_refused_with_its_record(night, written, refusal):
    content = changed(written("medview", night())[0], 3 + 11 * 30 + 7, "<B", 61)
    assert refusal(content) == ("bad_time", {"line": 31})
