"""The callbacks of a batch's page: each parses its inputs, calls one service and renders the answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dash
from dash import ALL, ClientsideFunction, Input, Output, Patch, State, html, no_update, set_props
from dash.exceptions import PreventUpdate

from oximetry.domain.errors import InvalidRequest, OximetryError
from oximetry.domain.records import Doctor
from oximetry.services.intake.batch import Batch
from oximetry.services.lists import local
from oximetry.web import inputs, report_view
from oximetry.web.doctor import aside_view, batch_view, ids, join_callbacks, night_view
from oximetry.web.doctor.intake_page import POLL_MS, columns
from oximetry.web.doctor.patients_page import choice_name
from oximetry.web.i18n import Words
from oximetry.web.language import request_words
from oximetry.web.messages import failed, said, signed_in_doctor, tell
from oximetry.web.services import WebServices

IDLE_POLL_MS = 5000
ROWS_IN_FULL = 40  # a longer table scrolls by itself: the browser then draws only the rows in sight
LONG_TABLE_HEIGHT = "min(75vh, 1100px)"
OFFERED_PATIENTS = 12


def register(app: dash.Dash, services: WebServices) -> None:
    """Add every callback of the page."""
    app.clientside_callback(
        ClientsideFunction("medic", "nightShown"),
        Output(ids.NIGHT_TITLE, "tabIndex"),
        Input(ids.NIGHT_PANEL, "hidden"),
        Input(ids.NIGHT_TITLE, "children"),
        prevent_initial_call=True,
    )
    _register_table(app, services)
    _register_choosing(app, services)
    _register_choices(app, services)
    _register_groups(app, services)
    _register_second_tries(app, services)
    _register_batch_answers(app, services)
    _register_decisions(app, services)
    _register_nights(app, services)
    join_callbacks.register(app, services)


def people_of(services: WebServices, doctor: Doctor, batch: Batch) -> batch_view.People:
    """The patients whom a batch points to, the latest others, and where the devices are lent."""
    items = [row.item for row in batch.rows]
    loans = services.loans.open(doctor.id, {item.device_serial for item in items if item.device_serial})
    named = {one for item in items for one in (item.patient_id, item.target) if one and not one.startswith("new:")}
    named |= {row.joins_at for row in batch.rows if row.joins_at} | {loan.patient_id for loan in loans.values()}
    recent = services.lists.patients(doctor.id).lines[:OFFERED_PATIENTS]
    known = services.lists.patient_lines(doctor.id, sorted(named)) if named else {}
    until = services.taking_back.until(items)
    zone = services.clinics.of(doctor.id).time_zone
    return batch_view.People(known, recent, loans, local(until, zone) if until else None)


def _register_table(app: dash.Dash, services: WebServices) -> None:
    @app.callback(
        output={
            "rows": Output(ids.GRID, "rowData"),
            "columns": Output(ids.GRID, "columnDefs"),
            "options": Output(ids.GRID, "dashGridOptions"),
            "style": Output(ids.GRID, "style"),
            "counts": Output(ids.COUNTS, "children"),
            "progress": Output(ids.PROGRESS, "value"),
            "refused": Output(ids.REFUSED, "children"),
            "joins": Output(ids.JOINS, "children"),
            "links": Output(ids.BATCH_LINKS, "children"),
            "nothing_readable": Output(ids.ALL_TO_NEW, "disabled"),
            "nothing_to_propose": Output(ids.PER_DEVICE, "disabled"),
            "nothing_decided": Output(ids.CONFIRM, "disabled"),
            "confirm": Output(ids.CONFIRM, "children"),
            "interval": Output(ids.POLL, "interval"),
            "storage": Output(ids.STORAGE, "children"),
            "digest": Output(ids.DIGEST, "data"),
        },
        inputs={"ticks": Input(ids.POLL, "n_intervals"), "refresh": Input(ids.REFRESH, "data")},
        state={"session_id": State(ids.SESSION, "data"), "digest": State(ids.DIGEST, "data")},
        on_error=tell,
    )
    def show_batch(ticks: object, refresh: object, session_id: object, digest: object) -> dict[str, Any]:
        del ticks, refresh
        words, doctor = request_words(), signed_in_doctor()
        batch = services.batches.show(doctor, inputs.text(session_id))
        people = people_of(services, doctor, batch)
        view = batch_view.view(batch, people, words, services.uploads.name_of, services.readiness.storage())
        if view.digest == digest:
            raise PreventUpdate
        if view.fell_back:
            set_props(ids.MESSAGE, {"children": failed(words, InvalidRequest("fell_back"))})
        return _table(view, batch.session.id, words)


def _table(view: batch_view.BatchView, session_id: str, words: Words) -> dict[str, Any]:
    """The outputs of ``show_batch`` by their names."""
    options = Patch()
    options["loading"] = view.busy and not view.rows
    long = len(view.rows) > ROWS_IN_FULL
    options["domLayout"] = "normal" if long else "autoHeight"
    confirm = words.count("batch.confirm_nights", view.chosen_nights) if view.chosen_nights else words("batch.confirm")
    return {
        "rows": view.rows,
        "columns": columns(words, view.choices),
        "options": options,
        "style": {"width": "100%", "height": LONG_TABLE_HEIGHT if long else None},
        "counts": view.counts,
        "progress": view.progress,
        "refused": view.refused,
        "joins": view.joins,
        "links": _links(view, session_id, words),
        "nothing_readable": view.readable == 0,
        "nothing_to_propose": view.readable == view.decided,
        "nothing_decided": view.decided == 0,
        "confirm": confirm,
        "interval": POLL_MS if view.busy else IDLE_POLL_MS,
        "storage": view.storage,
        "digest": view.digest,
    }


def _links(view: batch_view.BatchView, session_id: str, words: Words) -> list[Any]:
    """The way to the hand-over once somebody was given a night, and back out of it for an hour."""
    if not view.confirmed:
        return []
    links: list[Any] = []
    if view.back_until is not None:
        until = words("intake.take_back_until", time=f"{view.back_until:%H:%M}")
        button = html.Button(words("intake.take_back"), id={"type": ids.TAKE_BACK, "batch": session_id},
                             className="btn text danger", title=until)  # fmt: skip
        links.append(button)
    links.append(html.A(words("intake.to_links"), href=f"/medic/intake/{session_id}/links", className="btn second"))
    return links


def _register_choosing(app: dash.Dash, services: WebServices) -> None:
    @app.callback(
        output={"cannot_give": Output(ids.GIVE_CHOSEN, "disabled"), "cannot_discard": Output(ids.DISCARD, "disabled")},
        inputs={"selected": Input(ids.GRID, "selectedRows"), "target": Input(ids.CHOSEN_PATIENT, "value")},
    )
    def allow_giving(selected: object, target: object) -> dict[str, bool]:
        return {"cannot_give": not (selected and target), "cannot_discard": not selected}

    @app.callback(
        Output(ids.CHOSEN_PATIENT, "data"),
        Input(ids.CHOSEN_PATIENT, "searchValue"),
        Input(ids.DIGEST, "data"),
        State(ids.SESSION, "data"),
        State(ids.CHOSEN_PATIENT, "data"),
        on_error=tell,
    )
    def offer(typed: object, _digest: object, session_id: object, offered: object) -> list[dict[str, str]]:
        words, doctor = request_words(), signed_in_doctor()
        batch = services.batches.show(doctor, inputs.text(session_id))
        search = (inputs.maybe_text(typed) or "").strip()
        if isinstance(offered, list) and any(search == inputs.field(one, "label") for one in offered):
            search = ""  # what stands in the field is the choice itself
        people = people_of(services, doctor, batch)
        found = services.lists.patients(doctor.id, search).lines
        shown = {**batch_view.target_labels(batch, people, words)}
        shown.update({line.patient_id: choice_name(line, words) for line in found})
        return [{"value": target, "label": label} for target, label in shown.items()]


def _register_choices(app: dash.Dash, services: WebServices) -> None:
    @_act(
        app,
        {"picked": Input(ids.GRID, "cellRendererData"), "clicks": Input(ids.GIVE_CHOSEN, "n_clicks")},
        {"selected": State(ids.GRID, "selectedRows"), "target": State(ids.CHOSEN_PATIENT, "value"),
         "session_id": State(ids.SESSION, "data")},
    )  # fmt: skip
    def choose(picked: object, clicks: object, selected: object, target: object, session_id: object) -> str:
        del clicks
        if inputs.source() == ids.GRID:
            items, target = [inputs.row_id(picked)], inputs.field(picked, "value")
        else:
            items = inputs.selected(selected)
        services.assignment.choose(signed_in_doctor(), inputs.text(session_id), items, inputs.maybe_text(target))
        return ""

    @_act(
        app,
        {"clicks": Input({"type": "take-out", "item": ALL}, "n_clicks"), "discard": Input(ids.DISCARD, "n_clicks")},
        {"selected": State(ids.GRID, "selectedRows")},
    )
    def take_out(clicks: object, discard: object, selected: object) -> str:
        del clicks, discard
        wanted = inputs.selected(selected) if inputs.is_plain() else [inputs.button("item")]
        for item_id in wanted:
            services.uploads.discard(signed_in_doctor(), item_id)
        return ""


def _register_groups(app: dash.Dash, services: WebServices) -> None:
    """A device's head: one patient for all its nights that are open, and the label of a new one."""

    @app.callback(
        output={
            "refresh": Output(ids.REFRESH, "data", allow_duplicate=True),
            "message": Output(ids.MESSAGE, "children", allow_duplicate=True),
            "keep": Output(ids.KEEP_LABEL, "children"),
            "asked": Output(ids.LABEL_ASKED, "data"),
        },
        inputs={
            "act": Input(ids.GROUP_ACT, "data"),
            "keep": Input({"type": ids.KEEP_LABEL, "target": ALL}, "n_clicks"),
        },
        state={
            "session_id": State(ids.SESSION, "data"),
            "asked": State(ids.LABEL_ASKED, "data"),
            "tick": State(ids.REFRESH, "data"),
        },
        prevent_initial_call=True,
        on_error=tell,
    )
    def group_act(act: object, keep: object, session_id: object, asked: object, tick: object) -> dict[str, Any]:
        del keep
        if not inputs.clicked():
            raise PreventUpdate
        words, doctor, batch_id = request_words(), signed_in_doctor(), inputs.text(session_id)
        insists = not inputs.is_plain()
        wanted = asked if insists else act
        name, target = inputs.text(inputs.field(wanted, "act")), inputs.maybe_text(inputs.field(wanted, "target"))
        value = inputs.maybe_text(inputs.field(wanted, "value"))
        settled = {"refresh": inputs.tick(tick) + 1, "message": "", "keep": "", "asked": None}
        if name == "target":
            services.assignment.choose(doctor, batch_id, inputs.texts(inputs.field(wanted, "items")), value)
            return settled
        try:
            services.assignment.name_new_patient(doctor, batch_id, target or "", value, acknowledged=insists)
        except InvalidRequest as error:
            if not error.reason.startswith("label_") or error.reason == "label_too_long":
                raise
            button = html.Button(words("label.keep_anyway"), id={"type": ids.KEEP_LABEL, "target": target or ""},
                                 className="btn text")  # fmt: skip
            return {"refresh": no_update, "message": failed(words, error), "keep": button, "asked": wanted}
        return settled

    @app.callback(
        output={
            "refresh": Output(ids.REFRESH, "data", allow_duplicate=True),
            "message": Output(ids.MESSAGE, "children", allow_duplicate=True),
            "undo": Output(ids.UNDO_PROPOSALS, "children"),
            "proposed": Output(ids.PROPOSED, "data"),
        },
        inputs={
            "clicks": Input(ids.PER_DEVICE, "n_clicks"),
            "undo": Input({"type": ids.UNDO_PROPOSALS, "batch": ALL}, "n_clicks"),
        },
        state={
            "session_id": State(ids.SESSION, "data"),
            "proposed": State(ids.PROPOSED, "data"),
            "tick": State(ids.REFRESH, "data"),
        },
        prevent_initial_call=True,
        on_error=tell,
    )
    def per_device(clicks: object, undo: object, session_id: object, proposed: object, tick: object) -> dict[str, Any]:
        del clicks, undo
        if not inputs.clicked():
            raise PreventUpdate
        words, doctor, batch_id = request_words(), signed_in_doctor(), inputs.text(session_id)
        after = {"refresh": inputs.tick(tick) + 1, "message": ""}
        if not inputs.is_plain():
            services.assignment.choose(doctor, batch_id, inputs.texts(proposed), None)
            return {**after, "undo": "", "proposed": None}
        items = services.assignment.one_patient_per_device(doctor, batch_id)
        done = html.Span(
            [
                html.Span(words.count("intake.proposed", len(items)), className="inline good", role="status"),
                html.Button(words("intake.undo_proposals"), id={"type": ids.UNDO_PROPOSALS, "batch": batch_id},
                            className="btn text"),
            ],
            className="row",
        )  # fmt: skip
        return {**after, "undo": done if items else "", "proposed": items}


