"""The rules' indices as one picture of a range: the headline, its companion and the maker's on one scale."""

from __future__ import annotations

import math
from dataclasses import dataclass

from markupsafe import Markup

from oximetry.domain.listing import Headline
from oximetry.domain.night_numbers import NightNumbers
from oximetry.web.i18n import Words
from oximetry.web.numbers import HEADLINES

WIDTH, HEIGHT, LEFT, RIGHT = 300, 46, 8, 292
TICKS_PER_H = (5, 15, 30)
_COMPANIONS = {
    Headline.ODI4_MEAN120: Headline.ODI4,
    Headline.ODI3_MEAN120: Headline.ODI3,
    Headline.ODI4: Headline.ODI4_MEAN120,
    Headline.ODI3: Headline.ODI3_MEAN120,
}
_VENDOR = {"odi4": "drops_over_4pct_per_h", "odi3": "drops_over_3pct_per_h"}


@dataclass(frozen=True, slots=True)
class IndexRange:
    """The drawing, and under it each mark with its name and number."""

    drawing: Markup
    marks: list[tuple[str, str, str]]


def index_range(numbers: NightNumbers, headline: Headline, words: Words) -> IndexRange | None:
    """The picture; ``None`` where the headline has no number."""
    companion = _COMPANIONS[headline]
    values = [
        ("sc-v", words(f"rule_name.{_rule(headline)}"), HEADLINES[headline].value(numbers)),
        ("sc-c", words(f"rule_name.{_rule(companion)}"), HEADLINES[companion].value(numbers)),
        ("sc-d", words("rule_name.vendor"), _vendor(numbers, headline)),
    ]
    known = [(mark, name, value) for mark, name, value in values if value is not None and not math.isnan(value)]
    if not known or known[0][0] != "sc-v":
        return None
    band = numbers.uncertainty.get(headline.number)
    highest = max(35.0, *(value * 1.1 for _, _, value in known))

    def x(value: float) -> float:
        return LEFT + min(value, highest) / highest * (RIGHT - LEFT)

    ticks = "".join(
        f'<line class="grid" x1="{x(tick):.1f}" x2="{x(tick):.1f}" y1="10" y2="26"/>'
        f'<text class="ax mid" x="{x(tick):.1f}" y="42">{tick}</text>'
        for tick in (0, *TICKS_PER_H)
    )
    spread = ""
    if band and not any(map(math.isnan, band)):
        spread = (
            f'<rect class="sc-b" x="{x(band[0]):.1f}" width="{x(band[1]) - x(band[0]):.1f}" y="14" height="8" rx="4"/>'
        )
    marks = "".join(_mark(mark, x(value)) for mark, _, value in reversed(known))
    label = words("night.range_in_words", numbers="; ".join(f"{name} {words.number(v)}" for _, name, v in known))
    drawing = Markup(  # noqa: S704 - numbers alone; the label is escaped
        f'<svg class="plot scale-wide" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{Markup.escape(label)}">'
        f'<rect class="sc-t" x="{LEFT}" width="{RIGHT - LEFT}" y="16" height="4" rx="2"/>{spread}{ticks}{marks}</svg>'
    )
    return IndexRange(drawing, [(mark, name, words.number(value)) for mark, name, value in known])


def _rule(headline: Headline) -> str:
    return "mean120" if headline.value.endswith("mean120") else "peak_nadir"


def _vendor(numbers: NightNumbers, headline: Headline) -> float | None:
    value = numbers.vendor.get(_VENDOR[headline.value.partition("_")[0]])
    return None if value is None else float(value)


def _mark(kind: str, x: float) -> str:
    if kind == "sc-d":
        return f'<path class="sc-d" d="M{x:.1f} 12l6 6-6 6-6-6z"/>'
    return f'<circle class="{kind}" cx="{x:.1f}" cy="18" r="{6 if kind == "sc-v" else 5}"/>'
