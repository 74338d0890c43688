"""The doctor's patients: a page at a time, searched, with each one's last night."""

from __future__ import annotations

from flask import Blueprint, Flask, jsonify, redirect, request
from flask.typing import ResponseReturnValue

from oximetry.domain.errors import InvalidRequest
from oximetry.domain.listing import PAGE_ROWS, Headline, PatientLine
from oximetry.web.doctor import frame
from oximetry.web.doctor.list_query import asked_patients, query
from oximetry.web.doctor.night_rows import NightRow, night_row, odi_name, patient_name
from oximetry.web.i18n import Words
from oximetry.web.language import request_words
from oximetry.web.messages import signed_in_doctor
from oximetry.web.services import WebServices

PATH = "/medic/patients"
CHOICES = 20


def install(server: Flask, services: WebServices) -> None:
    """Add the list, the way to a new patient, and the choices of whoever searches for one."""
    routes = Blueprint("patients", __name__, url_prefix=PATH)

    @routes.get("")
    def patients() -> ResponseReturnValue:
        return _list(services)

    @routes.post("")
    def new_patient() -> ResponseReturnValue:
        label, words = request.form.get("label", ""), request_words()
        try:
            card = services.links.create(
                signed_in_doctor().id, label, acknowledged=request.form.get("acknowledged") == "1"
            )
        except InvalidRequest as error:
            return _list(services, label=label, asked=error.reason, status=409)
        name = patient_name(card.patient.number, card.patient.label, words)
        return frame.done("page", words("patients.made", patient=name), f"{PATH}/{card.patient.id}")

    @routes.get("/choices")
    def choices() -> ResponseReturnValue:
        search, order, _ = asked_patients(request.args)
        words = request_words()
        found = services.lists.patients(signed_in_doctor().id, search, order).lines[:CHOICES]
        return jsonify([{"value": line.patient_id, "label": choice_name(line, words)} for line in found])

    @routes.get("/")
    def without_a_slash() -> ResponseReturnValue:
        return redirect(PATH, 308)

    server.register_blueprint(routes)


def choice_name(line: PatientLine, words: Words) -> str:
    """A patient among others: the name, the slip number, and the last night."""
    name = patient_name(line.number, line.label, words)
    parts = [name, words("list.slip", number=line.number) if line.label else ""]
    parts.append(words.night(line.last.started_at, short=True) if line.last else "")
    return " · ".join(part for part in parts if part)


def _list(services: WebServices, *, label: str = "", asked: str = "", status: int = 200) -> ResponseReturnValue:
    doctor, words = signed_in_doctor(), request_words()
    headline = services.clinics.of(doctor.id).headline
    search, order, offset = asked_patients(request.args)
    shown = services.lists.patients(doctor.id, search, order, offset)
    rows = [(line, patient_name(line.number, line.label, words), _last(line, headline, words)) for line in shown.lines]
    return frame.page(
        services,
        "doctor/patients.html",
        "patients",
        status,
        rows=rows,
        shown=shown,
        args=request.args,
        query=query,
        odi=odi_name(headline),
        first=shown.offset + 1,
        last=shown.offset + len(rows),
        number=shown.offset // PAGE_ROWS + 1,
        typed_label=label,
        asked=words.reason(asked, {}) if asked else "",
        can_insist=asked.startswith("label_") and asked != "label_too_long",
    )


def _last(line: PatientLine, headline: Headline, words: Words) -> NightRow | None:
    return night_row(line.last, headline, words) if line.last else None
