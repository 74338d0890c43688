"""One recording of one oximeter: what was stored, on the device's own clock, with its holes in place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from oximetry.domain.errors import InvalidRecording
from oximetry.domain.file_types import BINARY, FileType

Samples = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

MAX_ROWS = 1_500_000
HOLE_FACTOR = 1.5
CLOCK_SET_BACK_S = 3600.0
ROUNDING_S = 1e-6


@dataclass(frozen=True, slots=True)
class Note:
    """Something a person should know about a recording or its numbers, as a message key and its values.

    Attributes
    ----------
    code : str
        Message key, such as ``"duplicate_rows"``.
    details : mapping of str to int, float or str
        Values for the placeholders of the message; never a name or a cell of the file.
    """

    code: str
    details: Mapping[str, int | float | str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Hints:
    """What is known about a file besides its bytes; it may decide a doubt, never the format.

    Attributes
    ----------
    filename : str or None
        The name the sender's computer gave it.
    started_at : datetime or None
        The start, without a zone, that a person gave after ``start_unknown``; of a file with several nights it says
        which one is meant.
    """

    filename: str | None = None
    started_at: datetime | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """A validated recording; rows keep their own timestamps, holes are filled with rows of NaN.

    Attributes
    ----------
    format : str
        Name of the reader, such as ``"viatom_csv"``.
    device_model, device_serial : str or None
        As far as the file or its name tells.
    started_at : datetime
        Wall clock of the first row, without a zone.
    time_s : ndarray, shape (n,)
        Elapsed seconds since the first row, strictly increasing, starting at 0.
    spo2_pct, pulse_bpm, motion : ndarray, shape (n,)
        Percent, beats per minute, the device's own motion count. NaN is a missing marker or an absent column; a number
        outside the plausible range stays a number, because it is not the same evidence as a missing one.
    gap_row : ndarray of bool, shape (n,)
        Rows that were not in the file: inserted in a hole of the timestamps.
    sampling_interval_s : float
        Seconds between most rows, as observed; not always a whole number.
    clock_set_back_at_s : float or None
        Elapsed second of the first row after the clock went back by an hour (end of summer time).
    clock_set_forward_at_s : float or None
        Elapsed second of the first row after the clock went forward by an hour (beginning of summer time).
    notes : tuple of Note
        The reader's remarks.
    vendor : mapping of str to float, int or None
        The numbers the device worked out itself, as stored in the file and never checked against the samples; ``None``
        is one that the device left open. Empty when the format has none.
    original : FileType
        Type and ending of the file that it was read from.
    floor_pct : float or None
        The lowest SpO2 that the device prints, where its format states one: see `oximetry.domain.quality`.
    sample_s : ndarray, shape (n,)
        Made here: the seconds that each row stands for, up to the next one; the last stands for the interval.

    Raises
    ------
    InvalidRecording
        ``inconsistent_recording`` with ``field`` when the parts do not fit together.
    """

    format: str
    device_model: str | None
    device_serial: str | None
    started_at: datetime
    time_s: Samples
    spo2_pct: Samples
    pulse_bpm: Samples
    motion: Samples
    gap_row: Mask
    sampling_interval_s: float
    clock_set_back_at_s: float | None = None
    notes: tuple[Note, ...] = ()
    vendor: Mapping[str, float | int | None] = field(default_factory=dict)
    original: FileType = BINARY
    floor_pct: float | None = None
    clock_set_forward_at_s: float | None = None
    sample_s: Samples = field(init=False)

    def __post_init__(self) -> None:
        """Check that the parts fit together and protect them from being written to."""
        _check(self.time_s.ndim == 1 and 1 <= self.time_s.size <= MAX_ROWS, "time_s")
        for name in ("time_s", "spo2_pct", "pulse_bpm", "motion"):
            values: Samples = getattr(self, name)
            _check(values.shape == self.time_s.shape and values.dtype == np.float64, name)
            values.setflags(write=False)
        _check(self.gap_row.shape == self.time_s.shape and self.gap_row.dtype == np.bool_, "gap_row")
        self.gap_row.setflags(write=False)
        _check(bool(np.isfinite(self.time_s).all()) and self.time_s[0] == 0.0, "time_s")
        _check(bool((np.diff(self.time_s) > 0).all()), "time_s")
        _check(self.started_at.tzinfo is None, "started_at")
        _check(bool(np.isfinite(self.sampling_interval_s)) and self.sampling_interval_s > 0, "sampling_interval_s")
        object.__setattr__(self, "sample_s", _sample_s(self.time_s, self.sampling_interval_s))

    @property
    def samples(self) -> int:
        """Number of rows, the inserted ones included."""
        return int(self.time_s.size)

    @property
    def recorded_s(self) -> float:
        """Seconds recorded: what all rows stand for."""
        return float(self.sample_s.sum())

    def seconds(self, rows: Mask) -> float:
        """Seconds that the chosen rows, a mask of shape (n,), stand for."""
        return float(self.sample_s[rows].sum())

    @property
    def ended_at(self) -> datetime:
        """Wall clock of the last row, without a zone."""
        return self.wall_clock(float(self.time_s[-1]))

    def wall_clock(self, elapsed_s: float) -> datetime:
        """The device's wall clock at an elapsed second; after the clock was set back it repeats an hour."""
        set_back = self.clock_set_back_at_s
        set_forward = self.clock_set_forward_at_s
        shift_s = CLOCK_SET_BACK_S if set_back is not None and elapsed_s >= set_back else 0.0
        if set_forward is not None and elapsed_s >= set_forward:
            shift_s -= CLOCK_SET_BACK_S
        return self.started_at + timedelta(seconds=elapsed_s - shift_s)


