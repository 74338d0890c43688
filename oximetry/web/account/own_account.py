"""The pages that may come before every other one: a password of one's own, and the second factor."""

from __future__ import annotations

import segno
from flask import Blueprint, Flask, jsonify, redirect, render_template, request, session
from flask.typing import ResponseReturnValue
from flask_login import current_user

from oximetry.domain.errors import InvalidRequest, OximetryError, SignInRefused, TooManyAttempts
from oximetry.web.account.sign_in import request_origin
from oximetry.web.dash_requests import posted_json
from oximetry.web.doctor import frame
from oximetry.web.language import request_words
from oximetry.web.messages import signed_in_doctor
from oximetry.web.security import NEW_PASSWORD, SECOND_FACTOR
from oximetry.web.services import WebServices

PASSKEYS = f"{SECOND_FACTOR}/passkeys"
CONFIRM = f"{SECOND_FACTOR}/confirm"
OFFERED = "second_factor_offered"
SETTINGS = "/medic/settings#security"


def install(server: Flask, services: WebServices) -> None:
    """Add both pages, and what the settings page changes about the account."""
    routes = Blueprint("own_account", __name__)

    @routes.get(NEW_PASSWORD)
    def password_page() -> ResponseReturnValue:
        return render_template("new_password.html", words=request_words(), message="")

    @routes.post(NEW_PASSWORD)
    def password() -> ResponseReturnValue:
        try:
            change_password(services)
        except (InvalidRequest, TooManyAttempts) as error:
            said = request_words().error(error)
            return render_template("new_password.html", words=request_words(), message=said), 409
        return redirect("/medic/", 303)

    @routes.get(SECOND_FACTOR)
    def second_factor_page() -> ResponseReturnValue:
        if signed_in_doctor().has_second_factor:
            return redirect(SETTINGS)
        if not services.accounts.is_fresh(current_user.token):
            return redirect(f"{CONFIRM}?next=set-up")
        session[OFFERED] = session.get(OFFERED) or services.second_factors.new_secret()
        return _set_up(services, session[OFFERED])

    @routes.post(SECOND_FACTOR)
    def switch_on() -> ResponseReturnValue:
        secret = str(session.get(OFFERED, ""))
        if not secret or signed_in_doctor().has_second_factor:
            return redirect(SECOND_FACTOR, 303)
        try:
            codes = services.second_factors.switch_on(current_user.token, secret, request.form.get("code", ""))
        except InvalidRequest as error:
            return _set_up(services, secret, request_words().error(error)), 409
        session.pop(OFFERED)
        return render_template("second_factor.html", words=request_words(), codes=codes)

    @routes.get(CONFIRM)
    def confirm_page() -> ResponseReturnValue:
        return _confirm_page()

    @routes.post(CONFIRM)
    def confirm() -> ResponseReturnValue:
        try:
            services.accounts.confirm(current_user.token, request.form.get("password", ""), request_origin())
        except (SignInRefused, TooManyAttempts) as error:
            told = InvalidRequest("password_wrong") if isinstance(error, SignInRefused) else error
            return _confirm_page(request_words().error(told)), 409
        return redirect(SECOND_FACTOR if request.args.get("next") == "set-up" else SETTINGS, 303)

    @routes.post(f"{SECOND_FACTOR}/off")
    def switch_off() -> ResponseReturnValue:
        try:
            services.second_factors.give_up(current_user.token, request.form.get("code", ""), request_origin())
        except (SignInRefused, TooManyAttempts) as error:
            return frame.refused("second-factor", _as_request(error), SETTINGS)
        return frame.done("second-factor", request_words()("second_factor.off_done"), SETTINGS)

    @routes.post(f"{PASSKEYS}/options")
    def passkey_options() -> ResponseReturnValue:
        try:
            return jsonify(services.passkeys.offer(current_user.token))
        except InvalidRequest as error:
            return {"message": request_words().error(error)}, 409

    @routes.post(PASSKEYS)
    def add_passkey() -> ResponseReturnValue:
        posted = posted_json()
        given = posted if isinstance(posted, dict) else {}
        answer = given.get("answer")
        try:
            codes = services.passkeys.add(
                current_user.token, answer if isinstance(answer, dict) else {}, str(given.get("name", ""))
            )
        except InvalidRequest as error:
            return {"message": request_words().error(error)}, 409
        return jsonify(codes=codes)

    @routes.post(f"{PASSKEYS}/<uuid:passkey_id>/remove")
    def remove_passkey(passkey_id: object) -> ResponseReturnValue:
        try:
            services.passkeys.remove(current_user.token, str(passkey_id))
        except InvalidRequest:
            return redirect(CONFIRM, 303)
        return frame.done("second-factor", request_words()("passkey.removed"), SETTINGS)

    @routes.post("/medic/settings/sessions/<uuid:session_id>/end")
    def end_session(session_id: object) -> ResponseReturnValue:
        services.accounts.end_session(current_user.token, str(session_id))
        return frame.done("sessions", request_words()("settings.session_ended"), SETTINGS)

    server.register_blueprint(routes)


def change_password(services: WebServices) -> None:
    """What the form says; raises ``InvalidRequest`` and ``TooManyAttempts``."""
    old, new, again = (request.form.get(name, "") for name in ("old", "new", "again"))
    if new != again:
        raise InvalidRequest("passwords_differ")
    try:
        services.accounts.change_password(current_user.token, old, new, request_origin())
    except SignInRefused as error:
        raise InvalidRequest("old_password_wrong") from error


def _confirm_page(message: str = "") -> str:
    return render_template("confirm_password.html", words=request_words(), message=message)


def _set_up(services: WebServices, secret: str, message: str = "") -> str:
    address = services.second_factors.address(signed_in_doctor(), secret)
    qr = segno.make(address, error="m").svg_data_uri(scale=4, border=2, light="white")
    return render_template(
        "second_factor.html", words=request_words(), codes=(), secret=_in_fours(secret), qr=qr, message=message
    )


def _in_fours(secret: str) -> str:
    return " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))


def _as_request(error: OximetryError) -> OximetryError:
    return InvalidRequest("code_wrong") if isinstance(error, SignInRefused) else error
