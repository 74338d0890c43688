"""Damaged reports of made-up nights, read and compared with the truth: right, flagged, silently wrong.

``python -m benchmarks.report_reading [COUNT [FIRST [CLASS]]]``; the table is printed as it grows. Run at low priority.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.report_damages import DAMAGES
from benchmarks.report_generator import draw, fonts
from benchmarks.report_nights import make_night
from oximetry.adapters.vendor_report.report_parsing import parse
from oximetry.domain.errors import InvalidUpload


@dataclass(frozen=True)
class Outcome:
    """One damaged report: how many fields were read right, were flagged, and which were silently wrong."""

    right: int
    flagged: int
    wrong: tuple[str, ...]
    refused: str | None


def damaged(seed: int, damage: str) -> tuple[dict[str, Any], bytes]:
    """The truth and the file."""
    chosen = fonts()
    night = make_night(seed)
    picture = draw(night, chosen[seed % len(chosen)])
    return night.truth, DAMAGES[damage](picture, np.random.default_rng(seed))


def outcome(truth: dict[str, Any], content: bytes) -> Outcome:
    """Read it and compare."""
    try:
        read = parse(content).values()
    except InvalidUpload as error:
        return Outcome(0, len(truth), (), error.reason)
    wrong = [f"{name}={read[name]!r} for {truth.get(name)!r}" for name in read if _wrong(read[name], truth.get(name))]
    right = sum(read.get(name) == value for name, value in truth.items())
    return Outcome(right, len(truth) - right - len(wrong), tuple(wrong), None)


def _wrong(read: Any, true: Any) -> bool:
    return read is not None and read != true


def main(count: int = 2100, first: int = 0, only: str | None = None) -> None:
    """Measure and print."""
    names = [name for name in DAMAGES if only is None or only in name]
    totals: dict[str, Counter[str]] = {name: Counter() for name in names}
    start = time.perf_counter()
    for number in range(count):
        name, seed = names[number % len(names)], first + number
        result = outcome(*damaged(seed, name))
        here = totals[name]
        here.update(reports=1, right=result.right, flagged=result.flagged, wrong=len(result.wrong))
        here.update(refused=result.refused is not None, whole=result.flagged == 0 and not result.wrong)
        for line in result.wrong:
            print(f"SILENTLY WRONG seed={seed} class={name} {line}", file=sys.stderr, flush=True)
        if number % 50 == 49 or number + 1 == count:
            print(f"\n{number + 1} reports in {time.perf_counter() - start:.0f} s\n\n{table(totals)}", flush=True)


def table(totals: dict[str, Counter[str]]) -> str:
    """The totals by class, as Markdown."""
    lines = [
        "| class | reports | all fields read | refused | fields right | flagged | **silently wrong** |",
        "|---|---|---|---|---|---|---|",
    ]
    rows = [*totals.items(), ("**all**", sum(totals.values(), Counter()))]
    for name, one in rows:
        fields = max(1, one["right"] + one["flagged"] + one["wrong"])
        lines.append(
            f"| {name} | {one['reports']:,} | {one['whole']:,} | {one['refused']:,} | {one['right']:,} "
            f"({100 * one['right'] / fields:.1f} %) | {one['flagged']:,} | {one['wrong']:,} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    given = sys.argv[1:]
    main(*(int(one) for one in given[:2]), *given[2:3])
