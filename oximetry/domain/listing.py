"""What a list shows of a night or a patient, how a list is asked for, and what is found by searching.

A list never reads a night's numbers as a whole: each night has a line of its own, made when its numbers are made.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from oximetry.domain.metrics import MIN_VALID_HOURS
from oximetry.domain.night_numbers import NightNumbers

PAGE_ROWS = 50
LONGEST_SEARCH = 100
MOST_TERMS = 6
SECONDS_PER_HOUR = 3600.0

# What makes a night doubtful as a whole, rather than one of its numbers a little less certain.
DOUBTFUL = frozenset(
    {
        "checksum_wrong",
        "clock_set_back",
        "columns_by_position",
        "constant_oxygen",
        "exported_twice",
        "interval_changes",
        "missing_share",
        "oxygen_over_100",
        "oxygen_without_pulse",
        "readings_look_swapped",
        "several_oximeters",
        "truncated",
        "unfinished",
        "values_held",
    }
)


class Concern(StrEnum):
    """Why a night is more than one to look at; the empty one is a usual night."""

    NONE = ""
    SHORT = "short"
    CHECK = "check"


class Headline(StrEnum):
    """The index that a clinic reads first, by the name of its number."""

    ODI4_MEAN120 = "odi4_mean120"
    ODI3_MEAN120 = "odi3_mean120"
    ODI4 = "odi4"
    ODI3 = "odi3"

    @property
    def number(self) -> str:
        """The name among `NightNumbers`."""
        return f"{self.value}_per_h"


class NightOrder(StrEnum):
    """By what a list of nights is sorted."""

    NIGHT = "night"
    ODI = "odi"
    BELOW90 = "below90"
    LOWEST = "lowest"


class PatientOrder(StrEnum):
    """By what a list of patients is sorted."""

    LAST_NIGHT = "night"
    NUMBER = "number"


@dataclass(frozen=True, slots=True, kw_only=True)
class NightLine:
    """What a list shows of one night.

    Attributes
    ----------
    number, label : int, str or None
        The patient's slip number and label.
    reviewed_at : datetime or None
        When a doctor ticked the night off.
    odi3_per_h … lowest_pct : float or None
        ``None`` when it cannot be known.
    warnings : sequence of mapping
        As `NightNumbers.as_json` keeps them: ``code`` and details.
    sparkline : list of float or None
        At most 120 values of SpO2 in percent.
    """

    night_id: str
    patient_id: str
    number: int
    label: str | None
    started_at: datetime
    ended_at: datetime
    device_model: str | None
    device_serial: str | None
    reviewed_at: datetime | None
    is_reviewed: bool
    concern: Concern
    valid_s: float
    odi3_per_h: float | None
    odi4_per_h: float | None
    odi3_mean120_per_h: float | None
    odi4_mean120_per_h: float | None
    below90_pct: float | None
    lowest_pct: float | None
    mean_pct: float | None
    is_below_range: bool
    warnings: Sequence[Mapping[str, Any]]
    sparkline: Sequence[float | None] | None

    @property
    def is_short(self) -> bool:
        """Whether there are fewer valid hours than an index should stand on."""
        return self.valid_s < MIN_VALID_HOURS * SECONDS_PER_HOUR

    def odi_per_h(self, headline: Headline) -> float | None:
        """The clinic's index; ``None`` for a short night too: a list names no index of one."""
        value: float | None = getattr(self, headline.number)
        return None if self.is_short else value


@dataclass(frozen=True, slots=True, kw_only=True)
class NightFilter:
    """Which nights a list shows, in what order, from which row on.

    ``reviewed`` and ``concern`` are ``None`` where both sorts are wanted; ``month`` is its first day.
    """

    reviewed: bool | None = False
    concern: Concern | None = None
    month: date | None = None
    device_serial: str | None = None
    patient_id: str | None = None
    search: str = ""
    order: NightOrder = NightOrder.NIGHT
    ascending: bool = False
    headline: Headline = Headline.ODI4_MEAN120
    offset: int = 0

    def span(self) -> tuple[datetime, datetime] | None:
        """The month's first and the next month's first moment."""
        if self.month is None:
            return None
        first = datetime(self.month.year, self.month.month, 1)
        return first, (first + timedelta(days=32)).replace(day=1)


@dataclass(frozen=True, slots=True)
class NightCounts:
    """How many of a doctor's shown nights are in each state, and how many patients wait."""

    waiting: int
    usual: int
    check: int
    short: int
    reviewed: int
    waiting_patients: int
    oldest_waiting: datetime | None

    @property
    def all(self) -> int:
        """Every shown night."""
        return self.waiting + self.reviewed


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientLine:
    """What a list shows of one patient; ``last`` is the newest shown night."""

    patient_id: str
    number: int
    label: str | None
    created_at: datetime
    nights: int
    waiting: int
    last: NightLine | None
    has_link: bool
    opened_count: int
    last_opened_at: datetime | None


def concern_of(numbers: NightNumbers) -> Concern:
    """Why a night asks for more than a look: doubtful as a whole, or too short for an index."""
    if any(warning.code in DOUBTFUL for warning in numbers.warnings):
        return Concern.CHECK
    return Concern.SHORT if numbers.is_short else Concern.NONE


def folded(text: str) -> str:
    """Small letters without their marks, so that ``ș``, ``ş`` and ``s`` are one; other signs as they are."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(sign for sign in apart if not unicodedata.combining(sign)).split())


def terms(search: str) -> list[str]:
    """The folded words of a search, each of which must be found."""
    return folded(search[:LONGEST_SEARCH]).split()[:MOST_TERMS]


def patient_search(number: int, label: str | None) -> str:
    """What a patient is found by: label and slip number."""
    return folded(f"{label or ''} #{number}")


def night_search(patient: str, device: Collection[str | None], started_at: datetime) -> str:
    """What a night is found by: its patient's words, the device, and its dates as people write them."""
    evening = (started_at - timedelta(hours=12)).date()
    morning = evening + timedelta(days=1)
    dates = " ".join(
        f"{day.day} {_MONTHS[day.month - 1]} {day:%d.%m.%Y} {day.isoformat()}" for day in (evening, morning)
    )
    nights = f"{evening.day}/{morning.day} {_MONTHS[morning.month - 1]}"
    return folded(" ".join((patient, *(part for part in device if part), nights, dates)))


_MONTHS = (
    "ianuarie january",
    "februarie february",
    "martie march",
    "aprilie april",
    "mai may",
    "iunie june",
    "iulie july",
    "august",
    "septembrie september",
    "octombrie october",
    "noiembrie november",
    "decembrie december",
)
