"""Any other table of text whose header names oxygen, wherever its columns stand."""

from __future__ import annotations

from oximetry.domain.file_types import CSV
from oximetry.domain.recording import Hints, Recording
from oximetry.readers.facts import FormatFacts, Proof
from oximetry.readers.file_names import device_in_name
from oximetry.readers.named_table import TableRules, read_named
from oximetry.readers.registry import Probe
from oximetry.readers.table_header import head_header
from oximetry.readers.text_table import decode, split_lines
from oximetry.readers.timeline import Origin

RULES = TableRules(spot_values=True)

_OTHER_LANGUAGES = ("{", "[", "<")


class TableCsv:
    """The reader of the table; see `oximetry.readers.registry.Reader`."""

    name = "table_csv"
    facts = FormatFacts(
        title="A table with named columns (CSV, TSV, semicolon)",
        recognised_by="a header that names oxygen, pulse or another quantity, in any order and a dozen languages",
        interval="median of the steps of the clock",
        missing="blank, --, SpO2 127 or 255, pulse 255, 511 or 65535; a validity of 0",
        proof=Proof.SPECIFICATION,
        remark="Values a minute or more apart are spot values, without ODI (Samsung Health, Google Health, Health Auto "
        "Export). Date and clock in one cell or two, ISO with fraction and zone, epoch seconds, milliseconds. A table "
        "that names no oxygen, or two, is refused with the columns that were seen.",
        original=CSV,
        generality=2,
    )

    def recognises(self, probe: Probe) -> bool:
        """Whether the first lines have a header."""
        if probe.head.lstrip()[:1].decode("latin-1") in _OTHER_LANGUAGES:
            return False
        return head_header(probe.head) is not None

    def read(self, content: bytes, hints: Hints) -> Recording:
        """The recording in a file of this kind; notes and reasons as of `read_named`."""
        model, serial = device_in_name(hints.filename)
        return read_named(split_lines(decode(content)), hints, Origin(self.name, model, serial), RULES)
