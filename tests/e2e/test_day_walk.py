"""The doctor's day in a real browser: ten devices, ten links, a night reviewed and signed, the patient reads."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e import steps
from tests.e2e.conftest import Watched
from tests.e2e.live import EMAIL, PASSWORD, Site, running, wait_until
from tests.factories import night_name, wavy_csv

pytestmark = pytest.mark.browser

DEVICES = 10
WIDTHS = (1280, 768, 360)


@pytest.fixture(scope="module")
def laptop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """SQLite and a local folder."""
    with running(tmp_path_factory.mktemp("laptop")) as site:
        yield site


@pytest.fixture(scope="module")
def ten_nights(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """One night of each of ten devices."""
    folder, paths = tmp_path_factory.mktemp("nights"), []
    for number in range(DEVICES):
        start = datetime(2026, 11, 20, 22, 0) + timedelta(minutes=7 * number)
        paths.append(folder / night_name(f"41{number:02d}", start))
        paths[-1].write_bytes(wavy_csv(start, 6000, 4, seed=number))
    return paths


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory, ten_nights: list[Path]) -> Iterator[Site]:
    """One patient with one night."""
    with running(tmp_path_factory.mktemp("filled")) as site:
        site.command("ingest", "--doctor", EMAIL, "--new-patient", str(ten_nights[0]))
        yield site


def test_ten_devices_become_ten_patients_in_a_few_clicks(
    browser: Browser, laptop: Site, ten_nights: list[Path], watched: Watched
) -> None:
    page = steps.sign_in(browser, laptop)
    watched.watch(page)
    clicks = 1
    steps.choose_files(page, ten_nights)
    steps.wait_for_rows(page, DEVICES)
    page.click("#per-device")
    expect(page.locator("#confirm")).to_be_enabled()
    expect(page.locator("#confirm")).to_have_text("Confirmați 10 nopți")
    label = page.locator(".device-group input").first
    label.fill("Fișa 1042")
    label.press("Enter")
    expect(page.locator(".device-group input").first).to_have_value("Fișa 1042")
    page.click("#confirm")
    page.locator("#batch-links a").wait_for()
    page.locator("#batch-links a").click()
    clicks += 3
    expect(page.locator("tr.link-box")).to_have_count(DEVICES)
    assert clicks <= 10
    links = page.locator("tr.link-box .link-url").all_inner_texts()
    assert len(set(links)) == DEVICES
    for row in page.locator("tr.link-box").all():  # no link without its nights and its device
        expect(row).to_contain_text("20/21 nov.")
        expect(row.locator("td[data-l='Aparat']")).to_contain_text(re.compile(r"41\d\d"))
    expect(page.locator("tr.link-box", has_text="Fișa 1042")).to_have_count(1)


def test_one_click_never_merges_devices_without_a_question(browser: Browser, tmp_path: Path, watched: Watched) -> None:
    with running(tmp_path / "site") as site:
        paths = []
        for number in range(3):
            start = datetime(2026, 11, 20 + number, 22, 0)
            paths.append(tmp_path / night_name(f"42{number:02d}", start))
            paths[-1].write_bytes(wavy_csv(start, 3000, 4, seed=number))
        page = steps.sign_in(browser, site)
        watched.watch(page)
        steps.choose_files(page, paths)
        steps.wait_for_rows(page, 3)
        page.click("#all-to-new")
        expect(page.locator("#doubts-text")).to_contain_text("de pe aparate diferite")
        for number in range(3):
            expect(page.locator("#doubts-text")).to_contain_text(f"42{number:02d}")
        page.click("#doubts-no")
        expect(page.locator("#batch-links a")).to_have_count(0)


def test_a_night_is_reviewed_signed_released_and_read(browser: Browser, filled: Site, watched: Watched) -> None:
    page = steps.sign_in(browser, filled)
    watched.watch(page)
    page.goto(f"{filled.url}/medic/settings")
    page.fill("#signer_name", "Dr. Ana Exemplu")
    page.locator("#signer button").click()
    expect(page.locator("#signer .inline.good")).to_be_visible()
    page.goto(f"{filled.url}/medic/")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("#words-report")).to_be_visible()
    page.locator("#doctor-plot .main-svg").first.wait_for()
    night = page.url
    page.locator("#words-report").press("Control+End")
    page.locator("#words-report").press_sequentially(" Recomand control.")
    expect(page.locator("#words-saved")).to_contain_text("Ciorna salvată")
    page.fill("#words-password", PASSWORD)
    page.click("[data-sign]")
    page.goto(night)
    wait_until(lambda: reloaded(page, "#interpretation a[href*='/reports/']"), within_s=60, every_s=1)
    report = page.locator("#interpretation a[href*='/reports/']").get_attribute("href")
    pdf = page.request.get(f"{filled.url}{report}")
    assert (pdf.status, pdf.body()[:5]) == (200, b"%PDF-")
    page.locator("#interpretation button", has_text="Arătați-l pacientului").click()
    expect(page.locator("#interpretation")).to_contain_text("Pacientul vede textul")
    page.locator(".crumbs a").last.click()
    link = page.locator(".link-url").first.inner_text()
    phone = steps.open_as_patient(browser, link)
    watched.watch(phone)
    expect(phone.locator(".said")).to_contain_text("Dr. Ana Exemplu")
    expect(phone.locator("a[href*='/reports/']")).to_be_visible()
    expect(phone.locator("#help")).to_contain_text("O noapte liniștită nu exclude apneea în somn.")


def reloaded(page: Page, selector: str) -> int:
    page.reload()
    page.locator("#interpretation").wait_for()
    return page.locator(selector).count()


@pytest.mark.parametrize("language", ["ro", "en"])
def test_no_page_scrolls_sideways_or_complains(browser: Browser, filled: Site, watched: Watched, language: str) -> None:
    page = steps.sign_in(browser, filled, language=language)
    watched.watch(page)
    page.goto(f"{filled.url}/medic/?state=all")
    night = page.locator("[data-open]").first.get_attribute("href")
    patient = page.locator(".who a").first.get_attribute("href")
    batch = page.request.get(f"{filled.url}/medic/intake").url
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        for place in ("/medic/?state=all", str(night), "/medic/patients", str(patient), "/medic/settings"):
            page.goto(f"{filled.url}{place}")
            page.locator("h1").first.wait_for()
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), (place, width)
            assert page.evaluate("document.documentElement.lang") == language
        page.goto(batch)
        page.locator("#drop-zone").wait_for()
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), width


@pytest.mark.parametrize(("before", "now"), [("#lot", "/medic/intake/"), ("#pacienti", "/medic/patients")])
def test_an_address_of_before_leads_to_its_page(browser: Browser, filled: Site, before: str, now: str) -> None:
    page = steps.sign_in(browser, filled)
    page.goto(f"{filled.url}/medic/{before}")
    page.wait_for_url(re.compile(re.escape(now)))
