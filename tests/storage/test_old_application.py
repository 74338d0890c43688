"""Importing the application that was here before: every night once, no name anywhere, and back again."""

from __future__ import annotations

import io
import json
import logging
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import pytest
from PIL import Image

from app_instance import create_app
from oximetry.cli.common import opened_services
from oximetry.domain.migration.old_layout import OldHouse, OldKind, harmless_name, kind_of, token_and_name
from oximetry.services.incoming import IncomingFile
from tests.factories import night_csv, night_name
from tests.storage.test_storage_migrate import EMAIL, NAME, Buckets, buckets, files, folder, migrate, place, told

__all__ = ["buckets", "folder"]

ANA, ION, STOPPED = (str(uuid4()) for _ in range(3))
STARTS = [datetime(2025, 10, day, 22, 10, 5) for day in (1, 2, 3, 4)]


def blank_pdf() -> bytes:
    """A whole PDF of no known layout."""
    content = io.BytesIO()
    Image.new("L", (60, 80), 255).save(content, "PDF")
    return content.getvalue()


def night(number: int) -> bytes:
    return night_csv(STARTS[number], rows=600, spo2_pct=90 + number)


def old_house(root: Path) -> None:
    """Three patients in the shapes that the old application had over the years."""
    links = {
        ANA: {"device_name": "Checkme O2 #9001", "notes": NAME, "is_active": True, "patient_name": NAME},
        ION: {"device_name": "Checkme O2 #9002", "created_at": "2025-10-01T10:00:00"},
        STOPPED: {"is_active": False},
    }
    place(root, "patient_links.json", json.dumps(links).encode())
    data = f"patient_data/{ANA}"
    place(root, f"{data}/recording_ab12cd34.csv", night(0))
    place(root, f"{data}/csvs/{NAME} {night_name('9001', STARTS[1])}", night(1))
    place(root, f"{data}/pdfs/{NAME} Checkme O2 9001_{STARTS[1]:%Y%m%d%H%M%S}.pdf", blank_pdf())
    place(root, f"{data}/plots/{NAME}.png", b"an old picture")
    place(root, f"{data}/csvs/{NAME} ș.csv", b"no recording at all")
    recordings = [
        {"id": "ab12cd34", "original_filename": night_name("9001", STARTS[0]), "recording_date": "2025-10-01",
         "csv_path": f"patient_data\\{ANA}\\recording_ab12cd34.csv", "patient_name": NAME},
    ]  # fmt: skip
    place(root, f"{data}/recordings.json", json.dumps(recordings).encode())
    place(root, f"{ION}/csvs/{night_name('9002', STARTS[2])}", night(2))
    place(root, f"patient_data/{STOPPED}/csvs/{night_name('9001', STARTS[3])}", night(3))


@pytest.fixture
def old(folder: Path) -> Path:
    old_house(folder / "old")
    return folder


def words(old: Path, report: str = "report") -> tuple[object, ...]:
    return "--from", f"local:{old}/old", "--to", "local", "--doctor", EMAIL, "--apply", "--report", old / report


def count(old: Path, table: str, where: str = "1") -> int:
    with closing(sqlite3.connect(old / "data" / "catalogue.sqlite")) as connection:
        return int(connection.execute(f"SELECT count(*) FROM {table} WHERE {where}").fetchone()[0])


def test_a_dry_run_tells_what_would_come_and_what_is_refused(old: Path) -> None:
    before = files(old / "storage")
    result = migrate(*words(old)[:6])
    assert result.exit_code == 1
    assert "The old application, 3 patients:" in result.output
    assert "imported: 8" in result.output  # three patients, four nights, one report
    assert "refused: 1" in result.output
    assert (files(old / "storage"), count(old, "patients")) == (before, 0)
    assert NAME not in result.output
    result = migrate(*words(old)[:4])
    assert (result.exit_code, "--doctor" in result.stderr) == (0, True)
    assert migrate(*words(old)[:4], "--apply", "--report", old / "r").exit_code == 2
    assert count(old, "patients") == 0


