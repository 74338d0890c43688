"""A column of time cells becomes seconds: clock and date taken apart, each distinct part parsed once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from oximetry.domain.errors import InvalidRecording
from oximetry.domain.recording import Hints, Note
from oximetry.readers.dates import DayPart, parse_day
from oximetry.readers.file_names import ordinals_in_name

DAY_S = 86_400
NOON_S = 43_200
MAX_CELL_CHARACTERS = 64

Seconds = npt.NDArray[np.int64]

_CLOCK = re.compile(r"(?<![\d:.])([01]?\d|2[0-3]):([0-5]\d):([0-5]\d)(?![\d:.])", re.ASCII)
_CLOCK_WEIGHTS = np.array([36_000, 3600, 0, 600, 60, 0, 10, 1])
_CLOCK_TOPS = np.frombuffer(b"29:59:59", dtype=np.uint8)
_CLOCK_FLOORS = np.frombuffer(b"00:00:00", dtype=np.uint8)


class _Days(dict[tuple[str, str], int]):
    """The text around a clock to an index into ``parts``."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[DayPart] = []

    def __missing__(self, key: tuple[str, str]) -> int:
        if len(key[0]) + len(key[1]) > MAX_CELL_CHARACTERS:
            raise ValueError("too long for a date")
        part = parse_day(*key)
        self[key] = index = len(self.parts)
        self.parts.append(part)
        return index


class TimeColumn:
    """Collects the time cells of a file and turns them into seconds once all of them are known.

    The order of day and month can be known only from all dates together, so `add` takes cells apart and `resolve`
    reads them.
    """

    def __init__(self) -> None:
        self._days = _Days()
        self._clock: list[npt.NDArray[np.int64]] = []
        self._day: list[npt.NDArray[np.int64]] = []
        self._lines: list[npt.NDArray[np.int32]] = []

    def add(self, cells: Sequence[str], lines: npt.NDArray[np.int32]) -> None:
        """Take the next rows.

        Parameters
        ----------
        cells : sequence of str
            Time cells.
        lines : ndarray of int
            Line number of each.

        Raises
        ------
        InvalidRecording
            ``bad_time`` with ``line``.
        """
        clock, day = self._aligned(cells) or self._each(cells, lines)
        self._clock.append(clock)
        self._day.append(day)
        self._lines.append(lines)

    def resolve(self, hints: Hints) -> tuple[Seconds, npt.NDArray[np.int32], tuple[Note, ...]]:
        """Seconds of every row on the device's wall clock.

        Parameters
        ----------
        hints : Hints
            The file's name may tell the order of day and month.

        Returns
        -------
        seconds : ndarray of int, shape (n,)
            Since the proleptic day 0, without a zone.
        lines : ndarray of int, shape (n,)
            Line number of each row.
        notes : tuple of Note
            ``date_order_assumed`` with ``order`` when nothing told it.

        Raises
        ------
        InvalidRecording
            ``bad_time`` with ``line``; ``too_few_rows`` with ``rows``.
        """
        if not self._clock:
            raise InvalidRecording("too_few_rows", rows=0)
        clock, day, lines = np.concatenate(self._clock), np.concatenate(self._day), np.concatenate(self._lines)
        parts = self._days.parts
        clock = _on_24_hours(clock, day, parts, lines)
        visits = day[np.concatenate(([True], day[1:] != day[:-1]))]
        day_first, notes = _day_comes_first([parts[index] for index in visits.tolist()], hints)
        ordinals = np.array([(part.day_first if day_first else part.month_first) or 0 for part in parts])
        unreadable = ordinals[day] == 0
        if unreadable.any():
            raise InvalidRecording("bad_time", line=int(lines[unreadable.argmax()]))
        return ordinals[day] * DAY_S + clock, lines, notes

    def _aligned(self, cells: Sequence[str]) -> tuple[Seconds, Seconds] | None:
        """The quick way, for ASCII cells of one length with the clock in one place; ``None`` when they are not."""
        width = len(cells[0])
        start = cells[0].find(":") - 2
        joined = "".join(cells)
        if not 0 <= start <= width - 8 or width > MAX_CELL_CHARACTERS:
            return None
        if not joined.isascii() or set(map(len, cells)) != {width}:
            return None
        table = np.frombuffer(joined.encode("ascii"), dtype=np.uint8).reshape(-1, width)
        clock = _digital_clock(table[:, start : start + 8])
        if clock is None:
            return None
        around = np.delete(table, slice(start, start + 8), axis=1)
        is_new = np.concatenate(([True], (around[1:] != around[:-1]).any(axis=1)))
        try:
            texts = [cells[row] for row in np.flatnonzero(is_new).tolist()]
            day = np.array([self._days[text[:start], text[start + 8 :]] for text in texts], dtype=np.int64)
        except ValueError:
            return None
        return clock, day[np.cumsum(is_new) - 1]

    def _each(self, cells: Sequence[str], lines: npt.NDArray[np.int32]) -> tuple[Seconds, Seconds]:
        """The careful way, cell by cell."""
        clock, day = [], []
        for cell, line in zip(cells, lines.tolist(), strict=True):
            match = _CLOCK.search(cell)
            try:
                if match is None:
                    raise ValueError("no clock")
                day.append(self._days[cell[: match.start()].strip(), cell[match.end() :].strip()])
            except ValueError as error:
                raise InvalidRecording("bad_time", line=line) from error
            clock.append(int(match[1]) * 3600 + int(match[2]) * 60 + int(match[3]))
        return np.array(clock, dtype=np.int64), np.array(day, dtype=np.int64)


