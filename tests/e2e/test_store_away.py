"""The store is away: what comes in is received, told as not archived, served from here, and archived afterwards."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import urllib.error
import urllib.request
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Response, expect

from tests.e2e import steps
from tests.e2e.live import EMAIL, Site, running, wait_until
from tests.storage.gateway import Gateway

pytestmark = [pytest.mark.browser, pytest.mark.gateway]

STORED_WITHIN_MS = 60_000
WAITS, AWAY = (
    "Așteaptă: Depozitul de fișiere nu răspunde",
    "Depozitul de fișiere nu răspunde. Fișierele noi sunt primite",
)


def test_a_batch_goes_on_while_the_store_is_away_and_is_archived_once(
    browser: Browser, tmp_path: Path, own_gateway: Gateway
) -> None:
    bucket = own_gateway.bucket()
    with running(tmp_path / "site", **s3_settings(own_gateway, bucket)) as site:
        nights = steps.write_nights(tmp_path, count=3, rows=3000)
        page = steps.sign_in(browser, site)
        answers: list[int] = []
        page.on("response", lambda answer: note_upload(answers, answer))
        steps.choose_files(page, nights[:2])
        expect(page.locator("#counts")).to_contain_text("2 citite", timeout=30_000)
        own_gateway.kill()
        steps.all_to_one(page)
        expect(page.locator("#counts")).to_contain_text(WAITS, timeout=30_000)
        expect(page.locator(f"{steps.ROWS} [col-id=remarks]").first).to_contain_text(WAITS)
        steps.choose_files(page, nights[2:])
        expect(page.locator("#counts")).to_contain_text("3 citite", timeout=60_000)
        expect(page.locator("#grid")).to_contain_text("Primit, încă nearhivat")
        expect(page.locator("#storage-state")).to_contain_text(AWAY, timeout=30_000)
        expect(page.locator("#storage-state")).to_contain_text("1 fișier este primit, încă nearhivat")
        assert set(answers) == {201}
        # each web process looks for itself, at most every ten seconds
        wait_until(lambda: ready(site)["storage"] == "down", within_s=60, every_s=0.5)
        assert ready(site)["outbox"]["pending"] == 1
        own_gateway.revive()
        expect(page.locator("#counts")).to_contain_text("2 salvate", timeout=STORED_WITHIN_MS)
        expect(page.locator("#storage-state")).to_be_empty(timeout=STORED_WITHIN_MS)
        expect(page.locator("#grid")).not_to_contain_text("Primit, încă nearhivat")
        assert steps.digests_in_batch(site) == steps.digests(nights)
        assert stored_nights(site) == 2
        wait_until(lambda: len(csv_objects(own_gateway, bucket)) == 2)


def test_a_night_stored_during_an_outage_opens_at_once_and_reaches_the_store_later(
    browser: Browser, tmp_path: Path, own_gateway: Gateway
) -> None:
    bucket = own_gateway.bucket()
    with running(tmp_path / "site", **s3_settings(own_gateway, bucket)) as site:
        [night] = steps.write_nights(tmp_path, count=1, rows=3000)
        own_gateway.kill()
        link = site.command("ingest", "--doctor", EMAIL, "--new-patient", str(night)).stdout.split()[-1]
        assert stored_nights(site) == 1
        page = steps.open_as_patient(browser, link)
        with page.expect_download() as download:
            page.locator("a[href*='/csvs/']").first.click()
        assert hashlib.sha256(download.value.path().read_bytes()).hexdigest() == steps.digests([night])[0]
        assert download.value.url.startswith(site.url + "/files/")
        own_gateway.revive()
        wait_until(lambda: ready(site)["outbox"]["pending"] == 0, within_s=60, every_s=0.5)
        [key] = csv_objects(own_gateway, bucket)
        stored = own_gateway.client().get_object(Bucket=bucket, Key=key)["Body"].read()
        assert stored == night.read_bytes()
        with page.expect_download() as download:
            page.locator("a[href*='/csvs/']").first.click()
        assert download.value.url.startswith(own_gateway.endpoint)


def test_a_download_from_a_store_that_is_away_gets_our_own_page(
    browser: Browser, tmp_path: Path, own_gateway: Gateway
) -> None:
    bucket = own_gateway.bucket()
    with running(tmp_path / "site", web_workers=1, **s3_settings(own_gateway, bucket)) as site:
        [night] = steps.write_nights(tmp_path, count=1, rows=3000)
        link = site.command("ingest", "--doctor", EMAIL, "--new-patient", str(night)).stdout.split()[-1]
        page = steps.open_as_patient(browser, link)
        page.locator("details.card").first.wait_for()
        own_gateway.kill()
        path = page.locator("a[href*='/csvs/']").first.get_attribute("href")
        wait_until(lambda: page.request.get(f"{site.url}{path}", max_redirects=0).status == 503, 30, every_s=0.5)
        answer = page.request.get(f"{site.url}{path}", max_redirects=0)
        assert "text/html" in answer.headers["content-type"]
        assert int(answer.headers["retry-after"]) > 0
        own_gateway.revive()
        wait_until(lambda: page.request.get(f"{site.url}{path}", max_redirects=0).status == 302, 30, every_s=0.5)


def ready(site: Site) -> dict[str, Any]:
    try:
        with urllib.request.urlopen(f"{site.url}/readyz", timeout=30) as answer:
            found: dict[str, Any] = json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            found = json.load(error)
    return found


def note_upload(answers: list[int], answer: Response) -> None:
    if "/medic/uploads/" in answer.url:
        answers.append(answer.status)


def s3_settings(gateway: Gateway, bucket: str) -> dict[str, str]:
    return {
        "STORAGE_PROVIDER": "s3",
        "S3_ENDPOINT": gateway.endpoint,
        "S3_ACCESS_KEY_ID": gateway.access_key,
        "S3_SECRET_ACCESS_KEY": gateway.secret_key,
        "S3_BUCKET_NAME": bucket,
    }


def csv_objects(gateway: Gateway, bucket: str) -> list[str]:
    """The nights' own files under a patient's prefix, the working space left out."""
    listed: Any = gateway.client().list_objects_v2(Bucket=bucket)
    return [str(one["Key"]) for one in listed.get("Contents", []) if "/csvs/" in one["Key"]]


def stored_nights(site: Site) -> int:
    with closing(sqlite3.connect(site.folder / "data" / "catalogue.sqlite")) as catalogue:
        return int(catalogue.execute("select count(*) from recordings").fetchone()[0])
