from datetime import datetime

import numpy as np
import pytest

NAN = float("nan")
ASKED = datetime(2026, 1, 2, 3, 4, 5)


def codes(recording):
    return [note.code for note in recording.notes]


def test_emay_reads_month_first_and_blanks(read):
    rows = ["5/12/2023,11:59:59 PM,96,61", "5/13/2023,12:00:00 AM,,62", "5/13/2023,12:00:01 AM,95,", ""]
    recording = read("\n".join(["Date,Time,SpO2(%),PR(bpm)", *rows]))
    assert recording.started_at == datetime(2023, 5, 12, 23, 59, 59)
    assert np.array_equal(recording.spo2_pct, [96, NAN, 95], equal_nan=True)
    assert np.array_equal(recording.pulse_bpm, [61, 62, NAN], equal_nan=True)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("sep", ["", "sep=;\r\n"])
@pytest.mark.parametrize("name", ["emay", "contec_csv"])
def test_tables_with_two_cells_of_time_survive_a_re_save(name, sep, delimiter, night, written, read):
    text = sep + written(name, night())[0].decode().replace(",", delimiter)
    recording = read(text)
    assert (recording.format, recording.samples) == (name, 120)


@pytest.mark.parametrize("name", ["emay", "contec_csv"])
def test_cut_last_line_of_such_a_table_is_left_out(name, night, written, read):
    recording = read(written(name, night())[0][:-8])
    assert (recording.samples, codes(recording)) == (119, ["last_line_cut"])


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("2021-05-15, 12:06:61, 95, 71", "bad_time"),
        ("2021-02-30, 12:06:50, 95, 71", "bad_time"),
        ("2021-05-15, 12:06:50, x, 71", "bad_value"),
        ("2021-05-15, 12:06:50, 95, 71, 3", "bad_columns"),
    ],
)
def test_bad_row_of_contec_is_refused_with_its_line(row, reason, night, written, refusal):
    lines = written("contec_csv", night())[0].decode().split("\r\n")
    lines[40] = row
    assert refusal("\r\n".join(lines))[0] == reason
    assert refusal("\r\n".join(lines))[1]["line"] == 41


@pytest.mark.parametrize("header", ["", "SpO2,Pulse\n", "SPO2;PULSE\n", "Saturație,Puls\n", "SpO2 (%)\tHR\n"])
def test_contec_without_a_clock_asks_for_its_start(header, night, written, read, refusal):
    text = header + written("contec_csv_no_clock", night())[0].decode()
    assert refusal(text) == ("start_unknown", {"records": 120, "interval_s": 1})
    recording = read(text, None, ASKED)
    assert (recording.started_at, recording.spo2_pct[:3].tolist()) == (ASKED, [95, 94, 93])


@pytest.mark.parametrize("text", ["0.0,97,76,85\n0.6,97,76,67\n" * 9, "12,97\n13,97\n14,97\n15,98\n16,98\n17,97\n"])
def test_tables_without_clock_that_are_no_pairs_stay_refused(text, refusal):
    assert refusal(text) == ("no_time_column", {"line": 1})


def test_masimo_zero_is_missing_and_a_flag_alone_is_not(read):
    line = "02/22/16 22:47:{:02d} SN=0000099001 SPO2={}% BPM={} PI=03.60% SPCO=--.-% DESAT=-- ALARM=0000 EXC={}\r\n"
    values = [("098", "097", "000800"), ("000", "000", "000001"), ("---", "---", "000001"), ("096", "095", "000000")]
    text = "".join(line.format(2 * i, *value) for i, value in enumerate(values))
    recording = read(text + "02/22/16 22:4")
    assert np.array_equal(recording.spo2_pct, [98, NAN, NAN, 96], equal_nan=True)
    assert (recording.started_at, recording.sampling_interval_s) == (datetime(2016, 2, 22, 22, 47, 0), 2)
    assert (recording.device_model, recording.device_serial) == ("Masimo Rad-8", "9001")
    assert codes(recording) == ["last_line_cut"]


@pytest.mark.parametrize(("old", "new"), [("22:47:02", "22:47:61"), ("02/22/16 22:47:02", "13/22/16 22:47:02")])
def test_masimo_line_with_an_impossible_time_is_refused(old, new, refusal):
    line = "02/22/16 22:47:0{} SN=0000099001 SPO2=098% BPM=097 EXC=000000\n"
    assert refusal("".join(line.format(i) for i in range(4)).replace(old, new)) == ("bad_time", {"line": 3})


NELLCOR = """N-395   VERSION 1.8.0.1   CRC:XXXX   SpO2 Limit: 85-100%   PR Limit: 40-170BPM
                            ADULT        0SAT-S
TIME                 %SpO2    BPM    PA   Status
24-JAN-06 07:05:19     98      71    30
24-JAN-06 07:05:23     84*     72*   30
N-395   VERSION 1.8.0.1   CRC:XXXX   SpO2 Limit: 85-100%   PR Limit: 40-170BPM
                            ADULT        0SAT-S
TIME                 %SpO2    BPM    PA   Status
24-JAN-06 07:05:27    ---     ---   ---    SD
24-JAN-06 07:05:31    Sensor Disconnect
24-JAN-06 07:05:35     97      70    30    MO
"""