def _digital_clock(table: npt.NDArray[np.uint8]) -> Seconds | None:
    """Seconds since midnight of ``HH:MM:SS`` texts, as bytes in shape (n, 8); ``None`` when one is no clock."""
    if ((table < _CLOCK_FLOORS) | (table > _CLOCK_TOPS)).any():
        return None
    clock: Seconds = (table - _CLOCK_FLOORS).astype(np.int64) @ _CLOCK_WEIGHTS
    return None if (clock >= DAY_S).any() else clock


def _on_24_hours(clock: Seconds, day: Seconds, parts: Sequence[DayPart], lines: npt.NDArray[np.int32]) -> Seconds:
    """Apply AM and PM; a file uses them in every row or in none."""
    halves: Seconds = np.array([-1 if part.afternoon is None else int(part.afternoon) for part in parts])
    half = halves[day]
    if (half == -1).all():
        return clock
    wrong = (half == -1) | (clock < 3600) | (clock >= 3600 + NOON_S)
    if half[0] == -1:
        wrong = half != -1
    if wrong.any():
        raise InvalidRecording("bad_time", line=int(lines[wrong.argmax()]))
    return clock % NOON_S + half * NOON_S


def _day_comes_first(visits: Sequence[DayPart], hints: Hints) -> tuple[bool, tuple[Note, ...]]:
    """Whether numeric dates are read day first, by the evidence in order of its strength.

    A part above 12; the part that rises at midnight; the stamp in the file's name; a 12-hour clock, which is written
    month first; else day first, and a note.
    """
    day_first = [part.day_first for part in visits]
    month_first = [part.month_first for part in visits]
    if day_first == month_first or None in month_first:
        return True, ()
    if None in day_first:
        return False, ()
    rises = (_rises_daily(day_first), _rises_daily(month_first))
    if rises[0] != rises[1]:
        return rises[0], ()
    stamps = ordinals_in_name(hints.filename)
    near = tuple(any(abs((order[0] or 0) - stamp) <= 1 for stamp in stamps) for order in (day_first, month_first))
    if near[0] != near[1]:
        return near[0], ()
    if visits[0].afternoon is not None:
        return False, ()
    return True, (Note("date_order_assumed", {"order": "day_first"}),)


def _rises_daily(ordinals: Sequence[int | None]) -> bool:
    """Whether the date ever changes, and always to the next day."""
    days = [ordinal for ordinal in ordinals if ordinal is not None]
    steps = {later - earlier for earlier, later in pairwise(days) if later != earlier}
    return steps == {1}
