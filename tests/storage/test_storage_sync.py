"""``storage sync`` as an operator meets it: on a folder, and on a real gateway with thousands of objects."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from botocore.awsrequest import AWSResponse
from click.testing import CliRunner, Result

from oximetry.__main__ import main
from oximetry.adapters.catalogue.catalogue import Catalogue, utc_now
from oximetry.adapters.stores.s3_store import S3Store
from oximetry.domain.sync.sync_records import FileFilter, FileState, RunState
from oximetry.domain.sync.syncing import SENTINEL_KEY
from oximetry.services.sync.sync_planning import SyncLimits
from oximetry.services.sync.syncing import SyncService
from tests.e2e.live import ROOT, wait_until
from tests.storage.gateway import Gateway
from tests.storage.worlds import s3_config

OBJECTS = 2000
THREADS = 16


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A platform on a folder, with one old object that has no row."""
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("STORAGE_PATH", str(tmp_path / "storage"))
    assert CliRunner().invoke(main, ["migrate"]).exit_code == 0
    place(tmp_path, f"{uuid4()}/csvs/20251007230437_9001_0011aabb.csv")
    return tmp_path


def place(folder: Path, key: str) -> None:
    path = folder / "storage" / key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"some bytes")
    os.utime(path, (0, 0))


def sync(*words: object, language: str = "en") -> Result:
    return CliRunner().invoke(main, ["storage", "sync", "--language", language, *map(str, words)])


def test_a_dry_run_says_what_it_found_and_changes_nothing(folder: Path) -> None:
    for _ in range(2):
        result = sync()
        assert result.exit_code == 0, result.output
        assert "of nobody (they get a row, unassigned): 1" in result.output
        assert "/csvs/20251007230437_9001_0011aabb.csv" in result.output
        assert "Nothing was changed" in result.output
    assert "Nu s-a schimbat nimic" in sync(language="ro").output


def test_the_plan_of_a_file_is_applied_and_applying_it_again_changes_nothing(folder: Path) -> None:
    assert sync("--plan", folder / "plan").exit_code == 0
    assert len((folder / "plan").read_text().splitlines()) == 2
    first, again = sync("--apply", folder / "plan"), sync("--apply", folder / "plan")
    assert (first.exit_code, first.output) == (0, again.output)
    assert "of nobody (they get a row, unassigned): 1" in first.output
    assert "of nobody (they get a row, unassigned): 0" in sync().output


def test_a_plan_that_was_edited_is_refused_in_one_sentence(folder: Path) -> None:
    sync("--plan", folder / "plan")
    (folder / "plan").write_text((folder / "plan").read_text().replace("0011aabb", "0011aacc"))
    result = sync("--apply", folder / "plan")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.count("\n") == 1
    assert "not the plan that was made" in result.stderr
    (folder / "plan").write_bytes(b"\xff\xfe\x00")
    assert sync("--apply", folder / "plan").exit_code == 1


def test_a_store_that_was_swapped_stops_it(folder: Path) -> None:
    sync("--plan", folder / "plan")
    sync("--apply", folder / "plan")
    (folder / "storage").rename(folder / "elsewhere")
    (folder / "storage").mkdir()
    result = sync()
    assert result.exit_code == 1
    assert "sentinel is missing" in result.stderr
    (folder / "storage").rmdir()
    (folder / "elsewhere").rename(folder / "storage")
    assert sync("--init").exit_code == 0
    assert sync().exit_code == 0


def test_wrong_usage_is_2(folder: Path) -> None:
    assert sync("--apply", folder / "absent").exit_code == 2
    assert sync("--init", "--plan", folder / "plan").exit_code == 2
    assert sync("--plan", folder / "no" / "such" / "folder").exit_code == 2
    assert sync("--nonsense").exit_code == 2