def test_nellcor_passes_over_its_page_headers(read):
    recording = read(NELLCOR)
    assert recording.started_at == datetime(2006, 1, 24, 7, 5, 19)
    assert np.array_equal(recording.spo2_pct, [98, 84, NAN, NAN, 97], equal_nan=True)
    assert np.array_equal(recording.pulse_bpm, [71, 72, NAN, NAN, 70], equal_nan=True)
    assert (recording.sampling_interval_s, recording.device_model) == (4, "Nellcor N-395")


def test_nellcor_line_without_values_is_refused_or_left_out_at_the_end(read, refusal):
    assert refusal(NELLCOR.replace("     84*     72*   30", " ?")) == ("bad_value", {"line": 5, "column": "spo2"})
    assert codes(read(NELLCOR + "24-JAN-06 07:0")) == ["last_line_cut"]


def test_o2_insight_pro_of_either_version_is_read(read):
    for header in (
        "SpO2(%),Pulse Rate(bpm),Motion,SpO2 Reminder",
        "Oxygen Level(%),Pulse Rate(bpm),Motion,Oxygen Level Reminder",
    ):
        rows = '"11:59:58PM Jun 19, 2026",95,61,0,0,0,\n"12:00:02AM Jun 20, 2026",255,65535,0,0,0,\n'
        recording = read(f"Time,{header},PR Reminder,\n{rows}")
        assert recording.started_at == datetime(2026, 6, 19, 23, 59, 58)
        assert np.array_equal(recording.spo2_pct, [95, NAN], equal_nan=True)


def test_clock_cut_alike_in_every_row_is_refused(refusal):
    rows = "".join(f"2021-05-15 12:{minute}:1,95,60,0\n" for minute in (10, 11))
    assert refusal("Time,SpO2,Pulse,Motion\n20:35:10 15/10/2025,95,60,0\n" + rows)[0] == "bad_time"
    assert refusal("DATE,TIME,SPO2,PULSE\n" + "1,2021-05-15 1:2,95,60\n" * 3)[0] in ("bad_time", "no_time_column")


def test_share_instead_of_percent_is_refused_and_never_a_low_reading(refusal, csv_text):
    assert refusal(csv_text().replace(",94,", ",0.94,"))[0] == "bad_value"
    assert refusal(csv_text().replace(",", ";").replace(";94;", ";0,94;"))[0] == "bad_value"


@pytest.mark.parametrize("delimiter", [" ", ",", "\t"])
@pytest.mark.parametrize("pulse", ["BPM", "PR"])
def test_masimo_is_read_as_its_manuals_print_it(pulse, delimiter, read):
    line = delimiter.join(["09/25/26", "22:45:{:02d}", "SpO2={}", f"{pulse}=060", "PI=04.69", "EXC=800:SET"])
    recording = read("\r\n".join(line.format(2 * row, spo2) for row, spo2 in enumerate(("097", "---", "000", "088"))))
    assert np.array_equal(recording.spo2_pct, [97, NAN, NAN, 88], equal_nan=True)
    assert (recording.started_at, recording.pulse_bpm[0]) == (datetime(2026, 9, 25, 22, 45), 60)


def test_masimo_line_without_a_value_that_the_first_one_has_is_refused(refusal):
    lines = [f"09/25/26 22:45:{second:02d} SpO2=097 PR=060 EXC=0" for second in range(4)]
    lines[1] = lines[1].replace(" PR=060", "")
    assert refusal("\n".join(lines)) == ("bad_value", {"line": 2, "column": "spo2"})


def test_nonin_text_asks_for_its_start(read, refusal):
    text = "NONIN MODEL 2500A   19-Sep-26 22:45:27\r\nSPO2=--- HR=---\r\nSPO2= 97 HR= 60\r\nSPO2=100 HR=061\r\nSPO2="
    assert refusal(text) == ("start_unknown", {"records": 3, "interval_s": 1})
    recording = read(text, None, ASKED)
    assert np.array_equal(recording.spo2_pct, [NAN, 97, 100], equal_nan=True)
    assert (recording.device_model, codes(recording)) == ("Nonin 2500A", ["last_line_cut"])


def test_emay_without_its_header_is_read_and_has_to_be_confirmed(read):
    rows = "".join(f"5/12/2023,11:59:{second:02d} PM,{95 - second % 3},61\n" for second in range(20))
    recording = read(rows)
    assert (recording.format, codes(recording)) == ("emay", ["columns_by_position"])
    assert recording.started_at == datetime(2023, 5, 12, 23, 59)


def test_wrong_line_of_emay_without_its_header_is_told_by_its_own_number(refusal):
    rows = [f"5/12/2023,11:59:{second:02d} PM,95,61" for second in range(20)]
    rows[9] = "5/12/2023,11:59:09 PM,x,61"
    assert refusal("\n".join(rows))[1]["line"] == 10


def test_pair_of_columns_without_a_clock_is_told_apart_by_its_names(read):
    recording = read("HR,SpO2\n" + "60,97\n" * 20, None, ASKED)
    assert (recording.spo2_pct[0], recording.pulse_bpm[0]) == (97, 60)
