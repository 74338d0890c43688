"""The drawn curves of a placed page, column by column, by their colour.

Samples are drawn as a green line; a column of pixels shows how far it reached in several samples, and the middle of
its coloured pixels, each weighing by how green it is, is the likely mean: a blurred edge counts for less than the line.
Pages without colours have no such line: there is no curve then.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import cv2
import numpy as np

from oximetry.adapters.vendor_report.report_layouts import Chart
from oximetry.adapters.vendor_report.report_registration import Placed
from oximetry.domain.recording import Samples
from oximetry.domain.report_curve import ReportCurve

SCALE = 2.0
LEAST_GREEN = 8.0
LEAST_PEAK = 25.0
OF_PEAK = 0.5
LEAST_DRAWN = 0.5
LINE_PX = 2.0


@dataclass(frozen=True)
class _Columns:
    mean: Samples
    low: Samples
    high: Samples


def curve(placed: Placed, started_at: datetime | None, duration_s: float | None) -> ReportCurve | None:
    """Both curves; ``None`` when the page has no coloured trace or its duration was not read."""
    spo2 = _columns(placed, placed.layout.spo2_chart)
    pulse = _columns(placed, placed.layout.pulse_chart)
    if spo2 is None or duration_s is None:
        return None
    columns = len(spo2.mean)
    return ReportCurve(
        started_at=started_at,
        time_s=(np.arange(columns) + 0.5) / columns * duration_s,
        spo2_pct=spo2.mean,
        pulse_bpm=np.full(columns, np.nan) if pulse is None else pulse.mean,
        spo2_low_pct=spo2.low,
        spo2_high_pct=spo2.high,
        clipped_below_pct=placed.layout.spo2_chart.low,
    )


def drawn_limits(placed: Placed) -> dict[str, tuple[float, float]]:
    """Between which values each printed extreme and mean must lie, by the drawn curves; empty without a coloured one.

    Wide enough for a photograph: thin peaks fade, so the printed extreme may lie beyond the drawn one by much, but not
    inside it; what went below the drawing pulls the printed mean down.
    """
    limits: dict[str, tuple[float, float]] = {}
    charts = (
        ("spo2", "pct", placed.layout.spo2_chart, 1.2, 5.0),
        ("pulse", "bpm", placed.layout.pulse_chart, 4.0, 25.0),
    )
    for group, unit, chart, inside, beyond in charts:
        found = _columns(placed, chart)
        if found is None:
            continue
        top, bottom = float(np.nanpercentile(found.high, 99.8)), float(np.nanpercentile(found.low, 0.2))
        mean = float(np.nanmean(found.mean))
        clipped = float(np.nanmean(found.low < chart.low + 1))
        deeper = float("inf") if bottom < chart.low + 1 else beyond
        limits[f"{group}_max_{unit}"] = (top - inside, float(np.nanmax(found.high)) + beyond)
        limits[f"{group}_min_{unit}"] = (bottom - deeper, bottom + inside + 1)
        limits[f"{group}_mean_{unit}"] = (mean - 0.5 - inside - 20 * clipped, mean + 0.5 + inside)
    return limits


def _columns(placed: Placed, chart: Chart) -> _Columns | None:
    """Mean and reach of the coloured pixels of each column, in the chart's unit."""
    _, top, _, bottom = chart.box
    if not placed.whole(chart.box):
        return None
    blue, green, red = cv2.split(placed.cut(chart.box, SCALE))
    green = cv2.subtract(green, cv2.addWeighted(blue, 0.5, red, 0.5, 0.0))
    coloured = green[green > LEAST_GREEN]
    peak = float(np.percentile(coloured, 90)) if coloured.size else 0.0
    weight = np.maximum(green - OF_PEAK * peak, 0.0)
    drawn = weight > 0
    seen = drawn.any(axis=0)
    if peak < LEAST_PEAK or seen.mean() < LEAST_DRAWN:
        return None
    rows = np.arange(drawn.shape[0], dtype=float)[:, None]
    per_row = (chart.high - chart.low) / (bottom - top) / SCALE
    mean = (weight * rows).sum(axis=0) / np.where(seen, weight.sum(axis=0), 1.0)
    first, last = drawn.argmax(axis=0), drawn.shape[0] - 1 - drawn[::-1].argmax(axis=0)
    half = np.minimum(LINE_PX * SCALE / 2, (last - first) / 2)
    values = (chart.high - per_row * row for row in (mean, last - half, first + half))
    return _Columns(*(np.where(seen, value, np.nan) for value in values))
