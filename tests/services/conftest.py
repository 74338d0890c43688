"""A clinic with all its services, for every test of this folder."""

from tests.factories import (
    both_clinics,
    catalogue,
    clinic,
    database_url,
    migrated_postgres,
    migrated_sqlite,
    postgres_url,
    sqlite_url,
)
from tests.postgres import postgres

__all__ = [
    "both_clinics",
    "catalogue",
    "clinic",
    "database_url",
    "migrated_postgres",
    "migrated_sqlite",
    "postgres",
    "postgres_url",
    "sqlite_url",
]
