"""Whether everything that a night needs is there: database, store, worker, browser, room on the disk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from oximetry.domain.catalogue_ports import Catalogue, Transaction
from oximetry.domain.errors import CatalogueUnavailable, RenderingUnavailable
from oximetry.domain.heartbeats import (
    BACKUP_BEAT,
    BEAT_EXPECTED_WITHIN,
    PROBE_BEAT,
    RENDERER_BEAT,
    WEB_BEAT,
    WORKER_BEAT,
    WORKER_BEATS,
    Heartbeat,
)
from oximetry.domain.ports import Clock
from oximetry.services.storage.store_watch import StoreWatch

PROBE_EXPECTED_WITHIN = timedelta(seconds=180)
WRITTEN_EVERY = timedelta(seconds=30)
LITTLE_DISK_MB = 500


@dataclass(frozen=True, slots=True)
class StorageState:
    """How the object store is, and what waits for it.

    Attributes
    ----------
    state : str
        ``ok``; ``degraded``: it answers, and some of what was received meanwhile is not archived yet, or an object was
        found damaged; ``down``: it does not answer; ``refused``: it says no.
    pending, oldest_s : int
        Objects in the outbox, and for how many seconds the oldest has been there (0: none is).
    damaged : int
        Objects whose bytes were not the right ones when they were last read.
    """

    state: str
    pending: int = 0
    oldest_s: int = 0
    damaged: int = 0


@dataclass(frozen=True, slots=True)
class Readiness:
    """Each part is ``ok`` or says what it is.

    Attributes
    ----------
    database : str
        ``ok``, ``down``, or ``not_writable``.
    queue : str
        ``ok``, or ``no_worker`` when none was heard of for a minute.
    jobs : dict
        Jobs by state, each counted to 10,000 at most.
    oldest_waiting_s : dict
        For each kind of job, how long the oldest one has waited.
    workers : tuple of Heartbeat
        Those that were heard of within the last minute, the latest first.
    probe : Heartbeat, optional
        When a worker last wrote and read a small object in the store, and how it went.
    disk_free_mb : int, optional
        Room where the data folder is.
    backup_age_s : int, optional
        How old the last backup is that the worker made by itself.
    """

    database: str
    outbox: StorageState
    queue: str
    renderer: str
    jobs: dict[str, int]
    oldest_waiting_s: dict[str, int] = field(default_factory=dict)
    workers: tuple[Heartbeat, ...] = ()
    probe: Heartbeat | None = None
    disk_free_mb: int | None = None
    backup_age_s: int | None = None

    @property
    def storage(self) -> str:
        """The store's state in one word."""
        return self.outbox.state

    @property
    def disk(self) -> str:
        """``ok``, or ``little`` room left."""
        return "little" if self.disk_free_mb is not None and self.disk_free_mb < LITTLE_DISK_MB else "ok"

    @property
    def status(self) -> str:
        """``down`` without database, store or worker; ``degraded`` where something waits or runs out; else ``ok``."""
        if any(part not in ("ok", "degraded") for part in (self.database, self.storage, self.queue)):
            return "down"
        return "ok" if (self.renderer, self.storage, self.disk) == ("ok", "ok", "ok") else "degraded"

    def public(self) -> dict[str, object]:
        """What anybody may know: states and numbers."""
        waiting = self.outbox
        return {
            "status": self.status,
            "database": self.database,
            "storage": self.storage,
            "queue": self.queue,
            "renderer": self.renderer,
            "disk": self.disk,
            "jobs": self.jobs,
            "outbox": {"pending": waiting.pending, "oldest_s": waiting.oldest_s, "damaged": waiting.damaged},
            "workers": len(self.workers),
            "oldest_waiting_s": self.oldest_waiting_s,
            "disk_free_mb": self.disk_free_mb,
            "backup_age_s": self.backup_age_s,
        }

    def details(self) -> dict[str, object]:
        """What the operator may know too: each worker by its name, and what the store said."""
        return {
            "workers": [{"name": one.name, "beat_at": one.beat_at.isoformat(), **one.details} for one in self.workers],
            "store_probe": None
            if self.probe is None
            else {"at": self.probe.beat_at.isoformat(), "ok": self.probe.ok, **self.probe.details},
        }


