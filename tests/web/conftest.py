"""A whole application on SQLite and a local folder, with its jobs done at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

import app_instance
from oximetry import composition
from oximetry.domain.errors import RenderingUnavailable
from oximetry.domain.records import Doctor
from oximetry.samples.samples import samples
from oximetry.services.incoming import IncomingFile
from oximetry.settings import Settings
from tests.postgres import empty_postgres, postgres

__all__ = ["empty_postgres", "postgres"]

PASSWORD = "un-secret-de-test-lung"
BASE_URL = "http://127.0.0.1:8050"


@dataclass
class World:
    """The application, its services, and shortcuts for what a test needs first."""

    app: Flask
    services: composition.Services

    def doctor(self, email: str = "ana@localhost") -> Doctor:
        """An account with ``PASSWORD``."""
        accounts = self.services.accounts
        return accounts.find(email) or accounts.create(email, PASSWORD)

    def browser(self) -> FlaskClient:
        """A fresh browser."""
        return self.app.test_client()

    def signed_in(self, email: str = "ana@localhost") -> FlaskClient:
        """A browser in which the doctor has signed in and opened the page."""
        self.doctor(email)
        client = self.browser()
        token = csrf_of(client)
        form = {"email": email, "password": PASSWORD, "csrf_token": token}
        assert client.post("/login", data=form, base_url=BASE_URL).status_code == 303
        assert client.get("/medic/", base_url=BASE_URL).status_code == 200
        return client

    def stored_night(self, email: str = "ana@localhost", which: int = 0) -> tuple[str, str]:
        """A patient with one stored night; returns the patient's id and the link's secret."""
        web, doctor = self.services, self.doctor(email)
        session = web.uploads.separate_session(doctor)
        sample = list(samples())[which]
        web.uploads.accept(doctor, session.id, IncomingFile(sample.name, sample.content))
        self.work()
        (patient_id,) = web.assignment.all_to_one(doctor, session.id)
        self.work()
        card = web.links.card(doctor.id, patient_id)
        assert card.url is not None
        return patient_id, card.url.partition("#")[2]

    def opened(self, secret: str) -> FlaskClient:
        """A patient's browser that has opened the link."""
        client = self.browser()
        answer = client.post(
            "/patient/session", json={"secret": secret}, headers={"Origin": BASE_URL}, base_url=BASE_URL
        )
        assert answer.status_code == 200
        return client

    def work(self) -> None:
        """Do every due job."""
        while self.services.runner.run_one():
            pass


def csrf_of(client: FlaskClient) -> str:
    """The token that the sign-in page hands out."""
    client.get("/login", base_url=BASE_URL)
    cookie = client.get_cookie("_csrf_token", domain="127.0.0.1")
    assert cookie is not None
    return cookie.value


@pytest.fixture
def make_world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., World]]:
    """Builds worlds with settings of their own; pictures are a job for other tests, here no browser is found."""
    made: list[World] = []

    def no_browser(*_: object) -> bytes:
        raise RenderingUnavailable("no_browser")

    def make(**overrides: object) -> World:
        settings = Settings.load(
            data_dir=tmp_path / "data", storage_path=tmp_path / "storage", _env_file=None, **overrides
        )
        services = composition.create_services(settings)
        monkeypatch.setattr(services.renderer, "png", no_browser)
        services.catalogue.migrate()
        made.append(World(app_instance.create_app(settings, services), services))
        return made[-1]

    yield make
    for world in made:
        world.services.close()


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    """The application with default settings."""
    return make_world()


def posted(client: FlaskClient, path: str, **form: object) -> TestResponse:
    """A form of one of the doctor's pages, sent as a browser sends it."""
    cookie = client.get_cookie("_csrf_token", domain="127.0.0.1")
    token = cookie.value if cookie else ""
    return client.post(path, data={**form, "csrf_token": token}, base_url=BASE_URL, buffered=True)
