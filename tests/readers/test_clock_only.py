"""Tables with a clock and no date: the start is asked for, and given it the night is the one that was recorded."""

from datetime import datetime, timedelta

import numpy as np
import pytest

from oximetry.domain.errors import InvalidRecording
from oximetry.domain.recording import Hints
from oximetry.readers.formats import create_registry

START = datetime(2025, 10, 7, 23, 50, 0)
ROWS = 1800
VALUES = [95 - second % 4 for second in range(ROWS)]


def table(clock, step_s=1):
    moments = (START + timedelta(seconds=step_s * row) for row in range(ROWS))
    return (
        "Time,SpO2,Pulse\n" + "".join(f"{clock(m)},{v},61\n" for m, v in zip(moments, VALUES, strict=True))
    ).encode()


def elapsed(moment):
    seconds = int((moment - START).total_seconds())
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


CLOCKS = {
    "clock over midnight": lambda moment: f"{moment:%H:%M:%S}",
    "am and pm": lambda moment: f"{moment:%I:%M:%S %p}",
    "fractions": lambda moment: f"{moment:%H:%M:%S}.250",
    "since the start": elapsed,
}


def read(content, started_at=None):
    return create_registry().read(content, Hints("night.csv", started_at=started_at))


@pytest.mark.parametrize("kind", sorted(CLOCKS))
@pytest.mark.parametrize("step_s", [1, 4])
def test_the_start_is_asked_for_and_gives_the_night(kind, step_s):
    content = table(CLOCKS[kind], step_s)
    with pytest.raises(InvalidRecording) as asked:
        read(content)
    assert (asked.value.reason, asked.value.details) == (
        "start_unknown",
        {"records": ROWS, "interval_s": float(step_s)},
    )
    recording = read(content, START)
    dated = read(table(lambda moment: f"{moment:%Y-%m-%d %H:%M:%S}", step_s))
    assert recording.started_at == dated.started_at == START
    assert (recording.spo2_pct == dated.spo2_pct).all()
    assert np.array_equal(recording.time_s, dated.time_s)


def test_a_gap_stays_a_gap():
    lines = table(CLOCKS["clock over midnight"]).decode().splitlines(keepends=True)
    content = "".join([*lines[:301], *lines[901:]]).encode()
    recording = read(content, START)
    assert int(recording.gap_row.sum()) == 600


@pytest.mark.parametrize(("clock", "reason"), [("{m:%H:%M}", "seconds_lost"), ("{m:%H:%M:%S}", "bad_time")])
def test_a_clock_that_is_none_is_named_with_its_line(clock, reason):
    content = table(lambda moment: clock.format(m=moment))
    if reason == "bad_time":
        content = content.replace(b"23:55:00", b"23:75:00")
    with pytest.raises(InvalidRecording) as refused:
        read(content, START)
    assert refused.value.reason == reason
