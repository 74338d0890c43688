"""The doctor's pages as a browser asks for them: who may, what stands on them, and what each form does."""

from __future__ import annotations

import io
import re
import zipfile

import pytest
from flask.testing import FlaskClient
from PIL import Image

from oximetry.domain.errors import InvalidRequest, LinkRefused
from oximetry.domain.listing import Headline
from tests.web.conftest import BASE_URL, PASSWORD, World, posted

ABSENT = "00000000-0000-4000-8000-000000000000"
PLACES = (
    "/medic/",
    "/medic/patients",
    "/medic/settings",
    "/medic/?state=all&q=x&month=2026-13&device=%00&page=9&sort=odi",
)


def night_of(world: World) -> tuple[str, str]:
    """A stored night and its patient."""
    patient_id, _ = world.stored_night()
    ((card),) = world.services.nights.shown(world.doctor().id, patient_id, "ro")
    return card.night.id, patient_id


def text(client: FlaskClient, path: str, status: int = 200) -> str:
    answer = client.get(path, base_url=BASE_URL)
    assert answer.status_code == status, path
    return answer.text


@pytest.mark.parametrize("path", PLACES)
@pytest.mark.parametrize("language", ["ro", "en"])
def test_a_list_opens_in_both_languages(world: World, path: str, language: str) -> None:
    client = world.signed_in()
    client.set_cookie("language", language, domain="127.0.0.1")
    assert f'<html lang="{language}">' in text(client, path)


@pytest.mark.parametrize("path", [*PLACES, "/medic/intake", f"/medic/nights/{ABSENT}", f"/medic/patients/{ABSENT}"])
def test_whoever_is_not_signed_in_is_led_to_the_door(world: World, path: str) -> None:
    answer = world.browser().get(path, base_url=BASE_URL)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/login")


@pytest.mark.parametrize(
    "path",
    [
        "/medic/nights/{night}",
        "/medic/nights/{night}/draft.html",
        "/medic/nights/{night}/effect?from=2025-10-15T23:00&to=2025-10-15T23:30",
        "/medic/nights/{night}/proposal?language=ro",
        "/medic/patients/{patient}",
        "/medic/patients/{patient}/slip",
        "/medic/patients/{patient}/export",
        "/medic/intake/{session}",
        "/medic/intake/{session}/links",
        "/medic/intake/{session}/links/slips",
    ],
)
def test_another_doctor_finds_nothing(world: World, path: str) -> None:
    night_id, patient_id = night_of(world)
    session = world.services.uploads.open_session(world.doctor())
    place = path.format(night=night_id, patient=patient_id, session=session.id)
    assert world.signed_in("ion@localhost").get(place, base_url=BASE_URL).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/medic/nights/{night}/reviewed",
        "/medic/nights/{night}/excluded",
        "/medic/nights/{night}/notes",
        "/medic/nights/{night}/move",
        "/medic/nights/{night}/remove",
        "/medic/nights/{night}/release",
        "/medic/nights/{night}/withdraw",
        "/medic/patients/{patient}/label",
        "/medic/patients/{patient}/rotate-link",
        "/medic/patients/{patient}/revoke-link",
        "/medic/patients/{patient}/lend",
        "/medic/patients/{patient}/notes",
        "/medic/patients/{patient}/merge",
        "/medic/patients/{patient}/erase",
    ],
)
def test_another_doctor_changes_nothing(world: World, path: str) -> None:
    night_id, patient_id = night_of(world)
    client = world.signed_in("ion@localhost")
    mine = world.services.links.create(world.doctor("ion@localhost").id).patient.id
    form = {"reviewed": "1", "into": mine, "reason": "x", "label": "x", "notes": "x", "device": "4102"}
    form |= {"typed": "1", "from": "2025-10-15T23:00", "to": "2025-10-15T23:30"}
    answer = posted(client, path.format(night=night_id, patient=patient_id), **form)
    assert answer.status_code == 404


@pytest.mark.parametrize("path", ["/medic/patients/{patient}/revoke-link", "/medic/nights/{night}/remove"])
def test_a_form_without_its_token_does_nothing(world: World, path: str) -> None:
    night_id, patient_id = night_of(world)
    client = world.signed_in()
    answer = client.post(path.format(night=night_id, patient=patient_id), data={}, base_url=BASE_URL)
    assert answer.status_code == 400
    assert world.services.links.card(world.doctor().id, patient_id).link is not None


