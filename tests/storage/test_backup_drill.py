"""The drill: back up, lose everything, restore elsewhere, and find every byte, every row and the patient's old link.

From a laptop's folder and SQLite to a server's gateway and PostgreSQL, and the other way round.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from click.testing import CliRunner, Result

from oximetry.__main__ import main
from oximetry.adapters.catalogue.catalogue import Catalogue
from oximetry.adapters.catalogue.dump import CatalogueDump
from oximetry.adapters.catalogue.migrating import MIGRATIONS
from oximetry.adapters.stores.local_store import LocalStore
from oximetry.composition import Parts, Services, create_services
from oximetry.domain.records import Doctor
from oximetry.services.incoming import IncomingFile
from oximetry.settings import Settings
from tests.factories import night_csv, night_name
from tests.made_up_reports import MadeUpReports
from tests.storage.gateway import Gateway

BACKUP_KEY = "a key for backups that is long enough"
ENGLISH = ("--language", "en")


class Host:
    """A machine with its settings: a database and a store of its own."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path, settings: dict[str, str]) -> None:
        self._patch = monkeypatch
        self.folder = folder
        self.settings = {
            "DATA_DIR": str(folder / "data"),
            "STORAGE_PATH": str(folder / "storage"),
            "SECRET_KEY": "the key of the clinic, kept in a safe",
            "BACKUP_KEY": BACKUP_KEY,
            **settings,
        }

    def enter(self) -> None:
        """From here on this is the machine we sit at."""
        for name, value in self.settings.items():
            self._patch.setenv(name, value)

    def run(self, *words: str) -> Result:
        """A command of ours, here."""
        self.enter()
        return CliRunner().invoke(main, [*words, *ENGLISH])

    def services(self) -> Services:
        """All services of this machine, with pictures and reports that cost nothing."""
        self.enter()
        parts = Parts(None, None, MadeUpReports(), lambda *_: b"\x89PNG drawn", lambda *_: b"%PDF-1.7 typeset")
        return create_services(Settings.load(), parts=parts)


MakeHost = Callable[[str, str], Host]


