"""A stopped file and a dropped connection: what was not received stays in the browser and is tried again."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e import steps
from tests.e2e.conftest import Watched
from tests.e2e.live import running, wait_until

pytestmark = pytest.mark.browser

SLOW = 20_000  # bytes per second: a night of 330 KB is on its way for as long as a test looks at it
HELD_MS = 150  # a person's finger rests on a button


@pytest.fixture
def five_nights(tmp_path: Path) -> list[Path]:
    """Nights big enough to be seen while they are sent."""
    return steps.write_nights(tmp_path, count=5, rows=12_000)


class Wire:
    """The page's connection, made slow or cut as Chromium's own tools do."""

    def __init__(self, page: Page) -> None:
        self._tools = page.context.new_cdp_session(page)
        self._tools.send("Network.enable")

    def set(self, *, offline: bool = False, upload: int = -1) -> None:
        conditions = {"offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": upload}
        self._tools.send("Network.emulateNetworkConditions", conditions)


def press(row: Locator, name: str) -> None:
    row.get_by_role("button", name=name).click(delay=HELD_MS)


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
            expect(steps.row_of(page, path).locator("progress")).not_to_have_js_property("value", 0)
            press(steps.row_of(page, path), stop)
            expect(steps.row_of(page, path)).to_have_class(re.compile("file-stopped"))
        expect(steps.row_of(page, five_nights[4])).to_have_class(re.compile("file-sending"))
        press(steps.row_of(page, five_nights[3]), stop)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        for path in five_nights[:2]:  # whose name and what can be done stays readable on a phone
            assert width_of(steps.row_of(page, path).locator(".file-name")) > 100
        press(steps.row_of(page, five_nights[1]), remove)
        expect(steps.row_of(page, five_nights[1])).to_have_count(0)
        press(steps.row_of(page, five_nights[0]), retry)
        expect(steps.row_of(page, five_nights[0])).to_have_class(re.compile("file-(sending|waiting)"))
        wire.set()
        expect(page.locator(".file-row")).to_have_count(1, timeout=30_000)
        press(steps.row_of(page, five_nights[3]), retry)
        expect(page.locator(".file-row")).to_have_count(0, timeout=30_000)
        expect(page.locator("#counts")).to_contain_text("4 citite" if language == "ro" else "4 read", timeout=30_000)
        assert steps.digests_in_batch(site) == steps.digests([five_nights[0], *five_nights[2:]])


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
        assert steps.digests_in_batch(site) == steps.digests(five_nights[:2])
        wire.set(offline=True)
        site.start("web")
        wait_until(lambda: site.answers() == 200)
        expect(page.locator(".file-row")).to_have_count(3)
        wire.set()
        expect(page.locator(".file-row")).to_have_count(0, timeout=30_000)
        steps.wait_for_rows(page, 5)
        assert steps.digests_in_batch(site) == steps.digests(five_nights)
        assert set(sent) <= {200, 201}
