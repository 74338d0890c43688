"""The doctor's callbacks about patients: the list, one patient's link and label, what is done with stored nights."""

from __future__ import annotations

from typing import Any

import dash
from dash import ALL, Input, Output, State, ctx, no_update
from dash.exceptions import PreventUpdate

from oximetry.domain.errors import OximetryError
from oximetry.web import batch_view, ids, patients_view
from oximetry.web.language import request_language, request_words
from oximetry.web.messages import failed, said, signed_in_doctor
from oximetry.web.services import WebServices


def register(app: dash.Dash, services: WebServices) -> None:
    """Add the callbacks to the doctor's app."""
    _register_patients(app, services)
    _register_patient(app, services)


def _register_patients(app: dash.Dash, services: WebServices) -> None:
    @app.callback(
        Output(ids.PATIENT_LIST, "children"),
        Output(ids.MOVE_TO, "data"),
        Input(ids.LOCATION, "hash"),
        Input(ids.REFRESH, "data"),
    )
    def show_patients(_hash: str, _refresh: int) -> tuple[Any, Any]:
        words, doctor = request_words(), signed_in_doctor()
        cards = services.links.cards(doctor.id, with_urls=False)
        choices = [{"value": card.patient.id, "label": batch_view.patient_name(card, words)} for card in cards]
        return patients_view.patient_list(cards, services.nights.counts(doctor.id), words), choices

    @app.callback(
        Output(ids.REFRESH, "data", allow_duplicate=True),
        Input(ids.NEW_PATIENT, "n_clicks"),
        State(ids.REFRESH, "data"),
        prevent_initial_call=True,
    )
    def new_patient(_clicks: int, tick: int) -> int:
        services.links.create(signed_in_doctor().id)
        return tick + 1


def _register_patient(app: dash.Dash, services: WebServices) -> None:
    @app.callback(
        Output(ids.PATIENT_PAGE, "children"),
        Output(ids.LABEL, "value"),
        Input(ids.PATIENT_SHOWN, "data"),
        Input(ids.REFRESH, "data"),
        Input(ids.POLL, "n_intervals"),
        prevent_initial_call=True,
    )
    def show_patient(patient_id: str | None, _refresh: int, _ticks: int) -> tuple[Any, Any]:
        if not patient_id:
            raise PreventUpdate
        words, doctor = request_words(), signed_in_doctor()
        try:
            card = services.links.card(doctor.id, patient_id)
        except OximetryError as error:
            return failed(words, error), ""
        nights = services.nights.managed(doctor.id, patient_id, request_language())
        reports = services.nights.lone_reports(doctor.id, patient_id)
        label = no_update if ctx.triggered_id == ids.POLL else card.patient.label or ""
        return patients_view.patient_nights(card, nights, reports, words), label

    @app.callback(
        Output(ids.REFRESH, "data", allow_duplicate=True),
        Output(ids.MESSAGE, "children", allow_duplicate=True),
        Input(ids.SAVE_LABEL, "n_clicks"),
        Input(ids.ROTATE, "n_clicks"),
        Input(ids.REVOKE, "n_clicks"),
        State(ids.LABEL, "value"),
        State(ids.PATIENT_SHOWN, "data"),
        State(ids.REFRESH, "data"),
        prevent_initial_call=True,
    )
    def change_patient(_s: int, _r: int, _v: int, label: str, patient_id: str, tick: int) -> tuple[Any, Any]:
        words, doctor_id, links = request_words(), signed_in_doctor().id, services.links
        acts: dict[str, Any] = {
            ids.SAVE_LABEL: lambda: links.set_label(doctor_id, patient_id, label),
            ids.ROTATE: lambda: links.rotate(doctor_id, patient_id),
            ids.REVOKE: lambda: links.revoke(doctor_id, patient_id),
        }
        try:
            acts[str(ctx.triggered_id)]()
        except OximetryError as error:
            return no_update, failed(words, error)
        return tick + 1, said(words, f"done.{ctx.triggered_id}")

    @app.callback(
        Output(ids.REFRESH, "data", allow_duplicate=True),
        Output(ids.MESSAGE, "children", allow_duplicate=True),
        Output(ids.SHOW_NIGHT, "data"),
        Input({"type": ids.NIGHT_ACTION, "act": ALL, "night": ALL}, "n_clicks"),
        State(ids.MOVE_TO, "value"),
        State(ids.REFRESH, "data"),
        prevent_initial_call=True,
    )
    def act_on_night(_clicks: list[int | None], target: str | None, tick: int) -> tuple[Any, Any, Any]:
        if not ctx.triggered[0]["value"]:
            raise PreventUpdate
        words, doctor_id, nights = request_words(), signed_in_doctor().id, services.nights
        act, night_id = ctx.triggered_id["act"], ctx.triggered_id["night"]
        if act == "show":
            return no_update, "", night_id
        try:
            if act == "move":
                nights.move(doctor_id, night_id, target or "")
            else:
                {"remove": nights.remove, "restore": nights.restore}[act](doctor_id, night_id)
        except OximetryError as error:
            return no_update, failed(words, error), no_update
        return tick + 1, said(words, f"done.{act}"), no_update
