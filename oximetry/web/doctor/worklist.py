"""The doctor's home: every night that waits, newest first, and all the others behind their filters."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from flask import Blueprint, Flask, request
from flask.typing import ResponseReturnValue

from oximetry.domain.listing import PAGE_ROWS
from oximetry.services.lists import NightPage
from oximetry.web.doctor import frame
from oximetry.web.doctor.list_query import asked_nights, asked_state, query
from oximetry.web.doctor.night_rows import night_row, night_rows, odi_name, patient_name
from oximetry.web.i18n import Words
from oximetry.web.language import request_words
from oximetry.web.messages import signed_in_doctor
from oximetry.web.security import DOCTOR_PREFIX
from oximetry.web.services import WebServices

MOST_MONTHS = 60


def install(server: Flask, services: WebServices) -> None:
    """Add the list and the tick that takes a night off it."""
    routes = Blueprint("worklist", __name__, url_prefix=DOCTOR_PREFIX)

    @routes.get("")
    def worklist() -> ResponseReturnValue:
        doctor, words = signed_in_doctor(), request_words()
        clinic = services.clinics.of(doctor.id)
        wanted = asked_nights(request.args, clinic.headline)
        shown = services.lists.nights(doctor.id, wanted)
        rows = night_rows(shown.lines, clinic.headline, words)
        is_first = shown.wanted.offset == 0 and asked_state(request.args) == "waiting" and not wanted.search
        return frame.page(
            services,
            "doctor/worklist.html",
            "work",
            clinic=clinic,
            rows=rows,
            next_row=rows[0] if rows and is_first else _next_row(services, doctor.id, words),
            shown=shown,
            state=asked_state(request.args),
            args=request.args,
            query=query,
            months=_months(shown, words),
            odi=odi_name(clinic.headline),
            first=shown.wanted.offset + 1,
            last=shown.wanted.offset + len(rows),
            number=shown.wanted.offset // PAGE_ROWS + 1,
            today=words.weekday(services.lists.today(clinic.time_zone)),
            open_batch=services.batches.waiting(doctor),
            limits=services.uploads.limits_of(doctor),
            paused=[services.links.card(doctor.id, one).patient for one in services.link_sessions.paused(doctor.id)],
            patient_name=lambda patient: patient_name(patient.number, patient.label, words),
        )

    @routes.post("nights/<uuid:night_id>/reviewed")
    def tick(night_id: UUID) -> ResponseReturnValue:
        reviewed, words = request.form.get("reviewed") == "1", request_words()
        services.lists.set_reviewed(signed_in_doctor().id, str(night_id), reviewed=reviewed)
        return frame.done("tick", words("worklist.ticked" if reviewed else "worklist.unticked"), frame.came_from())

    server.register_blueprint(routes)


def _next_row(services: WebServices, doctor_id: str, words: Words) -> object:
    """The newest night that waits, whatever list is shown."""
    headline = services.clinics.of(doctor_id).headline
    waiting = services.lists.nights(doctor_id, asked_nights({}, headline))
    return night_row(waiting.lines[0], headline, words) if waiting.lines else None


def _months(shown: NightPage, words: Words) -> list[tuple[str, str]]:
    """The months in which nights began, the latest first, as values and as words."""
    if shown.months is None:
        return []
    first, last = (datetime(one.year, one.month, 1) for one in shown.months)
    months: list[tuple[str, str]] = []
    at = last
    while at >= first and len(months) < MOST_MONTHS:
        months.append((f"{at:%Y-%m}", words.month(at)))
        at = at.replace(year=at.year - (at.month == 1), month=12 if at.month == 1 else at.month - 1)
    return months
