"""Small real parts for the tests of adapters and services: a clock, a catalogue, a whole clinic."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest

from oximetry.adapters.catalogue.catalogue import Catalogue
from oximetry.composition import Parts, create_services
from oximetry.domain.recording import Hints
from oximetry.domain.records import Doctor, Patient, Role, UploadItem
from oximetry.readers.formats import create_registry
from oximetry.readers.viatom_binary import HEADER_BYTES, RECORD
from oximetry.samples.writers.catalogue import WRITERS
from oximetry.services.incoming import IncomingFile
from oximetry.settings import Settings
from tests.made_up_reports import MadeUpReports
from tests.memory_store import MemoryStore
from tests.postgres import Postgres

NOW = datetime(2026, 3, 1, 8, 0, 0)
BASE_URL = "https://clinic.test"
PDF = b"%PDF-1.4\n% made up\n"
HEADER = "Timp,Nivel de oxigen,Puls cardiac,Mi\u015fcare"


class MovableClock:
    """Our own time, standing still until it is moved."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        """Naive UTC."""
        return self.now

    def move(self, **by: float) -> None:
        """Forward by a ``timedelta``."""
        self.now += timedelta(**by)


class PlainHasher:
    """Passwords that cost nothing; remembers what was verified."""

    def __init__(self) -> None:
        self.verified: list[str | None] = []

    def hash(self, password: str) -> str:
        """Readable."""
        return f"plain:{password}"

    def verify(self, password_hash: str | None, password: str) -> bool:
        """Whether it fits."""
        self.verified.append(password_hash)
        return password_hash == f"plain:{password}"


def night_csv(start: datetime = datetime(2025, 10, 7, 23, 4, 37), rows: int = 150, spo2_pct: int = 95) -> bytes:
    """A quiet night in the Viatom form, a row every 4 s; by default it lasts 9 min 56 s."""
    clocks = (start + timedelta(seconds=4 * row) for row in range(rows))
    lines = (f"{clock:%H:%M:%S %d/%m/%Y},{spo2_pct},66,0" for clock in clocks)
    return "\n".join([HEADER, *lines, ""]).encode()


def part_csv(start: datetime, rows: int = 150, first_row: int = 0) -> bytes:
    """Rows of a night that is never twice the same for long: SpO2 from 88 to 98, a row every 4 s."""
    numbers = [
        (number, start + timedelta(seconds=4 * (number - first_row))) for number in range(first_row, first_row + rows)
    ]
    lines = (f"{clock:%H:%M:%S %d/%m/%Y},{88 + number * number % 11},{60 + number % 7},0" for number, clock in numbers)
    return "\n".join([HEADER, *lines, ""]).encode()


def as_binary(content: bytes, name: str, rows: int | None = None) -> bytes:
    """The same night as the ring itself stores it; with ``rows`` the file ends after so many."""
    recording = create_registry().read(content, Hints(name))
    written = next(one for one in WRITERS if one.name == "viatom_v3").write(recording)
    return written if rows is None else written[: HEADER_BYTES + rows * RECORD.itemsize]


def night_name(serial: str = "9001", start: datetime = datetime(2025, 10, 7, 23, 4, 37)) -> str:
    """As the vendor's program calls the file of ``night_csv``."""
    return f"Checkme O2 {serial}_{start:%Y%m%d%H%M%S}.csv"


def report_name(serial: str = "9001", start: datetime = datetime(2025, 10, 7, 23, 4, 37)) -> str:
    """As the vendor's program calls the report of that night."""
    return f"Checkme O2 {serial}_70_100_{start:%Y%m%d%H%M%S}.pdf"


LIMITS_MB = (2, 6, 3)


