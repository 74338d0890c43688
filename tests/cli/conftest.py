from tests.factories import migrated_sqlite, sqlite_url

__all__ = ["migrated_sqlite", "sqlite_url"]
