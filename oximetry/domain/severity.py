"""Words of severity for an oxygen desaturation index, by a rule that a doctor chose; nothing is said unless asked.

The cut-offs are borrowed from the apnoea-hypopnoea index: an oximeter sees neither apnoeas nor sleep, so a low index
does not exclude sleep apnoea.

References
----------
Chung, F. et al. (2012). Oxygen desaturation index from nocturnal oximetry: a sensitive and specific tool to detect
    sleep-disordered breathing in surgical patients. Anesthesia & Analgesia, 114, 993-1000. (indices above 5, 15 and 30
    per hour predict AHI above 5, 15 and 30; drops of 4 % from the mean of the 120 s before)
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """The four grades, from the lowest."""

    BELOW = "below"
    MILD = "mild"
    MODERATE = "moderate"
    SEVERE = "severe"


@dataclass(frozen=True, slots=True)
class SeverityRule:
    """Which index is graded, and where a grade begins.

    Attributes
    ----------
    index : str
        A name of `oximetry.domain.metrics.NightSummary`.
    cut_offs_per_h : tuple of float
        The index above which mild, moderate and severe begin.
    min_valid_hours : float
        Valid time below which nothing is said; ours, the source names none.
    """

    name: str = "chung-2012"
    version: int = 1
    index: str = "odi4_mean120_per_h"
    cut_offs_per_h: tuple[float, float, float] = (5.0, 15.0, 30.0)
    min_valid_hours: float = 4.0


CHUNG_2012 = SeverityRule()
RULES = {CHUNG_2012.name: CHUNG_2012}
_GRADES = tuple(Severity)


def severity(odi_per_h: float, valid_hours: float, rule: SeverityRule | None = None) -> Severity | None:
    """The grade of an index by a rule.

    Parameters
    ----------
    odi_per_h : float
        The night's index of the name ``rule.index``.
    valid_hours : float
    rule : SeverityRule, optional
        Without one, which is the default, nothing is said.

    Returns
    -------
    Severity or None
        ``None`` without a rule, for an unknown index, and for too short a night.
    """
    if rule is None or math.isnan(odi_per_h) or valid_hours < rule.min_valid_hours:
        return None
    return _GRADES[sum(odi_per_h > cut_off for cut_off in rule.cut_offs_per_h)]
