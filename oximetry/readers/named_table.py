"""Tables of text whose header names its columns: one place decides which column is oxygen, pulse, motion and time.

A column is what its header names, wherever it stands. A column that names another quantity is never oxygen or pulse,
and a table that names no oxygen, or two, is refused with the columns that were seen. Where no word is known, position
counts, with a remark (`by_position`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from oximetry.domain.errors import InvalidRecording
from oximetry.domain.recording import Hints, Note, Recording, Samples
from oximetry.readers.cells import Values
from oximetry.readers.moments import local_moments
from oximetry.readers.quantities import Quantity, columns_of, quantity_of
from oximetry.readers.text_table import (
    DELIMITERS,
    MAX_COLUMNS,
    Layout,
    Table,
    chunks,
    decode_head,
    looks_like_time,
    split_cells,
)
from oximetry.readers.timeline import Origin, Rows, build_recording
from oximetry.readers.timestamps import TimeColumn

LINES_ABOVE = 40
LINES_BELOW = 20
LINES_LOOKED_AT = 3
ROWS_OF_A_TABLE = 2
SPO2_MOST_PCT = 100.0
ALONE_PCT = 20.0
ENOUGH_ROWS = 600
SWAPPED_SPO2_PCT, SWAPPED_PULSE_BPM = 75.0, 85.0

_NOTHING = " ,;\t\xa0"
_LINE_END = re.compile(r"\r\n|\r|\n")
_DIGIT = re.compile(r"\d", re.ASCII)
_DATE = re.compile(r"\s*(?:\d{4}[/.-]\d{1,2}[/.-]\d{1,2}|\d{1,2}[/.-]\d{1,2}[/.-](?:\d{4}|\d\d))\.?\s*", re.ASCII)
_CLOCK = re.compile(r"\d{1,2}:\d{2}", re.ASCII)
_TIME = re.compile(r"\d{1,2}:\d{2}|(?<!\d)\d{10}(?:\d{3})?(?!\d)", re.ASCII)
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

    @property
    def names_readings(self) -> bool:
        """Whether it names oxygen or pulse."""
        return any(quantity in _READINGS for quantity in self.quantities)

    def is_in_order(self) -> bool:
        """Whether time, oxygen and pulse stand side by side and nothing else claims to be one: Viatom's order."""
        if self.quantities.count(Quantity.OXYGEN) != 1 or self.quantities.count(Quantity.PULSE) != 1:
            return False
        at = self.quantities.index(Quantity.OXYGEN)
        in_front = self.quantities[:at]
        behind = self.quantities[at + 2 :]
        return (
            len(in_front) == 1
            and in_front[0] in (Quantity.TIME, Quantity.UNKNOWN)
            and self.quantities[at + 1] is Quantity.PULSE
            and behind[:1] in ((), (Quantity.MOTION,))
            and not any(quantity is Quantity.CLIMATE for quantity in behind)
        )

    def starts_with(self, *words: str) -> bool:
        """Whether its cells are these words in lower case, empty cells behind them left aside."""
        cells = tuple(cell.lower() for cell in self.cells)
        return cells[: len(words)] == words and not any(cells[len(words) :])


@dataclass(frozen=True, slots=True)
class TableRules:
    """Numbers that mean a missing reading; ``numbers_only``: every column behind the readings holds numbers too."""

    spo2: tuple[float, ...] = (127.0, 255.0)
    pulse: tuple[float, ...] = (255.0, 511.0, 65535.0)
    numbers_only: bool = False


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
    filled = [(number, line) for number, line in enumerate(lines[: 2 * LINES_ABOVE], 1) if line.strip(_NOTHING)]
    others: Header | None = None
    times_in_a_row = 0
    for above, (number, line) in enumerate(filled[:LINES_ABOVE]):
        if len(line) > 4096 or line.lower().startswith(("sep=", '"sep=')):
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
    """Whether rows with a time follow; a line of units may stand between; or nothing at all."""
    rows = [any(_TIME.search(cell) for cell in split_cells(line, header.delimiter) or ()) for _, line in below]
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


def read_named(lines: list[str], hints: Hints, origin: Origin, rules: TableRules) -> Recording:
    """The recording in the lines of a table with a header.

    Returns
    -------
    Recording
        With the notes of `build_recording` and `local_moments`, ``lines_passed_over`` (``above``, ``below``),
        ``last_line_cut`` (``line``), ``newest_first`` and ``oxygen_over_100`` (``count``).

    Raises
    ------
    InvalidRecording
        ``climate_table``, ``no_oxygen_column``, ``two_oxygen_columns``, ``two_pulse_columns`` (``columns``);
        ``bad_columns``; the reasons of `local_moments`, `Values` and `build_recording`.
    """
    header = find_header(lines)
    if header is None:
        raise InvalidRecording("no_time_column", line=1)
    columns = reading_columns(header)
    table, notes = _table(lines, header)
    return read_columns(table, columns, hints, origin, rules, notes)


