"""One patient: the link, the nights on a calendar and in a trend, some of them under each other, all in one table."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from uuid import UUID

import segno
from flask import Blueprint, Flask, request, send_file
from flask.typing import ResponseReturnValue

from oximetry.domain.errors import InvalidRequest, OximetryError
from oximetry.domain.extra_rules import NAMES
from oximetry.domain.link_sessions import LIFETIMES_DAYS, is_paused
from oximetry.domain.records import NightState
from oximetry.services.audit import Act
from oximetry.services.links import PatientCard
from oximetry.services.lists import local
from oximetry.services.nights.nights import NightCard
from oximetry.web import report_view
from oximetry.web.doctor import extra_rules_view, frame, trend
from oximetry.web.doctor.night_rows import night_row, odi_name, patient_name
from oximetry.web.doctor.patients_page import PATH, choice_name
from oximetry.web.i18n import Words
from oximetry.web.language import request_language, request_words
from oximetry.web.markup import markup
from oximetry.web.messages import signed_in_doctor
from oximetry.web.patient.patient_page import file_path
from oximetry.web.services import WebServices

MOST_COMPARED = 4
OPENINGS_SHOWN = 6
ACTS_SHOWN = 200
LONGEST_NOTES = 2000
EXPORT_IN_MEMORY_BYTES = 4 * 1024 * 1024


def install(server: Flask, services: WebServices) -> None:
    """Add the page and what can be done on it; every act shows the page again with its answer beside the control."""
    routes = Blueprint("patient_page", __name__, url_prefix=f"{PATH}/<uuid:patient_id>")

    @routes.get("")
    def patient(patient_id: UUID) -> ResponseReturnValue:
        return show(services, str(patient_id))

    @routes.get("/history")
    def history(patient_id: UUID) -> ResponseReturnValue:
        return _history(services, str(patient_id))

    @routes.post("/label")
    def label(patient_id: UUID) -> ResponseReturnValue:
        typed = request.form.get("label", "")
        try:
            services.links.set_label(
                signed_in_doctor().id, str(patient_id), typed, acknowledged=request.form.get("acknowledged") == "1"
            )
        except InvalidRequest as error:
            return show(services, str(patient_id), typed_label=typed, asked=error.reason, status=409)
        return _done("label", "done.save-label", patient_id)

    def act(name: str, control: str, does: Callable[[str, str], None]) -> None:
        """A route that does one thing to the patient and says so beside its control."""

        def answer(patient_id: UUID) -> ResponseReturnValue:
            try:
                does(signed_in_doctor().id, str(patient_id))
            except InvalidRequest as error:
                return frame.refused(control, error, f"{PATH}/{patient_id}")
            return _done(control, f"done.{name}", patient_id)

        routes.add_url_rule(f"/{name}", name.replace("-", "_"), answer, methods=["POST"])

    act("rotate-link", "link", lambda doctor_id, patient_id: _ignore(services.links.rotate(doctor_id, patient_id)))
    act("revoke-link", "link", services.links.revoke)
    act(
        "end-sessions",
        "link",
        lambda who, one: services.link_sessions.end(who, one, request.form.get("session") or None),
    )
    act("link-lifetime", "link", lambda who, one: services.link_sessions.set_lifetime(who, one, _days()))
    act("set-pin", "link", lambda who, one: services.link_sessions.set_pin(who, one, wanted=True))
    act("remove-pin", "link", lambda who, one: services.link_sessions.set_pin(who, one, wanted=False))
    act("retire-old", "link", services.links.retire_old)
    act("lend", "loan", lambda who, one: services.loans.lend(who, one, request.form.get("device", "")))
    act("returned", "loan", lambda who, _: services.loans.take_back(who, request.form.get("device", "")))
    act("notes", "notes", lambda who, one: services.links.set_notes(who, one, request.form.get("notes", "")))
    act("save-rules", "rules", lambda who, one: services.links.set_extra_rules(who, one, request.form.getlist("rule")))
    act("merge", "merge", lambda who, one: services.merging.merge(who, one, _into()))

    @routes.get("/export")
    def export(patient_id: UUID) -> ResponseReturnValue:
        doctor = signed_in_doctor()
        number = services.links.card(doctor.id, str(patient_id)).patient.number
        packed = tempfile.SpooledTemporaryFile(EXPORT_IN_MEMORY_BYTES)  # noqa: SIM115 - closed when the answer is sent
        try:
            services.exports.write(doctor.id, str(patient_id), packed)
        except OximetryError:
            packed.close()
            raise
        packed.seek(0)
        return send_file(packed, "application/zip", as_attachment=True, download_name=f"pacient-{number}.zip")

    @routes.post("/erase")
    def erase(patient_id: UUID) -> ResponseReturnValue:
        doctor = signed_in_doctor()
        try:
            number = services.links.card(doctor.id, str(patient_id)).patient.number
            if request.form.get("typed", "").strip() != str(number):
                raise InvalidRequest("erase_not_confirmed")
            services.erasure.erase(doctor.id, str(patient_id))
        except InvalidRequest as error:
            return frame.refused("erase", error, f"{PATH}/{patient_id}#erase")
        return frame.done("page", request_words()("done.erase", patient=number), PATH)

    _nights(server, services)
    server.register_blueprint(routes)


def _nights(server: Flask, services: WebServices) -> None:
    """Moving, removing and restoring a night."""
    routes = Blueprint("night_acts", __name__, url_prefix="/medic/nights/<uuid:night_id>")

    def act(name: str, does: Callable[[str, str], None]) -> None:
        def answer(night_id: UUID) -> ResponseReturnValue:
            control, back = f"night-{night_id}", frame.came_from()
            try:
                does(signed_in_doctor().id, str(night_id))
            except InvalidRequest as error:
                return frame.refused(control, error, back)
            return frame.done(control, request_words()(f"done.{name}"), back)

        routes.add_url_rule(f"/{name}", name, answer, methods=["POST"])

    act("move", lambda who, night_id: services.nights.move(who, night_id, _into()))
    act("remove", services.nights.remove)
    act("restore", services.nights.restore)
    server.register_blueprint(routes)


def _into() -> str:
    target = request.form.get("into", "")
    try:
        return str(UUID(target))
    except ValueError as error:
        raise InvalidRequest("cannot_move") from error


def _days() -> int | None:
    """The lifetime that was chosen for the link; an empty one is "until it is stopped"."""
    given = request.form.get("days", "")
    if given and not given.isdecimal():
        raise InvalidRequest("malformed")
    return int(given) if given else None


def _ignore(_done: object) -> None:
    return None


def _done(control: str, key: str, patient_id: UUID) -> ResponseReturnValue:
    return frame.done(control, request_words()(key), f"{PATH}/{patient_id}")


def show(
    services: WebServices, patient_id: str, *, typed_label: str | None = None, asked: str = "", status: int = 200
) -> ResponseReturnValue:
    """The page; ``typed_label`` and ``asked`` after a label that was not taken as it stands."""
    doctor, words = signed_in_doctor(), request_words()
    card = services.links.card(doctor.id, patient_id)
    clinic = services.clinics.of(doctor.id)
    lines = services.lists.of_patient(doctor.id, patient_id)
    cards = services.nights.managed(doctor.id, patient_id, request_language())
    chosen = [one for one in request.args.getlist("compare") if any(line.night_id == one for line in lines)]
    by_clock = request.args.get("align") != "start"
    answers = services.extra_rules.answers(doctor.id, patient_id)
    by_id = {line.night_id: night_row(line, clinic.headline, words) for line in lines}
    loans = services.loans.of_patient(doctor.id, patient_id)
    return frame.page(
        services,
        "doctor/patient.html",
        "patients",
        status,
        clinic=clinic,
        card=card,
        name=patient_name(card.patient.number, card.patient.label, words),
        typed_label=card.patient.label or "" if typed_label is None else typed_label,
        asked=words.reason(asked, {}) if asked else "",
        can_insist=asked.startswith("label_") and asked != "label_too_long",
        lines=lines,
        nights=[(by_id.get(one.night.id), one, _files(one), answers.get(one.night.id, ())) for one in cards],
        states=NightState,
        calendar=trend.calendar(lines, words),
        trend=trend.trend(lines, clinic.headline, words),
        compared=_compared(services, doctor.id, chosen[:MOST_COMPARED], words, by_clock=by_clock),
        chosen=chosen,
        by_clock=by_clock,
        rows_by_id=by_id,
        odi=odi_name(clinic.headline),
        qr=qr_code(card.url) if card.url else "",
        openings=[
            replace(one, opened_at=local(one.opened_at, clinic.time_zone))
            for one in services.links.openings(doctor.id, patient_id, OPENINGS_SHOWN)
        ],
        loans=loans,
        sessions=[
            replace(one, last_seen_at=local(one.last_seen_at, clinic.time_zone))
            for one in services.link_sessions.of_patient(doctor.id, patient_id)
        ],
        lifetimes=LIFETIMES_DAYS,
        pin=services.link_sessions.pin(card.link) if card.link and card.url else None,
        is_paused=card.link is not None and is_paused(card.link),
        expires_at=local(card.link.expires_at, clinic.time_zone) if card.link and card.link.expires_at else None,
        lone_reports=[
            markup(report_view.card(report, _report_link(report.file.key, words), words))
            for report in services.nights.lone_reports(doctor.id, patient_id)
        ],
        lone_files=services.nights.lone_files(doctor.id, patient_id),
        file_path=file_path,
        extra_rules=NAMES,
        extra_rule_names=extra_rules_view.NAMES_OF,
        extra_rule_caveats=extra_rules_view.CAVEATS,
        rule_results=lambda found: markup(extra_rules_view.results(found, words)),
        old_openings=sum(link.opened_count for link in card.old_links),
        others=[
            (line.patient_id, choice_name(line, words))
            for line in services.lists.patients(doctor.id, request.args.get("find", "")).lines
            if line.patient_id != patient_id
        ],
    )


def _history(services: WebServices, patient_id: str) -> ResponseReturnValue:
    """Who saw, changed and took what of this patient."""
    doctor, words = signed_in_doctor(), request_words()
    patient = services.links.card(doctor.id, patient_id).patient
    zone = services.clinics.of(doctor.id).time_zone
    nights = {line.night_id: words.night(line.started_at) for line in services.lists.of_patient(doctor.id, patient_id)}
    return frame.page(
        services,
        "doctor/history.html",
        "patients",
        patient=patient,
        name=patient_name(patient.number, patient.label, words),
        acts=[_act(act, zone, nights, words) for act in services.audit.of_patient(doctor.id, patient_id, ACTS_SHOWN)],
        limit=ACTS_SHOWN,
    )


def _act(act: Act, zone: str, nights: Mapping[str, str], words: Words) -> tuple[str, str, str]:
    who = act.who or words(f"actor.{act.actor_kind}")
    night = f" · {nights[act.subject_id]}" if act.subject_id in nights else ""
    return words.moment(local(act.happened_at, zone)), who, words(f"act.{act.act}") + night


def qr_code(url: str) -> str:
    """The link as a QR code, an SVG in a data URL: nothing is fetched, nothing is stored."""
    return str(segno.make(url, error="m").svg_data_uri(scale=4, border=2, light="white"))


def link_shown(card: PatientCard) -> bool:
    """Whether the patient's link is live and can be shown."""
    return card.url is not None


def _report_link(key: str, words: Words) -> list[object]:
    from dash import html

    return [html.A(words("download.pdf"), href=f"/patient/{key}", className="btn second")]


def _files(card: NightCard) -> list[tuple[str, str]]:
    """What can be downloaded of a night: the word's key and the address."""
    shown = [file for file in (card.plot, card.csv, *(one.file for one in card.reports)) if file]
    links = [(f"download.{file.name.rpartition('.')[2]}", file_path(file)) for file in shown]
    return links + ([("download.original", file_path(card.original))] if card.original else [])


def _compared(
    services: WebServices, doctor_id: str, night_ids: list[str], words: Words, *, by_clock: bool
) -> list[tuple[str, object]]:
    """The chosen nights and their drawings, under each other; one that cannot be read now is left out, and said."""
    recordings, read, drawn = [], [], []
    for night_id in night_ids:
        try:
            recordings.append(services.nights.trace(doctor_id, night_id).recording)
            read.append(night_id)
        except OximetryError as error:
            drawn.append((night_id, words.error(error)))
    return [*zip(read, trend.strips(recordings, words, by_clock=by_clock), strict=True), *drawn]