@pytest.fixture
def host(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> MakeHost:
    """``host("laptop", name)`` or ``host("server", name)``."""

    def make(kind: str, name: str) -> Host:
        folder = tmp_path / name
        folder.mkdir()
        if kind == "laptop":
            return Host(
                monkeypatch, folder, {"STORAGE_PROVIDER": "local", "DATABASE_URL": f"sqlite:///{folder}/c.sqlite"}
            )
        gateway: Gateway = request.getfixturevalue("gateway")
        settings = {
            "STORAGE_PROVIDER": "s3",
            "S3_ENDPOINT": gateway.endpoint,
            "S3_ACCESS_KEY_ID": gateway.access_key,
            "S3_SECRET_ACCESS_KEY": gateway.secret_key,
            "S3_BUCKET_NAME": gateway.bucket(),
            "DATABASE_URL": request.getfixturevalue("postgres").database().replace("+psycopg", ""),
        }
        return Host(monkeypatch, folder, settings)

    return make


def live_a_day(services: Services) -> str:
    """A doctor with two patients' nights, one file still waiting to be decided; returns a patient's secret."""
    doctor = services.accounts.create("ana@clinic.test", "parola-de-test-lunga")
    session = services.uploads.separate_session(doctor)
    for number, serial in enumerate(("9001", "9002")):
        start = datetime(2025, 10, 7 + number, 23, 4, 37)
        services.uploads.accept(
            doctor, session.id, IncomingFile(night_name(serial, start), night_csv(start, rows=4000))
        )
    work(services)
    [patient_id] = services.assignment.all_to_one(doctor, session.id, acknowledged=True)
    work(services)
    services.uploads.accept(
        doctor,
        services.uploads.open_session(doctor).id,
        IncomingFile("later.csv", night_csv(datetime(2025, 11, 1, 22))),
    )
    card = services.links.card(doctor.id, patient_id)
    assert card.url is not None
    return card.url.rpartition("#")[2]


def work(services: Services) -> None:
    while services.runner.run_one():
        pass


def objects(services: Services) -> dict[str, str]:
    store = services.store
    return {found.key: hashlib.sha256(store.get(found.key)).hexdigest() for found in store.list("")}


def rows(settings: dict[str, str]) -> dict[str, list[str]]:
    url = settings["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg://")
    found: dict[str, list[str]] = {}
    with CatalogueDump(url).reading() as moment:
        for table, some in moment.rows():
            found.setdefault(table, []).extend(repr(sorted(row.items())) for row in some)
    return {table: sorted(lines) for table, lines in found.items()}


@pytest.mark.gateway
@pytest.mark.postgres
@pytest.mark.parametrize(("here", "there"), [("laptop", "server"), ("server", "laptop"), ("laptop", "laptop")])
def test_what_is_lost_here_stands_there(host: MakeHost, tmp_path: Path, here: str, there: str) -> None:
    old, target = host(here, "old"), str(tmp_path / "backups")
    assert old.run("migrate").exit_code == 0
    services = old.services()
    secret = live_a_day(services)
    before = (objects(services), rows(old.settings))
    made = old.run("backup", target)
    assert made.exit_code == 0, made.output
    verified = old.run("backup", "verify", target)
    assert f"{len(before[0])} objects read and compared" in verified.stdout, verified.output
    services.close()
    shutil.rmtree(old.folder)

    new = host(there, "new")
    restored = new.run("restore", target)
    assert (restored.exit_code, restored.stderr) == (0, ""), restored.output
    again = new.services()
    assert (objects(again), rows(new.settings)) == before
    link = again.links.open(secret)
    doctor: Doctor | None = again.accounts.find("ana@clinic.test")
    assert doctor is not None
    nights = again.nights.shown(doctor.id, link.patient_id, "ro")
    assert len(nights) == 2
    assert again.links.card(doctor.id, link.patient_id).url == again.links.card(doctor.id, link.patient_id).url
    work(again)  # what waited goes on
    with again.catalogue.write() as transaction:  # counters stand behind what was put in
        transaction.audit.add(datetime(2026, 1, 1), None, "after_restore", ("patient", link.patient_id))
    again.close()


@pytest.fixture
def laptop(host: MakeHost) -> Host:
    made = host("laptop", "laptop")
    assert made.run("migrate").exit_code == 0
    return made


def test_a_second_backup_copies_only_what_is_new(laptop: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    services, target = laptop.services(), tmp_path / "backups"
    live_a_day(services)
    laptop.run("backup", str(target))
    copies = {path: path.stat().st_mtime_ns for path in (target / "objects").rglob("*") if path.is_file()}
    services.store.put("users/new", b"a new object", content_type="text/plain")
    services.close()
    read: list[str] = []
    real_get = LocalStore.get

    def get(store: LocalStore, key: str) -> bytes:
        read.append(key)
        return real_get(store, key)

    monkeypatch.setattr(LocalStore, "get", get)
    assert laptop.run("backup", str(target)).exit_code == 0
    assert [key for key in read if not key.startswith("snapshots/")] == ["users/new"]
    now = {path: path.stat().st_mtime_ns for path in (target / "objects").rglob("*") if path.is_file()}
    assert {path: now[path] for path in copies} == copies
    assert len(now) == len(copies) + 1


def test_a_damaged_and_a_missing_object_are_found_and_named(laptop: Host, tmp_path: Path) -> None:
    services, target = laptop.services(), tmp_path / "backups"
    live_a_day(services)
    services.close()
    laptop.run("backup", str(target))
    damaged, missing = sorted(path for path in (target / "objects").rglob("*") if path.is_file())[:2]
    content = bytearray(damaged.read_bytes())
    content[-1] ^= 1
    damaged.write_bytes(content)
    missing.unlink()
    result = laptop.run("backup", "verify", str(target))
    assert result.exit_code == 1
    assert {line.partition(":")[0] for line in result.stderr.splitlines()} == {"damaged", "missing"}


def test_a_backup_tells_nothing_without_its_key(laptop: Host, tmp_path: Path) -> None:
    services, target = laptop.services(), tmp_path / "backups"
    live_a_day(services)
    services.close()
    laptop.run("backup", str(target))
    everything = b"".join(path.read_bytes() for path in target.rglob("*") if path.is_file())
    for secret in (b"ana@clinic.test", b"9001", b"Nivel de oxigen"):
        assert secret not in everything
    laptop.settings["BACKUP_KEY"] = "another key that is long enough too"
    refused = laptop.run("backup", "verify", str(target))
    assert refused.exit_code == 1
    assert "BACKUP_KEY" in refused.stderr


def test_nothing_is_restored_over_anything(laptop: Host, host: MakeHost, tmp_path: Path) -> None:
    services, target = laptop.services(), str(tmp_path / "backups")
    live_a_day(services)
    before = (objects(services), rows(laptop.settings))
    laptop.run("backup", target)
    refused = laptop.run("restore", target)
    assert (refused.exit_code, "not empty" in refused.stderr) == (1, True)
    assert (objects(services), rows(laptop.settings)) == before
    services.close()
    other = host("laptop", "other")
    (other.folder / "storage").mkdir()
    (other.folder / "storage" / "somebody-elses").write_bytes(b"file")
    assert other.run("restore", target).exit_code == 1
    assert not (other.folder / "c.sqlite").exists() or CatalogueDump(other.settings["DATABASE_URL"]).is_empty()


def test_a_restore_that_was_interrupted_goes_on(laptop: Host, host: MakeHost, tmp_path: Path) -> None:
    services, target = laptop.services(), str(tmp_path / "backups")
    live_a_day(services)
    before = objects(services)
    laptop.run("backup", target)
    other = host("laptop", "other")
    half = other.services()
    for key in list(before)[:2]:
        half.store.put(key, services.store.get(key), content_type="text/csv")
    half.close()
    services.close()
    assert other.run("restore", target).exit_code == 0
    again = other.services()
    assert objects(again) == before
    again.close()


def test_another_secret_key_is_said_and_links_still_open(laptop: Host, host: MakeHost, tmp_path: Path) -> None:
    services, target = laptop.services(), str(tmp_path / "backups")
    secret = live_a_day(services)
    services.close()
    laptop.run("backup", target)
    other = host("laptop", "other")
    other.settings["SECRET_KEY"] = "a new key, because the old one is lost"
    result = other.run("restore", target)
    assert (result.exit_code, "SECRET_KEY" in result.stderr) == (0, True)
    again = other.services()
    assert again.links.open(secret).patient_id
    again.close()


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"BACKUP_KEY": ""}, "BACKUP_KEY"),
        ({"BACKUP_KEY": "short"}, "BACKUP_KEY"),
        ({"BACKUP_TARGET": ""}, "BACKUP_TARGET"),
    ],
)
def test_a_missing_setting_is_named(laptop: Host, settings: dict[str, str], named: str) -> None:
    laptop.settings |= settings
    result = laptop.run("backup")
    assert (result.exit_code, named in result.stderr) == (2, True)


