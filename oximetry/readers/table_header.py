"""The line of a table that names its columns: where it stands, its delimiter, and what each of its cells names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from oximetry.readers.quantities import Quantity, quantity_of
from oximetry.readers.text_table import DELIMITERS, MAX_LINE_CHARACTERS, decode_head, looks_like_time, split_cells

LINES_ABOVE = 40
LINES_LOOKED_AT = 3
ROWS_OF_A_TABLE = 2
DATE = re.compile(r"\s*(?:\d{4}[/.-]\d{1,2}[/.-]\d{1,2}|\d{1,2}[/.-]\d{1,2}[/.-](?:\d{4}|\d\d))\.?\s*", re.ASCII)
TIME = re.compile(r"\d{1,2}:\d{2}|(?<!\d)\d{10}(?:\d{3})?(?!\d)", re.ASCII)
NOTHING = " ,;\t|\xa0"

_LINE_END = re.compile(r"\r\n|\r|\n")
_DIGIT = re.compile(r"\d", re.ASCII)
_READINGS = (Quantity.OXYGEN, Quantity.PULSE)


@dataclass(frozen=True, slots=True)
class Header:
    """The line that names the columns.

    Attributes
    ----------
    line : int
        Its 1-based number; 0 when the table has no header.
    delimiter : str
    cells : tuple of str
        Its cells, as many as a row has.
    quantities : tuple of Quantity
        What each names.
    lines_above : int
        Lines with words above it, which are no part of the table.
    """

    line: int
    delimiter: str
    cells: tuple[str, ...]
    quantities: tuple[Quantity, ...]
    lines_above: int = 0

    @classmethod
    def unwritten(cls, *cells: str) -> Header:
        """The header of a table that has none, separated by commas."""
        return cls(0, ",", cells, tuple(map(quantity_of, cells)))

    @property
    def names_readings(self) -> bool:
        """Whether it names oxygen or pulse."""
        return any(quantity in _READINGS for quantity in self.quantities)

    def is_in_order(self) -> bool:
        """Whether time, oxygen, pulse and motion stand side by side, as in Viatom's tables alone, and none twice."""
        if self.quantities.count(Quantity.OXYGEN) != 1 or self.quantities.count(Quantity.PULSE) != 1:
            return False
        at = self.quantities.index(Quantity.OXYGEN)
        in_front = self.quantities[:at]
        behind = self.quantities[at + 2 :]
        return (
            len(in_front) == 1
            and in_front[0] in (Quantity.TIME, Quantity.UNKNOWN)
            and self.quantities[at + 1] is Quantity.PULSE
            and behind[:1] == (Quantity.MOTION,)
            and not any(quantity is Quantity.CLIMATE for quantity in behind)
        )

    def starts_with(self, *words: str) -> bool:
        """Whether its cells are these words in lower case, empty cells behind them left aside."""
        cells = tuple(cell.lower() for cell in self.cells)
        return cells[: len(words)] == words and not any(cells[len(words) :])


def head_header(head: bytes) -> Header | None:
    """The header among a file's first bytes; ``None`` when no line there names a column."""
    return _head_header(head)


@lru_cache(maxsize=8)
def _head_header(head: bytes) -> Header | None:
    text = decode_head(head)
    return None if "\0" in text or head.startswith(b"PK") else find_header(_LINE_END.split(text))


def find_header(lines: Sequence[str]) -> Header | None:
    """The first line that names readings, with the delimiter that tells most of them; ``None`` without one.

    A line that names other quantities only (temperature, battery) is a header too, so that the table can be refused by
    its own words.
    """
    filled = [(number, line) for number, line in enumerate(lines[: 2 * LINES_ABOVE], 1) if line.strip(NOTHING)]
    others: Header | None = None
    times_in_a_row = 0
    for above, (number, line) in enumerate(filled[:LINES_ABOVE]):
        if len(line) > MAX_LINE_CHARACTERS or line.lower().startswith(("sep=", '"sep=')):
            continue
        header = _best_header(number, line, above)
        if header is None:
            times_in_a_row = times_in_a_row + 1 if _holds_a_time(line) else 0
            if times_in_a_row == ROWS_OF_A_TABLE:
                return others
            continue
        if not _is_above_rows(header, filled[above + 1 : above + 1 + LINES_LOOKED_AT]):
            continue
        if header.names_readings:
            return header
        others = others or header
    return others


def _is_above_rows(header: Header, below: Sequence[tuple[int, str]]) -> bool:
    """Whether rows with a time or a date follow; a line of units may stand between; or nothing at all."""
    rows = [
        any(TIME.search(cell) or DATE.fullmatch(cell) for cell in split_cells(line, header.delimiter) or ())
        for _, line in below
    ]
    return all(rows[-2:]) if len(rows) == LINES_LOOKED_AT else not rows or any(rows)


def _holds_a_time(line: str) -> bool:
    return any(looks_like_time(cell) for d in DELIMITERS for cell in split_cells(line, d) or ())


def _best_header(number: int, line: str, above: int) -> Header | None:
    best: Header | None = None
    for delimiter in DELIMITERS:
        cells = split_cells(line, delimiter)
        if cells is None or len(cells) < 2 or any(looks_like_time(cell) for cell in cells):
            continue
        stripped = tuple(cell.strip() for cell in cells)
        quantities = tuple(quantity_of(cell) if cell else Quantity.UNKNOWN for cell in stripped)
        known = [quantity for quantity in quantities if quantity is not Quantity.UNKNOWN]
        words = [cell for cell in stripped if cell and not _DIGIT.match(cell)]
        if len(known) < 2 or len(words) < 2 or len(words) < sum(map(bool, stripped)):
            continue
        if best is None or len(known) > sum(q is not Quantity.UNKNOWN for q in best.quantities):
            best = Header(number, delimiter, stripped, quantities, above)
    return best
