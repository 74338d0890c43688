"""One synchronisation at a time: a lock in the catalogue that runs out when its holder dies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from uuid import uuid4

from oximetry.domain.catalogue_ports import Catalogue
from oximetry.domain.errors import CatalogueUnavailable, SyncAborted
from oximetry.domain.ports import Clock

LEASE = timedelta(minutes=3)  # a page of a listing may wait three times for a slow store before the next renewal


@contextmanager
def sync_lock(catalogue: Catalogue, clock: Clock) -> Iterator[Callable[[], None]]:
    """Hold the lock for the block.

    Yields
    ------
    callable
        To be called now and again, with no transaction open; raises ``SyncAborted`` when the lock was lost.

    Raises
    ------
    SyncAborted
        Reason ``sync_running``: another synchronisation holds it.
    """
    holder = str(uuid4())

    def keep() -> None:
        with catalogue.write() as transaction:
            if not transaction.sync_runs.take_lease(holder, clock(), clock() + LEASE):
                raise SyncAborted("sync_running")

    keep()
    try:
        yield keep
    finally:
        with suppress(CatalogueUnavailable), catalogue.write() as transaction:
            transaction.sync_runs.drop_lease(holder)
