"""Signing in over HTTP: sessions, forgery, limits, and nothing told apart."""

from __future__ import annotations

import re

from flask.sessions import SecureCookieSessionInterface

from tests.web.conftest import BASE_URL, PASSWORD, World, csrf_of


def post_login(world: World, email: str, password: str) -> tuple[int, str]:
    client = world.browser()
    form = {"email": email, "password": password, "csrf_token": csrf_of(client)}
    answer = client.post("/login", data=form, base_url=BASE_URL)
    return answer.status_code, re.sub(r'(value|content)="[^"]*"', "", answer.text)


def test_a_page_of_the_doctor_leads_a_stranger_to_sign_in(world: World) -> None:
    answer = world.browser().get("/medic/", base_url=BASE_URL)
    assert (answer.status_code, answer.location) == (302, "/login")


def test_a_callback_of_a_stranger_is_401_and_not_html(world: World) -> None:
    answer = world.browser().get("/medic/_dash-layout", base_url=BASE_URL)
    assert (answer.status_code, answer.json) == (401, {"reason": "signed_out"})


def test_unknown_email_and_wrong_password_get_the_same_answer(world: World) -> None:
    world.doctor()
    assert post_login(world, "ana@localhost", "wrong-wrong-wrong") == post_login(world, "nobody@localhost", PASSWORD)


def test_the_right_password_opens_the_page_and_signing_out_ends_the_session(world: World) -> None:
    client = world.signed_in()
    stolen = client.get_cookie("doctor", domain="127.0.0.1")
    token = client.get_cookie("_csrf_token", domain="127.0.0.1")
    assert stolen is not None
    assert token is not None
    assert client.post("/logout", headers={"X-CSRFToken": token.value}, base_url=BASE_URL).status_code == 303
    thief = world.browser()
    thief.set_cookie("doctor", stolen.value, domain="127.0.0.1")
    assert thief.get("/medic/", base_url=BASE_URL).status_code == 302


def test_sign_in_without_a_token_is_refused(world: World) -> None:
    world.doctor()
    form = {"email": "ana@localhost", "password": PASSWORD}
    assert world.browser().post("/login", data=form, base_url=BASE_URL).status_code == 400


def test_a_doctors_callback_without_a_token_is_refused(world: World) -> None:
    client = world.signed_in()
    assert client.post("/medic/_dash-update-component", json={}, base_url=BASE_URL).status_code == 400


def test_too_many_wrong_passwords_answer_429_even_for_the_right_one(world: World) -> None:
    world.doctor()
    answers = [post_login(world, "ana@localhost", "wrong-wrong-wrong")[0] for _ in range(9)]
    assert answers == [401] * 5 + [429] * 4
    assert post_login(world, "ana@localhost", PASSWORD)[0] == 429


def test_an_unknown_account_is_limited_like_a_known_one(world: World) -> None:
    answers = [post_login(world, "nobody@localhost", "wrong-wrong-wrong")[0] for _ in range(9)]
    assert answers == [401] * 5 + [429] * 4


def test_a_cookie_that_a_version_before_signed_is_taken_and_signed_anew(world: World) -> None:
    client = world.signed_in()
    kept = client.get_cookie("doctor", domain="127.0.0.1")
    assert kept is not None
    own = world.app.session_interface.get_signing_serializer(world.app)  # type: ignore[attr-defined]
    before = SecureCookieSessionInterface().get_signing_serializer(world.app)
    assert before is not None
    old = world.browser()
    old.set_cookie("doctor", before.dumps(own.loads(kept.value)), domain="127.0.0.1")
    assert old.get("/medic/", base_url=BASE_URL).status_code == 200
    now = old.get_cookie("doctor", domain="127.0.0.1")
    assert now is not None
    assert own.loads(now.value)["_user_id"] == own.loads(kept.value)["_user_id"]
