"""The known layouts of vendors' reports, as data: where frames, cells and charts stand, and in which words.

Coordinates are pixels of the ViHealth page, 1260 × 1960, x to the right and y down. A new layout is a new entry of
`LAYOUTS`; a new language a new entry of `MONTHS` and a word in `ANONYMOUS`. Labels are never read to find a cell.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""


class Kind(Enum):
    """What a cell holds, and therefore how its text is understood."""

    MOMENT = "moment"
    DURATION = "duration"
    WHOLE = "whole"
    DECIMAL = "decimal"
    PERCENT = "percent"
    RANGE = "range"
    AFTER_COLON_WHOLE = "after_colon_whole"
    AFTER_COLON_DECIMAL = "after_colon_decimal"
    CLOCK = "clock"


@dataclass(frozen=True, slots=True)
class Cell:
    """One printed value."""

    name: str
    kind: Kind
    box: Box


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawn curve: its frame and the values of the frame's lower and upper edge."""

    box: Box
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Layout:
    """A page as a vendor draws it.

    Parameters
    ----------
    frames
        Rectangles of drawn lines by which the page is found.
    lines
        Long drawn lines, each as x1, y1, x2, y2, by which its place is refined.
    private
        Cells of name, age and sex; the first holds the name.
    private_background
        Grey level of the page under them.
    slider
        Left end, right end and the strip of the pointer of the score's scale, which runs from 0 to 10.
    """

    name: str
    width: int
    height: int
    frames: tuple[Box, ...]
    lines: tuple[Box, ...]
    cells: tuple[Cell, ...]
    axis: tuple[Cell, ...]
    private: tuple[Box, ...]
    private_background: int
    slider: Box
    spo2_chart: Chart
    pulse_chart: Chart
    spo2_rows: int


MONTHS: dict[str, tuple[tuple[str, ...], ...]] = {
    "ro": (
        ("ian", "ianuarie"), ("feb", "februarie"), ("mar", "mart", "martie"), ("apr", "aprilie"), ("mai",),
        ("iun", "iunie"), ("iul", "iulie"), ("aug", "august"), ("sept", "sep", "septembrie"), ("oct", "octombrie"),
        ("nov", "noiembrie"), ("dec", "decembrie"),
    ),
    "en": (
        ("jan", "january"), ("feb", "february"), ("mar", "march"), ("apr", "april"), ("may",), ("jun", "june"),
        ("jul", "july"), ("aug", "august"), ("sep", "sept", "september"), ("oct", "october"), ("nov", "november"),
        ("dec", "december"),
    ),
}  # fmt: skip
ANONYMOUS = frozenset({"anonim", "anonymous", "anonymus", "anonimă", "anonima"})

_FRAMES: tuple[Box, ...] = (
    (36, 161, 815, 333), (36, 161, 815, 232), (36, 232, 815, 333),
    (36, 344, 425, 412), (36, 344, 425, 378), (36, 378, 425, 412),
    (36, 423, 425, 711), (36, 423, 232, 567), (232, 423, 327, 567), (327, 423, 425, 567),
    (36, 567, 232, 711), (232, 567, 327, 711), (327, 567, 425, 711),
    (437, 345, 815, 711), (459, 374, 792, 681), (36, 719, 1223, 1714),
)  # fmt: skip
_LINES: tuple[Box, ...] = (
    (36, 161, 815, 161), (36, 232, 815, 232), (36, 333, 815, 333), (36, 344, 425, 344), (36, 378, 425, 378),
    (36, 412, 425, 412), (36, 423, 425, 423), (36, 567, 425, 567), (437, 345, 815, 345), (36, 719, 1223, 719),
    (36, 1714, 1223, 1714), (36, 161, 36, 333), (815, 161, 815, 333), (36, 423, 36, 711), (232, 423, 232, 711),
    (327, 423, 327, 711), (425, 423, 425, 711), (815, 345, 815, 711), (437, 392, 437, 711), (36, 719, 36, 1714),
    (1223, 719, 1223, 1714), (94.5, 776.5, 1164.5, 776.5), (94.5, 1098.5, 1164.5, 1098.5),
    (94.5, 1160.5, 1164.5, 1160.5),
    (94.5, 1479, 1164.5, 1479), (94.5, 1682.5, 1164.5, 1682.5), (94.5, 777, 94.5, 1098), (94.5, 1161, 94.5, 1478),
    (1164.5, 777, 1164.5, 1098), (1164.5, 1161, 1164.5, 1478),
)  # fmt: skip
_COLUMNS = (987, 1066, 1146, 1223)


