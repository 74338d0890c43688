"""Labels that tell who a patient is: a patient has a number and a label, and neither a name nor an identity number."""

from __future__ import annotations

import re
from enum import StrEnum

from oximetry.domain.listing import folded

_PHONE = re.compile(r"(?:\+?4?0)?7\d{8}|\+\d{9,14}")
_ID_NUMBER = re.compile(r"(?<!\d)[1-9]\d{12}(?!\d)")
_NAME_WORD = re.compile(r"[^\W\d_]{2,}(?:-[^\W\d_]{2,})*")
_FILING_WORDS = frozenset(
    """
    fisa dosar pacient pacienta patient file card nr numar number camera cabinet salon copil child adult caz case test
    proba aparat device control luna month noapte night cpap oxigen oxygen lot batch studiu study martor barbat femeie
    ianuarie februarie martie aprilie mai iunie iulie august septembrie octombrie noiembrie decembrie
    """.split()  # noqa: SIM905 - a list of words is read as words
)


class Telling(StrEnum):
    """What a label seems to tell of the person."""

    ID_NUMBER = "id_number"
    PHONE = "phone"
    NAME = "name"


def telling(label: str | None) -> Telling | None:
    """What of a person a label seems to give away, or nothing.

    An identity number is thirteen digits, whether or not Romania's check digit fits, for one digit may be mistyped. A
    name is two or more capitalised words that are no words of a filing cabinet, in a label without a digit.
    """
    text = (label or "").strip()
    digits = re.sub(r"[\s.\-/()]", "", text)
    if _ID_NUMBER.search(digits):
        return Telling.ID_NUMBER
    if _PHONE.fullmatch(digits):
        return Telling.PHONE
    capitalised = [word for word in _NAME_WORD.findall(text) if word[0].isupper() and folded(word) not in _FILING_WORDS]
    if len(capitalised) >= 2 and not any(sign.isdigit() for sign in text):
        return Telling.NAME
    return None
