"""Connections to the database, none of which waits for ever; its outages in our words."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import errors
from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DataError, InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from oximetry.domain.errors import CatalogueUnavailable, NotFound

logger = logging.getLogger(__name__)

READ_ONLY = "25006"
SERVER_ANSWERS_WITHIN_S = 2
"""How long after its own time limit a server may still tell us so, before the connection is given up."""

_QUIET: dict[str, Any] = {"hide_parameters": True}  # an error's text must not carry what people typed into a log


@dataclass(frozen=True, slots=True)
class Deadlines:
    """How long a database may take, in seconds."""

    statement_s: int = 10
    connect_s: int = 5


def create_database_engine(url: str, deadlines: Deadlines | None) -> Engine:
    """An engine whose connections end every wait in time; without deadlines (migrations) a statement may take long."""
    if make_url(url).get_backend_name() == "sqlite":
        return _sqlite_engine(url)
    return create_engine(
        url,
        creator=lambda: _connect(url, deadlines),
        pool_pre_ping=True,
        pool_size=12,
        max_overflow=8,
        pool_timeout=10,
        **_QUIET,
    )


@contextmanager
def outages_told() -> Iterator[None]:
    """An outage of the database (away, silent, full, read-only, out of connections) is a ``CatalogueUnavailable``."""
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeout) as error:
        logger.warning("database not reached error=%s", _kind(error))
        raise CatalogueUnavailable from error
    except InternalError as error:
        if getattr(error.orig, "sqlstate", None) != READ_ONLY:
            raise
        logger.warning("database not reached error=read_only")
        raise CatalogueUnavailable from error


@contextmanager
def nothing_under_nul() -> Iterator[None]:
    """PostgreSQL refuses a NUL in a text; a visitor who puts one into an id or a name finds nothing under it."""
    try:
        yield
    except DataError as error:
        if "NUL" not in str(error.orig):
            raise
        raise NotFound from error


def is_misconfigured(error: OperationalError) -> bool:
    """Whether the server answered and will not let us in: waiting would not help."""
    said = str(error.orig)
    return any(words in said for words in ("authentication failed", "no password supplied", "does not exist"))


class _Deadlined(psycopg.Connection[Any]):
    """A connection that a silent server cannot hold: a wait without an end of its own ends at the deadline.

    The connection is closed then, so that the pool sees it broken and renews itself.
    """

    deadline_s: float = 12.0

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        if timeout is not None:  # listening has its own patience
            return super().wait(gen, interval, timeout)
        try:
            return super().wait(gen, interval, self.deadline_s)
        except errors._WaitTimeout as error:
            self.pgconn.finish()
            raise psycopg.OperationalError("the database is silent") from error


def _connect(url: str, deadlines: Deadlines | None) -> psycopg.Connection[Any]:
    parts = make_url(url).set(drivername="postgresql")
    connect_s = (deadlines or Deadlines()).connect_s
    own: dict[str, Any] = {
        "connect_timeout": connect_s,
        "keepalives": 1,
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
    }
    if deadlines is None:
        return psycopg.connect(parts.render_as_string(hide_password=False), **own)
    limit_ms = deadlines.statement_s * 1000
    given = parts.query.get("options", "")
    own["options"] = f"{given} -c statement_timeout={limit_ms} -c lock_timeout={limit_ms}".strip()
    own["tcp_user_timeout"] = limit_ms
    connection = _Deadlined.connect(parts.render_as_string(hide_password=False), **own)
    connection.deadline_s = deadlines.statement_s + SERVER_ANSWERS_WITHIN_S
    return connection


def _sqlite_engine(url: str) -> Engine:
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


def _kind(error: Exception) -> str:
    origin = getattr(error, "orig", None)
    return type(origin).__name__ if origin is not None else type(error).__name__
