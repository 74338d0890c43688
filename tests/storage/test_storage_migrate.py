"""``storage migrate`` as an operator meets it: folders, buckets of a real gateway, kills, the old application."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import pytest
from click.testing import CliRunner, Result

from oximetry.__main__ import main
from oximetry.adapters.stores.s3_store import S3Store
from oximetry.cli.common import opened_services
from oximetry.composition import Services
from oximetry.domain.ports import ObjectStore
from tests.e2e.live import ROOT, wait_until
from tests.factories import night_csv, night_name
from tests.storage.front import Front, front_of
from tests.storage.gateway import Gateway
from tests.storage.worlds import s3_config

PATIENT = str(uuid4())
NAME = "Popescu Ion"
EMAIL = "ana@localhost"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A platform on a folder, with a doctor."""
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("STORAGE_PATH", str(tmp_path / "storage"))
    assert CliRunner().invoke(main, ["migrate"]).exit_code == 0
    with opened_services() as services:
        services.accounts.create(EMAIL, "un-secret-de-test-lung")
    return tmp_path


def place(root: Path, key: str, content: bytes) -> None:
    path = root / key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def filled(root: Path, objects: int = 40) -> dict[str, bytes]:
    made = {f"{PATIENT}/csvs/{number:014d}_9001_0011aabb.csv": b"%d" % number * 500 for number in range(objects)}
    made |= {".oximetry/catalogue": b'{"catalogue": "x"}', "users/ab/c/1_aa": b"staged"}
    for key, content in made.items():
        place(root, key, content)
    return made


def files(root: Path) -> dict[str, bytes]:
    found = (path for path in root.rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in found}


def objects(store: ObjectStore) -> dict[str, bytes]:
    with ThreadPoolExecutor(8) as pool:
        keys = [found.key for found in store.list()]
        return dict(zip(keys, pool.map(store.get, keys), strict=True))


def migrate(*words: object, language: str = "en") -> Result:
    return CliRunner().invoke(main, ["storage", "migrate", "--language", language, *map(str, words)])


def told(report: Path) -> dict[str, str]:
    return {one["key"]: one["outcome"] for one in json.loads(report.read_text())["objects"]}


def test_a_dry_run_counts_and_changes_nothing(folder: Path) -> None:
    made = filled(folder / "laptop")
    place(folder / "laptop", f"{NAME}.csv", b"x")
    result = migrate("--from", f"local:{folder}/laptop", "--to", "local")
    assert result.exit_code == 0, result.output
    assert f"copied: {len(made)}" in result.output
    assert "left at the source (not the platform's, or old pictures): 1" in result.output
    assert "Nothing was changed" in result.output
    assert NAME not in result.output
    assert files(folder / "storage") == {}
    assert "Nu s-a schimbat nimic" in migrate("--from", f"local:{folder}/laptop", "--to", "local", language="ro").output


def test_a_folder_is_copied_compared_and_taken_back(folder: Path) -> None:
    made, report = filled(folder / "laptop"), folder / "report.json"
    key = f"{PATIENT}/csvs/{0:014d}_9001_0011aabb.csv"
    place(folder / "storage", key, made[key])
    words = ("--from", f"local:{folder}/laptop", "--to", "local", "--report", report)
    for _ in range(2):
        result = migrate(*words, "--apply")
        assert result.exit_code == 0, result.output
        assert files(folder / "storage") == made
        assert [name for name, outcome in told(report).items() if outcome == "already"] == [key]
    assert "taken back: 41" in migrate("--undo", report).output
    assert files(folder / "storage") == made
    assert migrate("--undo", report, "--apply").exit_code == 0
    assert files(folder / "storage") == {key: made[key]}
    assert migrate("--undo", report, "--apply").exit_code == 0
    assert migrate(*words, "--apply").exit_code == 0
    assert files(folder / "storage") == made


def test_other_bytes_at_the_target_are_told_and_stay(folder: Path) -> None:
    made = filled(folder / "laptop")
    key = next(iter(made))
    place(folder / "storage", key, b"damaged")
    words = ("--from", f"local:{folder}/laptop", "--to", "local")
    assert migrate(*words).exit_code == 1
    result = migrate(*words, "--apply", "--report", folder / "report.json")
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
    assert "nothing was overwritten" in result.stderr
    assert files(folder / "storage") == made | {key: b"damaged"}


