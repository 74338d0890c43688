"""The doctor's callbacks about patients: the list, one patient's link and label, what is done with stored nights."""

from __future__ import annotations

from typing import Any

import dash
from dash import ALL, Input, Output, State, ctx, no_update
from dash.exceptions import PreventUpdate

from oximetry.domain.errors import InvalidRequest, OximetryError
from oximetry.web import inputs
from oximetry.web.doctor import batch_view, ids, patients_view
from oximetry.web.language import request_language, request_words
from oximetry.web.messages import failed, said, signed_in_doctor, tell
from oximetry.web.services import WebServices

HASH = "#pacient/"
ASKED_FIRST = (ids.ROTATE, ids.REVOKE, ids.RETIRE_OLD, "remove")


def register(app: dash.Dash, services: WebServices) -> None:
    """Add the callbacks to the doctor's app."""
    _register_list(app, services)
    _register_patient(app, services)
    _register_saving(app, services)
    _register_nights(app, services)
    _register_question(app, services)


def _register_list(app: dash.Dash, services: WebServices) -> None:
    @app.callback(
        Output(ids.PATIENT_LIST, "children"),
        Output(ids.MOVE_TO, "data"),
        Input(ids.LOCATION, "hash"),
        Input(ids.REFRESH, "data"),
        on_error=tell,
    )
    def show_patients(where: object, _refresh: object) -> tuple[Any, Any]:
        words, doctor = request_words(), signed_in_doctor()
        here = (inputs.maybe_text(where) or "").removeprefix(HASH)
        cards = services.links.cards(doctor.id, with_urls=False)
        choices = [
            {"value": card.patient.id, "label": batch_view.patient_name(card, words)}
            for card in cards
            if card.patient.id != here
        ]
        return patients_view.patient_list(cards, services.nights.counts(doctor.id), words), choices

    @app.callback(
        Output(ids.REFRESH, "data", allow_duplicate=True),
        Input(ids.NEW_PATIENT, "n_clicks"),
        State(ids.REFRESH, "data"),
        prevent_initial_call=True,
        on_error=tell,
    )
    def new_patient(_clicks: object, tick: object) -> int:
        after = inputs.tick(tick) + 1
        services.links.create(signed_in_doctor().id)
        return after


def _register_patient(app: dash.Dash, services: WebServices) -> None:
    @app.callback(
        Output(ids.PATIENT_PAGE, "children"),
        Output(ids.LABEL, "value"),
        Output(ids.EXTRA_RULES, "value"),
        Output(ids.PATIENT_DIGEST, "data"),
        Input(ids.PATIENT_SHOWN, "data"),
        Input(ids.REFRESH, "data"),
        Input(ids.POLL, "n_intervals"),
        State(ids.PATIENT_DIGEST, "data"),
        prevent_initial_call=True,
        on_error=tell,
    )
    def show_patient(shown: object, _refresh: object, _ticks: object, before: object) -> tuple[Any, ...]:
        patient_id = inputs.maybe_text(shown)
        if patient_id is None:
            raise PreventUpdate
        words, doctor = request_words(), signed_in_doctor()
        try:
            card = services.links.card(doctor.id, patient_id)
        except OximetryError as error:
            return failed(words, error), "", [], None
        nights = services.nights.managed(doctor.id, patient_id, request_language())
        reports = services.nights.lone_reports(doctor.id, patient_id)
        files = services.nights.lone_files(doctor.id, patient_id)
        digest = patients_view.digest(card, nights, [*(report.file for report in reports), *files], words)
        if digest == before:
            raise PreventUpdate
        answers = services.extra_rules.answers(doctor.id, patient_id)
        page = patients_view.patient_nights(card, nights, reports, files, answers, words)
        if ctx.triggered_id == ids.POLL:  # what is being typed or ticked stays
            return page, no_update, no_update, digest
        return page, card.patient.label or "", list(card.patient.extra_rules), digest


def _register_saving(app: dash.Dash, services: WebServices) -> None:
    @app.callback(
        Output(ids.REFRESH, "data", allow_duplicate=True),
        Output(ids.MESSAGE, "children", allow_duplicate=True),
        Input(ids.SAVE_LABEL, "n_clicks"),
        State(ids.LABEL, "value"),
        State(ids.PATIENT_SHOWN, "data"),
        State(ids.REFRESH, "data"),
        prevent_initial_call=True,
        on_error=tell,
    )
    def save_label(_clicks: object, label: object, shown: object, tick: object) -> tuple[Any, Any]:
        after = inputs.tick(tick) + 1
        services.links.set_label(signed_in_doctor().id, inputs.text(shown), inputs.maybe_text(label))
        return after, said(request_words(), "done.save-label")

    @app.callback(
        Output(ids.REFRESH, "data", allow_duplicate=True),
        Output(ids.MESSAGE, "children", allow_duplicate=True),
        Input(ids.SAVE_RULES, "n_clicks"),
        State(ids.EXTRA_RULES, "value"),
        State(ids.PATIENT_SHOWN, "data"),
        State(ids.REFRESH, "data"),
        prevent_initial_call=True,
        on_error=tell,
    )
    def save_rules(_clicks: object, names: object, shown: object, tick: object) -> tuple[Any, Any]:
        after = inputs.tick(tick) + 1
        services.links.set_extra_rules(signed_in_doctor().id, inputs.text(shown), inputs.texts(names))
        return after, said(request_words(), "done.save-rules")