def test_a_night_is_ticked_off_the_list_and_the_list_says_so(world: World) -> None:
    night_id, _ = night_of(world)
    client = world.signed_in()
    assert f"/medic/nights/{night_id}" in text(client, "/medic/")
    answer = posted(client, f"/medic/nights/{night_id}/reviewed", reviewed="1", back="/medic/?state=waiting")
    assert answer.headers["Location"] == "/medic/?state=waiting"
    page = text(client, "/medic/")
    assert "Noaptea este revăzută." in page
    assert f"/medic/nights/{night_id}" not in page
    assert f"/medic/nights/{night_id}" in text(client, "/medic/?state=reviewed")


@pytest.mark.parametrize(
    "back", ["https://evil.example/", "//evil.example", "/patient/", "javascript:1", "/medic/\\evil"]
)
def test_a_form_leads_nowhere_else(world: World, back: str) -> None:
    night_id, _ = night_of(world)
    answer = posted(world.signed_in(), f"/medic/nights/{night_id}/reviewed", reviewed="1", back=back)
    assert answer.headers["Location"] == "/medic/"


def test_the_list_shows_the_headline_that_the_clinic_chose(world: World) -> None:
    night_id, _ = night_of(world)
    client, doctor = world.signed_in(), world.doctor()
    numbers = world.services.nights.card(doctor.id, night_id, "ro").night.numbers
    for headline, value in ((Headline.ODI4_MEAN120, numbers.odi4_mean120_per_h), (Headline.ODI3, numbers.odi3_per_h)):
        posted(client, "/medic/settings/headline", headline=headline.value)
        shown = f"{value:.1f}".replace(".", ",")
        assert f'<span class="big">{shown}</span>' in text(client, "/medic/?state=all")
        assert f"<dd>{shown}" in text(client, f"/medic/nights/{night_id}")


def test_a_label_that_looks_like_a_name_is_asked_about_where_it_was_typed(world: World) -> None:
    _, patient_id = night_of(world)
    client, links = world.signed_in(), world.services.links
    answer = posted(client, f"/medic/patients/{patient_id}/label", label="Ion Popescu")
    assert answer.status_code == 409
    assert 'value="Ion Popescu"' in answer.text
    assert "Pare un nume de om" in answer.text
    assert links.card(world.doctor().id, patient_id).patient.label is None
    posted(client, f"/medic/patients/{patient_id}/label", label="Ion Popescu", acknowledged="1")
    assert links.card(world.doctor().id, patient_id).patient.label == "Ion Popescu"


@pytest.mark.parametrize("label", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "＠" * 80])
def test_hostile_and_wide_labels_stay_text(world: World, label: str) -> None:
    _, patient_id = night_of(world)
    client = world.signed_in()
    posted(client, f"/medic/patients/{patient_id}/label", label=label, acknowledged="1")
    for place in ("/medic/", "/medic/patients", f"/medic/patients/{patient_id}", f"/medic/patients/{patient_id}/slip"):
        page = text(client, place)
        assert "<script>alert" not in page
        assert "<img src=x" not in page


def test_a_link_is_replaced_and_stopped(world: World) -> None:
    _, patient_id = night_of(world)
    client, links = world.signed_in(), world.services.links
    first = links.card(world.doctor().id, patient_id).url
    assert first is not None
    assert first in text(client, f"/medic/patients/{patient_id}")
    posted(client, f"/medic/patients/{patient_id}/rotate-link")
    second = links.card(world.doctor().id, patient_id).url
    assert second not in (None, first)
    posted(client, f"/medic/patients/{patient_id}/revoke-link")
    assert links.card(world.doctor().id, patient_id).url is None
    assert "Niciun link activ" in text(client, f"/medic/patients/{patient_id}")


def test_a_patient_is_erased_only_by_typing_the_number(world: World) -> None:
    patient_id, secret = world.stored_night()
    client = world.signed_in()
    number = world.services.links.card(world.doctor().id, patient_id).patient.number
    path = f"/medic/patients/{patient_id}"
    assert f"Scrieți numărul pacientului ({number})" in text(client, path)
    everything = client.get(f"{path}/export", base_url=BASE_URL, buffered=True).data
    with zipfile.ZipFile(io.BytesIO(everything)) as packed:
        assert {"patient.json", "nights.json", "audit.jsonl"} <= set(packed.namelist())
        assert any(name.startswith(f"files/{patient_id}/csvs/") for name in packed.namelist())
    assert posted(client, f"{path}/erase", typed=str(number + 1)).status_code == 303
    assert "Nu s-a șters nimic" in text(client, path)
    assert world.services.links.open(secret).patient_id == patient_id
    gone = posted(client, f"{path}/erase", typed=str(number))
    assert (gone.status_code, gone.headers["Location"]) == (303, "/medic/patients")
    assert f"Pacientul {number} a fost șters" in text(client, "/medic/patients")
    assert text(client, path, 404)
    with pytest.raises(LinkRefused):
        world.services.links.open(secret)
    world.work()
    assert list(world.services.store.list(f"{patient_id}/")) == []


