"""Lines of text that a bedside monitor writes, each with its own clock: what their readers share."""

from __future__ import annotations

from datetime import date

import numpy as np

from oximetry.domain.errors import InvalidRecording
from oximetry.domain.recording import Note, Recording
from oximetry.readers.timeline import DAY_S, Origin, Rows, build_recording

CENTURY = 2000


class Lines:
    """Collects the readings of a file line by line."""

    def __init__(self) -> None:
        self._wall_s: list[int] = []
        self._numbers: list[int] = []
        self._spo2: list[float] = []
        self._pulse: list[float] = []
        self._days: dict[tuple[int, int, int], int] = {}

    def add(self, number: int, day: tuple[int, int, int], clock: str, values: tuple[float, float]) -> None:
        """Take one line.

        Parameters
        ----------
        number : int
            Its line number.
        day : tuple of int
            Two-digit year, month, day.
        clock : str
            ``HH:MM:SS``.
        values : tuple of float
            SpO2 and pulse; NaN marks a missing one.

        Raises
        ------
        InvalidRecording
            ``bad_time`` with ``line``.
        """
        hour, minute, second = int(clock[:2]), int(clock[3:5]), int(clock[6:8])
        if hour > 23 or minute > 59 or second > 59:
            raise InvalidRecording("bad_time", line=number)
        if day not in self._days:
            try:
                self._days[day] = date(CENTURY + day[0], day[1], day[2]).toordinal()
            except ValueError as error:
                raise InvalidRecording("bad_time", line=number) from error
        self._wall_s.append(self._days[day] * DAY_S + hour * 3600 + minute * 60 + second)
        self._numbers.append(number)
        self._spo2.append(values[0])
        self._pulse.append(values[1])

    def recording(self, origin: Origin, notes: tuple[Note, ...]) -> Recording:
        """The recording of all lines; raises as `build_recording` does."""
        if not self._wall_s:
            raise InvalidRecording("too_few_rows", rows=0)
        rows = Rows(
            np.array(self._wall_s, dtype=np.int64),
            np.array(self._numbers, dtype=np.int32),
            np.array(self._spo2, dtype=np.float64),
            np.array(self._pulse, dtype=np.float64),
            np.full(len(self._wall_s), np.nan),
        )
        return build_recording(rows, origin, notes)
