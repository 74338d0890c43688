"""The doctor's Dash app under ``/medic/``."""

from __future__ import annotations

from pathlib import Path

import dash
from flask import Flask, has_request_context
from flask_login import current_user

from oximetry.domain.records import Role
from oximetry.web.doctor import doctor_page
from oximetry.web.i18n import words
from oximetry.web.language import request_words
from oximetry.web.security import DOCTOR_PREFIX
from oximetry.web.services import WebServices

INDEX = """<!doctype html>
<html lang="ro">
<head>
{%metas%}
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{%title%}</title>
{%favicon%}
{%css%}
</head>
<body>
<noscript><p>Pagina are nevoie de JavaScript. This page needs JavaScript.</p></noscript>
{%app_entry%}
{%config%}
{%scripts%}
{%renderer%}
</body>
</html>"""


def create(server: Flask, services: WebServices, assets: Path) -> dash.Dash:
    """Build the app on the shared server; its callbacks are registered by ``callbacks_medical``."""
    app = dash.Dash(
        __name__,
        server=server,
        url_base_pathname=DOCTOR_PREFIX,
        assets_folder=str(assets),
        assets_ignore=r"^patient.*|^storage.*",
        index_string=INDEX,
        title=words("ro")("app.name"),
        update_title=None,
        compress=False,
    )

    def layout() -> object:
        if not has_request_context() or not current_user.is_authenticated:
            return doctor_page.layout(words("ro"), "", "", services.uploads.limits)  # set-up looks at the ids only
        doctor = current_user.doctor
        session = services.uploads.open_session(doctor)
        is_admin = doctor.role is Role.ADMINISTRATOR
        limits = services.uploads.limits_of(doctor)
        return doctor_page.layout(request_words(), doctor.email, session.id, limits, is_admin=is_admin)

    app.layout = layout
    return app