def _register_nights(app: dash.Dash, services: WebServices) -> None:
    @app.callback(
        Output(ids.REFRESH, "data", allow_duplicate=True),
        Output(ids.MESSAGE, "children", allow_duplicate=True),
        Output(ids.SHOW_NIGHT, "data"),
        Input({"type": ids.NIGHT_ACTION, "act": ALL, "night": ALL}, "n_clicks"),
        State(ids.MOVE_TO, "value"),
        State(ids.REFRESH, "data"),
        State(ids.SHOW_NIGHT, "data"),
        prevent_initial_call=True,
        on_error=tell,
    )
    def act_on_night(_clicks: object, target: object, tick: object, shown: object) -> tuple[Any, Any, Any]:
        if not inputs.clicked() or inputs.button("act") in ASKED_FIRST:
            raise PreventUpdate
        act, night_id, after = inputs.button("act"), inputs.button("night"), inputs.tick(tick) + 1
        if act == "show":
            return no_update, "", night_id
        if act == "move":
            services.nights.move(signed_in_doctor().id, night_id, _chosen(target))
        elif act == "restore":
            services.nights.restore(signed_in_doctor().id, night_id)
        else:
            raise InvalidRequest("malformed")
        return after, said(request_words(), f"done.{act}"), None if shown == night_id else no_update


def _register_question(app: dash.Dash, services: WebServices) -> None:
    """What cannot be taken back by another click is asked first."""

    @app.callback(
        Output(ids.SURE, "opened"),
        Output(ids.SURE_TEXT, "children"),
        Output(ids.ASKED, "data"),
        Input(ids.ROTATE, "n_clicks"),
        Input(ids.REVOKE, "n_clicks"),
        Input({"type": ids.NIGHT_ACTION, "act": ALL, "night": ALL}, "n_clicks"),
        Input(ids.SURE_NO, "n_clicks"),
        State(ids.PATIENT_SHOWN, "data"),
        prevent_initial_call=True,
        on_error=tell,
    )
    def ask(_r: object, _v: object, _nights: object, _no: object, shown: object) -> tuple[Any, Any, Any]:
        if not inputs.clicked():
            raise PreventUpdate
        act = inputs.source() if inputs.is_plain() else inputs.button("act")
        if act == ids.SURE_NO:
            return False, no_update, None
        if act not in ASKED_FIRST:
            raise PreventUpdate
        subject = inputs.text(shown) if inputs.is_plain() else inputs.button("night")
        return True, request_words()(f"sure.{act}"), {"act": act, "subject": subject}

    @app.callback(
        Output(ids.REFRESH, "data", allow_duplicate=True),
        Output(ids.MESSAGE, "children", allow_duplicate=True),
        Output(ids.SHOW_NIGHT, "data", allow_duplicate=True),
        Output(ids.SURE, "opened", allow_duplicate=True),
        Output(ids.ASKED, "data", allow_duplicate=True),
        Input(ids.SURE_YES, "n_clicks"),
        State(ids.ASKED, "data"),
        State(ids.REFRESH, "data"),
        State(ids.SHOW_NIGHT, "data"),
        prevent_initial_call=True,
        on_error=tell,
    )
    def do_asked(_yes: object, asked: object, tick: object, shown: object) -> tuple[Any, ...]:
        words, after = request_words(), inputs.tick(tick) + 1
        act, subject = inputs.text(inputs.field(asked, "act")), inputs.text(inputs.field(asked, "subject"))
        try:
            _do(services, act, subject)
        except OximetryError as error:
            return no_update, failed(words, error), no_update, False, None
        return after, said(words, f"done.{act}"), None if shown == subject else no_update, False, None


def _do(services: WebServices, act: str, subject: str) -> None:
    doctor_id = signed_in_doctor().id
    if act == ids.ROTATE:
        services.links.rotate(doctor_id, subject)
    elif act == ids.REVOKE:
        services.links.revoke(doctor_id, subject)
    elif act == ids.RETIRE_OLD:
        services.links.retire_old(doctor_id, subject)
    elif act == "remove":
        services.nights.remove(doctor_id, subject)
    else:
        raise InvalidRequest("malformed")


def _chosen(target: object) -> str:
    found = inputs.maybe_text(target)
    if found is None:
        raise InvalidRequest("cannot_move")
    return found
