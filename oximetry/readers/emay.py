"""EMAY SleepO2: CSV with date and AM/PM clock in two cells; a blank cell is a missing reading."""

from __future__ import annotations

import re

from oximetry.domain.file_types import CSV
from oximetry.domain.recording import Hints, Recording
from oximetry.readers.facts import FormatFacts, Proof
from oximetry.readers.named_table import TableRules, read_named
from oximetry.readers.registry import Probe
from oximetry.readers.table_header import Header, find_header, head_header
from oximetry.readers.text_table import decode, decode_head, split_lines
from oximetry.readers.timeline import Origin

HEADER = ("date", "time", "spo2(%)", "pr(bpm)")
ROWS_LOOKED_AT = 5

_ROW = re.compile(
    r"\s*\d{1,2}/\d{1,2}/\d{4}\s*,\s*\d{1,2}:\d\d:\d\d\s*[AP]M\s*,\s*(?:\d{2,3})?\s*,\s*(?:\d{2,3})?\s*,?",
    re.ASCII | re.IGNORECASE,
)
_RULES = TableRules(spo2=(), pulse=())


class Emay:
    """The reader of the file; see `oximetry.readers.registry.Reader`."""

    name = "emay"
    facts = FormatFacts(
        title="EMAY SleepO2 CSV",
        recognised_by="the header Date, Time, SpO2(%), PR(bpm), or rows of a date, an AM/PM clock, two values",
        interval="median of the steps of the clock: 1 s",
        missing="blank",
        proof=Proof.TRANSCRIBED_ROWS,
        remark="Month first, as its AM/PM clock says, unless the dates themselves say otherwise.",
        original=CSV,
    )

    def recognises(self, probe: Probe) -> bool:
        """Whether the first line is the header, or the first lines are rows as this device alone writes them."""
        header = head_header(probe.head)
        return header.starts_with(*HEADER) if header is not None else _has_rows_only(decode_head(probe.head))

    def read(self, content: bytes, hints: Hints) -> Recording:
        """The recording in a file of this kind; notes and reasons as of `oximetry.readers.viatom_csv.ViatomCsv`."""
        lines, origin = split_lines(decode(content)), Origin(self.name, "EMAY SleepO2", None)
        unwritten = Header.unwritten(*HEADER) if find_header(lines) is None else None
        return read_named(lines, hints, origin, _RULES, unwritten)


def _has_rows_only(text: str) -> bool:
    first = [line for line in text.splitlines()[:-1] if line.strip()][:ROWS_LOOKED_AT]
    return len(first) >= 2 and all(_ROW.fullmatch(line) for line in first)
