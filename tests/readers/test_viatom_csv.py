from datetime import datetime

import numpy as np
import pytest

FORMS = [
    "%H:%M:%S %d/%m/%Y",
    "%H:%M:%S %d.%m.%Y",
    "%H:%M:%S %d-%m-%Y",
    "%H:%M:%S %m/%d/%Y",
    "%H:%M:%S %b %d %Y",
    "%I:%M:%S %p %b %d %Y",
    '"%I:%M:%S%p %b %d, %Y"',
    "%d/%m/%Y %H:%M:%S",
    "%d.%m.%Y %H:%M:%S",
    "%m/%d/%Y %I:%M:%S %p",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%Y/%m/%d %H:%M:%S",
    "%H:%M:%S %d %B %Y",
]


def codes(recording):
    return [note.code for note in recording.notes]


@pytest.mark.parametrize("form", FORMS)
def test_every_way_to_write_a_time_is_the_same_night(form, read, csv_text):
    recording = read(csv_text(form=form))
    assert recording.started_at == datetime(2025, 10, 15, 23, 59, 0)
    assert recording.ended_at == datetime(2025, 10, 16, 0, 0, 56)
    assert recording.sampling_interval_s == 4
    assert recording.samples == 30
    assert recording.notes == ()


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1250"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_office_programs_change_the_wrapping_only(delimiter, encoding, line_end, read, csv_text):
    text = csv_text().replace(",", delimiter).replace("\n", line_end)
    recording = read(text.encode(encoding))
    assert recording.samples == 30
    assert recording.spo2_pct[:3].tolist() == [95, 94, 93]


@pytest.mark.parametrize("first_line", ["sep=,\n", '"sep=,"\n', "\n\n", " \n"])
def test_lines_in_front_of_the_header_are_passed_over(first_line, read, csv_text):
    assert read(first_line + csv_text()).samples == 30


def test_blank_lines_and_rows_of_commas_are_passed_over(read, csv_text):
    text = csv_text().replace("\n", "\n\n", 1).replace("\n00:00:00", "\n,,,\n00:00:00")
    assert read(text).samples == 30


def test_header_may_be_absent_or_in_any_language(read, csv_text):
    for header in (
        "",
        "时间,血氧,脉率,体动",
        "Zeit,Sauerstoffsättigung,Pulsfrequenz,Bewegung",
        "Heure,Niveau d'O2,Pouls,M",
    ):
        assert read(csv_text(header=header)).samples == 30


@pytest.mark.parametrize(
    "date", ["15 oct. 2025", "Okt 15 2025", "15 paź 2025", "15 de octubre de 2025", "ott 15, 2025", "15 octobre 2025"]
)
def test_months_are_known_in_the_languages_of_phones(date, read):
    recording = read(f'Time,SpO2,Pulse,Motion\n"20:35:10 {date}",95,60,0\n"20:35:14 {date}",95,60,0\n')
    assert recording.started_at == datetime(2025, 10, 15, 20, 35, 10)


def test_hours_without_a_leading_zero_are_read(read, csv_text):
    text = csv_text(start=datetime(2025, 10, 15, 9, 59, 0)).replace("\n09:", "\n9:")
    assert read(text).ended_at == datetime(2025, 10, 15, 10, 0, 56)


def test_every_missing_marker_is_nan_and_other_numbers_stay(read):
    cells = ["--,--", "- -,- -", ",", "255,65535", " , ", "--,70", "0,0", "95.0,61"]
    rows = "".join(f"20:35:{10 + 4 * i} 15/10/2025,{cell},0\n" for i, cell in enumerate(cells))
    recording = read("Timp,SpO2,Puls,M\n" + rows)
    nan = float("nan")
    assert np.array_equal(recording.spo2_pct, [nan] * 6 + [0, 95], equal_nan=True)
    assert np.array_equal(recording.pulse_bpm, [nan] * 5 + [70, 0, 61], equal_nan=True)


def test_motion_may_be_absent(read):
    recording = read("T,O2,P\n20:35:10 15/10/2025,95,60\n20:35:14 15/10/2025,95,60\n")
    assert np.isnan(recording.motion).all()


def test_time_column_is_found_behind_a_row_number(read):
    recording = read("No,Time,SpO2,Pulse,Motion\n1,20:35:10 15/10/2025,95,60,3\n2,20:35:14 15/10/2025,94,61,0\n")
    assert (recording.spo2_pct.tolist(), recording.motion.tolist()) == ([95, 94], [3, 0])


