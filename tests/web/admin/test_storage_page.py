"""The administrator's storage page: who gets in, what it shows, and what its forms do."""

from __future__ import annotations

import io
import os
import re
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from oximetry.domain.records import Role
from oximetry.domain.sync.sync_records import FileFilter, FileState
from tests.web.conftest import BASE_URL, PASSWORD, World, csrf_of

ADMIN = "admin@localhost"
PDF = b"%PDF-1.4\n% made up\n"
SOME_ID = "00000000-0000-4000-8000-000000000000"
GETS = ("", f"/files/{SOME_ID}", "/plans/nightly-2026-01-01", "/plans/x/plan.jsonl")
POSTS = (
    "/init",
    "/files",
    f"/files/{SOME_ID}/delete",
    f"/files/{SOME_ID}/restore",
    f"/files/{SOME_ID}/assign",
    "/plans",
    "/plans/x/apply",
)


@dataclass
class Page:
    """A signed-in browser on the storage page."""

    world: World
    client: FlaskClient

    def get(self, path: str = "", status: int = 200) -> TestResponse:
        answer = self.client.get(f"/medic/storage{path}", base_url=BASE_URL)
        assert answer.status_code == status, answer.text
        return answer

    def post(self, path: str, status: int = 303, **form: object) -> TestResponse:
        data = {"csrf_token": self.token(), **form}
        answer = self.client.post(f"/medic/storage{path}", data=data, base_url=BASE_URL)
        answer.request.input_stream.close()  # the test client spools large bodies to a file of its own
        assert answer.status_code == status, answer.text
        return answer

    def token(self) -> str:
        cookie = self.client.get_cookie("_csrf_token", domain="127.0.0.1")
        assert cookie is not None
        return cookie.value

    def files(self, **wanted: object) -> list[str]:
        page = self.world.services.storage_admin.page(FileFilter(**wanted))  # type: ignore[arg-type]
        return [one.file.id for one in page.files]

    def acts(self, subject_id: str) -> list[str]:
        with self.world.services.catalogue.read() as transaction:
            return transaction.audit.acts(subject_id)


@pytest.fixture
def admin(world: World) -> Page:
    world.services.accounts.create(ADMIN, PASSWORD, Role.ADMINISTRATOR)
    return Page(world, world.signed_in(ADMIN))


@pytest.fixture
def patient_id(admin: Page) -> str:
    return admin.world.stored_night()[0]


def orphan(admin: Page, key: str, content: bytes) -> str:
    """An object that a plan found and applied, a day and a bit after it was written."""
    path = Path(admin.world.services.settings.storage_path) / key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    with admin.world.services.catalogue.write() as transaction:
        values = {"key": key, "content_type": "application/pdf", "size": len(content), "reference_id": ""}
        [file_id] = transaction.compared_files.adopt(
            [{**values, "etag": None}], admin.world.services.housekeeping._clock()
        ).values()
    return file_id


def test_an_administrator_gets_in_and_finds_the_way(admin: Page) -> None:
    assert "Stocare" in admin.get().text
    assert 'href="/medic/storage"' in admin.client.get("/medic/", base_url=BASE_URL).text


@pytest.mark.parametrize("path", GETS)
def test_a_doctor_without_the_role_finds_nothing(world: World, path: str) -> None:
    Page(world, world.signed_in()).get(path, status=404)


@pytest.mark.parametrize("path", POSTS)
def test_a_doctor_without_the_role_does_nothing(world: World, path: str) -> None:
    page = Page(world, world.signed_in())
    answer = page.post(path, status=404)
    assert "Stocare" not in answer.text
    with world.services.catalogue.read() as transaction:
        assert transaction.sync_runs.latest(1) == []


def test_a_doctors_page_does_not_name_the_storage_page(world: World) -> None:
    assert "/medic/storage" not in str(world.signed_in().get("/medic/_dash-layout", base_url=BASE_URL).json)


@pytest.mark.parametrize("path", GETS)
def test_a_stranger_is_led_to_sign_in(world: World, path: str) -> None:
    answer = world.browser().get(f"/medic/storage{path}", base_url=BASE_URL)
    assert (answer.status_code, answer.location) == (302, "/login")


@pytest.mark.parametrize("path", POSTS)
def test_a_stranger_does_nothing(world: World, path: str) -> None:
    answer = world.browser().post(f"/medic/storage{path}", base_url=BASE_URL)
    assert answer.status_code == 401


@pytest.mark.parametrize("path", POSTS)
def test_nothing_is_done_without_a_token(admin: Page, path: str) -> None:
    assert admin.client.post(f"/medic/storage{path}", base_url=BASE_URL).status_code == 400


@pytest.mark.parametrize("path", ["/", "/x", "/files", "/files/x", "/plans", "/plans/..", f"/files/{SOME_ID}/x"])
def test_nothing_else_exists_below_it(admin: Page, path: str) -> None:
    admin.get(path, status=404)


