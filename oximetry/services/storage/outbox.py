"""The object store with an outbox: what an outage keeps from the store waits, bytes and all, in the database.

A refusal (wrong key, no bucket) is never kept: trying again does not help, so it is told at once.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC
from typing import TypeVar

from oximetry.domain.catalogue_ports import Catalogue, Transaction
from oximetry.domain.errors import AlreadyExists, NotFound, StorageRefused, StorageUnavailable
from oximetry.domain.ports import Clock, ObjectStore, StoredObject
from oximetry.domain.records import KeptObject
from oximetry.services.storage.breaker import Breaker

logger = logging.getLogger(__name__)

ARCHIVE = "archive"
OUTAGES = ("storage_unavailable", "storage_full", "outbox_full")
_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class OutboxLimits:
    """What the database takes in for the store: bytes of one object, and of all together."""

    item_bytes: int
    total_bytes: int


class GuardedStore:
    """Asks a store only while its breaker allows it; a store that fails is left in peace for a while.

    Parameters
    ----------
    seconds : callable
        A clock that never goes back.
    """

    def __init__(self, store: ObjectStore, breaker: Breaker, seconds: Callable[[], float]) -> None:
        self._store = store
        self._breaker = breaker
        self._seconds = seconds

    @property
    def origin(self) -> str | None:
        """The store's."""
        return self._store.origin

    @property
    def is_away(self) -> bool:
        """Whether the store has been failing and nobody has got through since."""
        return self._breaker.is_open

    def put(self, key: str, content: bytes, *, content_type: str, filename: str | None = None) -> StoredObject:
        """As the store."""
        return self._ask(lambda: self._store.put(key, content, content_type=content_type, filename=filename))

    def get(self, key: str) -> bytes:
        """As the store."""
        return self._ask(lambda: self._store.get(key))

    def stat(self, key: str) -> StoredObject:
        """As the store."""
        return self._ask(lambda: self._store.stat(key))

    def delete(self, key: str) -> None:
        """As the store."""
        self._ask(lambda: self._store.delete(key))

    def purge(self, prefix: str) -> None:
        """As the store."""
        self._ask(lambda: self._store.purge(prefix))

    def list(self, prefix: str = "", after: str | None = None) -> Iterator[StoredObject]:
        """As the store; the breaker is asked once, and told of the first answer and of a failure further on."""
        stored_objects = self._store.list(prefix, after)
        first = self._ask(lambda: next(stored_objects, None))
        while first is not None:
            yield first
            first = self._ask(lambda: next(stored_objects, None))

    def url(self, key: str, *, expires_s: int, filename: str, content_type: str, inline: bool = False) -> str:
        """As the store; ``StorageUnavailable`` while it is away: better our page than the server's, or none."""
        if self._breaker.is_open:
            raise StorageUnavailable(operation="url", problem="breaker_open")
        return self._store.url(key, expires_s=expires_s, filename=filename, content_type=content_type, inline=inline)

    def _ask(self, question: Callable[[], _Answer]) -> _Answer:
        if not self._breaker.allows(self._seconds()):
            raise StorageUnavailable(problem="breaker_open")
        try:
            answer = question()
        except StorageUnavailable as error:
            if self._breaker.failed(self._seconds()):
                logger.error("store given up for now reason=%s", error.reason)
            raise
        except (NotFound, AlreadyExists, StorageRefused):
            self._answered()
            raise
        self._answered()
        return answer

    def _answered(self) -> None:
        if self._breaker.succeeded():
            logger.warning("store answers again")


