"""Names of our cookies: under https a browser takes ``__Host-`` cookies from this very host alone, for all its paths.

A cookie of the name from before is still understood, and is replaced at the next request.
"""

from __future__ import annotations

from flask import Flask, Request, Response
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin

DOCTOR, CSRF, PATIENT, KNOWN = "doctor", "_csrf_token", "patient-session", "known-browser"
PATIENT_BEFORE = "patient"
_HOST = "__Host-"


def named(name: str, *, https: bool) -> str:
    """The name that a cookie has on this server."""
    return f"{_HOST}{name}" if https else name


class DoctorSessions(SecureCookieSessionInterface):
    """Flask's signed cookie, which also reads the one that a version before gave out."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """The session of the request's cookie, of either name."""
        session = super().open_session(app, request)
        before = request.cookies.get(DOCTOR)
        serializer = self.get_signing_serializer(app)
        if session or before is None or serializer is None or self.get_cookie_name(app) == DOCTOR:
            return session
        try:
            found = self.session_class(serializer.loads(before))
        except ValueError:
            return session
        found.modified = True
        return found

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Give the cookie out under its present name, and take the one of before back."""
        super().save_session(app, session, response)
        if session.modified and self.get_cookie_name(app) != DOCTOR:
            response.delete_cookie(DOCTOR, secure=True, httponly=True, samesite="Lax")
