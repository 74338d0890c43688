"""Synthetic nights with known answers, in the dialects of the Viatom family; made up, of no person.

The expected numbers are counted from what was drawn, not by the analysis under test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from oximetry.samples.synthetic_trace import Trace

CLOCK_BACK_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Sample:
    """A made-up file.

    Attributes
    ----------
    name : str
        A file name as the vendor's program would give it.
    content : bytes
    expected : dict of str to object
        Some keys of the night's JSON object with their values; ``warnings`` lists the codes only. For a refused file
        the one key ``reason``.
    """

    name: str
    content: bytes
    expected: dict[str, object]


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a program writes a row.

    Attributes
    ----------
    header : str
    time_format : str
        For ``strftime``; quotes included where the program writes them.
    row_end : str
        What follows the motion column.
    delimiter, line_end, encoding : str
    missing_spo2, missing_pulse : str
    """

    header: str
    time_format: str = "%H:%M:%S %d/%m/%Y"
    row_end: str = ""
    delimiter: str = ","
    line_end: str = "\n"
    encoding: str = "utf-8"
    missing_spo2: str = "--"
    missing_pulse: str = "--"


VIHEALTH_RO = Dialect("Timp,Nivel de oxigen,Puls cardiac,Mi\u015fcare", encoding="utf-8-sig")
VIHEALTH_EN = Dialect("Time,Oxygen Level,Pulse Rate,Motion,O2 Reminder,PR Reminder", "%H:%M:%S %b %d %Y", ",0,0")
INSIGHT = Dialect(
    "Time,SpO2,Pulse Rate,Motion,SpO2 Reminder,PR Reminder",
    "%H:%M:%S %b %d %Y",
    ",0,0",
    missing_spo2="255",
    missing_pulse="65535",
)
INSIGHT_PRO = Dialect(
    "Time,SpO2(%),Pulse Rate(bpm),Motion,SpO2 Reminder,PR Reminder,",
    '"%I:%M:%S%p %b %d, %Y"',
    ",0,0,",
    line_end="\r\n",
    missing_spo2="255",
    missing_pulse="65535",
)
EXCEL_RO = Dialect(
    "Timp;Nivel de oxigen;Puls cardiac;Mi\u015fcare",
    "%d.%m.%Y %H:%M:%S",
    delimiter=";",
    line_end="\r\n",
    encoding="utf-16",
)


def samples() -> Iterator[Sample]:
    """Nights that can be analysed, always the same ones."""
    for name, dialect, start, draw in _NIGHTS:
        yield _sample(name, dialect, start, draw())


def refused_samples() -> Iterator[Sample]:
    """Files that people drop by mistake."""
    pressure = b"Date,Time,SYS(mmHg),DIA(mmHg),PR(bpm)\n2025-10-15,08:01:00,128,82,71\n2025-10-16,08:03:00,131,84,69\n"
    yield Sample("BP2 9051_20251016.csv", pressure, {"reason": "blood_pressure"})
    header = "\ufeffTimp,Nivel de oxigen,Puls cardiac,Mi\u015fcare\n".encode()
    yield Sample("Checkme O2 9052_20251017220000.csv", header, {"reason": "too_few_rows"})


def _apnoea_night() -> Trace:
    trace = Trace(seed=9001, interval_s=4, level_pct=93, pulse_level_bpm=74)
    trace.quiet(1300)
    for level, count, deepest in (
        (92, 24, 9),
        (90, 34, 14),
        (92, 20, 8),
        (89, 40, 17),
        (92, 28, 11),
        (91, 26, 10),
        (90, 40, 16),
        (91, 34, 13),
    ):
        trace.settle(level)
        trace.train(count, 4, deepest, spacing_s=34)
        trace.quiet(500)
        if count > 30:
            trace.below_range(36)
            trace.quiet(150)
            trace.below_range(52)
            trace.quiet(150)
    trace.settle(93)
    trace.quiet(36_004 - len(trace.elapsed_s) * 4)
    return trace


