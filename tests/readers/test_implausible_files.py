"""Tables whose readings cannot be what their columns say, end to end."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from oximetry.domain.errors import InvalidRecording
from oximetry.readers.formats import create_registry
from oximetry.services.nights.analysis import analyse

START = datetime(2025, 10, 15, 22, 0, 0)
ROWS = 900


def table(cells, header="Time,SpO2,Pulse,Motion", start=START):
    lines = [
        f"{start + timedelta(seconds=4 * row):%H:%M:%S %d/%m/%Y},{oxygen},{pulse},0"
        for row, (oxygen, pulse) in enumerate(cells)
    ]
    return (header + "\n" + "\n".join(lines) + "\n").encode()


def living(row):
    return 95 + row // 7 % 3, 60 + row // 3 % 9


def reason(content):
    with pytest.raises(InvalidRecording) as refused:
        analyse(create_registry(), content, "night.csv")
    return refused.value.reason


def codes(content):
    report = analyse(create_registry(), content, "night.csv").as_json()
    return {warning["code"] for warning in report["warnings"]}, report


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (lambda row: (10 * living(row)[0], living(row)[1]), "oxygen_in_permille"),
        (lambda row: (f"{living(row)[0] / 100:.2f}", living(row)[1]), "oxygen_as_fraction"),
        (lambda row: (living(row)[0], f"{living(row)[1] / 60:.2f}"), "pulse_per_second"),
        (lambda row: living(row) if row % 2 else (88, 85), "two_devices"),
        (lambda row: ("--", "--") if row != 400 else (95, 60), "too_few_valid"),
        (lambda row: (living(row)[0], 0), "no_pulse"),
    ],
)
def test_each_kind_is_refused_with_its_own_reason(cell, expected):
    assert reason(table([cell(row) for row in range(ROWS)])) == expected


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (lambda row: (101 if row % 5 == 0 else living(row)[0], living(row)[1]), "oxygen_over_100"),
        (lambda row: (living(row)[0], "--" if row < 200 else living(row)[1]), "oxygen_without_pulse"),
        (lambda row: (living(row)[0], "--"), "no_pulse_channel"),
        (lambda row: living(min(row, 600)), "values_held"),
        (lambda row: ("--", "--") if row % 10 < 4 else living(row), "missing_share"),
    ],
)
def test_each_kind_is_said(cell, expected):
    said, report = codes(table([cell(row) for row in range(ROWS)]))
    assert expected in said
    assert report["spo2_min_pct"] == 95


def test_a_floor_needs_the_motion_column_of_its_maker():
    cells = [living(row) for row in range(ROWS)]
    cells[100:103] = [(70, 60), ("--", 60), (70, 60)]
    assert codes(table(cells))[1]["below_range_s"] == 4.0
    plain = table(cells, "Time,SpO2,Pulse").replace(b",0\n", b"\n")
    assert codes(plain)[1]["below_range_s"] == 0.0


def test_the_repeated_hour_of_autumn_is_no_copy():
    start = datetime(2025, 10, 26, 3, 0, 0)
    once = table([living(row % 63) for row in range(900)], start=start)
    said, report = codes(once + once.partition(b"\n")[2])
    assert "clock_set_back" in said
    assert report["valid_s"] == 7200
