"""The doctor's callbacks that take a span out of a night's numbers and put it back."""

from __future__ import annotations

from typing import Any

import dash
from dash import ALL, ClientsideFunction, Input, Output, State
from dash.exceptions import PreventUpdate

from oximetry.web import inputs
from oximetry.web.doctor import exclusion_view, ids, night_view
from oximetry.web.figures import night_figure
from oximetry.web.language import request_words
from oximetry.web.messages import said, signed_in_doctor, tell
from oximetry.web.services import WebServices


def register(app: dash.Dash, services: WebServices) -> None:
    """Add the callbacks to the doctor's app."""
    app.clientside_callback(
        ClientsideFunction("medic", "spanChosen"),
        Output(ids.EXCLUDE_FROM, "value"),
        Output(ids.EXCLUDE_TO, "value"),
        Input(ids.NIGHT_PLOT, "selectedData"),
        prevent_initial_call=True,
    )

    @app.callback(
        Output(ids.NIGHT_NUMBERS, "children", allow_duplicate=True),
        Output(ids.NIGHT_CAPTION, "children", allow_duplicate=True),
        Output(ids.NIGHT_DETAILS, "children", allow_duplicate=True),
        Output(ids.EXCLUDED, "children", allow_duplicate=True),
        Output(ids.EXCLUDE_REASON, "value"),
        Output(ids.NIGHT_CHANGED, "data"),
        Output(ids.MESSAGE, "children", allow_duplicate=True),
        Output(ids.REFRESH, "data", allow_duplicate=True),
        Input(ids.EXCLUDE, "n_clicks"),
        Input({"type": "put-back", "span": ALL}, "n_clicks"),
        State(ids.NIGHT_OPENED, "data"),
        State(ids.EXCLUDE_FROM, "value"),
        State(ids.EXCLUDE_TO, "value"),
        State(ids.EXCLUDE_REASON, "value"),
        State(ids.REFRESH, "data"),
        prevent_initial_call=True,
        on_error=tell,
    )
    def change(
        _clicks: object, _backs: object, opened: object, first: object, last: object, reason: object, tick: object
    ) -> tuple[Any, ...]:
        if not inputs.clicked():
            raise PreventUpdate
        words, doctor_id, night_id = request_words(), signed_in_doctor().id, inputs.text(opened)
        if inputs.is_plain():
            span_at = (inputs.moment(first, "exclusion_no_span"), inputs.moment(last, "exclusion_no_span"))
            report = services.exclusions.exclude(doctor_id, night_id, span_at, inputs.maybe_text(reason) or "")
        else:
            report = services.exclusions.put_back(doctor_id, night_id, inputs.button("span"))
        spans = exclusion_view.listed(services.exclusions.spans(doctor_id, night_id), report, words)
        done = said(words, "exclude.done" if inputs.is_plain() else "exclude.is_back")
        after = inputs.tick(tick) + 1
        return *night_view.texts(report, words), spans, "", after, done, after

    @app.callback(
        Output(ids.NIGHT_PLOT, "figure", allow_duplicate=True),
        Input(ids.NIGHT_CHANGED, "data"),
        State(ids.NIGHT_OPENED, "data"),
        prevent_initial_call=True,
        on_error=tell,
    )
    def redraw(_changed: object, opened: object) -> Any:
        """The plot by itself: drawing it takes the browser a moment, and the numbers need not wait for it."""
        report = services.nights.trace(signed_in_doctor().id, inputs.text(opened))
        return night_figure(report, request_words())
