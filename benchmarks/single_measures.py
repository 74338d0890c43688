"""What one process does: reading and analysing a night, drawing its picture."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from statistics import median

from benchmarks.report import Row
from oximetry.adapters.plots import PngRenderer
from oximetry.composition import PICTURE_SIZE_PX, PLOTLY_BUNDLE
from oximetry.readers.formats import create_registry
from oximetry.services.nights.analysis import analyse
from oximetry.web.figures import night_figure
from oximetry.web.i18n import words
from tests.factories import night_name, wavy_csv

ROUNDS = 15
WEEK_S = 7 * 24 * 3600


def night() -> Iterator[Row]:
    """Read and analyse, the whole way from bytes to numbers."""
    start = datetime(2025, 10, 7, 22, 0, 0)
    registry = create_registry()
    for rows, step_s, budget in ((9000, 4, "≤ 40 ms"), (36000, 1, "≤ 150 ms")):
        content = wavy_csv(start, rows, step_s)
        took = [_timed(partial(analyse, registry, content, night_name("9001", start))) for _ in range(ROUNDS)]
        yield Row(f"read + analyse one night, {rows} samples, one core", budget, f"{median(took) * 1000:.0f} ms")
    content = wavy_csv(start, WEEK_S, 1)
    week = _timed(partial(analyse, registry, content, night_name("9001", start))) / (WEEK_S / 36_000)
    yield Row("a week at 1 s, 604800 samples, per 36000 of them", "≤ 150 ms (linear)", f"{week * 1000:.0f} ms")


def picture() -> Iterator[Row]:
    """PNG in a warm renderer, one after another and from four threads."""
    from concurrent.futures import ThreadPoolExecutor

    renderer = PngRenderer(PLOTLY_BUNDLE)
    start = datetime(2025, 10, 7, 22, 0, 0)
    report = analyse(create_registry(), wavy_csv(start, 9000, 4), night_name("9001", start))

    def draw(_: int = 0) -> bytes:
        return renderer.png(night_figure(report, words("ro"), picture=True), *PICTURE_SIZE_PX)

    draw()
    single = median(_timed(draw) for _ in range(ROUNDS))
    with ThreadPoolExecutor(4) as pool:
        four = _timed(lambda: list(pool.map(draw, range(24)))) / 24
    renderer.close()
    yield Row("whole-night PNG 1280×720, warm, one at a time", "≤ 0.25 s", f"{single:.2f} s")
    yield Row("whole-night PNG 1280×720, warm, per picture of four threads", "≤ 0.25 s", f"{four:.2f} s")


def _timed(act: object) -> float:
    start = time.perf_counter()
    act()  # type: ignore[operator]
    return time.perf_counter() - start
