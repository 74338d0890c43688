"""What goes wrong on an ordinary day: a stopped file, a dropped connection, a store that is away at confirming."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Response, expect

from tests.e2e import steps
from tests.e2e.conftest import Watched
from tests.e2e.live import Site, running, wait_until
from tests.factories import night_csv, night_name
from tests.storage.gateway import Gateway

pytestmark = pytest.mark.browser

SLOW = 20_000  # bytes per second: a night of 330 KB is on its way for as long as a test looks at it
HELD_MS = 150  # a person's finger rests on a button
STORED_WITHIN_MS = 60_000


@pytest.fixture
def five_nights(tmp_path: Path) -> list[Path]:
    """Nights big enough to be seen while they are sent."""
    return write_nights(tmp_path, count=5, rows=12_000)


@pytest.fixture(scope="module")
def laptop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """SQLite and a local folder."""
    with running(tmp_path_factory.mktemp("laptop")) as site:
        yield site


def write_nights(folder: Path, count: int, rows: int) -> list[Path]:
    paths = []
    for number in range(count):
        start = datetime(2025, 1, 1, 22) + timedelta(days=number)
        paths.append(folder / night_name("9001", start))
        paths[-1].write_bytes(night_csv(start, rows=rows))
    return paths


class Wire:
    """The page's connection, made slow or cut as Chromium's own tools do."""

    def __init__(self, page: Page) -> None:
        self._tools = page.context.new_cdp_session(page)
        self._tools.send("Network.enable")

    def set(self, *, offline: bool = False, upload: int = -1) -> None:
        conditions = {"offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": upload}
        self._tools.send("Network.emulateNetworkConditions", conditions)


def row_of(page: Page, path: Path) -> Locator:
    return page.locator(".file-row").filter(has_text=path.name)


def press(row: Locator, name: str) -> None:
    row.get_by_role("button", name=name).click(delay=HELD_MS)


def names_in_batch(site: Site) -> list[str]:
    """The digests of the files of the batch, one for each row that the doctor still sees."""
    with closing(sqlite3.connect(site.folder / "data" / "catalogue.sqlite")) as catalogue:
        rows = catalogue.execute("select sha256 from upload_items where state != 'discarded'").fetchall()
    return sorted(str(digest) for (digest,) in rows)


def digests(paths: list[Path]) -> list[str]:
    import hashlib

    return sorted(hashlib.sha256(path.read_bytes()).hexdigest() for path in paths)


def stored_nights(site: Site) -> int:
    with closing(sqlite3.connect(site.folder / "data" / "catalogue.sqlite")) as catalogue:
        return int(catalogue.execute("select count(*) from recordings").fetchone()[0])


@pytest.mark.parametrize(("language", "width"), [("ro", 1280), ("en", 360)])
def test_a_stopped_file_waits_to_be_retried_and_the_others_go_on(
    browser: Browser, tmp_path: Path, five_nights: list[Path], watched: Watched, language: str, width: int
) -> None:
    stop, retry, remove = ("Opriți", "Reîncercați", "Scoateți") if language == "ro" else ("Stop", "Try again", "Remove")
    with running(tmp_path / "site") as site:
        page = steps.sign_in(browser, site, width=width, language=language)
        watched.watch(page)
        wire = Wire(page)
        wire.set(upload=SLOW)
        steps.choose_files(page, five_nights)
        expect(page.locator(".file-sending")).to_have_count(3)
        for path in five_nights[:2]:
            expect(row_of(page, path).locator("progress")).not_to_have_js_property("value", 0)
            press(row_of(page, path), stop)
            expect(row_of(page, path)).to_have_class(re.compile("file-stopped"))
        expect(row_of(page, five_nights[4])).to_have_class(re.compile("file-sending"))
        press(row_of(page, five_nights[3]), stop)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        for path in five_nights[:2]:  # whose name and what can be done stays readable on a phone
            assert width_of(row_of(page, path).locator(".file-name")) > 100
        press(row_of(page, five_nights[1]), remove)
        expect(row_of(page, five_nights[1])).to_have_count(0)
        press(row_of(page, five_nights[0]), retry)
        expect(row_of(page, five_nights[0])).to_have_class(re.compile("file-(sending|waiting)"))
        wire.set()
        expect(page.locator(".file-row")).to_have_count(1, timeout=30_000)
        press(row_of(page, five_nights[3]), retry)
        expect(page.locator(".file-row")).to_have_count(0, timeout=30_000)
        expect(page.locator("#counts")).to_contain_text("4 citite" if language == "ro" else "4 read", timeout=30_000)
        assert names_in_batch(site) == digests([five_nights[0], *five_nights[2:]])


def width_of(found: Locator) -> float:
    box = found.bounding_box()
    return box["width"] if box else 0.0


def test_a_dropped_connection_loses_only_what_was_on_its_way_and_mends_itself(
    browser: Browser, tmp_path: Path, five_nights: list[Path]
) -> None:
    with running(tmp_path / "site") as site:
        page = steps.sign_in(browser, site)
        sent: list[int] = []
        page.on("response", lambda answer: sent.append(answer.status) if "/medic/uploads/" in answer.url else None)
        steps.choose_files(page, five_nights[:2])
        steps.wait_for_rows(page, 2)
        wire = Wire(page)
        wire.set(upload=SLOW)
        steps.choose_files(page, five_nights[2:])
        expect(page.locator(".file-sending")).to_have_count(3)
        site.kill("web")  # what was on its way is cut off
        wire.set()  # a slow line notices that only with its next piece
        expect(page.locator(".file-later")).to_have_count(3, timeout=30_000)
        expect(page.locator(".file-later").first).to_contain_text("Fișierul rămâne aici și se reîncearcă")
        assert names_in_batch(site) == digests(five_nights[:2])
        wire.set(offline=True)
        site.start("web")
        wait_until(lambda: site.answers() == 200)
        expect(page.locator(".file-row")).to_have_count(3)
        wire.set()
        expect(page.locator(".file-row")).to_have_count(0, timeout=30_000)
        steps.wait_for_rows(page, 5)
        assert names_in_batch(site) == digests(five_nights)
        assert set(sent) <= {200, 201}


@pytest.mark.parametrize(("language", "width"), [("ro", 1280), ("en", 360)])
def test_a_link_is_copied_replaced_and_stopped(
    browser: Browser, laptop: Site, tmp_path: Path, watched: Watched, language: str, width: int
) -> None:
    page = steps.sign_in(browser, laptop, width=width, language=language)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    watched.watch(page)
    first = give_to_a_new_patient(page, write_nights(tmp_path, count=2, rows=3000))
    page.goto(f"{laptop.url}/medic/#pacienti")
    page.locator("#patient-list a").first.click()
    shown = page.locator("#patient-page .link-url")
    expect(shown).to_have_text(first)
    expect(page.locator("#patient-page img.qr")).to_be_visible()
    page.locator("#patient-page [data-copy]").click()
    expect(page.locator("#patient-page .copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == first
    preview_is_marked(page, language)

    phone = open_in(browser, first, language)
    watched.watch(phone)
    files = phone.locator(".downloads a").evaluate_all("all => all.map((one) => one.href)")
    assert {phone.request.get(url).status for url in files} == {200}

    page.click("#rotate-link")
    page.click("#sure-no")
    expect(page.locator("#sure-text")).to_be_hidden()
    expect(shown).to_have_text(first)
    answer_yes(page, "#rotate-link")
    expect(shown).not_to_have_text(first)
    second = shown.inner_text()
    phone.reload()
    opens_nothing(phone, language)
    assert {phone.request.get(url).status for url in files} == {404}

    phone = open_in(browser, second, language)
    answer_yes(page, "#revoke-link")
    expect(shown).to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    phone.locator("details.card > summary").last.click()  # the open page's next request
    opens_nothing(phone, language)
    assert {phone.request.get(url).status for url in files} == {404}
    phone.reload()
    opens_nothing(phone, language)

    answer_yes(page, "#rotate-link")
    third = shown.inner_text()
    assert len({first, second, third}) == 3
    open_in(browser, third, language)
    expect_refused(watched)


def give_to_a_new_patient(page: Page, nights: list[Path]) -> str:
    page.click("#new-batch")
    steps.choose_files(page, nights)
    expect(page.locator("#counts")).to_contain_text(re.compile("2 (citite|read)"), timeout=30_000)
    page.click("#all-to-new")
    yes = page.locator("#doubts-yes")
    expect(page.locator(".link-url").or_(yes).first).to_be_visible()
    if yes.is_visible():
        yes.click()
    link = steps.link_of(page)
    expect(page.locator("#counts")).to_contain_text(re.compile("2 (salvate|stored)"), timeout=30_000)
    return link


def preview_is_marked(page: Page, language: str) -> None:
    with page.context.expect_page() as opened:
        page.locator("#patient-page .link-box a").click()
    said = "Previzualizare" if language == "ro" else "Preview"
    expect(opened.value.locator("#banner")).to_contain_text(said)
    opened.value.locator("details.card").first.wait_for()
    opened.value.close()


def open_in(browser: Browser, link: str, language: str) -> Page:
    context: BrowserContext = browser.new_context(viewport={"width": 360, "height": 740})
    context.add_cookies([{"name": "language", "value": language, "url": link.partition("/patient/")[0]}])
    phone = context.new_page()
    phone.goto(link)
    expect(phone.locator("details.card")).to_have_count(2)
    expect(phone.locator("#banner")).to_be_empty()
    phone.locator(".js-plotly-plot .main-svg").first.wait_for()
    return phone


def answer_yes(page: Page, button: str) -> None:
    page.click(button)
    expect(page.locator("#sure-text")).not_to_be_empty()
    page.click("#sure-yes")
    expect(page.locator("#message .message-good")).to_be_visible()
    expect(page.locator("#sure-yes")).to_be_hidden()


def opens_nothing(phone: Page, language: str) -> None:
    said = "Acest link nu deschide nicio pagină" if language == "ro" else "This link opens no page"
    expect(phone.locator("[role=alert]")).to_contain_text(said)
    expect(phone.locator("details.card")).to_have_count(0)


def expect_refused(watched: Watched) -> None:
    """A refused link is a 404, which Chromium writes into its console; nothing else may stand there."""
    expected = re.compile(r"^console: (Failed to load resource.*404|Error: Callback )")
    watched.problems = [problem for problem in watched.problems if not expected.match(problem)]


@pytest.mark.gateway
@pytest.mark.parametrize(("language", "width"), [("ro", 1280), ("en", 360)])
def test_confirming_while_the_store_is_away_waits_and_stores_once(
    browser: Browser, tmp_path: Path, own_gateway: Gateway, language: str, width: int
) -> None:
    waits, away = {
        "ro": ("Așteaptă: Depozitul de fișiere nu răspunde", "Depozitul de fișiere nu răspunde"),
        "en": ("Waiting: The file store does not answer", "The file store does not answer"),
    }[language]
    bucket = own_gateway.bucket()
    with running(tmp_path / "site", **s3_settings(own_gateway, bucket)) as site:
        nights = write_nights(tmp_path, count=3, rows=3000)
        page = steps.sign_in(browser, site, width=width, language=language)
        answers: list[int] = []
        page.on("response", lambda answer: note_upload(answers, answer))
        steps.choose_files(page, nights[:2])
        expect(page.locator("#counts")).to_contain_text(re.compile("2 (citite|read)"), timeout=30_000)
        own_gateway.kill()
        page.click("#all-to-new")
        expect(page.locator("#counts")).to_contain_text(waits, timeout=30_000)
        if width > 1000:
            expect(page.locator(f"{steps.ROWS} [col-id=remarks]").first).to_contain_text(waits)
        steps.choose_files(page, nights[2:])
        expect(row_of(page, nights[2])).to_contain_text(away, timeout=30_000)
        assert set(answers[2:]) == {503}
        assert stored_nights(site) == 0
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        own_gateway.revive()
        expect(page.locator(".file-row")).to_have_count(0, timeout=STORED_WITHIN_MS)
        expect(page.locator("#counts")).to_contain_text(re.compile("2 (salvate|stored)"), timeout=STORED_WITHIN_MS)
        expect(page.locator("#counts")).not_to_contain_text(waits)
        assert names_in_batch(site) == digests(nights)
        assert stored_nights(site) == 2
        wait_until(lambda: len(csv_objects(own_gateway, bucket)) == 2)


def note_upload(answers: list[int], answer: Response) -> None:
    if "/medic/uploads/" in answer.url:
        answers.append(answer.status)


def s3_settings(gateway: Gateway, bucket: str) -> dict[str, str]:
    return {
        "STORAGE_PROVIDER": "s3",
        "S3_ENDPOINT": gateway.endpoint,
        "S3_ACCESS_KEY_ID": gateway.access_key,
        "S3_SECRET_ACCESS_KEY": gateway.secret_key,
        "S3_BUCKET_NAME": bucket,
    }


def csv_objects(gateway: Gateway, bucket: str) -> list[str]:
    """The nights' own files under a patient's prefix, the working space left out."""
    listed: Any = gateway.client().list_objects_v2(Bucket=bucket)
    return [str(one["Key"]) for one in listed.get("Contents", []) if "/csvs/" in one["Key"]]