def _register_second_tries(app: dash.Dash, services: WebServices) -> None:
    @_act(
        app,
        {
            "tries": Input({"type": aside_view.TRY_AGAIN, "item": ALL}, "n_clicks"),
            "returns": Input({"type": aside_view.PUT_BACK, "item": ALL}, "n_clicks"),
        },
        {"session_id": State(ids.SESSION, "data")},
    )
    def try_again(tries: object, returns: object, session_id: object) -> str:
        del tries, returns
        if inputs.button("type") == aside_view.PUT_BACK:
            services.uploads.put_back(signed_in_doctor(), inputs.button("item"))
        else:
            services.uploads.try_all_again(signed_in_doctor(), inputs.text(session_id), inputs.button("item"))
        return ""

    @_act(
        app,
        {"clicks": Input({"type": ids.TAKE_BACK, "batch": ALL}, "n_clicks")},
        {"session_id": State(ids.SESSION, "data")},
    )
    def take_back(clicks: object, session_id: object) -> Any:
        del clicks
        done = services.taking_back.take_back(signed_in_doctor(), inputs.text(session_id))
        words = request_words()
        return html.Div(
            words("intake.taken_back", nights=done.nights, files=done.files, patients=done.patients),
            className="msg good",
        )


def _register_batch_answers(app: dash.Dash, services: WebServices) -> None:
    @_act(
        app,
        {"clicks": Input({"type": "give-start", "item": ALL}, "n_clicks")},
        {
            "values": State({"type": "start", "item": ALL}, "value"),
            "asked": State({"type": "start", "item": ALL}, "id"),
        },
    )
    def give_start(clicks: object, values: object, asked: object) -> str:
        del clicks
        item_id = inputs.button("item")
        services.uploads.give_start(signed_in_doctor(), item_id, inputs.moment(inputs.beside(values, asked, item_id)))
        return ""

    @app.callback(
        output={
            "session": Output(ids.SESSION, "data"),
            "zone": Output(ids.DROP_ZONE, "data-session"),
            "refresh": Output(ids.REFRESH, "data", allow_duplicate=True),
            "message": Output(ids.MESSAGE, "children", allow_duplicate=True),
        },
        inputs={"clicks": Input(ids.NEW_BATCH, "n_clicks")},
        state={"session_id": State(ids.SESSION, "data"), "tick": State(ids.REFRESH, "data")},
        prevent_initial_call=True,
        on_error=tell,
    )
    def begin_new_batch(clicks: object, session_id: object, tick: object) -> dict[str, Any]:
        del clicks
        session = services.uploads.finish_session(signed_in_doctor(), inputs.text(session_id))
        return {"session": session.id, "zone": session.id, "refresh": inputs.tick(tick) + 1, "message": ""}


