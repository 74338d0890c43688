"""A recording and its made-up report, which carries a name: paired by content, reconciled, stored without the name."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from benchmarks.report_generator import BUILT_IN, draw, pdf_of
from benchmarks.report_nights import Night, csv_of, make_night, recorded_from
from oximetry.services.storage.storage_check import FOLDER
from tests.e2e import steps
from tests.e2e.conftest import Watched
from tests.e2e.live import running, wait_until
from tests.factories import night_name

pytestmark = pytest.mark.browser


def night_with_a_name() -> Night:
    """Romanian, threshold 90, a few hours, some name."""
    found = (make_night(seed) for seed in range(1000))
    return next(
        night
        for night in found
        if night.age and night.language == "ro" and night.truth["threshold_pct"] == 90 and len(night.spo2_pct) > 2000
    )


def test_a_report_with_a_name_is_paired_reconciled_and_stored_without_it(
    browser: Browser, tmp_path: Path, watched: Watched
) -> None:
    night = night_with_a_name()
    recording, paper = tmp_path / night_name("9001", recorded_from(night)), tmp_path / "scan.pdf"
    recording.write_bytes(csv_of(night))
    paper.write_bytes(pdf_of(draw(night, BUILT_IN)))
    with running(tmp_path / "site") as site:
        page = steps.sign_in(browser, site)
        watched.watch(page)
        steps.choose_files(page, [recording, paper])
        expect(page.locator("#counts")).to_have_text("1 fișier · 1 citit", timeout=30_000)
        expect(page.locator(f"{steps.ROWS} [col-id=pdf]").first).to_contain_text("✓")
        expect(page.locator("#joins")).to_contain_text("date personale")
        steps.all_to_one(page)
        expect(page.locator("#counts")).to_contain_text("1 salvat", timeout=30_000)
        page.locator(f"{steps.ROWS} [col-id=odi3]").first.click()
        beside = page.locator("#night-reports details")
        beside.locator("summary").click()
        expect(beside).to_contain_text("numărat de aparat")
        expect(beside).not_to_contain_text("ar trebui să fie la fel")
        expect(beside.locator("tr", has_text="SpO2 maximă")).to_contain_text(str(night.truth["spo2_max_pct"]))

        patient = steps.open_as_patient(browser, steps.link_of(page))
        watched.watch(patient)
        report = patient.locator("summary", has_text="Raportul producătorului")
        wait_until(lambda: shown_after_reload(patient, report), every_s=0.5)  # it is stored right behind its night
        report.click()
        expect(patient.locator("details.card")).to_contain_text("sunt acoperite")
        picture = patient.request.get(
            f"{site.url}{patient.locator('a', has_text='Imaginea paginii').get_attribute('href')}"
        )
        assert (picture.status, picture.headers["content-type"]) == (200, "image/png")
        with patient.expect_download() as download:
            patient.locator("a[href*='/pdfs/']").click()
        assert Path(download.value.path()).read_bytes() != paper.read_bytes()
        kept = [path for path in (tmp_path / "site").rglob("*") if path.is_file() and FOLDER not in path.as_posix()]
        assert [path.name for path in kept if night.name.encode() in path.read_bytes()] == []


def shown_after_reload(patient: Page, part: Locator) -> bool:
    patient.reload()
    patient.locator("#nights > *").first.wait_for()
    return part.count() > 0
