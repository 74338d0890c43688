"""Masimo Rad-8 trend (``.out``): one line per reading, each value behind its name (ASCII mode 1)."""

from __future__ import annotations

import re

from oximetry.domain.errors import InvalidRecording
from oximetry.domain.recording import Hints, Note, Recording
from oximetry.readers.cells import NAN
from oximetry.readers.facts import FormatFacts, Proof
from oximetry.readers.monitor_lines import Lines
from oximetry.readers.registry import Probe
from oximetry.readers.text_table import decode, decode_head, split_lines
from oximetry.readers.timeline import Origin

_START = r"(\d\d)/(\d\d)/(\d\d) (\d\d:\d\d:\d\d) SN=(\d{4,16})\s"
_FIRST = re.compile(_START, re.ASCII)
_LINE = re.compile(_START + r"+SPO2=(\d{3}|-{3})%?\s+BPM=(\d{3}|-{3})\s.*\bEXC=[0-9A-F]{4,8}\s*", re.ASCII)


class MasimoRad8:
    """The reader of the file; see `oximetry.readers.registry.Reader`."""

    name = "masimo_rad8"
    facts = FormatFacts(
        title="Masimo Rad-8 (.out)",
        recognised_by="the first line starts MM/DD/YY HH:MM:SS SN=",
        interval="median of the steps of the clock: 2 s",
        missing="000 or ---",
        proof=Proof.SPECIFICATION,
        remark="Exception flags (EXC) alone do not make a reading missing: low perfusion sets one beside a good one.",
    )

    def recognises(self, probe: Probe) -> bool:
        """Whether the first line with anything in it starts with date, clock and serial number."""
        return _FIRST.match(decode_head(probe.head).lstrip()) is not None

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
        texts = split_lines(decode(content))
        filled = [(number, text) for number, text in enumerate(texts, 1) if text.strip()]
        lines, serial = Lines(), None
        notes: tuple[Note, ...] = ()
        for number, text in filled:
            match = _LINE.fullmatch(text)
            if match is None:
                if number != filled[-1][0]:
                    raise InvalidRecording("bad_value", line=number, column="spo2")
                notes = (Note("last_line_cut", {"line": number}),)
                continue
            month, day, year = (int(match[part]) for part in (1, 2, 3))
            serial = match[5][-4:]
            lines.add(number, (year, month, day), match[4], (_reading(match[6]), _reading(match[7])))
        return lines.recording(Origin(self.name, "Masimo Rad-8", serial), notes)


def _reading(text: str) -> float:
    return float(text) if text.isdigit() and int(text) else NAN
