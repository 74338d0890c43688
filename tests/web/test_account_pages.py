"""The pages around an account: second factor, links of one time, sessions, duties, the list of all accounts."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pyotp
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from oximetry.domain.records import Role
from tests.web.conftest import BASE_URL, PASSWORD, World

NEW = "o propoziție scurtă și lungă"
ADMIN = "admin@localhost"


def get(client: FlaskClient, path: str) -> TestResponse:
    return client.get(path, base_url=BASE_URL)


def post(client: FlaskClient, path: str, page: str | None = None, **form: str) -> TestResponse:
    """Post a form of a page, with its token."""
    token = re.findall(r'name="csrf_token" value="([^"]+)"', get(client, page or path).text)[0]
    return client.post(path, data={"csrf_token": token, **form}, base_url=BASE_URL)


def sign_in(world: World, email: str = "ana@localhost", password: str = PASSWORD) -> tuple[FlaskClient, TestResponse]:
    client = world.browser()
    return client, post(client, "/login", email=email, password=password)


def switched_on(client: FlaskClient) -> tuple[str, list[str]]:
    """The secret and the recovery codes, read from the pages."""
    page = get(client, "/medic/second-factor").text
    secret = re.findall(r'<code class="secret">([^<]+)</code>', page)[0].replace(" ", "")
    answer = post(client, "/medic/second-factor", code=pyotp.TOTP(secret).now())
    assert answer.status_code == 200
    return secret, re.findall(r"<li><code>([^<]+)</code></li>", answer.text)


def test_a_second_factor_is_set_up_and_asked_for(world: World) -> None:
    secret, codes = switched_on(world.signed_in())
    assert len(codes) == 10
    client, answer = sign_in(world)
    assert answer.location == "/login/code"
    assert get(client, "/medic/").status_code == 302
    assert post(client, "/login/code", code="000000").status_code == 401
    assert get(client, "/medic/").status_code == 302
    later = pyotp.TOTP(secret).at(int(time.time()) + 30)
    assert post(client, "/login/code", code=later).location == "/medic/"
    assert get(client, "/medic/").status_code == 200

    other, _ = sign_in(world)
    assert post(other, "/login/code", code=codes[0]).status_code == 303
    assert "Au rămas 9 coduri" in get(other, "/medic/settings").text
    answer = post(other, "/medic/second-factor/off", "/medic/settings", code="wrong")
    assert "Codul nu este corect" in get(other, answer.location).text
    post(other, "/medic/second-factor/off", "/medic/settings", code=codes[1])
    assert sign_in(world)[1].location == "/medic/"


def test_the_page_of_the_code_opens_nothing_by_itself(world: World) -> None:
    client = world.browser()
    assert get(client, "/login/code").status_code == 302
    assert post(client, "/login/code", "/login", code="123456").location == "/login"


def test_a_clinic_may_want_a_second_factor_of_all_its_doctors(world: World) -> None:
    client = world.signed_in()
    post(client, "/medic/settings/second_factor", "/medic/settings", wanted="1")
    assert get(client, "/medic/patients").location == "/medic/second-factor"
    assert get(client, "/medic/_dash-layout").status_code == 403
    switched_on(client)
    assert get(client, "/medic/patients").status_code == 200


def test_production_wants_an_administrators_second_factor_and_no_password_of_others(
    make_world: Callable[..., World], tmp_path: Path
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    world = make_world(
        app_env="production",
        secret_key="un-secret-destul-de-lung-pentru-teste-91",
        database_url=f"sqlite:///{data}/oximetry.db",
        public_url=BASE_URL,
        storage_provider="local",
    )
    world.services.accounts.create(ADMIN, PASSWORD, Role.ADMINISTRATOR)
    world.services.accounts.create("new@localhost", PASSWORD, temporary=True)
    client, _ = sign_in(world, ADMIN)
    assert get(client, "/medic/storage").location == "/medic/second-factor"
    switched_on(client)
    assert get(client, "/medic/storage").status_code == 200

    client, _ = sign_in(world, "new@localhost")
    assert get(client, "/medic/").location == "/medic/password"
    assert post(client, "/medic/password", old=PASSWORD, new=PASSWORD, again=PASSWORD).status_code == 409
    assert get(client, "/medic/").location == "/medic/password"
    assert post(client, "/medic/password", old=PASSWORD, new=NEW, again=NEW).status_code == 303
    assert get(client, "/medic/").status_code == 200


def test_an_administrator_invites_resets_disables_and_sees_no_patient(world: World) -> None:
    patient_id, _secret = world.stored_night()
    world.services.accounts.create(ADMIN, PASSWORD, Role.ADMINISTRATOR)
    admin, _ = sign_in(world, ADMIN)
    page = get(admin, "/medic/accounts").text
    assert "ana@localhost" in page
    assert patient_id not in page

    invited = post(admin, "/medic/accounts/invite", "/medic/accounts", email="ion@localhost", role="doctor").text
    link = re.findall(rf'{BASE_URL}(/cont/[\w-]+)"', invited)[0]
    guest = world.browser()
    assert "ion@localhost" in get(guest, link).text
    assert post(guest, link, new=NEW, again="altceva").status_code == 409
    assert post(guest, link, new="parola123456", again="parola123456").status_code == 409
    assert post(guest, link, new=NEW, again=NEW).status_code == 200
    assert get(guest, link).status_code == 404
    assert sign_in(world, "ion@localhost", NEW)[1].location == "/medic/"

    ana, account_id = world.signed_in(), world.doctor().id
    assert get(admin, f"/medic/accounts/{account_id}").status_code == 200
    reset = post(admin, f"/medic/accounts/{account_id}/reset", "/medic/accounts").text
    link = re.findall(rf'{BASE_URL}(/cont/[\w-]+)"', reset)[0]
    post(world.browser(), link, new=NEW, again=NEW)
    assert get(ana, "/medic/").status_code == 302
    ana, _ = sign_in(world, "ana@localhost", NEW)
    assert get(ana, "/medic/accounts").status_code == 404
    post(admin, f"/medic/accounts/{account_id}/disable", "/medic/accounts")
    assert get(ana, "/medic/").status_code == 302
    assert sign_in(world, "ana@localhost", NEW)[1].status_code == 401
    post(admin, f"/medic/accounts/{account_id}/enable", "/medic/accounts")
    assert sign_in(world, "ana@localhost", NEW)[1].status_code == 303
    own = world.services.accounts.find(ADMIN)
    assert own is not None
    post(admin, f"/medic/accounts/{own.id}/disable", "/medic/accounts")
    assert get(admin, "/medic/accounts").status_code == 200


@pytest.mark.parametrize("token", ["x", "A" * 43, "%00", "..%2f", "é"])
def test_links_that_open_nothing_say_the_same(world: World, token: str) -> None:
    answer = get(world.browser(), f"/cont/{token}")
    assert answer.status_code == 404
    assert "password" not in answer.text


def test_a_doctor_ends_one_session_and_reads_of_a_new_browser(world: World) -> None:
    first = world.signed_in()
    second, _ = sign_in(world)
    page = get(first, "/medic/settings").text
    (other,) = re.findall(r"/medic/settings/sessions/([0-9a-f-]{36})/end", page)
    post(first, f"/medic/settings/sessions/{other}/end", "/medic/settings")
    assert get(second, "/medic/").status_code == 302
    assert get(first, "/medic/").status_code == 200

    token = re.findall(r'name="csrf_token" value="([^"]+)"', get(first, "/medic/").text)[0]
    first.post("/logout", data={"csrf_token": token}, base_url=BASE_URL)
    post(first, "/login", email="ana@localhost", password=PASSWORD)
    assert "dintr-un browser nou" in get(first, "/medic/").text
    assert "dintr-un browser nou" not in get(first, "/medic/").text


def test_a_made_up_password_is_said_on_every_page_in_development(world: World) -> None:
    world.services.accounts.create("new@localhost", PASSWORD, temporary=True)
    client, _ = sign_in(world, "new@localhost")
    assert "făcută de altcineva" in get(client, "/medic/").text


def test_an_administrator_ends_every_session_of_an_account(world: World) -> None:
    world.services.accounts.create(ADMIN, PASSWORD, Role.ADMINISTRATOR)
    ana, (admin, _) = world.signed_in(), sign_in(world, ADMIN)
    post(admin, f"/medic/accounts/{world.doctor().id}/end", "/medic/accounts")
    assert get(ana, "/medic/").status_code == 302


def test_the_password_is_asked_for_before_the_second_factor_is_changed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = world.signed_in()
    monkeypatch.setattr("oximetry.services.accounts.accounts.FRESH_FOR", timedelta(0))
    assert get(client, "/medic/second-factor").location == "/medic/second-factor/confirm?next=set-up"
    assert "/medic/second-factor/confirm" in get(client, "/medic/settings").text
    assert post(client, "/medic/second-factor/confirm?next=set-up", password="nu este").status_code == 409
    monkeypatch.setattr("oximetry.services.accounts.accounts.FRESH_FOR", timedelta(minutes=15))
    answer = post(client, "/medic/second-factor/confirm?next=set-up", password=PASSWORD)
    assert answer.location == "/medic/second-factor"
    assert get(client, "/medic/second-factor").status_code == 200
