"""Columns are those the header names, in any order and language; position counts only where no word is known."""

import json
from datetime import datetime, timedelta
from itertools import permutations

import numpy as np
import pytest

from benchmarks.mutated_tables import run
from oximetry.domain.errors import InvalidRecording
from oximetry.domain.recording import Hints
from oximetry.readers.formats import create_registry

ROWS = [(f"20:35:{second:02d} 15/10/2025", 95 - second % 3, 60 + second, second % 5) for second in range(10, 50, 4)]
NAMES = ("Time", "SpO2", "Pulse Rate", "Motion")


def table(order, names=NAMES, delimiter=","):
    lines = [delimiter.join(names[column] for column in order)]
    lines += [delimiter.join(str(row[column]) for column in order) for row in ROWS]
    return ("\n".join(lines) + "\n").encode()


def read(content):
    return create_registry().read(content, Hints(None))


def reason(content):
    with pytest.raises(InvalidRecording) as refused:
        read(content)
    return refused.value.reason


@pytest.mark.parametrize("order", list(permutations(range(4))))
@pytest.mark.parametrize(
    "names", [NAMES, ("Timp", "Saturație", "FC", "Mişcare"), ("Zeit", "Sauerstoff", "Puls", "Bewegung")]
)
def test_any_order_of_named_columns_is_the_same_night(order, names):
    recording = read(table(order, names))
    assert recording.spo2_pct.tolist() == [row[1] for row in ROWS]
    assert recording.pulse_bpm.tolist() == [row[2] for row in ROWS]
    assert recording.motion.tolist() == [row[3] for row in ROWS]
    assert recording.notes == ()


def test_mutated_tables_never_give_a_night_from_a_wrong_column():
    counted, wrong_tables = run(1500, seed=7)
    assert wrong_tables == []
    assert min(counted["right"], counted["refused"]) > 300


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("Time", "Humidity", "Pulse", "Motion"), "climate_table"),
        (("Time", "Battery", "Pulse", "Motion"), "no_oxygen_column"),
        (("Time", "SpO2 min", "Pulse", "Motion"), "no_oxygen_column"),
        (("Time", "SpO2", "Oxygen Level", "Pulse"), "two_oxygen_columns"),
        (("Time", "SpO2", "Pulse", "Heart Rate"), "two_pulse_columns"),
    ],
)
def test_what_is_not_named_without_doubt_is_refused(names, expected):
    assert reason(table(range(4), names)) == expected


def test_a_temperature_behind_the_readings_is_passed_over():
    recording = read(table(range(4), ("Time", "SpO2", "Pulse", "Skin temperature")))
    assert recording.spo2_pct.tolist() == [row[1] for row in ROWS]


def test_position_proves_nothing_where_another_column_could_be_the_oxygen():
    rows = "".join(f"20:35:{second:02d} 15/10/2025,80,60,{97 - second % 3}\n" for second in range(10, 50, 4))
    assert reason(rows.encode()) == "columns_unexpected"


def test_a_header_wider_or_narrower_than_its_rows_is_refused():
    head, _, rows = table(range(4)).partition(b"\n")
    assert reason(head + b",Extra,Words\n" + rows) == "bad_columns"
    assert reason(b"Time,SpO2,Pulse\n" + rows) == "bad_columns"


def test_lines_around_the_table_are_passed_over_and_said():
    content = b"Device,O2Ring 0651\nStart,20:35:10 15/10/2025\n\n" + table(range(4)) + b"Average,94,65,1\n"
    recording = read(content)
    assert recording.samples == len(ROWS)
    [note] = recording.notes
    assert (note.code, note.details) == ("lines_passed_over", {"above": 2, "below": 1})


@pytest.mark.parametrize(
    ("interval_s", "stamps"),
    [
        (1.33, (0, 1, 2, 3)),
        (1.1, (0, 1, 2, 3)),
        (1.25, (0, 1, 2, 3)),
        (2.5, (0, 2, 5, 7)),
        (1.5, (0, 1, 3, 4)),
        (3.5, (0, 3, 7, 10)),
        (2.25, (0, 2, 4, 6)),
    ],
)
def test_an_interval_hidden_by_whole_seconds_is_found(interval_s, stamps):
    assert all(int(interval_s * row) == stamp for row, stamp in enumerate(stamps))
    clocks = [int(interval_s * row) for row in range(800)]
    lines = [f"{20 + at // 3600:02d}:{at // 60 % 60:02d}:{at % 60:02d} 15/10/2025,95,60,0" for at in clocks]
    recording = read(("Time,SpO2,Pulse,Motion\n" + "\n".join(lines) + "\n").encode())
    assert recording.sampling_interval_s == pytest.approx(interval_s, rel=0.002)
    assert (recording.samples, recording.gap_row.sum()) == (800, 0)


def test_two_sampling_rates_in_one_file_keep_their_time():
    clocks = [4 * row for row in range(200)] + [800 + row for row in range(200)]
    lines = [f"20:{at // 60 % 60:02d}:{at % 60:02d} 15/10/2025,95,60,0" for at in clocks]
    recording = read(("Time,SpO2,Pulse,Motion\n" + "\n".join(lines) + "\n").encode())
    assert (recording.wall_clock(999).second, recording.gap_row.sum()) == (39, 0)
    assert [note.details for note in recording.notes if note.code == "interval_changes"] == [{"from_s": 1, "to_s": 4}]


