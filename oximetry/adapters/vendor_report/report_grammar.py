"""What the text of one cell means; strict, for a text that does not fit whole is no reading."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime

from oximetry.adapters.vendor_report.report_layouts import MONTHS, Kind

Value = int | float | str | datetime

_SIGNS = str.maketrans(
    {
        "：": ":", "，": ",", "．": ".", "－": "-", "–": "-", "—": "-", "−": "-", "％": "%",
        "＜": "<", "＞": ">", "＝": "=", "≥": ">=", "≤": "<=", "。": ".", "‹": "<", "›": ">", "〈": "<", "〉": ">",
    }
)  # fmt: skip
_CLOCK = r"(\d{2}):(\d{2})"
_DAY_FIRST = re.compile(rf"(?<!\d)(\d{{1,2}})\s*([^\W\d_]{{3,12}})\.?,?\s*(\d{{4}}),?\s*{_CLOCK}(?!\d)")
_MONTH_FIRST = re.compile(rf"([^\W\d_]{{3,12}})\.?\s*(\d{{1,2}}),\s*(\d{{4}}),?\s*{_CLOCK}(?!\d)")
_DURATION = re.compile(r"(?:(\d{2}):)?(\d{2}):(\d{2})")
_PERCENT = re.compile(r"(\d{1,3}\.\d{2})%")
_DECIMAL = re.compile(r"\d{1,2}\.\d")
_RANGE = re.compile(r"\d{1,3}-\d{1,3}|(?:<|>|<=|>=)\d{1,3}")
_WHOLE = re.compile(r"\d{1,3}")
_AFTER_COLON = {
    Kind.AFTER_COLON_WHOLE: re.compile(r":\s*(\d{1,4})$"),
    Kind.AFTER_COLON_DECIMAL: re.compile(r":\s*(\d{1,3}\.\d{2})$"),
}
_NUMBERS_OF_MONTHS = {
    word: number for months in MONTHS.values() for number, words in enumerate(months, start=1) for word in words
}


def plain(text: str) -> str:
    """The text with full-width and typographic signs as plain ones."""
    return text.translate(_SIGNS).strip()


def value(kind: Kind, text: str) -> Value | None:
    """The value of a cell's text; ``None`` for a text that is not one of its kind."""
    shown = plain(text)
    if kind is Kind.MOMENT:
        return _moment(shown)
    if kind in _AFTER_COLON:
        found = _AFTER_COLON[kind].search(shown.replace(" ", ""))
        return None if found is None else _number(found[1])
    return _of_tight(kind, shown.replace(" ", ""))


def _of_tight(kind: Kind, text: str) -> Value | None:
    if kind is Kind.DURATION:
        found = _DURATION.fullmatch(text)
        return None if found is None else _seconds(found)
    if kind is Kind.CLOCK:
        found = re.fullmatch(_CLOCK, text)
        return text if found and int(found[1]) < 24 and int(found[2]) < 60 else None
    if kind is Kind.PERCENT:
        found = _PERCENT.fullmatch(text)
        return float(found[1]) if found and _written(found[1]) and float(found[1]) <= 100 else None
    if kind is Kind.DECIMAL:
        return _score(text)
    if kind is Kind.RANGE:
        return text if _RANGE.fullmatch(text) else None
    return int(text) if _WHOLE.fullmatch(text) and _written(text) else None


def _score(text: str) -> float | None:
    """A number from 0.0 to 10.0, always printed with one decimal, whose point a reader may lose: 36 can only be 3.6."""
    if re.fullmatch(r"\d{2}", text) and text != "10":
        return float(f"{text[0]}.{text[1]}")
    return float(text) if _DECIMAL.fullmatch(text) and _written(text) and float(text) <= 10 else None


def _number(text: str) -> int | float | None:
    if not _written(text):
        return None
    return float(text) if "." in text else int(text)


def _written(text: str) -> bool:
    """Whether a number is written as a program writes it: no zero in front of its digits."""
    return not re.match(r"0\d", text)


def _seconds(found: re.Match[str]) -> int | None:
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return None if minutes > 59 or seconds > 59 or hours > 24 else (hours * 60 + minutes) * 60 + seconds


def _moment(text: str) -> datetime | None:
    found = _DAY_FIRST.search(text)
    if found is not None:
        day, month, year, hour, minute = found.groups()
    else:
        found = _MONTH_FIRST.search(text)
        if found is None:
            return None
        month, day, year, hour, minute = found.groups()
    number = _NUMBERS_OF_MONTHS.get(_bare(month))
    if number is None or not 2010 <= int(year) <= 2099:
        return None
    try:
        return datetime(int(year), number, int(day), int(hour), int(minute))
    except ValueError:
        return None


def _bare(word: str) -> str:
    decomposed = unicodedata.normalize("NFD", word.lower())
    return "".join(sign for sign in decomposed if not unicodedata.combining(sign))
