"""Who may see a patient's page and files: the browser that opened the link, or the doctor whose patient it is."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import suppress

from flask import Response, g, request
from flask_login import current_user
from itsdangerous import BadSignature, URLSafeSerializer

from oximetry.domain.audit import Actor, ActorKind
from oximetry.domain.errors import LinkRefused, NotFound
from oximetry.domain.records import Link
from oximetry.services.links import PatientLinks
from oximetry.services.nights.nights import NightService
from oximetry.web.security import PATIENT_PREFIX, is_https

COOKIE = "patient"


class PatientAccess:
    """The patient's cookie: a signed name of the link's row, looked up again on every request.

    It is signed with the last of the keys, and may be signed with any of them.
    """

    def __init__(self, links: PatientLinks, nights: NightService, secret_keys: Sequence[bytes]) -> None:
        self._links = links
        self._nights = nights
        self._serializer = URLSafeSerializer(list(secret_keys), salt="patient-cookie")

    def remember(self, response: Response, link: Link) -> None:
        """Give the browser the cookie of a link."""
        response.set_cookie(
            COOKIE,
            self._serializer.dumps(link.id),
            path=PATIENT_PREFIX,
            secure=is_https(),
            httponly=True,
            samesite="Lax",
        )

    def browser_key(self) -> str:
        """A short word that is equal for requests of one kind of browser, and says nothing else."""
        return hashlib.sha256(request.user_agent.string.encode(errors="replace")).hexdigest()[:8]

    def open_already(self) -> str | None:
        """The id of the link that this browser's cookie names, live or not."""
        try:
            return str(self._serializer.loads(request.cookies.get(COOKIE, "")))
        except BadSignature:
            return None

    def visitor(self) -> Actor:
        """Who looks, for the audit trail: the browser with this link."""
        return Actor(ActorKind.PATIENT, self.open_already())

    def link_for(self, patient_id: str) -> Link:
        """The live link of this browser, if it is this patient's; raises ``LinkRefused``."""
        link_id = self.open_already()
        if link_id is None:
            raise LinkRefused
        link = self._links.live_link(link_id)
        if link.patient_id != patient_id:
            raise LinkRefused
        return link

    def file_url(self, patient_id: str, kind: str, filename: str) -> str:
        """A signed URL of a file that this browser's link, or else its signed-in doctor, may see; or ``NotFound``."""
        link_id = self.open_already()
        if link_id is not None:
            with suppress(NotFound):
                g.visitor = Actor(ActorKind.PATIENT, link_id)
                return self._nights.linked_file_url(link_id, patient_id, kind, filename)
        g.visitor = None
        if current_user.is_authenticated:
            return self._nights.file_url(str(current_user.doctor.id), patient_id, kind, filename)
        raise NotFound(patient_id=patient_id)
