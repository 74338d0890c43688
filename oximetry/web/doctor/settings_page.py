"""The clinic's settings: what stands on pages and slips, the headline index, the message with a link."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from typing import Any
from zoneinfo import available_timezones

from flask import Blueprint, Flask, Response, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from oximetry.domain.errors import InvalidRequest, NotFound, TooManyAttempts
from oximetry.domain.listing import Headline
from oximetry.domain.review_records import Profile
from oximetry.services.clinics import LONGEST_RETENTION, MAX_LOGO_BYTES, SHORTEST_RETENTION
from oximetry.services.lists import local
from oximetry.web.account import own_account
from oximetry.web.doctor import frame
from oximetry.web.doctor.handover_page import message
from oximetry.web.language import request_words
from oximetry.web.messages import signed_in_doctor
from oximetry.web.services import WebServices

PATH = "/medic/settings"
EXAMPLE_LINK = "https://…/patient/#…"


def install(server: Flask, services: WebServices) -> None:
    """Add the page; each section is saved by itself, and its answer stands beside its button."""
    routes = Blueprint("settings", __name__, url_prefix=PATH)

    @routes.get("")
    def settings() -> ResponseReturnValue:
        doctor, words = signed_in_doctor(), request_words()
        clinic = services.clinics.of(doctor.id)
        return frame.page(
            services,
            "doctor/settings.html",
            "settings",
            clinic=clinic,
            signer=services.review.profile(doctor.id),
            headlines=list(Headline),
            zones=[*sorted(zone for zone in available_timezones() if zone.startswith("Europe/")), "UTC"],
            preview=message(EXAMPLE_LINK, clinic, words),
            has_second_factor=doctor.has_second_factor,
            due=services.retention.due(doctor.id, clinic.retention_months) if clinic.retention_months else 0,
            is_fresh=services.accounts.is_fresh(current_user.token),
            passkeys=services.passkeys.all(doctor.id),
            codes_left=services.second_factors.codes_left(doctor.id),
            sessions=[
                replace(one, last_seen_at=local(one.last_seen_at, clinic.time_zone))
                for one in services.accounts.sessions(current_user.token)
            ],
        )

    @routes.get("/logo")
    def logo() -> ResponseReturnValue:
        clinic = services.clinics.of(signed_in_doctor().id)
        if clinic.logo is None:
            raise NotFound
        return Response(clinic.logo, mimetype=clinic.logo_type)

    def section(name: str, save: Callable[[str], object]) -> None:
        def answer() -> ResponseReturnValue:
            try:
                save(signed_in_doctor().id)
            except InvalidRequest as error:
                return frame.refused(name, error, f"{PATH}#{name}")
            return frame.done(name, request_words()("settings.saved"), f"{PATH}#{name}")

        routes.add_url_rule(f"/{name}", f"save_{name}", answer, methods=["POST"])

    section("clinic", lambda doctor_id: services.clinics.save(doctor_id, **_texts("name", "address", "phone", "hours")))
    section("logo", lambda doctor_id: services.clinics.set_logo(doctor_id, _picture()))
    section("headline", lambda doctor_id: services.clinics.save(doctor_id, **_headline()))
    section("message", lambda doctor_id: services.clinics.save(doctor_id, **_texts("message_ro", "message_en")))
    section("signer", lambda doctor_id: _save_signer(services, doctor_id))
    section("second_factor", lambda doctor_id: services.clinics.save(doctor_id, second_factor=_is_ticked("wanted")))
    section("retention", lambda doctor_id: services.clinics.save(doctor_id, retention_months=_months()))
    section("nights", lambda doctor_id: services.clinics.save(doctor_id, **_nights()))

    @routes.post("/password")
    def password() -> ResponseReturnValue:
        try:
            own_account.change_password(services)
        except (InvalidRequest, TooManyAttempts) as error:
            return frame.refused("password", error, f"{PATH}#password")
        return frame.done("password", request_words()("settings.password_changed"), f"{PATH}#password")

    @routes.post("/sessions")
    def sessions() -> ResponseReturnValue:
        services.accounts.end_other_sessions(current_user.token)
        return frame.done("sessions", request_words()("settings.sessions_ended"), f"{PATH}#security")

    server.register_blueprint(routes)


def _months() -> int | None:
    """For how long patients are kept; an empty field is for good."""
    given = request.form.get("months", "").strip()
    if given and not (given.isascii() and given.isdigit()):
        raise InvalidRequest("retention_malformed", minimum=SHORTEST_RETENTION, maximum=LONGEST_RETENTION)
    return int(given[:6]) if given else None


def _is_ticked(name: str) -> bool:
    return request.form.get(name) == "1"


def _texts(*names: str) -> dict[str, Any]:
    return {name: request.form.get(name, "") for name in names}


def _picture() -> bytes | None:
    if request.form.get("remove") == "1":
        return None
    offered = request.files.get("logo")
    if offered is None or not offered.filename:
        raise InvalidRequest("no_file")
    with closing(offered):
        return offered.stream.read(16 * MAX_LOGO_BYTES)


def _save_signer(services: WebServices, doctor_id: str) -> Profile:
    """How the doctor signs, and whether patients see a report as soon as it is made."""
    named = _texts("signer_name", "signer_title", "signer_code")
    named["release_at_once"] = request.form.get("release_at_once") == "1"
    return services.review.set_profile(replace(services.review.profile(doctor_id), **named))


def _headline() -> dict[str, object]:
    chosen = request.form.get("headline", "")
    if chosen not in set(Headline):
        raise InvalidRequest("malformed")
    return {"headline": Headline(chosen), "severity_shown": request.form.get("severity") == "1"}


def _nights() -> dict[str, object]:
    hour = request.form.get("night_begins_h", "")
    if not (hour.isascii() and hour.isdigit()):
        raise InvalidRequest("hour_malformed")
    return {
        "language": request.form.get("language", ""),
        "time_zone": request.form.get("time_zone", ""),
        "night_begins_h": int(hour[:3]),
        "usual_shown": request.form.get("usual") == "1",
        "letters_off": request.form.get("letters_off") == "1",
    }
