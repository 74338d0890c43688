"""Signing doctors in and out; sessions are rows of the catalogue, the cookie only names one."""

from __future__ import annotations

import logging

from flask import Blueprint, Flask, make_response, redirect, render_template, request, session
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, UserMixin, login_user, logout_user

from oximetry.domain.errors import SignInRefused, TooManyAttempts
from oximetry.domain.records import Doctor
from oximetry.services.accounts import AccountService
from oximetry.web.i18n import Words
from oximetry.web.language import request_words

logger = logging.getLogger(__name__)

DEFAULT_ADDRESS = "unknown"


class SignedIn(UserMixin):
    """The signed-in doctor of a request; its id is the session's token."""

    def __init__(self, token: str, doctor: Doctor) -> None:
        self.token = token
        self.doctor = doctor

    def get_id(self) -> str:
        """What the cookie carries."""
        return self.token


def install(server: Flask, accounts: AccountService) -> None:
    """Add ``/login``, ``/logout`` and the loading of the signed-in doctor."""
    manager = LoginManager()
    manager.session_protection = None  # it compares addresses and browsers, which change on a ward's network
    manager.init_app(server)

    @manager.user_loader
    def load(token: str) -> SignedIn | None:
        doctor = accounts.doctor_of(token)
        return SignedIn(token, doctor) if doctor else None

    server.register_blueprint(_routes(accounts))


def _routes(accounts: AccountService) -> Blueprint:
    routes = Blueprint("sign_in", __name__)

    @routes.get("/login")
    def login_page() -> ResponseReturnValue:
        return _page(request_words())

    @routes.post("/login")
    def login() -> ResponseReturnValue:
        words = request_words()
        email, password = request.form.get("email", ""), request.form.get("password", "")
        try:
            token = accounts.sign_in(email, password, request.remote_addr or DEFAULT_ADDRESS)
        except TooManyAttempts as error:
            response = make_response(_page(words, words.error(error), email), 429)
            response.headers["Retry-After"] = str(error.details["retry_after_s"])
            return response
        except SignInRefused as error:
            return _page(words, words.error(error), email), 401
        doctor = accounts.doctor_of(token)
        if doctor is None:
            return _page(words, words.reason("sign_in_refused", {}), email), 401
        session.clear()
        login_user(SignedIn(token, doctor))
        return redirect("/medic/", 303)

    @routes.post("/logout")
    def logout() -> ResponseReturnValue:
        token = session.get("_user_id")
        if token:
            accounts.sign_out(token)
        logout_user()
        session.clear()
        return redirect("/login", 303)

    return routes


def _page(words: Words, message: str = "", email: str = "") -> str:
    return render_template("login.html", words=words, message=message, email=email)
