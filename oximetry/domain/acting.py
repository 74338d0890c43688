"""For whom a transaction is opened, so that a database which looks at rows itself can keep others' rows to itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

EVERYBODY = "*"
"""The worker, a command, and a page before it knows whom it is for."""

NOBODY = ""

acting_for: ContextVar[str] = ContextVar("acting_for", default=EVERYBODY)
"""A doctor's id, `EVERYBODY` or `NOBODY`."""


@contextmanager
def for_everybody() -> Iterator[None]:
    """What is one for all doctors, as the chain of signed reports is, is looked at as a whole within the block."""
    before = acting_for.set(EVERYBODY)
    try:
        yield
    finally:
        acting_for.reset(before)
