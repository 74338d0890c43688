"""The whole catalogue as rows, out of one database and into another, SQLite or PostgreSQL.

The tables are read from the database itself, not from the code, so that a backup of an earlier version is written as
that version had it, and then migrated. JSON goes through as its text: null and absent stay apart.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Connection, MetaData, String, Table, bindparam, cast, func, inspect, select, text
from sqlalchemy import type_coerce as coerced

from oximetry.adapters.catalogue.catalogue import Catalogue
from oximetry.adapters.catalogue.database import create_database_engine
from oximetry.adapters.catalogue.migrating import stands_at, upgrade
from oximetry.domain.backups import Row

ROWS_AT_ONCE = 2000
VERSION_TABLE = "alembic_version"
PASSING = {VERSION_TABLE, "heartbeats"}
"""Not in a backup: what says which version it is stands in the manifest, and signs of life mean nothing later."""

APPEND_ONLY = {"audit_events"}
"""Empty when it is made, and nobody may delete from it."""

TELLING = ("doctors", "patients", "stored_files", "audit_events")
"""Where rows stand as soon as anybody has used a catalogue."""


class CatalogueDump:
    """Implements ``backup_ports.CatalogueDump``."""

    def __init__(self, url: str) -> None:
        self._url = url

    @contextmanager
    def reading(self) -> Iterator[_Moment]:
        """All rows at one moment; others may write meanwhile."""
        with self._connected() as connection:
            yield _Moment(connection)

    def is_empty(self) -> bool:
        """Whether nothing was ever kept in it."""
        with self._connected() as connection:
            known = set(inspect(connection).get_table_names())
            return not any(
                connection.scalar(text(f"SELECT 1 FROM {name} LIMIT 1"))  # noqa: S608 - names of our own
                for name in TELLING
                if name in known
            )

    def write(self, revision: str, rows: Iterable[tuple[str, Sequence[Row]]]) -> None:
        """Make the tables of that migration, fill them, and bring them to the newest."""
        with self._connected(writes=True) as connection:
            _tables(connection, with_passing=True).drop_all(connection)
            upgrade(connection, revision)
            reflected = _tables(connection)
            tables = reflected.tables
            for table in reversed(reflected.sorted_tables):  # what migrations themselves put there is in the backup
                if table.name not in APPEND_ONLY:
                    connection.execute(table.delete())
            for name, some in rows:
                _insert(connection, tables[name], some)
            _move_counters(connection, tables.values())
        catalogue = Catalogue(self._url)
        catalogue.migrate()
        catalogue.dispose()

    @contextmanager
    def _connected(self, *, writes: bool = False) -> Iterator[Connection]:
        engine = create_database_engine(self._url, None)
        options: dict[str, Any] = {"writes": writes}
        if engine.dialect.name == "postgresql" and not writes:
            options["isolation_level"] = "REPEATABLE READ"
        try:
            with engine.connect().execution_options(**options) as connection, connection.begin():
                yield connection
        finally:
            engine.dispose()


class _Moment:
    """One transaction that sees one moment; implements ``backup_ports.RowSource``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.revision = stands_at(connection) or ""

    def rows(self) -> Iterator[tuple[str, list[Row]]]:
        """Some rows of a table at a time."""
        for table in _tables(self._connection).sorted_tables:
            columns = [_read_column(self._connection, column) for column in table.columns]
            found = self._connection.execution_options(stream_results=True).execute(select(*columns))
            for some in found.mappings().partitions(ROWS_AT_ONCE):
                yield table.name, [{name: _marked(value) for name, value in row.items()} for row in some]


def _tables(connection: Connection, *, with_passing: bool = False) -> MetaData:
    found = MetaData()
    found.reflect(connection, only=lambda name, _meta: with_passing or name not in PASSING)
    return found


def _read_column(connection: Connection, column: Any) -> Any:
    if not isinstance(column.type, JSON):
        return column
    is_postgres = connection.dialect.name == "postgresql"
    return (cast(column, String) if is_postgres else coerced(column, String)).label(column.name)


def _insert(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """JSON is bound as text; PostgreSQL casts it, as a text would else be refused."""
    json_as = "CAST(:{name} AS JSON)" if connection.dialect.name == "postgresql" else ":{name}"
    names, words, bound = [], [], []
    for column in table.columns:
        is_json = isinstance(column.type, JSON)
        names.append(f'"{column.name}"')
        words.append((json_as if is_json else ":{name}").format(name=column.name))
        bound.append(bindparam(column.name, type_=String() if is_json else column.type))
    statement = text(f'INSERT INTO "{table.name}" ({", ".join(names)}) VALUES ({", ".join(words)})')  # noqa: S608
    values = [{name: _unmarked(value) for name, value in row.items()} for row in rows]
    connection.execute(statement.bindparams(*bound), values)


def _move_counters(connection: Connection, tables: Iterable[Table]) -> None:
    """PostgreSQL counts new rows by itself: behind the last one that was put in."""
    if connection.dialect.name != "postgresql":
        return
    for table in tables:
        for column in table.primary_key.columns:
            counter = connection.scalar(select(func.pg_get_serial_sequence(table.name, column.name)))
            if counter is not None:
                last = connection.scalar(select(func.max(column)))
                connection.execute(select(func.setval(counter, last or 1, last is not None)))


def _marked(value: Any) -> Any:
    if isinstance(value, datetime):
        return {"time": value.isoformat()}
    if isinstance(value, bytes | memoryview):
        return {"bytes": base64.b64encode(bytes(value)).decode()}
    return value


def _unmarked(value: Any) -> Any:
    if isinstance(value, dict):
        return datetime.fromisoformat(value["time"]) if "time" in value else base64.b64decode(value["bytes"])
    return value
