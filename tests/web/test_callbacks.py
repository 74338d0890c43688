"""Every callback names only what stands in its app's layout: one missing output would silence the whole page."""

from __future__ import annotations

import json
from typing import Any

import pytest

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
