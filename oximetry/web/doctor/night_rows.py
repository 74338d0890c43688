"""A night's row in any of the doctor's lists, as values for the templates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from oximetry.domain.listing import Concern, Headline, NightLine, Writing
from oximetry.web.i18n import Words
from oximetry.web.numbers import BELOW90, HEADLINES, LOWEST, VALID
from oximetry.web.sparkline import sparkline

REASONS_SHOWN = 2
_CHIPS = {Concern.NONE: "review", Concern.CHECK: "check", Concern.SHORT: "short"}
_SAID_BY_THE_STATE = ("short_valid_time", "too_short", "no_rates")


@dataclass(frozen=True, slots=True)
class NightRow:
    """One row: texts in the reader's language; the three numbers are empty for a night too short for an index."""

    line: NightLine
    chip: str
    patient: str
    night: str
    hours: str
    spark: Markup
    valid: str
    odi: str
    below90: str
    lowest: str
    why: str


def night_rows(lines: Sequence[NightLine], headline: Headline, words: Words) -> list[NightRow]:
    """The rows of a list."""
    return [night_row(line, headline, words) for line in lines]


def night_row(line: NightLine, headline: Headline, words: Words) -> NightRow:
    """A list names no index of a night that is too short for one."""
    short = line.is_short
    return NightRow(
        line=line,
        chip=_chip(line),
        patient=patient_name(line.number, line.label, words),
        night=words.night(line.started_at, short=True),
        hours=f"{line.started_at:%H:%M}–{line.ended_at:%H:%M}",
        spark=sparkline(line.sparkline),
        valid=VALID.plain_digits(line, words),
        odi="" if short else HEADLINES[headline].digits(line, words),
        below90="" if short else BELOW90.digits(line, words),
        lowest=LOWEST.digits(line, words),
        why=_why(line, words),
    )


def _chip(line: NightLine) -> str:
    """What matters most of a night's state."""
    if line.writing is not Writing.NONE and not (line.writing is Writing.DRAFT and line.is_reviewed):
        return line.writing.value
    return "reviewed" if line.is_reviewed else _CHIPS[line.concern]


def patient_name(number: int, label: str | None, words: Words) -> str:
    """The label, which the doctor gave; a patient without one is known by the slip number."""
    return label or words("patients.numbered", number=number)


def odi_name(headline: Headline) -> str:
    """``ODI4``: the index by its own name, without its rule."""
    return headline.value.partition("_")[0].upper()


def _why(line: NightLine, words: Words) -> str:
    """What is wrong, in words; a usual night says nothing."""
    if line.concern is not Concern.CHECK:
        return ""
    said = [
        words(f"brief.{warning['code']}", **{name: value for name, value in warning.items() if name != "code"})
        for warning in line.warnings
        if warning["code"] not in _SAID_BY_THE_STATE
    ]
    return " · ".join(one.removesuffix(".") for one in said[:REASONS_SHOWN])
