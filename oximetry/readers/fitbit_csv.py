"""Fitbit's takeout, ``Minute SpO2``: a CSV of one value a minute whose header does not name what it holds."""

from __future__ import annotations

from oximetry.domain.errors import InvalidRecording
from oximetry.domain.file_types import CSV
from oximetry.domain.recording import Hints, Note, Recording
from oximetry.readers.facts import FormatFacts, Proof
from oximetry.readers.named_table import ReadingColumns, TableRules, read_columns
from oximetry.readers.registry import Probe
from oximetry.readers.text_table import Layout, Table, decode, decode_head, split_cells, split_lines
from oximetry.readers.timeline import Origin

HEADER = ("timestamp", "value")
FURTHER = frozenset({"confidence", "coverage", "valid", "unused"})
STAND_IN_PCT = 50.0


class FitbitCsv:
    """The reader of the table; see `oximetry.readers.registry.Reader`."""

    name = "fitbit_csv"
    facts = FormatFacts(
        title="Fitbit takeout CSV (Minute SpO2)",
        recognised_by="the header timestamp, value, and behind it only confidence, coverage, valid, unused",
        interval="spot values of 60 s",
        missing="a gap, a value of 50, or valid False",
        proof=Proof.SPECIFICATION,
        remark="The header names no oxygen: unless the file's name does, the doctor is asked. The clock is UTC, and "
        "said. Of several nights the last one is read, and said. No ODI is computed from spot values.",
        original=CSV,
    )

    def recognises(self, probe: Probe) -> bool:
        """Whether the first line is the header."""
        first = next((line for line in decode_head(probe.head).splitlines() if line.strip()), "")
        cells = _header(first)
        return cells[:2] == HEADER and FURTHER.issuperset(cells[2:])

    def read(self, content: bytes, hints: Hints) -> Recording:
        """The recording in a file of this kind; notes and reasons as of `read_columns`, ``columns_by_position``."""
        lines = split_lines(decode(content))
        filled = [(number, line) for number, line in enumerate(lines, 1) if line.strip()]
        header = _header(filled[0][1])
        rows = [(number, line) for number, line in filled[1:]]
        if not rows:
            raise InvalidRecording("too_few_rows", rows=0)
        notes: tuple[Note, ...] = () if "spo2" in (hints.filename or "").lower() else (Note("columns_by_position"),)
        cells = split_cells(rows[-1][1], ",")
        if cells is None or len(cells) < len(header):
            notes += (Note("last_line_cut", {"line": rows[-1][0]}),)
            rows.pop()
        table = Table.of(Layout(",", 0, len(header), header), rows)
        columns = ReadingColumns(1, None, None, header.index("valid") if "valid" in header else None)
        rules = TableRules(spo2=(STAND_IN_PCT,), spot_values=True)
        return read_columns(table, columns, hints, Origin(self.name, "Fitbit", None), rules, notes)


def _header(line: str) -> tuple[str, ...]:
    return tuple(cell.strip().lower() for cell in split_cells(line, ",") or ())