def _normal_night() -> Trace:
    trace = Trace(seed=9002, interval_s=4, level_pct=96, pulse_level_bpm=61)
    for level, count in ((96, 3), (95, 2), (97, 4), (96, 3), (95, 2), (96, 4)):
        trace.settle(level)
        trace.quiet(2300)
        trace.train(count, 3, 5, spacing_s=180)
        trace.quiet(1200)
    trace.off_finger(20)
    return trace


def _low_night() -> Trace:
    trace = Trace(seed=9003, interval_s=4, level_pct=89, pulse_level_bpm=82)
    for level, count in ((87, 9), (86, 12), (88, 7), (86, 14), (87, 10), (88, 6)):
        trace.settle(level)
        trace.quiet(1500)
        trace.train(count, 3, 7, spacing_s=95)
        trace.quiet(1700)
    trace.off_finger(12)
    return trace


def _nap() -> Trace:
    trace = Trace(seed=9004, interval_s=2, level_pct=95, pulse_level_bpm=66)
    trace.quiet(900)
    trace.train(12, 3, 6, spacing_s=70)
    trace.quiet(1500)
    trace.train(8, 4, 8, spacing_s=60)
    trace.quiet(1100)
    trace.off_finger(14)
    return trace


def _one_second_night() -> Trace:
    trace = Trace(seed=9005, interval_s=1, level_pct=95, pulse_level_bpm=68)
    for level, count in ((94, 14), (93, 22), (95, 9), (93, 25), (94, 12)):
        trace.settle(level)
        trace.quiet(1400)
        trace.train(count, 3, 9, spacing_s=55)
        trace.quiet(2400)
    trace.off_finger(9)
    return trace


def _saved_again_night() -> Trace:
    trace = Trace(seed=9006, interval_s=4, level_pct=94, pulse_level_bpm=70)
    for level, count in ((93, 10), (92, 18), (94, 8), (92, 16)):
        trace.settle(level)
        trace.quiet(1900)
        trace.train(count, 3, 8, spacing_s=62)
        trace.quiet(2600)
    return trace


def _clock_change_night() -> Trace:
    trace = Trace(seed=9007, interval_s=4, level_pct=95, pulse_level_bpm=64)
    for level, count in ((94, 8), (95, 5), (94, 15), (93, 12), (95, 6), (94, 9)):
        trace.settle(level)
        trace.quiet(2000)
        trace.train(count, 3, 7, spacing_s=80)
        trace.quiet(2200)
    return trace


def _interrupted_night() -> Trace:
    trace = Trace(seed=9008, interval_s=4, level_pct=95, pulse_level_bpm=77)
    trace.quiet(3000)
    trace.train(15, 3, 8, spacing_s=60)
    trace.quiet(2500)
    trace.off_finger(160)
    trace.hole(420)
    trace.quiet(1800)
    trace.train(18, 3, 9, spacing_s=58)
    trace.quiet(3600)
    trace.hole(90)
    trace.quiet(4200)
    trace.train(10, 3, 6, spacing_s=75)
    trace.quiet(2800)
    trace.off_finger(24)
    return trace


def _marked_night() -> Trace:
    trace = Trace(seed=9009, interval_s=4, level_pct=96, pulse_level_bpm=58)
    for level, count in ((95, 6), (96, 4), (94, 11), (95, 7)):
        trace.settle(level)
        trace.quiet(2100)
        trace.off_finger(48)
        trace.quiet(1500)
        trace.train(count, 3, 6, spacing_s=90)
        trace.quiet(1600)
    trace.off_finger(40)
    return trace


