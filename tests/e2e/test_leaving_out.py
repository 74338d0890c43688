"""A doctor drags over the plot of a real stored night, leaves the span out, and puts it back."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e import steps
from tests.e2e.conftest import Watched
from tests.e2e.live import EMAIL, Site, running, wait_until
from tests.factories import night_name, wavy_csv

pytestmark = pytest.mark.browser

START = datetime(2025, 1, 1, 22, 0, 0)


def drag_over_the_plot(page: Page) -> None:
    """From the plot's 40th to its 60th percent."""
    box = page.locator("#doctor-plot .nsewdrag").first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.4 * box["width"], box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 60, steps=5)
    page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 60, steps=5)
    page.mouse.up()


def open_night(page: Page, site: Site) -> None:
    page.goto(f"{site.url}/medic/")
    page.locator("[data-open]").first.click()
    page.locator("#doctor-plot .main-svg").first.wait_for()


def stored(site: Site, folder: Path) -> str:
    path = folder / night_name("9001", START)
    path.write_bytes(wavy_csv(START, 6000, 4))
    return site.command("ingest", "--doctor", EMAIL, "--new-patient", str(path)).stdout.split()[-1]


def test_a_span_is_left_out_and_put_back(browser: Browser, tmp_path: Path, watched: Watched) -> None:
    with running(tmp_path / "site") as site:
        link = stored(site, tmp_path)
        page = steps.sign_in(browser, site)
        watched.watch(page)
        open_night(page, site)
        headline, caption = page.locator("#night-numbers .lead dd").first, page.locator("#night-caption")
        before = headline.inner_text()

        page.locator(".live-plot").focus()
        page.keyboard.press("e")
        page.click("#exclude")
        expect(page.locator("#exclude-effect")).to_contain_text("Lipsește începutul sau sfârșitul")
        drag_over_the_plot(page)
        expect(page.locator("#exclude-from")).to_have_value(re.compile("^2025-01-02T00:"))
        expect(page.locator("#exclude-effect")).to_contain_text("→")  # before anything is saved
        page.click("#exclude")
        expect(page.locator("#exclude-effect")).to_contain_text("Lipsește motivul")
        page.fill("#exclude-reason", "senzor mișcat")
        page.click("#exclude")
        expect(headline).not_to_have_text(before)
        expect(page.locator(".excluded-span")).to_contain_text("senzor mișcat")
        excluded = caption.inner_text()
        steps_of_the_band(page)
        wait_until(lambda: page.locator("#doctor-plot").evaluate(HAS_EXCLUDED), within_s=10)

        patient = steps.open_as_patient(browser, link)
        watched.watch(patient)
        expect(patient.locator("details.card").first).to_contain_text("Medicul a lăsat deoparte")
        patient.locator("details.explain summary").first.click()
        expect(patient.locator(".explain .caption").first).to_contain_text(excluded)

        page.locator(".excluded-span button").click()
        expect(headline).to_have_text(before)
        expect(page.locator(".excluded-span")).to_have_count(0)
        patient.reload()
        expect(patient.locator("details.card").first).not_to_contain_text("Medicul a lăsat deoparte")


SHOWN = """(frame) => {
    const plot = frame.querySelector(".js-plotly-plot");
    const seconds = (text) => Date.parse(`${text.replace(" ", "T")}Z`) / 1000;
    const nadirs = plot.data.filter((one) => String((one.marker || {}).symbol).startsWith("triangle-up"));
    return [plot._fullLayout.xaxis.range.map(seconds), nadirs.flatMap((one) => one.x.map(seconds)).sort()];
}"""


def test_keys_step_through_the_events_zoom_and_explain(browser: Browser, tmp_path: Path, watched: Watched) -> None:
    with running(tmp_path / "site", workers=1) as site:
        stored(site, tmp_path)
        page = steps.sign_in(browser, site)
        watched.watch(page)
        open_night(page, site)
        plot = page.locator("#doctor-plot")
        page.locator(".live-plot").focus()
        (from_s, to_s), nadirs = plot.evaluate(SHOWN)
        whole = to_s - from_s
        for _ in range(8):
            page.keyboard.press("ArrowRight")
        (left, right), _ = plot.evaluate(SHOWN)
        assert right - left == 600
        here = (left + right) / 2
        assert here in nadirs
        page.keyboard.press("ArrowLeft")
        (left, right), _ = plot.evaluate(SHOWN)
        assert (left + right) / 2 == nadirs[nadirs.index(here) - 1]
        page.keyboard.press("+")
        assert plot.evaluate(SHOWN)[0][1] - plot.evaluate(SHOWN)[0][0] == 300
        page.keyboard.press("0")
        assert plot.evaluate(SHOWN)[0][1] - plot.evaluate(SHOWN)[0][0] == whole
        page.keyboard.press("?")
        expect(page.locator(".plot-help")).to_contain_text("desaturarea dinainte")
        expect(page.locator(".plot-help p").first).to_be_visible()


HAS_EXCLUDED = """(frame) => !!frame.querySelector('.js-plotly-plot')?.data
  ?.some((one) => one.name === 'SpO2 exclus')"""


def steps_of_the_band(page: Page) -> None:
    """The number opens to the samples it was made from and the band it would have."""
    page.locator("#night-numbers summary").nth(1).click()
    opened = page.locator("#night-numbers details[open]").first
    expect(opened).to_contain_text("puse la extreme")
    expect(opened).to_contain_text("Jung 2018")
    page.click("#tab-provenance")
    expect(page.locator("#panel-provenance")).to_contain_text(re.compile(r"Din 4\.\d{3} eșantioane valide din 6\.000"))
