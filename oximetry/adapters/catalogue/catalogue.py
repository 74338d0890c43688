"""The catalogue: one database, short transactions, SQLite or PostgreSQL."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from time import monotonic, sleep

from sqlalchemy import Connection, Engine, inspect, make_url, text
from sqlalchemy.exc import OperationalError

from oximetry.adapters.catalogue import migrating, web_role
from oximetry.adapters.catalogue.account_erasing import AccountErasureTable
from oximetry.adapters.catalogue.account_guards import AccountGuardsTable
from oximetry.adapters.catalogue.audit import AuditTable
from oximetry.adapters.catalogue.catalogue_accounts import AccountsTable
from oximetry.adapters.catalogue.catalogue_exclusions import ExclusionsTable
from oximetry.adapters.catalogue.catalogue_file_list import FileListTable
from oximetry.adapters.catalogue.catalogue_files import FilesTable
from oximetry.adapters.catalogue.catalogue_jobs import JobsTable
from oximetry.adapters.catalogue.catalogue_nights import NightsTable
from oximetry.adapters.catalogue.catalogue_old_links import OldLinksTable
from oximetry.adapters.catalogue.catalogue_outbox import OutboxTable
from oximetry.adapters.catalogue.catalogue_patients import PatientsTable
from oximetry.adapters.catalogue.catalogue_reports import ReportsTable
from oximetry.adapters.catalogue.catalogue_review import InterpretationsTable, ProfilesTable, TemplatesTable
from oximetry.adapters.catalogue.catalogue_signed import ClinicalReportsTable
from oximetry.adapters.catalogue.catalogue_sync import ComparedFilesTable, SyncRunsTable
from oximetry.adapters.catalogue.catalogue_uploads import UploadsTable
from oximetry.adapters.catalogue.clinics import ClinicsTable, HandoversTable, LoansTable, OpeningsTable
from oximetry.adapters.catalogue.database import (
    Deadlines,
    create_database_engine,
    is_misconfigured,
    nothing_under_nul,
    outages_told,
)
from oximetry.adapters.catalogue.erasing import ErasureTable
from oximetry.adapters.catalogue.heartbeats import HeartbeatsTable
from oximetry.adapters.catalogue.link_sessions import LinkSessionsTable
from oximetry.adapters.catalogue.night_lines import NightLinesTable, PatientLinesTable, fill_lines
from oximetry.adapters.catalogue.sealed import SealedTable
from oximetry.adapters.catalogue.waking import DatabaseEar
from oximetry.domain.acting import acting_for
from oximetry.domain.errors import CatalogueUnavailable, ConfigurationError

logger = logging.getLogger(__name__)

LONGEST_PAUSE_S = 30.0


class Transaction:
    """The tables of the catalogue, bound to one transaction; implements ``ports.Transaction``."""

    def __init__(self, connection: Connection) -> None:
        self.accounts = AccountsTable(connection)
        self.account_erasures = AccountErasureTable(connection)
        self.account_guards = AccountGuardsTable(connection)
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
        self.link_sessions = LinkSessionsTable(connection)
        self.openings = OpeningsTable(connection)
        self.interpretations = InterpretationsTable(connection)
        self.templates = TemplatesTable(connection)
        self.profiles = ProfilesTable(connection)
        self.clinical_reports = ClinicalReportsTable(connection)
        self.sealed = SealedTable(connection)
        self.erasures = ErasureTable(connection)


class Catalogue:
    """Opens transactions; implements ``ports.Catalogue``.

    Parameters
    ----------
    url : str
        SQLAlchemy URL, ``sqlite:///…`` or ``postgresql+psycopg://…``. Nothing is opened before first use.
    deadlines : Deadlines, optional
        How long PostgreSQL may take to connect and to answer.
    row_security : bool
        Say in every transaction for whom it is (``domain.acting``), so that PostgreSQL keeps others' rows to itself.
    """

    def __init__(self, url: str, deadlines: Deadlines | None = None, *, row_security: bool = False) -> None:
        self._url = url
        self._row_security = row_security and make_url(url).get_backend_name() == "postgresql"
        self._engine = create_database_engine(url, deadlines or Deadlines())

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """A transaction that only reads."""
        with outages_told(), nothing_under_nul(), self._engine.connect() as connection, connection.begin():
            self._say_for_whom(connection)
            transaction = Transaction(connection)
            yield transaction
            if transaction.audit.waits:
                raise RuntimeError("an act was added to a transaction that only reads")

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """A transaction that commits at the end of the block and rolls back on any exception."""
        with (
            outages_told(),
            nothing_under_nul(),
            self._engine.connect().execution_options(writes=True) as connection,
            connection.begin(),
        ):
            self._say_for_whom(connection)
            transaction = Transaction(connection)
            yield transaction
            transaction.audit.flush()

    def _say_for_whom(self, connection: Connection) -> None:
        if self._row_security:
            said = text("SELECT set_config('oximetry.acting_for', :whom, true)")
            connection.execute(said, {"whom": acting_for.get()})

    def grant(self, role: str) -> None:
        """Give a PostgreSQL role what the web processes need; raises ``ConfigurationError``."""
        with self._engine.connect() as connection, connection.begin():
            web_role.grant(connection, role)

    def ear(self) -> DatabaseEar:
        """What hears that a transaction left work behind."""
        return DatabaseEar(self._engine)

    def check(self) -> None:
        """Raise ``ConfigurationError`` unless the database answers and this version may run on its tables."""
        wanted = migrating.newest()
        try:
            with self._engine.connect() as connection:
                revision, may_run = migrating.stands_at(connection), migrating.is_in_range(connection)
        except OperationalError as error:
            raise ConfigurationError(setting="DATABASE_URL", problem="the database does not answer") from error
        if not may_run:
            raise ConfigurationError(setting="DATABASE_URL", problem=f"migration {revision}, needed {wanted}")
        if revision != wanted:
            logger.warning("the database is newer than this program revision=%s ours=%s", revision, wanted)

    def pending_steps(self) -> list[tuple[str, str]]:
        """Revision and purpose of each migration that `migrate` would take; raises ``ConfigurationError``."""
        with self._engine.connect() as connection:
            revision = migrating.stands_at(connection)
            if not migrating.is_known(revision):
                self.check()
                return []
        return migrating.steps(revision)

    def migrate_down(self, revision: str) -> list[str]:
        """Go back to a revision, over steps that only added; returns the steps that were taken back.

        What was written into the columns and tables of those steps is lost. Raises ``ConfigurationError`` for a
        revision that is not behind us and for a step that did more than add.
        """
        engine = create_database_engine(self._url, None)
        try:
            with engine.connect().execution_options(writes=True) as connection, connection.begin():
                now = migrating.stands_at(connection)
                if now is None or not migrating.is_known(revision) or revision >= now:
                    raise ConfigurationError(setting="--down", problem=f"{revision} is not behind {now}")
                back = [step for step, _purpose in reversed(migrating.steps(revision, now))]
                if kept := migrating.not_additive(back):
                    raise ConfigurationError(setting="--down", problem=f"not additive: {', '.join(kept)}")
                migrating.downgrade(connection, revision)
        finally:
            engine.dispose()
        return back

    def is_alive(self) -> bool:
        """Whether the database answers a query."""
        try:
            with outages_told(), self._engine.connect() as connection:
                connection.execute(text("SELECT 1"))
        except CatalogueUnavailable:
            return False
        return True

    def wait_until_alive(self, patience_s: float = 600.0) -> None:
        """Wait for a PostgreSQL that is away, looking less and less often; returns when it answers or patience ends.

        A file that cannot be opened, a wrong password and an unknown database are not waited for.
        """
        give_up_at, pause_s = monotonic() + patience_s, 1.0
        while make_url(self._url).get_backend_name() != "sqlite":
            try:
                with self._engine.connect() as connection:
                    connection.execute(text("SELECT 1"))
                    return
            except OperationalError as error:
                if is_misconfigured(error) or monotonic() + pause_s > give_up_at:
                    return
            logger.warning("the database does not answer yet, looking again in %.0f s", pause_s)
            sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    def migrate(self) -> None:
        """Bring the database to the newest migration; safe to call by several processes on PostgreSQL and SQLite."""
        engine = create_database_engine(self._url, None)
        try:
            self._migrate(engine)
        finally:
            engine.dispose()

    @staticmethod
    def _migrate(engine: Engine) -> None:
        with engine.connect().execution_options(writes=True) as connection, connection.begin():
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(7262001)"))
            if not migrating.is_known(migrating.stands_at(connection)):
                return  # a newer program was here; whether we may run beside it, `check` says
            had_lists = inspect(connection).has_table("night_lines")
            migrating.upgrade(connection)
            fill_lines(connection, reviewed=not had_lists)  # what was stored before there were lists waits for nobody
            AuditTable(connection).adopt()

    def dispose(self) -> None:
        """Close every connection (before a fork, and at the end of a test)."""
        self._engine.dispose()


def utc_now() -> datetime:
    """Our own clock: naive UTC."""
    return datetime.now(UTC).replace(tzinfo=None)
