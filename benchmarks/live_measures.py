"""What the running platform does: uploads, a batch of 200 nights, the patient's page, redirects, memory."""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median, quantiles

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.report import Row
from benchmarks.report_generator import draw, fonts, pdf_of
from benchmarks.report_nights import csv_of, make_night, recorded_from
from oximetry import composition
from oximetry.domain.records import ItemState
from oximetry.settings import Settings
from tests.e2e import steps
from tests.e2e.conftest import CHROMIUM, FLAGS
from tests.e2e.live import EMAIL, Site, running, wait_until
from tests.factories import night_name, wavy_csv

NIGHTS = 200
REPORTS = 100
SAMPLES = 9000
COLD_LOADS = 7
REDIRECTS = 3000
CHANGES = 5


def upload(folder: Path) -> Iterator[Row]:
    """200 files of 250 KB through the browser, no worker running: only the way in is timed."""
    files = _files(folder, NIGHTS)
    with running(folder / "site", workers=0) as site, _chromium() as browser:
        page = steps.sign_in(browser, site)
        start = time.perf_counter()
        steps.choose_files(page, files)
        wait_until(lambda: _received(site) == NIGHTS, within_s=120, every_s=0.02)
        took = time.perf_counter() - start
    size = sum(path.stat().st_size for path in files) / NIGHTS / 1000
    yield Row(f"upload of {NIGHTS} files × {size:.0f} KB over loopback, in Chromium", "≤ 4 s", f"{took:.1f} s")


def batch(folder: Path) -> Iterator[Row]:
    """200 nights from the last byte dropped to the last picture, with one click in between; then memory."""
    files = _files(folder, NIGHTS)
    with running(folder / "site") as site, _chromium() as browser:
        wait_until(lambda: "pictures can be drawn" in site.log("worker0"), within_s=60)
        page = steps.sign_in(browser, site)
        slowest = _watch_requests(page)
        steps.choose_files(page, files)
        page.locator(f"{steps.ROWS} [col-id=odi3]").filter(has_text=",").first.wait_for()
        start_first = time.perf_counter()
        wait_until(lambda: _received(site) == NIGHTS, within_s=120, every_s=0.02)
        last_byte = time.perf_counter()
        wait_until(lambda: _states(site, ItemState.READ) == NIGHTS, within_s=300, every_s=0.1)
        read = time.perf_counter() - last_byte
        page.wait_for_timeout(1500)
        steps.all_to_one(page)
        wait_until(lambda: _plots(site, "ro") == NIGHTS, within_s=600, every_s=0.2)
        plotted = time.perf_counter() - last_byte
        wait_until(lambda: _plots(site, "en") == NIGHTS, within_s=600, every_s=0.2)
        both = time.perf_counter() - last_byte
        yield Row("200 nights: last byte → all read and analysed", "(part of 90 s)", f"{read:.1f} s")
        first = max(0.0, start_first - last_byte)
        yield Row("200 nights: last byte → first result on the page", "≤ 3 s", f"{first:.1f} s")
        yield Row("200 nights: last byte → all stored and plotted (Romanian)", "≤ 90 s", f"{plotted:.0f} s")
        yield Row("200 nights: … and in the second language too", "–", f"{both:.0f} s")
        yield Row("200 nights: slowest request of the doctor's page", "≤ 1 s", f"{max(slowest):.2f} s")
        web, worker = site.memory_mb("web"), site.memory_mb("worker0")
        yield Row("web worker memory (PSS), after that batch", "≤ 180 MB", f"{max(web):.0f} MB")
        yield Row("worker with renderer (PSS), after that batch", "≤ 900 MB", f"{sum(worker):.0f} MB")


def reports(folder: Path) -> Iterator[Row]:
    """100 nights, each with its report, from the last byte dropped until everything is read."""
    files = [path for seed in range(REPORTS) for path in _night_and_report(folder, seed)]
    with running(folder / "site") as site, _chromium() as browser:
        page = steps.sign_in(browser, site)
        steps.choose_files(page, files)
        wait_until(lambda: _received(site) == len(files), within_s=120, every_s=0.02)
        last_byte = time.perf_counter()
        wait_until(lambda: _states(site, ItemState.READ) == len(files), within_s=600, every_s=0.1)
        took = time.perf_counter() - last_byte
    yield Row(f"{REPORTS} reports beside {REPORTS} recordings: last byte → all read", "≤ 100 s", f"{took:.0f} s")


def _night_and_report(folder: Path, seed: int) -> list[Path]:
    night = make_night(seed)
    recording = folder / night_name("9001", recorded_from(night))
    recording.write_bytes(csv_of(night))
    paper = recording.with_suffix(".pdf")
    paper.write_bytes(pdf_of(draw(night, fonts()[seed % len(fonts())])))
    return [recording, paper]


def page(folder: Path) -> Iterator[Row]:
    """The patient's page in a cold Chromium context."""
    with running(folder / "site") as site, _chromium() as browser:
        link = _one_night(site, folder)
        took, sizes = zip(*(_cold_load(browser, link) for _ in range(COLD_LOADS)), strict=True)
        yield Row("patient page, cold Chromium: bytes", "≤ 900 KB", f"{max(sizes) / 1000:.0f} KB")
        yield Row("patient page, cold Chromium: first plot, median", "≤ 2.0 s", f"{median(took):.2f} s")