def test_metadata_is_shown_and_never_a_label_or_a_number(admin: Page, patient_id: str) -> None:
    links, doctor = admin.world.services.links, admin.world.doctor()
    links.set_label(doctor.id, patient_id, "Ion de la etajul trei")
    [file_id] = admin.files(kind="csvs")
    pages = [admin.get().text, admin.get(f"/files/{file_id}").text]
    assert all(patient_id in page for page in pages)
    seen = [re.sub(r"[A-Za-z0-9_.-]{40,}", "", page) for page in pages]  # tokens and digests may spell anything
    assert not any("Ion" in page or "ODI" in page for page in seen)
    assert "ana@localhost" in pages[0]
    assert re.search(r"Aparține\s*</dt>\s*<dd>\s*nopții", pages[1])
    assert "noaptea pierde acest fișier" in pages[1]


def test_filters_are_the_databases(admin: Page, patient_id: str) -> None:
    assert "Niciun fișier" in admin.get("?state=deleted").text
    assert "Niciun fișier" in admin.get("?kind=plots").text
    assert "Niciun fișier" in admin.get(f"?patient={uuid4()}").text
    assert "Niciun fișier" in admin.get("?age=older").text
    assert "_" in admin.get(f"?kind=csvs&state=live&age=day&patient={patient_id}").text
    assert "Niciun fișier" not in admin.get(f"?kind=csvs&state=live&age=day&patient={patient_id}").text
    for odd in ("?state=odd&kind=odd&age=odd&patient=odd", "?after=odd", "?after=2026_x", "?patient=%00"):
        assert "Niciun fișier" not in admin.get(odd).text


def test_pages_follow_one_another_without_a_gap(admin: Page) -> None:
    now = admin.world.services.housekeeping._clock()
    rows = [
        {"key": f"old/{number:03d}", "content_type": "text/csv", "size": 1, "etag": None, "reference_id": ""}
        for number in range(120)
    ]
    with admin.world.services.catalogue.write() as transaction:
        transaction.compared_files.adopt(rows, now)
    seen, path = [], ""
    while path is not None:
        text = admin.get(path).text
        seen += re.findall(r'<a href="/medic/storage/files/[^"]+">(\d+)</a>', text)
        found = re.search(r'href="/medic/storage(\?[^"]*after=[^"]*)"', text)
        path = found[1].replace("&amp;", "&") if found else None  # type: ignore[assignment]
    assert sorted(seen) == [f"{number:03d}" for number in range(120)]


def test_a_file_is_deleted_and_restored(admin: Page, patient_id: str) -> None:
    [file_id] = admin.files(kind="csvs")
    admin.post(f"/files/{file_id}/delete")
    assert admin.files(state=FileState.DELETED) == [file_id]
    admin.post(f"/files/{file_id}/restore")
    assert admin.files(state=FileState.DELETED) == []
    assert admin.acts(file_id) == ["file_deleted", "file_restored"]


def test_a_file_whose_bytes_are_gone_is_not_restored(admin: Page, patient_id: str) -> None:
    [file_id] = admin.files(kind="csvs")
    key = admin.world.services.storage_admin.shown(file_id).listed.file.key
    admin.post(f"/files/{file_id}/delete")
    admin.world.services.store.delete(key)
    assert "nu mai este în depozit" in admin.post(f"/files/{file_id}/restore", 409).text
    assert admin.files(state=FileState.DELETED) == [file_id]


def test_an_uploaded_report_is_on_the_patients_page(admin: Page, patient_id: str) -> None:
    answer = admin.post("/files", patient=patient_id, kind="pdfs", file=(io.BytesIO(PDF), "raport Ion.pdf"))
    file_id = answer.location.rpartition("/")[2].partition("?")[0]
    doctor = admin.world.doctor()
    [report] = [one.file for one in admin.world.services.nights.lone_reports(doctor.id, patient_id)]
    assert report.id == file_id
    assert re.fullmatch(rf"{patient_id}/pdfs/\d{{14}}_0000_[0-9a-f]{{8}}\.pdf", report.key)
    assert admin.world.services.store.get(report.key) == PDF
    assert admin.acts(file_id) == ["file_uploaded"]
    assert "a fost încărcat" in admin.get(f"/files/{file_id}?done=uploaded").text


@pytest.mark.parametrize(
    ("kind", "content", "status"),
    [("csvs", PDF, 422), ("pdfs", b"a,b\n", 422), ("plots", b"a,b\n", 422), ("csvs", b"", 422), ("odd", PDF, 422),
     ("csvs", b"a" * (11 * 1024 * 1024), 413), ("csvs", b"a" * (10 * 1024 * 1024 + 1), 422)],
)  # fmt: skip
def test_an_upload_that_does_not_fit_is_refused(
    admin: Page, patient_id: str, kind: str, content: bytes, status: int
) -> None:
    before = admin.files()
    answer = admin.post("/files", status, patient=patient_id, kind=kind, file=(io.BytesIO(content), "x.bin"))
    assert "message-error" in answer.text
    assert admin.files() == before


def test_an_upload_for_an_unknown_patient_is_refused(admin: Page) -> None:
    for unknown in (SOME_ID, "nobody", "'; --", ""):
        admin.post("/files", 404, patient=unknown, kind="pdfs", file=(io.BytesIO(PDF), "x.pdf"))


