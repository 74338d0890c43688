"""A patient's link is copied, replaced and stopped; what was open with it says so at once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e import steps
from tests.e2e.conftest import Watched
from tests.e2e.live import Site, running

pytestmark = pytest.mark.browser

ROTATE = "details.ask summary"
ASKS = {"ro": ("Link nou", "Opriți linkul"), "en": ("New link", "Revoke the link")}


@pytest.fixture(scope="module")
def laptop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """SQLite and a local folder."""
    with running(tmp_path_factory.mktemp("laptop")) as site:
        yield site


@pytest.mark.parametrize(("language", "width"), [("ro", 1280), ("en", 360)])
def test_a_link_is_copied_replaced_and_stopped(
    browser: Browser, laptop: Site, tmp_path: Path, watched: Watched, language: str, width: int
) -> None:
    page = steps.sign_in(browser, laptop, width=width, language=language)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    watched.watch(page)
    first = give_to_a_new_patient(page, steps.write_nights(tmp_path, count=2, rows=3000))
    steps.open_first_patient(page, laptop)
    shown = page.locator(".link-box .link-url")
    expect(shown).to_have_text(first)
    expect(page.locator(".link-box img.qr")).to_be_visible()
    page.locator(".link-box [data-copy]").click()
    expect(page.locator(".link-box .copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == first
    preview_is_marked(page, language)

    phone = open_in(browser, first, language)
    watched.watch(phone)
    files = phone.locator(".downloads a").evaluate_all("all => all.map((one) => one.href)")
    assert {phone.request.get(url).status for url in files} == {200}

    page.locator(ROTATE, has_text=ASKS[language][0]).click()
    asked = page.locator(".link-box .ask .pop").first
    expect(asked).to_be_visible()
    page.keyboard.press("Escape")
    expect(asked).to_be_hidden()
    expect(shown).to_have_text(first)
    answer_yes(page, ASKS[language][0])
    expect(shown).not_to_have_text(first)
    second = shown.inner_text()
    phone.reload()
    opens_nothing(phone, language)
    assert {phone.request.get(url).status for url in files} == {404}

    phone = open_in(browser, second, language)
    answer_yes(page, ASKS[language][1])
    expect(shown).to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    phone.locator("details.card > summary").last.click()  # the open page's next request
    opens_nothing(phone, language)
    assert {phone.request.get(url).status for url in files} == {404}
    phone.reload()
    opens_nothing(phone, language)

    answer_yes(page, ASKS[language][0])
    third = shown.inner_text()
    assert len({first, second, third}) == 3
    open_in(browser, third, language)
    expect_refused(watched)


@pytest.mark.parametrize(("language", "width"), [("ro", 1280), ("en", 360)])
def test_a_link_with_a_code_is_opened_left_and_closed_from_afar(
    browser: Browser, laptop: Site, tmp_path: Path, watched: Watched, language: str, width: int
) -> None:
    page = steps.sign_in(browser, laptop, width=width, language=language)
    watched.watch(page)
    link = give_to_a_new_patient(page, steps.write_nights(tmp_path, count=2, rows=3600))
    steps.open_first_patient(page, laptop)
    phone = open_in(browser, link, language)
    watched.watch(phone)
    files = phone.locator(".downloads a").evaluate_all("all => all.map((one) => one.href)")

    guard = page.locator(".link-box details.more")
    page.reload()
    guard.locator("summary").click()
    guard.locator("form[action$=set-pin] button").click()
    guard.locator("summary").click()
    code = guard.locator("code").inner_text()
    assert re.fullmatch(r"\d{3} \d{3}", code)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")

    phone.reload()
    asked = phone.locator("form.pin")
    expect(asked).to_be_visible()
    assert phone.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert {phone.request.get(url).status for url in files} == {404}
    asked.locator("input").fill("000000" if code != "000 000" else "111111")
    asked.locator("button").click()
    expect(phone.locator("form.pin [role=alert]")).to_contain_text("9")
    phone.locator("form.pin input").fill(code)
    phone.locator("form.pin button").click()
    expect(phone.locator("details.card")).to_have_count(2)
    phone.reload()
    expect(phone.locator("details.card")).to_have_count(2)
    you = "dumneavoastră" if language == "ro" else "you, this"
    expect(phone.locator(".openings")).to_contain_text(you)
    assert {phone.request.get(url).status for url in files} == {200}

    phone.locator("[data-leave]").click()
    expect(phone.locator("[role=alert]")).to_contain_text("Ați închis pagina" if language == "ro" else "You closed")
    expect(phone.locator("details.card")).to_have_count(0)
    assert "#" not in phone.url
    assert {phone.request.get(url).status for url in files} == {404}

    phone.goto(link)
    phone.locator("form.pin input").fill(code.replace(" ", ""))
    phone.locator("form.pin button").click()
    expect(phone.locator("details.card")).to_have_count(2)
    page.reload()
    page.locator(".link-box form[action$=end-sessions] button").click()
    assert {phone.request.get(url).status for url in files} == {404}
    expected = re.compile(r"^console: (Failed to load resource.*40[134]|Error: Callback )")
    watched.problems = [problem for problem in watched.problems if not expected.match(problem)]


def give_to_a_new_patient(page: Page, nights: list[Path]) -> str:
    page.click("#new-batch")
    steps.choose_files(page, nights)
    expect(page.locator("#counts")).to_contain_text(re.compile("2 (citite|read)"), timeout=30_000)
    steps.all_to_one(page)
    link = steps.link_of(page)
    expect(page.locator("#counts")).to_contain_text(re.compile("2 (salvate|stored)"), timeout=30_000)
    return link


def preview_is_marked(page: Page, language: str) -> None:
    with page.context.expect_page() as opened:
        page.locator(".link-box a[target=_blank]").click()
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
    asked = page.locator("details.ask", has_text=button).first
    asked.locator("summary").click()
    asked.locator(".pop .btn").click()
    expect(page.locator(".link-box .inline.good")).to_be_visible()


def opens_nothing(phone: Page, language: str) -> None:
    said = "Acest link nu deschide nicio pagină" if language == "ro" else "This link opens no page"
    expect(phone.locator("[role=alert]")).to_contain_text(said)
    expect(phone.locator("details.card")).to_have_count(0)


def expect_refused(watched: Watched) -> None:
    """A refused link is a 404, which Chromium writes into its console; nothing else may stand there."""
    expected = re.compile(r"^console: (Failed to load resource.*404|Error: Callback )")
    watched.problems = [problem for problem in watched.problems if not expected.match(problem)]
