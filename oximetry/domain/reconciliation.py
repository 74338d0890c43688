"""A vendor's report beside our own numbers of the same night: what must agree, what may differ, and why.

Percentages and extremes come from the same samples, so they must agree or the report is another night's, or another
person's. Times, drops and the score are the firmware's own arithmetic: they are shown beside ours and never emulated.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from oximetry.domain.device_report import Band, DeviceReport
from oximetry.domain.night_numbers import NightNumbers
from oximetry.domain.quality import LOWEST_PRINTED_PCT

PCT_TOLERANCE = 0.02
START_TOLERANCE_S = 60.0  # the report prints whole minutes
MEAN_TOLERANCE = 1.0  # and whole means
CLIPPED_BELOW_PCT = 70.0
BYTE_LIMIT = 255

_ROUNDING = 1e-6
_RANGE = re.compile(r"(\d+)-(\d+)")
_EXACT = ("spo2_max_pct", "pulse_max_bpm", "pulse_min_bpm")
_MEANS = ("spo2_mean_pct", "pulse_mean_bpm")


@dataclass(frozen=True, slots=True)
class Compared:
    """One number of the report beside ours.

    Attributes
    ----------
    name : str
        The report's field; of a table ``spo2_bands[90-94].pct``.
    theirs, ours : float or None
        Of ``started_at`` the seconds since 1970 on the device's wall clock.
        ``None`` for theirs: not read with certainty; for ours: we have no such number.
    agrees : bool or None
        Whether they agree as closely as one night's must; ``None`` where they need not, or cannot be compared.
    why : str or None
        Why they may differ, as a word for the page: ``percent_times_duration``, ``firmware``, ``byte_limit``,
        ``not_printed_below_61``, ``whole_numbers``, ``one_interval_more``.
    """

    name: str
    theirs: float | None
    ours: float | None
    agrees: bool | None = None
    why: str | None = None


def reconcile(report: DeviceReport, numbers: NightNumbers) -> list[Compared]:
    """Every number that the report prints, in its order, beside ours.

    Parameters
    ----------
    numbers : NightNumbers
        Of the night. A night with spans left out has other numbers than its file: then nothing must agree.
    """
    comparisons = [
        _start(report, numbers),
        *_headline(report, numbers),
        *_bands(report, numbers),
        *_drops(report, numbers),
    ]
    return [replace(one, agrees=None) for one in comparisons] if numbers.exclusions else comparisons


def disagreements(report: DeviceReport, numbers: NightNumbers) -> list[Compared]:
    """What cannot be of one night; empty for a report that fits, and for one of which nothing was read."""
    return [one for one in reconcile(report, numbers) if one.agrees is False]


def _start(report: DeviceReport, numbers: NightNumbers) -> Compared:
    ours = _seconds(numbers.started_at)
    theirs = _seconds(report.started_at) if report.started_at else None
    near = None if theirs is None else abs(ours - theirs) <= START_TOLERANCE_S
    return Compared("started_at", theirs, ours, near)


def _seconds(wall_clock: datetime) -> float:
    return (wall_clock - datetime(1970, 1, 1)).total_seconds()


def _headline(report: DeviceReport, numbers: NightNumbers) -> Iterator[Compared]:
    interval_s = numbers.sampling_interval_s
    yield _within("duration_s", report.duration_s, numbers.recorded_s, max(10.0, 2.5 * interval_s), "one_interval_more")
    for name in _EXACT:
        yield _within(name, getattr(report, name), getattr(numbers, name), 0.0)
    yield _lowest(report.spo2_min_pct, numbers.spo2_min_pct)
    for name in _MEANS:
        yield _within(name, getattr(report, name), getattr(numbers, name), MEAN_TOLERANCE, "whole_numbers")


def _lowest(theirs: float | None, ours: float | None) -> Compared:
    """Exact, but for the depths that devices and firmware show differently."""
    ours, compared = _known(ours), _within("spo2_min_pct", theirs, ours, 0.0)
    if theirs is None or ours is None or min(theirs, ours) >= CLIPPED_BELOW_PCT:
        return compared
    both_deep = max(theirs, ours) < CLIPPED_BELOW_PCT
    why = "not_printed_below_61" if theirs <= LOWEST_PRINTED_PCT else None
    return Compared("spo2_min_pct", theirs, ours, both_deep, why)


def _within(name: str, theirs: float | None, ours: float | None, tolerance: float, why: str | None = None) -> Compared:
    ours = _known(ours)
    if theirs is None or ours is None:
        return Compared(name, theirs, ours)
    return Compared(name, theirs, ours, abs(theirs - ours) <= tolerance + _ROUNDING, why if theirs != ours else None)


def _bands(report: DeviceReport, numbers: NightNumbers) -> Iterator[Compared]:
    for table in ("threshold_bands", "spo2_bands"):
        for band in getattr(report, table):
            yield from _band(f"{table}[{band.label}]", band, numbers)
    for band in report.pulse_bands:
        yield Compared(f"pulse_bands[{band.label}].pct", band.pct, None)
        yield Compared(f"pulse_bands[{band.label}].time_s", band.time_s, None)


def _band(name: str, band: Band, numbers: NightNumbers) -> Iterator[Compared]:
    share = share_pct(band.label, numbers.time_below_pct) if band.label else None
    yield _within(f"{name}.pct", band.pct, share, PCT_TOLERANCE)
    measured_s = None if share is None else share / 100 * numbers.valid_s
    yield Compared(f"{name}.time_s", band.time_s, measured_s, why="percent_times_duration")


def _known(value: float | None) -> float | None:
    """``None`` for a number that cannot be known."""
    return None if value is None or math.isnan(value) else value


def share_pct(label: str, time_below_pct: Mapping[str, float]) -> float | None:
    """Percent of valid time inside a printed range of SpO2; ``None`` for a range whose edges we do not count."""
    below: dict[int, float] = {int(edge): share for edge, share in time_below_pct.items() if not math.isnan(share)}
    below[101] = 100.0
    edges = _RANGE.fullmatch(label)
    if edges:
        low, high = int(edges[1]), int(edges[2]) + 1
    elif label.startswith(("<", ">=")):
        edge = int(label.lstrip("<>="))
        under = edge + 1 if label.startswith("<=") else edge
        low, high = (0, under) if label.startswith("<") else (edge, 101)
    else:
        return None
    below[0] = 0.0
    return below[high] - below[low] if low in below and high in below else None


def _drops(report: DeviceReport, numbers: NightNumbers) -> Iterator[Compared]:
    for depth in (3, 4):
        theirs, ours = getattr(report, f"drops_over_{depth}pct"), getattr(numbers, f"desaturations{depth}")
        why = "byte_limit" if theirs is not None and theirs >= BYTE_LIMIT else "firmware"
        yield Compared(f"drops_over_{depth}pct", theirs, ours, why=why)
        per_h = getattr(report, f"drops_over_{depth}pct_per_h")
        yield Compared(f"drops_over_{depth}pct_per_h", per_h, _known(getattr(numbers, f"odi{depth}_per_h")), why=why)
    yield Compared("o2_score", report.o2_score, None, why="firmware")
