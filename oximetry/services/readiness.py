"""Whether everything that a night needs is there: database, store, worker, browser."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

from oximetry.domain.catalogue_ports import Catalogue
from oximetry.domain.errors import RenderingUnavailable, StorageRefused, StorageUnavailable
from oximetry.domain.ports import Clock, ObjectStore

WORKER_BEAT = "worker"
RENDERER_BEAT = "renderer"
BEAT_EXPECTED_WITHIN = timedelta(seconds=60)
STORAGE_ASKED_EVERY = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Readiness:
    """Each part is ``ok`` or says what it is; ``jobs`` counts them by state."""

    database: str
    storage: str
    queue: str
    renderer: str
    jobs: dict[str, int]

    @property
    def status(self) -> str:
        """``down`` without database, store or worker; ``degraded`` without pictures; else ``ok``."""
        if any(part != "ok" for part in (self.database, self.storage, self.queue)):
            return "down"
        return "ok" if self.renderer == "ok" else "degraded"


class ReadinessService:
    """Looks at each part; the store is asked at most every ten seconds, whoever asks us."""

    def __init__(self, catalogue: Catalogue, store: ObjectStore, clock: Clock) -> None:
        self._catalogue = catalogue
        self._store = store
        self._clock = clock
        self._lock = Lock()
        self._storage: tuple[datetime, str] | None = None

    def look(self) -> Readiness:
        """The state of everything now."""
        if not self._catalogue.is_alive():
            return Readiness("down", self._storage_state(), "unknown", "unknown", {})
        with self._catalogue.read() as transaction:
            worker = transaction.heartbeats.last(WORKER_BEAT)
            renderer = transaction.heartbeats.last(RENDERER_BEAT)
            jobs = transaction.jobs.counts()
        alive = worker is not None and self._clock() - worker[0] < BEAT_EXPECTED_WITHIN
        drawn = "unknown" if renderer is None else ("ok" if renderer[1] else "no_browser")
        return Readiness("ok", self._storage_state(), "ok" if alive else "no_worker", drawn, jobs)

    def beat(self) -> None:
        """The worker is alive."""
        with self._catalogue.write() as transaction:
            transaction.heartbeats.beat(WORKER_BEAT, self._clock(), True)

    def note_rendering(self, error: RenderingUnavailable | None) -> None:
        """Remember whether the last picture could be drawn."""
        with self._catalogue.write() as transaction:
            transaction.heartbeats.beat(RENDERER_BEAT, self._clock(), error is None)

    def _storage_state(self) -> str:
        with self._lock:
            now = self._clock()
            if self._storage is None or now - self._storage[0] >= STORAGE_ASKED_EVERY:
                self._storage = (now, self._ask_storage())
            return self._storage[1]

    def _ask_storage(self) -> str:
        try:
            next(iter(self._store.list("users/")), None)
        except StorageUnavailable:
            return "down"
        except StorageRefused:
            return "refused"
        return "ok"
