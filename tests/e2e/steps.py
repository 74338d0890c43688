"""What a doctor and a patient do in the browser, step by step."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.live import EMAIL, PASSWORD, Site
from tests.factories import night_csv, night_name

ROWS = ".ag-center-cols-container .ag-row:not([row-id^='device-'])"


def sign_in(
    browser: Browser,
    site: Site,
    *,
    width: int = 1280,
    language: str = "ro",
    account: tuple[str, str] = (EMAIL, PASSWORD),
) -> Page:
    """The doctor's batch in a fresh browser context."""
    context = browser.new_context(viewport={"width": width, "height": 900})
    context.add_cookies([{"name": "language", "value": language, "url": site.url}])
    page = context.new_page()
    page.goto(f"{site.url}/")
    page.fill("#email", account[0])
    page.fill("#password", account[1])
    page.click("button[type=submit]")
    page.locator("h1").wait_for()
    page.goto(f"{site.url}/medic/intake")
    page.locator("#drop-zone").wait_for()
    return page


def all_to_one(page: Page) -> None:
    """Every night of the batch to one new patient; nights of several devices ask first."""
    page.click("#all-to-new")
    confirmed = page.locator("#batch-links a").or_(page.locator("#doubts-yes"))
    expect(confirmed.first).to_be_visible(timeout=15_000)
    if page.locator("#doubts-yes").is_visible():
        page.click("#doubts-yes")


def open_first_patient(page: Page, site: Site) -> None:
    """The newest patient's page."""
    page.goto(f"{site.url}/medic/patients")
    page.locator("[data-open]").first.click()
    page.locator(".link-box").wait_for()


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
    """The first patient's link, from where the links of a batch are handed over."""
    page.locator("#batch-links a").wait_for(timeout=15_000)
    handover = page.context.new_page()
    handover.goto(str(page.evaluate("document.querySelector('#batch-links a').href")))
    link = handover.locator(".link-url").first.inner_text()
    handover.close()
    return link


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


def write_nights(folder: Path, count: int, rows: int) -> list[Path]:
    """Quiet nights in a row of days, as files; 12,000 rows are 330 KB."""
    paths = []
    for number in range(count):
        start = datetime(2025, 1, 1, 22) + timedelta(days=number)
        paths.append(folder / night_name("9001", start))
        paths[-1].write_bytes(night_csv(start, rows=rows))
    return paths


def row_of(page: Page, path: Path) -> Locator:
    """The line of a file that was not received yet."""
    return page.locator(".file-row").filter(has_text=path.name)


def digests_in_batch(site: Site) -> list[str]:
    """The digests of the files of the batch, one for each row that the doctor still sees."""
    with closing(sqlite3.connect(site.folder / "data" / "catalogue.sqlite")) as catalogue:
        rows = catalogue.execute("select sha256 from upload_items where state != 'discarded'").fetchall()
    return sorted(str(digest) for (digest,) in rows)


def digests(paths: list[Path]) -> list[str]:
    """Of the files on this side, to compare with ``digests_in_batch``."""
    return sorted(hashlib.sha256(path.read_bytes()).hexdigest() for path in paths)
