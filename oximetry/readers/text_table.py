"""A table in a text file: its characters, lines, delimiter and cells, within hard limits.

Every limit is checked before the work it bounds: a hostile file of 10 MB costs no more than a recording of 10 MB.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import methodcaller

import numpy as np
import numpy.typing as npt

from oximetry.domain.errors import InvalidRecording
from oximetry.domain.recording import MAX_ROWS

MAX_LINE_CHARACTERS = 4096
MAX_COLUMNS = 32
SAMPLE_ROWS = 20
CHUNK_ROWS = 8192
DELIMITERS = (",", ";", "\t", "|")

Numbers = npt.NDArray[np.int32]

CLOCK = re.compile(r"\d{1,2}:\d{2}:\d{2}", re.ASCII)
_YEAR = re.compile(r"(?<!\d)\d{4}(?!\d)", re.ASCII)
_VALUE = re.compile(r"\d+(?:[.,]\d+)?|[-–— ]*[-–—][-–— ]*", re.ASCII)
_SEP_LINE = re.compile(r'"?sep=.?"?', re.IGNORECASE)
_UTF16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_NOTHING = " ,;\t|\xa0"


@dataclass(frozen=True, slots=True)
class Layout:
    """How the rows of a table are written.

    Attributes
    ----------
    delimiter : str
        One of ``,``, ``;``, TAB and ``|``.
    time_column : int
        Index of the column whose cells hold a date and a clock.
    width : int
        Cells in a row, an empty one behind a trailing delimiter included.
    header : tuple of str
        Cells of the header line; empty when there is none.
    """

    delimiter: str
    time_column: int
    width: int
    header: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """The data lines of a text and their numbers in the file.

    Attributes
    ----------
    layout : Layout
    lines : list of str
        Data lines only: no header, no blank line, no incomplete last line.
    numbers : ndarray of int, shape (n,)
        1-based line number of each.
    cut_line : int or None
        Number of an incomplete last line that was left out.
    """

    layout: Layout
    lines: list[str]
    numbers: Numbers
    cut_line: int | None

    @classmethod
    def of(cls, layout: Layout, rows: Sequence[tuple[int, str]]) -> Table:
        """The table of some numbered lines."""
        numbers = np.array([number for number, _ in rows], dtype=np.int32)
        return cls(layout, [line for _, line in rows], numbers, None)


def decode(content: bytes) -> str:
    """The characters of a text file: UTF-16 by its mark or its zeros, else UTF-8, else Windows-1250.

    Raises
    ------
    InvalidRecording
        ``binary_content`` when there is a NUL or a broken UTF-16 character.
    """
    encoding, mark_bytes = _utf16(content)
    if encoding is not None:
        even = len(content) // 2 * 2
        try:
            text = content[mark_bytes:even].decode(encoding)
        except UnicodeDecodeError as error:
            raise InvalidRecording("binary_content") from error
    else:
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = content.decode("cp1250", errors="replace")
    if "\0" in text:
        raise InvalidRecording("binary_content")
    return text


def decode_head(head: bytes) -> str:
    """The characters of a file's first bytes, whatever they are; the last one may be cut. Never raises."""
    encoding, mark_bytes = _utf16(head)
    if encoding is not None:
        return head[mark_bytes:].decode(encoding, errors="ignore")
    return head.decode("utf-8-sig", errors="ignore")


def _utf16(content: bytes) -> tuple[str | None, int]:
    """The encoding and the length of its mark; without a mark, every second of the first bytes is a zero."""
    encoding = _UTF16.get(content[:2])
    if encoding is not None:
        return encoding, 2
    first = content[:512]
    even, odd = first[::2], first[1::2]
    if len(odd) >= 8 and first.isascii():
        if odd.count(0) >= 0.9 * len(odd) and not even.count(0):
            return "utf-16-le", 0
        if even.count(0) >= 0.9 * len(even) and not odd.count(0):
            return "utf-16-be", 0
    return None, 0


def split_lines(text: str) -> list[str]:
    """The lines of a text without their ends (LF, CRLF or CR).

    Raises
    ------
    InvalidRecording
        ``too_long`` with ``rows`` and ``limit``, ``line_too_long`` with ``line`` and ``limit``.
    """
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    count = text.count("\n")
    if count > MAX_ROWS:
        raise InvalidRecording("too_long", rows=count, limit=MAX_ROWS)
    lines = text.split("\n")
    if max(map(len, lines)) > MAX_LINE_CHARACTERS:
        number = next(i for i, line in enumerate(lines, 1) if len(line) > MAX_LINE_CHARACTERS)
        raise InvalidRecording("line_too_long", line=number, limit=MAX_LINE_CHARACTERS)
    return lines


def looks_like_time(cell: str) -> bool:
    """Whether a cell holds a clock and, beside it, a year."""
    return len(cell) <= 40 and CLOCK.search(cell) is not None and _YEAR.search(cell) is not None


