"""What every callback of the doctor's page needs: who is signed in, and how it is said what went well or did not."""

from __future__ import annotations

from dash import html, set_props
from dash.development.base_component import Component
from flask_login import current_user

from oximetry.domain.errors import OximetryError
from oximetry.domain.records import Doctor
from oximetry.web.doctor import ids
from oximetry.web.i18n import Words
from oximetry.web.language import request_words


def signed_in_doctor() -> Doctor:
    """The doctor of this request; the guard in front of ``/medic/`` let nobody else through."""
    doctor: Doctor = current_user.doctor
    return doctor


def said(words: Words, key: str) -> Component:
    """Something was done."""
    return html.Div(words(key), className="msg good")


def failed(words: Words, error: OximetryError) -> Component:
    """Something was not done, and why."""
    return html.Div(words.error(error), className="msg bad")


def tell(error: Exception) -> None:
    """A callback's ``on_error``: what was raised on purpose is said on the page and changes nothing else on it."""
    if not isinstance(error, OximetryError):
        raise error
    set_props(ids.MESSAGE, {"children": failed(request_words(), error)})
