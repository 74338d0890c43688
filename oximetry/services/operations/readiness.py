"""Whether everything that a night needs is there: database, store, worker, browser."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from oximetry.domain.catalogue_ports import Catalogue
from oximetry.domain.errors import RenderingUnavailable
from oximetry.domain.ports import Clock
from oximetry.services.storage.store_watch import StoreWatch

WORKER_BEAT = "worker"
RENDERER_BEAT = "renderer"
BEAT_EXPECTED_WITHIN = timedelta(seconds=60)


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
    """Each part is ``ok`` or says what it is; ``jobs`` counts them by state."""

    database: str
    outbox: StorageState
    queue: str
    renderer: str
    jobs: dict[str, int]

    @property
    def storage(self) -> str:
        """The store's state in one word."""
        return self.outbox.state

    @property
    def status(self) -> str:
        """``down`` without database, store or worker; ``degraded`` where something waits; else ``ok``."""
        if any(part not in ("ok", "degraded") for part in (self.database, self.storage, self.queue)):
            return "down"
        return "ok" if (self.renderer, self.storage) == ("ok", "ok") else "degraded"


class ReadinessService:
    """Looks at each part; the store is asked at most every ten seconds, whoever asks us."""

    def __init__(self, catalogue: Catalogue, watch: StoreWatch, clock: Clock) -> None:
        self._catalogue = catalogue
        self._watch = watch
        self._clock = clock

    def look(self) -> Readiness:
        """The state of everything now."""
        if not self._catalogue.is_alive():
            return Readiness("down", StorageState(self._watch.state()), "unknown", "unknown", {})
        with self._catalogue.read() as transaction:
            worker = transaction.heartbeats.last(WORKER_BEAT)
            renderer = transaction.heartbeats.last(RENDERER_BEAT)
            jobs = transaction.jobs.counts()
        alive = worker is not None and self._clock() - worker[0] < BEAT_EXPECTED_WITHIN
        drawn = "unknown" if renderer is None else ("ok" if renderer[1] else "no_browser")
        return Readiness("ok", self.storage(), "ok" if alive else "no_worker", drawn, jobs)

    def beat(self) -> None:
        """The worker is alive."""
        with self._catalogue.write() as transaction:
            transaction.heartbeats.beat(WORKER_BEAT, self._clock(), True)

    def note_rendering(self, error: RenderingUnavailable | None) -> None:
        """Remember whether the last picture could be drawn."""
        with self._catalogue.write() as transaction:
            transaction.heartbeats.beat(RENDERER_BEAT, self._clock(), error is None)

    def storage(self) -> StorageState:
        """The store alone."""
        with self._catalogue.read() as transaction:
            waiting = transaction.outbox.totals()
            damaged = transaction.files.damaged()
        oldest_s = int((self._clock() - waiting.oldest_at).total_seconds()) if waiting.oldest_at else 0
        state = self._watch.state()
        if state == "ok" and (waiting.count or damaged):
            state = "degraded"
        return StorageState(state, waiting.count, oldest_s, damaged)
