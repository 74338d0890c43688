"""What every server-rendered page of the doctor shares: the bar with its pages, messages beside their controls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlsplit

from flask import flash, get_flashed_messages, redirect, render_template, request
from flask.typing import ResponseReturnValue

from oximetry.domain.errors import OximetryError
from oximetry.domain.records import Role
from oximetry.web.language import request_words
from oximetry.web.messages import signed_in_doctor
from oximetry.web.security import DOCTOR_PREFIX
from oximetry.web.services import WebServices

GOOD, BAD = "good", "bad"


@dataclass(frozen=True, slots=True)
class Message:
    """What became of an act, to be shown beside the control that caused it."""

    kind: str
    text: str


def page(services: WebServices, template: str, here: str, status: int = 200, **values: Any) -> ResponseReturnValue:
    """A page below the bar; ``here`` is the bar's entry, ``says`` in the template the messages by control."""
    doctor, words = signed_in_doctor(), request_words()
    rendered = render_template(
        template,
        words=words,
        here=here,
        email=doctor.email,
        is_admin=doctor.role is Role.ADMINISTRATOR,
        temporary=doctor.password_temporary,
        waiting=services.lists.waiting(doctor.id),
        says=_messages(),
        **values,
    )
    return rendered, status


def done(control: str, text: str, back_to: str) -> ResponseReturnValue:
    """Show a page again and say beside a control that its act was done."""
    flash(text, f"{control}:{GOOD}")
    return redirect(_own(back_to), 303)


def refused(control: str, error: OximetryError, back_to: str) -> ResponseReturnValue:
    """Show a page again and say beside a control why nothing was done."""
    flash(request_words().error(error), f"{control}:{BAD}")
    return redirect(_own(back_to), 303)


def came_from(default: str = DOCTOR_PREFIX) -> str:
    """The page that a form names as the one to show again, if it is one of ours."""
    return _own(request.form.get("back", "") or default, default)


def _own(place: str, default: str = DOCTOR_PREFIX) -> str:
    parts = urlsplit(place)
    is_own = not parts.scheme and not parts.netloc and place.startswith(DOCTOR_PREFIX) and "\\" not in place
    return place if is_own else default


def _messages() -> dict[str, Message]:
    shown = {}
    for category, text in cast("list[tuple[str, str]]", get_flashed_messages(with_categories=True)):
        control, _, kind = category.rpartition(":")
        shown[control] = Message(kind, text)
    return shown
