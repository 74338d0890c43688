"""The patient's Dash app under ``/patient/``: no account, one link, nothing of the doctor's."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import dash
from dash import MATCH, Input, Output, State, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate
from flask import Flask, render_template

from oximetry.domain.errors import NotFound, OximetryError
from oximetry.services.lists import local
from oximetry.web.figures import night_figure
from oximetry.web.i18n import words as words_of
from oximetry.web.language import request_language, request_words
from oximetry.web.patient import patient_page as page
from oximetry.web.patient.patient_access import PatientAccess
from oximetry.web.security import PATIENT_PREFIX
from oximetry.web.services import WebServices

INDEX = """<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex, nofollow">
<title>{title}</title>
{favicon}
{css}
<link rel="preload" as="script" href="{graph}">
</head>
<body>
<noscript><p>{no_script}</p></noscript>
{app_entry}
{pin_form}
{config}
{scripts}
{renderer}
</body>
</html>"""

# Dash asks for it only when a plot is due
LOOKS_SHOWN = 6
GRAPH_CHUNK = f"{PATIENT_PREFIX}_dash-component-suites/dash/dcc/async-graph.js"

_FOREIGN_TAG = re.compile(r"<(script|link)[^>]*/(dash_mantine_components|dash_ag_grid|dash_table)/[^>]*>(</script>)?")


class PatientDash(dash.Dash):
    """Dash without the doctor's component libraries: what the process imports is served to both."""

    def interpolate_index(self, **parts: Any) -> str:
        """The page, in the request's language and without foreign scripts."""
        words = request_words()
        return INDEX.format(
            language=words.language,
            title=words("app.name"),
            no_script=words("patient.no_script"),
            css=without_foreign(str(parts["css"])),
            scripts=without_foreign(str(parts["scripts"])),
            graph=GRAPH_CHUNK,
            pin_form=render_template("pin_form.html", words=words),
            **{name: str(parts[name]) for name in ("favicon", "config", "app_entry", "renderer")},
        )


def without_foreign(tags: str) -> str:
    """Script and style tags without the foreign libraries'."""
    return _FOREIGN_TAG.sub("", tags)


def create(server: Flask, services: WebServices, access: PatientAccess, assets: Path) -> dash.Dash:
    """Build the app on the shared server."""
    app = PatientDash(
        __name__,
        server=server,
        url_base_pathname=PATIENT_PREFIX,
        assets_folder=str(assets),
        assets_ignore=r"^medic.*|^storage.*|^dashAgGrid.*",
        compress=False,
        update_title=None,
        title="",
    )
    app.layout = lambda: page.layout(request_words())
    register(app, services, access)
    return app


def register(app: dash.Dash, services: WebServices, access: PatientAccess) -> None:
    """The patient's two callbacks; both look the link up again."""

    @app.callback(Output(page.NIGHTS, "children"), Input(page.PATIENT_ID, "data"), prevent_initial_call=True)
    def show_nights(patient_id: str | None) -> list[Component]:
        doctor_id = access.link_for(_checked(patient_id)).doctor_id
        cards = services.nights.shown(doctor_id, _checked(patient_id), request_language())
        services.audit.note(access.visitor(), "page_viewed", ("patient", _checked(patient_id)))
        reports = services.nights.lone_reports(doctor_id, _checked(patient_id))
        files = services.nights.lone_files(doctor_id, _checked(patient_id))
        return page.nights(
            cards,
            reports,
            files,
            request_words(),
            _around(services, access, doctor_id, [_checked(patient_id), *(card.night.id for card in cards)]),
        )

    @app.callback(
        Output({"type": page.NIGHT_PLOT, "night": MATCH}, "children"),
        Input({"type": page.NIGHT_OPEN, "night": MATCH}, "n_clicks"),
        State({"type": page.NIGHT_OPEN, "night": MATCH}, "id"),
        State({"type": page.NIGHT_PLOT, "night": MATCH}, "children"),
        State(page.PATIENT_ID, "data"),
    )
    def show_plot(clicks: int, opened: dict[str, str], drawn: Any, patient_id: str | None) -> Component:
        if not clicks or drawn:
            raise PreventUpdate
        doctor_id = access.link_for(_checked(patient_id)).doctor_id
        return shown_plot(services, doctor_id, _checked(patient_id), opened["night"], request_language())


def shown_plot(services: WebServices, doctor_id: str, patient_id: str, night_id: str, language: str) -> Component:
    """The plot of a night that is on this patient's page, or a sentence when it cannot be read now."""
    words = words_of(language)
    try:
        report = services.nights.trace(doctor_id, night_id, patient_id)
    except OximetryError as error:
        return html.P(words("patient.offline") if not isinstance(error, NotFound) else words("error.404"))
    return page.plot(night_figure(report, words), words)


def _around(services: WebServices, access: PatientAccess, doctor_id: str, ids: Sequence[str]) -> page.Around:
    """What stands around the nights of a patient; ``ids`` are the patient's and the nights'."""
    patient_id = ids[0]
    said = {
        one.report.night_ids[0]: one
        for one in services.review.released_for_patient(patient_id)
        if len(one.report.night_ids) == 1
    }
    clinic, opened = services.clinics.of(doctor_id), access.opened()
    own = opened.session.id if opened else None
    openings = [
        page.Look(one.opened_at, page.Who.YOU if own and one.session_id == own else page.Who.DEVICE, one.browser)
        for one in services.links.openings(doctor_id, patient_id, LOOKS_SHOWN)
    ]
    by_clinic = [page.Look(moment, page.Who.CLINIC) for moment in services.audit.looks_of_clinic(ids, LOOKS_SHOWN)]
    newest = sorted([*openings, *by_clinic], key=lambda look: look.at, reverse=True)[:LOOKS_SHOWN]
    return page.Around(clinic, said, [replace(look, at=local(look.at, clinic.time_zone)) for look in newest])


def _checked(patient_id: str | None) -> str:
    if not isinstance(patient_id, str) or not patient_id:
        raise PreventUpdate
    return patient_id
