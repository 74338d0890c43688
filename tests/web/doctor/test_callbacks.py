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


@pytest.mark.parametrize("prefix", ["/medic/", "/patient/"])
def test_every_callback_finds_its_components(world: World, prefix: str) -> None:
    client = world.signed_in()
    layout = client.get(f"{prefix}_dash-layout", base_url=BASE_URL).json
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
    layout = client.get("/medic/_dash-layout", base_url=BASE_URL).json
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
    "put-back": '{"span":"x","type":"put-back"}',
    "night-action": '{"act":"unheard-of","night":"x","type":"night-action"}',
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


def test_a_link_is_revoked_only_after_the_question(world: World) -> None:
    patient_id, _ = world.stored_night()
    client, doctor = world.signed_in(), world.doctor()
    ask = callback_of(client, "sure.opened", "revoke-link")
    values = Values({"revoke-link.n_clicks": 1, "patient-shown.data": patient_id})
    answer = call(client, ask, values, "revoke-link.n_clicks").json["response"]
    assert answer["sure"]["opened"] is True
    assert world.services.links.card(doctor.id, patient_id).link is not None
    asked = Values({"sure-yes.n_clicks": 1, "asked.data": answer["asked"]["data"], "refresh.data": 0})
    done = call(client, callback_of(client, "sure.opened", "sure-yes"), asked, "sure-yes.n_clicks").json["response"]
    assert done["sure"]["opened"] is False
    assert world.services.links.card(doctor.id, patient_id).link is None


def test_removing_a_night_asks_first_and_closes_its_panel(world: World) -> None:
    patient_id, _ = world.stored_night()
    client, doctor, nights = world.signed_in(), world.doctor(), world.services.nights
    (night,) = nights.shown(doctor.id, patient_id, "ro")
    pattern = json.dumps({"act": "remove", "night": night.night.id, "type": "night-action"}, separators=(",", ":"))
    ask = callback_of(client, "sure.opened", "revoke-link")
    values = Values({one["id"] + "." + one["property"]: 1 for one in ask["inputs"]})
    answer = call(client, ask, values, f"{pattern}.n_clicks", pattern).json["response"]
    assert answer["asked"]["data"] == {"act": "remove", "subject": night.night.id}
    yes = Values({"sure-yes.n_clicks": 1, "asked.data": answer["asked"]["data"], "refresh.data": 0,
                  "show-night.data": night.night.id})  # fmt: skip
    done = call(client, callback_of(client, "sure.opened", "sure-yes"), yes, "sure-yes.n_clicks").json["response"]
    assert done["show-night"]["data"] is None
    assert nights.shown(doctor.id, patient_id, "ro") == []


def test_extra_rules_show_once_they_are_saved_and_ticks_stay_while_the_page_polls(world: World) -> None:
    patient_id, _ = world.stored_night()
    client = world.signed_in()
    show = callback_of(client, "patient-page.children", "patient-shown")
    values = Values({"patient-shown.data": patient_id})
    first = call(client, show, values, "patient-shown.data").json["response"]
    assert first["extra-rules"]["value"] == []
    assert "regula copd v1" not in json.dumps(first, ensure_ascii=False)
    saved = Values({"save-rules.n_clicks": 1, "extra-rules.value": ["copd"], "patient-shown.data": patient_id,
                    "refresh.data": 3})  # fmt: skip
    done = call(client, callback_of(client, "refresh.data", "save-rules"), saved, "save-rules.n_clicks")
    assert [one["data"] for name, one in done.json["response"].items() if name.startswith("refresh")] == [4]
    values["patient-digest.data"] = first["patient-digest"]["data"]
    polled = call(client, show, values, "poll.n_intervals").json["response"]
    assert "regula copd v1" in json.dumps(polled, ensure_ascii=False)
    assert "extra-rules" not in polled
    again = call(client, show, Values({"patient-shown.data": patient_id}), "refresh.data").json["response"]
    assert again["extra-rules"]["value"] == ["copd"]


def test_an_unknown_extra_rule_is_said_and_not_saved(world: World) -> None:
    patient_id, _ = world.stored_night()
    client, doctor = world.signed_in(), world.doctor()
    saved = Values({"save-rules.n_clicks": 1, "extra-rules.value": ["horoscope"], "patient-shown.data": patient_id,
                    "refresh.data": 0})  # fmt: skip
    done = call(client, callback_of(client, "refresh.data", "save-rules"), saved, "save-rules.n_clicks")
    assert "Nu s-a schimbat nimic" in json.dumps(done.json, ensure_ascii=False)
    assert world.services.links.card(doctor.id, patient_id).patient.extra_rules == ()


def test_a_patients_page_is_drawn_again_only_when_something_changed(world: World) -> None:
    patient_id, secret = world.stored_night()
    client = world.signed_in()
    show = callback_of(client, "patient-page.children", "patient-shown")
    values = Values({"patient-shown.data": patient_id})
    first = call(client, show, values, "patient-shown.data").json["response"]
    values["patient-digest.data"] = first["patient-digest"]["data"]
    assert call(client, show, values, "poll.n_intervals").status_code == 204
    world.opened(secret)
    again = call(client, show, values, "poll.n_intervals").json["response"]
    assert "patient-label" not in again
    assert again["patient-digest"] != first["patient-digest"]
