"""The curves of a vendor's report, reconstructed from its picture: the shape of a night, never its events.

A pixel column holds several samples (8 on a ten-hour night), so what is known is how far the curve reached in it, not
in which order: a mean, the time below a level and a five-minute shape can be told, a desaturation or an ODI cannot.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from oximetry.domain.recording import Samples

SHAPE_S = 300.0
_COLUMNS = ("time_s", "spo2_pct", "pulse_bpm", "spo2_low_pct", "spo2_high_pct")


@dataclass(frozen=True, slots=True)
class ReportCurve:
    """SpO2 and pulse by pixel column.

    Parameters
    ----------
    started_at : datetime or None
        The printed start, to the minute; ``None`` when it was not read.
    time_s : ndarray, shape (n,)
        Middle of each column, seconds from the start.
    spo2_pct, pulse_bpm : ndarray, shape (n,)
        The likely mean of each column; NaN where nothing is drawn.
    spo2_low_pct, spo2_high_pct : ndarray, shape (n,)
        How far the curve reaches in each column; NaN where nothing is drawn.
    clipped_below_pct : float
        The lower edge of the drawing: what went deeper is drawn on it.
    """

    started_at: datetime | None
    time_s: Samples
    spo2_pct: Samples
    pulse_bpm: Samples
    spo2_low_pct: Samples
    spo2_high_pct: Samples
    clipped_below_pct: float

    def __post_init__(self) -> None:
        if any(getattr(self, name).shape != self.time_s.shape for name in _COLUMNS):
            raise ValueError("columns of different length")

    @property
    def spo2_mean_pct(self) -> float:
        """Mean over the columns where the curve is drawn; too high where the night went below the drawing."""
        return float(np.nanmean(self.spo2_pct))

    @property
    def pulse_mean_bpm(self) -> float:
        """Mean over the columns where the curve is drawn; NaN when it is drawn nowhere."""
        return float(np.nanmean(self.pulse_bpm)) if np.isfinite(self.pulse_bpm).any() else float("nan")

    def as_json(self) -> dict[str, Any]:
        """Plain numbers, ``None`` where nothing is drawn."""
        columns = {name: _plain(getattr(self, name)) for name in _COLUMNS}
        started_at = self.started_at.isoformat() if self.started_at else None
        return {"started_at": started_at, "clipped_below_pct": self.clipped_below_pct, **columns}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> ReportCurve:
        """The curve again from what `as_json` gave."""
        columns = {name: np.array(stored[name], np.float64) for name in _COLUMNS}
        started_at = datetime.fromisoformat(stored["started_at"]) if stored["started_at"] else None
        return cls(started_at=started_at, clipped_below_pct=stored["clipped_below_pct"], **columns)

    def time_below_pct(self, threshold_pct: float) -> float:
        """Percent of the drawn time strictly below a whole threshold (90 for T90).

        Samples are whole numbers, so "below 90" is everything under the level 89.5 of the drawing; a column that the
        level divides counts by the divided parts.
        """
        level = threshold_pct - 0.5
        drawn = np.isfinite(self.spo2_low_pct)
        low, high = self.spo2_low_pct[drawn], self.spo2_high_pct[drawn]
        span = np.maximum(high - low, 1e-6)
        shares = np.where(high - low < 0.5, (low + high) / 2 < level, np.clip((level - low) / span, 0.0, 1.0))
        return float(100 * shares.mean())

    def shape(self, step_s: float = SHAPE_S) -> tuple[Samples, Samples, Samples]:
        """Time, mean SpO2 and mean pulse of each block of five minutes; NaN where nothing is drawn."""
        blocks = (self.time_s // step_s).astype(np.int64)
        count = int(blocks[-1]) + 1
        spo2_pct, pulse_bpm = (_means(values, blocks, count) for values in (self.spo2_pct, self.pulse_bpm))
        return np.asarray((np.arange(count) + 0.5) * step_s, np.float64), spo2_pct, pulse_bpm


def _plain(values: Samples) -> list[float | None]:
    return [round(value, 3) if np.isfinite(value) else None for value in values.tolist()]


def _means(values: Samples, blocks: np.ndarray, count: int) -> Samples:
    drawn = np.isfinite(values)
    sums = np.bincount(blocks[drawn], weights=values[drawn], minlength=count)
    numbers = np.bincount(blocks[drawn], minlength=count)
    return np.where(numbers > 0, sums / np.maximum(numbers, 1), np.nan)
