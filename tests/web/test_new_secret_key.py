"""SECRET_KEY is changed under a running clinic: who is signed in stays, whose page is open stays."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

import app_instance
from oximetry import composition
from oximetry.domain.errors import ConfigurationError
from oximetry.settings import Settings
from tests.web.conftest import BASE_URL, World

OLD, NEW = "the first key of this clinic", "the key that comes after it"


@pytest.fixture
def world_with(world: World):
    """The same clinic, started with other keys."""

    def start(secret: str, previous: str | None = None) -> World:
        base = world.services.settings
        settings = base.model_copy(
            update={
                "secret_key": SecretStr(secret),
                "secret_key_previous": SecretStr(previous) if previous else None,
            }
        )
        services = composition.create_services(settings)
        return World(app_instance.create_app(settings, services), services)

    return start


def carry(old_client, new_client):
    """The browser keeps its cookies."""
    new_client._cookies = dict(old_client._cookies)
    return new_client


def test_sessions_and_patients_cookies_outlive_the_change_while_both_keys_are_set(world_with):
    first = world_with(OLD)
    doctor = first.signed_in()
    patient_id, secret = first.stored_night()
    patient = first.browser()
    ours = {"Sec-Fetch-Site": "same-origin"}
    assert patient.post("/patient/session", json={"secret": secret}, base_url=BASE_URL, headers=ours).status_code == 200
    second = world_with(NEW, OLD)
    assert carry(doctor, second.browser()).get("/medic/", base_url=BASE_URL).status_code == 200
    [key] = [found.key for found in second.services.store.list(f"{patient_id}/csvs/")]
    assert carry(patient, second.browser()).get(f"/patient/{key}", base_url=BASE_URL).status_code == 302
    third = world_with(NEW)
    assert carry(doctor, third.browser()).get("/medic/", base_url=BASE_URL).status_code == 302
    # an opened link is a row with a random token, which no key signs
    assert carry(patient, third.browser()).get(f"/patient/{key}", base_url=BASE_URL).status_code == 302
    for each in (first, second, third):
        each.services.close()


def test_the_key_before_must_be_another_one(monkeypatch):
    monkeypatch.setenv("SECRET_KEY", OLD)
    monkeypatch.setenv("SECRET_KEY_PREVIOUS", OLD)
    with pytest.raises(ConfigurationError):
        Settings.load()
