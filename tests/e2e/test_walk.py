"""The whole way, in a real browser: sign in, drop nights, one patient, the link on a phone, the file byte for byte."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from oximetry.samples.samples import samples
from tests.e2e import steps
from tests.e2e.conftest import Watched
from tests.e2e.live import Site, running, wait_until
from tests.storage.gateway import Gateway

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def three_nights(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Three synthetic nights that do not overlap, as files."""
    folder = tmp_path_factory.mktemp("nights")
    chosen = [sample for sample in samples() if "warnings" in sample.expected][:9]
    picked, starts = [], set()
    for sample in chosen:
        day = str(sample.expected.get("started_at", sample.name))[:10]
        if day not in starts and len(picked) < 3:
            starts.add(day)
            (folder / sample.name).write_bytes(sample.content)
            picked.append(folder / sample.name)
    return picked


@pytest.fixture(scope="module")
def laptop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """SQLite and a local folder."""
    with running(tmp_path_factory.mktemp("laptop")) as site:
        yield site


def walk(browser: Browser, site: Site, nights: list[Path], watched: Watched) -> None:
    """One doctor, three nights, one patient."""
    page = steps.sign_in(browser, site)
    watched.watch(page)
    steps.drop_files(page, nights)
    steps.wait_for_rows(page, len(nights))
    steps.all_to_one(page)
    link = steps.link_of(page)
    assert link.startswith(f"{site.url}/patient/#")
    phone = steps.open_as_patient(browser, link)
    watched.watch(phone)
    wait_until(lambda: reloaded_cards(phone) == len(nights), within_s=30, every_s=0.5)
    first = phone.locator("details.card").first
    title = first.locator("h2").inner_text()
    assert title.startswith("Noaptea ")
    newest = max(nights, key=lambda path: sample_start(path))
    rows = next(int(str(s.expected["samples"])) for s in samples() if s.name == newest.name)
    assert steps.plotted_points(phone) == rows
    buttons = phone.locator(".modebar-btn").evaluate_all("all => all.map((one) => one.dataset.title)")
    assert set(buttons) <= {"Mărire", "Deplasare", "Apropiați", "Depărtați", "Toată noaptea"}
    assert phone.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    with phone.expect_download() as download:
        first.locator("a", has_text="CSV").click()
    assert Path(download.value.path()).read_bytes() == newest.read_bytes()


def reloaded_cards(phone: object) -> int:
    phone.reload()  # type: ignore[attr-defined]
    phone.locator("#nights > details.card, #nights > p").first.wait_for()  # type: ignore[attr-defined]
    return int(phone.locator("details.card").count())  # type: ignore[attr-defined]


def sample_start(path: Path) -> str:
    return next(str(sample.expected["started_at"]) for sample in samples() if sample.name == path.name)


def test_the_walk_on_a_laptop(browser: Browser, laptop: Site, three_nights: list[Path], watched: Watched) -> None:
    walk(browser, laptop, three_nights, watched)
    assert watched.hosts == {laptop.url.partition("//")[2]}


def test_the_batch_survives_a_reload_a_second_tab_and_a_restart(
    browser: Browser, tmp_path: Path, three_nights: list[Path], watched: Watched
) -> None:
    with running(tmp_path / "site") as site:
        page = steps.sign_in(browser, site)
        watched.watch(page)
        steps.choose_files(page, three_nights)
        steps.wait_for_rows(page, 3)
        second = page.context.new_page()
        second.goto(f"{site.url}/medic/intake")
        steps.wait_for_rows(second, 3)
        watched.expect_an_outage()
        site.stop()
        site.start("web")
        site.start("worker0")
        wait_until(lambda: site.answers() == 200)
        page.goto(f"{site.url}/medic/intake")
        steps.wait_for_rows(page, 3)


def test_a_refused_file_says_why_and_disturbs_no_other(
    browser: Browser, laptop: Site, tmp_path: Path, three_nights: list[Path], watched: Watched
) -> None:
    bad = tmp_path / "tensiune.csv"
    bad.write_text("Date,Time,SYS(mmHg),DIA(mmHg),Pulse(bpm)\n2025/10/15,20:00,140,90,70\n")
    page = steps.sign_in(browser, laptop)
    watched.watch(page)
    page.click("#new-batch")
    steps.choose_files(page, [bad, three_nights[0]])
    expect(page.locator(".refused-row")).to_contain_text("Fișier de tensiometru")
    steps.wait_for_rows(page, 1)


def test_a_store_that_is_away_keeps_the_file_in_the_browser(
    browser: Browser, tmp_path: Path, three_nights: list[Path]
) -> None:
    with running(tmp_path / "site") as site:
        page = steps.sign_in(browser, site)
        storage = tmp_path / "site" / "storage"
        away = tmp_path / "site" / "away"
        storage.rename(away)
        storage.write_text("not a folder")
        steps.choose_files(page, three_nights[:1])
        expect(page.locator(".file-row")).to_contain_text("Depozitul", timeout=15_000)
        storage.unlink()
        away.rename(storage)
        steps.wait_for_rows(page, 1)
        expect(page.locator(".file-row")).to_have_count(0)


def test_an_expired_session_is_said_and_nothing_is_lost(
    browser: Browser, laptop: Site, three_nights: list[Path]
) -> None:
    page = steps.sign_in(browser, laptop)
    page.context.clear_cookies(name="doctor")
    steps.choose_files(page, three_nights[:1])
    expect(page.locator("#session-expired")).to_be_visible(timeout=15_000)
    expect(page.locator(".file-row")).to_contain_text("Sesiunea a expirat")


def test_a_link_that_opens_nothing_says_so_in_both_languages(browser: Browser, laptop: Site) -> None:
    for language, said in (("ro", "Acest link nu deschide"), ("en", "This link opens no page")):
        context = browser.new_context()
        context.add_cookies([{"name": "language", "value": language, "url": laptop.url}])
        page = context.new_page()
        page.goto(f"{laptop.url}/patient/#{'A' * 43}")
        expect(page.locator("[role=alert]")).to_contain_text(said)
        context.close()


@pytest.mark.gateway
@pytest.mark.postgres
def test_the_walk_as_production_runs(
    browser: Browser,
    tmp_path: Path,
    gateway: Gateway,
    empty_postgres: str,
    three_nights: list[Path],
    watched: Watched,
) -> None:
    settings = {
        "APP_ENV": "production",
        "SECRET_KEY": "a-secret-of-the-production-walk-0123456789",
        "DATABASE_URL": empty_postgres.replace("postgresql+psycopg://", "postgresql://"),
        "STORAGE_PROVIDER": "s3",
        "S3_ENDPOINT": gateway.endpoint,
        "S3_ACCESS_KEY_ID": gateway.access_key,
        "S3_SECRET_ACCESS_KEY": gateway.secret_key,
        "S3_BUCKET_NAME": gateway.bucket(),
    }
    with running(tmp_path / "site", workers=2, **settings) as site:
        walk(browser, site, three_nights, watched)
        allowed = {site.url.partition("//")[2], gateway.endpoint.partition("//")[2]}
        assert watched.hosts <= allowed
        assert not (tmp_path / "site" / "storage").exists()
        logs = site.log("web") + site.log("worker0") + site.log("worker1")
        assert "Signature" not in logs
        assert "@localhost" not in logs
