"""The doctor's Dash app under ``/medic/``: the page of a batch, which changes while it is looked at."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from uuid import UUID

import dash
from flask import Flask, has_request_context, redirect, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from oximetry.domain.errors import NotFound
from oximetry.domain.records import Role
from oximetry.web.doctor import intake_page
from oximetry.web.i18n import words
from oximetry.web.language import request_words
from oximetry.web.security import DOCTOR_PREFIX
from oximetry.web.services import WebServices

INDEX = """<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{title}</title>
{favicon}
{css}
</head>
<body>
<noscript><p>Pagina are nevoie de JavaScript. This page needs JavaScript.</p></noscript>
{app_entry}
{config}
{scripts}
{renderer}
</body>
</html>"""

INTAKE = "/medic/intake"
_ASKED_FOR = re.compile(rf"{INTAKE}/([0-9a-f-]{{36}})")


class DoctorDash(dash.Dash):
    """Dash whose page is in the language of the request."""

    def interpolate_index(self, **parts: Any) -> str:
        """The page around the app."""
        words = request_words()
        named = {name: str(parts[name]) for name in ("favicon", "css", "config", "app_entry", "scripts", "renderer")}
        return INDEX.format(language=words.language, title=words("intake.page_title"), **named)


def create(server: Flask, services: WebServices, assets: Path) -> dash.Dash:
    """Build the app on the shared server; its callbacks are registered by ``callbacks_medical``."""
    app = DoctorDash(
        __name__,
        server=server,
        url_base_pathname=DOCTOR_PREFIX,
        assets_folder=str(assets),
        assets_ignore=r"^patient.*|^storage.*|^base\.css|^medic_(plots|words|passkeys).*|^verify.*",
        title=words("ro")("app.name"),
        update_title=None,
        compress=False,
    )

    def layout() -> object:
        if not has_request_context() or not current_user.is_authenticated:
            return intake_page.layout(words("ro"), "", None, services.uploads.limits)  # set-up looks at the ids only
        doctor = current_user.doctor
        is_admin, limits = doctor.role is Role.ADMINISTRATOR, services.uploads.limits_of(doctor)
        session = services.batches.session(doctor, _asked_session())
        return intake_page.layout(request_words(), doctor.email, session, limits, is_admin=is_admin)

    app.layout = layout
    server.add_url_rule(INTAKE, "intake", lambda: _open_batch(services))
    server.add_url_rule(
        f"{INTAKE}/<uuid:session_id>", "intake_batch", lambda session_id: _batch(services, app, session_id)
    )
    return app


def _open_batch(services: WebServices) -> ResponseReturnValue:
    """The doctor's open batch has an address of its own."""
    session = services.uploads.open_session(current_user.doctor)
    return redirect(f"{INTAKE}/{session.id}")


def _batch(services: WebServices, app: dash.Dash, session_id: UUID) -> ResponseReturnValue:
    services.batches.session(current_user.doctor, str(session_id))
    answer: ResponseReturnValue = app.index()
    return answer


def _asked_session() -> str:
    """The batch of the page that asks for its layout; its script says which."""
    asked = _ASKED_FOR.fullmatch(request.headers.get("X-Page", ""))
    if asked is None:
        raise NotFound
    return asked.group(1)
