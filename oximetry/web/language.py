"""Which language a request reads: its cookie, else Romanian."""

from __future__ import annotations

from flask import has_request_context, request

from oximetry.web.i18n import LANGUAGES, Words, words

LANGUAGE_COOKIE = "language"


def request_language() -> str:
    """``ro`` or ``en``; Romanian outside a request (Dash looks at the layout while it is set up)."""
    if not has_request_context():
        return LANGUAGES[0]
    chosen = request.cookies.get(LANGUAGE_COOKIE, LANGUAGES[0])
    return chosen if chosen in LANGUAGES else LANGUAGES[0]


def request_words() -> Words:
    """The words of the request's language."""
    return words(request_language())
