"""The administrator's storage page ``/medic/storage``: server-rendered forms, so that it works whatever scripts do.

Everything below it is 404 for whoever is not an administrator, before anything else is looked at.
"""

from __future__ import annotations

from flask import Blueprint, Flask, Response, abort, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from werkzeug.exceptions import RequestEntityTooLarge

from oximetry.domain.errors import (
    InvalidRequest,
    InvalidUpload,
    NotFound,
    OximetryError,
    StorageRefused,
    StorageUnavailable,
    SyncAborted,
)
from oximetry.domain.ports import Clock
from oximetry.domain.records import FileKind, Role
from oximetry.domain.sync.sync_records import FileState
from oximetry.services.incoming import MEGABYTE, IncomingFile
from oximetry.web.admin import storage_view as view
from oximetry.web.language import request_words
from oximetry.web.security import STORAGE_PATH
from oximetry.web.services import WebServices

DONE = ("uploaded", "deleted", "restored", "assigned", "initialised")
RETRY_AFTER_S = 10
_STATUS = {InvalidUpload: 422, InvalidRequest: 409, SyncAborted: 409, StorageUnavailable: 503, StorageRefused: 503}


def install(server: Flask, services: WebServices, clock: Clock) -> None:
    """Add the page's routes."""
    routes = Blueprint("storage", __name__, url_prefix=STORAGE_PATH)
    routes.before_request(_only_administrators)
    for kind in _STATUS:
        routes.register_error_handler(kind, _refused)
    routes.register_error_handler(RequestEntityTooLarge, _too_large)
    _files(routes, services, clock)
    _single_file(routes, services)
    _plans(routes, services)
    server.register_blueprint(routes)


def _only_administrators() -> None:
    if not current_user.is_authenticated or current_user.doctor.role is not Role.ADMINISTRATOR:
        raise NotFound


def _files(routes: Blueprint, services: WebServices, clock: Clock) -> None:
    admin = services.storage_admin

    @routes.get("")
    def files() -> ResponseReturnValue:
        words, args = request_words(), request.args
        page = admin.page(view.asked_filter(args, clock()), view.asked_place(args))
        counts = admin.counts()
        return _page(
            "storage.html",
            args=args,
            files=[view.file_line(one, words) for one in page.files],
            next_link=view.next_link(page, args),
            counts=counts,
            total=view.size_in_words(counts["bytes"], words),
            runs=services.syncing.latest(),
            kinds=list(FileKind),
            states=list(FileState),
            limit_mb=admin.max_file_bytes // MEGABYTE,
        )

    @routes.post("/files")
    def upload() -> ResponseReturnValue:
        offered, kind = request.files.get("file"), request.form.get("kind")
        if offered is None or not offered.filename or kind not in set(FileKind):
            raise InvalidUpload("no_file")
        content = offered.stream.read(admin.max_file_bytes + 1)
        incoming = IncomingFile(offered.filename, content)
        patient_id = view.asked_uuid(request.form.get("patient", ""))
        file = admin.upload(current_user.doctor, patient_id, FileKind(kind), incoming)
        return _done("uploaded", file.id)


def _single_file(routes: Blueprint, services: WebServices) -> None:
    admin = services.storage_admin

    @routes.get("/files/<uuid:file_id>")
    def file(file_id: object) -> ResponseReturnValue:
        shown = admin.shown(str(file_id))
        return _page(
            "storage_file.html", shown=shown, file=shown.listed.file, line=view.file_line(shown.listed, request_words())
        )

    @routes.post("/files/<uuid:file_id>/delete")
    def delete(file_id: object) -> ResponseReturnValue:
        admin.delete(current_user.doctor, str(file_id))
        return _done("deleted", str(file_id))

    @routes.post("/files/<uuid:file_id>/restore")
    def restore(file_id: object) -> ResponseReturnValue:
        admin.restore(current_user.doctor, str(file_id))
        return _done("restored", str(file_id))

    @routes.post("/files/<uuid:file_id>/assign")
    def assign(file_id: object) -> ResponseReturnValue:
        patient_id = view.asked_uuid(request.form.get("patient", ""))
        night = request.form.get("night", "").strip()
        night_id = view.asked_uuid(night) if night else None
        given = admin.assign(current_user.doctor, str(file_id), patient_id, night_id)
        return _done("assigned", given.id)


def _plans(routes: Blueprint, services: WebServices) -> None:
    syncing = services.syncing

    @routes.post("/plans")
    def make_plan() -> ResponseReturnValue:
        return redirect(f"{STORAGE_PATH}/plans/{syncing.request_plan(current_user.doctor.id)}", 303)

    @routes.post("/init")
    def initialise() -> ResponseReturnValue:
        syncing.init(current_user.doctor.id)
        return redirect(f"{STORAGE_PATH}?done=initialised", 303)

    @routes.get("/plans/<run_id>")
    def plan(run_id: str) -> ResponseReturnValue:
        words, shown = request_words(), syncing.shown(run_id)
        return _page(
            "storage_plan.html",
            run=shown.run,
            lines=view.plan_lines_in_words(shown, words),
            reason=words.reason(shown.run.reason, shown.run.details) if shown.run.reason else "",
            may_apply=view.may_apply(shown),
            refresh=view.is_busy(shown.run),
        )

    @routes.get("/plans/<run_id>/plan.jsonl")
    def download(run_id: str) -> ResponseReturnValue:
        if syncing.run(run_id).sha256 is None:
            raise NotFound
        response = Response(syncing.lines(run_id), mimetype="application/x-ndjson")
        response.headers["Content-Disposition"] = f'attachment; filename="storage-plan-{run_id}.jsonl"'
        return response

    @routes.post("/plans/<run_id>/apply")
    def apply(run_id: str) -> ResponseReturnValue:
        syncing.request_apply(current_user.doctor.id, run_id, request.form.get("sha256", ""))
        return redirect(f"{STORAGE_PATH}/plans/{run_id}", 303)


def _page(template: str, **values: object) -> str:
    done = request.args.get("done", "")
    said = f"storage_done.{done}" if done in DONE else ""
    return render_template(
        template, words=request_words(), email=current_user.doctor.email, path=STORAGE_PATH, done=said, **values
    )


def _done(act: str, file_id: str) -> ResponseReturnValue:
    return redirect(f"{STORAGE_PATH}/files/{file_id}?done={act}", 303)


def _refused(error: OximetryError) -> ResponseReturnValue:
    status = next(status for kind, status in _STATUS.items() if isinstance(error, kind))
    response = make_response(_page("storage_refused.html", message=request_words().error(error)), status)
    if status == 503:
        response.headers["Retry-After"] = str(RETRY_AFTER_S)
    return response


def _too_large(error: RequestEntityTooLarge) -> ResponseReturnValue:
    if current_user.doctor.role is not Role.ADMINISTRATOR:
        abort(404)
    limit_mb = (request.max_content_length or 0) // MEGABYTE
    message = request_words().reason("file_too_large", {"limit_mb": limit_mb})
    return _page("storage_refused.html", message=message), 413
