"""The fixtures of `tests.storage.worlds`; another folder's conftest can import those it needs in the same way."""

from tests.factories import migrated_sqlite, sqlite_url
from tests.postgres import postgres
from tests.storage.worlds import gateway, local, models_are_read_once, module_gateway, own_gateway, seed_bucket, world

__all__ = [
    "gateway",
    "local",
    "migrated_sqlite",
    "models_are_read_once",
    "module_gateway",
    "own_gateway",
    "postgres",
    "seed_bucket",
    "sqlite_url",
    "world",
]
