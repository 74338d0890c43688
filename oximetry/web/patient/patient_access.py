"""Who may see a patient's page and files: the browser that opened the link, or the doctor whose patient it is."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import suppress

from flask import Flask, Response, g, request
from flask_login import current_user
from itsdangerous import BadSignature, URLSafeSerializer

from oximetry.domain.acting import EVERYBODY, acting_for
from oximetry.domain.audit import Actor, ActorKind
from oximetry.domain.errors import LinkRefused, NotFound
from oximetry.domain.link_sessions import OpenedLink, Visit
from oximetry.domain.records import Link
from oximetry.services.link_sessions import LinkSessionService
from oximetry.services.nights.nights import NightService
from oximetry.web import cookies
from oximetry.web.browsers import browser_kind
from oximetry.web.security import PATIENT_PREFIX, is_https


class PatientAccess:
    """The patient's cookie: the token of a session, looked up again on every request.

    A cookie from before there were sessions was a link's id, signed with any of ``secret_keys``; it is exchanged.
    """

    def __init__(self, sessions: LinkSessionService, nights: NightService, secret_keys: Sequence[bytes]) -> None:
        self._sessions = sessions
        self._nights = nights
        self._serializer = URLSafeSerializer(list(secret_keys), salt="patient-cookie")

    def install(self, server: Flask) -> None:
        """Exchange cookies of before at their next request."""
        server.before_request(self._exchange)
        server.after_request(self._hand_out)

    def remember(self, response: Response, token: str) -> None:
        """Give the browser the cookie of a session; it goes with the browser's window."""
        response.set_cookie(
            cookies.named(cookies.PATIENT, https=is_https()), token, secure=is_https(), httponly=True, samesite="Lax"
        )

    def forget(self, response: Response) -> None:
        """Take the cookie back."""
        name = cookies.named(cookies.PATIENT, https=is_https())
        response.delete_cookie(name, secure=is_https(), httponly=True, samesite="Lax")

    def token(self) -> str:
        """The token that this browser shows; empty for none."""
        handed: str = g.get("new_patient_token", "")
        return handed or request.cookies.get(cookies.named(cookies.PATIENT, https=is_https()), "")

    def opened(self) -> OpenedLink | None:
        """The live session of this browser, whosever page it is; asked once in a request."""
        if "opened_link" not in g:
            token = self.token()
            g.opened_link = self._sessions.of(token) if token else None
            if g.opened_link is not None:
                acting_for.set(g.opened_link.link.doctor_id)
        found: OpenedLink | None = g.opened_link
        return found

    def visit(self) -> Visit:
        """This browser, coming with a secret; its key is equal for one kind of browser, and says nothing else."""
        agent = request.user_agent.string
        key = hashlib.sha256(agent.encode(errors="replace")).hexdigest()[:8]
        return self._sessions.visit(browser_kind(agent), key)

    def link_for(self, patient_id: str) -> Link:
        """The live link of this browser, if it is this patient's; raises ``LinkRefused``."""
        opened = self.opened()
        if opened is None or opened.link.patient_id != patient_id:
            raise LinkRefused
        return opened.link

    def visitor(self) -> Actor:
        """Who looks, for the audit trail."""
        opened = self.opened()
        if opened is not None and opened.session.is_preview and current_user.is_authenticated:
            return Actor(ActorKind.DOCTOR, current_user.doctor.id)
        return Actor(ActorKind.PATIENT, opened.session.id if opened else None)

    def file_url(self, patient_id: str, kind: str, filename: str) -> str:
        """A signed URL of a file that this browser's link, or else its signed-in doctor, may see; or ``NotFound``."""
        opened = self.opened()
        if opened is not None:
            with suppress(NotFound):
                url = self._nights.linked_file_url(opened.link.id, patient_id, kind, filename)
                g.visitor = self.visitor()
                return url
        acting_for.set(EVERYBODY)
        if current_user.is_authenticated:
            acting_for.set(current_user.doctor.id)
            return self._nights.file_url(str(current_user.doctor.id), patient_id, kind, filename)
        raise NotFound(patient_id=patient_id)

    def _exchange(self) -> None:
        before = request.cookies.get(cookies.PATIENT_BEFORE)
        if before is None or not request.path.startswith(PATIENT_PREFIX) or self.opened() is not None:
            return
        with suppress(BadSignature):
            token = self._sessions.exchange(str(self._serializer.loads(before)), self.visit())
            if token is not None:
                g.new_patient_token = token
                g.pop("opened_link", None)

    def _hand_out(self, response: Response) -> Response:
        if "new_patient_token" in g:
            self.remember(response, g.new_patient_token)
        if request.path.startswith(PATIENT_PREFIX) and cookies.PATIENT_BEFORE in request.cookies:
            response.delete_cookie(cookies.PATIENT_BEFORE, path=PATIENT_PREFIX)
        return response