def test_the_day_s_backup_is_asked_for_once_after_its_time(laptop: Host, tmp_path: Path) -> None:
    laptop.settings |= {"BACKUP_TARGET": str(tmp_path / "backups"), "BACKUP_SCHEDULE": "daily@00:00"}
    services = laptop.services()
    services.backup_schedule.submit_due()
    services.backup_schedule.submit_due()
    work(services)
    assert len(laptop.run("backup", "list").stdout.splitlines()) == 1
    age_s = services.readiness.look().backup_age_s
    assert age_s is not None
    services.close()


def test_an_older_version_s_backup_is_brought_to_the_newest_migration(
    laptop: Host, host: MakeHost, tmp_path: Path
) -> None:
    """The rows of a database at an earlier migration, as a version before this one would have dumped them."""
    target = str(tmp_path / "backups")
    catalogue = Catalogue(laptop.settings["DATABASE_URL"])
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with catalogue._engine.connect() as connection, connection.begin():
        config.attributes["connection"] = connection
        command.downgrade(config, "0010")
        connection.exec_driver_sql(
            "INSERT INTO doctors (id, email, password_hash, role, created_at)"
            " VALUES ('d', 'ana@clinic.ro', 'x', 'doctor', '2026-01-01 00:00:00')"
        )
        connection.exec_driver_sql(
            "INSERT INTO jobs (id, name, subject, priority, state, attempts, crashes, again, not_before, created_at)"
            " VALUES ('j', 'read_item', 's', 0, 'waiting', 0, 0, false, '2026-01-01 00:00:00', '2026-01-01 00:00:00')"
        )
    catalogue.dispose()
    assert laptop.run("backup", target).exit_code == 0
    other = host("laptop", "other")
    assert other.run("restore", target).exit_code == 0
    services = other.services()
    services.catalogue.check()
    assert services.accounts.find("ana@clinic.ro") is not None
    with services.catalogue.read() as transaction:
        assert transaction.jobs.counts() == {"waiting": 1}
    services.close()
