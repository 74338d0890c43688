"""The doctor's words about a night: written and saved as one types, signed, amended, withdrawn, released."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

from flask import Blueprint, Flask, Response, jsonify, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from oximetry.domain.errors import InvalidRequest, NotFound, OximetryError, SignInRefused, TemplateRefused
from oximetry.domain.interpretation import LONGEST_PATIENT_TEXT, LONGEST_REPORT_TEXT, LONGEST_TREATMENT, ReviewState
from oximetry.domain.records import FileKind
from oximetry.services.lists import local
from oximetry.web.account.sign_in import request_origin
from oximetry.web.doctor import frame
from oximetry.web.figure_layout import caption
from oximetry.web.i18n import LANGUAGES, Words
from oximetry.web.language import request_words
from oximetry.web.messages import signed_in_doctor
from oximetry.web.services import WebServices

CONTROL = "interpretation"


def install(server: Flask, services: WebServices) -> None:
    """Add what a night's page does with its words."""
    routes = Blueprint("interpretation", __name__, url_prefix="/medic/nights/<uuid:night_id>")

    @routes.post("/draft")
    def save(night_id: UUID) -> ResponseReturnValue:
        words = request_words()
        try:
            version = _save(services, str(night_id))
        except NotFound:
            raise
        except OximetryError as error:
            return jsonify(reason=error.reason, message=words.error(error)), 409
        return jsonify(version=version, said=_saved_at(services, words), **_filled(services, str(night_id)))

    @routes.get("/proposal")
    def proposal(night_id: UUID) -> ResponseReturnValue:
        language = request.args.get("language", "")
        made = services.review.propose(signed_in_doctor().id, str(night_id), language)
        return jsonify(report=made.text_report, patient=made.text_patient, because=list(made.because))

    @routes.get("/draft.html")
    def page(night_id: UUID) -> ResponseReturnValue:
        return Response(services.review.preview_page(signed_in_doctor().id, str(night_id)), mimetype="text/html")

    def act(name: str, does: Callable[[str], str]) -> None:
        def answer(night_id: UUID) -> ResponseReturnValue:
            back = frame.came_from(f"/medic/nights/{night_id}#{CONTROL}")
            again = f"/medic/nights/{night_id}{request.form.get('query', '')}#{CONTROL}"
            try:
                said = does(str(night_id))
            except NotFound:
                raise
            except OximetryError as error:
                return frame.refused(CONTROL, error, again)
            return frame.done(CONTROL if back == again else "tick", request_words()(said), back)

        routes.add_url_rule(f"/{name}", name, answer, methods=["POST"])

    act("sign", lambda night_id: _sign(services, night_id))
    act("withdraw", lambda night_id: _withdraw(services, night_id))
    act("release", lambda night_id: _release(services, night_id))
    server.register_blueprint(routes)


def shown(services: WebServices, doctor_id: str, night_id: str, time_zone: str) -> dict[str, Any]:
    """What a night's page shows of the doctor's words."""
    words = request_words()
    review = services.review
    state, draft = review.state(doctor_id, night_id), review.draft(doctor_id, night_id)
    signed, report = review.signed(doctor_id, night_id), state.report
    proposal = review.propose(doctor_id, night_id, draft.language)
    begun = draft.version > 0 or bool(draft.text_report)
    if not begun:
        draft = replace(draft, text_report=proposal.text_report, text_patient=proposal.text_patient)
    profile = review.profile(doctor_id)
    return {
        "state": state.state.value,
        "states": ReviewState,
        "draft": draft
        if begun
        else replace(draft, text_report=proposal.text_report, text_patient=proposal.text_patient),
        "is_proposed": not begun,
        "because": proposal.because,
        "should_phone": proposal.phone_first,
        "signed": signed,
        "signed_numbers": caption(signed.numbers[0], words) if signed else "",
        "signed_at": words.moment(local(report.signed_at, time_zone)) if report else "",
        "is_released": state.is_released,
        "is_rendered": bool(state.file_key),
        "file": f"/patient/{state.file_key}" if state.file_key else "",
        "versions": len(review.versions(doctor_id, night_id)) if report else 0,
        "templates": review.templates(doctor_id),
        "languages": LANGUAGES,
        "longest": (LONGEST_REPORT_TEXT, LONGEST_PATIENT_TEXT, LONGEST_TREATMENT),
        "asks_password": not services.accounts.is_confirmed(current_user.token),
        "signer": profile,
        "release_at_once": profile.release_at_once,
        "kind": FileKind.SIGNED,
    }


def _filled(services: WebServices, night_id: str) -> dict[str, str]:
    """The text as it reads with the night's numbers, or why it cannot be signed so; it is saved either way."""
    text, language = request.form.get("report", ""), request.form.get("language", LANGUAGES[0])
    try:
        return {"filled": services.review.filled(signed_in_doctor().id, night_id, text, language)}
    except TemplateRefused as error:
        return {"filled": "", "problem": request_words().error(error)}


def _save(services: WebServices, night_id: str) -> int:
    form, doctor_id = request.form, signed_in_doctor().id
    version = form.get("version", "")
    if not (version.isascii() and version.isdigit()):
        raise InvalidRequest("malformed")
    language = form.get("language", LANGUAGES[0])
    proposal = services.review.propose(doctor_id, night_id, language)
    return services.review.save_draft(
        doctor_id,
        night_id,
        form.get("report", ""),
        form.get("patient", ""),
        int(version[:9]),
        language=language,
        treatment=form.get("treatment", ""),
        seen=form.get("seen") or None,
        proposal=proposal,
    )


def _saved_at(services: WebServices, words: Words) -> str:
    zone = services.clinics.of(signed_in_doctor().id).time_zone
    return words("interpretation.saved_at", time=f"{services.lists.now(zone):%H:%M}")


def _sign(services: WebServices, night_id: str) -> str:
    """Sign what the page shows: saved first, then frozen."""
    doctor, form = signed_in_doctor(), request.form
    if not services.accounts.is_confirmed(current_user.token):
        if not form.get("password"):
            raise InvalidRequest("password_needed")
        try:
            services.accounts.confirm(current_user.token, form["password"], request_origin())
        except SignInRefused as error:
            raise InvalidRequest("password_wrong") from error
    version = _save(services, night_id)
    seen, has_read = form.get("seen", ""), form.get("has_read") == "1"
    stands = services.review.signed(doctor.id, night_id) is not None
    if stands:
        services.review.amend(doctor, night_id, form.get("reason", ""), version=version, seen=seen, has_read=has_read)
        return "interpretation.amended"
    services.review.sign(doctor, night_id, version=version, seen=seen, has_read=has_read)
    return "interpretation.signed"


def _withdraw(services: WebServices, night_id: str) -> str:
    services.review.withdraw(signed_in_doctor(), night_id, request.form.get("reason", ""))
    return "interpretation.withdrawn"


def _release(services: WebServices, night_id: str) -> str:
    services.review.release(signed_in_doctor(), night_id)
    return "interpretation.released"
