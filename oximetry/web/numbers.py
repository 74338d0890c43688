"""How each number of a night is shown: the one table that every screen, the picture's caption and the shell draw from.

A number's name on a screen is the gettext key ``<screen>.<name>``: ``number.`` on the night panel, ``column.`` in the
batch table, ``patient.`` on the patient's page. Its definition and source are
``definition.<name>`` and ``source.<name>``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from oximetry.domain.night_numbers import NightNumbers
from oximetry.web.i18n import NO_VALUE, Words

FLOOR_PCT = 61  # the lowest SpO2 that a device with a floor prints
BELOW_FLOOR_SORTS_AS = 60.0


class Unit(Enum):
    """What stands behind the digits; the unit of an index or a pulse stands in its name instead."""

    NONE = "none"
    PERCENT = "percent"
    MINUTES = "minutes"
    HOURS = "hours"
    CLOCK = "clock"  # hours and minutes out of seconds


@dataclass(frozen=True, slots=True)
class ShownNumber:
    """One number of a night on the screens.

    Attributes
    ----------
    name : str
        Last part of the keys of its name, definition and source.
    value : callable
        The number itself, in the shown unit; NaN or ``None`` when it cannot be known.
    unit : Unit
    decimals : int
        For the doctor; ``plain_decimals`` for the patient.
    band : str
        Name of its band in ``NightNumbers.uncertainty``; empty when it has none.
    has_floor : bool
        A night that went below what its device prints has no number for it: the floor is shown instead.
    """

    name: str
    value: Callable[[NightNumbers], float | None]
    unit: Unit = Unit.NONE
    decimals: int = 1
    plain_decimals: int = 0
    band: str = ""
    has_floor: bool = False

    def text(self, numbers: NightNumbers, words: Words) -> str:
        """For the doctor, with its unit."""
        return self._text(numbers, words, self.decimals)

    def plain(self, numbers: NightNumbers, words: Words) -> str:
        """For the patient, with its unit."""
        return self._text(numbers, words, self.plain_decimals)

    def digits(self, numbers: NightNumbers, words: Words) -> str:
        """For the doctor, without its unit, which stands beside it."""
        return self._digits(numbers, words, self.decimals)

    def plain_digits(self, numbers: NightNumbers, words: Words) -> str:
        """For the patient, without its unit."""
        return self._digits(numbers, words, self.plain_decimals)

    def sort_value(self, numbers: NightNumbers) -> float | None:
        """Where the night stands when a table is sorted by it; ``None`` when it cannot be known."""
        if self._is_below_floor(numbers):
            return BELOW_FLOOR_SORTS_AS
        value = self.value(numbers)
        return None if value is None or math.isnan(value) else value

    def definition(self, numbers: NightNumbers, words: Words) -> str:
        """What is counted, with the rule that counts it."""
        return words(f"definition.{self.name}", rule=numbers.rule.name, version=numbers.rule.version)

    def _text(self, numbers: NightNumbers, words: Words, decimals: int) -> str:
        shown = self._digits(numbers, words, decimals)
        if shown == NO_VALUE and self.unit is Unit.PERCENT:
            return shown
        match self.unit:
            case Unit.PERCENT:
                return f"{shown}\u00a0%"
            case Unit.MINUTES | Unit.HOURS:
                return words(f"unit.{self.unit.value}", value=shown)
        return shown

    def _digits(self, numbers: NightNumbers, words: Words, decimals: int) -> str:
        if self._is_below_floor(numbers):
            return f"< {words.number(FLOOR_PCT, 0)}"
        value = self.value(numbers)
        if self.unit is Unit.CLOCK and value is not None and not math.isnan(value):
            return words.duration(value)
        return words.number(value, decimals)

    def _is_below_floor(self, numbers: NightNumbers) -> bool:
        return self.has_floor and numbers.is_below_range


ODI3 = ShownNumber("odi3", lambda numbers: numbers.odi3_per_h, band="odi3_per_h")
ODI4 = ShownNumber("odi4", lambda numbers: numbers.odi4_per_h, band="odi4_per_h")
ODI3_COMPANION = ShownNumber("odi3", lambda numbers: numbers.odi3_mean120_per_h)
ODI4_COMPANION = ShownNumber("odi4", lambda numbers: numbers.odi4_mean120_per_h)
EVENTS3 = ShownNumber("events3", lambda numbers: numbers.desaturations3, decimals=0)
EVENTS4 = ShownNumber("events4", lambda numbers: numbers.desaturations4, decimals=0)
BELOW90 = ShownNumber("below90", lambda numbers: numbers.below_pct(90), Unit.PERCENT, band="time_below_pct.90")
T90 = ShownNumber("t90", lambda numbers: numbers.t90_min, Unit.MINUTES, band="t90_min")
LE88 = ShownNumber("le88", lambda numbers: numbers.t_le88_min, Unit.MINUTES, band="t_le88_min")
LOWEST = ShownNumber("lowest", lambda numbers: numbers.spo2_min_pct, Unit.PERCENT, decimals=0, has_floor=True)
MEAN = ShownNumber("mean", lambda numbers: numbers.spo2_mean_pct, Unit.PERCENT, band="spo2_mean_pct")
PULSE = ShownNumber("pulse", lambda numbers: numbers.pulse_mean_bpm, decimals=0)
VALID = ShownNumber("valid", lambda numbers: numbers.valid_hours, Unit.HOURS, decimals=2, plain_decimals=1)
VALID_CLOCK = ShownNumber("valid", lambda numbers: numbers.valid_s, Unit.CLOCK)
RECORDED = ShownNumber("duration", lambda numbers: numbers.recorded_s, Unit.CLOCK)
BELOW_RANGE = ShownNumber("below_range", lambda numbers: numbers.below_range_s / 60, Unit.MINUTES, plain_decimals=1)

NIGHT_PANEL = (ODI3, ODI4, BELOW90, LE88, LOWEST, MEAN, PULSE, VALID)
BATCH_TABLE = (RECORDED, ODI3, ODI4, BELOW90, LOWEST)
NIGHT_ROW = (("column.odi3", ODI3), ("column.odi4", ODI4), ("number.below90", BELOW90), ("number.lowest", LOWEST))
PATIENT_PAGE = (MEAN, LOWEST, BELOW90)
COMMAND_LINE = (
    ("cli.analyse.recorded", RECORDED),
    ("cli.analyse.valid", VALID_CLOCK),
    ("cli.analyse.odi3", ODI3),
    ("cli.analyse.odi4", ODI4),
    ("cli.analyse.t90", T90),
    ("cli.analyse.lowest", LOWEST),
    ("cli.analyse.mean", MEAN),
)
