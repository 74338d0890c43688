"""A night as a picture the size of a word: SpO2 from 78 to 100 %, the 90 % line, red where the trace is below it."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

WIDTH, HEIGHT = 132, 32
TOP_PCT, FLOOR_PCT, LIMIT_PCT = 100.0, 78.0, 90.0


def sparkline(values: Sequence[float | None] | None) -> Markup:
    """The drawing, hidden from a screen reader: the row says the same in numbers; empty without values."""
    pieces = _pieces(values or ())
    if not pieces:
        return Markup()
    path = "".join("M" + "L".join(f"{x:.1f},{_y(spo2):.1f}" for x, spo2 in piece) for piece in pieces)
    below = "".join(_below(piece) for piece in pieces)
    limit = f'<line class="l-90" x1="0" x2="{WIDTH}" y1="{_y(LIMIT_PCT):.1f}" y2="{_y(LIMIT_PCT):.1f}"/>'
    low = f'<path class="f-low" d="{below}"/><path class="t-low" d="{below}"/>' if below else ""
    return Markup(  # noqa: S704 - nothing but numbers is put into it
        f'<svg class="plot spark" viewBox="0 0 {WIDTH} {HEIGHT}" aria-hidden="true">{limit}'
        f'<path class="t-spo2" d="{path}"/>{low}</svg>'
    )


def _pieces(values: Sequence[float | None]) -> list[list[tuple[float, float]]]:
    """The stretches without a hole, each a list of points."""
    step = WIDTH / max(1, len(values) - 1)
    pieces: list[list[tuple[float, float]]] = [[]]
    for index, value in enumerate(values):
        if value is None:
            pieces.append([])
        else:
            pieces[-1].append((index * step, float(value)))
    return [piece for piece in pieces if piece]


def _below(piece: Sequence[tuple[float, float]]) -> str:
    """The parts of a stretch under the limit, closed along it."""
    parts, limit = "", f"{_y(LIMIT_PCT):.1f}"
    run: list[tuple[float, float]] = []
    for x, spo2 in [*piece, (0.0, TOP_PCT)]:
        if spo2 < LIMIT_PCT:
            run.append((x, spo2))
        elif run:
            points = "L".join(f"{at:.1f},{_y(value):.1f}" for at, value in run)
            parts += f"M{run[0][0]:.1f},{limit}L{points}L{run[-1][0]:.1f},{limit}Z"
            run = []
    return parts


def _y(spo2_pct: float) -> float:
    return 1 + (TOP_PCT - max(spo2_pct, FLOOR_PCT)) / (TOP_PCT - FLOOR_PCT) * (HEIGHT - 2)
