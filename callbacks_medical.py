"""The doctor's Dash callbacks: each parses its inputs, calls one service and renders the answer."""

from __future__ import annotations

from typing import Any

import dash
from dash import ALL, ClientsideFunction, Input, Output, Patch, State, no_update, set_props
from dash.exceptions import PreventUpdate

from oximetry.domain.errors import InvalidRequest, OximetryError
from oximetry.services.links import PatientCard
from oximetry.web import inputs, report_view
from oximetry.web.doctor import (
    aside_view,
    batch_view,
    exclusion_callbacks,
    exclusion_view,
    ids,
    join_callbacks,
    night_view,
    patients_callbacks,
    patients_view,
)
from oximetry.web.doctor.doctor_page import POLL_MS, columns
from oximetry.web.i18n import Words
from oximetry.web.language import request_words
from oximetry.web.messages import failed, said, signed_in_doctor, tell
from oximetry.web.services import WebServices

IDLE_POLL_MS = 5000
ROWS_IN_FULL = 30  # a longer table scrolls by itself: the browser then draws only the rows in sight
LONG_TABLE_HEIGHT = "min(75vh, 1100px)"


def register(app: dash.Dash, services: WebServices) -> None:
    """Add every callback of the doctor's app."""
    _register_views(app)
    _register_table(app, services)
    _register_choosing(app)
    _register_choices(app, services)
    _register_second_tries(app, services)
    _register_batch_answers(app, services)
    _register_decisions(app, services)
    _register_nights(app, services)
    patients_callbacks.register(app, services)
    exclusion_callbacks.register(app, services)
    join_callbacks.register(app, services)


def _register_views(app: dash.Dash) -> None:
    app.clientside_callback(
        ClientsideFunction("medic", "showView"),
        Output(ids.BATCH_VIEW, "hidden"),
        Output(ids.PATIENTS_VIEW, "hidden"),
        Output(ids.PATIENT_VIEW, "hidden"),
        Output(ids.PATIENT_SHOWN, "data"),
        Input(ids.LOCATION, "hash"),
    )
    app.clientside_callback(
        ClientsideFunction("medic", "nightShown"),
        Output(ids.NIGHT_TITLE, "tabIndex"),
        Input(ids.NIGHT_PANEL, "hidden"),
        Input(ids.NIGHT_TITLE, "children"),
        prevent_initial_call=True,
    )


def _register_table(app: dash.Dash, services: WebServices) -> None:
    @app.callback(
        Output(ids.GRID, "rowData"),
        Output(ids.GRID, "columnDefs"),
        Output(ids.GRID, "dashGridOptions"),
        Output(ids.GRID, "style"),
        Output(ids.COUNTS, "children"),
        Output(ids.PROGRESS, "value"),
        Output(ids.REFUSED, "children"),
        Output(ids.JOINS, "children"),
        Output(ids.CHOSEN_PATIENT, "data"),
        Output(ids.BATCH_LINKS, "children"),
        Output(ids.ALL_TO_NEW, "disabled"),
        Output(ids.CONFIRM, "disabled"),
        Output(ids.CONFIRM, "children"),
        Output(ids.POLL, "interval"),
        Output(ids.STORAGE, "children"),
        Output(ids.DIGEST, "data"),
        Input(ids.POLL, "n_intervals"),
        Input(ids.REFRESH, "data"),
        State(ids.SESSION, "data"),
        State(ids.DIGEST, "data"),
        on_error=tell,
    )
    def show_batch(_ticks: object, _refresh: object, session_id: object, digest: object) -> tuple[Any, ...]:
        words, doctor = request_words(), signed_in_doctor()
        batch = services.batches.show(doctor, inputs.text(session_id))
        cards = services.links.cards(doctor.id, with_urls=False)
        view = batch_view.view(batch, cards, words, services.uploads.name_of, services.readiness.storage())
        if view.digest == digest:
            raise PreventUpdate
        if view.fell_back:
            set_props(ids.MESSAGE, {"children": failed(words, InvalidRequest("fell_back"))})
        links = [services.links.card(doctor.id, patient_id) for patient_id in view.patients]
        return _table(view, links, words)


