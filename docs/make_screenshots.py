"""Takes the README's pictures from a running platform with synthetic nights: ``python docs/make_screenshots.py``."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from playwright.sync_api import sync_playwright

from oximetry.samples.samples import samples
from tests.e2e import steps
from tests.e2e.conftest import CHROMIUM, FLAGS
from tests.e2e.live import running, wait_until

DOCS = Path(__file__).resolve().parent


def main() -> None:
    """The doctor's batch, work list and night at 1280 px, the patient's page at 360 and 1280 px."""
    with tempfile.TemporaryDirectory() as folder:
        nights = Path(folder) / "nights"
        nights.mkdir()
        for sample in samples():
            (nights / sample.name).write_bytes(sample.content)
        (nights / "tensiune.csv").write_text("Date,Time,SYS(mmHg),DIA(mmHg)\n2025/10/15,20:00,140,90\n")
        with running(Path(folder) / "site") as site, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            page = steps.sign_in(browser, site)
            steps.choose_files(page, sorted(nights.iterdir()))
            steps.wait_for_rows(page, len(list(samples())))
            page.click("#per-device")
            page.locator(".device-group input").first.wait_for()
            page.screenshot(path=DOCS / "batch-1280.png", full_page=True)
            steps.all_to_one(page)
            link = steps.link_of(page)
            wait_until(lambda: len(list((Path(folder) / "site/storage").glob("*/plots/*.png"))) >= 18, within_s=120)
            page.goto(f"{site.url}/medic/?state=all")
            page.screenshot(path=DOCS / "worklist-1280.png")
            page.locator("[data-open]").nth(1).click()
            page.locator("#doctor-plot .main-svg").first.wait_for()
            page.wait_for_timeout(1200)
            page.screenshot(path=DOCS / "night-1280.png", full_page=True)
            for width in (360, 1280):
                phone = steps.open_as_patient(browser, link, width=width)
                phone.locator(".plot.is-live").first.wait_for()
                phone.wait_for_timeout(800)
                phone.screenshot(path=DOCS / f"patient-{width}.png", full_page=width == 360)
            browser.close()


if __name__ == "__main__":
    main()
