"""The catalogue: one database, short transactions, SQLite or PostgreSQL."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import DataError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from oximetry.adapters.catalogue.catalogue_accounts import AccountsTable, AuditTable
from oximetry.adapters.catalogue.catalogue_exclusions import ExclusionsTable
from oximetry.adapters.catalogue.catalogue_file_list import FileListTable
from oximetry.adapters.catalogue.catalogue_files import FilesTable
from oximetry.adapters.catalogue.catalogue_jobs import HeartbeatsTable, JobsTable
from oximetry.adapters.catalogue.catalogue_nights import NightsTable
from oximetry.adapters.catalogue.catalogue_old_links import OldLinksTable
from oximetry.adapters.catalogue.catalogue_outbox import OutboxTable
from oximetry.adapters.catalogue.catalogue_patients import PatientsTable
from oximetry.adapters.catalogue.catalogue_reports import ReportsTable
from oximetry.adapters.catalogue.catalogue_sync import ComparedFilesTable, SyncRunsTable
from oximetry.adapters.catalogue.catalogue_uploads import UploadsTable
from oximetry.adapters.catalogue.clinics import ClinicsTable, HandoversTable, LoansTable, OpeningsTable
from oximetry.adapters.catalogue.night_lines import NightLinesTable, PatientLinesTable, fill_lines
from oximetry.domain.errors import CatalogueUnavailable, ConfigurationError, NotFound
from oximetry.domain.ports import Bell

logger = logging.getLogger(__name__)

_QUIET: dict[str, Any] = {"hide_parameters": True}  # an error's text must not carry what people typed into a log
MIGRATIONS = Path(__file__).resolve().parents[3] / "migrations"


class Transaction:
    """The tables of the catalogue, bound to one transaction; implements ``ports.Transaction``."""

    def __init__(self, connection: Connection) -> None:
        self.accounts = AccountsTable(connection)
        self.audit = AuditTable(connection)
        self.patients = PatientsTable(connection)
        self.old_links = OldLinksTable(connection)
        self.uploads = UploadsTable(connection)
        self.nights = NightsTable(connection)
        self.reports = ReportsTable(connection)
        self.exclusions = ExclusionsTable(connection)
        self.files = FilesTable(connection)
        self.jobs = JobsTable(connection)
        self.outbox = OutboxTable(connection)
        self.heartbeats = HeartbeatsTable(connection)
        self.sync_runs = SyncRunsTable(connection)
        self.compared_files = ComparedFilesTable(connection)
        self.file_list = FileListTable(connection)
        self.night_lines = NightLinesTable(connection)
        self.patient_lines = PatientLinesTable(connection)
        self.clinics = ClinicsTable(connection)
        self.loans = LoansTable(connection)
        self.handovers = HandoversTable(connection)
        self.openings = OpeningsTable(connection)


class Catalogue:
    """Opens transactions; implements ``ports.Catalogue``.

    Parameters
    ----------
    url : str
        SQLAlchemy URL, ``sqlite:///…`` or ``postgresql+psycopg://…``. Nothing is opened before first use.
    bell : Bell
        Rung once per job that a committed transaction submitted.
    """

    def __init__(self, url: str, bell: Bell) -> None:
        self._url = url
        self._engine = _create_engine(url)
        self._bell = bell

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """A transaction that only reads."""
        with _outages_told(), _nothing_under_nul(), self._engine.connect() as connection, connection.begin():
            yield Transaction(connection)

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """A transaction that commits at the end of the block and rolls back on any exception."""
        with (
            _outages_told(),
            _nothing_under_nul(),
            self._engine.connect().execution_options(writes=True) as connection,
            connection.begin(),
        ):
            transaction = Transaction(connection)
            yield transaction
        if transaction.jobs.submitted:
            self._bell.ring(transaction.jobs.submitted)

    def check(self) -> None:
        """Raise ``ConfigurationError`` unless the database answers and stands at the newest migration."""
        from alembic.runtime.migration import MigrationContext
        from alembic.script import ScriptDirectory

        wanted = ScriptDirectory(str(MIGRATIONS)).get_current_head()
        try:
            with self._engine.connect() as connection:
                revision = MigrationContext.configure(connection).get_current_revision()
        except OperationalError as error:
            raise ConfigurationError(setting="DATABASE_URL", problem="the database does not answer") from error
        if revision != wanted:
            raise ConfigurationError(setting="DATABASE_URL", problem=f"migration {revision}, needed {wanted}")

    def is_alive(self) -> bool:
        """Whether the database answers a query."""
        try:
            with self._engine.connect() as connection:
                connection.execute(text("SELECT 1"))
        except OperationalError:
            return False
        return True

    def migrate(self) -> None:
        """Bring the database to the newest migration; safe to call by several processes on PostgreSQL and SQLite."""
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        with self._engine.connect().execution_options(writes=True) as connection, connection.begin():
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(7262001)"))
            config.attributes["connection"] = connection
            had_lists = inspect(connection).has_table("night_lines")
            command.upgrade(config, "head")
            fill_lines(connection, reviewed=not had_lists)  # what was stored before there were lists waits for nobody

    def dispose(self) -> None:
        """Close every connection (before a fork, and at the end of a test)."""
        self._engine.dispose()


def utc_now() -> datetime:
    """Our own clock: naive UTC."""
    return datetime.now(UTC).replace(tzinfo=None)


@contextmanager
def _nothing_under_nul() -> Iterator[None]:
    """PostgreSQL refuses a NUL in a text; a visitor who puts one into an id or a name finds nothing under it."""
    try:
        yield
    except DataError as error:
        if "NUL" not in str(error.orig):
            raise
        raise NotFound from error


@contextmanager
def _outages_told() -> Iterator[None]:
    try:
        yield
    except (OperationalError, PoolTimeout) as error:
        logger.warning("database not reached error=%s", type(error).__name__)
        raise CatalogueUnavailable from error


def _create_engine(url: str) -> Engine:
    if make_url(url).get_backend_name() != "sqlite":
        return create_engine(url, pool_pre_ping=True, pool_size=12, max_overflow=8, pool_timeout=10, **_QUIET)
    waiting = {"timeout": 10, "check_same_thread": False}
    engine = create_engine(url, pool_size=12, max_overflow=20, connect_args=waiting, **_QUIET)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # we write BEGIN ourselves: sqlite3's own begins late and breaks snapshots
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "busy_timeout=10000", "foreign_keys=ON", "synchronous=FULL"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