def test_wrong_usage_is_2(folder: Path) -> None:
    (folder / "laptop").mkdir()
    laptop = f"local:{folder}/laptop"
    for words in (
        (),
        ("--from", laptop),
        ("--from", laptop, "--to", "local", "--apply"),
        ("--from", laptop, "--to", "local", "--undo", "x"),
        ("--from", "local", "--to", f"local:{folder}/storage"),
        ("--from", laptop, "--to", "ftp"),
        ("--from", laptop, "--to", "r2"),
        ("--from", laptop, "--to", "local", "--threads", "0"),
        ("--from", laptop, "--to", "local", "--doctor", "nobody@localhost"),
    ):
        assert migrate(*words).exit_code == 2, words
    assert migrate("--from", f"local:{folder}/absent", "--to", "local").exit_code == 1
    assert migrate("--undo", folder / "absent").exit_code == 1


@pytest.mark.parametrize("lines", sorted(random.Random(4).sample(range(1, 3900), 5)))
def test_a_killed_run_is_finished_by_the_next(folder: Path, lines: int) -> None:
    made, report = filled(folder / "laptop", objects=2000), folder / "report.json"
    words = ["storage", "migrate", "--from", f"local:{folder}/laptop", "--to", "local", "--apply", "--report", report]
    command = [sys.executable, "-m", "oximetry", *map(str, words)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    journal = folder / "report.json.journal"
    wait_until(lambda: journal.exists() and journal.read_bytes().count(b"\n") > lines, every_s=0.005)
    process.kill()
    assert process.wait(10) == -signal.SIGKILL
    assert not report.exists()
    result = migrate(*words[2:])
    assert result.exit_code == 0, result.output
    whole = {key: content for key, content in files(folder / "storage").items() if "/.unfinished" not in key}
    assert {key: whole.get(key) for key in made} == made
    assert set(told(report).values()) == {"copied"}
    assert migrate("--undo", report, "--apply").exit_code == 0
    assert [key for key in files(folder / "storage") if key in made] == []


class Buckets:
    """Buckets of the gateway, each behind the front of a provider, and their settings in the environment."""

    def __init__(self, gateway: Gateway, stack: ExitStack, monkeypatch: pytest.MonkeyPatch) -> None:
        self._gateway, self._stack, self._patch = gateway, stack, monkeypatch
        self.fronts: dict[str, Front] = {}
        self.stores: dict[str, S3Store] = {}

    def add(self, provider: str) -> S3Store:
        """A bucket as a provider has it, and a look at it past the front."""
        front = self._stack.enter_context(front_of(self._gateway.endpoint, provider))
        bucket = self._gateway.bucket()
        names = {
            "r2": ("R2_ENDPOINT", "R2_ACCESS_KEY_ID", "R2_SECRET_ACCESS_KEY", "R2_BUCKET_NAME"),
            "b2": ("B2_ENDPOINT", "B2_APPLICATION_KEY_ID", "B2_APPLICATION_KEY", "B2_BUCKET_NAME"),
            "gcs": ("GCS_ENDPOINT", "GCS_ACCESS_KEY_ID", "GCS_SECRET", "GCS_BUCKET_NAME"),
        }[provider]
        values = (front.endpoint, self._gateway.access_key, self._gateway.secret_key, bucket)
        for name, value in zip(names, values, strict=True):
            self._patch.setenv(name, value)
        self._patch.setenv("B2_REGION", "eu")
        self.fronts[provider] = front
        self.stores[provider] = S3Store(replace(s3_config(self._gateway, bucket)))
        return self.stores[provider]


@pytest.fixture
def buckets(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> Iterator[Buckets]:
    """Made one by one with ``add``."""
    with ExitStack() as stack:
        yield Buckets(gateway, stack, monkeypatch)


@pytest.mark.gateway
def test_a_folder_goes_to_a_bucket_and_comes_back(folder: Path, buckets: Buckets) -> None:
    made, bucket = filled(folder / "laptop"), buckets.add("r2")
    there = ("--from", f"local:{folder}/laptop", "--to", "r2", "--apply", "--report", folder / "there")
    assert migrate(*there).exit_code == 0
    assert objects(bucket) == made
    (folder / "back").mkdir()
    back = ("--from", "r2", "--to", f"local:{folder}/back", "--apply", "--report", folder / "back.json")
    assert migrate(*back).exit_code == 0
    assert files(folder / "back") == made


@pytest.mark.gateway
@pytest.mark.parametrize(("source", "target"), [("b2", "r2"), ("gcs", "r2"), ("r2", "gcs")])
def test_a_bucket_goes_to_another_providers_bucket_and_is_taken_back(
    folder: Path, buckets: Buckets, source: str, target: str
) -> None:
    before, after = buckets.add(source), buckets.add(target)
    made = filled(folder / "laptop", objects=60)
    for key, content in made.items():
        before.put(key, content, content_type="text/csv")
    words = ("--from", source, "--to", target, "--report", folder / "report")
    assert f"copied: {len(made)}" in migrate(*words).output
    assert objects(after) == {}
    result = migrate(*words, "--apply")
    assert result.exit_code == 0, result.output
    assert objects(after) == made
    assert migrate("--undo", folder / "report", "--apply").exit_code == 0
    assert (objects(after), objects(before)) == ({}, made)


@pytest.mark.gateway
def test_an_object_keeps_its_content_type_and_file_name(folder: Path, buckets: Buckets, gateway: Gateway) -> None:
    filled(folder / "laptop", objects=1)
    bucket = buckets.add("r2")
    migrate("--from", f"local:{folder}/laptop", "--to", "r2", "--apply", "--report", folder / "report")
    key = f"{PATIENT}/csvs/{0:014d}_9001_0011aabb.csv"
    head = gateway.client().head_object(Bucket=bucket._config.bucket, Key=key)
    assert head["ContentType"].startswith("text/csv")
    assert head["ContentDisposition"] == f'attachment; filename="{key.rpartition("/")[2]}"'


@pytest.mark.gateway
def test_the_four_states_there_and_back_lose_nothing(
    folder: Path, buckets: Buckets, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``off`` on B2, both written, migrated, the new one read, alone, and the same way back; a night in each state."""
    buckets.add("b2")
    buckets.add("r2")
    nights: list[str] = []
    with opened_services() as services:
        doctor = services.accounts.find(EMAIL)
        patient = services.links.create(doctor.id).patient.id

    def state(active: str, previous: str, transition: str) -> None:
        """The application with these settings: one more night is stored, and all of them are there to download."""
        monkeypatch.setenv("STORAGE_PROVIDER", active)
        monkeypatch.setenv("STORAGE_PREVIOUS", previous)
        monkeypatch.setenv("STORAGE_TRANSITION", transition)
        with opened_services() as services:
            start = datetime(2026, 1, len(nights) + 1, 22)
            one = {night_name("9001", start): night_csv(start, rows=400, spo2_pct=90 + len(nights) % 8)}
            nights.append(services.adding.add_recording(doctor.id, patient, one))
            assert all_are_there(services) == len(nights)

    def all_are_there(services: Services) -> int:
        cards = services.nights.shown(doctor.id, patient, "ro")
        assert {card.night.id for card in cards} == set(nights)
        return sum(bool(services.store.get(card.csv.key)) for card in cards)

    def moved(source: str, target: str, name: str) -> None:
        result = migrate("--from", source, "--to", target, "--apply", "--report", folder / name)
        assert result.exit_code == 0, result.output

    state("b2", "r2", "off")
    state("r2", "b2", "write_both")
    moved("b2", "r2", "there")
    monkeypatch.setenv("STORAGE_TRANSITION", "new_only")
    undone = migrate("--undo", folder / "there", "--apply")
    assert (undone.exit_code, "Step back first" in undone.stderr) == (1, True)
    for transition in ("read_new", "new_only", "read_new", "write_both"):
        state("r2", "b2", transition)
    moved("r2", "b2", "back")
    state("b2", "r2", "off")