def _register_decisions(app: dash.Dash, services: WebServices) -> None:
    @app.callback(
        output={
            "refresh": Output(ids.REFRESH, "data", allow_duplicate=True),
            "message": Output(ids.MESSAGE, "children", allow_duplicate=True),
            "opened": Output(ids.DOUBTS, "opened"),
            "doubts": Output(ids.DOUBTS_TEXT, "children"),
            "pending": Output(ids.PENDING, "data"),
            "keep": Output(ids.KEEP_LABEL, "children", allow_duplicate=True),
        },
        inputs={
            "all_to_new": Input(ids.ALL_TO_NEW, "n_clicks"),
            "confirm": Input(ids.CONFIRM, "n_clicks"),
            "yes": Input(ids.DOUBTS_YES, "n_clicks"),
            "no": Input(ids.DOUBTS_NO, "n_clicks"),
        },
        state={
            "session_id": State(ids.SESSION, "data"),
            "pending": State(ids.PENDING, "data"),
            "tick": State(ids.REFRESH, "data"),
        },
        prevent_initial_call=True,
        on_error=tell,
    )
    def confirm(session_id: object, pending: object, tick: object, **clicks: object) -> dict[str, Any]:
        del clicks
        asked, waiting = inputs.source(), inputs.maybe_text(pending)
        closed = {
            "refresh": no_update,
            "message": no_update,
            "opened": False,
            "doubts": "",
            "pending": None,
            "keep": "",
        }
        if asked == ids.DOUBTS_NO:
            return {**closed, "message": ""}
        batch_id, words, after = inputs.text(session_id), request_words(), inputs.tick(tick) + 1
        act = waiting if asked == ids.DOUBTS_YES else asked
        try:
            _decide(services, batch_id, act == ids.ALL_TO_NEW, asked == ids.DOUBTS_YES)
        except InvalidRequest as error:
            if error.reason == "needs_confirmation":
                batch = services.batches.show(signed_in_doctor(), batch_id)
                doubts = batch_view.doubts(batch, error.details, words)
                return {**closed, "message": "", "opened": True, "doubts": doubts, "pending": act}
            return {**closed, "message": failed(words, error)}
        return {**closed, "refresh": after, "message": said(words, "batch.confirmed")}


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
        output={
            "hidden": Output(ids.NIGHT_PANEL, "hidden"),
            "title": Output(ids.NIGHT_TITLE, "children"),
            "numbers": Output(ids.NIGHT_NUMBERS, "children"),
            "figure": Output(ids.NIGHT_PLOT, "figure"),
            "caption": Output(ids.NIGHT_CAPTION, "children"),
            "details": Output(ids.NIGHT_DETAILS, "children"),
            "reports": Output(ids.NIGHT_REPORTS, "children"),
            "message": Output(ids.MESSAGE, "children", allow_duplicate=True),
        },
        inputs={"cell": Input(ids.GRID, "cellClicked"), "close": Input(ids.NIGHT_CLOSE, "n_clicks")},
        prevent_initial_call=True,
        on_error=tell,
    )
    def show_night(cell: object, close: object) -> dict[str, Any]:
        del close
        if inputs.source() == ids.NIGHT_CLOSE:
            empty = dict.fromkeys(("title", "numbers", "caption", "details", "reports"), "")
            return {**empty, "hidden": True, "figure": {}, "message": no_update}
        if not _opens(cell):
            raise PreventUpdate
        words, doctor_id, item_id = request_words(), signed_in_doctor().id, inputs.row_id(cell)
        report = services.staged.trace(doctor_id, item_id)
        night_id = services.staged.stored_as(doctor_id, item_id)
        stored = services.nights.reports_of(doctor_id, night_id) if night_id else []
        reports = stored or services.staged.reports(doctor_id, item_id)
        shown = night_view.panel(report, words)
        return {
            **dict(zip(("title", "numbers", "figure", "caption", "details"), shown, strict=True)),
            "hidden": False,
            "reports": [*_to_night(night_id, words), *report_view.beside_ours(reports, report.numbers, words)],
            "message": "",
        }