def test_a_table_of_any_device_has_no_floor_and_viatoms_has():
    rows = "".join(f"2025-10-15 22:00:{second:02d},{97 if second else ''},60,0\n" for second in range(30))
    viatom = read(f"Time,Oxygen Level,Pulse Rate,Motion\n{rows}".encode())
    other = read("\n".join(line.rpartition(",")[0] for line in f"Time,SpO2,PR,x\n{rows}".splitlines()).encode())
    assert (viatom.format, viatom.floor_pct) == ("viatom_csv", 61)
    assert (other.format, other.floor_pct) == ("table_csv", None)


@pytest.mark.parametrize("columns", [(99, 97, 60), (97, 60, 64), (98, 95)])
def test_position_proves_nothing_where_a_later_column_could_be_oxygen_or_pulse(columns):
    rows = [",".join(map(str, columns)) for _ in range(30)]
    text = "".join(f"2025-10-15 22:00:{second:02d},{row}\n" for second, row in enumerate(rows))
    padded = text if len(columns) > 2 else text.replace("\n", ",0\n")
    assert reason(padded.encode()) == "columns_unexpected"


def test_a_table_may_be_parted_by_bars():
    assert read(table(range(4), delimiter="|")).spo2_pct.tolist() == [row[1] for row in ROWS]


def test_minutes_that_rows_share_have_lost_their_seconds():
    rows = "".join(f"2025-10-15 22:{row // 15:02d}:00,97,60\n" for row in range(60))
    assert reason(f"Time,SpO2,Pulse\n{rows}".encode()) == "seconds_lost"


def clocks(start, turn, minutes):
    """A table of 4 s from a start, whose clock is moved by some minutes at the turn."""
    lines = []
    for row in range(1800):
        at = start + timedelta(seconds=4 * row)
        lines.append(f"{at + timedelta(minutes=minutes if at >= turn else 0)},{97 - row % 3},60")
    return "\n".join(["Time,SpO2,Pulse", *lines, ""]).encode()


@pytest.mark.parametrize(("day", "hour"), [(29, 3), (29, 2), (8, 2)])
def test_an_hour_that_summer_time_skips_is_no_hole(day, hour):
    turn = datetime(2026, 3, day, hour)
    recording = read(clocks(turn - timedelta(hours=1), turn, 60))
    assert [note.code for note in recording.notes] == ["clock_set_forward"]
    assert (recording.samples, recording.gap_row.any()) == (1800, False)
    assert recording.wall_clock(3596) == turn - timedelta(seconds=4)
    assert recording.wall_clock(3600) == turn + timedelta(hours=1)


@pytest.mark.parametrize("turn", [datetime(2026, 3, 22, 3), datetime(2026, 3, 29, 3, 20), datetime(2026, 4, 26, 3)])
def test_an_hour_that_is_missing_at_another_time_is_a_hole(turn):
    assert read(clocks(turn - timedelta(hours=1), turn, 60)).gap_row.sum() == 900


def test_a_clock_set_back_in_the_night_is_named():
    start = datetime(2026, 9, 19, 23)
    with pytest.raises(InvalidRecording) as refused:
        read(clocks(start, start + timedelta(hours=1), -37))
    assert (refused.value.reason, refused.value.details) == ("clock_moved_back", {"line": 902, "minutes": 37})


def test_a_line_of_units_below_the_header_is_passed_over_and_said():
    rows = "".join(f"2025-10-07 23:{second // 60:02}:{second % 60:02},{95 - second % 3},61\n" for second in range(900))
    read = create_registry().read
    plain = read(f"Time,SpO2,Pulse\n{rows}".encode(), Hints("night.csv"))
    for units in (",%,bpm\n", "hh:mm:ss,percent,1/min\n".replace("1/min", "per min"), "[s],[%],[bpm]\n,,\n"):
        recording = read(f"Time,SpO2,Pulse\n{units}{rows}".encode(), Hints("night.csv"))
        assert (recording.spo2_pct == plain.spo2_pct).all()
        assert recording.started_at == plain.started_at
        [note] = [note for note in recording.notes if note.code == "lines_passed_over"]
        assert note.details == {"above": 1, "below": 0}


@pytest.mark.parametrize("word", ["ts", "epoch", "Unix time", "UTC", "time_ms"])
@pytest.mark.parametrize("factor", [1, 1000])
def test_seconds_and_milliseconds_since_1970_are_moments_under_any_word_for_time(word, factor):
    rows = "".join(f"{(1759878000 + second) * factor},{95 - second % 3},61\n" for second in range(900))
    recording = create_registry().read(f"{word},spo2,hr\n{rows}".encode(), Hints("night.csv"))
    assert (len(recording.spo2_pct), recording.sampling_interval_s) == (900, 1.0)


@pytest.mark.parametrize("name", ["Resting heart rate", "Walking HR", "Puls în repaus", "Ruhepuls", "HR recovery"])
def test_a_heart_rate_that_is_not_the_reading_of_the_moment_is_no_pulse(name):
    recording = create_registry().read(table((0, 1, 2), ("Time", "SpO2", name)), Hints("night.csv"))
    assert not (recording.pulse_bpm == recording.pulse_bpm).any()


def test_minutes_of_garmin_are_read_from_whichever_list_holds_them():
    readings = [
        {"epochTimestamp": f"2025-10-07T23:{minute:02}:00.0", "spo2Reading": 95 - minute % 3, "epochDuration": 60}
        for minute in range(40)
    ]
    for name in ("continuousReadingDTOList", "wellnessEpochSPO2DataDTOList", "a_list_of_tomorrow"):
        day = {"calendarDate": "2025-10-07", "spO2HourlyAverages": [[1759878000000, 95]], "spO2SingleValues": None}
        recording = create_registry().read(json.dumps({**day, name: readings}).encode(), Hints("day.json"))
        assert recording.spo2_pct[~np.isnan(recording.spo2_pct)].tolist() == [95 - minute % 3 for minute in range(40)]