class ReadinessService:
    """Looks at each part, at the same cost at any size: jobs are counted to a limit, the store is asked now and then.

    Parameters
    ----------
    free_disk_mb : callable
        Room on the disk of the data folder, in MB; ``None`` where that cannot be told.
    """

    def __init__(
        self, catalogue: Catalogue, watch: StoreWatch, clock: Clock, free_disk_mb: Callable[[], int | None]
    ) -> None:
        self._catalogue = catalogue
        self._watch = watch
        self._clock = clock
        self._free_disk_mb = free_disk_mb

    def look(self) -> Readiness:
        """The state of everything now."""
        if not self._catalogue.is_alive():
            storage = StorageState(self._watch.state())
            return Readiness("down", storage, "unknown", "unknown", {}, disk_free_mb=self._free_disk_mb())
        now = self._clock()
        with self._catalogue.read() as transaction:
            worker = transaction.heartbeats.last(WORKER_BEAT)
            renderer = transaction.heartbeats.last(RENDERER_BEAT)
            workers = transaction.heartbeats.named(WORKER_BEATS)
            probe = _probe(transaction)
            backup = transaction.heartbeats.last(BACKUP_BEAT)
            jobs = transaction.jobs.counts()
            oldest = transaction.jobs.oldest_waiting()
        alive = worker is not None and now - worker[0] < BEAT_EXPECTED_WITHIN
        return Readiness(
            database=self._written(),
            outbox=self.storage(),
            queue="ok" if alive else "no_worker",
            renderer="unknown" if renderer is None else ("ok" if renderer[1] else "no_browser"),
            jobs=jobs,
            oldest_waiting_s={name: int((now - since).total_seconds()) for name, since in oldest.items()},
            workers=tuple(one for one in workers if one.is_fresh(now)),
            probe=probe,
            disk_free_mb=self._free_disk_mb(),
            backup_age_s=int((now - backup[0]).total_seconds()) if backup and backup[1] else None,
        )

    def note_rendering(self, error: RenderingUnavailable | None) -> None:
        """Remember whether the last picture could be drawn."""
        with self._catalogue.write() as transaction:
            transaction.heartbeats.beat(RENDERER_BEAT, self._clock(), error is None)

    def storage(self) -> StorageState:
        """The store alone."""
        with self._catalogue.read() as transaction:
            waiting = transaction.outbox.totals()
            damaged = transaction.files.damaged()
            probe = _probe(transaction)
        oldest_s = int((self._clock() - waiting.oldest_at).total_seconds()) if waiting.oldest_at else 0
        state = self._watch.state()
        if state == "ok" and probe is not None and not probe.ok and self._is_fresh(probe):
            state = str(probe.details.get("state", "down"))  # it lists, and does not take or give back an object
        if state == "ok" and (waiting.count or damaged):
            state = "degraded"
        return StorageState(state, waiting.count, oldest_s, damaged)

    def _is_fresh(self, probe: Heartbeat) -> bool:
        return self._clock() - probe.beat_at < PROBE_EXPECTED_WITHIN

    def _written(self) -> str:
        """Whether the database takes a row; tried at most every half minute, by whoever comes first."""
        try:
            with self._catalogue.read() as transaction:
                last = transaction.heartbeats.last(WEB_BEAT)
            if last is None or self._clock() - last[0] >= WRITTEN_EVERY:
                with self._catalogue.write() as transaction:
                    transaction.heartbeats.beat(WEB_BEAT, self._clock(), True)
        except CatalogueUnavailable:
            return "not_writable"
        return "ok"


def _probe(transaction: Transaction) -> Heartbeat | None:
    return next(iter(transaction.heartbeats.named(PROBE_BEAT)), None)