def exclusion(folder: Path) -> Iterator[Row]:
    """From the click that leaves a span out (or puts it back) to the new numbers on the screen."""
    with running(folder / "site") as site, _chromium() as browser:
        _one_night(site, folder)
        page = steps.sign_in(browser, site)
        page.goto(f"{site.url}/medic/")
        page.locator("[data-open]").first.click()
        took = []
        for _ in range(CHANGES):
            page.locator("#doctor-plot .main-svg").first.wait_for()  # the page came anew: its scripts are there
            page.click("[data-exclude]")
            page.fill("#exclude-from", "2024-01-02T01:00:00")
            page.fill("#exclude-to", "2024-01-02T02:00:00")
            page.fill("#exclude-reason", "benchmark")
            began = time.perf_counter()
            page.click("#exclude")
            page.locator(".excluded-span").wait_for()
            took.append(1000 * (time.perf_counter() - began))
            page.locator(".excluded-span button").click()
            page.locator(".excluded-span").wait_for(state="detached")
        yield Row("exclusion: click → new numbers on the page, median", "≤ 500 ms", f"{median(took):.0f} ms")


def redirect(folder: Path) -> Iterator[Row]:
    """Signed redirects of one web worker, one by one and eight at a time."""
    with running(folder / "site", web_workers=1) as site:
        link = _one_night(site, folder)
        cookie, path = _patients_cookie(site, link)
        one_by_one = [_get(site, path, cookie) for _ in range(300)]
        start = time.perf_counter()
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: _keep_getting(site, path, cookie, REDIRECTS // 8), range(8)))
        rate = REDIRECTS / (time.perf_counter() - start)
        p95 = quantiles(one_by_one, n=20)[-1] * 1000
        yield Row("signed redirect, p50 (p95)", "≤ 4 ms", f"{median(one_by_one) * 1000:.1f} ms ({p95:.1f} ms)")
        yield Row("signed redirects per second and worker", "≥ 400", f"{rate:.0f}")


def _files(folder: Path, count: int) -> list[Path]:
    made = []
    for number in range(count):
        start = datetime(2024, 1, 1, 21, 30, 0) + timedelta(days=number)
        path = folder / night_name("9001", start)
        path.write_bytes(wavy_csv(start, SAMPLES, 4, seed=number))
        made.append(path)
    return made


def _services(site: Site) -> composition.Services:
    names = Settings.names()
    values = {name.lower(): value for name, value in site.environment.items() if name in names}
    return composition.create_services(Settings.load(_env_file=None, **values))


def _count(site: Site, query: str) -> int:
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(site.folder / "data" / "catalogue.sqlite", timeout=30)) as database:
        return int(database.execute(query).fetchone()[0])


def _received(site: Site) -> int:
    return _count(site, "SELECT count(*) FROM upload_items")


def _states(site: Site, state: ItemState) -> int:
    return _count(site, f"SELECT count(*) FROM upload_items WHERE state = '{state.value}'")


def _plots(site: Site, language: str) -> int:
    return _count(site, f"SELECT count(*) FROM plots WHERE language = '{language}'")


def _watch_requests(page: Page) -> list[float]:
    slowest = [0.0]

    def note(request: object) -> None:
        timing = request.timing  # type: ignore[attr-defined]
        slowest.append((timing["responseEnd"] - max(timing["requestStart"], 0)) / 1000)

    page.on("requestfinished", note)
    return slowest


def _one_night(site: Site, folder: Path) -> str:
    (file,) = _files(folder, 1)
    link = site.command("ingest", "--doctor", EMAIL, "--new-patient", str(file)).stdout.split()[-1]
    wait_until(lambda: _plots(site, "ro") + _plots(site, "en") == 2, within_s=60)
    return link


def _cold_load(browser: Browser, link: str) -> tuple[float, float]:
    context = browser.new_context(viewport={"width": 360, "height": 740})
    page = context.new_page()
    sizes: dict[str, float] = {}
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    session.on("Network.loadingFinished", lambda event: sizes.update({event["requestId"]: event["encodedDataLength"]}))
    start = time.perf_counter()
    page.goto(link, wait_until="commit")
    page.locator(".plot.is-live").first.wait_for()
    took = time.perf_counter() - start
    page.wait_for_timeout(500)
    context.close()
    return took, sum(sizes.values())


def _patients_cookie(site: Site, link: str) -> tuple[str, str]:
    services = _services(site)
    opened = services.links.open(link.partition("#")[2])
    (card,) = services.nights.shown(opened.doctor_id, opened.patient_id, "ro")
    services.close()
    assert card.csv is not None
    connection = http.client.HTTPConnection("127.0.0.1", site.port)
    body = f'{{"secret": "{link.partition("#")[2]}"}}'
    connection.request("POST", "/patient/session", body, {"Content-Type": "application/json", "Origin": site.url})
    cookie = (connection.getresponse().getheader("Set-Cookie") or "").partition(";")[0]
    connection.close()
    return cookie, f"/patient/{card.csv.key}"


def _get(site: Site, path: str, cookie: str) -> float:
    connection = http.client.HTTPConnection("127.0.0.1", site.port)
    start = time.perf_counter()
    connection.request("GET", path, headers={"Cookie": cookie})
    answer = connection.getresponse()
    answer.read()
    took = time.perf_counter() - start
    connection.close()
    if answer.status != 302:
        raise RuntimeError(f"answered {answer.status}")
    return took


def _keep_getting(site: Site, path: str, cookie: str, times: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", site.port)
    for _ in range(times):
        connection.request("GET", path, headers={"Cookie": cookie})
        answer = connection.getresponse()
        answer.read()
        if answer.status != 302:
            raise RuntimeError(f"answered {answer.status}")
    connection.close()


class _chromium:
    def __enter__(self) -> Browser:
        self._playwright = sync_playwright().start()
        self._browser = self._playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        return self._browser

    def __exit__(self, *_: object) -> None:
        self._browser.close()
        self._playwright.stop()
