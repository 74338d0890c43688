"""Which passwords are refused: too short, too long, guessed first, or the account's own words.

The words below are those that head every published list of the commonest passwords, with their Romanian sisters and
those of this house; they are matched in whatever case, with digits and signs around them, and with the usual signs in
the place of letters ("P@r0la123456!"). No list from elsewhere is copied here.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

SHORTEST, LONGEST = 12, 128
LEAST_DIFFERENT = 5
LEAST_BESIDE_CONTEXT = 6
LEAST_WALK = 4
_SHORTEST_CONTEXT = 4

_COMMON = frozenset(
    re.findall(
        r"\w+",
        """
    password passwort passwd parola pass admin administrator root user guest login welcome letmein master monkey
    dragon football baseball basketball superman batman princess sunshine shadow iloveyou love secret trustno
    charlie michael jordan hunter killer soccer hockey ranger buster thomas robert daniel andrew joshua matrix
    freedom whatever starwars computer internet google facebook samsung iphone android windows linux test
    testing changeme default temp demo hello flower summer winter spring autumn january monday london paris
    romania bucuresti cluj timisoara iasi constanta brasov steaua dinamo rapid iubire teiubesc dragoste fotbal
    mama tata copil soare luna floare pisica caine vara iarna toamna primavara acasa bunaziua salut doctor medic
    doctorul medicul spital clinica cabinet pneumologie pulsoximetrie pulsoximetru oximetry oximeter saturatie
    somn apnee sleep apnea oxigen oxygen pacient pacienti patient hospital clinic health sanatate
""",
    )
)
_ROWS = (
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qwertzuiop",
    "azertyuiop",
    "abcdefghijklmnopqrstuvwxyz",
    "0123456789",
    "1qaz2wsx3edc4rfv5tgb",
)
_SIGNS = str.maketrans("@40!13$578", "aaoiiessTb".lower())
_LETTERS = re.compile(r"[^a-z]+")
_EDGES = re.compile(r"^[\W\d_]+|[\W\d_]+$")


def weakness(password: str, context: Iterable[str] = ()) -> str | None:
    """Why a password is refused; ``None`` when it is good.

    Parameters
    ----------
    context : iterable of str
        What a stranger knows of the account: its e-mail, the clinic's name.

    Returns
    -------
    str or None
        ``password_length``, ``password_common`` or ``password_context``.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        return "password_length"
    plain = _plain(password)
    if len(set(plain)) < LEAST_DIFFERENT or _is_walk(plain) or _is_common(plain):
        return "password_common"
    for word in _words(context):
        if word in plain and len(_LETTERS.sub("", plain.replace(word, ""))) < LEAST_BESIDE_CONTEXT:
            return "password_context"
    return None


def _plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def _is_common(plain: str) -> bool:
    """Whether nothing is left of it without common words, digits and signs; signs that stand for letters are read."""
    middle = _EDGES.sub("", plain).translate(_SIGNS)
    return any(_made_of_common(_LETTERS.sub("", text)) for text in (plain, middle))


def _made_of_common(letters: str) -> bool:
    reached = {0}
    for end in range(1, len(letters) + 1):
        if any(end - len(word) in reached and letters.endswith(word, 0, end) for word in _COMMON):
            reached.add(end)
    return len(letters) in reached


def _is_walk(plain: str) -> bool:
    """Whether it is little more than walks along rows of keys or through the alphabet, or one short piece repeated."""
    left, at = 0, 0
    while at < len(plain):
        step = max(
            (size for size in range(LEAST_WALK, len(plain) - at + 1) if _walks(plain[at : at + size])), default=0
        )
        left += not step
        at += step or 1
    repeated = (plain[:size] * (len(plain) // size + 1) for size in range(1, 5))
    return left < LEAST_DIFFERENT or any(text.startswith(plain) for text in repeated)


def _walks(piece: str) -> bool:
    endless = (row * (len(piece) // len(row) + 2) for row in _ROWS)
    return any(piece in row or piece in row[::-1] for row in endless)


def _words(context: Iterable[str]) -> set[str]:
    found = {word for text in context for word in re.split(r"[\W_]+", _plain(text)) if len(word) >= _SHORTEST_CONTEXT}
    return found | {"".join(re.split(r"[\W_]+", _plain(text).partition("@")[0])) for text in context if len(text) >= 6}