@pytest.mark.parametrize(
    ("name", "device"),
    [
        ("Checkme O2 9001_20251015203510.csv", ("Checkme O2", "9001")),
        ("O2Ring _20250306222056.csv", ("O2Ring", None)),
        ("o2ring 9002_1696377606000.csv", ("O2Ring", "9002")),
        ("Checkme O2 Max _20260220225312.csv", ("Checkme O2 Max", None)),
        ("O2Ring S_20260619_OXIRecord.csv", ("O2Ring S", None)),
        ("Popescu Ion_20251015203510.csv", (None, None)),
        ("C:\\x\\O2Ring_20221118173026_OXIRecord.csv", ("O2Ring", None)),
        (None, (None, None)),
    ],
)
def test_device_comes_from_known_words_of_the_name_only(name, device, read, csv_text):
    recording = read(csv_text(), name)
    assert (recording.device_model, recording.device_serial) == device


def test_hole_becomes_rows_of_nan_in_place(read, csv_text):
    lines = csv_text().splitlines(keepends=True)
    recording = read("".join(lines[:11] + lines[14:]))
    assert recording.samples == 30
    assert np.flatnonzero(recording.gap_row).tolist() == [10, 11, 12]
    assert np.isnan(recording.spo2_pct[10:13]).all()
    assert recording.time_s.tolist() == [4.0 * row for row in range(30)]


def test_repeated_hour_is_unrolled_and_said(read, csv_text):
    before = csv_text(rows=900, start=datetime(2025, 10, 26, 3, 0, 0))
    after = csv_text(rows=900, start=datetime(2025, 10, 26, 3, 0, 0), header="")
    recording = read(before + after)
    assert recording.time_s[-1] == 1799 * 4
    assert recording.clock_set_back_at_s == 3600
    assert recording.wall_clock(3596) == datetime(2025, 10, 26, 3, 59, 56)
    assert recording.wall_clock(3600) == datetime(2025, 10, 26, 3, 0, 0)
    assert recording.ended_at == datetime(2025, 10, 26, 3, 59, 56)
    assert codes(recording) == ["clock_set_back"]
    assert recording.notes[0].details == {"elapsed_s": 3600.0, "line": 902}


def test_exact_copies_of_a_row_are_dropped_and_counted(read, csv_text):
    lines = csv_text().splitlines(keepends=True)
    recording = read("".join([*lines[:5], lines[4], lines[4], *lines[5:]]))
    assert (recording.samples, recording.notes[0].code) == (30, "duplicate_rows")
    assert recording.notes[0].details == {"count": 2}


def test_of_a_second_told_twice_the_first_row_is_kept(read, csv_text):
    lines = csv_text().splitlines(keepends=True)
    recording = read("".join([*lines[:5], lines[4].replace(",60,", ",99,").replace(",63,", ",99,"), *lines[5:]]))
    assert codes(recording) == ["same_second_rows"]
    assert 99 not in recording.pulse_bpm


@pytest.mark.parametrize("cut", [5, 12, 19, 21, 24])
def test_incomplete_last_line_is_dropped_and_said(cut, read, csv_text):
    lines = csv_text().splitlines(keepends=True)
    recording = read("".join(lines[:-1]) + lines[-1][:cut])
    assert recording.samples == 29
    assert recording.notes[0].details == {"line": 31}
    assert codes(recording) == ["last_line_cut"]


def test_last_line_cut_in_its_quotes_is_dropped(read, csv_text):
    text = csv_text(form='"%I:%M:%S%p %b %d, %Y"')
    assert codes(read(text + '"12:01:00AM Oct')) == ["last_line_cut"]


