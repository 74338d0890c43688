"""The arithmetic between the printed fields: what must hold when every digit was read right.

Each check names its fields and answers only when it has them all. Times are ``percent × duration`` cut to seconds
(facts of the vendor's software), so a band's time, its percent and the duration prove one another.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

Values = Mapping[str, Any]
Limits = Mapping[str, tuple[float, float]]

ROUNDING_PCT = 0.005
SLACK_PCT = 0.0011
LIMITS: Limits = {
    "spo2_max_pct": (30, 100),
    "spo2_mean_pct": (30, 100),
    "spo2_min_pct": (30, 100),
    "pulse_max_bpm": (20, 300),
    "pulse_mean_bpm": (20, 300),
    "pulse_min_bpm": (20, 300),
    "o2_score": (0, 10),
    "drops_over_4pct": (0, 5000),
    "drops_over_3pct": (0, 5000),
    "threshold_pct": (70, 100),
    "duration_s": (60, 86_400),
}


@dataclass(frozen=True)
class Check:
    """One relation; passing it is evidence of ``strength`` 2 when it leaves one value, 1 when a few, 0 when many."""

    fields: tuple[str, ...]
    passed: bool
    strength: int


def checks(values: Values, drawn: Limits | None = None) -> list[Check]:
    """Every check whose fields are all there.

    Parameters
    ----------
    values : mapping
        By the field names of a `DeviceReport`, ``first_clock`` and ``last_clock`` of the chart's axis beside them;
        absent or ``None`` for what was not read.
    drawn : mapping, optional
        Lowest and highest value that a field can have by what is drawn: the curves, the pointer of the score's scale.
    """
    tables = {name: _rows(values, name) for name in ("spo2_bands", "threshold_bands", "pulse_bands")}
    found: list[Check] = []
    found += _limits(values, LIMITS)
    found += _limits(values, drawn or {})
    for name, rows in tables.items():
        found += _times(values, name, rows)
        found += _sums(values, name, rows)
        found += _labels(values, name, rows)
    found += _same_ranges(values, tables["spo2_bands"], tables["threshold_bands"])
    found += _drops(values)
    found += _extremes(values, "spo2", "pct", tables["spo2_bands"])
    found += _extremes(values, "pulse", "bpm", tables["pulse_bands"])
    found += _clock(values)
    return found


def limits_of(label: Any) -> tuple[float, float] | None:
    """The whole numbers a label covers, both ends included; ``None`` for what is no label."""
    text = str(label)
    if re.fullmatch(r"\d+-\d+", text):
        low, high = (float(part) for part in text.split("-"))
        return low, high
    found = re.fullmatch(r"(<=|>=|<|>)(\d+)", text)
    if found is None:
        return None
    sign, edge = found[1], float(found[2])
    return {
        "<": (float("-inf"), edge - 1),
        "<=": (float("-inf"), edge),
        ">": (edge + 1, float("inf")),
        ">=": (edge, float("inf")),
    }[sign]


def _rows(values: Values, table: str) -> int:
    return len({name for name in values if name.startswith(f"{table}[") and name.endswith("].pct")})


def _when(values: Values, names: tuple[str, ...], holds: Callable[..., bool], strength: int = 0) -> Iterator[Check]:
    found = [values.get(name) for name in names]
    if all(value is not None for value in found):
        yield Check(names, bool(holds(*found)), strength)


def _limits(values: Values, limits: Limits) -> Iterator[Check]:
    for name, (low, high) in limits.items():
        yield from _when(values, (name,), lambda value, low=low, high=high: low <= value <= high)


def _times(values: Values, table: str, rows: int) -> Iterator[Check]:
    def agree(time_s: int, pct: float, duration_s: int) -> bool:
        return (
            -0.02
            <= pct * duration_s / 100 + ROUNDING_PCT * duration_s / 100 - time_s
            <= (2 * ROUNDING_PCT * duration_s / 100 + 1.02)
        )

    for row in range(rows):
        yield from _when(values, (f"{table}[{row}].time_s", f"{table}[{row}].pct", "duration_s"), agree, 1)


def _sums(values: Values, table: str, rows: int) -> Iterator[Check]:
    percents = tuple(f"{table}[{row}].pct" for row in range(rows))
    times = tuple(f"{table}[{row}].time_s" for row in range(rows))
    if rows:
        yield from _when(values, percents, lambda *pct: abs(sum(pct) - 100) <= rows * ROUNDING_PCT + SLACK_PCT, 1)
        yield from _when(values, (*times, "duration_s"), lambda *all_s: -rows <= sum(all_s[:-1]) - all_s[-1] <= 0, 1)


def _labels(values: Values, table: str, rows: int) -> Iterator[Check]:
    names = tuple(f"{table}[{row}].label" for row in range(rows))

    def follow(above: str, below: str) -> bool:
        first, second = limits_of(above), limits_of(below)
        return first is not None and second is not None and first[0] - 1 == second[1] and second[0] <= second[1]

    def ends(*labels: str) -> bool:
        first, last = limits_of(labels[0]), limits_of(labels[-1])
        if first is None or last is None:
            return False
        return first[1] in (100.0, float("inf")) and first[0] <= first[1] and last[0] == float("-inf")

    for above, below in pairwise(names):
        yield from _when(values, (above, below), follow, 1)
    if rows:
        yield from _when(values, names, ends, 2)
    if table == "threshold_bands" and rows:
        yield from _when(
            values,
            ("threshold_pct", names[-1]),
            lambda threshold, label: label == f"<{threshold}",
            2,
        )


def _same_ranges(values: Values, spo2_rows: int, threshold_rows: int) -> Iterator[Check]:
    """A range of the threshold's table that rows of the other table make up must have their sum."""
    spo2 = [limits_of(values.get(f"spo2_bands[{row}].label")) for row in range(spo2_rows)]
    if not spo2 or any(one is None for one in spo2):
        return
    for row in range(threshold_rows):
        limits = limits_of(values.get(f"threshold_bands[{row}].label"))
        if limits is None:
            continue
        low, high = limits[0], min(limits[1], 100.0)
        inside = [n for n, one in enumerate(spo2) if one is not None and low <= one[0] and one[1] <= high]
        covered = [spo2[n] for n in inside]
        if not covered or max(one[1] for one in covered if one) != high or min(one[0] for one in covered if one) != low:
            continue
        names = tuple(f"spo2_bands[{n}].pct" for n in inside)
        slack = (len(inside) + 1) * ROUNDING_PCT + SLACK_PCT if len(inside) > 1 else SLACK_PCT
        yield from _when(
            values,
            (f"threshold_bands[{row}].pct", *names),
            lambda whole, *parts, slack=slack: abs(whole - sum(parts)) <= slack,
            2 if len(inside) == 1 else 1,
        )
        names = tuple(f"spo2_bands[{n}].time_s" for n in inside)
        yield from _when(
            values,
            (f"threshold_bands[{row}].time_s", *names),
            lambda whole, *parts: 0 <= whole - sum(parts) <= len(parts) - 1,
            2 if len(inside) == 1 else 1,
        )


