"""The public page: the same answer for whatever is unknown, nothing about the person, ten tries a minute."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from oximetry.domain.review_records import Profile
from tests.web.conftest import BASE_URL, World

HEADERS = {"Origin": BASE_URL}


def signed(world: World) -> tuple[str, str]:
    """A signed report's code and patient."""
    patient_id, _ = world.stored_night()
    doctor, review = world.doctor(), world.services.review
    review.set_profile(Profile(doctor.id, signer_name="Dr. Ana", clinic_name="Cabinet"))
    night_id = review.waiting(doctor.id)[0]
    draft = review.draft(doctor.id, night_id)
    version = review.save_draft(doctor.id, night_id, "text", "", 0)
    report = review.sign(doctor, night_id, version=version, seen=draft.numbers_sha256)
    return world.services.vault.open(report.code_sealed or b""), patient_id


def ask(world: World, code: object, **more: object) -> Any:
    return world.browser().post("/verificare", json={"code": code, **more}, headers=HEADERS, base_url=BASE_URL)


def test_a_signed_report_is_known_and_nothing_else_is_said(world: World) -> None:
    code, patient_id = signed(world)
    said = ask(world, code).get_json()
    assert said["verdict"] == "current"
    assert "2026" in said["details"] or "nr." in said["details"]
    assert patient_id not in str(said)
    assert "pacient" not in str(said).lower().replace("raport", "")
    assert ask(world, code, sha256="0" * 64).get_json()["file"] == ""  # no file is bound yet


def test_the_file_itself_is_recognised_and_a_changed_one_is_not(world: World) -> None:
    code, patient_id = signed(world)
    world.work()
    review, doctor = world.services.review, world.doctor()
    [report] = [one for one in review.states(doctor.id, _nights(world)).values() if one.file_key]
    assert report.file_key is not None
    pdf = world.services.store.get(report.file_key)
    assert report.file_key.startswith(f"{patient_id}/reports/raport-")
    assert pdf.startswith(b"%PDF-1.7")
    said = ask(world, code, sha256=hashlib.sha256(pdf).hexdigest()).get_json()
    assert said["file"] == "Fișierul este identic cu cel semnat."
    said = ask(world, code, sha256=hashlib.sha256(pdf + b" ").hexdigest()).get_json()
    assert said["file"] == "Fișierul diferă de cel semnat."


def _nights(world: World) -> list[str]:
    with world.services.catalogue.read() as transaction:
        return [night.id for night in transaction.nights.of_doctor(world.doctor().id)]


def test_the_patient_fetches_a_report_only_when_it_is_released(world: World) -> None:
    _, patient_id = signed(world)
    world.work()
    review, doctor = world.services.review, world.doctor()
    [night_id] = _nights(world)
    path = f"/patient/{review.state(doctor.id, night_id).file_key}"
    url = world.services.links.card(doctor.id, patient_id).url
    patient = world.opened(str(url).partition("#")[2])
    assert patient.get(path, base_url=BASE_URL).status_code == 404
    review.release(doctor, night_id)
    answer = patient.get(path, base_url=BASE_URL)
    assert answer.status_code == 302
    with patient.get(answer.headers["Location"], base_url=BASE_URL) as file:
        assert file.data.startswith(b"%PDF")
        assert "raport-" in file.headers["Content-Disposition"]
    review.withdraw(doctor, night_id, "greșit")
    assert patient.get(path, base_url=BASE_URL).status_code == 404


@pytest.mark.parametrize("code", ["AAAA-BBBB-CCCC", "", None, 7, ["x"], "x" * 9000, "\x00"])
def test_whatever_is_unknown_gets_one_answer(world: World, code: object) -> None:
    answer = ask(world, code)
    assert answer.status_code == 200
    said = answer.get_json()
    assert (said["verdict"], said["details"], said["file"]) == ("unknown", "", "")


def test_the_page_is_not_indexed_or_kept_and_holds_no_code(world: World) -> None:
    page = world.browser().get("/verificare", base_url=BASE_URL)
    assert page.status_code == 200
    assert page.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert page.headers["Cache-Control"] == "no-store"
    assert "Verificarea unui raport" in page.text
    assert "<script>" not in page.text


def test_the_script_is_our_own(world: World) -> None:
    with world.browser().get("/patient/assets/verify.js", base_url=BASE_URL) as script:
        assert script.status_code == 200
        assert "subtle.digest" in script.text


def test_another_site_cannot_ask(world: World) -> None:
    posted = world.browser().post(
        "/verificare", json={"code": "x"}, headers={"Origin": "https://evil.example"}, base_url=BASE_URL
    )
    assert posted.status_code == 403


def test_the_eleventh_try_of_a_minute_waits(world: World) -> None:
    answers = [ask(world, "AAAA-BBBB-CCCC") for _ in range(11)]
    assert [answer.status_code for answer in answers] == [200] * 10 + [429]
    assert answers[-1].headers["Retry-After"] == "60"
