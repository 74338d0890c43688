"""A real Chromium (Debian's), driven by Playwright; any CSP report, console error or 5xx fails the test that saw it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Response, sync_playwright

from tests.postgres import empty_postgres, postgres
from tests.real_parts import require_real_part
from tests.storage.worlds import gateway, module_gateway, own_gateway

__all__ = ["empty_postgres", "gateway", "module_gateway", "own_gateway", "postgres"]

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
OF_AN_OUTAGE = (
    "net::ERR_CONNECTION_REFUSED",
    "the server did not respond",
    "net::ERR_EMPTY_RESPONSE",
    "net::ERR_CONNECTION_RESET",
)
FLAGS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking"]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests of this process; each page gets a context of its own."""
    require_real_part([] if CHROMIUM else ["chromium"], "chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()


@pytest.fixture(autouse=True)
def no_page_outlives_its_test(request: pytest.FixtureRequest) -> Iterator[None]:
    """A page that is left open asks its stopped server on and on, and takes the frames of the next test's page."""
    started: Browser | None = request.getfixturevalue("browser") if "browser" in request.fixturenames else None
    yield
    for context in started.contexts if started else []:
        context.close()


class Watched:
    """Collects what must not happen on a page."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.hosts: set[str] = set()
        self._outage = False

    def expect_an_outage(self) -> None:
        """The server goes away from now on: what the browser itself writes about that is no problem of a page."""
        self._outage = True

    def watch(self, page: Page) -> None:
        """Listen to a page from now on."""
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.problems.append(f"script error: {error}"))
        page.on("response", self._response)
        page.on("request", lambda request: self.hosts.add(request.url.split("/")[2] if "//" in request.url else ""))

    def _console(self, message: ConsoleMessage) -> None:
        told = self._outage and any(sign in message.text for sign in OF_AN_OUTAGE)
        if message.type == "error" and not told:
            self.problems.append(f"console: {message.text[:300]}")

    def _response(self, response: Response) -> None:
        if response.status >= 500:
            self.problems.append(f"{response.status} {response.url.partition('?')[0]}")


@pytest.fixture
def watched() -> Iterator[Watched]:
    """Fails the test at its end when a page had a problem."""
    watch = Watched()
    yield watch
    assert watch.problems == []
