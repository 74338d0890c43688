"""The rights of a PostgreSQL role for the web processes: every row it may see, no table it may change."""

from __future__ import annotations

import re

from sqlalchemy import Connection, text

from oximetry.domain.errors import ConfigurationError

_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_GRANTS = (
    "GRANT USAGE ON SCHEMA public TO {role}",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
    "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}",
    "REVOKE INSERT, UPDATE, DELETE ON alembic_version, schema_range FROM {role}",
    "REVOKE UPDATE, DELETE ON audit_events FROM {role}",
)


def grant(connection: Connection, role: str) -> None:
    """Give an existing role what the web processes need.

    Raises ``ConfigurationError`` for SQLite, a name that is none, a role that is not there, and one that looks past
    the rows' rules (a superuser, or one with BYPASSRLS).
    """
    if connection.dialect.name != "postgresql" or not _NAME.fullmatch(role):
        raise ConfigurationError(setting="--web-role", problem="needs PostgreSQL and a plain name")
    found = connection.execute(
        text("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = :role"), {"role": role}
    ).one_or_none()
    if found is None or found[0]:
        raise ConfigurationError(setting="--web-role", problem="no such role, or one that sees every row")
    for words in _GRANTS:
        connection.execute(text(words.format(role=role)))
