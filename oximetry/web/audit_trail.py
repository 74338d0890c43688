"""Writes down who looked at what, took what and was refused what: one table of the routes that show something.

What cannot be written down is not shown: a catalogue that refuses the line turns the answer into a 503.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask import Flask, Response, current_app, g, request
from flask_login import current_user

from oximetry.domain.audit import Actor
from oximetry.domain.errors import CatalogueUnavailable
from oximetry.services.audit import AuditService

REFUSED = (403, 404)
SHOWN = (200, 302)


@dataclass(frozen=True, slots=True)
class Seen:
    """What it means that a route answered: the act, and the subject's type and where its id stands in the address."""

    act: str
    subject_type: str = "doctor"
    argument: str = ""


LOOKS = {
    "worklist.worklist": Seen("worklist_viewed"),
    "patients.patients": Seen("patients_viewed"),
    "patients.choices": Seen("patients_viewed"),
    "patient_page.patient": Seen("patient_viewed", "patient", "patient_id"),
    "patient_page.history": Seen("history_viewed", "patient", "patient_id"),
    "patient_page.export": Seen("patient_exported", "patient", "patient_id"),
    "patient_slip": Seen("slip_printed", "patient", "patient_id"),
    "night.night": Seen("night_viewed", "recording", "night_id"),
    "interpretation.page": Seen("report_previewed", "recording", "night_id"),
    "intake_batch": Seen("batch_viewed", "session", "session_id"),
    "handover.links": Seen("links_viewed", "session", "session_id"),
    "handover.slips": Seen("slips_printed", "session", "session_id"),
    "patient.file": Seen("file_taken", "patient", "patient_id"),
    "storage.files": Seen("storage_viewed"),
    "storage.file": Seen("file_viewed", "file", "file_id"),
    "storage.plan": Seen("plan_viewed", "sync_run", "run_id"),
    "storage.download": Seen("plan_taken", "sync_run", "run_id"),
}
_IDS = {
    "patient_id": "patient",
    "night_id": "recording",
    "session_id": "session",
    "file_id": "file",
    "run_id": "sync_run",
}


def install(server: Flask, audit: AuditService) -> None:
    """Look at every answer on its way out."""

    def note(response: Response) -> Response:
        actor = _actor()
        try:
            seen = LOOKS.get(request.endpoint or "")
            if seen and response.status_code in SHOWN and actor is not None and request.method == "GET":
                subject = (seen.subject_type, _id(seen) or _own_id(actor))
                audit.note(actor, seen.act, subject, **_details())
            elif response.status_code in REFUSED and current_user.is_authenticated:
                audit.note(actor, "refused", _refused(current_user.doctor.id), route=_route())
        except CatalogueUnavailable as error:
            answer = current_app.handle_user_exception(error)
            return current_app.make_response(answer)
        return response

    server.after_request(note)


def _actor() -> str | Actor | None:
    """A patient's browser where one was let in, or else the signed-in doctor."""
    visitor: Actor | None = g.get("visitor")
    if visitor is not None:
        return visitor
    return str(current_user.doctor.id) if current_user.is_authenticated else None


def _own_id(actor: str | Actor) -> str:
    return actor if isinstance(actor, str) else actor.id or ""


def _id(seen: Seen) -> str:
    return str((request.view_args or {}).get(seen.argument, ""))


def _details() -> dict[str, object]:
    kind = (request.view_args or {}).get("kind")
    return {"kind": kind} if kind else {}


def _refused(doctor_id: str) -> tuple[str, str]:
    """What was asked for, if the address names it."""
    named = [(_IDS[name], str(value)) for name, value in (request.view_args or {}).items() if name in _IDS]
    return named[-1] if named else ("doctor", doctor_id)


def _route() -> str:
    """The route's name as one of the program's own words; what an address holds is never written down."""
    return (request.endpoint or "none").strip("/").replace(".", "_").replace("/", "_").replace("-", "_").lower()[:40]
