"""The numbers of one placed page: two engines that must agree, arithmetic that must hold, and otherwise nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np

from oximetry.adapters.vendor_report.report_cells import line_in
from oximetry.adapters.vendor_report.report_checks import Limits, checks
from oximetry.adapters.vendor_report.report_curve import drawn_limits
from oximetry.adapters.vendor_report.report_engines import Engine
from oximetry.adapters.vendor_report.report_grammar import Value, value
from oximetry.adapters.vendor_report.report_layouts import ANONYMOUS, Cell, Kind
from oximetry.adapters.vendor_report.report_registration import Placed
from oximetry.domain.device_report import BAND_TABLES, HEADER_FIELDS, NUMBER_FIELDS, Band, DeviceReport

LOOKS = ((1.5, 0.0), (1.0, 0.0), (2.0, 1.2))
"""Pixels per layout pixel and blur of each look; the first is for all cells, the others for those in doubt."""
ALONE, OUTVOTING = 3, 4
LEAST_PROOF = 2
SLIDER_TOLERANCE = 0.45
LEAST_SCALE = 0.57
"""Pixels of the picture per layout pixel under which digits are so small that both engines may take one for another."""
WORDS = (Kind.MOMENT, Kind.AFTER_COLON_WHOLE, Kind.AFTER_COLON_DECIMAL)

CONFIRMED, AGREED, REREAD, PROVEN = 1.0, 0.98, 0.95, 0.9


@dataclass
class _Reading:
    """What every engine made of a cell so far, by engine and scale."""

    cell: Cell
    seen: dict[str, list[Value | None]] = field(default_factory=dict)
    empty: bool = False
    scales: int = 0

    def agreed(self) -> Value | None:
        """The value that all engines give: at the first look all alike, after more looks by a clear majority."""
        if self.empty or not self.seen:
            return None
        if self.scales == 1:
            values = {looks[0] for looks in self.seen.values()}
            return values.pop() if len(values) == 1 else None
        counts = Counter(one for looks in self.seen.values() for one in looks if one is not None)
        if not counts:
            return None
        best, times = counts.most_common(1)[0]
        by_all = all(best in looks for looks in self.seen.values())
        against = sum(counts.values()) - times
        return best if by_all and ((times >= OUTVOTING and against <= 1) or (times >= ALONE and not against)) else None


def read_page(placed: Placed, engines: Sequence[Engine]) -> DeviceReport:
    """The report on a page whose layout was found."""
    cells = (*placed.layout.cells, *placed.layout.axis)
    readings = {cell.name: _Reading(cell) for cell in cells}
    drawn = _drawn(placed)
    _look(placed, engines, list(readings.values()), LOOKS[0])
    values = {name: reading.agreed() for name, reading in readings.items()}
    for look in LOOKS[1:]:
        doubtful = _doubtful(values, drawn)
        again = [one for name, one in readings.items() if (name in doubtful or values[name] is None) and not one.empty]
        _look(placed, engines, again, look)
        values |= {one.cell.name: one.agreed() for one in again}
    for name in _culprits(values, drawn):
        values[name] = None
    values = _believed(values, readings, drawn, proof_needed=len(engines) == 1 or placed.scale() < LEAST_SCALE)
    proven = _proven(values, readings, drawn)
    values |= proven
    return _report(placed, values, _confidence(values, readings, proven, drawn), carries_name(placed, engines))


def _drawn(placed: Placed) -> Limits:
    """What the drawings of the page say about printed values."""
    score = slider_score(placed)
    scale = {} if score is None else {"o2_score": (score - SLIDER_TOLERANCE, score + SLIDER_TOLERANCE)}
    return {**drawn_limits(placed), **scale}


def slider_score(placed: Placed) -> float | None:
    """The score that the pointer of its scale shows, 0 to 10; ``None`` when no pointer is seen."""
    left, top, right, bottom = placed.layout.slider
    gray = cv2.cvtColor(placed.cut((left - 12, top, right + 12, bottom)), cv2.COLOR_BGR2GRAY).astype(float)
    lower = gray[gray.shape[0] // 2 :]
    depth = np.clip(np.percentile(lower, 75) - lower, 0, None)
    if depth.max() < 40:
        return None
    weights = np.where(depth > 0.4 * depth.max(), depth, 0.0).sum(axis=0)
    places = np.arange(len(weights))
    centre = float((weights * places).sum() / weights.sum())
    spread = float(np.sqrt((weights * (places - centre) ** 2).sum() / weights.sum()))
    return None if spread > 8 else (centre + 0.5 - 12) / (right - left) * 10


def carries_name(placed: Placed, engines: Sequence[Engine]) -> bool | None:
    """Whether a name, an age or a sex is printed; the words themselves are dropped at once."""
    if not all(placed.whole(box) for box in placed.layout.private):
        return None
    lines = [line_in(placed, box, 1.0) for box in placed.layout.private]
    seen = [(number, line) for number, line in enumerate(lines) if line is not None]
    texts = [engine.read([line for _, line in seen], [False] * len(seen)) for engine in engines]
    answers = [_private(said, name=seen[at][0] == 0) for at, said in enumerate(zip(*texts, strict=True))]
    if any(answer is True for answer in answers):
        return True
    return None if any(answer is None for answer in answers) else False


def _private(texts: Sequence[str], name: bool) -> bool | None:
    """Whether something stands behind the label's colon; ``None`` when the engines do not say the same."""
    found = set()
    for text in texts:
        label, colon, rest = text.replace("：", ":").partition(":")
        if not colon or not label:
            return None
        said = rest.strip(" .").lower()
        found.add(bool(said) and not (name and said in ANONYMOUS))
    return found.pop() if len(found) == 1 else None


