"""Links of the application before this one: they open until the doctor says no, and a preview consumes nothing."""

from __future__ import annotations

from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from oximetry.adapters.catalogue.catalogue import utc_now
from oximetry.domain.errors import NotFound
from oximetry.services.links import old_token_sha256
from tests.web.conftest import BASE_URL, World, posted

ORIGIN = {"Origin": BASE_URL}


def with_old_link(world: World) -> tuple[str, str, str]:
    """A patient with a night, its present secret, and a token of the application before this one."""
    patient_id, secret = world.stored_night()
    token = str(uuid4())
    with world.services.catalogue.write() as transaction:
        transaction.old_links.add(old_token_sha256(token), patient_id, utc_now(), None)
    return patient_id, secret, token


def post(client: FlaskClient, token: str, headers: dict[str, str] = ORIGIN) -> TestResponse:
    return client.post("/patient/old-link", data={"token": token}, headers=headers, base_url=BASE_URL)


def openings(world: World, patient_id: str) -> list[int]:
    return [link.opened_count for link in world.services.links.card(world.doctor().id, patient_id).old_links]


@pytest.mark.parametrize("spelt", [str, str.upper])
def test_the_button_leads_to_the_present_link_which_opens_the_nights(world: World, spelt: type[str]) -> None:
    patient_id, secret, token = with_old_link(world)
    answer = post(world.browser(), spelt(token))
    assert (answer.status_code, answer.text) == (303, "")
    assert answer.location == f"{BASE_URL}/patient/#{secret}"
    assert (answer.headers["Cache-Control"], answer.headers["Referrer-Policy"]) == ("no-store", "no-referrer")
    assert world.opened(secret)
    assert openings(world, patient_id) == [1]


def test_a_preview_changes_nothing_and_learns_nothing(world: World) -> None:
    patient_id, secret, token = with_old_link(world)
    pages = set()
    for asked in (token, str(uuid4()), "", "x", '"><script>'):
        client = world.browser()
        answer = client.get("/", query_string={"token": asked}, base_url=BASE_URL)
        assert (answer.status_code, answer.headers.getlist("Set-Cookie")) == (200, [])
        assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "<script>" not in answer.text
        pages.add(answer.text.replace(f'value="{asked}"', "value").replace('value="&#34;&gt;&lt;script&gt;"', "value"))
    assert len(pages) == 1
    assert secret not in pages.pop()
    assert openings(world, patient_id) == [0]


def test_unknown_malformed_and_retired_tokens_and_stopped_patients_get_the_same_answer(world: World) -> None:
    links = world.services.links
    retired_of, _, retired = with_old_link(world)
    links.retire_old(world.doctor().id, retired_of)
    answers = [post(world.browser(), said) for said in (str(uuid4()), "", "x" * 5000, "é", retired)]
    revoked = str(uuid4())
    with world.services.catalogue.write() as transaction:
        transaction.old_links.add(old_token_sha256(revoked), retired_of, utc_now(), None)
        transaction.patients.revoke_links(retired_of, utc_now())
    answers.append(post(world.browser(), revoked))
    assert {(answer.status_code, answer.text) for answer in answers} == {(404, answers[0].text)}
    assert {tuple(answer.headers.getlist("Set-Cookie")) for answer in answers} == {()}
    assert retired not in answers[0].text


@pytest.mark.parametrize("headers", [{}, {"Origin": "null"}, {"Origin": "https://evil.example"}])
def test_the_exchange_needs_our_own_page(world: World, headers: dict[str, str]) -> None:
    patient_id, _, token = with_old_link(world)
    assert post(world.browser(), token, headers).status_code == 403
    assert openings(world, patient_id) == [0]


@pytest.mark.parametrize("act", ["rotate", "revoke"])
def test_a_new_link_and_no_link_end_the_old_one_too(world: World, act: str) -> None:
    patient_id, _, token = with_old_link(world)
    getattr(world.services.links, act)(world.doctor().id, patient_id)
    assert post(world.browser(), token).status_code == 404
    world.services.links.rotate(world.doctor().id, patient_id)
    assert post(world.browser(), token).status_code == 404


def test_without_a_token_it_is_the_doctors_way_in(world: World) -> None:
    assert world.browser().get("/", base_url=BASE_URL).location == "/medic/"
    assert world.browser().get("/patient/old-link", base_url=BASE_URL).status_code == 404


def test_the_page_speaks_both_languages(world: World) -> None:
    client = world.browser()
    assert "Deschide pagina mea" in client.get("/?token=x", base_url=BASE_URL).text
    client.set_cookie("language", "en", domain="127.0.0.1")
    assert "Open my page" in client.get("/?token=x", base_url=BASE_URL).text


def test_the_doctor_sees_that_an_old_link_lives_and_stops_it(world: World) -> None:
    patient_id, _, token = with_old_link(world)
    client = world.signed_in()
    place = f"/medic/patients/{patient_id}"
    assert "Un link din aplicația veche" in client.get(place, base_url=BASE_URL).text
    assert post(world.browser(), token).status_code == 303
    assert posted(client, f"{place}/retire-old").status_code == 303
    assert "Un link din aplicația veche" not in client.get(place, base_url=BASE_URL).text
    assert post(world.browser(), token).status_code == 404
    with world.services.catalogue.read() as transaction:
        assert "old_link_retired" in transaction.audit.acts(patient_id)


def test_another_doctor_cannot_stop_it(world: World) -> None:
    patient_id, _, token = with_old_link(world)
    with pytest.raises(NotFound):
        world.services.links.retire_old(world.doctor("ion@localhost").id, patient_id)
    assert post(world.browser(), token).status_code == 303