def _to_night(night_id: str | None, words: Words) -> list[Any]:
    """A stored night has a page of its own, where spans can be left out and words be written."""
    if night_id is None:
        return []
    return [html.P(html.A(words("intake.to_night"), href=f"/medic/nights/{night_id}", className="btn second"))]


def _opens(cell: object) -> bool:
    """Whether a click into this cell asks for the night: not one that chooses a patient or ticks a row."""
    column = inputs.maybe_text(inputs.field(cell or {}, "colId"))
    return column is not None and column != "patient" and not column.startswith("ag-Grid")


def _act(app: dash.Dash, when: dict[str, Any], given: dict[str, Any]) -> Callable[[Callable[..., Any]], None]:
    """Do something, say what became of it beside the bar's button, and let the table follow.

    The decorated function gets its inputs and states by their names and returns what is to be said.
    """

    def decorate(does: Callable[..., Any]) -> None:
        @app.callback(
            output={
                "refresh": Output(ids.REFRESH, "data", allow_duplicate=True),
                "message": Output(ids.MESSAGE, "children", allow_duplicate=True),
            },
            inputs=when,
            state={**given, "tick": State(ids.REFRESH, "data")},
            prevent_initial_call=True,
            on_error=tell,
        )
        def act(tick: object, **values: object) -> dict[str, Any]:
            if not inputs.clicked():
                raise PreventUpdate
            after = inputs.tick(tick) + 1
            try:
                return {"refresh": after, "message": does(**values)}
            except OximetryError as error:
                return {"refresh": after, "message": failed(request_words(), error)}

    return decorate