def _sample_s(time_s: Samples, interval_s: float) -> Samples:
    """Seconds that each row stands for, shape (n,), not to be written to; of even rows one number for all of them."""
    steps = np.diff(time_s)
    if not steps.size or (steps.max() - interval_s < ROUNDING_S and interval_s - steps.min() < ROUNDING_S):
        return np.broadcast_to(np.float64(interval_s), time_s.shape)
    sample_s: Samples = np.append(steps, interval_s)
    sample_s.setflags(write=False)
    return sample_s


def fill_holes(time_s: Samples, sampling_interval_s: float | Samples) -> tuple[Samples, npt.NDArray[np.intp], Mask]:
    """Put rows into the holes of a time axis, so that what is missing takes its place.

    A hole is a step longer than 1.5 intervals. It gets rows at multiples of the interval behind its first edge until
    the last step is at most 1.5 intervals; the rows of the file keep their own times.

    Parameters
    ----------
    time_s : ndarray, shape (n,)
        Strictly increasing seconds.
    sampling_interval_s : float or ndarray, shape (n - 1,)
        Seconds that were due between two rows; an array when the rate changes.

    Returns
    -------
    filled_s : ndarray, shape (m,)
        The times with those of the inserted rows.
    source : ndarray of int, shape (m,)
        For each row the row of ``time_s`` it is, or behind which it was inserted.
    gap_row : ndarray of bool, shape (m,)
        True for the inserted rows.

    Raises
    ------
    InvalidRecording
        ``too_long`` with ``rows`` and ``limit`` when more than 1,500,000 rows would result.
    """
    intervals = np.diff(time_s) / sampling_interval_s
    inserted = np.zeros(time_s.size, dtype=np.int64)
    inserted[:-1] = np.where(intervals > HOLE_FACTOR, np.ceil(intervals - HOLE_FACTOR), 0)
    rows = int(time_s.size + inserted.sum())
    if rows > MAX_ROWS:
        raise InvalidRecording("too_long", rows=rows, limit=MAX_ROWS)
    source = np.repeat(np.arange(time_s.size, dtype=np.intp), inserted + 1)
    first_of_source = np.cumsum(inserted + 1) - (inserted + 1)
    offset = np.arange(rows) - first_of_source[source]
    due_s = np.append(np.broadcast_to(sampling_interval_s, intervals.shape), 0.0)
    return time_s[source] + offset * due_s[source], source, offset > 0


def _check(holds: bool, name: str) -> None:
    if not holds:
        raise InvalidRecording("inconsistent_recording", field=name)
