"""The date of a time cell: numeric in either order, or with the name of a month in the phone's language."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date

YEARS = range(2000, 2101)

_NUMERIC = re.compile(r"(\d{1,4})([/.-])(\d{1,2})\2(\d{1,4})\.?", re.ASCII)
_WORDS = re.compile(r"[^\W\d_]+|\d+")
_AM_PM = re.compile(r"(?<!\w)([ap])\.?\s?m\b\.?", re.IGNORECASE)
_MONTHS = (
    "jan ian ene gen sty led januar",
    "feb fev fevr lut uno",
    "mar mrz marz mars mrt bre",
    "apr avr abr kwi dub",
    "may mai maj mei mag kve maggio",
    "jun iun juin giu cze juni",
    "jul iul juil lug lip juli",
    "aug ago aou aout sie srp",
    "sep set sept wrz zar",
    "oct okt ott out paz rij",
    "nov noi noiem lis",
    "dec dez dic dice gru pro",
)
_MONTH_OF = {name: number for number, names in enumerate(_MONTHS, 1) for name in names.split()}
_JOINING_WORDS = frozenset({"de", "of", "r", "den"})


@dataclass(frozen=True, slots=True)
class DayPart:
    """What a time cell says besides its clock.

    Attributes
    ----------
    afternoon : bool or None
        AM or PM; ``None`` on a 24-hour clock.
    day_first, month_first : int or None
        Proleptic ordinal of the date in either reading; equal when the writing leaves no doubt, ``None`` when it would
        not be a date from 2000 to 2100.
    """

    afternoon: bool | None
    day_first: int | None
    month_first: int | None


def parse_day(before: str, after: str) -> DayPart:
    """The date around a clock.

    Parameters
    ----------
    before, after : str
        The cell's text in front of and behind ``HH:MM:SS``.

    Returns
    -------
    DayPart

    Raises
    ------
    ValueError
        When there is no date from 2000 to 2100 in either reading.
    """
    half = _AM_PM.search(after)
    afternoon = None if half is None else half[1].lower() == "p"
    if half is not None:
        after = after[: half.start()] + after[half.end() :]
    text = f"{before.rstrip('T')} {after}".strip(" ,")
    numeric = _NUMERIC.fullmatch(text)
    day_first, month_first = _numeric(numeric) if numeric is not None else _named(text)
    if day_first is None and month_first is None:
        raise ValueError("no date")
    return DayPart(afternoon, day_first, month_first)


def _numeric(match: re.Match[str]) -> tuple[int | None, int | None]:
    first, second, third = match[1], match[3], match[4]
    if len(first) == 4 and len(third) <= 2:
        ordinal = _ordinal(int(first), int(second), int(third))
        return ordinal, ordinal
    if len(third) in (2, 4) and len(first) <= 2:
        year = int(third) + (2000 if len(third) == 2 else 0)
        return _ordinal(year, int(second), int(first)), _ordinal(year, int(first), int(second))
    return None, None


def _named(text: str) -> tuple[int | None, int | None]:
    words = [word for word in _WORDS.findall(text) if word.lower() not in _JOINING_WORDS]
    years = [word for word in words if word.isascii() and word.isdigit() and len(word) == 4]
    days = [word for word in words if word.isascii() and word.isdigit() and len(word) <= 2]
    months = [month for word in words if word.isalpha() and (month := _month(word)) is not None]
    if len(words) != 3 or not (len(years) == len(days) == len(months) == 1):
        return None, None
    ordinal = _ordinal(int(years[0]), months[0], int(days[0]))
    return ordinal, ordinal


def _month(word: str) -> int | None:
    decomposed = unicodedata.normalize("NFKD", word.casefold().replace("ł", "l"))
    plain = "".join(character for character in decomposed if not unicodedata.combining(character))
    if len(plain) < 3:
        return None
    return next((month for size in (6, 5, 4, 3) if (month := _MONTH_OF.get(plain[:size])) is not None), None)


def _ordinal(year: int, month: int, day: int) -> int | None:
    if year not in YEARS:
        return None
    try:
        return date(year, month, day).toordinal()
    except ValueError:
        return None
