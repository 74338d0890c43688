"""Words: every key has both languages, nothing is unused, numbers and dates read as Romanian and English."""

from __future__ import annotations

import re
from datetime import datetime

import pytest
from babel.messages.pofile import read_po

from oximetry.domain import errors
from oximetry.web.i18n import LOCALES, words

ROOT = LOCALES.parent
SOURCES = [*ROOT.glob("*.py"), *(ROOT / "oximetry").rglob("*.py"), *(ROOT / "oximetry").rglob("*.html")]
TEXT = "\n".join(path.read_text(encoding="utf-8") for path in SOURCES)


def catalogue(language: str) -> dict[str, list[str]]:
    with (LOCALES / language / "LC_MESSAGES" / "messages.po").open("rb") as stream:
        messages = [message for message in read_po(stream, locale=language) if message.id]
    return {
        message.id if isinstance(message.id, str) else message.id[0]: [message.string]
        if isinstance(message.string, str)
        else list(message.string)
        for message in messages
    }


def placeholders(text: str) -> set[str]:
    return set(re.findall(r"(?<!\{)\{(\w+)\}", text))


def test_both_languages_have_the_same_keys_and_none_is_empty() -> None:
    romanian, english = catalogue("ro"), catalogue("en")
    assert romanian.keys() == english.keys()
    assert [key for key, texts in [*romanian.items(), *english.items()] if not all(texts)] == []


def test_both_languages_fill_in_the_same_things() -> None:
    romanian, english = catalogue("ro"), catalogue("en")
    different = [key for key in romanian if placeholders(romanian[key][-1]) != placeholders(english[key][-1])]
    assert different == []


def test_romanian_is_written_with_commas_below_not_cedillas() -> None:
    assert [key for key, texts in catalogue("ro").items() if re.search("[şţŞŢ]", "".join(texts))] == []


def test_no_word_ends_in_an_exclamation() -> None:
    assert [key for key, texts in catalogue("ro").items() if "!" in "".join(texts)] == []


def test_every_key_that_the_code_names_has_words() -> None:
    named = set(re.findall(r"""(?:words|\.count|said)\(\s*(?:words,\s*)?["']([a-z_]+\.[\w-]+)["']\s*[,)]""", TEXT))
    assert named
    assert named - catalogue("ro").keys() == set()


def test_every_entry_is_used() -> None:
    unused = [key for key in catalogue("ro") if not is_used(key)]
    assert unused == []


def is_used(key: str) -> bool:
    group, _, name = key.partition(".")
    if f'"{key}"' in TEXT or f"'{key}'" in TEXT:
        return True
    # put together of two parts: in Python, and in a template
    composed = any(begin in TEXT for begin in (f'"{group}.{{', f'"{group}." ~', f"'{group}.' ~"))
    longer = any(f"'{key[:end]}' ~" in TEXT or f'"{key[:end]}{{' in TEXT for end in range(len(group) + 2, len(key)))
    if longer:
        return True
    if composed and (
        f'"{name}"' in TEXT or f"'{name}'" in TEXT or name.isdigit() or f'"{name.replace("-", "_")}"' in TEXT
    ):
        return True
    if group in ("state", "night_state", "done", "download", "upload"):
        return f'"{name}"' in TEXT or f".{name}" in TEXT
    return group in ("error", "warning", "brief") and f'"{name}"' in TEXT


def reasons() -> set[str]:
    found = set(re.findall(r"""(?:Invalid\w+|Storage\w+|Rendering\w+|ConfigurationError)\(\s*["'](\w+)["']""", TEXT))
    defaults = {
        kind.default_reason
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.OximetryError)
    }
    return found | defaults


def test_every_reason_has_words() -> None:
    assert sorted(reason for reason in reasons() if f"error.{reason}" not in catalogue("ro")) == []


@pytest.mark.parametrize("language", ["ro", "en"])
def test_an_unknown_reason_still_gets_words(language: str) -> None:
    assert words(language).reason("never_heard_of", {}) == words(language)("error.unexpected")


def test_romanian_numbers_and_plurals() -> None:
    ro = words("ro")
    assert ro.number(24.58) == "24,6"
    assert ro.number(12345.6) == "12.345,6"
    assert ro.number(None) == "–"
    assert ro.percent(61.94) == "61,9\u00a0%"
    assert [ro.count("batch.files", n) for n in (1, 2, 19, 20, 101)] == [
        "1 fișier",
        "2 fișiere",
        "19 fișiere",
        "20 de fișiere",
        "101 fișiere",
    ]


def test_dates_read_as_a_romanian_writes_them() -> None:
    ro = words("ro")
    evening = datetime(2025, 10, 15, 20, 35)
    assert ro.moment(evening) == "15 octombrie 2025, ora 20:35"
    title = ro.title(evening, datetime(2025, 10, 16, 6, 35), "0331")
    assert title == "Noaptea 15/16 octombrie 2025 · 20:35–06:35 · aparat 0331"


def test_a_night_belongs_to_its_evening() -> None:
    ro = words("ro")
    assert ro.night(datetime(2025, 10, 16, 1, 10)) == "15/16 octombrie 2025"
    assert ro.night(datetime(2025, 10, 31, 23, 0)) == "31 octombrie / 1 noiembrie 2025"
    assert ro.night(datetime(2025, 12, 31, 23, 0)) == "31 decembrie 2025 / 1 ianuarie 2026"
