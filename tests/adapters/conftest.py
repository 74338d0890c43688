"""Catalogues on both databases, for every test of this folder."""

from tests.factories import catalogue, database_url, migrated_postgres, migrated_sqlite, postgres_url, sqlite_url
from tests.postgres import empty_postgres, postgres

__all__ = [
    "catalogue",
    "database_url",
    "empty_postgres",
    "migrated_postgres",
    "migrated_sqlite",
    "postgres",
    "postgres_url",
    "sqlite_url",
]
