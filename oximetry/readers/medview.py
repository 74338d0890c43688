"""ChoiceMMed MD300 ``.dat`` of MedView: a count, then records that each carry their own clock."""

from __future__ import annotations

from datetime import date

import numpy as np
import numpy.typing as npt

from oximetry.domain.errors import InvalidRecording
from oximetry.domain.recording import Hints, Recording
from oximetry.readers.facts import FormatFacts, Proof
from oximetry.readers.registry import Probe
from oximetry.readers.regular import check_rows, clock, readings, truncated
from oximetry.readers.timeline import DAY_S, Origin, Rows, build_recording

HEADER_BYTES = 3
RECORD_BYTES = 11
CENTURY = 2000

_ID, _YEAR, _SPO2, _PULSE = 2, 3, 9, 10


class MedView:
    """The reader of the file; see `oximetry.readers.registry.Reader`."""

    name = "medview"
    facts = FormatFacts(
        title="ChoiceMMed MD300 (MedView .dat)",
        recognised_by="after three bytes, 11-byte records that start 0, 0, the first byte of the file, and a date",
        interval="from the clock of each record, 1 s",
        missing="0",
        proof=Proof.SPECIFICATION,
    )

    def recognises(self, probe: Probe) -> bool:
        """Whether the first records repeat the file's first byte and hold a date and a clock."""
        rows = _rows(probe.head)[:8]
        if not len(rows) or not ((rows[:, :2] == 0).all() and (rows[:, _ID] == probe.head[0]).all()):
            return False
        return all(_clock(row) is not None for row in rows.tolist())

    def read(self, content: bytes, hints: Hints) -> Recording:
        """The recording in a file of this kind.

        Returns
        -------
        Recording
            With the notes of `build_recording`, and ``truncated`` (``records``, ``expected``) and ``unfinished`` when
            it ends too early.

        Raises
        ------
        InvalidRecording
            ``bad_time`` (``line``, the record's number); ``inconsistent_recording`` (``field``); ``too_few_rows``,
            ``too_long`` and the reasons of `build_recording`.
        """
        stated = int.from_bytes(content[1:3], "little")
        count, rest = divmod(len(content) - HEADER_BYTES, RECORD_BYTES)
        check_rows(count)
        if count > stated:
            raise InvalidRecording("inconsistent_recording", field="samples")
        rows = _rows(content)
        lines = np.arange(1, count + 1, dtype=np.int32)
        wall_s = _wall_clock(rows)
        spo2_pct, pulse_bpm = (readings(rows[:, column], (0,)) for column in (_SPO2, _PULSE))
        notes = truncated(count, max(stated, count + 1)) if count < stated or rest else ()
        table = Rows(wall_s, lines, spo2_pct, pulse_bpm, np.full(count, np.nan))
        return build_recording(table, Origin(self.name, "MD300", None), notes)


def _rows(content: bytes) -> npt.NDArray[np.uint8]:
    count = max(0, len(content) - HEADER_BYTES) // RECORD_BYTES
    if not count:
        return np.empty((0, RECORD_BYTES), dtype=np.uint8)
    body = np.frombuffer(content, dtype=np.uint8, count=count * RECORD_BYTES, offset=HEADER_BYTES)
    return body.reshape(count, RECORD_BYTES)


def _clock(row: list[int]) -> object | None:
    year, *rest = row[_YEAR:_SPO2]
    return clock(CENTURY + year, *rest)


def _wall_clock(rows: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """Seconds since the proleptic day 0; each distinct date is looked up once."""
    days = rows[:, _YEAR : _YEAR + 3].astype(np.int32) @ np.array([1 << 16, 1 << 8, 1], dtype=np.int32)
    distinct, index = np.unique(days, return_inverse=True)
    ordinals = np.array([_ordinal(int(day)) for day in distinct], dtype=np.int64)[index]
    hour, minute, second = (rows[:, column].astype(np.int64) for column in (6, 7, 8))
    wrong = (ordinals == 0) | (hour > 23) | (minute > 59) | (second > 59)
    if wrong.any():
        raise InvalidRecording("bad_time", line=int(wrong.argmax()) + 1)
    wall_s: npt.NDArray[np.int64] = ordinals * DAY_S + hour * 3600 + minute * 60 + second
    return wall_s


def _ordinal(day: int) -> int:
    try:
        return date(CENTURY + (day >> 16), day >> 8 & 0xFF, day & 0xFF).toordinal()
    except ValueError:
        return 0