def test_a_device_is_lent_and_comes_back(world: World) -> None:
    _, patient_id = night_of(world)
    client = world.signed_in()
    posted(client, f"/medic/patients/{patient_id}/lend", device="4102")
    assert "Aparatul 4102 s-a întors" in text(client, f"/medic/patients/{patient_id}")
    posted(client, f"/medic/patients/{patient_id}/returned", device="4102")
    assert "Aparatul 4102 s-a întors" not in text(client, f"/medic/patients/{patient_id}")
    posted(client, f"/medic/patients/{patient_id}/lend", device="<b>")
    assert "Seria aparatului are litere" in text(client, f"/medic/patients/{patient_id}")


def test_a_night_is_moved_removed_and_put_back(world: World) -> None:
    night_id, patient_id = night_of(world)
    client, doctor = world.signed_in(), world.doctor()
    other = world.services.links.create(doctor.id).patient.id
    posted(client, f"/medic/nights/{night_id}/move", into="nobody", back=f"/medic/patients/{patient_id}")
    assert 'class="inline bad"' in text(client, f"/medic/patients/{patient_id}")
    posted(client, f"/medic/nights/{night_id}/move", into=other)
    world.work()
    assert len(world.services.nights.shown(doctor.id, other, "ro")) == 1
    posted(client, f"/medic/nights/{night_id}/remove")
    assert text(client, f"/medic/nights/{night_id}", 404)
    posted(client, f"/medic/nights/{night_id}/restore")
    assert text(client, f"/medic/nights/{night_id}")


def test_a_link_is_handed_over_with_the_nights_that_it_opens(world: World) -> None:
    _, patient_id = night_of(world)
    client, doctor = world.signed_in(), world.doctor()
    with world.services.catalogue.read() as transaction:
        (session,) = transaction.uploads.recent_sessions(doctor.id, 1)
    place = f"/medic/intake/{session.id}/links"
    posted(client, "/medic/settings/clinic", name="Clinica Exemplu", phone="0200 000 000")
    page = text(client, place)
    url = world.services.links.card(doctor.id, patient_id).url
    assert url is not None
    assert url in page
    assert re.search(r"\d+/\d+ \w+\.", page)
    posted(client, f"{place}/{patient_id}/handed", means="paper")
    assert '<option value="paper" selected>' in text(client, place)
    assert posted(client, f"{place}/{patient_id}/handed", means="pigeon").status_code == 409
    slips = text(client, f"{place}/slips")
    assert url in slips
    assert "Clinica Exemplu" in slips
    assert "112" in slips


def test_settings_are_checked_and_kept(world: World) -> None:
    client = world.signed_in()
    posted(client, "/medic/settings/clinic", name="Clinica  Exemplu", phone="0200", address="Str. 1", hours="9-17")
    assert world.services.clinics.of(world.doctor().id).name == "Clinica Exemplu"
    posted(client, "/medic/settings/message", message_ro="Fără legătură", message_en="")
    assert "Mesajul trebuie să conțină {link}" in text(client, "/medic/settings")
    posted(client, "/medic/settings/nights", language="en", time_zone="Mars/Olympus", night_begins_h="12")
    assert "Fus orar necunoscut" in text(client, "/medic/settings")
    kept = world.services.clinics.of(world.doctor().id)
    assert (kept.language, kept.message_ro, kept.time_zone) == ("ro", "", "Europe/Bucharest")
    assert world.services.clinics.of(world.doctor("ion@localhost").id).name == ""


