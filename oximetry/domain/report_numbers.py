"""How a number stands in a doctor's text and on the signed page: half up, in the reader's language, never past a limit.

The words come in as a value: the domain knows no language.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Protocol

UNKNOWN = "–"
NBSP = "\u00a0"
MINUS = "\u2212"


class ReportWords(Protocol):
    """The words of one language."""

    @property
    def language(self) -> str:
        """``ro`` or ``en``."""
        ...

    def __call__(self, key: str, /, **values: object) -> str:
        """The sentence of a key, filled in."""
        ...

    def count(self, key: str, number: int) -> str:
        """A counted thing in its right plural form."""
        ...

    def number(self, value: float | None, decimals: int = 1) -> str:
        """With the language's decimal sign."""
        ...


def shown(value: float | None, say: ReportWords, decimals: int = 1, limits: Sequence[float] = ()) -> str:
    """A number, rounded half up from the unrounded value.

    Parameters
    ----------
    limits : sequence of float
        Where a meaning changes: a value that rounding would put on one gets one more decimal (4.96, not 5.0).

    Returns
    -------
    str
        A dash for an unknown value; ``sub 0,1`` for more than nothing that would round to nothing.
    """
    if value is None or math.isnan(value):
        return UNKNOWN
    exact = Decimal(repr(float(value)))
    rounded = _rounded(exact, decimals)
    while rounded != exact and decimals < 3 and float(rounded) in {float(limit) for limit in limits}:
        decimals += 1
        rounded = _rounded(exact, decimals)
    if rounded == 0 < exact:
        return say("clinical.under", value=say.number(10.0**-decimals, decimals))
    digits = say.number(abs(float(rounded)), decimals)
    return f"{MINUS}{digits}" if rounded < 0 else digits


def duration(seconds: float, say: ReportWords) -> str:
    """``7 h 05 min``, ``5 min 20 s`` or ``40 s``, with spaces that do not break."""
    if math.isnan(seconds):
        return UNKNOWN
    whole = int(_rounded(Decimal(repr(float(seconds))), 0))
    hours, minutes = whole // 3600, whole % 3600 // 60
    if hours:
        return f"{hours}{NBSP}h{NBSP}{minutes:02d}{NBSP}min"
    if minutes:
        return f"{minutes}{NBSP}min{NBSP}{whole % 60:02d}{NBSP}s"
    return f"{whole}{NBSP}s"


def _rounded(exact: Decimal, decimals: int) -> Decimal:
    return exact.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