def test_importing_twice_is_importing_once(old: Path) -> None:
    result = migrate(*words(old))
    assert result.exit_code == 1  # the file that is no recording
    assert "refused: 1" in result.output
    for report in ("report", "another"):
        migrate(*words(old, report))
        assert [count(old, table) for table in ("patients", "recordings", "device_reports", "retired_links")] == [
            3, 4, 1, 3,
        ]  # fmt: skip
    assert sorted(set(told(old / "report").values())) == ["imported", "left", "refused"]
    assert "imported" not in told(old / "another").values()
    assert count(old, "device_reports", "recording_id IS NOT NULL") == 1
    assert count(old, "jobs", "name = 'render_plot'") == 8
    stored = [key for key in files(old / "storage") if not key.startswith("users/")]
    assert sorted(key.split("/")[1] for key in stored) == ["csvs", "csvs", "csvs", "csvs", "pdfs"]
    assert not any(token in key for key in stored for token in (ANA, ION, STOPPED))


def test_no_name_and_no_old_token_is_kept_anywhere(old: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        output = migrate(*words(old)).output
    texts = [output, caplog.text, *(path.read_text(errors="replace") for path in old.glob("report*"))]
    with closing(sqlite3.connect(old / "data" / "catalogue.sqlite")) as connection:
        texts += ["\n".join(connection.iterdump())]
    texts += list(files(old / "storage"))
    for secret in (NAME, "Popescu", ANA, ION, STOPPED):
        assert not any(secret in text for text in texts)


def test_an_old_link_opens_the_new_page_and_a_stopped_one_does_not(old: Path) -> None:
    migrate(*words(old))
    with opened_services() as services:
        client = create_app(services.settings, services).test_client()
        base = services.settings.base_url
        answers = {
            token: client.post(
                "/patient/old-link", data={"token": token}, headers={"Origin": base}, base_url=base
            ).location
            for token in (ANA, ION, STOPPED)
        }
        doctor = services.accounts.find(EMAIL)
        urls = {card.url for card in services.links.cards(doctor.id)}
    assert answers[STOPPED] is None
    assert {answers[ANA], answers[ION]} < urls


def test_what_the_doctor_removed_stays_removed(old: Path) -> None:
    migrate(*words(old))
    with opened_services() as services:
        doctor = services.accounts.find(EMAIL)
        with services.catalogue.read() as transaction:
            gone = transaction.nights.of_doctor(doctor.id)[0]
        services.nights.remove(doctor.id, gone.id)
    migrate(*words(old, "again"))
    assert count(old, "recordings", "state = 'removed'") == 1


def test_undo_takes_back_what_nobody_touched_and_a_later_import_brings_it_again(old: Path) -> None:
    migrate(*words(old))
    report = old / "report"
    assert migrate("--undo", report).exit_code == 0
    assert count(old, "recordings", "state = 'stored'") == 4
    result = migrate("--undo", report, "--apply")
    assert result.exit_code == 0, result.output
    assert count(old, "recordings", "state = 'stored'") == 0
    assert count(old, "patient_links", "revoked_at IS NULL") == 0
    assert count(old, "retired_links", "retired_at IS NULL") == 0
    assert count(old, "stored_files", "reference_type = 'patient' AND deleted_at IS NULL") == 0
    migrate(*words(old))
    assert (count(old, "patients"), count(old, "recordings", "state = 'stored'")) == (3, 4)
    assert count(old, "retired_links", "retired_at IS NULL") == 2


@pytest.mark.parametrize("touch", ["label", "open", "retire", "more"])
def test_what_somebody_touched_stays_and_says_why(old: Path, touch: str) -> None:
    migrate(*words(old))
    with opened_services() as services:
        links, doctor = services.links, services.accounts.find(EMAIL)
        ana = next(one["ref"] for one in objects(old / "report") if one["outcome"] == "imported")
        card = links.card(doctor.id, ana)
        acts: dict[str, Callable[[], object]] = {
            "label": lambda: links.set_label(doctor.id, ana, "pat 3"),
            "open": lambda: links.open(str(card.url).partition("#")[2]),
            "retire": lambda: links.rotate(doctor.id, ana),
            "more": lambda: services.adding.add_files(
                doctor, ana, [IncomingFile(night_name(), night_csv(rows=600, spo2_pct=97))]
            ),
        }
        acts[touch]()
    result = migrate("--undo", old / "report", "--apply")
    assert (result.exit_code, "stays" in result.stderr) == (1, True)
    assert count(old, "patient_links", "revoked_at IS NULL") == 1
    assert count(old, "recordings", f"state = 'stored' AND patient_id = '{ana}'") >= 1


def objects(report: Path) -> list[dict[str, str]]:
    return list(json.loads(report.read_text())["objects"])


@pytest.mark.gateway
def test_the_old_application_comes_out_of_a_bucket(
    folder: Path, buckets: Buckets, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket = buckets.add("b2")
    bucket.put("patient_links.json", json.dumps([{"token": ION}]).encode(), content_type="application/json")
    bucket.put(f"{ION}/csvs/{night_name('9002', STARTS[2])}", night(2), content_type="text/csv")
    bucket.put(f"{uuid4()}/csvs/ours.csv", b"ours", content_type="text/csv")
    result = migrate("--from", "b2", "--to", "local", "--doctor", EMAIL, "--apply", "--report", folder / "report")
    assert result.exit_code == 0, result.output
    assert (count(folder, "recordings"), len(files(folder / "storage"))) == (1, 2 + 1)
    assert "imported: 2" in result.output
    assert "copied: 1" in result.output
    buckets.add("r2")
    monkeypatch.setenv("STORAGE_PROVIDER", "local")
    again = migrate("--from", "b2", "--to", "r2", "--doctor", EMAIL)
    assert (again.exit_code, "the platform uses now (local)" in again.stderr) == (2, True)


def test_every_shape_of_the_links_is_read() -> None:
    shapes = (
        {ANA: {"is_active": False}},
        [{"token": ANA, "is_active": False, "notes": NAME}],
        {"links": [{"uuid": ANA, "active": False}]},
        {"patient_links": {ANA: {"is_active": "false"}}},
    )
    for shape in shapes:
        house = OldHouse()
        house.take_links(shape)
        assert {token: one.is_active for token, one in house.patients.items()} == {ANA: False}
        assert NAME not in repr(house)
    house = OldHouse()
    for nonsense in (None, 3, "x", [1], {"a": 1}, [{"notes": NAME}]):
        house.take_links(nonsense)
    assert (house.patients, house.unreadable) == ({}, 1)


def test_of_a_name_only_device_and_start_are_kept() -> None:
    name = f"{NAME} 1801014400011 Checkme O2 9001_20251007230437 copie.csv"
    assert harmless_name(name, OldKind.RECORDING) == "Checkme O2 9001_20251007230437.csv"
    assert harmless_name(f"{NAME}.PDF", OldKind.REPORT) == "file.pdf"
    assert harmless_name(f"20251007230437 {NAME}.vld", OldKind.RECORDING) == "20251007230437.vld"
    assert harmless_name(f"a.{NAME}", OldKind.RECORDING) == "file"


def test_paths_tell_patient_and_kind() -> None:
    assert token_and_name(f"patient_data/{ANA}/csvs/a.csv") == (ANA, "a.csv")
    assert token_and_name(f"patient_data/{ANA}/a.csv") == (ANA, "a.csv")
    assert token_and_name("patient_data/x/a.csv") is None
    kinds = {name: kind_of(f"patient_data/{ANA}/{name}").value for name in ("a.csv", "pdfs/a.PDF", "images/a.jpg")}
    assert kinds == {"a.csv": "csvs", "pdfs/a.PDF": "pdfs", "images/a.jpg": "plots"}
