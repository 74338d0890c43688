"""Alembic's entry: runs migrations on the connection that ``Catalogue.migrate`` hands over."""

from __future__ import annotations

from alembic import context

from oximetry.adapters.catalogue.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=True,
)
context.run_migrations()