def test_an_orphan_is_shown_once_a_person_has_assigned_it(admin: Page, patient_id: str) -> None:
    doctor, nights = admin.world.doctor(), admin.world.services.nights
    own = orphan(admin, f"{patient_id}/pdfs/20251007230437_9001_00aabbcc.pdf", PDF)
    old = orphan(admin, f"patient_data/{uuid4()}/pdfs/old.pdf", PDF + b"another")
    assert nights.lone_reports(doctor.id, patient_id) == []
    assert "Atribuiți" in admin.get(f"/files/{own}").text
    admin.post(f"/files/{own}/assign", patient=patient_id)
    moved = admin.post(f"/files/{old}/assign", patient=patient_id).location.rpartition("/")[2].partition("?")[0]
    shown = {one.file.id: one.file for one in nights.lone_reports(doctor.id, patient_id)}
    assert set(shown) == {own, moved}
    assert shown[own].sha256 is not None
    assert shown[moved].key.startswith(f"{patient_id}/pdfs/")
    assert admin.files(state=FileState.DELETED) == [old]
    assert admin.acts(moved) == ["file_assigned"]
    assert nights.file_url(doctor.id, *shown[own].key.split("/"))
    admin.post(f"/files/{own}/assign", 409, patient=patient_id)


def test_an_orphan_can_be_given_to_a_night(admin: Page, patient_id: str) -> None:
    doctor, nights = admin.world.doctor(), admin.world.services.nights
    [card] = nights.shown(doctor.id, patient_id, "ro")
    own = orphan(admin, f"{patient_id}/pdfs/20251007230437_9001_00aabbcc.pdf", PDF)
    other_patient, _ = admin.world.stored_night("dan@localhost", 1)
    admin.post(f"/files/{own}/assign", 409, patient=other_patient, night=card.night.id)
    assert card.night.id in admin.get(f"/files/{own}").text
    admin.post(f"/files/{own}/assign", patient=patient_id, night=card.night.id)
    [card] = nights.shown(doctor.id, patient_id, "ro")
    assert [report.file.id for report in card.reports] == [own]


def test_an_administrator_gives_no_orphan_to_a_patient_of_their_own(admin: Page) -> None:
    own = admin.world.services.links.create(admin.world.doctor(ADMIN).id).patient.id
    file_id = orphan(admin, f"{own}/pdfs/report.pdf", b"%PDF-1.4 a night of somebody")
    admin.post(f"/files/{file_id}/assign", 409, patient=own)
    assert "file_assigned" not in admin.acts(file_id)
    card = admin.world.services.nights.lone_files(admin.world.doctor(ADMIN).id, own)
    assert card == []


def test_a_plan_is_made_shown_downloaded_and_applied(admin: Page) -> None:
    settings = admin.world.services.settings
    plan = admin.post("/plans").location
    assert 'http-equiv="refresh"' in admin.client.get(plan, base_url=BASE_URL).text
    admin.world.work()
    path = Path(settings.storage_path) / "patient_data" / "old.csv"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"old")
    os.utime(path, (0, 0))
    plan = admin.post("/plans").location.removeprefix("/medic/storage")
    admin.world.work()
    text = admin.get(plan).text
    assert "patient_data/old.csv" in text
    assert "Aplicați acest plan" in text
    lines = admin.get(f"{plan}/plan.jsonl").text.splitlines()
    assert len(lines) == 2
    sha256 = re.search(r'name="sha256" value="([0-9a-f]{64})"', text)[1]  # type: ignore[index]
    admin.post(f"{plan}/apply", 409, sha256="0" * 64)
    admin.post(f"{plan}/apply", sha256=sha256)
    admin.world.work()
    text = admin.get(plan).text
    assert "Aplicat" in text
    assert "Aplicați acest plan" not in text
    assert len(admin.files(state=FileState.ORPHAN)) == 1
    run_id = plan.rpartition("/")[2]
    assert [act for act in admin.acts(run_id) if act not in ("plan_viewed", "plan_taken")] == [
        "sync_plan_asked", "sync_planned", "sync_apply_asked", "sync_apply_begun", "sync_applied",
    ]  # fmt: skip
    assert "Plan" in admin.get().text


def test_a_store_that_is_not_ours_is_told_in_words(admin: Page, patient_id: str) -> None:
    plan = admin.post("/plans").location.removeprefix("/medic/storage")
    admin.world.work()
    assert "storage sync --init" in admin.get(plan).text
    assert "Santinela este în depozit" in admin.client.get(admin.post("/init").location, base_url=BASE_URL).text


def test_the_page_speaks_english_too(admin: Page, patient_id: str) -> None:
    admin.client.set_cookie("language", "en", domain="127.0.0.1")
    [file_id] = admin.files(kind="csvs")
    plan = admin.post("/plans").location.removeprefix("/medic/storage")
    for path in ("", f"/files/{file_id}", plan):
        assert "Storage" in admin.get(path).text


def test_csrf_is_the_pages_own(admin: Page) -> None:
    assert csrf_of(admin.client)
    assert re.search(r'name="csrf_token" value="[^"]{20,}"', admin.get().text)
