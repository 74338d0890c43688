"""Tables of text whose header names its columns: one place decides which column is oxygen, pulse, motion and time.

A column is what its header names, wherever it stands. A column that names another quantity is never oxygen or pulse,
and a table that names no oxygen, or two, is refused with the columns that were seen. Where no word is known, position
counts, with a remark (`by_position`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from oximetry.domain.errors import InvalidRecording
from oximetry.domain.plausibility import refuse_other_units
from oximetry.domain.quality import SPO2_RANGE_PCT
from oximetry.domain.recording import Hints, Note, Recording, Samples
from oximetry.readers.cells import Values
from oximetry.readers.clock_only import CLOCK_ONLY, ClockOnly
from oximetry.readers.moments import local_moments, refuse_lost_seconds
from oximetry.readers.quantities import Quantity, columns_of, names_means, quantity_of
from oximetry.readers.spot_values import are_spots, spot_table
from oximetry.readers.table_header import DATE, NOTHING, TIME, Header, find_header
from oximetry.readers.text_table import (
    MAX_COLUMNS,
    Layout,
    Table,
    chunks,
    looks_like_time,
    split_cells,
)
from oximetry.readers.timeline import Origin, Rows, build_recording
from oximetry.readers.timestamps import TimeColumn

UNIT_LINES = 2
LINES_BELOW = 20

_DIGIT = re.compile(r"\d", re.ASCII)
_CLOCK = re.compile(r"\d{1,2}:\d{2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class TableRules:
    """How the tables of one kind are read.

    Attributes
    ----------
    spo2, pulse : tuple of float
        Numbers that mean a missing reading.
    numbers_only : bool
        Whether every column behind the readings holds numbers too.
    spot_values : bool
        Whether values a minute or more apart are read as such; an oximeter's own format has none.
    """

    spo2: tuple[float, ...] = (127.0, 255.0)
    pulse: tuple[float, ...] = (255.0, 511.0, 65535.0)
    numbers_only: bool = False
    spot_values: bool = False


def read_named(
    lines: list[str], hints: Hints, origin: Origin, rules: TableRules, header: Header | None = None
) -> Recording:
    """The recording in the lines of a table with a header, or of one whose columns are known without: then ``header``.

    Returns
    -------
    Recording
        With the notes of `build_recording` and `local_moments`, ``lines_passed_over`` (``above``, ``below``),
        ``last_line_cut`` (``line``) and ``newest_first``.

    Raises
    ------
    InvalidRecording
        ``climate_table``, ``no_oxygen_column``, ``means_only``, ``two_oxygen_columns``, ``two_pulse_columns``
        (``columns``); ``bad_columns``; the reasons of `local_moments`, `Values`, `build_recording` and
        `spot_recording`.
    """
    header = header or find_header(lines)
    if header is None:
        raise InvalidRecording("no_time_column", line=1)
    columns = reading_columns(header)
    table, notes = _table(lines, header)
    if not header.line:
        notes += (Note("columns_by_position"),)
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
    if not oxygen and names_means(header.cells):
        raise InvalidRecording("means_only", columns=seen)
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
    dated = _dated(table, time_columns, hints)
    spo2, pulse, motion = Values(rules.spo2), Values(rules.pulse), Values()
    parts: list[tuple[Samples, Samples, Samples]] = []
    for cells, numbers in chunks(table):
        zone = cells[columns.zone] if columns.zone is not None else None
        if dated is not None:
            moments, dated = dated[: len(numbers)], dated[len(numbers) :]
            time_notes: tuple[Note, ...] = ()
        else:
            moments, time_notes = local_moments([cells[column] for column in time_columns], zone, numbers)
        times.add(moments, numbers)
        notes += tuple(note for note in time_notes if note not in notes)
        nothing = np.full(len(numbers), np.nan)
        oxygen = spo2.column(cells[columns.spo2], numbers, "spo2")
        if columns.validity is not None:
            oxygen = np.where(
                [cell.strip().lower() in ("0", "false") for cell in cells[columns.validity]], np.nan, oxygen
            )
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
    refuse_lost_seconds(wall_s, numbers)
    if rules.spot_values and are_spots(wall_s):
        return spot_table(rows, origin, hints, (*notes, *date_notes))
    if wall_s.size > 2 and (np.diff(wall_s) <= 0).all() and wall_s[0] > wall_s[-1]:
        rows, notes = rows.reversed(), (*notes, Note("newest_first"))
    _refuse_other_columns(spo2_pct, pulse_bpm)
    return build_recording(rows, origin, (*notes, *date_notes))


def _refuse_other_columns(spo2_pct: Samples, pulse_bpm: Samples) -> None:
    """Refuse a column of oxygen that can be none by its readings."""
    refuse_other_units(spo2_pct, pulse_bpm)
    finite = spo2_pct[np.isfinite(spo2_pct)]
    if int((finite > SPO2_RANGE_PCT[1]).sum()) * 2 > finite.size:
        raise InvalidRecording("columns_unexpected")


def _table(lines: list[str], header: Header) -> tuple[Table, tuple[Note, ...]]:
    """The rows below a header, without sums below them and without an incomplete last line."""
    below_header = lines[header.line :]
    filled = np.fromiter((bool(line.strip(NOTHING)) for line in below_header), dtype=np.bool_, count=len(below_header))
    numbers = (np.flatnonzero(filled) + header.line + 1).astype(np.int32)
    if not numbers.size:
        raise InvalidRecording("too_few_rows", rows=0)
    units = _unit_lines(lines, numbers, header.delimiter)
    numbers = numbers[units:]
    width = _width(lines, int(numbers[0]), header)
    below = _lines_below(lines, numbers, header.delimiter, width)
    numbers = numbers[: numbers.size - below]
    notes: tuple[Note, ...] = ()
    above = header.lines_above + units
    if above or below:
        notes = (Note("lines_passed_over", {"above": above, "below": below}),)
    last = split_cells(lines[numbers[-1] - 1], header.delimiter)
    if last is None or len(last) < width:
        notes += (Note("last_line_cut", {"line": int(numbers[-1])}),)
        numbers = numbers[:-1]
    if not numbers.size:
        raise InvalidRecording("too_few_rows", rows=0)
    layout = Layout(header.delimiter, 0, width, header.cells)
    return Table(layout, [lines[number - 1] for number in numbers.tolist()], numbers, None), notes


def _unit_lines(lines: list[str], numbers: npt.NDArray[np.int32], delimiter: str) -> int:
    """How many lines right below the header hold units or words only, without a digit; never all of them."""
    units = 0
    for number in numbers[: min(UNIT_LINES, numbers.size - 1)].tolist():
        if _DIGIT.search(lines[number - 1]) or split_cells(lines[number - 1], delimiter) is None:
            break
        units += 1
    return units


def _lines_below(lines: list[str], numbers: npt.NDArray[np.int32], delimiter: str, width: int) -> int:
    """How many of the last lines are words or sums below the table: no time in them, and no wider than a row."""
    below = 0
    for number in numbers[:0:-1][:LINES_BELOW].tolist():
        cells = split_cells(lines[number - 1], delimiter) or []
        if not cells or len(cells) > width or any(TIME.search(cell) or DATE.fullmatch(cell) for cell in cells):
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
    dates = [column for column in allowed if DATE.fullmatch(cells[column])]
    if clocks and dates:
        return dates[0], clocks[0]
    clocks_alone = [column for column in clocks if CLOCK_ONLY.fullmatch(cells[column])]
    if len(clocks_alone) == 1 and not dates:
        return (clocks_alone[0],)
    if dates and not any(":" in cell for cell in cells):
        raise InvalidRecording("means_only", columns=", ".join(cell[:24] for cell in table.layout.header if cell)[:160])
    raise InvalidRecording("no_time_column", line=int(table.numbers[0]))


def _dated(table: Table, time_columns: tuple[int, ...], hints: Hints) -> list[str] | None:
    """Moments of all rows, where the table has a clock and no date; ``None`` where it says its dates itself."""
    column, delimiter = time_columns[0], table.layout.delimiter
    first = (split_cells(table.lines[0], delimiter) or [])[column]
    if len(time_columns) > 1 or CLOCK_ONLY.fullmatch(first) is None:
        return None
    rows = [split_cells(line, delimiter) or [] for line in table.lines]
    clocks = [cells[column] if column < len(cells) else "" for cells in rows]
    return ClockOnly(hints, clocks, table.numbers).moments()


def _is_moment(cell: str) -> bool:
    """Whether a cell holds a date (its year of two digits too) beside a clock."""
    clock = _CLOCK.search(cell)
    if clock is None:
        return False
    around = re.sub(r"\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?", " ", cell, count=1)
    return DATE.search(around) is not None
