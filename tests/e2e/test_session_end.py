"""A session ends while a doctor writes: what was written stays on the page, and is saved after signing in again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from oximetry.composition import create_services
from oximetry.settings import Settings
from tests.e2e import steps
from tests.e2e.conftest import Watched
from tests.e2e.live import EMAIL, PASSWORD, Site, running

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def laptop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """SQLite and a local folder."""
    with running(tmp_path_factory.mktemp("laptop")) as site:
        yield site


def test_words_outlive_the_session_in_which_they_were_written(
    browser: Browser, laptop: Site, tmp_path: Path, watched: Watched
) -> None:
    nights = steps.write_nights(tmp_path, count=1, rows=4000)
    laptop.command("ingest", "--doctor", EMAIL, "--new-patient", "--yes", str(nights[0]))
    page = steps.sign_in(browser, laptop)
    watched.watch(page)
    page.goto(f"{laptop.url}/medic/?state=all")
    page.locator("[data-open]").first.click()
    page.locator("#doctor-plot .main-svg").first.wait_for()
    report = page.locator("#words [name=report]")
    report.fill("Prima propoziție.")
    expect(page.locator("#words-saved.good")).to_be_visible()

    folders = {"data_dir": laptop.folder / "data", "storage_path": laptop.folder / "storage"}
    with closing(create_services(Settings.load(**folders, public_url=laptop.url, _env_file=None))) as services:
        doctor = services.accounts.find(EMAIL)
        assert doctor is not None
        services.accounts.end_sessions_of(doctor.id, doctor.id)
    report.fill("Prima propoziție. A doua, scrisă după ce sesiunea s-a încheiat.")
    expect(page.locator("#words-saved")).to_contain_text("Autentificați-vă din nou")

    with page.context.expect_page() as opened:
        page.locator("#words-saved a").click()
    again = opened.value
    again.fill("#email", EMAIL)
    again.fill("#password", PASSWORD)
    again.press("#password", "Enter")
    again.wait_for_url("**/medic/")
    again.close()
    expect(page.locator("#words-saved.good")).to_be_visible(timeout=15_000)
    page.reload()
    expect(page.locator("#words [name=report]")).to_have_value(
        "Prima propoziție. A doua, scrisă după ce sesiunea s-a încheiat."
    )
    watched.problems = [problem for problem in watched.problems if "401" not in problem and "400" not in problem]
