"""Tables of text with the date and the clock in two cells, told apart by the words of their header."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from oximetry.domain.errors import InvalidRecording
from oximetry.domain.recording import Hints, Note, Recording
from oximetry.readers.cells import Values
from oximetry.readers.text_table import DELIMITERS, Layout, Table, chunks, decode, decode_head, split_cells, split_lines
from oximetry.readers.timeline import Origin, Rows, build_recording
from oximetry.readers.timestamps import TimeColumn

LINES_LOOKED_AT = 8

_SEP_LINE = re.compile(r'"?sep=.?"?', re.IGNORECASE)
_LINE_END = re.compile(r"\r\n|\r|\n")
_NOTHING = " ,;\t\xa0"


@dataclass(frozen=True, slots=True)
class SplitHeader:
    """A header in this order: date, clock, SpO2, pulse.

    Attributes
    ----------
    words : tuple of str
        The cells in lower case.
    spo2_missing, pulse_missing : tuple of float
        Numbers that mean a missing reading; an empty cell always does.
    """

    words: tuple[str, ...]
    spo2_missing: tuple[float, ...] = ()
    pulse_missing: tuple[float, ...] = ()

    def is_in(self, head: bytes) -> bool:
        """Whether the first line of a file is this header."""
        return self._layout(_LINE_END.split(decode_head(head))[:LINES_LOOKED_AT]) is not None

    def read(self, content: bytes, hints: Hints, origin: Origin) -> Recording:
        """The recording of a table with this header.

        Raises
        ------
        InvalidRecording
            As `oximetry.readers.viatom_csv.ViatomCsv.read` does.
        """
        lines = split_lines(decode(content))
        table = self._table(lines)
        times = TimeColumn()
        spo2, pulse = Values(self.spo2_missing), Values(self.pulse_missing)
        spo2_parts, pulse_parts = [], []
        for cells, numbers in chunks(table):
            times.add(
                [f"{clock.strip()} {day.strip()}" for day, clock in zip(cells[0], cells[1], strict=True)], numbers
            )
            spo2_parts.append(spo2.column(cells[2], numbers, "spo2"))
            pulse_parts.append(pulse.column(cells[3], numbers, "pulse"))
        wall_s, numbers, notes = times.resolve(hints)
        if table.cut_line is not None:
            notes += (Note("last_line_cut", {"line": table.cut_line}),)
        nothing = np.full(wall_s.size, np.nan)
        rows = Rows(wall_s, numbers, np.concatenate(spo2_parts), np.concatenate(pulse_parts), nothing)
        return build_recording(rows, origin, notes)

    def _layout(self, lines: Sequence[str]) -> tuple[int, Layout] | None:
        """The line number of the header and the layout of its table; ``None`` when the first line is another."""
        for number, line in enumerate(lines, 1):
            if not line.strip(_NOTHING) or _SEP_LINE.fullmatch(line.strip()):
                continue
            for delimiter in DELIMITERS:
                cells = tuple(cell.strip().lower() for cell in split_cells(line, delimiter) or ())
                if cells[: len(self.words)] == self.words and not any(cells[len(self.words) :]):
                    return number, Layout(delimiter, 1, len(cells), cells)
            return None
        return None

    def _table(self, lines: list[str]) -> Table:
        found = self._layout(lines[:LINES_LOOKED_AT])
        if found is None:
            raise InvalidRecording()
        header_line, layout = found
        numbers = [number for number, line in enumerate(lines, 1) if number > header_line and line.strip(_NOTHING)]
        cut_line = None
        if numbers and len(split_cells(lines[numbers[-1] - 1], layout.delimiter) or ()) < layout.width:
            cut_line = numbers.pop()
        if not numbers:
            raise InvalidRecording("too_few_rows", rows=0)
        return Table(layout, [lines[number - 1] for number in numbers], np.array(numbers, dtype=np.int32), cut_line)
