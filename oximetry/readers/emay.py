"""EMAY SleepO2: CSV with date and AM/PM clock in two cells; a blank cell is a missing reading."""

from __future__ import annotations

from oximetry.domain.recording import Hints, Recording
from oximetry.readers.facts import FormatFacts, Proof
from oximetry.readers.registry import Probe
from oximetry.readers.split_clock import SplitHeader
from oximetry.readers.timeline import Origin

_HEADER = SplitHeader(("date", "time", "spo2(%)", "pr(bpm)"))


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
        return _HEADER.is_in(probe.head)

    def read(self, content: bytes, hints: Hints) -> Recording:
        """The recording in a file of this kind; notes and reasons as of `oximetry.readers.viatom_csv.ViatomCsv`."""
        return _HEADER.read(content, hints, Origin(self.name, "EMAY SleepO2", None))
