"""Names of our cookies: under https a browser takes ``__Host-`` cookies from this very host alone, for all its paths.

A cookie of the name from before is still understood, and is replaced at the next request.
"""

from __future__ import annotations

import hashlib

from flask import Flask, Request, Response
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from itsdangerous import BadSignature

DOCTOR, CSRF, PATIENT, KNOWN = "doctor", "_csrf_token", "patient-session", "known-browser"
PATIENT_BEFORE = "patient"
_HOST = "__Host-"
_BEFORE = SecureCookieSessionInterface()


def named(name: str, *, https: bool) -> str:
    """The name that a cookie has on this server."""
    return f"{_HOST}{name}" if https else name


class DoctorSessions(SecureCookieSessionInterface):
    """Flask's cookie, signed with HMAC-SHA-256; it also reads what a version before gave out, under either name."""

    digest_method = staticmethod(hashlib.sha256)

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """The session of the request's cookie."""
        session = super().open_session(app, request)
        before = _BEFORE.get_signing_serializer(app)
        if session or before is None:
            return session
        for name in (self.get_cookie_name(app), DOCTOR):
            try:
                found = self.session_class(before.loads(request.cookies.get(name, "")))
            except BadSignature:
                continue
            found.modified = True
            return found
        return session

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Give the cookie out under its present name, and take the one of before back."""
        super().save_session(app, session, response)
        if session.modified and self.get_cookie_name(app) != DOCTOR:
            response.delete_cookie(DOCTOR, secure=True, httponly=True, samesite="Lax")
