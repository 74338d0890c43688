"""A doctor's words about a night: their limits, their states, what fills them in, and what is proposed at first.

What is proposed is never a diagnosis: each sentence stands for a rule whose name is shown beside it, and a recording
that is insufficient or doubtful says so before anything else.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from oximetry.domain.errors import InvalidRequest
from oximetry.domain.grading import INSUFFICIENT, grade, is_sustained, valid_pct
from oximetry.domain.night_numbers import NightNumbers
from oximetry.domain.report_numbers import NBSP, ReportWords, duration, shown
from oximetry.domain.severity import RULES, Severity, severity

LONGEST_REPORT_TEXT = 4000
LONGEST_PATIENT_TEXT = 2000
LONGEST_REASON = 300
LONGEST_TREATMENT = 120
MOST_NIGHTS = 14
PAGE_ONE_CHARACTERS = 600

REPEATED_FROM_ODI4 = 5.0
QUIET_BELOW_T90_PCT = 1.0
LOWEST_OF_ADULTS_PCT = 84.0
ODI_LIMITS = (5.0, 15.0, 30.0)
PHONE_T90_PCT, PHONE_RUN_MIN, PHONE_LOWEST_PCT = 50.0, 30.0, 70.0
DOUBTS = ("readings_look_swapped", "oxygen_over_100", "oxygen_without_pulse", "constant_oxygen", "values_held")

_DIRECTION_SIGNS = re.compile("[\u202a-\u202e\u2066-\u2069]")


class ReviewState(StrEnum):
    """Where a night stands on its way to a signed word."""

    TO_REVIEW = "to_review"
    DRAFT = "draft"
    SIGNED = "signed"
    AMENDED = "amended"
    WITHDRAWN = "withdrawn"
    RESIGN = "resign"  # numbers changed under a signed text

    @property
    def is_signed(self) -> bool:
        """Whether a signed text stands beside the numbers it was signed with."""
        return self in (ReviewState.SIGNED, ReviewState.AMENDED)


@dataclass(frozen=True, slots=True)
class Proposal:
    """The first draft, and the rules that chose its sentences.

    Attributes
    ----------
    because : tuple of str
        One line a rule, in the reader's language: shown beside the draft, never printed.
    phone_first : bool
        By the clinic's thresholds the patient should be called before anything is released.
    """

    text_report: str
    text_patient: str
    because: tuple[str, ...]
    phone_first: bool = False


def checked_text(text: str, maximum: int) -> str:
    """The text without control and direction signs; raises ``InvalidRequest`` ``text_too_long``."""
    plain = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    plain = _DIRECTION_SIGNS.sub("", plain)
    kept = "".join(sign for sign in plain if sign == "\n" or unicodedata.category(sign) not in ("Cc", "Cs", "Cn"))
    if len(kept) > maximum:
        raise InvalidRequest("text_too_long", maximum=maximum, length=len(kept))
    return kept.rstrip()


def checked_reason(reason: str) -> str:
    """One line that says why; raises ``InvalidRequest`` ``review_without_reason`` or ``text_too_long``."""
    cleaned = " ".join(checked_text(reason, LONGEST_REASON).split())
    if not cleaned:
        raise InvalidRequest("review_without_reason")
    return cleaned


def placeholder_values(numbers: NightNumbers, say: ReportWords, *, night: str, treatment: str = "") -> dict[str, str]:
    """What every placeholder of a text stands for, in words.

    Parameters
    ----------
    night : str
        The night's name, such as ``14/15 martie 2026``.
    treatment : str
        As the doctor named it; a dash when nothing was named.
    """
    companion = numbers.companion_rule
    return {
        "night": night,
        "treatment": treatment or say("clinical.not_named"),
        "rule": f"{numbers.rule.name} v{numbers.rule.version}",
        "rule_mean120": f"{companion.name} v{companion.version}" if companion else "mean-120s",
        "quality": grade(numbers),
        "recorded": duration(numbers.recorded_s, say),
        "valid": duration(numbers.valid_s, say),
        "valid_pct": shown(valid_pct(numbers), say, 1, (70.0, 85.0, 95.0)),
        "excluded": duration(numbers.excluded_s, say),
        "motion": duration(numbers.motion_suspect_s, say),
        "below_range": duration(numbers.below_range_s, say),
        "odi3": shown(numbers.odi3_per_h, say),
        "odi4": shown(numbers.odi4_per_h, say),
        "odi3_mean120": shown(numbers.odi3_mean120_per_h, say),
        "odi4_mean120": shown(numbers.odi4_mean120_per_h, say, 1, ODI_LIMITS),
        "dips3": _counted(numbers.desaturations3, say),
        "dips4": _counted(numbers.desaturations4, say),
        "dips4_mean120": _counted(numbers.desaturations4_mean120, say),
        "t90_pct": shown(numbers.below_pct(90), say, 1, (1.0, 30.0)),
        "t90_min": shown(numbers.t90_min, say),
        "t88_min": shown(numbers.t_le88_min, say, 1, (5.0,)),
        "t88_longest": duration(numbers.t_le88_longest_min * 60, say),
        "lowest": shown(numbers.spo2_min_pct, say, 0),
        "mean": shown(numbers.spo2_mean_pct, say),
        "median": shown(numbers.spo2_median_pct, say, 0),
        "pulse": shown(numbers.pulse_mean_bpm, say, 0),
        "area": shown(numbers.desaturation_area_pct_min_per_h, say),
    }


PLACEHOLDERS = frozenset(
    (
        "night", "treatment", "rule", "rule_mean120", "quality", "recorded", "valid", "valid_pct", "excluded", "motion",
        "below_range", "odi3", "odi4", "odi3_mean120", "odi4_mean120", "dips3", "dips4", "dips4_mean120", "t90_pct",
        "t90_min", "t88_min", "t88_longest", "lowest", "mean", "median", "pulse", "area", "nights",
    )
)  # fmt: skip


def known_placeholder(name: str) -> bool:
    """Whether a name may stand in a template: those of a night, and with ``_1`` to ``_14`` those of a set's nights."""
    base, _, number = name.rpartition("_")
    return name in PLACEHOLDERS or (base in PLACEHOLDERS and number.isdigit() and 1 <= int(number) <= MOST_NIGHTS)


