"""Signing doctors in and out; sessions are rows of the catalogue, the cookie only names one."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Flask, Response, flash, jsonify, make_response, redirect, render_template, request, session
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user

from oximetry.domain.account_records import KNOWN_FOR, Entry, Origin, SessionState
from oximetry.domain.errors import InvalidRequest, LinkRefused, OximetryError, SignInRefused, TooManyAttempts
from oximetry.domain.records import Doctor, Role
from oximetry.domain.sign_in_limits import network_of
from oximetry.services.accounts.account_links import PATH as ACCOUNT_LINKS
from oximetry.services.accounts.accounts import AccountService
from oximetry.web import cookies
from oximetry.web.browsers import browser_kind
from oximetry.web.dash_requests import is_polling, posted_json
from oximetry.web.i18n import Words
from oximetry.web.language import request_words
from oximetry.web.security import NEW_PASSWORD, SECOND_FACTOR, is_https
from oximetry.web.services import WebServices

logger = logging.getLogger(__name__)

DEFAULT_ADDRESS = "unknown"
PENDING = "pending"


class SignedIn(UserMixin):
    """The signed-in doctor of a request; its id is the session's token.

    Attributes
    ----------
    duty : str
        The page that comes before every other one: a password of one's own, a second factor; empty for none.
    """

    def __init__(self, token: str, doctor: Doctor, duty: str = "") -> None:
        self.token = token
        self.doctor = doctor
        self.duty = duty

    def get_id(self) -> str:
        """What the cookie carries."""
        return self.token


def install(server: Flask, services: WebServices, *, production: bool) -> None:
    """Add signing in and out, links of one time, and the loading of the signed-in doctor."""
    manager = LoginManager()
    manager.session_protection = None  # it compares addresses and browsers, which change on a ward's network
    manager.init_app(server)

    @manager.user_loader
    def load(token: str) -> SignedIn | None:
        state = services.accounts.state(token, is_activity=not is_polling())
        if state is None or state.is_pending:
            return None
        return SignedIn(token, state.doctor, _duty(state, production=production))

    server.register_blueprint(_routes(services))
    server.register_blueprint(_links(services))


def request_origin() -> Origin:
    """Whence this request comes."""
    known = request.cookies.get(cookies.named(cookies.KNOWN, https=is_https()), "")[:200]
    address = request.remote_addr or DEFAULT_ADDRESS
    return Origin(network_of(address), browser_kind(request.user_agent.string), known)


def _duty(state: SessionState, *, production: bool) -> str:
    doctor = state.doctor
    if doctor.password_temporary and production:
        return NEW_PASSWORD
    wanted = state.second_factor_wanted or (production and doctor.role is Role.ADMINISTRATOR)
    return SECOND_FACTOR if wanted and not doctor.has_second_factor else ""


def _routes(services: WebServices) -> Blueprint:
    routes = Blueprint("sign_in", __name__)
    accounts = services.accounts

    @routes.get("/login")
    def login_page() -> ResponseReturnValue:
        return _page(request_words())

    @routes.post("/login")
    def login() -> ResponseReturnValue:
        words = request_words()
        email, password = request.form.get("email", ""), request.form.get("password", "")
        try:
            entry = accounts.sign_in(email, password, request_origin())
        except (TooManyAttempts, SignInRefused) as error:
            return _again(_page(words, words.error(error), email), error)
        session.clear()
        if entry.is_pending:
            session[PENDING] = entry.token
            return redirect("/login/code", 303)
        return _let_in(accounts, entry)

    @routes.get("/login/code")
    def code_page() -> ResponseReturnValue:
        if PENDING not in session:
            return redirect("/login")
        return _code_page(services, "")

    @routes.post("/login/code")
    def code() -> ResponseReturnValue:
        words = request_words()
        pending = str(session.get(PENDING, ""))
        if not pending or accounts.state(pending) is None:
            session.clear()
            return redirect("/login", 303)
        try:
            entry = services.second_factors.enter(pending, request.form.get("code", ""), request_origin())
        except (TooManyAttempts, SignInRefused) as error:
            return _again(_code_page(services, words.error(error)), error)
        session.clear()
        return _let_in(accounts, entry)

    @routes.post("/login/passkey/options")
    def passkey_options() -> ResponseReturnValue:
        return _in_json(lambda: services.passkeys.ask(str(session.get(PENDING, ""))))

    @routes.post("/login/passkey")
    def passkey() -> ResponseReturnValue:
        posted = posted_json()
        answer = posted if isinstance(posted, dict) else {}
        try:
            entry = services.passkeys.enter(str(session.get(PENDING, "")), answer, request_origin())
        except (TooManyAttempts, SignInRefused) as error:
            return {"message": request_words().error(error)}, 401
        session.clear()
        _let_in(accounts, entry)
        response = jsonify(next="/medic/")
        _know(response, entry)
        return response

    @routes.post("/logout")
    def logout() -> ResponseReturnValue:
        token = session.get("_user_id")
        if token:
            accounts.sign_out(token)
        logout_user()
        session.clear()
        return redirect("/login", 303)

    return routes


def _links(services: WebServices) -> Blueprint:
    """Where an invitation or a reset is used; an address that opens nothing always says the same."""
    routes = Blueprint("account_links", __name__)
    place = f"{ACCOUNT_LINKS}<string:token>"

    @routes.get(place)
    def page(token: str) -> ResponseReturnValue:
        try:
            link = services.account_links.find(token)
        except LinkRefused as error:
            return _link_page("", request_words().error(error)), 404
        return _link_page(link.email, "")

    @routes.post(place)
    def use(token: str) -> ResponseReturnValue:
        words = request_words()
        try:
            link = services.account_links.find(token)
            if request.form.get("new", "") != request.form.get("again", ""):
                raise InvalidRequest("passwords_differ")
            services.account_links.use(token, request.form.get("new", ""))
        except LinkRefused as error:
            return _link_page("", words.error(error)), 404
        except InvalidRequest as error:
            return _link_page(link.email, words.error(error)), 409
        if current_user.is_authenticated:
            services.accounts.sign_out(current_user.token)
        session.clear()
        return _page(words, words("account_link.done"), link.email, is_good=True)

    return routes


def _let_in(accounts: AccountService, entry: Entry) -> ResponseReturnValue:
    state = accounts.state(entry.token)
    if state is None:
        raise SignInRefused
    login_user(SignedIn(entry.token, state.doctor))
    words = request_words()
    for browser in entry.news:
        kind = words(f"browser.{browser.browser or 'unknown'}")
        said = words("sign_in.new_browser", browser=kind, network=browser.network, day=words.day(browser.first_seen_at))
        flash(said, "news:bad")
    response = make_response(redirect("/medic/", 303))
    _know(response, entry)
    return response


def _know(response: Response, entry: Entry) -> None:
    """The browser is known at its next sign-in."""
    response.set_cookie(
        cookies.named(cookies.KNOWN, https=is_https()),
        entry.known_token,
        max_age=int(KNOWN_FOR.total_seconds()),
        secure=is_https(),
        httponly=True,
        samesite="Lax",
    )


def _code_page(services: WebServices, message: str) -> str:
    state = services.accounts.state(str(session.get(PENDING, "")))
    has_passkey = state is not None and state.doctor.passkey_count > 0
    return render_template("second_factor_code.html", words=request_words(), message=message, has_passkey=has_passkey)


def _in_json(answer: Callable[[], dict[str, Any]]) -> ResponseReturnValue:
    try:
        return jsonify(answer())
    except SignInRefused as error:
        return {"message": request_words().error(error)}, 401


def _again(page: str, error: OximetryError) -> Response:
    response = make_response(page, 401)
    if isinstance(error, TooManyAttempts):
        response.status_code = 429
        response.headers["Retry-After"] = str(error.details["retry_after_s"])
    return response


def _page(words: Words, message: str = "", email: str = "", *, is_good: bool = False) -> str:
    return render_template("login.html", words=words, message=message, email=email, is_good=is_good)


def _link_page(email: str, message: str) -> str:
    return render_template("account_link.html", words=request_words(), email=email, message=message)