class OutboxStore(GuardedStore):
    """A guarded store whose writes survive an outage; implements ``ports.ObjectStore``.

    ``list`` and ``url`` are about what is archived; `NightService` sends whoever asks for a pending file to us.
    """

    def __init__(
        self,
        store: ObjectStore,
        breaker: Breaker,
        seconds: Callable[[], float],
        catalogue: Catalogue,
        clock: Clock,
        limits: OutboxLimits,
    ) -> None:
        super().__init__(store, breaker, seconds)
        self._catalogue = catalogue
        self._clock = clock
        self._limits = limits

    def put(self, key: str, content: bytes, *, content_type: str, filename: str | None = None) -> StoredObject:
        """Write, or keep for later when the store is away.

        Raises
        ------
        StorageUnavailable
            Reason ``outbox_full`` when the outbox cannot take it either: nothing was kept.
        """
        try:
            return super().put(key, content, content_type=content_type, filename=filename)
        except StorageUnavailable as error:
            return self._keep(key, content, content_type, filename, error)

    def get(self, key: str) -> bytes:
        """The content, from the outbox while it waits there."""
        kept = self._kept(key)
        return kept.content if kept else super().get(key)

    def stat(self, key: str) -> StoredObject:
        """Of the object in the outbox while it waits there."""
        kept = self._kept(key)
        return _stored(kept) if kept else super().stat(key)

    def delete(self, key: str) -> None:
        """From the outbox, then from the store: whoever archives it just now sees that it is gone, and removes it."""
        with self._catalogue.write() as transaction:
            transaction.outbox.remove(key)
        super().delete(key)

    def archive(self, outbox_id: str) -> None:
        """Handles the job ``archive``: hand one object on, verified, and let the others follow at once."""
        with self._catalogue.read() as transaction:
            kept = transaction.outbox.get(outbox_id)
        if kept is None:
            return
        super().put(kept.key, kept.content, content_type=kept.content_type, filename=kept.filename)
        if hashlib.sha256(super().get(kept.key)).hexdigest() != kept.sha256:
            raise StorageUnavailable("not_at_its_place", key=kept.key)
        with self._catalogue.write() as transaction:
            # gone may also mean that another run of this job, whose lease we had lost, archived it
            wanted = transaction.outbox.remove(kept.key) or _is_known(transaction, kept.key)
            transaction.jobs.hurry(OUTAGES, self._clock())
        if not wanted:
            super().delete(kept.key)
        logger.info("object archived key=%s waited_s=%d", kept.key, (self._clock() - kept.created_at).total_seconds())

    def look_again(self) -> None:
        """Ask a store for which something waits whether it is back; when it is, nothing waits any longer."""
        with self._catalogue.read() as transaction:
            waits = transaction.jobs.waits_for(OUTAGES)
        if waits:
            next(self.list("users/"), None)
            with self._catalogue.write() as transaction:
                transaction.jobs.hurry(OUTAGES, self._clock())

    def ask_again(self) -> None:
        """Ask for everything in the outbox to be archived, also what a job has given up."""
        with self._catalogue.write() as transaction:
            for outbox_id in transaction.outbox.ids():
                transaction.jobs.submit(ARCHIVE, outbox_id, "", self._clock())

    def _kept(self, key: str) -> KeptObject | None:
        with self._catalogue.read() as transaction:
            return transaction.outbox.find(key)

    def _keep(
        self, key: str, content: bytes, content_type: str, filename: str | None, outage: StorageUnavailable
    ) -> StoredObject:
        digest = hashlib.sha256(content).hexdigest()
        with self._catalogue.write() as transaction:
            size = transaction.outbox.totals().bytes + len(content)
            if len(content) > self._limits.item_bytes or size > self._limits.total_bytes:
                logger.error("outbox full bytes=%d", size)
                raise StorageUnavailable("outbox_full") from outage
            wanted = KeptObject("", key, content, content_type, filename, digest, self._clock())
            kept = transaction.outbox.add(wanted)
            if kept.sha256 != digest:
                raise AlreadyExists(key=key) from outage
            transaction.jobs.submit(ARCHIVE, kept.id, "", self._clock())
        logger.warning("object kept in the outbox key=%s bytes=%d reason=%s", key, len(content), outage.reason)
        return _stored(kept)


def _is_known(transaction: Transaction, key: str) -> bool:
    return transaction.uploads.is_staged_for(key) or transaction.files.knows(key)


def _stored(kept_object: KeptObject) -> StoredObject:
    etag = hashlib.md5(kept_object.content, usedforsecurity=False).hexdigest()
    return StoredObject(kept_object.key, len(kept_object.content), etag, kept_object.created_at.replace(tzinfo=UTC).timestamp())