@dataclass(frozen=True, slots=True)
class ReadingColumns:
    """Indices of the columns that are read; ``None`` for one that the table does not have."""

    spo2: int
    pulse: int | None
    motion: int | None
    validity: int | None = None
    zone: int | None = None


def reading_columns(header: Header) -> ReadingColumns:
    """The columns that a header names; raises ``InvalidRecording`` when oxygen or pulse are not told without doubt."""
    oxygen = columns_of(header.cells, Quantity.OXYGEN)
    pulse = columns_of(header.cells, Quantity.PULSE)
    seen = ", ".join(cell[:24] for cell in header.cells if cell)[:160]
    measured = [quantity for quantity in header.quantities if quantity not in (Quantity.TIME, Quantity.UNKNOWN)]
    if measured[:1] == [Quantity.CLIMATE]:
        raise InvalidRecording("climate_table", columns=seen)
    if not oxygen:
        raise InvalidRecording("no_oxygen_column", columns=seen)
    if len(oxygen) > 1:
        raise InvalidRecording("two_oxygen_columns", columns=seen)
    if len(pulse) > 1:
        raise InvalidRecording("two_pulse_columns", columns=seen)

    def first(quantity: Quantity) -> int | None:
        return next(iter(columns_of(header.cells, quantity)), None)

    return ReadingColumns(
        oxygen[0],
        pulse[0] if pulse else None,
        first(Quantity.MOTION),
        first(Quantity.VALIDITY),
        first(Quantity.ZONE),
    )


def read_columns(
    table: Table,
    columns: ReadingColumns,
    hints: Hints,
    origin: Origin,
    rules: TableRules,
    notes: tuple[Note, ...],
) -> Recording:
    """The recording of a table whose columns are known; raises as `read_named`."""
    times, time_columns = TimeColumn(), _time_columns(table)
    spo2, pulse, motion = Values(rules.spo2), Values(rules.pulse), Values()
    parts: list[tuple[Samples, Samples, Samples]] = []
    for cells, numbers in chunks(table):
        zone = cells[columns.zone] if columns.zone is not None else None
        moments, time_notes = local_moments([cells[column] for column in time_columns], zone, numbers)
        times.add(moments, numbers)
        notes += tuple(note for note in time_notes if note not in notes)
        nothing = np.full(len(numbers), np.nan)
        oxygen = spo2.column(cells[columns.spo2], numbers, "spo2")
        if columns.validity is not None:
            oxygen = np.where([cell.strip() in ("0", "false") for cell in cells[columns.validity]], np.nan, oxygen)
        beats = pulse.column(cells[columns.pulse], numbers, "pulse") if columns.pulse is not None else nothing
        moved = nothing
        if columns.motion is not None and rules.numbers_only:
            moved = motion.column(cells[columns.motion], numbers, "motion")
        elif columns.motion is not None:
            moved = motion.lenient(cells[columns.motion])
        for column in cells[columns.motion + 1 :] if rules.numbers_only and columns.motion is not None else []:
            motion.check(column, numbers, "reminder")
        parts.append((oxygen, beats, moved))
    wall_s, numbers, date_notes = times.resolve(hints)
    spo2_pct, pulse_bpm, motions = (np.concatenate(column) for column in zip(*parts, strict=True))
    rows = Rows(wall_s, numbers, spo2_pct, pulse_bpm, motions)
    if wall_s.size > 2 and (np.diff(wall_s) <= 0).all() and wall_s[0] > wall_s[-1]:
        rows, notes = rows.reversed(), (*notes, Note("newest_first"))
    return build_recording(rows, origin, (*notes, *date_notes, *_checked_readings(spo2_pct, pulse_bpm, notes)))


def _checked_readings(spo2_pct: Samples, pulse_bpm: Samples, notes: tuple[Note, ...]) -> tuple[Note, ...]:
    """What the readings themselves say against their columns."""
    found: tuple[Note, ...] = ()
    finite = spo2_pct[np.isfinite(spo2_pct)]
    over = int((finite > SPO2_MOST_PCT).sum())
    if over * 2 > finite.size:
        raise InvalidRecording("columns_unexpected")
    by_position = any(note.code == "columns_by_position" for note in notes)
    likely, beats = finite[finite > 0], pulse_bpm[np.isfinite(pulse_bpm) & (pulse_bpm > 0)]
    if (
        likely.size
        and beats.size
        and np.median(likely) < SWAPPED_SPO2_PCT
        and np.median(beats) > SWAPPED_PULSE_BPM
        and np.median(beats) <= SPO2_MOST_PCT
    ):
        if by_position:
            raise InvalidRecording("readings_swapped")
        found = (Note("readings_look_swapped"),) if likely.size >= ENOUGH_ROWS else ()
    found += (Note("oxygen_over_100", {"count": over}),) if over else ()
    alone = np.isfinite(spo2_pct) & (spo2_pct > 0) & ~(pulse_bpm > 0)
    share_pct = 100.0 * alone.sum() / max(1, likely.size)
    is_told = share_pct >= ALONE_PCT and likely.size >= ENOUGH_ROWS
    return (*found, Note("oxygen_without_pulse", {"share_pct": round(share_pct)})) if is_told else found


