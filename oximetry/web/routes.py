"""Routes outside Dash: health, uploads, a patient's session, and the way to files."""

from __future__ import annotations

import hmac
import logging

from dash.exceptions import DependencyException
from flask import Blueprint, Flask, Response, current_app, jsonify, make_response, redirect, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from oximetry.domain.acting import EVERYBODY, acting_for
from oximetry.domain.errors import (
    CatalogueUnavailable,
    InvalidRequest,
    InvalidUpload,
    LinkRefused,
    NotFound,
    OximetryError,
    PinNeeded,
    PinRefused,
    StorageRefused,
    StorageUnavailable,
)
from oximetry.services.incoming import MEGABYTE, IncomingFile
from oximetry.services.operations.request_codes import request_code
from oximetry.web.dash_requests import posted_json
from oximetry.web.language import request_words
from oximetry.web.patient import old_links
from oximetry.web.patient.patient_access import PatientAccess
from oximetry.web.services import WebServices

logger = logging.getLogger(__name__)

RETRY_AFTER_S = 10
FORWARDED = "forwarded_by_nobody_known"
_STATUS: tuple[tuple[type[OximetryError], int], ...] = (
    (NotFound, 404),
    (LinkRefused, 404),
    (PinNeeded, 401),
    (PinRefused, 403),
    (InvalidUpload, 422),
    (InvalidRequest, 409),
    (StorageUnavailable, 503),
    (CatalogueUnavailable, 503),
    (StorageRefused, 503),
)


def install(server: Flask, services: WebServices, access: PatientAccess, *, operator_token: str | None = None) -> None:
    """Add the routes and the answers to errors; who shows the operator's token sees the details of ``/readyz``."""
    server.register_blueprint(_health(services, operator_token))
    server.register_blueprint(_uploads(services))
    server.register_blueprint(_patient(services, access))
    server.register_blueprint(old_links.blueprint(services.links))
    server.register_blueprint(_signed_files(services))
    server.register_error_handler(OximetryError, _refused)
    server.register_error_handler(HTTPException, _http_error)
    server.register_error_handler(DependencyException, lambda _error: _words_page("error.404", 404))


def watch_forwarded(server: Flask) -> None:
    """Without ``TRUSTED_PROXIES``: remember that a request came through a proxy, whose word is not taken."""

    def look() -> None:
        if "X-Forwarded-For" in request.headers and not server.extensions.get(FORWARDED):
            server.extensions[FORWARDED] = True
            logger.warning("a proxy forwards requests and TRUSTED_PROXIES is 0: every visitor has the proxy's address")

    server.before_request(look)


def _health(services: WebServices, operator_token: str | None) -> Blueprint:
    routes = Blueprint("health", __name__)

    @routes.get("/healthz")
    def alive() -> ResponseReturnValue:
        if not services.serving.can_serve():
            return {"status": "database_silent"}, 503
        return {"status": "ok"}

    @routes.get("/readyz")
    def ready() -> ResponseReturnValue:
        state = services.readiness.look()
        parts = state.public()
        parts["proxies"] = "not_trusted" if current_app.extensions.get(FORWARDED) else "ok"
        if operator_token and is_bearer(operator_token):
            parts["details"] = state.details()
        return parts, 503 if state.status == "down" else 200

    return routes


def _uploads(services: WebServices) -> Blueprint:
    routes = Blueprint("uploads", __name__)

    @routes.post("/medic/uploads/<session_id>/files")
    def receive(session_id: str) -> ResponseReturnValue:
        upload = request.files.get("file")
        if upload is None:
            raise InvalidUpload("no_file")
        limit = services.uploads.limits.file_bytes
        content = upload.stream.read(limit + 1)
        file = IncomingFile(upload.filename or "", content)
        item, is_new = services.uploads.accept(current_user.doctor, session_id, file)
        return {"id": item.id, "state": item.state.value, "new": is_new}, 201 if is_new else 200

    return routes


