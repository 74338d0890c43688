"""From rows with a wall clock to a recording: repeated rows, a repeated hour, holes, and what is no single night."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta

import numpy as np
import numpy.typing as npt

from oximetry.domain.errors import InvalidRecording
from oximetry.domain.plausibility import refuse_other_units
from oximetry.domain.quality import SPO2_RANGE_PCT, within
from oximetry.domain.recording import CLOCK_SET_BACK_S, Note, Recording, Samples, fill_holes
from oximetry.readers.time_base import time_base

MAX_INTERVAL_S = 60
OTHER_DEVICE_SHARE = 0.1
OTHER_DEVICE_DIFFERENCE = 3.0
REPEATED_SHARE = 0.95
FEWEST_DIFFERENT_ROWS = 5
MOST_COPIES = 50
LEAST_MOVED_S, MOST_MOVED_S = 120, 3 * 3600
MAX_HOLE_S = 12 * 3600
MAX_HOLE_ACROSS_NOON_S = 3600
DAY_S = 86_400
_NOON_S = 43_200
_SUNDAY = 6
_MARCH = 3
_HOURS_SKIPPED = (1, 2, 3)
_SET_BACK_S = int(CLOCK_SET_BACK_S)


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """The rows of a file, as written.

    Attributes
    ----------
    wall_s : ndarray of int, shape (n,)
        Wall clock in seconds since the proleptic day 0.
    lines : ndarray of int, shape (n,)
        Where each row stands in the file: its line or record number.
    spo2_pct, pulse_bpm, motion : ndarray, shape (n,)
        NaN marks a missing reading.
    """

    wall_s: npt.NDArray[np.int64]
    lines: npt.NDArray[np.int32]
    spo2_pct: Samples
    pulse_bpm: Samples
    motion: Samples

    def where(self, keep: npt.NDArray[np.bool_]) -> Rows:
        """The rows for which ``keep``, shape (n,), is true."""
        return Rows(*(getattr(self, column.name)[keep] for column in fields(self)))

    def reversed(self) -> Rows:
        """The rows from the last to the first."""
        return Rows(*(getattr(self, column.name)[::-1] for column in fields(self)))


@dataclass(frozen=True, slots=True)
class Origin:
    """Where rows came from: format name and device, as far as known, and the lowest SpO2 that it prints."""

    format: str
    device_model: str | None
    device_serial: str | None
    floor_pct: float | None = None


def build_recording(rows: Rows, origin: Origin, notes: tuple[Note, ...] = ()) -> Recording:
    """Check a file's time axis and make a recording of its rows.

    Parameters
    ----------
    rows : Rows
        In the order of the file.
    origin : Origin
        Format and device.
    notes : tuple of Note
        What the reader already has to say.

    Returns
    -------
    Recording
        With the notes and, where they apply, ``duplicate_rows`` (``count``), ``same_second_rows`` (``count``),
        ``exported_twice`` (``minutes``), ``clock_set_back`` (``elapsed_s``, ``line``), ``clock_set_forward`` (``line``)
        and those of `time_base`.

    Raises
    ------
    InvalidRecording
        ``too_few_rows`` (``rows``), ``interval_too_long`` (``interval_s``, ``limit_s``), ``time_goes_back`` (``line``),
        ``clock_moved_back`` (``line``, ``minutes``),
        ``two_nights`` (``line``, ``hole_s``), ``too_long`` (``rows``, ``limit``),
        ``no_oximeter_data``, ``two_devices``; the reasons of
        `refuse_other_units`.
    """
    rows, twice = _without_second_copies(rows)
    rows, repeated = _without_repeated_seconds(rows)
    repeated = twice + repeated
    if rows.wall_s.size < 2:
        raise InvalidRecording("too_few_rows", rows=int(rows.wall_s.size))
    interval_s = _interval(rows)
    elapsed_s, set_back_row = _unrolled(rows, interval_s)
    forward_row = _row_of_summer_time(rows, interval_s)
    if forward_row is not None:
        elapsed_s[forward_row:] -= CLOCK_SET_BACK_S
        repeated += (Note("clock_set_forward", {"line": int(rows.lines[forward_row])}),)
    _refuse_two_nights(rows, elapsed_s)
    refuse_other_units(rows.spo2_pct, rows.pulse_bpm)
    if not within(rows.spo2_pct, SPO2_RANGE_PCT).any():
        raise InvalidRecording("no_oximeter_data")
    set_back_at_s = None
    if set_back_row is not None:
        set_back_at_s = float(elapsed_s[set_back_row])
        repeated += (Note("clock_set_back", {"elapsed_s": set_back_at_s, "line": int(rows.lines[set_back_row])}),)
    base = time_base(elapsed_s, interval_s)
    if set_back_row is not None:
        set_back_at_s = float(base.elapsed_s[set_back_row])
    time_s, source, gap_row = fill_holes(base.elapsed_s, base.step_s)
    start_s = int(rows.wall_s[0])
    return Recording(
        format=origin.format,
        device_model=origin.device_model,
        device_serial=origin.device_serial,
        started_at=datetime.fromordinal(start_s // DAY_S) + timedelta(seconds=start_s % DAY_S),
        time_s=time_s,
        spo2_pct=np.where(gap_row, np.nan, rows.spo2_pct[source]),
        pulse_bpm=np.where(gap_row, np.nan, rows.pulse_bpm[source]),
        motion=np.where(gap_row, np.nan, rows.motion[source]),
        gap_row=gap_row,
        sampling_interval_s=base.interval_s,
        clock_set_back_at_s=set_back_at_s,
        clock_set_forward_at_s=None if forward_row is None else float(base.elapsed_s[forward_row]),
        notes=notes + repeated + base.notes,
        floor_pct=origin.floor_pct,
    )


def _without_repeated_seconds(rows: Rows) -> tuple[Rows, tuple[Note, ...]]:
    """Keep the first row of a second; tell copies from rows that contradict it."""
    again = np.concatenate(([False], np.diff(rows.wall_s) == 0))
    if not again.any():
        return rows, ()
    first = np.maximum.accumulate(np.where(again, 0, np.arange(again.size)))
    equal = np.ones(again.size, dtype=np.bool_)
    for values in (rows.spo2_pct, rows.pulse_bpm, rows.motion):
        equal &= (values == values[first]) | (np.isnan(values) & np.isnan(values[first]))
    copies, others = int((again & equal).sum()), int((again & ~equal).sum())
    if others > OTHER_DEVICE_SHARE * again.size and _typical_difference(rows, first, again & ~equal) >= (
        OTHER_DEVICE_DIFFERENCE
    ):
        raise InvalidRecording("two_devices")
    notes: tuple[Note, ...] = (Note("duplicate_rows", {"count": copies}),) if copies else ()
    notes += (Note("same_second_rows", {"count": others}),) if others else ()
    return rows.where(~again), notes


def _typical_difference(rows: Rows, first: npt.NDArray[np.intp], among: npt.NDArray[np.bool_]) -> float:
    """Median distance of rows from the first row of their second, oxygen and pulse together."""
    oxygen = np.abs(rows.spo2_pct - rows.spo2_pct[first])[among]
    beats = np.abs(rows.pulse_bpm - rows.pulse_bpm[first])[among]
    return float(np.median(np.nan_to_num(oxygen) + np.nan_to_num(beats)))


def _without_second_copies(rows: Rows) -> tuple[Rows, tuple[Note, ...]]:
    """Leave out stretches that stand in the file a second time, stamp for stamp and value for value.

    A repeated hour of the clock has the same stamps, too, but not the same values.
    """
    keep = np.ones(rows.wall_s.size, dtype=np.bool_)
    back = np.flatnonzero(np.diff(rows.wall_s) < 0) + 1
    for start in back[:MOST_COPIES].tolist():
        if _is_end_of_summer_time(rows, start):
            continue
        latest = rows.wall_s[:start][keep[:start]].max()
        stop = start + int(np.searchsorted(rows.wall_s[start:], latest, side="right"))
        order = np.flatnonzero(keep[:start])
        found = order[np.minimum(np.searchsorted(rows.wall_s[order], rows.wall_s[start:stop]), order.size - 1)]
        same = rows.wall_s[found] == rows.wall_s[start:stop]
        for column in (rows.spo2_pct, rows.pulse_bpm):
            same &= (column[found] == column[start:stop]) | (np.isnan(column[found]) & np.isnan(column[start:stop]))
        values = np.stack([rows.spo2_pct[start:stop], rows.pulse_bpm[start:stop]])
        if same.mean() >= REPEATED_SHARE and np.unique(values, axis=1).shape[1] >= FEWEST_DIFFERENT_ROWS:
            keep[start:stop] = False
    if keep.all():
        return rows, ()
    seconds = int(np.count_nonzero(~keep)) * float(np.median(np.diff(rows.wall_s)))
    return rows.where(keep), (Note("exported_twice", {"minutes": seconds / 60}),)


def _is_end_of_summer_time(rows: Rows, row: int) -> bool:
    """Whether a row's clock goes back by an hour on a day on which clocks do: rows may look alike by chance."""
    step_s = int(rows.wall_s[row] - rows.wall_s[row - 1])
    day = date.fromordinal(int(rows.wall_s[row]) // DAY_S)
    europe = day.month == 10 and day.day > 24
    america = day.month == 11 and day.day <= 7
    return -_SET_BACK_S <= step_s < MAX_INTERVAL_S - _SET_BACK_S and day.weekday() == _SUNDAY and (europe or america)


def _interval(rows: Rows) -> int:
    """The low median of the steps forward: always a difference that was observed, whole seconds."""
    steps = np.diff(rows.wall_s)
    forward = np.sort(steps[steps > 0])
    if not forward.size:
        raise InvalidRecording("time_goes_back", line=int(rows.lines[1]))
    interval_s = int(forward[(forward.size - 1) // 2])
    if interval_s > MAX_INTERVAL_S:
        raise InvalidRecording("interval_too_long", interval_s=interval_s, limit_s=MAX_INTERVAL_S)
    return interval_s


def _unrolled(rows: Rows, interval_s: int) -> tuple[Samples, int | None]:
    """Elapsed seconds, and the first row of the repeated hour if the clock was set back once by an hour."""
    steps = np.diff(rows.wall_s)
    back = np.flatnonzero(steps < 0)
    set_back_row = None
    if back.size and -_SET_BACK_S < steps[back[0]] <= 2 * interval_s - _SET_BACK_S:
        set_back_row = int(back[0]) + 1
        back = back[1:]
    if back.size:
        line, step_s = int(rows.lines[back[0] + 1]), int(steps[back[0]])
        if back.size == 1 and -MOST_MOVED_S <= step_s <= -LEAST_MOVED_S:
            raise InvalidRecording("clock_moved_back", line=line, minutes=round(-step_s / 60))
        raise InvalidRecording("time_goes_back", line=line)
    elapsed_s = (rows.wall_s - rows.wall_s[0]).astype(np.float64)
    if set_back_row is not None:
        elapsed_s[set_back_row:] += CLOCK_SET_BACK_S
    return elapsed_s, set_back_row


def _row_of_summer_time(rows: Rows, interval_s: int) -> int | None:
    """The first row after the night's clock went forward by an hour, at a full hour on a Sunday on which clocks do."""
    steps_s = np.diff(rows.wall_s) - _SET_BACK_S
    for row in (np.flatnonzero((steps_s >= 0) & (steps_s <= 2 * interval_s)) + 1).tolist():
        last_s = int(rows.wall_s[row - 1])
        turn_s = last_s + -last_s % _SET_BACK_S
        day = date.fromordinal(turn_s // DAY_S)
        is_march = day.month == _MARCH and day.weekday() == _SUNDAY and (day.day > 24 or 8 <= day.day <= 14)
        if is_march and turn_s - last_s <= 2 * interval_s and turn_s % DAY_S // _SET_BACK_S in _HOURS_SKIPPED:
            return int(row)
    return None


def _refuse_two_nights(rows: Rows, elapsed_s: Samples) -> None:
    """A hole of more than twelve hours, or of more than one across noon, lies between two nights."""
    hole_s = np.diff(elapsed_s)
    half_days = (rows.wall_s - _NOON_S) // DAY_S
    between = (hole_s > MAX_HOLE_S) | ((hole_s > MAX_HOLE_ACROSS_NOON_S) & (np.diff(half_days) != 0))
    if between.any():
        row = int(between.argmax())
        raise InvalidRecording("two_nights", line=int(rows.lines[row + 1]), hole_s=int(hole_s[row]))
