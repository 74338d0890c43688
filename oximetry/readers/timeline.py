"""From rows with a wall clock to a recording: repeated rows, a repeated hour, holes, and what is no single night."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from oximetry.domain.errors import InvalidRecording
from oximetry.domain.quality import SPO2_RANGE_PCT, within
from oximetry.domain.recording import CLOCK_SET_BACK_S, Note, Recording, Samples, fill_holes

MAX_INTERVAL_S = 60
INTERVAL_TOLERANCE = 0.02
STAMP_S = 2.5
ROWS_OF_ANOTHER_RATE = 60
LEAST_VALID_ROWS = 10
LONG_S = 3600.0
MAX_HOLE_S = 12 * 3600
MAX_HOLE_ACROSS_NOON_S = 3600
DAY_S = 86_400
_NOON_S = 43_200
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
    """Where rows came from: format name and device, as far as known."""

    format: str
    device_model: str | None
    device_serial: str | None


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
        With the notes and, where they apply, ``duplicate_rows`` (``count``), ``same_second_rows`` (``count``) and
        ``clock_set_back`` (``elapsed_s``, ``line``).

    Raises
    ------
    InvalidRecording
        ``too_few_rows`` (``rows``), ``interval_too_long`` (``interval_s``, ``limit_s``), ``time_goes_back`` (``line``),
        ``two_nights`` (``line``, ``hole_s``), ``interval_changes`` (``first_s``, ``second_s``), ``too_long`` (``rows``,
        ``limit``), ``no_oximeter_data``, ``too_few_valid`` (``valid``).
    """
    rows, repeated = _without_repeated_seconds(rows)
    if rows.wall_s.size < 2:
        raise InvalidRecording("too_few_rows", rows=int(rows.wall_s.size))
    interval_s = _interval(rows)
    elapsed_s, set_back_row = _unrolled(rows, interval_s)
    _refuse_two_nights(rows, elapsed_s)
    _refuse_two_rates(elapsed_s, interval_s)
    valid = int(within(rows.spo2_pct, SPO2_RANGE_PCT).sum())
    if not valid:
        raise InvalidRecording("no_oximeter_data")
    if valid < LEAST_VALID_ROWS and rows.wall_s.size >= ROWS_OF_ANOTHER_RATE and elapsed_s[-1] > LONG_S:
        raise InvalidRecording("too_few_valid", valid=valid)
    set_back_at_s = None
    if set_back_row is not None:
        set_back_at_s = float(elapsed_s[set_back_row])
        repeated += (Note("clock_set_back", {"elapsed_s": set_back_at_s, "line": int(rows.lines[set_back_row])}),)
    sampling_interval_s = _true_interval(elapsed_s, interval_s)
    if sampling_interval_s != interval_s:
        elapsed_s = _unrounded(elapsed_s, interval_s, sampling_interval_s)
    time_s, source, gap_row = fill_holes(elapsed_s, sampling_interval_s)
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
        sampling_interval_s=sampling_interval_s,
        clock_set_back_at_s=set_back_at_s,
        notes=notes + repeated,
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
    notes: tuple[Note, ...] = (Note("duplicate_rows", {"count": copies}),) if copies else ()
    notes += (Note("same_second_rows", {"count": others}),) if others else ()
    return rows.where(~again), notes


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


def _refuse_two_rates(elapsed_s: Samples, interval_s: int) -> None:
    """A minute of rows at another step is another sampling rate, not missing rows: their weights would differ."""
    steps = np.diff(elapsed_s)
    same = np.concatenate(([False], (steps[1:] == steps[:-1]) & (steps[1:] != interval_s)))
    ends = np.flatnonzero(np.diff(np.concatenate((same, [False])).astype(np.int8)) == -1)
    starts = np.flatnonzero(np.diff(np.concatenate(([False], same)).astype(np.int8)) == 1)
    long_runs = np.flatnonzero(ends - starts >= ROWS_OF_ANOTHER_RATE)
    if long_runs.size:
        other_s = float(steps[starts[long_runs[0]]])
        raise InvalidRecording("interval_changes", first_s=interval_s, second_s=round(other_s))


def _true_interval(elapsed_s: Samples, interval_s: int) -> float:
    """The interval in seconds; no whole number where stamps of whole seconds hide one, such as +2, +3, +2 for 2.5 s.

    Stamps of a constant interval stay within two seconds of a straight line; those of a file with missing rows do not.
    """
    steps = np.diff(elapsed_s)
    edges = np.concatenate(([0], np.flatnonzero(steps > interval_s + 1) + 1, [elapsed_s.size]))
    longest = int(np.argmax(np.diff(edges)))
    run = elapsed_s[edges[longest] : edges[longest + 1]]
    if run.size < ROWS_OF_ANOTHER_RATE:
        return float(interval_s)
    mean_s = float(run[-1] - run[0]) / (run.size - 1)
    away_s = run - run[0] - np.arange(run.size) * mean_s
    if abs(mean_s - interval_s) <= INTERVAL_TOLERANCE * interval_s or np.ptp(away_s) > STAMP_S:
        return float(interval_s)
    return round(mean_s, 3)


def _unrounded(elapsed_s: Samples, interval_s: int, true_interval_s: float) -> Samples:
    """Elapsed seconds without the rounding of the stamps: each step but a hole is one true interval."""
    steps = np.diff(elapsed_s)
    return np.concatenate(([0.0], np.cumsum(np.where(steps <= interval_s + 1, true_interval_s, steps))))


def _unrolled(rows: Rows, interval_s: int) -> tuple[Samples, int | None]:
    """Elapsed seconds, and the first row of the repeated hour if the clock was set back once by an hour."""
    steps = np.diff(rows.wall_s)
    back = np.flatnonzero(steps < 0)
    set_back_row = None
    if back.size and -_SET_BACK_S < steps[back[0]] <= 2 * interval_s - _SET_BACK_S:
        set_back_row = int(back[0]) + 1
        back = back[1:]
    if back.size:
        raise InvalidRecording("time_goes_back", line=int(rows.lines[back[0] + 1]))
    elapsed_s = (rows.wall_s - rows.wall_s[0]).astype(np.float64)
    if set_back_row is not None:
        elapsed_s[set_back_row:] += CLOCK_SET_BACK_S
    return elapsed_s, set_back_row


def _refuse_two_nights(rows: Rows, elapsed_s: Samples) -> None:
    """A hole of more than twelve hours, or of more than one across noon, lies between two nights."""
    hole_s = np.diff(elapsed_s)
    half_days = (rows.wall_s - _NOON_S) // DAY_S
    between = (hole_s > MAX_HOLE_S) | ((hole_s > MAX_HOLE_ACROSS_NOON_S) & (np.diff(half_days) != 0))
    if between.any():
        row = int(between.argmax())
        raise InvalidRecording("two_nights", line=int(rows.lines[row + 1]), hole_s=int(hole_s[row]))