def _patient(services: WebServices, access: PatientAccess) -> Blueprint:
    routes = Blueprint("patient", __name__)

    @routes.post("/patient/session")
    def open_link() -> ResponseReturnValue:
        posted = posted_json()
        given = posted if isinstance(posted, dict) else {}
        doctor_id = current_user.doctor.id if current_user.is_authenticated else None
        opened, visit = access.opened(), access.visit()
        already = opened.link.id if opened else None
        acting_for.set(EVERYBODY)  # the link may be another doctor's than the one that was open here
        link = services.links.open(
            str(given.get("secret", "")),
            preview_by=doctor_id,
            open_already=already,
            pin=str(given.get("pin", "")),
            visit=visit,
        )
        response = jsonify(patient_id=link.patient_id, preview=doctor_id == link.doctor_id)
        if link.id != already:
            is_preview = doctor_id == link.doctor_id
            access.remember(response, services.link_sessions.begin(link, visit, is_preview=is_preview))
        return response

    @routes.post("/patient/leave")
    def leave() -> ResponseReturnValue:
        services.link_sessions.leave(access.token())
        response = make_response("", 204)
        access.forget(response)
        return response

    @routes.get("/patient/<uuid:patient_id>/<any(csvs, originals, pdfs, plots, reports):kind>/<string:filename>")
    def file(patient_id: object, kind: str, filename: str) -> ResponseReturnValue:
        response = redirect(access.file_url(str(patient_id), kind, filename), 302)
        response.set_data(b"")  # the default page would repeat the signed URL
        return response

    return routes


def _signed_files(services: WebServices) -> Blueprint:
    routes = Blueprint("files", __name__)

    @routes.get("/files/<path:key>")
    def signed(key: str) -> ResponseReturnValue:
        try:
            file = services.open_signed(key, request.args)
        except StorageRefused as error:
            if not error.reason.startswith("signature_"):
                raise
            return _words_page("error.signature", 403)
        response = make_response(file.content)
        response.headers["Content-Type"] = file.content_type
        response.headers["Content-Disposition"] = file.disposition
        return response

    return routes


def _refused(error: OximetryError) -> ResponseReturnValue:
    status = next((status for kind, status in _STATUS if isinstance(error, kind)), 500)
    if status == 500:
        logger.error("request failed reason=%s", error.reason, exc_info=error)
    if request.path.startswith("/medic/uploads/") or request.path == "/patient/session":
        message = request_words().error(error)
        response = jsonify(reason=error.reason, message=f"{message} {_code()}" if status >= 500 else message)
        response.status_code = status
    else:
        response = make_response(_words_page(f"error.{status}", status))
    if status == 503:
        response.headers["Retry-After"] = str(RETRY_AFTER_S)
    return response


def _http_error(error: HTTPException) -> ResponseReturnValue:
    status = error.code or 500
    if isinstance(error, RequestEntityTooLarge) and request.path.startswith("/medic/uploads/"):
        limit = request.max_content_length or 0
        words = request_words()
        message = words.reason("file_too_large", {"limit_mb": limit // MEGABYTE})
        return jsonify(reason="file_too_large", message=message), status
    if error.response is not None:
        return error.response
    return _words_page(f"error.{status}" if status in (400, 403, 404, 503) else "error.500", status)


def is_bearer(token: str) -> bool:
    """Whether the request shows this token."""
    shown = request.authorization.token if request.authorization and request.authorization.type == "bearer" else None
    return hmac.compare_digest((shown or "").encode(), token.encode())


def _code() -> str:
    """What finds this request in the logs, for a person to tell: ``(cod 7F3A)``."""
    return f"({request_words()('error.code', code=request_code.get())})"


def _words_page(key: str, status: int) -> Response:
    words = request_words()
    code = f' <span class="quiet">{_code()}</span>' if status >= 500 else ""
    page = (
        f'<!doctype html><html lang="{words.language}"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{words('app.name')}</title>"
        '<link rel="icon" href="/patient/assets/favicon.ico">'
        '<link rel="stylesheet" href="/patient/assets/base.css">'
        f'<body class="notice"><main><h1>{words("app.name")}</h1><p>{words(key)}{code}</p></main>'
    )
    return Response(page, status, mimetype="text/html")
