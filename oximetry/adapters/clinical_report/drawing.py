"""Small pieces of SVG in millimetres; pure functions of numbers."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from html import escape

FONTS = "Liberation Sans, Arial, DejaVu Sans, sans-serif"

Point = tuple[float, float]


def mm(value: float) -> str:
    """At most two decimals: a hundredth of a millimetre is below every printer."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def text(x: float, y: float, words: str, size: float = 2.3, anchor: str = "start", *, bold: bool = False) -> str:
    """A line of text."""
    weight = ' font-weight="bold"' if bold else ""
    return f'<text x="{mm(x)}" y="{mm(y)}" font-size="{size}" text-anchor="{anchor}"{weight}>{escape(words)}</text>'


def path(data: str, width: float, *, stroke: str = "#000", dash: str = "", fill: str = "none") -> str:
    """A stroked path; nothing for no data."""
    if not data:
        return ""
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return f'<path d="{data}" stroke="{stroke}" stroke-width="{width}" fill="{fill}" stroke-linejoin="bevel"{dashes}/>'


def box(x: float, y: float, width: float, height: float, *, stroke: float = 0.0, fill: str = "none") -> str:
    """A rectangle."""
    line = f' stroke="#000" stroke-width="{stroke}"' if stroke else ""
    return f'<rect x="{mm(x)}" y="{mm(y)}" width="{mm(width)}" height="{mm(height)}" fill="{fill}"{line}/>'


def line(points: Iterable[Point | None]) -> str:
    """Path data of a trace: ``None`` breaks it, inner points of a level run are dropped."""
    parts: list[str] = []
    run: list[Point] = []
    for point in [*points, None]:
        if point is not None:
            run.append(point)
        elif run:
            parts.append("M" + " ".join(f"{mm(x)},{mm(y)}" for x, y in _corners(run)))
            run = []
    return "".join(parts)


def envelope(points: Iterable[Point | None], column_mm: float = 0.12) -> list[Point | None]:
    """At most the first, lowest, highest and last point of each column, so that no nadir is lost on paper."""
    kept: list[Point | None] = []
    column: list[Point] = []
    key: int | None = None
    for point in [*points, None]:
        own = None if point is None else int(point[0] / column_mm)
        if own != key and column:
            kept.extend(_extremes(column))
            column = []
        key = own
        if point is None:
            if kept and kept[-1] is not None:
                kept.append(None)
        else:
            column.append(point)
    return kept


def hatched(x: float, y: float, width: float, height: float, *, crossed: bool = False, step: float = 1.1) -> str:
    """A white box with slanting lines; crossed ones for what was too low to be printed."""
    data = _slants(x, y, width, height, step)
    if crossed:
        data += _slants(x, y, width, height, step, falling=True)
    return box(x, y, width, height, stroke=0.12, fill="#fff") + path(data, 0.12)


def picture(width: float, height: float, body: str, label: str) -> str:
    """An image with its alternative text, at its true size."""
    drawn = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{mm(width)}mm" height="{mm(height)}mm" '
        f'viewBox="0 0 {mm(width)} {mm(height)}" font-family="{FONTS}" fill="#000">{body}</svg>'
    )
    return image(drawn, label, f"width:{mm(width)}mm;height:{mm(height)}mm")


def image(svg: str, label: str, style: str) -> str:
    """An SVG inside the page."""
    encoded = base64.b64encode(svg.encode()).decode()
    return f'<img alt="{escape(label)}" style="{style}" src="data:image/svg+xml;base64,{encoded}">'


def _corners(run: Sequence[Point]) -> list[Point]:
    if len(run) == 1:
        return [run[0], (run[0][0] + 0.01, run[0][1])]
    inner = [two for one, two, three in zip(run, run[1:], run[2:], strict=False) if not one[1] == two[1] == three[1]]
    return [run[0], *inner, run[-1]]


def _extremes(column: Sequence[Point]) -> list[Point]:
    order = sorted(range(len(column)), key=lambda index: column[index][1])
    return [column[index] for index in sorted({0, len(column) - 1, order[0], order[-1]})]


def _slants(x: float, y: float, width: float, height: float, step: float, *, falling: bool = False) -> str:
    data, offset = "", -height + step / 2
    while offset < width:
        left, right = max(0.0, offset), min(width, offset + height)
        if right > left:
            low, high = height - (left - offset), height - (right - offset)
            if falling:
                low, high = height - low, height - high
            data += f"M{mm(x + left)},{mm(y + low)}L{mm(x + right)},{mm(y + high)}"
        offset += step
    return data
