"""The catalogue's migrations: where a database stands, which steps lie ahead, and taking them."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, select

from oximetry.adapters.catalogue.tables import schema_range

MIGRATIONS = Path(__file__).resolve().parents[3] / "migrations"
NEWEST = "head"


def newest() -> str:
    """The revision that this version of the program was written for."""
    return ScriptDirectory(str(MIGRATIONS)).get_current_head() or ""


def stands_at(connection: Connection) -> str | None:
    """The revision of a database; ``None`` for an empty one."""
    return MigrationContext.configure(connection).get_current_revision()


def steps(below: str | None, above: str = NEWEST) -> list[tuple[str, str]]:
    """Revision and purpose of each step behind ``below`` up to ``above``, in their order."""
    scripts = ScriptDirectory(str(MIGRATIONS)).iterate_revisions(above, below or "base")
    found = [(script.revision, (script.doc or "").partition("\n")[0]) for script in scripts]
    return [step for step in reversed(found) if step[0] != below]


def is_known(revision: str | None) -> bool:
    """Whether this version of the program has that migration; an empty database has none, which every version knows."""
    known = ScriptDirectory(str(MIGRATIONS)).walk_revisions()
    return revision is None or any(script.revision == revision for script in known)


def is_in_range(connection: Connection) -> bool:
    """Whether this version may run on the database: at its own revision, or on newer tables that only add to ours.

    Revisions are numbers, so that two of them can be compared even where one is not known here.
    """
    revision, ours = stands_at(connection), newest()
    if revision is None or revision == ours or revision < ours or not inspect(connection).has_table("schema_range"):
        return revision == ours
    return (connection.scalar(select(schema_range.c.oldest)) or revision) <= ours


def not_additive(steps_back: list[str]) -> list[str]:
    """Those of the steps that cannot be taken back without losing more than what they added."""
    scripts = ScriptDirectory(str(MIGRATIONS))
    return [step for step in steps_back if not getattr(scripts.get_revision(step).module, "additive", False)]


def upgrade(connection: Connection, revision: str = NEWEST) -> None:
    """Take the steps up to a revision, in the connection's transaction."""
    command.upgrade(_config(connection), revision)


def downgrade(connection: Connection, revision: str) -> None:
    """Go back to a revision, in the connection's transaction."""
    command.downgrade(_config(connection), revision)


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config