def _table(lines: list[str], header: Header) -> tuple[Table, tuple[Note, ...]]:
    """The rows below a header, without sums below them and without an incomplete last line."""
    below_header = lines[header.line :]
    filled = np.fromiter((bool(line.strip(_NOTHING)) for line in below_header), dtype=np.bool_, count=len(below_header))
    numbers = (np.flatnonzero(filled) + header.line + 1).astype(np.int32)
    if not numbers.size:
        raise InvalidRecording("too_few_rows", rows=0)
    width = _width(lines, int(numbers[0]), header)
    below = _lines_below(lines, numbers, header.delimiter, width)
    numbers = numbers[: numbers.size - below]
    notes: tuple[Note, ...] = ()
    if header.lines_above or below:
        notes = (Note("lines_passed_over", {"above": header.lines_above, "below": below}),)
    last = split_cells(lines[numbers[-1] - 1], header.delimiter)
    if last is None or len(last) < width:
        notes += (Note("last_line_cut", {"line": int(numbers[-1])}),)
        numbers = numbers[:-1]
    if not numbers.size:
        raise InvalidRecording("too_few_rows", rows=0)
    layout = Layout(header.delimiter, 0, width, header.cells)
    return Table(layout, [lines[number - 1] for number in numbers.tolist()], numbers, None), notes


def _lines_below(lines: list[str], numbers: npt.NDArray[np.int32], delimiter: str, width: int) -> int:
    """How many of the last lines are words or sums below the table: no time in them, and no wider than a row."""
    below = 0
    for number in numbers[:0:-1][:LINES_BELOW].tolist():
        cells = split_cells(lines[number - 1], delimiter) or []
        if not cells or len(cells) > width or any(_TIME.search(cell) or _DATE.fullmatch(cell) for cell in cells):
            break
        if len(cells) == 1 and _DIGIT.match(cells[0]):
            break  # an incomplete last line
        below += 1
    return below


def _width(lines: list[str], first_row: int, header: Header) -> int:
    """Cells of a row; a row may end in empty cells that the header does not name, and the other way round."""
    first = split_cells(lines[first_row - 1], header.delimiter) or []
    named, width = len(header.cells), len(first)
    while named and not header.cells[named - 1]:
        named -= 1
    if width > MAX_COLUMNS:
        raise InvalidRecording("bad_columns", line=first_row, expected=MAX_COLUMNS, found=width)
    if width < named or any(cell.strip() for cell in first[len(header.cells) :]):
        raise InvalidRecording("bad_columns", line=first_row, expected=named, found=width)
    return width


def _time_columns(table: Table) -> tuple[int, ...]:
    """The column of the moment, or those of date and clock; raises ``no_time_column``."""
    cells = split_cells(table.lines[0], table.layout.delimiter) or []
    header = (*table.layout.header, *[""] * len(cells))
    order = sorted(range(len(cells)), key=lambda column: quantity_of(header[column] or "?") is not Quantity.TIME)
    allowed = [column for column in order if quantity_of(header[column] or "?") in (Quantity.TIME, Quantity.UNKNOWN)]
    whole = [column for column in allowed if looks_like_time(cells[column]) or _is_moment(cells[column])]
    if whole:
        return (whole[0],)
    named = [column for column in allowed if quantity_of(header[column] or "?") is Quantity.TIME]
    epochs = [column for column in named if re.fullmatch(r"\s*\d{10}(\.\d+)?\s*|\s*\d{13}\s*", cells[column])]
    if epochs:
        return (epochs[0],)
    clocks = [column for column in allowed if _CLOCK.search(cells[column])]
    dates = [column for column in allowed if _DATE.fullmatch(cells[column])]
    if clocks and dates:
        return dates[0], clocks[0]
    raise InvalidRecording("no_time_column", line=int(table.numbers[0]))


def _is_moment(cell: str) -> bool:
    """Whether a cell holds a date (its year of two digits too) beside a clock."""
    clock = _CLOCK.search(cell)
    if clock is None:
        return False
    around = re.sub(r"\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?", " ", cell, count=1)
    return _DATE.search(around) is not None
