"""Every callback names only what stands in its app's layout: one missing output would silence the whole page."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.web.conftest import BASE_URL, World


def ids_in(component: Any) -> set[str]:
    if isinstance(component, list):
        return set().union(*map(ids_in, component)) if component else set()
    if not isinstance(component, dict):
        return set()
    own = {component["id"]} if isinstance(component.get("id"), str) else set()
    return own.union(*(ids_in(value) for value in component.values()))


def batch_page(world: World) -> dict[str, str]:
    """What a batch's page says of itself when it asks for its layout."""
    session = world.services.uploads.open_session(world.doctor())
    return {"X-Page": f"/medic/intake/{session.id}"}


def test_a_layout_is_of_one_page_and_of_its_own_doctor(world: World) -> None:
    client, stranger = world.signed_in(), world.signed_in("ion@localhost")
    page = batch_page(world)
    assert client.get("/medic/_dash-layout", base_url=BASE_URL, headers=page).status_code == 200
    for asking, said in ((stranger, page), (client, {}), (client, {"X-Page": "/medic/intake/x"})):
        assert asking.get("/medic/_dash-layout", base_url=BASE_URL, headers=said).status_code == 404


@pytest.mark.parametrize("prefix", ["/medic/", "/patient/"])
def test_every_callback_finds_its_components(world: World, prefix: str) -> None:
    client = world.signed_in()
    layout = client.get(f"{prefix}_dash-layout", base_url=BASE_URL, headers=batch_page(world)).json
    callbacks = client.get(f"{prefix}_dash-dependencies", base_url=BASE_URL).json
    present = ids_in(layout)
    assert callbacks
    for callback in callbacks:
        outputs = [part.rpartition(".")[0] for part in callback["output"].strip(".").split("...")]
        named = outputs + [one["id"] for one in callback["inputs"] + callback["state"]]
        assert {name for name in named if not name.startswith("{")} <= present


@pytest.mark.parametrize(("language", "said"), [("ro", "Toate la un pacient nou"), ("en", "All to one new patient")])
def test_the_doctors_page_opens_in_both_languages(world: World, language: str, said: str) -> None:
    client = world.signed_in()
    client.set_cookie("language", language, domain="127.0.0.1")
    layout = client.get("/medic/_dash-layout", base_url=BASE_URL, headers=batch_page(world)).json
    assert said in json.dumps(layout, ensure_ascii=False)


FORGED: list[Any] = [
    *(None, 5, 1.5, True, "", "x", "a\0b", "\ud800", "x" * 999, "2025-10-15T20:35:00+02:00"),
    *([], [5], [[]], {}, {"rowId": 5}, {"colId": 5}, {"act": 5, "subject": 5}),
    {"rowId": {}, "colId": "started", "value": 5},
]


def call(client: FlaskClient, callback: dict[str, Any], values: Any, pressed: str, pattern: str = "") -> TestResponse:
    """Call a callback with one value in every input and state (or a mapping of them)."""

    def filled(one: dict[str, Any]) -> Any:
        name, prop = one["id"], one["property"]
        value = values.get(f"{name}.{prop}") if isinstance(values, Values) else values
        if not name.startswith("{"):
            return {"id": name, "property": prop, "value": value}
        return [{"id": json.loads(pattern or ANY_PATTERN[json.loads(name)["type"]]), "property": prop, "value": value}]

    parts = callback["output"].strip(".").split("...")
    outputs = [dict(zip(("id", "property"), part.rsplit(".", 1), strict=True)) for part in parts]
    body = {
        "output": callback["output"],
        "outputs": outputs if callback["output"].startswith("..") else outputs[0],
        "inputs": [filled(one) for one in callback["inputs"]],
        "state": [filled(one) for one in callback["state"]],
        "changedPropIds": [pressed],
    }
    cookie = client.get_cookie("_csrf_token", domain="127.0.0.1")
    headers = {"X-CSRFToken": cookie.value if cookie else ""}
    return client.post("/medic/_dash-update-component", json=body, headers=headers, base_url=BASE_URL)


class Values(dict[str, Any]):
    """A value for every ``id.property``."""


ANY_PATTERN = {
    "try-again": '{"item":"x","type":"try-again"}',
    "return-file": '{"item":"x","type":"return-file"}',
    "take-out": '{"item":"x","type":"take-out"}',
    "give-start": '{"item":"x","type":"give-start"}',
    "start": '{"item":"x","type":"start"}',
    "join": '{"act":"unheard-of","first":"x","second":"x","type":"join"}',
    "keep-label": '{"target":"x","type":"keep-label"}',
    "undo-proposals": '{"batch":"x","type":"undo-proposals"}',
    "take-back": '{"batch":"x","type":"take-back"}',
}


def prop_id(one: dict[str, Any], pattern: str = "") -> str:
    name = one["id"]
    return f"{(pattern or ANY_PATTERN[json.loads(name)['type']]) if name.startswith('{') else name}.{one['property']}"


def test_no_forged_value_breaks_a_callback(world: World) -> None:
    client = world.signed_in()
    callbacks = client.get("/medic/_dash-dependencies", base_url=BASE_URL).json
    server_side = [one for one in callbacks if not one["clientside_function"]]
    broken = []
    for callback in server_side:
        for value in FORGED:
            for one in callback["inputs"]:
                status = call(client, callback, value, prop_id(one)).status_code
                if status not in (200, 204):
                    broken.append((callback["output"][:60], one["id"], value, status))
    assert broken == []


def callback_of(client: FlaskClient, output: str, pressed: str) -> dict[str, Any]:
    callbacks = client.get("/medic/_dash-dependencies", base_url=BASE_URL).json
    return next(one for one in callbacks if output in one["output"] and pressed in [i["id"] for i in one["inputs"]])