def _look(placed: Placed, engines: Sequence[Engine], readings: list[_Reading], look: tuple[float, float]) -> None:
    """One more look of every engine at the cells."""
    lines = [(one, line_in(placed, one.cell.box, *look)) for one in readings]
    for one, line in lines:
        one.empty = one.empty or line is None
        one.scales += 1
    filled = [(one, line) for one, line in lines if line is not None]
    numeric = [one.cell.kind not in WORDS for one, _ in filled]
    for engine in engines:
        texts = engine.read([line for _, line in filled], numeric) if filled else []
        for (one, _), text in zip(filled, texts, strict=True):
            one.seen.setdefault(engine.name, []).append(value(one.cell.kind, text))


def _doubtful(values: dict[str, Any], drawn: Limits) -> set[str]:
    return {name for check in checks(values, drawn) if not check.passed for name in check.fields}


def _culprits(values: dict[str, Any], drawn: Limits) -> set[str]:
    """The fields to drop until no check fails: those in the largest share of failing checks first, ties together."""
    dropped: set[str] = set()
    while True:
        now = {name: None if name in dropped else one for name, one in values.items()}
        failed: Counter[str] = Counter()
        total: Counter[str] = Counter()
        for check in checks(now, drawn):
            total.update(check.fields)
            if not check.passed:
                failed.update(check.fields)
        if not failed:
            return dropped
        shares = {name: failed[name] / total[name] for name in failed}
        worst = max(shares.values())
        dropped |= {name for name, share in shares.items() if share >= worst - 1e-9}


def _believed(
    values: dict[str, Any], readings: dict[str, _Reading], drawn: Limits, proof_needed: bool
) -> dict[str, Any]:
    """The values without what nothing confirms: a range needs a neighbour; with proof needed, every field proof."""
    kept = dict(values)
    for name, value_read in values.items():
        about = [check for check in checks(values, drawn) if name in check.fields] if value_read is not None else []
        least = LEAST_PROOF if proof_needed else int(readings[name].cell.kind is Kind.RANGE)
        if sum(check.strength for check in about) < least:
            kept[name] = None
    return kept


def _proven(values: dict[str, Any], readings: dict[str, _Reading], drawn: Limits) -> dict[str, Any]:
    """Fields without agreement of which exactly one candidate is proven by checks against fields that are sure."""
    proven: dict[str, Any] = {}
    for name, reading in readings.items():
        if values[name] is not None or reading.empty:
            continue
        candidates = {one for looks in reading.seen.values() for one in looks if one is not None}
        fitting = [one for one in candidates if _fits({**values, name: one}, name, drawn)]
        if len(fitting) == 1 and len(candidates) <= 3:
            proven[name] = fitting[0]
    return proven


def _fits(values: dict[str, Any], name: str, drawn: Limits) -> bool:
    about = [check for check in checks(values, drawn) if name in check.fields]
    return all(check.passed for check in about) and sum(check.strength for check in about) >= LEAST_PROOF


def _confidence(
    values: dict[str, Any], readings: dict[str, _Reading], proven: dict[str, Any], drawn: Limits
) -> dict[str, float]:
    confirmed = {name for check in checks(values, drawn) if check.strength and check.passed for name in check.fields}
    answer = {}
    for name, reading in readings.items():
        if values[name] is None:
            answer[name] = 0.0
        elif name in proven:
            answer[name] = PROVEN
        elif reading.scales > 1:
            answer[name] = REREAD
        else:
            answer[name] = CONFIRMED if name in confirmed else AGREED
    return answer


def _report(placed: Placed, values: dict[str, Any], confidence: dict[str, float], named: bool | None) -> DeviceReport:
    tables: dict[str, Any] = {}
    for table in BAND_TABLES:
        rows = sum(name.startswith(f"{table}[") and name.endswith(".pct") for name in values)
        tables[table] = tuple(
            Band(*(values[f"{table}[{row}].{part}"] for part in ("label", "time_s", "pct"))) for row in range(rows)
        )
    printed = {cell.name for cell in placed.layout.cells}
    uncertain = [name for name in values if name in printed and values[name] is None]
    return DeviceReport(
        **{name: values[name] for name in (*HEADER_FIELDS, *NUMBER_FIELDS)},
        **tables,
        carries_name=named,
        uncertain=(*uncertain, *(["carries_name"] if named is None else [])),
        confidence={name: sure for name, sure in confidence.items() if name in printed}
        | {"carries_name": 0.0 if named is None else AGREED},
        layout=placed.layout.name,
    )
