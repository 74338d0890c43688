"""Who looked: every page, download, opening and refusal leaves a line, and what cannot be written is not shown."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest

from oximetry.domain.errors import CatalogueUnavailable
from oximetry.web.audit_trail import LOOKS
from oximetry.web.i18n import words
from tests.web.conftest import BASE_URL, World


def acts(world: World, subject_id: str) -> list[tuple[str, str]]:
    with world.services.catalogue.read() as transaction:
        return [(str(one["actor_kind"]), str(one["act"])) for one in transaction.audit.about([subject_id])]


def test_what_a_doctor_looks_at_is_written_down(world: World) -> None:
    patient_id, _secret = world.stored_night()
    client = world.signed_in()
    page = client.get(f"/medic/patients/{patient_id}", base_url=BASE_URL).text
    night_id = re.findall(r"/medic/nights/([0-9a-f-]{36})", page)[0]
    csv = re.findall(rf"/patient/{patient_id}/csvs/[^\"]+", page)[0]
    client.get(f"/medic/nights/{night_id}", base_url=BASE_URL)
    client.get(csv, base_url=BASE_URL)
    client.get(f"/medic/patients/{patient_id}/slip", base_url=BASE_URL)
    client.get(f"/medic/patients/{patient_id}/export", base_url=BASE_URL).close()
    seen = [act for act in acts(world, patient_id) if act[1] != "patient_created"]
    assert seen == [("doctor", act) for act in ("patient_viewed", "file_taken", "slip_printed", "patient_exported")]
    assert ("doctor", "night_viewed") in acts(world, night_id)
    doctor_id = world.doctor().id
    assert {("doctor", "signed_in"), ("doctor", "worklist_viewed")} <= set(acts(world, doctor_id))


def test_what_a_patient_opens_is_written_down_under_the_link(world: World) -> None:
    patient_id, secret = world.stored_night()
    doctor = world.signed_in()
    csv = re.findall(
        rf"/patient/{patient_id}/csvs/[^\"]+", doctor.get(f"/medic/patients/{patient_id}", base_url=BASE_URL).text
    )[0]
    world.opened(secret).get(csv, base_url=BASE_URL)
    assert acts(world, patient_id)[-2:] == [("patient", "link_opened"), ("patient", "file_taken")]


def test_a_refusal_is_written_down_under_the_doctor_who_asked(world: World) -> None:
    patient_id, _secret = world.stored_night()
    other = world.signed_in("bogdan@localhost")
    assert other.get(f"/medic/patients/{patient_id}", base_url=BASE_URL).status_code == 404
    with world.services.catalogue.read() as transaction:
        last = transaction.audit.about([patient_id])[-1]
    assert (last["act"], last["doctor_id"]) == ("refused", world.doctor("bogdan@localhost").id)
    assert last["details"] == {"route": "patient_page_patient"}


def test_a_wrong_password_is_written_down(world: World) -> None:
    doctor = world.doctor()
    client = world.browser()
    token = re.findall(r'name="csrf_token" value="([^"]+)"', client.get("/login", base_url=BASE_URL).text)[0]
    form = {"email": doctor.email, "password": "nu este aceasta", "csrf_token": token}
    assert client.post("/login", data=form, base_url=BASE_URL).status_code == 401
    assert ("anybody", "sign_in_refused") in acts(world, doctor.id)


def test_the_history_of_a_patient_is_told_in_words(world: World) -> None:
    patient_id, secret = world.stored_night()
    world.opened(secret)
    client = world.signed_in()
    client.get(f"/medic/patients/{patient_id}", base_url=BASE_URL)
    text = client.get(f"/medic/patients/{patient_id}/history", base_url=BASE_URL).text
    for told in ("Pacient creat", "Link deschis de pacient", "Pagina pacientului văzută", "ana@localhost"):
        assert told in text
    assert "act." not in text
    stranger = world.signed_in("bogdan@localhost")
    assert stranger.get(f"/medic/patients/{patient_id}/history", base_url=BASE_URL).status_code == 404


def test_what_cannot_be_written_down_is_not_shown(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    patient_id, _secret = world.stored_night()
    client = world.signed_in()

    def silent(*_args: object, **_details: object) -> None:
        raise CatalogueUnavailable("database_read_only")

    monkeypatch.setattr(world.services.audit, "note", silent)
    answer = client.get(f"/medic/patients/{patient_id}", base_url=BASE_URL)
    assert answer.status_code == 503
    assert patient_id not in answer.text
    assert "Content-Security-Policy" in answer.headers


def test_every_route_that_is_watched_exists(world: World) -> None:
    assert set(LOOKS) <= {rule.endpoint for rule in world.app.url_map.iter_rules()}


def test_every_act_has_words(world: World) -> None:
    _patient_id, secret = world.stored_night()
    world.opened(secret)
    world.signed_in().get(f"/medic/patients/{uuid4()}", base_url=BASE_URL)
    with world.services.catalogue.read() as transaction:
        seen = {event.act for event in transaction.audit.events()}
    assert len(seen) > 5
    for act in seen | {look.act for look in LOOKS.values()}:
        assert words("ro")(f"act.{act}") != f"act.{act}"