def _table(view: batch_view.BatchView, links: list[PatientCard], words: Words) -> tuple[Any, ...]:
    """The outputs of ``show_batch``, in their order."""
    options = Patch()
    options["loading"] = view.busy and not view.rows
    long = len(view.rows) > ROWS_IN_FULL
    options["domLayout"] = "normal" if long else "autoHeight"
    return (
        view.rows,
        columns(words, view.row_choices),
        options,
        {"width": "100%", "height": LONG_TABLE_HEIGHT if long else None},
        view.counts,
        view.progress,
        view.refused,
        view.joins,
        view.choices,
        [patients_view.link_box(card, words) for card in links],
        view.readable == 0,
        view.decided == 0,
        words.count("batch.confirm_nights", view.chosen_nights) if view.chosen_nights else words("batch.confirm"),
        POLL_MS if view.busy else IDLE_POLL_MS,
        view.storage,
        view.digest,
    )


def _register_choosing(app: dash.Dash) -> None:
    @app.callback(
        Output(ids.GIVE_CHOSEN, "disabled"),
        Output(ids.DISCARD, "disabled"),
        Input(ids.GRID, "selectedRows"),
        Input(ids.CHOSEN_PATIENT, "value"),
    )
    def allow_giving(selected: object, target: object) -> tuple[bool, bool]:
        return not (selected and target), not selected


def _register_choices(app: dash.Dash, services: WebServices) -> None:
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
        on_error=tell,
    )
    def choose(
        picked: object, _clicks: object, selected: object, target: object, session_id: object, tick: object
    ) -> tuple[Any, Any]:
        if inputs.source() == ids.GRID:
            items, target = [inputs.row_id(picked)], inputs.field(picked, "value")
        else:
            items = inputs.selected(selected)
        services.assignment.choose(signed_in_doctor(), inputs.text(session_id), items, inputs.maybe_text(target))
        return inputs.tick(tick) + 1, ""

    @app.callback(
        Output(ids.REFRESH, "data", allow_duplicate=True),
        Output(ids.MESSAGE, "children", allow_duplicate=True),
        Input({"type": "take-out", "item": ALL}, "n_clicks"),
        Input(ids.DISCARD, "n_clicks"),
        State(ids.GRID, "selectedRows"),
        State(ids.REFRESH, "data"),
        prevent_initial_call=True,
        on_error=tell,
    )
    def take_out(_clicks: object, _discard: object, selected: object, tick: object) -> tuple[Any, Any]:
        if not inputs.clicked():
            raise PreventUpdate
        wanted = inputs.selected(selected) if inputs.is_plain() else [inputs.button("item")]
        after = inputs.tick(tick) + 1
        try:
            for item_id in wanted:
                services.uploads.discard(signed_in_doctor(), item_id)
        except OximetryError as error:
            return after, failed(request_words(), error)
        return after, ""


def _register_second_tries(app: dash.Dash, services: WebServices) -> None:
    @app.callback(
        Output(ids.REFRESH, "data", allow_duplicate=True),
        Output(ids.MESSAGE, "children", allow_duplicate=True),
        Input({"type": aside_view.TRY_AGAIN, "item": ALL}, "n_clicks"),
        Input({"type": aside_view.PUT_BACK, "item": ALL}, "n_clicks"),
        State(ids.SESSION, "data"),
        State(ids.REFRESH, "data"),
        prevent_initial_call=True,
        on_error=tell,
    )
    def try_again(_tries: object, _returns: object, session_id: object, tick: object) -> tuple[Any, Any]:
        if not inputs.clicked():
            raise PreventUpdate
        if inputs.button("type") == aside_view.PUT_BACK:
            services.uploads.put_back(signed_in_doctor(), inputs.button("item"))
        else:
            services.uploads.try_all_again(signed_in_doctor(), inputs.text(session_id), inputs.button("item"))
        return inputs.tick(tick) + 1, ""


