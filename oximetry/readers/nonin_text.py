"""Nonin's printer text (2500, 8500, WristOx on a terminal): ``SPO2= 97 HR= 60`` each second, without a clock."""

from __future__ import annotations

import re

import numpy as np

from oximetry.domain.errors import InvalidRecording
from oximetry.domain.file_types import TEXT
from oximetry.domain.recording import Hints, Note, Recording
from oximetry.readers.cells import NAN
from oximetry.readers.facts import FormatFacts, Proof
from oximetry.readers.registry import Probe
from oximetry.readers.regular import Series, known_start, regular_recording
from oximetry.readers.text_table import decode, decode_head, split_lines
from oximetry.readers.timeline import Origin

INTERVAL_S = 1.0
LINES_LOOKED_AT = 20

_LINE = re.compile(
    r"\s*SPO2\s*=\s*(\d{1,3}|-{2,3})%?[ \t,;]+(?:HR|PR|PULSE)\s*=\s*(\d{1,3}|-{2,3})(?:[ \t]+[A-Z ]{1,20})?\s*",
    re.ASCII | re.IGNORECASE,
)
_READING = re.compile(r"\s*SPO2\s*=", re.IGNORECASE)
_MODEL = re.compile(r"\bMODEL\s+(\w{3,8})\b", re.IGNORECASE)


class NoninText:
    """The reader of the text; see `oximetry.readers.registry.Reader`."""

    name = "nonin_text"
    facts = FormatFacts(
        title="Nonin printer text",
        recognised_by="lines SPO2= HR= without a clock",
        interval="1 s, as the manual says",
        missing="---",
        proof=Proof.SPECIFICATION,
        remark="A line has no clock and a printed heading tells when it was printed; the start of the night is asked "
        "for.",
        original=TEXT,
    )

    def recognises(self, probe: Probe) -> bool:
        """Whether one of the first lines is a reading."""
        first = [line for line in decode_head(probe.head).splitlines() if line.strip()][:LINES_LOOKED_AT]
        return any(_LINE.fullmatch(line) for line in first)

    def read(self, content: bytes, hints: Hints) -> Recording:
        """The recording in a file of this kind.

        Returns
        -------
        Recording
            With the note ``last_line_cut`` (``line``) where there is one.

        Raises
        ------
        InvalidRecording
            ``bad_value`` (``line``, ``column``), ``start_unknown``; the reasons of `regular_recording`.
        """
        lines = split_lines(decode(content))
        readings: list[tuple[float, float]] = []
        notes: tuple[Note, ...] = ()
        for number, line in enumerate(lines, 1):
            match = _LINE.fullmatch(line)
            if match is not None:
                readings.append((_reading(match[1]), _reading(match[2])))
            elif _READING.match(line) is not None:
                if any(later.strip() for later in lines[number:]):
                    raise InvalidRecording("bad_value", line=number, column="spo2")
                notes = (Note("last_line_cut", {"line": number}),)
        start = known_start(None, hints, len(readings), INTERVAL_S)
        spo2_pct, pulse_bpm = np.array(readings, dtype=np.float64).reshape(-1, 2).T
        model = _MODEL.search("\n".join(lines[:LINES_LOOKED_AT]))
        origin = Origin(self.name, f"Nonin {model[1]}" if model is not None else "Nonin", None)
        return regular_recording(Series(start, INTERVAL_S, spo2_pct, pulse_bpm, notes=notes), origin)


def _reading(text: str) -> float:
    return float(text) if text.isdigit() and int(text) else NAN
