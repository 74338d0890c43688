"""A passkey, made and shown by a real Chromium with a virtual authenticator."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import Watched
from tests.e2e.live import EMAIL, PASSWORD, Site, running

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def laptop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """SQLite and a local folder."""
    with running(tmp_path_factory.mktemp("laptop"), workers=0) as site:
        yield site


def with_authenticator(page: Page) -> tuple[object, str]:
    """Give the browser a device of its own, as one that is built into a telephone."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    added = devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return devtools, str(added["authenticatorId"])


def give_password(page: Page, address: str) -> None:
    page.goto(f"{address}/login")
    page.fill("#email", EMAIL)
    page.fill("#password", PASSWORD)
    page.press("#password", "Enter")


def sign_out(page: Page) -> None:
    page.locator("form[action='/logout'] button").click()
    page.wait_for_url("**/login")


def test_a_passkey_is_made_asked_for_and_missed(browser: Browser, laptop: Site, watched: Watched) -> None:
    address = laptop.url.replace("127.0.0.1", "localhost")  # a browser takes no address for the host of a passkey
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    watched.watch(page)
    devtools, device = with_authenticator(page)
    give_password(page, address)
    page.wait_for_url("**/medic/")
    page.goto(f"{address}/medic/settings")
    page.locator("[data-passkey=add]").click()
    expect(page.locator(".codes li")).to_have_count(10)
    code = page.locator(".codes li").first.inner_text()
    page.goto(f"{address}/medic/settings")
    expect(page.locator("#security .logs").first).to_contain_text("Cheie de acces")
    sign_out(page)

    give_password(page, address)
    page.wait_for_url("**/login/code")
    page.goto(f"{address}/medic/")
    page.wait_for_url("**/login")
    give_password(page, address)
    page.locator("[data-passkey=show]").click()
    page.wait_for_url("**/medic/")
    sign_out(page)

    devtools.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": device})  # type: ignore[attr-defined]
    with_other_device, _ = with_authenticator(page)
    assert with_other_device
    give_password(page, address)
    page.locator("[data-passkey=show]").click()
    expect(page.locator(".passkeys .note")).to_be_visible()
    assert "/login/code" in page.url
    page.fill("#code", code)
    page.press("#code", "Enter")
    page.wait_for_url("**/medic/")
    page.goto(f"{address}/medic/settings")
    page.locator("form[action$=remove] button").click()
    sign_out(page)
    give_password(page, address)
    page.wait_for_url("**/medic/")
