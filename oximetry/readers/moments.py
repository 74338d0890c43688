"""Time cells of tables as a wall clock that `TimeColumn` reads: ISO with zones and fractions, epochs, two cells.

What a cell says of its zone is told in a note, and its wall clock is kept as written; only a zone in a column of its
own is added, because the clock beside it is then universal time.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from oximetry.domain.errors import InvalidRecording
from oximetry.domain.recording import Note

_ISO = re.compile(
    r"\s*(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,]\d{1,9})?\s*(Z|UTC|GMT|[+-]\d\d:?\d\d)?\s*",
    re.ASCII | re.IGNORECASE,
)
_FRACTION = re.compile(r"(?<=:\d\d)[.,]\d{1,9}(?=\D|$)", re.ASCII)
_EPOCH = re.compile(r"\s*(\d{10})(?:\.\d+)?\s*|\s*(\d{10})\d{3}\s*", re.ASCII)
_ZONE = re.compile(r"\s*(?:UTC|GMT)?([+-])(\d\d):?(\d\d)\s*", re.ASCII | re.IGNORECASE)
_CLOCK_WITHOUT_SECONDS = re.compile(r"(?<![\d:])\d{1,2}:\d{2}(?!\d*:|\d)", re.ASCII)
_CLOCK_WITH_SECONDS = re.compile(r"\d{1,2}:\d{1,2}:\d{1,2}", re.ASCII)
_DAY_ZERO = datetime(1970, 1, 1)


def local_moments(
    cells: Sequence[Sequence[str]], zone: Sequence[str] | None, lines: npt.NDArray[np.int32]
) -> tuple[list[str], tuple[Note, ...]]:
    """Date and clock of every row in one text.

    Parameters
    ----------
    cells : sequence of sequence of str
        The moments; or the dates, and the clocks.
    zone : sequence of str, optional
        The offset from universal time of each row, such as ``+03:00``.
    lines : ndarray of int
        Line number of each row.

    Returns
    -------
    moments : list of str
    notes : tuple of Note
        ``time_is_utc`` when the clock is universal time, ``time_zone_kept`` (``zone``) when it has an offset.

    Raises
    ------
    InvalidRecording
        ``seconds_lost`` when the clocks have no seconds; ``bad_time`` with ``line``.
    """
    if len(cells) == 2:
        texts = [f"{clock.strip()} {day.strip()}" for day, clock in zip(*cells, strict=True)]
    else:
        texts = list(cells[0])
    if _CLOCK_WITHOUT_SECONDS.search(texts[0]) and not _CLOCK_WITH_SECONDS.search(texts[0]):
        raise InvalidRecording("seconds_lost", line=int(lines[0]))
    if _EPOCH.fullmatch(texts[0]):
        texts, notes = [_of_epoch(text, line) for text, line in zip(texts, lines.tolist(), strict=True)], _utc(zone)
    elif (first := _ISO.fullmatch(texts[0])) is not None and (first[3] or zone or len(texts[0].strip()) > 19):
        texts, notes = _of_iso(texts, lines), _zone_note(first[3], zone)
    else:
        return [_FRACTION.sub("", text) for text in texts] if _FRACTION.search(texts[0]) else texts, ()
    if zone is not None:
        texts = [_shifted(text, offset, line) for text, offset, line in zip(texts, zone, lines.tolist(), strict=True)]
    return texts, notes


def refuse_lost_seconds(wall_s: npt.NDArray[np.int64], lines: npt.NDArray[np.int32]) -> None:
    """Refuse whole minutes that several rows share: their seconds were written as zeros. Raises ``seconds_lost``."""
    minutes = np.unique(wall_s).size
    if wall_s.size >= 2 * minutes and minutes > 1 and not (wall_s % 60).any():
        raise InvalidRecording("seconds_lost", line=int(lines[0]))


def _of_iso(texts: Sequence[str], lines: npt.NDArray[np.int32]) -> list[str]:
    moments = []
    for text, line in zip(texts, lines.tolist(), strict=True):
        match = _ISO.fullmatch(text)
        if match is None:
            raise InvalidRecording("bad_time", line=line)
        moments.append(f"{match[1]} {match[2]}")
    return moments


def _of_epoch(text: str, line: int) -> str:
    match = _EPOCH.fullmatch(text)
    if match is None:
        raise InvalidRecording("bad_time", line=line)
    return f"{_DAY_ZERO + timedelta(seconds=int(match[1] or match[2])):%Y-%m-%d %H:%M:%S}"


def _shifted(text: str, offset: str, line: int) -> str:
    match = _ZONE.fullmatch(offset)
    if match is None:
        raise InvalidRecording("bad_time", line=line)
    minutes = (int(match[2]) * 60 + int(match[3])) * (-1 if match[1] == "-" else 1)
    return f"{datetime.fromisoformat(text) + timedelta(minutes=minutes):%Y-%m-%d %H:%M:%S}"


def _utc(zone: Sequence[str] | None) -> tuple[Note, ...]:
    return () if zone is not None else (Note("time_is_utc"),)


def _zone_note(written: str | None, zone: Sequence[str] | None) -> tuple[Note, ...]:
    if zone is not None or written is None:
        return ()
    if written.upper() in ("Z", "UTC", "GMT"):
        return _utc(zone)
    return (Note("time_zone_kept", {"zone": written}),)
