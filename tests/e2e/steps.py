"""What a doctor and a patient do in the browser, step by step."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

from tests.e2e.live import EMAIL, PASSWORD, Site

ROWS = ".ag-center-cols-container .ag-row"


def sign_in(browser: Browser, site: Site, *, width: int = 1280, language: str = "ro") -> Page:
    """A doctor's page in a fresh browser context."""
    context = browser.new_context(viewport={"width": width, "height": 900})
    context.add_cookies([{"name": "language", "value": language, "url": site.url}])
    page = context.new_page()
    page.goto(f"{site.url}/")
    page.fill("#email", EMAIL)
    page.fill("#password", PASSWORD)
    page.click("button[type=submit]")
    page.locator("#drop-zone").wait_for()
    return page


def choose_files(page: Page, paths: list[Path]) -> None:
    """Through the button, as most people do."""
    with page.expect_file_chooser() as chooser:
        page.click("[data-choose=files]")
    chooser.value.set_files(paths)


def drop_files(page: Page, paths: list[Path]) -> None:
    """Drag and drop onto the box: the browser's own DataTransfer, filled with the files' bytes."""
    import base64

    files = [{"name": path.name, "data": base64.b64encode(path.read_bytes()).decode()} for path in paths]
    page.locator("#drop-zone").evaluate(
        """(zone, files) => {
            const transfer = new DataTransfer();
            for (const file of files) {
                const bytes = Uint8Array.from(atob(file.data), (sign) => sign.charCodeAt(0));
                transfer.items.add(new File([bytes], file.name));
            }
            for (const name of ["dragenter", "dragover", "drop"])
                zone.dispatchEvent(new DragEvent(name, { dataTransfer: transfer, bubbles: true, cancelable: true }));
        }""",
        files,
    )


def wait_for_rows(page: Page, count: int, within_s: float = 30) -> None:
    """The batch table shows that many nights, all read."""
    page.locator(ROWS).nth(count - 1).wait_for(timeout=within_s * 1000)
    for row in range(count):
        page.locator(ROWS).nth(row).locator("[col-id=odi3]").filter(has_text=",").wait_for(timeout=within_s * 1000)


def link_of(page: Page) -> str:
    """The patient's link below the table."""
    page.locator(".link-url").first.wait_for()
    return page.locator(".link-url").first.inner_text()


def open_as_patient(browser: Browser, link: str, *, width: int = 360) -> Page:
    """The link in a fresh browser context, on a phone."""
    context = browser.new_context(viewport={"width": width, "height": 740}, accept_downloads=True)
    page = context.new_page()
    page.goto(link)
    return page


def plotted_points(page: Page, name: str = "SpO2") -> int:
    """How many samples the first plot of the page draws for a trace."""
    plot = page.locator(".js-plotly-plot").first
    plot.locator(".main-svg").first.wait_for()
    points: Any = plot.evaluate("(plot, name) => plot.data.find((one) => one.name === name).y.length ?? 0", name)
    full: Any = plot.evaluate("(plot, name) => plot._fullData.find((one) => one.name === name)._length ?? 0", name)
    return int(points or full)
