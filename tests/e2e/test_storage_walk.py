"""An administrator's walk through the storage page: a plan is made, read, applied; an orphan finds its patient."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e import steps
from tests.e2e.conftest import Watched
from tests.e2e.live import EMAIL, Site, running, wait_until
from tests.factories import PDF

pytestmark = pytest.mark.browser

ADMIN = "admin@localhost"


@pytest.fixture(scope="module")
def laptop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """SQLite and a local folder, with two nights of one patient; its sentinel stands from the first nightly trial."""
    with running(tmp_path_factory.mktemp("laptop"), web_workers=1) as site:
        wait_until(lambda: (site.folder / "storage" / ".oximetry" / "catalogue").exists())
        nights = steps.write_nights(site.folder, count=2, rows=600)
        site.command("ingest", "--doctor", EMAIL, "--new-patient", *map(str, nights))
        yield site


@pytest.fixture(scope="module")
def account(laptop: Site) -> tuple[str, str]:
    """Made by the command, as an operator does."""
    said = laptop.command("doctor", "create", ADMIN, "--admin", "--generate", "--language", "en").stdout
    found = re.search(r"once\): (\S+)", said)
    assert found is not None
    return ADMIN, found[1]


def fits(page: Page) -> None:
    """Nothing stands out at the side, once the style sheet is there."""
    page.wait_for_load_state()
    wide = "[...document.body.querySelectorAll('*')].filter((one) => one.getBoundingClientRect().right > innerWidth)"
    assert page.evaluate(f"{wide}.map((one) => one.outerHTML.slice(0, 80))") == []


def shot(page: Page, name: str) -> None:
    folder = os.environ.get("SHOTS")
    if folder:
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


@pytest.mark.parametrize(("language", "width"), [("ro", 1280), ("en", 360)])
def test_an_orphan_is_found_and_given_to_its_patient(
    browser: Browser, laptop: Site, account: tuple[str, str], watched: Watched, language: str, width: int
) -> None:
    [patient_id] = [one.name for one in (laptop.folder / "storage").iterdir() if len(one.name) == 36]
    lost = laptop.folder / "storage" / "patient_data" / f"{language}.pdf"
    lost.parent.mkdir(exist_ok=True)
    lost.write_bytes(PDF + language.encode())
    os.utime(lost, (0, 0))

    page = steps.sign_in(browser, laptop, width=width, language=language, account=account)
    watched.watch(page)
    page.click("a[href='/medic/storage']")
    fits(page)
    shot(page, f"list-{width}")
    page.click("form[action$='/plans'] button")
    page.locator("form[action$='/apply'] button").wait_for()
    expect(page.locator("li", has_text=f"patient_data/{language}.pdf")).to_be_visible()
    fits(page)
    shot(page, f"plan-{width}")
    with page.expect_download() as download:
        page.click("a[href$='plan.jsonl']")
    assert f"patient_data/{language}.pdf" in Path(download.value.path()).read_text()
    page.click("form[action$='/apply'] button")
    page.get_by_text({"ro": "Aplicat", "en": "Applied"}[language], exact=True).wait_for()
    shot(page, f"report-{width}")

    page.goto(f"{laptop.url}/medic/storage?state=orphan")
    shot(page, f"orphans-{width}")
    page.click(f"a:text-is('{language}.pdf')")
    fits(page)
    shot(page, f"orphan-{width}")
    page.fill("input[name=patient]", patient_id)
    page.click("form[action$='/assign'] button")
    expect(page.locator(".message-good")).to_be_visible()
    shot(page, f"assigned-{width}")

    doctor = steps.sign_in(browser, laptop)
    watched.watch(doctor)
    expect(doctor.locator("a[href='/medic/storage']")).to_have_count(0)
    doctor.goto(f"{laptop.url}/medic/#pacient/{patient_id}")  # an address of before
    report = page.locator("h1").inner_text()
    expect(doctor.locator(f"a[href$='/pdfs/{report}']")).to_have_count(1)
    assert doctor.request.get(f"{laptop.url}/medic/storage").status == 404

    page.click("form[action$='/delete'] button")
    expect(page.locator("form[action$='/restore'] button")).to_be_visible()
    shot(page, f"deleted-{width}")
    assert doctor.request.get(f"{laptop.url}/patient/{patient_id}/pdfs/{report}").status == 404
    page.click("form[action$='/restore'] button")
    expect(page.locator("form[action$='/delete'] button")).to_be_visible()
    assert doctor.request.get(f"{laptop.url}/patient/{patient_id}/pdfs/{report}").status == 200
