"""Nellcor N-395 (and N-560) trend: columns of fixed width, repeated page headers, words for a lost signal."""

from __future__ import annotations

import re

from oximetry.domain.errors import InvalidRecording
from oximetry.domain.file_types import TEXT
from oximetry.domain.recording import Hints, Note, Recording
from oximetry.readers.cells import NAN
from oximetry.readers.facts import FormatFacts, Proof
from oximetry.readers.monitor_lines import Lines
from oximetry.readers.registry import Probe
from oximetry.readers.text_table import decode, decode_head, split_lines
from oximetry.readers.timeline import Origin

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_COLUMNS = re.compile(r"^\s*TIME\s+%SpO2\s+(?:BPM|PR)\b", re.IGNORECASE | re.MULTILINE)
_MODEL = re.compile(r"^\s*(N-\d{3})\b", re.MULTILINE)
_LINE = re.compile(r"\s*(\d\d)-([A-Z]{3})-(\d\d)\s+(\d\d:\d\d:\d\d)(?:\s+(.*))?", re.ASCII | re.IGNORECASE)
_DATED = re.compile(r"\s*\d\d-[A-Z]{3}-\d\d", re.ASCII | re.IGNORECASE)
_READING = re.compile(r"(\d{1,3})\*?", re.ASCII)
_WORDS = re.compile(r"[A-Z*/. -]*", re.IGNORECASE | re.ASCII)


class NellcorN395:
    """The reader of the file; see `oximetry.readers.registry.Reader`."""

    name = "nellcor_n395"
    facts = FormatFacts(
        title="Nellcor N-395 / N-560 trend",
        recognised_by="a page header TIME %SpO2 BPM",
        interval="median of the steps of the clock: 4 s",
        missing="--- or the words of a status instead of numbers",
        proof=Proof.SPECIFICATION,
        original=TEXT,
    )

    def recognises(self, probe: Probe) -> bool:
        """Whether the first bytes hold the page header."""
        return _COLUMNS.search(decode_head(probe.head)) is not None

    def read(self, content: bytes, hints: Hints) -> Recording:
        """The recording in a file of this kind.

        Returns
        -------
        Recording
            With the notes of `build_recording` and ``last_line_cut`` (``line``).

        Raises
        ------
        InvalidRecording
            ``bad_time``, ``bad_value`` (``column``), with ``line``; the reasons of `build_recording`.
        """
        text = decode(content)
        texts = split_lines(text)
        model = _MODEL.search(text[:8192])
        lines = Lines()
        notes: tuple[Note, ...] = ()
        for number, line in enumerate(texts, 1):
            if _DATED.match(line) is None:
                continue
            match = _LINE.fullmatch(line)
            values = _values(match[5] or "") if match is not None else None
            if match is None or values is None:
                if any(later.strip() for later in texts[number : number + 3]):
                    raise InvalidRecording("bad_value", line=number, column="spo2")
                notes = (Note("last_line_cut", {"line": number}),)
                continue
            month = match[2].upper()
            if month not in _MONTHS:
                raise InvalidRecording("bad_time", line=number)
            lines.add(number, (int(match[3]), _MONTHS.index(month) + 1, int(match[1])), match[4], values)
        return lines.recording(Origin(self.name, f"Nellcor {model[1]}" if model else "Nellcor", None), notes)


def _values(rest: str) -> tuple[float, float] | None:
    """SpO2 and pulse in the rest of a line; both missing for the words of a status; ``None`` for neither."""
    cells = rest.split()
    if len(cells) >= 2:
        spo2, pulse = (_READING.fullmatch(cell) for cell in cells[:2])
        if spo2 is not None and pulse is not None:
            return float(spo2[1]) or NAN, float(pulse[1]) or NAN
    return (NAN, NAN) if cells and _WORDS.fullmatch(rest.strip()) is not None else None
