"""The doctor's Dash callbacks: each parses its inputs, calls one service and renders the answer."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import dash
from dash import ALL, ClientsideFunction, Input, Output, State, ctx, html, no_update
from dash.exceptions import PreventUpdate

from oximetry.domain.errors import InvalidRequest, OximetryError
from oximetry.services.analysis import NightReport
from oximetry.web import batch_view, ids, night_view, patients_callbacks, patients_view
from oximetry.web.doctor_page import POLL_MS, columns
from oximetry.web.i18n import Words
from oximetry.web.language import request_words
from oximetry.web.messages import failed, said, signed_in_doctor
from oximetry.web.services import WebServices

IDLE_POLL_MS = 5000


def register(app: dash.Dash, services: WebServices) -> None:
    """Add every callback of the doctor's app."""
    _register_views(app)
    _register_batch(app, services)
    _register_decisions(app, services)
    _register_nights(app, services)
    patients_callbacks.register(app, services)


def _register_views(app: dash.Dash) -> None:
    app.clientside_callback(
        ClientsideFunction("medic", "showView"),
        Output(ids.BATCH_VIEW, "hidden"),
        Output(ids.PATIENTS_VIEW, "hidden"),
        Output(ids.PATIENT_VIEW, "hidden"),
        Output(ids.PATIENT_SHOWN, "data"),
        Input(ids.LOCATION, "hash"),
    )


def _register_batch(app: dash.Dash, services: WebServices) -> None:
    @app.callback(
        Output(ids.GRID, "rowData"),
        Output(ids.GRID, "columnDefs"),
        Output(ids.COUNTS, "children"),
        Output(ids.PROGRESS, "value"),
        Output(ids.REFUSED, "children"),
        Output(ids.CHOSEN_PATIENT, "data"),
        Output(ids.BATCH_LINKS, "children"),
        Output(ids.ALL_TO_NEW, "disabled"),
        Output(ids.CONFIRM, "disabled"),
        Output(ids.CONFIRM, "children"),
        Output(ids.POLL, "interval"),
        Output(ids.DIGEST, "data"),
        Input(ids.POLL, "n_intervals"),
        Input(ids.REFRESH, "data"),
        State(ids.SESSION, "data"),
        State(ids.DIGEST, "data"),
    )
    def show_batch(_ticks: int, _refresh: int, session_id: str, digest: str | None) -> tuple[Any, ...]:
        words, doctor = request_words(), signed_in_doctor()
        batch = services.batches.show(doctor, session_id)
        cards = services.links.cards(doctor.id, with_urls=False)
        view = batch_view.view(batch, cards, words, services.uploads.name_of)
        if view.digest == digest:
            raise PreventUpdate
        links = [services.links.card(doctor.id, patient_id) for patient_id in view.patients]
        return (
            view.rows,
            columns(words, view.choices),
            view.counts,
            view.progress,
            view.refused,
            view.choices,
            [patients_view.link_box(card, words) for card in links],
            view.readable == 0,
            view.chosen == 0,
            words.count("batch.confirm_nights", view.chosen) if view.chosen else words("batch.confirm"),
            POLL_MS if view.busy else IDLE_POLL_MS,
            view.digest,
        )

    @app.callback(
        Output(ids.GIVE_CHOSEN, "disabled"),
        Output(ids.DISCARD, "disabled"),
        Input(ids.GRID, "selectedRows"),
        Input(ids.CHOSEN_PATIENT, "value"),
    )
    def allow_giving(selected: list[dict[str, Any]] | None, target: str | None) -> tuple[bool, bool]:
        return not (selected and target), not selected

    @app.callback(
        Output(ids.REFRESH, "data", allow_duplicate=True),
        Output(ids.MESSAGE, "children", allow_duplicate=True),
        Input(ids.GRID, "cellRendererData"),
        Input(ids.GIVE_CHOSEN, "n_clicks"),
        State(ids.GRID, "selectedRows"),
        State(ids.CHOSEN_PATIENT, "value"),
        State(ids.SESSION, "data"),
        State(ids.REFRESH, "data"),
        prevent_initial_call=True,
    )
    def choose(
        picked: Any, _clicks: int, selected: Any, target: str | None, session_id: str, tick: int
    ) -> tuple[Any, Any]:
        words = request_words()
        if ctx.triggered_id == ids.GRID:
            items, target = [picked["rowId"]], picked["value"]
        else:
            items = [row["id"] for row in selected or []]
        try:
            services.assignment.choose(signed_in_doctor(), session_id, items, target or None)
        except OximetryError as error:
            return no_update, failed(words, error)
        return tick + 1, ""

    @app.callback(
        Output(ids.REFRESH, "data", allow_duplicate=True),
        Output(ids.MESSAGE, "children", allow_duplicate=True),
        Input({"type": "take-out", "item": ALL}, "n_clicks"),
        Input(ids.DISCARD, "n_clicks"),
        State(ids.GRID, "selectedRows"),
        State(ids.REFRESH, "data"),
        prevent_initial_call=True,
    )
    def take_out(clicks: list[int | None], _discard: int, selected: Any, tick: int) -> tuple[Any, Any]:
        if not ctx.triggered[0]["value"]:
            raise PreventUpdate
        chosen = [row["id"] for row in selected or []]
        triggered = ctx.triggered_id
        wanted = chosen if triggered == ids.DISCARD else [triggered["item"]]
        try:
            for item_id in wanted:
                services.uploads.discard(signed_in_doctor(), item_id)
        except OximetryError as error:
            return tick + 1, failed(request_words(), error)
        return tick + 1, ""

    @app.callback(
        Output(ids.REFRESH, "data", allow_duplicate=True),
        Output(ids.MESSAGE, "children", allow_duplicate=True),
        Input({"type": "give-start", "item": ALL}, "n_clicks"),
        State({"type": "start", "item": ALL}, "value"),
        State({"type": "start", "item": ALL}, "id"),
        State(ids.REFRESH, "data"),
        prevent_initial_call=True,
    )
    def give_start(_clicks: list[int | None], values: list[str | None], asked: Any, tick: int) -> tuple[Any, Any]:
        if not ctx.triggered[0]["value"]:
            raise PreventUpdate
        item_id = ctx.triggered_id["item"]
        given = next((value for value, one in zip(values, asked, strict=True) if one["item"] == item_id), None)
        try:
            services.uploads.give_start(signed_in_doctor(), item_id, datetime.fromisoformat(given or ""))
        except (OximetryError, ValueError) as error:
            refusal = error if isinstance(error, OximetryError) else InvalidRequest("start_implausible")
            return no_update, failed(request_words(), refusal)
        return tick + 1, ""

    @app.callback(
        Output(ids.SESSION, "data"),
        Output(ids.DROP_ZONE, "data-session"),
        Output(ids.REFRESH, "data", allow_duplicate=True),
        Output(ids.MESSAGE, "children", allow_duplicate=True),
        Input(ids.NEW_BATCH, "n_clicks"),
        State(ids.SESSION, "data"),
        State(ids.REFRESH, "data"),
        prevent_initial_call=True,
    )
    def begin_new_batch(_clicks: int, session_id: str, tick: int) -> tuple[Any, ...]:
        try:
            session = services.uploads.finish_session(signed_in_doctor(), session_id)
        except OximetryError as error:
            return no_update, no_update, no_update, failed(request_words(), error)
        return session.id, session.id, tick + 1, ""


