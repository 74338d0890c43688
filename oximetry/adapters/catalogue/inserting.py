"""INSERT with an answer to a row that is there already, in the same words on both databases."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite


def insert(connection: Connection, table: Any) -> Any:
    """The database's own INSERT, which knows ``on_conflict_do_nothing`` and ``on_conflict_do_update``."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    return dialect.insert(table)


def insert_or_ignore(connection: Connection, table: Any) -> Any:
    """An INSERT that leaves an existing row alone."""
    return insert(connection, table).on_conflict_do_nothing()
