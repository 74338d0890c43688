"""Two plain rules of our own about a whole night: how far it can be trusted, and whether oxygen stayed low.

Neither is published: the hours of quality A to D follow the minimum of home tests, the percentages are ours.
"""

from __future__ import annotations

from dataclasses import dataclass

from oximetry.domain.metrics import NightSummary

QUALITY = "quality"
SUSTAINED = "sustained"
RULE_VERSION = 1
SUSTAINED_RUN_MIN = 5.0
SUSTAINED_T90_PCT = 30.0
SUSTAINED_BELOW_ODI4 = 15.0


@dataclass(frozen=True, slots=True)
class Grade:
    """The least valid hours and the least valid share of the recorded time of a letter."""

    letter: str
    valid_hours: float
    valid_pct: float


GRADES = (Grade("A", 6.0, 95.0), Grade("B", 4.0, 85.0), Grade("C", 2.0, 70.0))
INSUFFICIENT = "D"


def valid_pct(numbers: NightSummary) -> float:
    """Percent of the recorded time with a valid SpO2; 0 of nothing."""
    return 100 * numbers.valid_s / numbers.recorded_s if numbers.recorded_s else 0.0


def grade(numbers: NightSummary) -> str:
    """``A`` to ``D``; of ``D`` nothing may be concluded."""
    share = valid_pct(numbers)
    fitting = (one.letter for one in GRADES if numbers.valid_hours >= one.valid_hours and share >= one.valid_pct)
    return next(fitting, INSUFFICIENT)


def is_sustained(numbers: NightSummary) -> bool:
    """Whether oxygen stayed low rather than dipped: an unbroken run at 88 or less, or much time with few dips."""
    if numbers.t_le88_longest_min >= SUSTAINED_RUN_MIN:
        return True
    return numbers.below_pct(90) >= SUSTAINED_T90_PCT and numbers.odi4_mean120_per_h < SUSTAINED_BELOW_ODI4
