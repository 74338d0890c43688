"""Tables whose rows have a clock, or the time since the start, and no date: the start is asked for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from oximetry.domain.errors import InvalidRecording
from oximetry.domain.recording import Hints

CLOCK_ONLY = re.compile(
    r"\s*(\d{1,3}):([0-5]?\d)(?::([0-5]?\d)(?:[.,]\d{1,9})?)?\s*([ap])?\.?(?:m\.?)?\s*", re.ASCII | re.IGNORECASE
)
DAY_S = 86_400


class ClockOnly:
    """Gives the rows of a table their dates, from the start that a person told.

    Parameters
    ----------
    hints : Hints
        ``started_at`` is the moment of the first row.
    clocks : sequence of str
        Of all rows.
    lines : ndarray of int
        Line number of each row.

    Raises
    ------
    InvalidRecording
        ``seconds_lost`` and ``bad_time`` (``line``); ``start_unknown`` (``records``, ``interval_s``) while nobody
        told the start.
    """

    def __init__(self, hints: Hints, clocks: Sequence[str], lines: npt.NDArray[np.int32]) -> None:
        seconds = np.array([_seconds(clock, line) for clock, line in zip(clocks, lines.tolist(), strict=True)])
        at_midnight = np.concatenate(([False], np.diff(seconds) < -DAY_S // 2))
        self._elapsed_s = seconds - seconds[0] + DAY_S * np.cumsum(at_midnight)
        if hints.started_at is None:
            steps = np.diff(self._elapsed_s)
            interval_s = float(np.median(steps)) if steps.size else 0.0
            raise InvalidRecording("start_unknown", records=len(clocks), interval_s=interval_s)
        self._started_at: datetime = hints.started_at

    def moments(self) -> list[str]:
        """Date and clock of every row."""
        start = self._started_at
        return [f"{start + timedelta(seconds=int(elapsed)):%Y-%m-%d %H:%M:%S}" for elapsed in self._elapsed_s]


def _seconds(clock: str, line: int) -> int:
    found = CLOCK_ONLY.fullmatch(clock)
    if found is None:
        raise InvalidRecording("bad_time", line=line)
    hour, minute, second, half = found.groups()
    if second is None:
        raise InvalidRecording("seconds_lost", line=line)
    hours = int(hour) % 12 + (12 if half.lower() == "p" else 0) if half else int(hour)
    return 3600 * hours + 60 * int(minute) + int(second)
