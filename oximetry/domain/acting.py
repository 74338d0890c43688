"""For whom a transaction is opened, so that a database which looks at rows itself can keep others' rows to itself."""

from __future__ import annotations

from contextvars import ContextVar

EVERYBODY = "*"
"""The worker, a command, and a page before it knows whom it is for."""

NOBODY = ""

acting_for: ContextVar[str] = ContextVar("acting_for", default=EVERYBODY)
"""A doctor's id, `EVERYBODY` or `NOBODY`."""
