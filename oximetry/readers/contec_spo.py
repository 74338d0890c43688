"""Contec ``.spo`` and ``.spoR``: an offset, a length, the start as UTF-16 text, then pairs of pulse and SpO2."""

from __future__ import annotations

import re
from datetime import datetime

import numpy as np

from oximetry.domain.errors import InvalidRecording
from oximetry.domain.recording import Hints, Recording
from oximetry.readers.contec_spo2 import PULSE_MISSING, SPO2_MISSING
from oximetry.readers.facts import FormatFacts, Proof
from oximetry.readers.registry import Probe
from oximetry.readers.regular import Series, check_rows, clock, known_start, readings, regular_recording, truncated
from oximetry.readers.timeline import Origin

TEXT_AT = 8
TEXT_CHARACTERS = 18
KIND = 2
MOST_OFFSET = 4096
INTERVAL_S = 1
SPO2_MOST_PCT = 100

_TEXT_END = TEXT_AT + 2 * TEXT_CHARACTERS
_START = re.compile(r"(\d\d)/(\d\d)/(\d\d) (\d\d):(\d\d):(\d\d)", re.ASCII)


class ContecSpo:
    """The reader of the file; see `oximetry.readers.registry.Reader`."""

    name = "contec_spo"
    facts = FormatFacts(
        title="Contec CMS50 .spo / .spoR",
        recognised_by="16-bit 2 at 2, and at 8 the start as UTF-16 text (MM/dd/yy HH:mm:ss) or nothing but zeros",
        interval="1 s",
        missing="SpO2 127 or 255, pulse 255",
        proof=Proof.SPECIFICATION,
        remark="Without a text the device has no clock: the start is asked for. SpO2 above 100 in most rows (pulse and "
        "SpO2 the other way round) is refused.",
    )

    def recognises(self, probe: Probe) -> bool:
        """Whether offset, kind, and text or zeros are in place."""
        head = probe.head
        if len(head) < _TEXT_END or not _TEXT_END <= _number(head, 0) <= min(MOST_OFFSET, probe.size):
            return False
        empty = not any(head[TEXT_AT:_TEXT_END]) and _number(head, 4) > 0
        return _number(head, 2) == KIND and (empty or _START.match(_text(head)) is not None)

    def read(self, content: bytes, hints: Hints) -> Recording:
        """The recording in a file of this kind.

        Returns
        -------
        Recording
            With the notes ``truncated`` (``records``, ``expected``) and ``unfinished`` when it ends too early.

        Raises
        ------
        InvalidRecording
            ``start_unknown`` (``records``, ``interval_s``); ``inconsistent_recording`` (``field``);
            ``columns_unexpected`` and the reasons of `regular_recording`.
        """
        offset, duration_s = _number(content, 0), _number(content, 4)
        count = (len(content) - offset) // 2
        check_rows(count)
        rows = np.frombuffer(content, dtype=np.uint8, count=2 * count, offset=offset).reshape(count, 2)
        spo2_pct = readings(rows[:, 1], SPO2_MISSING)
        if (spo2_pct > SPO2_MOST_PCT).sum() * 2 > np.isfinite(spo2_pct).sum():
            raise InvalidRecording("columns_unexpected")
        series = Series(
            known_start(_start(content), hints, count, INTERVAL_S),
            INTERVAL_S,
            spo2_pct,
            readings(rows[:, 0], PULSE_MISSING),
            notes=truncated(count, duration_s) if count < duration_s else (),
        )
        return regular_recording(series, Origin(self.name, "CMS50", None))


def _number(content: bytes, at: int) -> int:
    return int.from_bytes(content[at : at + 2], "little")


def _text(content: bytes) -> str:
    return content[TEXT_AT:_TEXT_END].decode("utf-16-le", errors="replace")


def _start(content: bytes) -> datetime | None:
    match = _START.match(_text(content))
    if match is None:
        return None
    month, day, year, *time_of_day = (int(part) for part in match.groups())
    start = clock(2000 + year, month, day, *time_of_day)
    if start is None:
        raise InvalidRecording("inconsistent_recording", field="started_at")
    return start
