"""Handing links over: a row for each patient of a batch, the ready message, and the slip to print.

A link is never shown without the nights that it opens.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from flask import Blueprint, Flask, render_template, request
from flask.typing import ResponseReturnValue

from oximetry.domain.clinic import Clinic, Handover
from oximetry.domain.errors import NotFound
from oximetry.domain.listing import folded
from oximetry.services.intake.batch import HANDED_BY, HandedPatient
from oximetry.services.lists import local
from oximetry.web.doctor import frame
from oximetry.web.doctor.night_rows import patient_name
from oximetry.web.doctor.patient_page import qr_code
from oximetry.web.i18n import LANGUAGES, Words
from oximetry.web.i18n import words as words_of
from oximetry.web.language import request_words
from oximetry.web.messages import signed_in_doctor
from oximetry.web.services import WebServices

SMS_LETTERS = 160
SMS_LETTERS_OF_SEVERAL = 153


@dataclass(frozen=True, slots=True)
class Message:
    """A ready text with the link, in one language: as written, and without marks for an SMS."""

    language: str
    text: str
    plain: str
    sms: int


@dataclass(frozen=True, slots=True)
class HandoverRow:
    """One patient's link with the nights that it opens."""

    patient_id: str
    number: int
    name: str
    is_new: bool
    nights: list[str]
    device: str
    url: str | None
    qr: str
    messages: list[Message]
    handover: Handover | None
    opened_count: int


def install(server: Flask, services: WebServices) -> None:
    """Add the page, its marks and its slips."""
    routes = Blueprint("handover", __name__, url_prefix="/medic/intake/<uuid:session_id>/links")

    @routes.get("")
    def links(session_id: UUID) -> ResponseReturnValue:
        doctor, words = signed_in_doctor(), request_words()
        batch = services.batches.handed_over(doctor, str(session_id))
        clinic = services.clinics.of(doctor.id)
        rows = [handover_row(services, doctor.id, one, clinic, words) for one in batch.patients]
        return frame.page(
            services,
            "doctor/handover.html",
            "batch",
            clinic=clinic,
            session=batch.session,
            begun=local(batch.session.created_at, clinic.time_zone),
            rows=rows,
            nights=sum(len(one.nights) for one in batch.patients),
            handed=sum(one.handover is not None for one in batch.patients),
            means=HANDED_BY,
        )

    @routes.post("/<uuid:patient_id>/handed")
    def handed(session_id: UUID, patient_id: UUID) -> ResponseReturnValue:
        means, words = request.form.get("means", ""), request_words()
        services.batches.mark_handed(signed_in_doctor(), str(session_id), str(patient_id), means)
        place = f"/medic/intake/{session_id}/links#patient-{patient_id}"
        return frame.done(f"handed-{patient_id}", words("handover.marked"), place)

    @routes.get("/slips")
    def slips(session_id: UUID) -> ResponseReturnValue:
        doctor, words = signed_in_doctor(), request_words()
        batch = services.batches.handed_over(doctor, str(session_id))
        clinic = services.clinics.of(doctor.id)
        wanted = request.args.getlist("patient") or [one.patient_id for one in batch.patients]
        rows = [
            handover_row(services, doctor.id, one, clinic, words) for one in batch.patients if one.patient_id in wanted
        ]
        return slip_sheet([row for row in rows if row.url], clinic, services, words)

    server.register_blueprint(routes)
    server.add_url_rule("/medic/patients/<uuid:patient_id>/slip", "patient_slip", _patient_slip(services))


def slip_sheet(rows: list[HandoverRow], clinic: Clinic, services: WebServices, words: Words) -> ResponseReturnValue:
    """The slips of these patients on paper; raises ``NotFound`` when none has a link to print."""
    if not rows:
        raise NotFound
    today = words.day(services.lists.today(clinic.time_zone))
    return render_template("doctor/slips.html", words=words, rows=rows, clinic=clinic, today=today)


def handover_row(
    services: WebServices, doctor_id: str, handed: HandedPatient, clinic: Clinic, words: Words
) -> HandoverRow:
    """A patient of a batch with everything that handing over needs."""
    card = services.links.card(doctor_id, handed.patient_id)
    devices = dict.fromkeys(item.device_serial for item in handed.nights if item.device_serial)
    starts = sorted(item.started_at for item in handed.nights if item.started_at)
    nights = [words.night(started_at, short=True) for started_at in starts]
    return HandoverRow(
        patient_id=handed.patient_id,
        number=card.patient.number,
        name=patient_name(card.patient.number, card.patient.label, words),
        is_new=bool(handed.nights) and card.was_made_with(handed.nights[0].confirmed_at),
        nights=nights,
        device=", ".join(devices),
        url=card.url,
        qr=qr_code(card.url) if card.url else "",
        messages=[message(card.url, clinic, words_of(language)) for language in LANGUAGES] if card.url else [],
        handover=handed.handover,
        opened_count=card.link.opened_count if card.link else 0,
    )


def message(url: str, clinic: Clinic, words: Words) -> Message:
    """The clinic's message, or ours, around a link; the link itself carries neither name nor night nor result."""
    own = clinic.message_ro if words.language == "ro" else clinic.message_en
    template = own or words("handover.message" if clinic.phone else "handover.message_without_phone")
    values = {
        "link": url,
        "clinic": clinic.name,
        "clinica": clinic.name,
        "phone": clinic.phone,
        "telefon": clinic.phone,
    }
    text = template
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", value)
    text = " ".join(text.split())
    before, _, after = text.partition(url)
    plain = without_marks(before) + url + without_marks(after)
    parts = 1 if len(plain) <= SMS_LETTERS else -(-len(plain) // SMS_LETTERS_OF_SEVERAL)
    return Message(words.language, text, plain, parts)


def without_marks(text: str) -> str:
    """The text in letters that an SMS counts once, large and small as they were."""
    kept = []
    for sign in text:
        small = folded(sign) if sign.strip() else sign
        kept.append(small.upper() if sign.isupper() else small)
    return "".join(kept)


def _patient_slip(services: WebServices) -> Callable[[UUID], ResponseReturnValue]:
    def slip(patient_id: UUID) -> ResponseReturnValue:
        doctor, words = signed_in_doctor(), request_words()
        clinic = services.clinics.of(doctor.id)
        card = services.links.card(doctor.id, str(patient_id))
        lines = services.lists.of_patient(doctor.id, str(patient_id))
        loans = [loan for loan in services.loans.of_patient(doctor.id, str(patient_id)) if loan.returned_at is None]
        if card.url is None:
            raise NotFound(patient_id=str(patient_id))
        devices = dict.fromkeys([loan.device_serial for loan in loans] + [line.device_serial for line in lines[-1:]])
        row = HandoverRow(
            patient_id=card.patient.id,
            number=card.patient.number,
            name=patient_name(card.patient.number, card.patient.label, words),
            is_new=False,
            nights=[words.night(line.started_at, short=True) for line in lines[-4:]],
            device=", ".join(serial for serial in devices if serial),
            url=card.url,
            qr=qr_code(card.url),
            messages=[],
            handover=None,
            opened_count=0,
        )
        return slip_sheet([row], clinic, services, words)

    return slip
