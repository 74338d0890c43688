"""Columns are those the header names, in any order and language; position counts only where no word is known."""

from itertools import permutations

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


def test_two_sampling_rates_in_one_file_are_refused():
    clocks = [4 * row for row in range(200)] + [800 + row for row in range(200)]
    lines = [f"20:{at // 60 % 60:02d}:{at % 60:02d} 15/10/2025,95,60,0" for at in clocks]
    assert reason(("Time,SpO2,Pulse,Motion\n" + "\n".join(lines) + "\n").encode()) == "interval_changes"
