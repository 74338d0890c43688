"""EMAY SleepO2: CSV with date and AM/PM clock in two cells; a blank cell is a missing reading."""

from __future__ import annotations

from oximetry.domain.recording import Hints, Recording
from oximetry.readers.facts import FormatFacts, Proof
from oximetry.readers.named_table import TableRules, head_header, read_named
from oximetry.readers.registry import Probe
from oximetry.readers.text_table import decode, split_lines
from oximetry.readers.timeline import Origin

HEADER = ("date", "time", "spo2(%)", "pr(bpm)")
_RULES = TableRules(spo2=(), pulse=())


class Emay:
    """The reader of the file; see `oximetry.readers.registry.Reader`."""

    name = "emay"
    facts = FormatFacts(
        title="EMAY SleepO2 CSV",
        recognised_by="the header Date, Time, SpO2(%), PR(bpm)",
        interval="median of the steps of the clock: 1 s",
        missing="blank",
        proof=Proof.TRANSCRIBED_ROWS,
        remark="Month first, as its AM/PM clock says, unless the dates themselves say otherwise.",
    )

    def recognises(self, probe: Probe) -> bool:
        """Whether the first line is the header."""
        header = head_header(probe.head)
        return header is not None and header.starts_with(*HEADER)

    def read(self, content: bytes, hints: Hints) -> Recording:
        """The recording in a file of this kind; notes and reasons as of `oximetry.readers.viatom_csv.ViatomCsv`."""
        return read_named(split_lines(decode(content)), hints, Origin(self.name, "EMAY SleepO2", None), _RULES)