@dataclass
class Clinic:
    """All services around one catalogue and one store, and short ways to set a scene."""

    catalogue: Catalogue
    store: MemoryStore = field(default_factory=MemoryStore)
    clock: MovableClock = field(default_factory=MovableClock)
    reports: MadeUpReports = field(default_factory=MadeUpReports)
    picture: bytes = b"\x89PNG drawn"
    report_file: bytes = PDF
    limits_mb: tuple[int, int, int] = LIMITS_MB

    def __post_init__(self) -> None:
        """Let the composition root join the services around the parts of this test."""
        file_mb, files, batch_mb = self.limits_mb
        settings = Settings(
            _env_file=None,
            secret_key="a secret key for testing",
            public_url=BASE_URL,
            upload_max_file_mb=file_mb,
            upload_max_files=files,
            upload_max_batch_mb=batch_mb,
        )
        parts = Parts(
            self.catalogue, self.store, self.reports, lambda *_: self.picture, lambda *_: self.report_file, self.clock
        )
        self.services = create_services(settings, parts=parts)

    def __getattr__(self, name: str) -> Any:
        """A service by its name in the composition."""
        return getattr(self.__dict__["services"], name)

    @property
    def handlers(self) -> dict[str, Callable[[str], None]]:
        """What the worker does for each job, to be put aside by a test."""
        return self.services.runner._handlers

    @property
    def failed_jobs(self) -> int:
        """Jobs that ended without success."""
        with self.catalogue.read() as transaction:
            return transaction.jobs.counts().get("failed", 0)

    def doctor(self, email: str | None = None) -> Doctor:
        """A new account."""
        with self.catalogue.write() as transaction:
            return transaction.accounts.create(
                email or f"{uuid4().hex}@clinic.test", "plain:secret", Role.DOCTOR, self.clock()
            )

    def patient(self, doctor: Doctor) -> Patient:
        """A new patient with a link."""
        return self.links.create(doctor.id).patient

    def upload(self, doctor: Doctor, content: bytes, name: str, session_id: str | None = None) -> UploadItem:
        """A file in the doctor's open batch, not read yet."""
        session_id = session_id or self.uploads.open_session(doctor).id
        return self.uploads.accept(doctor, session_id, IncomingFile(name, content))[0]

    def work(self) -> None:
        """Do every job that is due."""
        while self.runner.run_one():
            pass

    def item(self, item_id: str) -> UploadItem:
        """As it stands now."""
        with self.catalogue.read() as transaction:
            return transaction.uploads.get(item_id)

    def stored_night(
        self, doctor: Doctor, patient: Patient, start: datetime = datetime(2025, 10, 7, 23, 4, 37), serial: str = "9001"
    ) -> str:
        """Upload, read, confirm and store one night with its pictures; returns the night's id."""
        item = self.upload(doctor, night_csv(start), night_name(serial, start))
        self.work()
        self.assignment.choose(doctor, item.session_id, [item.id], patient.id)
        self.assignment.confirm(doctor, item.session_id, acknowledged=True)
        self.work()
        night_id = self.item(item.id).recording_id
        assert night_id is not None
        return night_id

    def acts(self, subject_id: str) -> list[str]:
        """What the audit trail says about a subject, oldest first."""
        with self.catalogue.read() as transaction:
            return transaction.audit.acts(subject_id)

    def open_jobs(self) -> int:
        """Jobs that wait or run."""
        with self.catalogue.read() as transaction:
            counts = transaction.jobs.counts()
        return counts.get("waiting", 0) + counts.get("running", 0)


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database file to copy."""
    path = tmp_path_factory.mktemp("migrated") / "catalogue.sqlite"
    catalogue = Catalogue(f"sqlite:///{path}")
    catalogue.migrate()
    catalogue.dispose()
    return path


@pytest.fixture(scope="session")
def migrated_postgres(postgres: Postgres) -> str:
    """The name of a migrated database to copy."""
    url = postgres.database()
    catalogue = Catalogue(url)
    catalogue.migrate()
    catalogue.dispose()
    return url.rpartition("/")[2]


@pytest.fixture
def sqlite_url(migrated_sqlite: Path, tmp_path: Path) -> str:
    """A migrated SQLite database of this test alone."""
    path = tmp_path / "catalogue.sqlite"
    shutil.copy(migrated_sqlite, path)
    return f"sqlite:///{path}"


@pytest.fixture
def postgres_url(postgres: Postgres, migrated_postgres: str) -> Iterator[str]:
    """A migrated PostgreSQL database of this test alone."""
    url = postgres.database(migrated_postgres)
    yield url
    postgres.drop(url)


BOTH_DATABASES = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


@pytest.fixture(params=BOTH_DATABASES)
def database_url(request: pytest.FixtureRequest) -> str:
    """A migrated database, SQLite and PostgreSQL in turn."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def catalogue(database_url: str) -> Iterator[Catalogue]:
    """A catalogue on both databases in turn."""
    made = Catalogue(database_url)
    yield made
    made.dispose()


@pytest.fixture
def clinic(sqlite_url: str) -> Iterator[Clinic]:
    """All services on SQLite."""
    made = Catalogue(sqlite_url)
    yield Clinic(made)
    made.dispose()


@pytest.fixture
def both_clinics(catalogue: Catalogue) -> Clinic:
    """All services on both databases in turn: for what parallel transactions could spoil."""
    return Clinic(catalogue)


def wavy_csv(start: datetime, rows: int, step_s: int, seed: int = 0) -> bytes:
    """A night whose numbers look like a real one's, for measurements: about 250 KB for 9,000 rows."""
    chance = np.random.default_rng(seed)
    dips = 6 * np.clip(np.sin(np.arange(rows) * step_s / 45 + chance.uniform(0, 6)), 0, 1) ** 4
    spo2 = np.clip(np.round(94 + np.cumsum(chance.normal(0, 0.05, rows)) % 2 - dips), 70, 99).astype(int)
    pulse = np.round(64 + 6 * np.sin(np.arange(rows) / 300) + chance.normal(0, 1.5, rows) + dips).astype(int)
    motion = np.where(chance.random(rows) < 0.03, chance.integers(1, 60, rows), 0)
    clocks = (start + timedelta(seconds=step_s * row) for row in range(rows))
    lines = (
        f"{clock:%H:%M:%S %d/%m/%Y},{one},{beat},{moved}"
        for clock, one, beat, moved in zip(clocks, spo2, pulse, motion, strict=True)
    )
    return "\n".join([HEADER, *lines, ""]).encode()