def _register_decisions(app: dash.Dash, services: WebServices) -> None:
    @app.callback(
        Output(ids.REFRESH, "data", allow_duplicate=True),
        Output(ids.MESSAGE, "children", allow_duplicate=True),
        Output(ids.DOUBTS, "opened"),
        Output(ids.DOUBTS_TEXT, "children"),
        Output(ids.PENDING, "data"),
        Input(ids.ALL_TO_NEW, "n_clicks"),
        Input(ids.CONFIRM, "n_clicks"),
        Input(ids.DOUBTS_YES, "n_clicks"),
        Input(ids.DOUBTS_NO, "n_clicks"),
        State(ids.SESSION, "data"),
        State(ids.PENDING, "data"),
        State(ids.REFRESH, "data"),
        prevent_initial_call=True,
    )
    def confirm(*values: Any) -> tuple[Any, ...]:
        session_id, pending, tick = values[-3:]
        words, asked = request_words(), ctx.triggered_id
        if asked == ids.DOUBTS_NO:
            return no_update, "", False, "", None
        act = pending if asked == ids.DOUBTS_YES else asked
        decide = services.assignment.all_to_one if act == ids.ALL_TO_NEW else services.assignment.confirm
        try:
            decide(signed_in_doctor(), session_id, acknowledged=asked == ids.DOUBTS_YES)
        except InvalidRequest as error:
            if error.reason == "needs_confirmation":
                return no_update, "", True, _doubts(services, session_id, error, words), act
            return no_update, failed(words, error), False, "", None
        return tick + 1, said(words, "batch.confirmed"), False, "", None


def _doubts(services: WebServices, session_id: str, error: InvalidRequest, words: Words) -> list[Any]:
    nights = {row.item.id: row.item for row in services.batches.show(signed_in_doctor(), session_id).rows}
    said: list[Any] = []
    for name in ("overlaps", "elsewhere"):
        found = [nights[item] for item in error.details[name] if item in nights]  # type: ignore[attr-defined]
        if found:
            said.append(html.P(words(f"doubts.{name}")))
            said.append(
                html.Ul([html.Li(f"{batch_view.night_text(item, words)} · {item.device_serial}") for item in found])
            )
    return said


def _register_nights(app: dash.Dash, services: WebServices) -> None:
    @app.callback(
        Output(ids.NIGHT_PANEL, "hidden"),
        Output(ids.NIGHT_TITLE, "children"),
        Output(ids.NIGHT_NUMBERS, "children"),
        Output(ids.NIGHT_PLOT, "figure"),
        Output(ids.NIGHT_CAPTION, "children"),
        Output(ids.MESSAGE, "children", allow_duplicate=True),
        Input(ids.GRID, "cellClicked"),
        Input(ids.SHOW_NIGHT, "data"),
        Input(ids.NIGHT_CLOSE, "n_clicks"),
        Input(ids.LOCATION, "hash"),
        prevent_initial_call=True,
    )
    def show_night(cell: Any, night_id: str | None, _close: int, _hash: str) -> tuple[Any, ...]:
        if ctx.triggered_id in (ids.NIGHT_CLOSE, ids.LOCATION):
            return True, "", "", {}, "", "" if ctx.triggered_id == ids.LOCATION else no_update
        if ctx.triggered_id == ids.GRID and (not cell or cell.get("colId") in ("patient", None)):
            raise PreventUpdate
        words = request_words()
        try:
            report = _report(services, cell["rowId"] if ctx.triggered_id == ids.GRID else None, night_id)
        except OximetryError as error:
            return no_update, no_update, no_update, no_update, no_update, failed(words, error)
        return False, *night_view.panel(report, words), ""


def _report(services: WebServices, item_id: str | None, night_id: str | None) -> NightReport:
    if item_id is not None:
        return services.nights.staged_trace(signed_in_doctor().id, item_id, services.uploads.name_of)
    return services.nights.trace(signed_in_doctor().id, str(night_id))