def _summary() -> tuple[Cell, ...]:
    rows = (("spo2", "pct", 203, 241), ("pulse", "bpm", 243, 281))
    return tuple(
        Cell(f"{group}_{name}_{unit}", Kind.WHOLE, (left + 4, top, right - 4, bottom))
        for group, unit, top, bottom in rows
        for name, left, right in zip(("max", "mean", "min"), _COLUMNS, _COLUMNS[1:], strict=False)
    )


def _rows(table: str, columns: tuple[int, int, int, int], top: float, height: float, rows: int) -> tuple[Cell, ...]:
    kinds = (("label", Kind.RANGE), ("time_s", Kind.DURATION), ("pct", Kind.PERCENT))
    cells = []
    for row in range(rows):
        middle = top + (row + 0.5) * height
        for (part, kind), left, right in zip(kinds, columns, columns[1:], strict=False):
            box = (left + 3, middle - 14, right - 3, middle + 14)
            cells.append(Cell(f"{table}[{row}].{part}", kind, box))
    return tuple(cells)


def _cells(spo2_rows: int) -> tuple[Cell, ...]:
    drops = (("drops_over_4pct", 346, 376), ("drops_over_3pct", 380, 410))
    return (
        Cell("started_at", Kind.MOMENT, (45, 166, 450, 198)),
        Cell("ended_at", Kind.MOMENT, (600, 166, 812, 198)),
        Cell("duration_s", Kind.DURATION, (180, 198, 300, 226)),
        *_summary(),
        Cell("o2_score", Kind.DECIMAL, (1150, 297, 1219, 332)),
        *(Cell(name, Kind.AFTER_COLON_WHOLE, (40, top, 212, bottom)) for name, top, bottom in drops),
        *(Cell(f"{name}_per_h", Kind.AFTER_COLON_DECIMAL, (212, top, 421, bottom)) for name, top, bottom in drops),
        Cell("threshold_pct", Kind.AFTER_COLON_WHOLE, (40, 427, 229, 478)),
        *_rows("threshold_bands", (36, 232, 327, 425), 481, 28.7, 3),
        *_rows("pulse_bands", (36, 232, 327, 425), 625, 28.7, 3),
        *_rows("spo2_bands", (865, 987, 1105, 1223), 404, 307 / spo2_rows, spo2_rows),
    )


_AXIS = (
    Cell("first_clock", Kind.CLOCK, (60, 1100, 132, 1126)),
    Cell("last_clock", Kind.CLOCK, (1128, 1100, 1202, 1126)),
)


def _vihealth(spo2_rows: int) -> Layout:
    return Layout(
        name=f"vihealth-{spo2_rows}",
        width=1260,
        height=1960,
        frames=_FRAMES,
        lines=_LINES,
        cells=_cells(spo2_rows),
        axis=_AXIS,
        private=((40, 112, 440, 150), (440, 112, 840, 150), (840, 112, 1220, 150)),
        private_background=245,
        slider=(1020, 311, 1124, 330),
        spo2_chart=Chart((94.5, 776.5, 1164.5, 1098.5), 70, 100),
        pulse_chart=Chart((94.5, 1160.5, 1164.5, 1479.0), 30, 250),
        spo2_rows=spo2_rows,
    )


LAYOUTS = (_vihealth(5), _vihealth(7))