_NIGHTS: tuple[tuple[str, Dialect, datetime, Callable[[], Trace]], ...] = (
    ("Checkme O2 9001_20251015203510.csv", VIHEALTH_RO, datetime(2025, 10, 15, 20, 35, 10), _apnoea_night),
    ("Checkme O2 9002_20251007230437.csv", VIHEALTH_RO, datetime(2025, 10, 7, 23, 4, 37), _normal_night),
    ("Checkme O2 9003_20251104202217.csv", VIHEALTH_RO, datetime(2025, 11, 4, 20, 22, 17), _low_night),
    ("Checkme O2 Max _20260220135312.csv", VIHEALTH_EN, datetime(2026, 2, 20, 13, 53, 12), _nap),
    ("O2Ring S_20260619224029_OXIRecord.csv", INSIGHT_PRO, datetime(2026, 6, 19, 22, 40, 29), _one_second_night),
    ("Checkme O2 9006_20251102221500.csv", EXCEL_RO, datetime(2025, 11, 2, 22, 15, 0), _saved_again_night),
    ("Checkme O2 9007_20251025230000.csv", VIHEALTH_RO, datetime(2025, 10, 25, 23, 0, 0), _clock_change_night),
    ("O2Ring _20260115223045.csv", VIHEALTH_EN, datetime(2026, 1, 15, 22, 30, 45), _interrupted_night),
    ("O2Ring_20260203220512_OXIRecord.csv", INSIGHT, datetime(2026, 2, 3, 22, 5, 12), _marked_night),
)
_CLOCK_BACK_AT = datetime(2025, 10, 26, 4, 0, 0)


def _sample(name: str, dialect: Dialect, start: datetime, trace: Trace) -> Sample:
    clocks = [_wall_clock(start, elapsed_s) for elapsed_s in trace.elapsed_s]
    return Sample(name, _written(dialect, clocks, trace), _expected(clocks, trace))


def _wall_clock(start: datetime, elapsed_s: int) -> datetime:
    """Romania's clock: summer time ended on 26 October 2025 at 04:00."""
    clock = start + timedelta(seconds=elapsed_s)
    return clock - CLOCK_BACK_HOUR if start < _CLOCK_BACK_AT <= clock else clock


def _written(dialect: Dialect, clocks: list[datetime], trace: Trace) -> bytes:
    lines = [dialect.header]
    for clock, spo2, pulse, motion in zip(clocks, trace.spo2_pct, trace.pulse_bpm, trace.motion, strict=True):
        cells = (
            clock.strftime(dialect.time_format),
            dialect.missing_spo2 if spo2 is None else str(spo2),
            dialect.missing_pulse if pulse is None else str(pulse),
            str(motion),
        )
        lines.append(dialect.delimiter.join(cells) + dialect.row_end)
    return (dialect.line_end.join(lines) + dialect.line_end).encode(dialect.encoding)


def _expected(clocks: list[datetime], trace: Trace) -> dict[str, object]:
    interval_s = trace.interval_s
    valid = [value for value in trace.spo2_pct if value is not None]
    rows = len(trace.elapsed_s) + sum(trace.hole_rows)
    deep = sum(depth >= 4 for depth in trace.depths_pct)
    valid_hours = len(valid) * interval_s / 3600
    return {
        "format": "viatom_csv",
        "started_at": clocks[0].isoformat(),
        "ended_at": clocks[-1].isoformat(),
        "sampling_interval_s": interval_s,
        "samples": rows,
        "recorded_s": rows * interval_s,
        "valid_s": len(valid) * interval_s,
        "below_range_s": sum(trace.below_range_rows) * interval_s,
        "gaps": len(trace.hole_rows),
        "longest_gap_s": max(trace.hole_rows, default=0) * interval_s,
        "spo2_min_pct": min(valid),
        "spo2_max_pct": max(valid),
        "t90_min": sum(value < 90 for value in valid) * interval_s / 60,
        "t_le88_min": sum(value <= 88 for value in valid) * interval_s / 60,
        "desaturations3": len(trace.depths_pct),
        "desaturations4": deep,
        "odi3_per_h": len(trace.depths_pct) * 3600 / (len(valid) * interval_s),
        "odi4_per_h": deep * 3600 / (len(valid) * interval_s),
        "mean_depth_pct": sum(trace.depths_pct) / len(trace.depths_pct),
        "warnings": _expected_warnings(clocks, trace, valid_hours),
    }


def _expected_warnings(clocks: list[datetime], trace: Trace, valid_hours: float) -> list[str]:
    conditions = {
        "clock_set_back": clocks[-1] - clocks[0] != timedelta(seconds=trace.elapsed_s[-1]),
        "ten_hour_limit": trace.elapsed_s[-1] == 36_000,
        "short_valid_time": valid_hours < 4,
        "below_range": bool(trace.below_range_rows),
    }
    return [code for code, holds in conditions.items() if holds]