def find_layout(lines: Sequence[str]) -> Layout | None:
    """How the first lines that hold a time are written; ``None`` when no line does.

    Parameters
    ----------
    lines : sequence of str
        Lines of the file, blank ones included; the first 20 rows that hold a time are looked at.
    """
    filled = [line for line in lines[:200] if line.strip(_NOTHING) and len(line) <= MAX_LINE_CHARACTERS]
    best: tuple[int, int, str, Counter[int]] | None = None
    for delimiter in DELIMITERS:
        rows = [cells for line in filled[: SAMPLE_ROWS + 2] if (cells := split_cells(line, delimiter)) is not None]
        columns = Counter(column for cells in rows if (column := _time_column(cells)) is not None and len(cells) > 1)
        if columns and (best is None or columns.most_common(1)[0][1] > best[0]):
            column, votes = columns.most_common(1)[0]
            best = (votes, column, delimiter, Counter(len(cells) for cells in rows if _time_column(cells) == column))
    if best is None:
        return None
    _, column, delimiter, widths = best
    return Layout(delimiter, column, widths.most_common(1)[0][0], _header(filled, delimiter, column))


def split_cells(line: str, delimiter: str) -> list[str] | None:
    """The cells of one line; ``None`` when its quotes do not match."""
    if '"' not in line:
        return line.split(delimiter)
    try:
        return next(csv.reader([line], delimiter=delimiter, strict=True), [])
    except csv.Error:
        return None


def find_table(lines: list[str]) -> Table:
    """The data lines of a file.

    Raises
    ------
    InvalidRecording
        ``no_time_column`` with ``line``; ``bad_columns`` with ``line``, ``expected`` and ``found`` for a table that is
        too wide.
    """
    layout = find_layout(lines)
    if layout is None:
        raise InvalidRecording("no_time_column", line=1)
    filled = np.fromiter(map(bool, map(methodcaller("strip", _NOTHING), lines)), dtype=np.bool_, count=len(lines))
    numbers = (np.flatnonzero(filled) + 1).astype(np.int32)
    has_sep_line = _SEP_LINE.fullmatch(lines[numbers[0] - 1].strip()) is not None
    numbers = numbers[has_sep_line + bool(layout.header) :]
    if layout.width > MAX_COLUMNS:
        raise InvalidRecording("bad_columns", line=int(numbers[0]), expected=MAX_COLUMNS, found=layout.width)
    cut_line = None
    last = split_cells(lines[numbers[-1] - 1], layout.delimiter)
    if last is None or len(last) < layout.width:
        cut_line, numbers = int(numbers[-1]), numbers[:-1]
    return Table(layout, [lines[number - 1] for number in numbers.tolist()], numbers, cut_line)


def chunks(table: Table) -> Iterator[tuple[list[list[str]], Numbers]]:
    """The columns of the table, some thousand rows at a time, so that memory stays flat.

    Yields
    ------
    columns : list of list of str
        The cells for each column of the layout.
    numbers : ndarray of int
        Line number of each row.

    Raises
    ------
    InvalidRecording
        ``bad_columns`` with ``line``, ``expected`` and ``found``.
    """
    for start in range(0, len(table.lines), CHUNK_ROWS):
        lines = table.lines[start : start + CHUNK_ROWS]
        numbers = table.numbers[start : start + CHUNK_ROWS]
        columns = _columns(lines, table.layout)
        if columns is None:
            raise _bad_columns(lines, numbers, table.layout)
        yield columns, numbers


def _columns(lines: list[str], layout: Layout) -> list[list[str]] | None:
    """The cells of some lines, column by column; ``None`` when a line has too many, too few or unmatched quotes."""
    delimiter, width = layout.delimiter, layout.width
    joined = delimiter.join(lines)
    if '"' not in joined:
        if set(map(methodcaller("count", delimiter), lines)) != {width - 1}:
            return None
        cells = joined.split(delimiter)
        return [cells[column::width] for column in range(width)]
    try:
        rows = list(csv.reader(lines, delimiter=delimiter, strict=True))
    except csv.Error:
        return None
    if len(rows) != len(lines) or set(map(len, rows)) != {width}:
        return None
    return [list(column) for column in zip(*rows, strict=True)]


def _bad_columns(lines: list[str], numbers: Numbers, layout: Layout) -> InvalidRecording:
    for line, number in zip(lines, numbers.tolist(), strict=True):
        cells = split_cells(line, layout.delimiter)
        if cells is None or len(cells) != layout.width:
            found = len(cells) if cells is not None else 0
            return InvalidRecording("bad_columns", line=number, expected=layout.width, found=found)
    return InvalidRecording("bad_columns", line=int(numbers[0]), expected=layout.width, found=0)


def _time_column(cells: Sequence[str]) -> int | None:
    return next((i for i, cell in enumerate(cells[:MAX_COLUMNS]) if looks_like_time(cell)), None)


def _header(filled: Sequence[str], delimiter: str, time_column: int) -> tuple[str, ...]:
    """Cells of the first line unless it is data: it holds no time and nothing like a value behind the time column."""
    first = next((line for line in filled if not _SEP_LINE.fullmatch(line.strip())), "")
    cells = split_cells(first, delimiter)
    if cells is None or _time_column(cells) is not None:
        return ()
    values = [cell.strip() for cell in cells[time_column + 1 :]]
    return () if any(_VALUE.fullmatch(value) for value in values) else tuple(cell.strip() for cell in cells)