def test_a_refused_logo_leaves_the_old_one(world: World) -> None:
    client = world.signed_in()
    out = io.BytesIO()
    Image.new("RGB", (20, 10)).save(out, "PNG")
    posted(client, "/medic/settings/logo", logo=(io.BytesIO(out.getvalue()), "sigla.png"))
    first = client.get("/medic/settings/logo", base_url=BASE_URL)
    assert (first.status_code, first.mimetype) == (200, "image/png")
    posted(client, "/medic/settings/logo", logo=(io.BytesIO(b"no picture"), "text.png"))
    page = text(client, "/medic/settings")
    assert "nu este o imagine PNG, JPEG sau SVG. A rămas sigla veche." in page
    with pytest.raises(InvalidRequest, match="logo_too_large"):
        world.services.clinics.set_logo(world.doctor().id, b"x" * (1024 * 1024 + 1))
    assert client.get("/medic/settings/logo", base_url=BASE_URL).data == first.data


def test_the_whole_way_from_draft_to_the_patient(world: World) -> None:
    night_id, patient_id = night_of(world)
    client, doctor, review = world.signed_in(), world.doctor(), world.services.review
    place = f"/medic/nights/{night_id}"
    draft = review.draft(doctor.id, night_id)
    words = {"version": "0", "seen": draft.numbers_sha256, "language": "ro", "treatment": "CPAP"}
    words |= {"report": "ODI4 {odi4_mean120} pe oră. Recomand control.", "patient": "Vă așteptăm la control."}
    saved = posted(client, f"{place}/draft", **words).json
    assert saved["version"] == 1
    assert "{" not in saved["filled"]
    assert posted(client, f"{place}/draft", **words).status_code == 409  # another tab, one save behind
    odd = {**words, "version": "1", "report": "ODI {nothing}"}
    told = posted(client, f"{place}/draft", **odd).json
    assert (told["version"], told["filled"]) == (2, "")
    assert "nothing" in told["problem"]
    words["version"] = "2"
    assert posted(client, f"{place}/draft", **words).json["version"] == 3
    assert "CIORN" in text(client, f"{place}/draft.html")
    words["version"] = "3"
    posted(client, f"{place}/sign", **words, password="wrong-password-of-nobody")
    assert "Parola nu este cea bună" in text(client, place)
    posted(client, f"{place}/sign", **words, password=PASSWORD)
    assert "numele" in text(client, place)  # nobody signs without a name
    posted(client, "/medic/settings/signer", signer_name="Dr. Ana Exemplu", signer_title="pneumolog")
    words["version"] = str(review.draft(doctor.id, night_id).version)
    posted(client, f"{place}/sign", **words)
    assert review.signed(doctor.id, night_id) is not None
    assert f'href="{place}' not in text(client, "/medic/").replace(f'href="{place}?', "")
    assert place in text(client, "/medic/?state=signed")
    world.work()
    assert review.released_for_patient(patient_id) == []
    posted(client, f"{place}/release")
    (said,) = review.released_for_patient(patient_id)
    assert said.text_patient == "Vă așteptăm la control."
    posted(client, f"{place}/withdraw", reason="greșeală")
    assert review.released_for_patient(patient_id) == []


def test_the_page_of_a_night_survives_a_store_that_is_away(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from oximetry.domain.errors import StorageUnavailable

    night_id, _ = night_of(world)
    client = world.signed_in()

    def away(*_: object) -> None:
        raise StorageUnavailable

    monkeypatch.setattr(world.services.nights, "trace", away)
    page = text(client, f"/medic/nights/{night_id}")
    assert "Cifrele salvate rămân" in page
    assert "Încercați din nou" in page


def test_every_page_of_the_doctor_is_allowed_by_having_a_route(world: World) -> None:
    client = world.signed_in()
    for path in (
        "/medic/nothing",
        "/medic/nights/x",
        "/medic/patients/../x",
        "/medic//patients",
        "/medic/intake/x/links",
    ):
        assert client.get(path, base_url=BASE_URL).status_code == 404, path


def test_a_doctor_changes_the_password_beside_its_own_field(world: World) -> None:
    here, there = world.signed_in(), world.signed_in()
    wrong = {"old": "not it", "new": "o propoziție scurtă", "again": "o propoziție scurtă"}
    posted(here, "/medic/settings/password", **wrong)
    assert "Parola de acum nu este corectă" in text(here, "/medic/settings")
    posted(here, "/medic/settings/password", **{**wrong, "old": PASSWORD, "again": "altceva"})
    assert "nu este aceeași" in text(here, "/medic/settings")
    posted(here, "/medic/settings/password", **{**wrong, "old": PASSWORD})
    assert "Parola a fost schimbată" in text(here, "/medic/settings")
    assert there.get("/medic/", base_url=BASE_URL).status_code == 302
    assert posted(here, "/medic/settings/sessions").status_code == 303
    assert here.get("/medic/", base_url=BASE_URL).status_code == 200