def set_values(of_nights: Sequence[Mapping[str, str]], say: ReportWords) -> dict[str, str]:
    """The same of several nights: ``{odi4_2}`` is the second night's, a name without a number the last one's."""
    values = dict(of_nights[-1])
    for number, of_night in enumerate(of_nights, start=1):
        values |= {f"{name}_{number}": value for name, value in of_night.items()}
    return values | {"nights": say.count("clinical.nights", len(of_nights))}


def propose(
    numbers: NightNumbers, values: Mapping[str, str], say: ReportWords, severity_rule: str | None = None
) -> Proposal:
    """The first draft of a night from its numbers.

    Parameters
    ----------
    values : mapping
        As `placeholder_values` gave it.
    severity_rule : str, optional
        A name of `oximetry.domain.severity.RULES` that the doctor chose; without one no grade is named.
    """
    letter = grade(numbers)
    warned = [code for code in DOUBTS if numbers.warns_of(code)]
    keys = ["doubtful"] if warned else []
    if letter == INSUFFICIENT:
        keys.append("insufficient")
        return _worded(numbers, keys, values, say, "insufficient")
    if letter == "C":
        keys.append("short")
    graded = severity(numbers.odi4_mean120_per_h, numbers.valid_hours, RULES.get(severity_rule or ""))
    patient = _main(numbers, letter, keys, graded)
    if numbers.excluded_s > 0:
        keys.append("excluded")
    if numbers.is_below_range:
        keys.append("below_range")
    keys.append("close")
    word = say(f"severity.{graded.value}") if graded else ""
    return _worded(numbers, keys, {**values, "grade": word}, say, patient)


def _main(numbers: NightNumbers, letter: str, keys: list[str], graded: Severity | None) -> str:
    """Choose the conclusion; returns which of the patient's texts goes with it."""
    odi4, below_pct = numbers.odi4_mean120_per_h, numbers.below_pct(90)
    if is_sustained(numbers):
        keys += ["sustained", "advice"]
        return "low"
    if math.isnan(odi4):
        keys.append("no_indices")
        return "insufficient"
    if odi4 >= REPEATED_FROM_ODI4:
        keys += ["graded" if graded and graded is not Severity.BELOW else "repeated", "advice"]
        return "repeated"
    quiet = below_pct < QUIET_BELOW_T90_PCT and numbers.spo2_min_pct >= LOWEST_OF_ADULTS_PCT
    if quiet and letter in ("A", "B") and "doubtful" not in keys:
        keys.append("normal")
        return "quiet"
    keys.append("few_dips")
    return "seen"


def _worded(
    numbers: NightNumbers, keys: Sequence[str], values: Mapping[str, str], say: ReportWords, patient: str
) -> Proposal:
    paragraphs = [say(f"proposal.{key}", **values) for key in keys]
    because = tuple(say(f"because.{key}", **values) for key in keys if key not in ("close", "advice"))
    text_patient = [say(f"patient_text.{patient}", **values), say("patient_text.close")]
    return Proposal("\n\n".join(paragraphs), "\n\n".join(text_patient), because, should_phone(numbers))


def should_phone(numbers: NightNumbers) -> bool:
    """Whether the patient should be called before the report is released; our thresholds, for the doctor's eyes."""
    return (
        numbers.below_pct(90) >= PHONE_T90_PCT
        or numbers.t_le88_longest_min >= PHONE_RUN_MIN
        or numbers.spo2_min_pct < PHONE_LOWEST_PCT
    )


def _counted(number: int | None, say: ReportWords) -> str:
    return shown(None, say) if number is None else say.count("clinical.dips", number).replace(" ", NBSP, 1)
