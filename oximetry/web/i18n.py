"""Words, numbers and dates in the reader's language: Romanian first, English second.

The catalogues are gettext ``.po`` files under ``locales/``, read once per process by Babel; message ids are keys such
as ``batch.title``, so both languages stand on equal feet. No other module writes words for people.
"""

from __future__ import annotations

import gettext
import io
import math
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import lru_cache
from pathlib import Path

from babel.dates import format_date
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

from oximetry.domain.errors import OximetryError

LANGUAGES = ("ro", "en")
LOCALES = Path(__file__).resolve().parents[2] / "locales"
NO_VALUE = "–"


class Words:
    """Everything that depends on a language; get one with ``words(language)``."""

    def __init__(self, language: str, translations: gettext.NullTranslations) -> None:
        self.language = language
        self._translations = translations

    def __call__(self, key: str, /, **values: object) -> str:
        """The sentence of a key, with its placeholders ``{name}`` filled in."""
        return self._translations.gettext(key).format_map(_Shown(values, self))

    def count(self, key: str, number: int, **details: object) -> str:
        """A counted thing in its right plural form; ``{n}`` is the number, other names come from ``details``."""
        return self._translations.ngettext(key, f"{key}.plural", number).format(n=self.number(number, 0), **details)

    def error(self, error: OximetryError) -> str:
        """What happened, what was kept, what to do."""
        return self.reason(error.reason, error.details)

    def reason(self, reason: str, details: Mapping[str, object]) -> str:
        """The words of an error's reason or a warning's code, with its details."""
        key = f"error.{reason}"
        if self._translations.gettext(key) == key:
            key = "error.unexpected"
        return self(key, **details)

    def warning(self, code: str, details: Mapping[str, object]) -> str:
        """The words of a reader's note or an analysis's warning."""
        return self(f"warning.{code}", **details)

    def number(self, value: float | None, decimals: int = 1) -> str:
        """A number with the language's decimal sign; a dash for none and for NaN."""
        if value is None or math.isnan(value):
            return NO_VALUE
        return _decimal(value, decimals, self.language)

    def percent(self, value: float | None, decimals: int = 1) -> str:
        """A percentage; Romanian and the clinic's English both set a thin gap before the sign."""
        shown = self.number(value, decimals)
        return shown if shown == NO_VALUE else f"{shown}\u00a0%"

    def duration(self, seconds: float) -> str:
        """Hours and minutes, such as ``7 h 31``."""
        minutes = int(seconds // 60)
        return f"{minutes // 60}\u00a0h\u00a0{minutes % 60:02d}"

    def day(self, moment: date) -> str:
        """``15 octombrie 2025``."""
        return format_date(moment, "d MMMM y", locale=self.language)

    def weekday(self, day: date) -> str:
        """``Miercuri, 25 noiembrie``."""
        shown = format_date(day, "EEEE, d MMMM", locale=self.language)
        return shown[:1].upper() + shown[1:]

    def month(self, day: date) -> str:
        """``Noiembrie 2026``."""
        shown = format_date(day, "LLLL y", locale=self.language)
        return shown[:1].upper() + shown[1:]

    def short_month(self, day: date) -> str:
        """``nov.``."""
        return format_date(day, "LLL", locale=self.language)

    def moment(self, moment: datetime) -> str:
        """``15 octombrie 2025, ora 20:35``."""
        return self("date.moment", day=self.day(moment), time=f"{moment:%H:%M}")

    def night(self, started_at: datetime, *, short: bool = False) -> str:
        """``15/16 octombrie 2025``: the evening's and the morning's date; days are split at noon."""
        evening = night_of(started_at)
        morning = evening + timedelta(days=1)
        month = "MMM" if short else "MMMM"
        year = "" if short else " y"
        if evening.month == morning.month:
            return f"{evening.day}/{format_date(morning, f'd {month}{year}', locale=self.language)}"
        first = format_date(evening, f"d {month}{year if evening.year != morning.year else ''}", locale=self.language)
        return f"{first} / {format_date(morning, f'd {month}{year}', locale=self.language)}"

    def title(self, started_at: datetime, ended_at: datetime, device: str | None) -> str:
        """``Noaptea 15/16 octombrie 2025 · 20:35–06:35 · aparat 0331``."""
        parts = [self("night.title", night=self.night(started_at)), f"{started_at:%H:%M}–{ended_at:%H:%M}"]
        if device:
            parts.append(self("night.device", device=device))
        return " · ".join(parts)


class _Shown(dict[str, object]):
    """Placeholders: numbers in the language's form, missing ones as a dash instead of a crash."""

    def __init__(self, values: Mapping[str, object], language: Words) -> None:
        super().__init__(values)
        self._language = language

    def __getitem__(self, name: str) -> object:
        value = self.get(name, NO_VALUE)
        if isinstance(value, float):
            return self._language.number(value, 0 if value.is_integer() else 1)
        return value


@lru_cache(maxsize=16384)  # a batch table is drawn once a second while its nights are read
def _decimal(value: float, decimals: int, language: str) -> str:
    pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
    return format_decimal(value, format=pattern, locale=language)


@lru_cache(maxsize=len(LANGUAGES))
def words(language: str) -> Words:
    """The words of a language; an unknown language is Romanian."""
    chosen = language if language in LANGUAGES else LANGUAGES[0]
    source = LOCALES / chosen / "LC_MESSAGES" / "messages.po"
    compiled = io.BytesIO()
    with source.open("rb") as stream:
        write_mo(compiled, read_po(stream, locale=chosen))
    compiled.seek(0)
    return Words(chosen, gettext.GNUTranslations(compiled))


def night_of(started_at: datetime) -> date:
    """The evening a night belongs to: days are split at noon."""
    return (started_at - timedelta(hours=12)).date()
