"""The doctor's answers to the question whether two files are one night."""

from __future__ import annotations

from typing import Any

import dash
from dash import ALL, Input, Output, State
from dash.exceptions import PreventUpdate

from oximetry.domain.errors import InvalidRequest, OximetryError
from oximetry.web import inputs
from oximetry.web.doctor import ids
from oximetry.web.language import request_words
from oximetry.web.messages import failed, signed_in_doctor, tell
from oximetry.web.services import WebServices


def register(app: dash.Dash, services: WebServices) -> None:
    """Add the callback to the doctor's app."""

    @app.callback(
        Output(ids.REFRESH, "data", allow_duplicate=True),
        Output(ids.MESSAGE, "children", allow_duplicate=True),
        Input({"type": "join", "act": ALL, "first": ALL, "second": ALL}, "n_clicks"),
        State(ids.SESSION, "data"),
        State(ids.REFRESH, "data"),
        prevent_initial_call=True,
        on_error=tell,
    )
    def answer(_clicks: object, session_id: object, tick: object) -> tuple[Any, Any]:
        if not inputs.clicked():
            raise PreventUpdate
        after = inputs.tick(tick) + 1
        try:
            _do(services, inputs.text(session_id))
        except OximetryError as error:
            return after, failed(request_words(), error)
        return after, ""


def _do(services: WebServices, session_id: str) -> None:
    doctor, act = signed_in_doctor(), inputs.button("act")
    if act == "take-apart":
        services.joining.take_apart(doctor, session_id, inputs.button("first"))
        return
    choices = services.report_choices
    if act in ("keep-original", "paint"):
        choices.keep_original(doctor, session_id, inputs.button("first"), keep=act == "keep-original")
        return
    acts = {"belongs": choices.belongs, "join": services.joining.join, "keep-apart": services.joining.keep_apart}
    if act not in acts:
        raise InvalidRequest("malformed")
    acts[act](doctor, session_id, inputs.button("first"), inputs.button("second"))
