"""What every callback of the doctor's page needs: who is signed in, and how it is said that something went well."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component
from flask_login import current_user

from oximetry.domain.errors import OximetryError
from oximetry.domain.records import Doctor
from oximetry.web.i18n import Words


def signed_in_doctor() -> Doctor:
    """The doctor of this request; the guard in front of ``/medic/`` let nobody else through."""
    doctor: Doctor = current_user.doctor
    return doctor


def said(words: Words, key: str) -> Component:
    """Something was done."""
    return html.Div(words(key), className="message message-good")


def failed(words: Words, error: OximetryError) -> Component:
    """Something was not done, and why."""
    return html.Div(words.error(error), className="message message-error")
