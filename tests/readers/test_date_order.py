from datetime import date, datetime

import pytest

from oximetry.readers.file_names import ordinals_in_name


def night(first, last, clock=("20:35:10", "20:35:14", "06:00:00")):
    more = [f"20:36:{second:02d}" for second in range(2, 60, 4)] if clock[2].startswith("06") else []
    rows = [*(f"{at} {first}" for at in (*clock[:2], *more)), f"{clock[2]} {last}"]
    return "Time,SpO2,Pulse,Motion\n" + "".join(f"{row},95,60,0\n" for row in rows)


def test_part_above_twelve_decides(read):
    assert read(night("15/08/2026", "16/08/2026")).started_at.date() == date(2026, 8, 15)
    assert read(night("08/15/2026", "08/16/2026")).started_at.date() == date(2026, 8, 15)
    assert read(night("12/08/2026", "13/08/2026")).started_at.date() == date(2026, 8, 12)


def test_part_that_rises_at_midnight_decides(read):
    assert read(night("02/08/2026", "03/08/2026")).started_at.date() == date(2026, 8, 2)
    assert read(night("02/08/2026", "02/09/2026")).started_at.date() == date(2026, 2, 8)


def test_evidence_of_the_rows_beats_the_name(read):
    recording = read(night("02/08/2026", "03/08/2026"), "O2Ring 9001_20260208203510.csv")
    assert recording.started_at.date() == date(2026, 8, 2)


@pytest.mark.parametrize(
    ("name", "month"),
    [("O2Ring 9001_20260802203510.csv", 8), ("O2Ring 9001_20260208203510.csv", 2), ("x_20260208-short.csv", 2)],
)
def test_stamp_in_the_name_decides_for_a_nap(name, month, read):
    recording = read(night("02/08/2026", "02/08/2026", ("13:00:00", "13:00:04", "13:00:08")), name)
    assert recording.started_at.month == month
    assert recording.notes == ()


def test_milliseconds_in_the_name_are_a_day():
    assert ordinals_in_name("O2Ring 9001_1696377606000.csv") == (date(2023, 10, 4).toordinal(),)


def test_twelve_hour_clock_is_month_first(read):
    clock = ("01:00:00 PM", "01:00:04 PM", "01:00:08 PM")
    recording = read(night("02/08/2026", "02/08/2026", clock))
    assert (recording.started_at, recording.notes) == (datetime(2026, 2, 8, 13, 0, 0), ())


def test_without_evidence_day_comes_first_and_it_is_said(read):
    recording = read(night("02/08/2026", "02/08/2026", ("13:00:00", "13:00:04", "13:00:08")))
    assert recording.started_at.date() == date(2026, 8, 2)
    assert [(note.code, note.details) for note in recording.notes] == [("date_order_assumed", {"order": "day_first"})]


def test_equal_parts_leave_no_doubt(read):
    assert read(night("08/08/2026", "08/08/2026", ("13:00:00", "13:00:04", "13:00:08"))).notes == ()


def test_dates_in_both_orders_are_refused(refusal):
    assert refusal(night("15/08/2026", "08/16/2026")) == ("bad_time", {"line": 19})


def test_noon_and_midnight_on_a_twelve_hour_clock(read):
    text = night("Jun 19 2026", "Jun 19 2026", ("11:59:56AM", "12:00:00PM", "12:00:04PM"))
    assert read(text).ended_at == datetime(2026, 6, 19, 12, 0, 4)
    text = night("Jun 19 2026", "Jun 19 2026", ("12:00:00AM", "12:00:04AM", "12:00:08AM"))
    assert read(text).started_at == datetime(2026, 6, 19, 0, 0, 0)


@pytest.mark.parametrize("clock", ["00:00:08 AM", "13:00:08 PM", "01:00:08"])
def test_twelve_hour_clock_is_used_in_every_row_or_in_none(clock, refusal):
    text = night("Jun 19 2026", "Jun 19 2026", ("01:00:00 AM", "01:00:04 AM", clock))
    assert refusal(text) == ("bad_time", {"line": 4})