@pytest.mark.parametrize(
    ("old", "new", "reason", "details"),
    [
        ("00:00:08 16/10", "00:00:61 16/10", "bad_time", {}),
        ("00:00:08 16/10", "24:00:08 16/10", "bad_time", {}),
        ("00:00:08 16/10", "0x:00:08 16/10", "bad_time", {}),
        ("00:00:08 16/10/2025", "00:00:08 32/10/2025", "bad_time", {}),
        ("00:00:08 16/10/2025", "00:00:08 16/10/1025", "bad_time", {}),
        ("00:00:08 16/10/2025", "00:00:08", "bad_time", {}),
        ("00:00:08 16/10/2025", "12:00:08AM 16/10/2025", "bad_time", {}),
        ("00:00:08 16/10/2025,", "00:00:08 16/10/2025,=cmd|' /C calc'!A0", "bad_value", {"column": "spo2"}),
        ("00:00:08 16/10/2025,", "00:00:08 16/10/2025,x", "bad_value", {"column": "spo2"}),
        ("00:00:08 16/10/2025,", "00:00:08 16/10/2025,0.", "bad_value", {"column": "spo2"}),
        ("00:00:08 16/10/2025,", "00:00:08 16/10/2025,\u0663", "bad_value", {"column": "spo2"}),
        ("00:00:08 16/10/2025,", "00:00:08 16/10/2025,-", "bad_value", {"column": "spo2"}),
        ("00:00:08 16/10/2025,", "00:00:08 16/10/2025,,", "bad_columns", {"expected": 4, "found": 5}),
        ("00:00:08 16/10/2025,", "00:00:08 16/10/2025;", "bad_columns", {"expected": 4, "found": 3}),
        ("00:00:08 16/10/2025,", '"00:00:08 16/10/2025,', "bad_columns", {"expected": 4, "found": 0}),
        ("00:00:08 16/10/2025,", "00:00:00 16/10/2025,", "time_goes_back", {}),
    ],
)
def test_one_bad_row_refuses_the_file_with_its_line(old, new, reason, details, refusal, csv_text):
    assert refusal(csv_text().replace(old, new)) == (reason, {"line": 19, **details})


def test_first_data_row_is_never_taken_for_a_header(refusal, csv_text):
    assert refusal(csv_text().replace("23:59:00 15", "garbage 15")) == ("no_time_column", {"line": 2})


def test_lines_are_counted_as_in_the_file(refusal, csv_text):
    text = "sep=,\n\n" + csv_text().replace("00:00:08 16/10", "00:00:61 16/10").replace("\n23:59:04", "\n\n23:59:04")
    assert refusal(text) == ("bad_time", {"line": 22})


@pytest.mark.parametrize(
    "text",
    [
        "20:35:10 15/10/2025,110,95,0\n20:35:14 15/10/2025,120,95,0\n",
        "T,A,B,C\n20:35:10 15/10/2025,110,95,0\n20:35:14 15/10/2025,120,95,0\n",
    ],
)
def test_swapped_columns_are_refused_and_never_guessed(text, refusal):
    assert refusal(text)[0] == "columns_unexpected"


def test_columns_are_those_the_header_names(read):
    recording = read("Time,Pulse Rate,SpO2,Motion\n20:35:10 15/10/2025,60,95,3\n20:35:14 15/10/2025,61,94,0\n")
    assert (recording.spo2_pct.tolist(), recording.pulse_bpm.tolist()) == ([95, 94], [60, 61])
    assert (recording.motion.tolist(), recording.notes) == ([3, 0], ())


def test_columns_without_a_name_are_taken_by_position_and_it_is_said(read):
    recording = read("20:35:10 15/10/2025,95,60,0\n20:35:14 15/10/2025,94,61,0\n")
    assert (recording.spo2_pct.tolist(), codes(recording)) == ([95, 94], ["columns_by_position"])


def test_night_without_a_single_reading_is_refused(refusal):
    assert refusal("Time,SpO2,Pulse,Motion\n20:35:10 15/10/2025,--,60,0\n20:35:14 15/10/2025,--,60,0\n") == (
        "no_oximeter_data",
        {},
    )


@pytest.mark.parametrize("second", ["20:35:14 16/10/2025", "13:30:00 16/10/2025", "09:00:10 16/10/2025"])
def test_two_nights_in_one_file_are_refused_at_the_seam(second, refusal, csv_text):
    start = datetime(2025, 10, 15, 20, 35, 14)
    rows = csv_text(rows=10, start=start) + f"{second},95,60,0\n"
    assert refusal(rows)[0] == "two_nights"
    assert refusal(rows)[1]["line"] == 12


def test_long_hole_within_a_night_is_kept(read, csv_text):
    rows = csv_text(rows=20, start=datetime(2025, 10, 15, 20, 35, 14)) + "06:00:00 16/10/2025,95,60,0\n"
    assert read(rows).ended_at == datetime(2025, 10, 16, 6, 0, 0)


def test_spot_values_are_no_recording(refusal, csv_text):
    assert refusal(csv_text(step_s=61)) == ("interval_too_long", {"interval_s": 61, "limit_s": 60})


def test_interval_is_the_median_and_not_the_first_difference(read, csv_text):
    lines = csv_text().splitlines(keepends=True)
    assert read("".join(lines[:2] + lines[9:])).sampling_interval_s == 4


@pytest.mark.parametrize("rows", [0, 1])
def test_less_than_two_rows_are_refused(rows, refusal, csv_text):
    header = "Time,Oxygen Level,Pulse Rate,Motion"
    assert refusal(csv_text(rows=rows, header=header)) == ("too_few_rows", {"rows": rows})