def _drops(values: Values) -> Iterator[Check]:
    for name in ("drops_over_4pct", "drops_over_3pct"):
        yield from _when(
            values,
            (name, f"{name}_per_h", "duration_s"),
            lambda drops, per_h, duration_s: abs(drops * 3600 / duration_s - per_h) <= ROUNDING_PCT + SLACK_PCT,
            2,
        )
    yield from _when(values, ("drops_over_4pct", "drops_over_3pct"), lambda four, three: four <= three)


def _extremes(values: Values, group: str, unit: str, rows: int) -> Iterator[Check]:
    most, mean, least = (f"{group}_{name}_{unit}" for name in ("max", "mean", "min"))
    table = f"{group}_bands"
    yield from _when(values, (most, mean), lambda a, b: a >= b)
    yield from _when(values, (mean, least), lambda a, b: a >= b)
    bands = [(limits_of(values.get(f"{table}[{n}].label")), values.get(f"{table}[{n}].pct")) for n in range(rows)]
    filled = [limits for limits, pct in bands if limits is not None and pct is not None and pct > 0]
    if not filled or any(limits is None or pct is None for limits, pct in bands):
        return
    yield from _when(values, (most,), lambda value: filled[0][0] <= value <= max(filled[0][1], 100))
    yield from _when(values, (least,), lambda value: filled[-1][0] <= value <= filled[-1][1])
    top, bottom = values.get(most), values.get(least)
    if top is not None and bottom is not None:
        low = sum(max(one[0], bottom) * pct for one, pct in bands if one is not None and pct is not None) / 100
        high = sum(min(one[1], top) * pct for one, pct in bands if one is not None and pct is not None) / 100
        yield from _when(values, (mean, most, least), lambda value, *_: low - 1.01 <= value <= high + 1.01)


def _clock(values: Values) -> Iterator[Check]:
    def span(start: datetime, end: datetime, duration_s: int) -> bool:
        return abs((end - start).total_seconds() - duration_s) < 61

    yield from _when(values, ("started_at", "ended_at", "duration_s"), span, 1)
    for clock, moment in (("first_clock", "started_at"), ("last_clock", "ended_at")):
        yield from _when(values, (clock, moment), lambda shown, when: f"{when:%H:%M}" == shown)
