"""The administrator's page of accounts ``/medic/accounts``: who may sign in; never a patient, never a night."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from flask import Blueprint, Flask, abort, request
from flask.typing import ResponseReturnValue

from oximetry.domain.errors import InvalidRequest
from oximetry.domain.records import Role
from oximetry.services.lists import local
from oximetry.web.doctor import frame
from oximetry.web.language import request_words
from oximetry.web.messages import signed_in_doctor
from oximetry.web.services import WebServices

PATH = "/medic/accounts"
ACTS_SHOWN = 50


def install(server: Flask, services: WebServices) -> None:
    """Add the page; everything below it is 404 for whoever is not an administrator."""
    routes = Blueprint("accounts", __name__, url_prefix=PATH)
    routes.before_request(_only_administrators)

    @routes.get("")
    def accounts() -> ResponseReturnValue:
        return _show(services)

    @routes.post("/invite")
    def invite() -> ResponseReturnValue:
        role = Role.ADMINISTRATOR if request.form.get("role") == Role.ADMINISTRATOR else Role.DOCTOR
        try:
            link = services.account_links.invite(request.form.get("email", ""), role, by=signed_in_doctor().id)
        except InvalidRequest as error:
            return frame.refused("invite", error, PATH)
        return _show(services, link=link, link_for=request.form.get("email", ""))

    @routes.post("/<uuid:account_id>/reset")
    def reset(account_id: UUID) -> ResponseReturnValue:
        email = services.accounts.get(str(account_id)).email
        return _show(services, link=services.account_links.reset(email, by=signed_in_doctor().id), link_for=email)

    def act(name: str, said: str, does: Callable[[str], object]) -> None:
        def answer(account_id: UUID) -> ResponseReturnValue:
            if str(account_id) == signed_in_doctor().id:
                return frame.refused(f"account-{account_id}", InvalidRequest("not_ones_own_account"), PATH)
            does(str(account_id))
            return frame.done(f"account-{account_id}", request_words()(said), PATH)

        routes.add_url_rule(f"/<uuid:account_id>/{name}", name, answer, methods=["POST"])

    act(
        "disable",
        "accounts.disable_done",
        lambda account_id: services.accounts.disable(account_id, signed_in_doctor().id),
    )
    act(
        "enable", "accounts.enable_done", lambda account_id: services.accounts.enable(account_id, signed_in_doctor().id)
    )
    act("end", "accounts.end_done", lambda one: services.accounts.end_sessions_of(one, signed_in_doctor().id))
    act(
        "unlock",
        "accounts.unlock_done",
        lambda account_id: services.accounts.unlock(services.accounts.get(account_id).email),
    )

    @routes.get("/<uuid:account_id>")
    def history(account_id: UUID) -> ResponseReturnValue:
        return _history(services, str(account_id))

    server.register_blueprint(routes)


def _only_administrators() -> None:
    if signed_in_doctor().role is not Role.ADMINISTRATOR:
        abort(404)


def _show(services: WebServices, *, link: str = "", link_for: str = "") -> ResponseReturnValue:
    clinic = services.clinics.of(signed_in_doctor().id)
    lines = services.accounts.lines()
    seen = {line.doctor.id: local(line.last_seen_at, clinic.time_zone) for line in lines if line.last_seen_at}
    return frame.page(
        services, "doctor/accounts.html", "accounts", lines=lines, seen=seen, link=link, link_for=link_for,
        own_id=signed_in_doctor().id,
    )  # fmt: skip


def _history(services: WebServices, account_id: str) -> ResponseReturnValue:
    """What an account did, without what it did it to."""
    account = services.accounts.get(account_id)
    words, zone = request_words(), services.clinics.of(signed_in_doctor().id).time_zone
    acts = services.audit.of_account(account_id, ACTS_SHOWN)
    shown = [(words.moment(local(act.happened_at, zone)), words(f"act.{act.act}")) for act in acts]
    return frame.page(services, "doctor/account_history.html", "accounts", account=account, acts=shown)
