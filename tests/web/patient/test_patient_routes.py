"""The patient's way in and to files: one answer for everything that is not theirs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient

from oximetry.domain.errors import CatalogueUnavailable
from oximetry.domain.review_records import Profile
from oximetry.samples.samples import samples
from tests.web.conftest import BASE_URL, World

ORIGIN = {"Origin": BASE_URL}


def csv_path(world: World, patient_id: str, email: str = "ana@localhost") -> str:
    doctor = world.doctor(email)
    (card,) = world.services.nights.shown(doctor.id, patient_id, "ro")
    assert card.csv is not None
    return f"/patient/{card.csv.key}"


def get(client: FlaskClient, path: str) -> tuple[int, str]:
    answer = client.get(path, base_url=BASE_URL)
    return answer.status_code, answer.text


def test_a_secret_becomes_a_cookie_that_names_the_link(world: World) -> None:
    patient_id, secret = world.stored_night()
    client = world.browser()
    answer = client.post("/patient/session", json={"secret": secret}, headers=ORIGIN, base_url=BASE_URL)
    assert answer.json == {"patient_id": patient_id, "preview": False}
    (cookie,) = answer.headers.getlist("Set-Cookie")
    assert cookie.startswith("patient-session=")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/" in cookie
    assert secret not in cookie


@pytest.mark.parametrize("secret", ["", "x", "A" * 43, "../../etc", "é" * 43, "A" * 100_000])
def test_unknown_malformed_and_revoked_secrets_get_the_same_answer(world: World, secret: str) -> None:
    patient_id, revoked = world.stored_night()
    world.services.links.revoke(world.doctor().id, patient_id)
    answers = {
        (answer.status_code, answer.text)
        for said in (secret, revoked)
        for answer in [
            world.browser().post("/patient/session", json={"secret": said}, headers=ORIGIN, base_url=BASE_URL)
        ]
    }
    assert len(answers) == 1
    assert answers.pop()[0] == 404


@pytest.mark.parametrize("headers", [{}, {"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}])
def test_the_exchange_needs_our_own_origin(world: World, headers: dict[str, str]) -> None:
    _, secret = world.stored_night()
    answer = world.browser().post("/patient/session", json={"secret": secret}, headers=headers, base_url=BASE_URL)
    assert answer.status_code == 403


def test_a_file_is_a_redirect_to_a_signed_url_that_gives_the_bytes(world: World) -> None:
    patient_id, secret = world.stored_night()
    client = world.opened(secret)
    answer = client.get(csv_path(world, patient_id), base_url=BASE_URL)
    assert (answer.status_code, answer.text) == (302, "")
    target = urlsplit(answer.location)
    file = world.browser().get(f"{target.path}?{target.query}", base_url=BASE_URL)
    assert file.data == next(iter(samples())).content
    assert file.headers["Content-Type"].startswith("text/csv")
    assert file.headers["Content-Disposition"].startswith("attachment")


def test_an_altered_signed_url_is_403(world: World) -> None:
    patient_id, secret = world.stored_night()
    target = urlsplit(world.opened(secret).get(csv_path(world, patient_id), base_url=BASE_URL).location)
    altered = f"{target.path}x?{target.query}"
    assert world.browser().get(altered, base_url=BASE_URL).status_code == 403


def test_everything_that_is_not_theirs_is_the_same_404(world: World) -> None:
    mine, my_secret = world.stored_night("ana@localhost")
    other, other_secret = world.stored_night("dan@localhost", which=1)
    client = world.opened(my_secret)
    path = csv_path(world, mine)
    other_path = csv_path(world, other, "dan@localhost")
    name = path.rpartition("/")[2]
    asked: list[tuple[FlaskClient, str]] = [
        (client, other_path),
        (world.browser(), path),
        (client, f"/patient/{mine}/csvs/no-such-file.csv"),
        (client, f"/patient/{mine}/pdfs/{name}"),
        (client, f"/patient/{mine}/csvs/..%2f..%2f{name}"),
        (client, f"/patient/{mine}/csvs/..%252f{name}"),
        (client, f"/patient/{mine}/csvs/%2e%2e"),
        (client, f"/patient/{other}/csvs/{name}"),
        (world.signed_in("dan@localhost"), path),
    ]
    answers = {get(browser, what) for browser, what in asked}
    assert len(answers) == 1
    assert answers.pop()[0] == 404
    assert get(world.opened(other_secret), other_path)[0] == 302


def test_a_revoked_link_stops_at_the_next_request(world: World) -> None:
    patient_id, secret = world.stored_night()
    client = world.opened(secret)
    path = csv_path(world, patient_id)
    assert get(client, path)[0] == 302
    world.services.links.revoke(world.doctor().id, patient_id)
    assert get(client, path)[0] == 404


def test_a_removed_night_stops_at_the_next_request(world: World) -> None:
    patient_id, secret = world.stored_night()
    client = world.opened(secret)
    path = csv_path(world, patient_id)
    doctor = world.doctor()
    (card,) = world.services.nights.shown(doctor.id, patient_id, "ro")
    world.services.nights.remove(doctor.id, card.night.id)
    assert get(client, path)[0] == 404


def test_the_owning_doctor_needs_no_link(world: World) -> None:
    patient_id, _ = world.stored_night()
    assert get(world.signed_in(), csv_path(world, patient_id))[0] == 302


def test_the_doctors_preview_is_marked_and_not_counted(world: World) -> None:
    patient_id, secret = world.stored_night()
    client = world.signed_in()
    answer = client.post("/patient/session", json={"secret": secret}, headers=ORIGIN, base_url=BASE_URL)
    assert answer.json == {"patient_id": patient_id, "preview": True}
    link = world.services.links.card(world.doctor().id, patient_id).link
    assert link is not None
    assert link.opened_count == 0


def test_a_forged_cookie_opens_nothing(world: World) -> None:
    patient_id, _ = world.stored_night()
    client = world.browser()
    client.set_cookie("patient", "eyJhIjoxfQ.forged", domain="127.0.0.1", path="/patient/")
    assert get(client, csv_path(world, patient_id))[0] == 404


def dash_call(client: FlaskClient, patient_id: str) -> tuple[int, str]:
    body = {
        "output": "nights.children",
        "outputs": {"id": "nights", "property": "children"},
        "inputs": [{"id": "patient-id", "property": "data", "value": patient_id}],
        "changedPropIds": ["patient-id.data"],
    }
    answer = client.post("/patient/_dash-update-component", json=body, headers=ORIGIN, base_url=BASE_URL)
    return answer.status_code, answer.text


def test_two_tabs_never_mix_two_patients(world: World) -> None:
    first, first_secret = world.stored_night("ana@localhost")
    second, second_secret = world.stored_night("ana@localhost", which=1)
    client = world.opened(first_secret)
    assert dash_call(client, first)[0] == 200
    client.post("/patient/session", json={"secret": second_secret}, headers=ORIGIN, base_url=BASE_URL)
    assert dash_call(client, first)[0] == 404
    assert dash_call(client, second)[0] == 200


def test_a_patients_browser_cannot_reach_the_doctors_callbacks(world: World) -> None:
    _, secret = world.stored_night()
    client = world.opened(secret)
    assert client.post("/medic/_dash-update-component", json={}, base_url=BASE_URL).status_code == 401


def test_links_are_built_on_the_public_url(make_world: Callable[..., World]) -> None:
    world = make_world(public_url="https://clinic.example/")
    card = world.services.links.create(world.doctor().id)
    assert card.url is not None
    assert card.url.startswith("https://clinic.example/patient/#")


def test_coming_back_to_the_tab_is_not_another_visit(world: World) -> None:
    patient_id, secret = world.stored_night()
    client = world.opened(secret)
    for _ in range(3):
        client.post("/patient/session", json={"secret": secret}, headers=ORIGIN, base_url=BASE_URL)
    link = world.services.links.card(world.doctor().id, patient_id).link
    assert link is not None
    assert link.opened_count == 1


def test_a_database_that_is_away_is_503_and_never_a_dead_link(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    _, secret = world.stored_night()

    def away(*_: object) -> None:
        raise CatalogueUnavailable

    monkeypatch.setattr(world.services.links, "open", lambda *_, **__: away())
    answer = world.browser().post("/patient/session", json={"secret": secret}, headers=ORIGIN, base_url=BASE_URL)
    assert answer.status_code == 503


MALFORMED = [
    "{}",
    "[]",
    "null",
    "1",
    "[" * 100_000,
    '{"output": "no-such.children", "inputs": []}',
    '{"output": "nights.children", "inputs": 5}',
    '{"output": "nights.children", "inputs": [5], "changedPropIds": []}',
    '{"output": "nights.children", "inputs": [{"id": "other", "property": "data"}], "changedPropIds": []}',
    '{"output": "nights.children", "inputs": [{"id": "patient-id", "property": "data"}], "changedPropIds": [1]}',
    "\u20ac",
]


@pytest.mark.parametrize("body", MALFORMED, ids=range(len(MALFORMED)))
@pytest.mark.parametrize("path", ["/patient/_dash-update-component", "/patient/session"])
def test_a_malformed_body_is_refused_and_no_defect(world: World, path: str, body: str) -> None:
    for content_type in ("application/json", "application/json; charset=utf-16", "text/plain"):
        answer = world.browser().post(
            path, data=body.encode(), content_type=content_type, headers=ORIGIN, base_url=BASE_URL
        )
        assert answer.status_code in (400, 404)


@pytest.mark.parametrize("value", [5, [], {}, "x", None, True, "00000000-0000-4000-8000-000000000000"])
def test_a_forged_patient_id_shows_nothing(world: World, value: object) -> None:
    _, secret = world.stored_night()
    assert dash_call(world.opened(secret), value)[0] in (204, 404)  # type: ignore[arg-type]


def test_signed_words_stand_beside_no_numbers_but_their_own(world: World) -> None:
    patient_id, secret = world.stored_night()
    doctor, review = world.doctor(), world.services.review
    ((card),) = world.services.nights.shown(doctor.id, patient_id, "ro")
    review.set_profile(Profile(doctor.id, signer_name="Dr. Ana Exemplu"))
    seen = review.draft(doctor.id, card.night.id).numbers_sha256
    version = review.save_draft(doctor.id, card.night.id, "Pentru raport.", "Cuvinte pentru pacient.", 0, seen=seen)
    review.sign(doctor, card.night.id, version=version, seen=seen)
    client = world.opened(secret)
    assert "Cuvinte pentru pacient" not in dash_call(client, patient_id)[1]  # signed, not released
    review.release(doctor, card.night.id)
    assert "Cuvinte pentru pacient" in dash_call(client, patient_id)[1]
    begin = card.night.started_at + timedelta(minutes=5)
    world.services.exclusions.exclude(doctor.id, card.night.id, (begin, begin + timedelta(minutes=30)), "senzor")
    page = dash_call(client, patient_id)[1]
    assert "Cuvinte pentru pacient" not in page
    assert "s-au schimbat" in page