def _register_batch_answers(app: dash.Dash, services: WebServices) -> None:
    @app.callback(
        Output(ids.REFRESH, "data", allow_duplicate=True),
        Output(ids.MESSAGE, "children", allow_duplicate=True),
        Input({"type": "give-start", "item": ALL}, "n_clicks"),
        State({"type": "start", "item": ALL}, "value"),
        State({"type": "start", "item": ALL}, "id"),
        State(ids.REFRESH, "data"),
        prevent_initial_call=True,
        on_error=tell,
    )
    def give_start(_clicks: object, values: object, asked: object, tick: object) -> tuple[Any, Any]:
        if not inputs.clicked():
            raise PreventUpdate
        item_id = inputs.button("item")
        services.uploads.give_start(signed_in_doctor(), item_id, inputs.moment(inputs.beside(values, asked, item_id)))
        return inputs.tick(tick) + 1, ""

    @app.callback(
        Output(ids.SESSION, "data"),
        Output(ids.DROP_ZONE, "data-session"),
        Output(ids.REFRESH, "data", allow_duplicate=True),
        Output(ids.MESSAGE, "children", allow_duplicate=True),
        Input(ids.NEW_BATCH, "n_clicks"),
        State(ids.SESSION, "data"),
        State(ids.REFRESH, "data"),
        prevent_initial_call=True,
        on_error=tell,
    )
    def begin_new_batch(_clicks: object, session_id: object, tick: object) -> tuple[Any, ...]:
        session = services.uploads.finish_session(signed_in_doctor(), inputs.text(session_id))
        return session.id, session.id, inputs.tick(tick) + 1, ""


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
        on_error=tell,
    )
    def confirm(*values: object) -> tuple[Any, ...]:
        asked, pending = inputs.source(), inputs.maybe_text(values[-2])
        if asked == ids.DOUBTS_NO:
            return no_update, "", False, "", None
        session_id, words, after = inputs.text(values[-3]), request_words(), inputs.tick(values[-1]) + 1
        act = pending if asked == ids.DOUBTS_YES else asked
        try:
            _decide(services, session_id, act == ids.ALL_TO_NEW, asked == ids.DOUBTS_YES)
        except InvalidRequest as error:
            if error.reason == "needs_confirmation":
                batch = services.batches.show(signed_in_doctor(), session_id)
                return no_update, "", True, batch_view.doubts(batch, error.details, words), act
            return no_update, failed(words, error), False, "", None
        return after, said(words, "batch.confirmed"), False, "", None


def _decide(services: WebServices, session_id: str, all_to_one: bool, acknowledged: bool) -> None:
    doctor = signed_in_doctor()
    if not all_to_one:
        services.assignment.confirm(doctor, session_id, acknowledged=acknowledged)
        return
    again = batch_view.same_patient_again(services.batches.show(doctor, session_id))
    target = {"target": again} if again else {}
    services.assignment.all_to_one(doctor, session_id, **target, acknowledged=acknowledged)


def _register_nights(app: dash.Dash, services: WebServices) -> None:
    @app.callback(
        Output(ids.NIGHT_PANEL, "hidden"),
        Output(ids.NIGHT_TITLE, "children"),
        Output(ids.NIGHT_NUMBERS, "children"),
        Output(ids.NIGHT_PLOT, "figure"),
        Output(ids.NIGHT_CAPTION, "children"),
        Output(ids.NIGHT_DETAILS, "children"),
        Output(ids.NIGHT_OPENED, "data"),
        Output(ids.EXCLUDE_BAR, "hidden"),
        Output(ids.EXCLUDED, "children"),
        Output(ids.NIGHT_REPORTS, "children"),
        Output(ids.MESSAGE, "children", allow_duplicate=True),
        Input(ids.GRID, "cellClicked"),
        Input(ids.SHOW_NIGHT, "data"),
        Input(ids.NIGHT_CLOSE, "n_clicks"),
        Input(ids.LOCATION, "hash"),
        prevent_initial_call=True,
        on_error=tell,
    )
    def show_night(cell: object, night_id: object, _close: object, _hash: object) -> tuple[Any, ...]:
        source = inputs.source()
        if source == ids.GRID and not _opens(cell):
            raise PreventUpdate
        if source in (ids.NIGHT_CLOSE, ids.LOCATION) or (source == ids.SHOW_NIGHT and night_id is None):
            return True, "", "", {}, "", "", None, True, "", "", "" if source == ids.LOCATION else no_update
        words, doctor_id = request_words(), signed_in_doctor().id
        if source == ids.GRID:
            opened = services.staged.stored_as(doctor_id, inputs.row_id(cell))
            report = services.staged.trace(doctor_id, inputs.row_id(cell))
            staged = services.staged.reports(doctor_id, inputs.row_id(cell))
        else:
            opened, staged = inputs.text(night_id), []
            report = services.nights.trace(doctor_id, opened)
        spans = services.exclusions.spans(doctor_id, opened) if opened else []
        listed = exclusion_view.listed(spans, report, words)
        reports = (services.nights.reports_of(doctor_id, opened) if opened else []) or staged
        beside = report_view.beside_ours(reports, report.numbers, words)
        return False, *night_view.panel(report, words), opened, opened is None, listed, beside, ""


def _opens(cell: object) -> bool:
    """Whether a click into this cell asks for the night: not one that chooses a patient or ticks a row."""
    column = inputs.maybe_text(inputs.field(cell or {}, "colId"))
    return column is not None and column != "patient" and not column.startswith("ag-Grid")
