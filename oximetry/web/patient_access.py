"""Who may see a patient's page and files: the browser that opened the link, or the doctor whose patient it is."""

from __future__ import annotations

from flask import Response, request
from flask_login import current_user
from itsdangerous import BadSignature, URLSafeSerializer

from oximetry.domain.errors import LinkRefused, NotFound
from oximetry.domain.records import Link
from oximetry.web.security import PATIENT_PREFIX, is_https
from patient_links import PatientLinks

COOKIE = "patient"


class PatientAccess:
    """The patient's cookie: a signed name of the link's row, looked up again on every request."""

    def __init__(self, links: PatientLinks, secret_key: bytes) -> None:
        self._links = links
        self._serializer = URLSafeSerializer(secret_key, salt="patient-cookie")

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

    def open_already(self) -> str | None:
        """The id of the link that this browser's cookie names, live or not."""
        try:
            return str(self._serializer.loads(request.cookies.get(COOKIE, "")))
        except BadSignature:
            return None

    def link_for(self, patient_id: str) -> Link:
        """The live link of this browser, if it is this patient's; raises ``LinkRefused``."""
        link_id = self.open_already()
        if link_id is None:
            raise LinkRefused
        link = self._links.live_link(link_id)
        if link.patient_id != patient_id:
            raise LinkRefused
        return link

    def owner_of(self, patient_id: str) -> str:
        """The doctor in whose name this browser may see the patient; raises ``NotFound`` for everybody else."""
        try:
            return self.link_for(patient_id).doctor_id
        except LinkRefused as error:
            if current_user.is_authenticated:
                return str(current_user.doctor.id)  # the data layer finds nothing of another doctor's patient
            raise NotFound(patient_id=patient_id) from error
