"""Confirming while the store is away: the rows wait with the reason, and everything is stored once it is back."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Response, expect

from tests.e2e import steps
from tests.e2e.live import Site, running, wait_until
from tests.storage.gateway import Gateway

pytestmark = [pytest.mark.browser, pytest.mark.gateway]

STORED_WITHIN_MS = 60_000


def test_confirming_while_the_store_is_away_waits_and_stores_once(
    browser: Browser, tmp_path: Path, own_gateway: Gateway
) -> None:
    waits, away = "Așteaptă: Depozitul de fișiere nu răspunde", "Depozitul de fișiere nu răspunde"
    bucket = own_gateway.bucket()
    with running(tmp_path / "site", **s3_settings(own_gateway, bucket)) as site:
        nights = steps.write_nights(tmp_path, count=3, rows=3000)
        page = steps.sign_in(browser, site)
        answers: list[int] = []
        page.on("response", lambda answer: note_upload(answers, answer))
        steps.choose_files(page, nights[:2])
        expect(page.locator("#counts")).to_contain_text("2 citite", timeout=30_000)
        own_gateway.kill()
        page.click("#all-to-new")
        expect(page.locator("#counts")).to_contain_text(waits, timeout=30_000)
        expect(page.locator(f"{steps.ROWS} [col-id=remarks]").first).to_contain_text(waits)
        steps.choose_files(page, nights[2:])
        expect(steps.row_of(page, nights[2])).to_contain_text(away, timeout=30_000)
        assert set(answers[2:]) == {503}
        assert stored_nights(site) == 0
        own_gateway.revive()
        expect(page.locator(".file-row")).to_have_count(0, timeout=STORED_WITHIN_MS)
        expect(page.locator("#counts")).to_contain_text("2 salvate", timeout=STORED_WITHIN_MS)
        expect(page.locator("#counts")).not_to_contain_text(waits)
        assert steps.digests_in_batch(site) == steps.digests(nights)
        assert stored_nights(site) == 2
        wait_until(lambda: len(csv_objects(own_gateway, bucket)) == 2)


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
