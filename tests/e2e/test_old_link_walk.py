"""A patient with a link of the old application: a page, a button, the nights, an address worth keeping."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e import steps
from tests.e2e.conftest import Watched
from tests.e2e.live import EMAIL, Site, running
from tests.factories import night_csv, night_name

pytestmark = pytest.mark.browser

TOKEN = str(uuid4())
START = datetime(2025, 10, 7, 23, 4, 37)


@pytest.fixture(scope="module")
def laptop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A platform that has imported one old patient."""
    with running(tmp_path_factory.mktemp("laptop")) as site:
        import_old(site)
        yield site


def import_old(site: Site) -> None:
    """One patient with one night, as the old application kept them."""
    folder = site.folder / "old" / "patient_data" / TOKEN / "csvs"
    folder.mkdir(parents=True)
    (folder / night_name("9001", START)).write_bytes(night_csv(START, rows=6000))
    (site.folder / "old" / "patient_links.json").write_text(json.dumps({TOKEN: {"is_active": True}}))
    words = ("--from", f"local:{site.folder}/old", "--to", "local", "--doctor", EMAIL, "--apply")
    site.command("storage", "migrate", *words, "--report", str(site.folder / "report.json"))


def phone_at(browser: Browser, url: str, width: int, language: str) -> Page:
    context = browser.new_context(viewport={"width": width, "height": 740})
    context.add_cookies([{"name": "language", "value": language, "url": url.partition("/?")[0]}])
    page = context.new_page()
    page.goto(url)
    return page


@pytest.mark.parametrize(("language", "width"), [("ro", 360), ("en", 1280)])
def test_the_old_link_leads_to_the_nights_until_the_doctor_stops_it(
    browser: Browser, laptop: Site, watched: Watched, language: str, width: int
) -> None:
    page = phone_at(browser, f"{laptop.url}/?token={TOKEN}", width, language)
    watched.watch(page)
    said = "Deschide pagina mea" if language == "ro" else "Open my page"
    expect(page.locator("button.action")).to_have_text(said)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.click("button.action")
    page.wait_for_url(re.compile(r"/patient/#[\w-]{43}$"))
    expect(page.locator("details.card")).to_have_count(1)
    kept = page.url
    page.goto("about:blank")
    page.goto(kept)
    expect(page.locator("details.card")).to_have_count(1)
    assert TOKEN not in "".join(laptop.log(name) for name in laptop.processes)
    assert kept.partition("#")[2] not in "".join(laptop.log(name) for name in laptop.processes)


def test_the_doctor_stops_the_old_link(browser: Browser, laptop: Site, watched: Watched) -> None:
    page = steps.sign_in(browser, laptop, width=1280, language="ro")
    watched.watch(page)
    steps.open_first_patient(page, laptop)
    old = page.locator(".link-box .msg.warn")
    expect(old).to_contain_text("aplicația veche")
    old.locator("summary").click()
    old.locator(".pop .btn").click()
    expect(page.locator(".link-box .inline.good")).to_be_visible()
    expect(old).to_have_count(0)
    phone = phone_at(browser, f"{laptop.url}/?token={TOKEN}", 360, "ro")
    phone.click("button.action")
    expect(phone.locator("[role=alert]")).to_contain_text("Acest link nu deschide nicio pagină")