def test_limits_are_settings(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(30):
        place(folder, f"old/{number}")
    sync("--plan", folder / "plan")
    sync("--apply", folder / "plan")
    _age_rows(folder)
    for number in range(3):
        (folder / "storage" / "old" / str(number)).unlink()
    result = sync()
    assert result.exit_code == 1
    assert "3 of 31 rows would go; the limit is 100 rows or 5 %" in result.stderr
    monkeypatch.setenv("STORAGE_SYNC_MAX_REMOVED_PCT", "10")
    assert sync().exit_code == 0
    monkeypatch.setenv("STORAGE_SYNC_MAX_REMOVED", "2")
    assert sync().exit_code == 1


def test_an_application_that_is_killed_is_finished_by_the_next(folder: Path) -> None:
    for number in range(3000):
        place(folder, f"old/{number:04d}")
    sync("--plan", folder / "plan")
    catalogue = folder / "data" / "catalogue.sqlite"
    words = [sys.executable, "-m", "oximetry", "storage", "sync", "--apply", str(folder / "plan")]
    process = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_until(lambda: asked(catalogue, "SELECT count(*) FROM stored_files") > 0, every_s=0.002)
    process.kill()
    assert process.wait(10) == -signal.SIGKILL
    assert 0 < asked(catalogue, "SELECT count(*) FROM stored_files") < 3001
    result = sync("--apply", folder / "plan")
    assert (result.exit_code, "Another synchronisation is running" in result.stderr) == (1, True)
    asked(catalogue, "UPDATE sync_state SET lease_until = '2026-01-01 00:00:00.000000'")
    result = sync("--apply", folder / "plan")
    assert (result.exit_code, "unassigned): 3,001" in result.output) == (0, True)
    assert asked(catalogue, "SELECT count(*) FROM stored_files") == 3001
    assert asked(catalogue, "SELECT count(*) FROM audit_events WHERE act = 'file_found'") == 3001


def asked(catalogue: Path, statement: str) -> int:
    with closing(sqlite3.connect(catalogue, timeout=30)) as connection, connection:
        row = connection.execute(statement).fetchone()
        return int(row[0]) if row else 0


def _age_rows(folder: Path) -> None:
    """As if a week had passed since they were written."""
    catalogue = Catalogue(f"sqlite:///{folder / 'data' / 'catalogue.sqlite'}")
    with catalogue._engine.begin() as connection:
        connection.exec_driver_sql("UPDATE stored_files SET updated_at = datetime(updated_at, '-7 days') || '.000000'")
    catalogue.dispose()


@pytest.fixture
def bucket(gateway: Gateway) -> S3Store:
    """A bucket with thousands of objects, written by sixteen threads."""
    name, client = gateway.bucket(), gateway.client()
    patient = uuid4()
    with ThreadPoolExecutor(THREADS) as pool:
        keys = [f"{patient}/csvs/{number:014d}_9001_0011aabb.csv" for number in range(OBJECTS)]
        list(pool.map(lambda key: client.put_object(Bucket=name, Key=key, Body=key.encode()), keys))
    return S3Store(s3_config(gateway, name))


@pytest.mark.gateway
def test_thousands_of_objects_of_a_gateway_get_their_rows(bucket: S3Store, sqlite_url: str) -> None:
    catalogue = Catalogue(sqlite_url)
    service = SyncService(catalogue, bucket, lambda: utc_now() + timedelta(days=2), SyncLimits())
    run = service.plan_now()
    assert (run.state, run.counts["objects"], run.counts["orphaned"]) == (RunState.PLANNED, OBJECTS, OBJECTS)
    assert json.loads(next(iter(service.lines(run.id))))["entries"] == OBJECTS
    report = service.apply_now(run.id, run.sha256 or "").counts
    assert (report["done_orphaned"], report["done_failed"], report["done_skipped"]) == (OBJECTS, 0, 0)
    with catalogue.read() as transaction:
        assert transaction.files.live_count() == OBJECTS
        [one] = transaction.file_list.page(FileFilter(state=FileState.ORPHAN), None, 1)
    assert one.file.size == len(one.file.key)
    again = service.plan_now()
    assert (again.entries, again.counts["objects"], again.counts["rows"]) == (0, OBJECTS, OBJECTS)
    catalogue.dispose()


@pytest.mark.gateway
def test_a_listing_of_the_gateway_that_is_cut_in_the_middle_is_no_plan(bucket: S3Store, sqlite_url: str) -> None:
    catalogue = Catalogue(sqlite_url)
    service = SyncService(catalogue, bucket, lambda: utc_now() + timedelta(days=2), SyncLimits())
    pages = []

    def ends_early(parsed: dict[str, object], http_response: AWSResponse, **_: object) -> None:
        pages.append(http_response.status_code)
        if len(pages) == 2:
            parsed.pop("NextContinuationToken", None)
            parsed["IsTruncated"] = True

    bucket.client().meta.events.register("after-call.s3.ListObjectsV2", ends_early)
    run = service.plan_now()
    assert len(pages) == 2
    assert (run.state, run.reason) == (RunState.ABORTED, "storage_listing_incomplete")
    assert bucket.get(SENTINEL_KEY)
    catalogue.dispose()
