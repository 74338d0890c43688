"""Masimo trend (Rad-8, Rad-57, Pronto; ``.out``): one line per reading, each value behind its name (ASCII mode 1).

The manuals print the line with and without the serial number, with BPM or PR for the pulse, and parted by spaces, TABs
or commas.
"""

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

MOST_MONTH = 12

_BETWEEN = r"[ \t,;]+"
_START = rf"\s*(\d\d?)/(\d\d?)/((?:20)?\d\d){_BETWEEN}(\d\d:\d\d:\d\d)"
_FIRST = re.compile(rf"{_START}{_BETWEEN}(?:SN\s*=|SpO2\s*=)", re.ASCII | re.IGNORECASE)
_LINE = re.compile(rf"{_START}{_BETWEEN}(\S.*)", re.ASCII)
_PAIR = re.compile(r"([A-Za-z][A-Za-z0-9]*)\s*=\s*([^\s,;=]*)", re.ASCII)
_READING = re.compile(r"(\d{1,3})(?:\.\d)?%?", re.ASCII)
_MISSING = re.compile(r"-{1,3}%?|", re.ASCII)
_PULSES = ("BPM", "PR")


class MasimoRad8:
    """The reader of the file; see `oximetry.readers.registry.Reader`."""

    name = "masimo_rad8"
    facts = FormatFacts(
        title="Masimo trend (.out: Rad-8, Rad-57, Pronto)",
        recognised_by="the first line starts MM/DD/YY HH:MM:SS, then SN= or SpO2=",
        interval="median of the steps of the clock: 2 s",
        missing="000 or ---",
        proof=Proof.SPECIFICATION,
        remark="Spaces, TABs or commas; SN= may be missing. Month first, unless a day above 12 says otherwise. "
        "Exception flags (EXC) alone do not make a reading missing: low perfusion sets one beside a good one.",
        original=TEXT,
    )

    def recognises(self, probe: Probe) -> bool:
        """Whether the first line with anything in it starts with date, clock and the first name of a value."""
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
        filled = [(number, text) for number, text in enumerate(split_lines(decode(content)), 1) if text.strip()]
        matches = [(number, _LINE.fullmatch(text)) for number, text in filled]
        days = [(int(match[1]), int(match[2])) for _, match in matches if match is not None]
        day_first = any(first > MOST_MONTH for first, _ in days) and all(second <= MOST_MONTH for _, second in days)
        lines, serial, names = Lines(), None, None
        notes: tuple[Note, ...] = ()
        for number, match in matches:
            pairs = _pairs(match)
            names = names or pairs.keys()
            if match is None or not names <= pairs.keys():
                if number != filled[-1][0]:
                    raise InvalidRecording("bad_value", line=number, column="spo2")
                notes = (Note("last_line_cut", {"line": number}),)
                continue
            day, month = (int(match[1]), int(match[2])) if day_first else (int(match[2]), int(match[1]))
            serial = pairs.get("SN", "")[-4:] or None
            pulse = next((pairs[name] for name in _PULSES if name in pairs), "")
            values = (_reading(pairs.get("SPO2"), number, "spo2"), _reading(pulse, number, "pulse"))
            lines.add(number, (int(match[3]) % 100, month, day), match[4], values)
        return lines.recording(Origin(self.name, "Masimo Rad-8" if serial else "Masimo", serial), notes)


def _pairs(match: re.Match[str] | None) -> dict[str, str]:
    """The values of a line by their names in capitals."""
    return {} if match is None else {name.upper(): value for name, value in _PAIR.findall(match[5])}


def _reading(text: str | None, line: int, column: str) -> float:
    match = _READING.fullmatch(text) if text is not None else None
    if match is not None:
        return float(match[1]) or NAN
    if text is None or _MISSING.fullmatch(text) is None:
        raise InvalidRecording("bad_value", line=line, column=column)
    return NAN
