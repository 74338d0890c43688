"""How the object store is, known without making anybody wait for a store that does not answer."""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Event, Lock, Thread

from oximetry.domain.errors import StorageRefused, StorageUnavailable
from oximetry.services.storage.outbox import GuardedStore

logger = logging.getLogger(__name__)

ASKED_EVERY_S = 10.0
ASKED_WHILE_FAILING_S = 1.0
WAIT_S = 2.0


class StoreWatch:
    """Asks the store for its first object, at most every ten seconds, in a thread of its own.

    Parameters
    ----------
    store : GuardedStore
        With little patience, and the breaker of the store that the application uses: what is found out here closes
        or opens the way there.
    """

    def __init__(self, store: GuardedStore, seconds: Callable[[], float]) -> None:
        self._store = store
        self._seconds = seconds
        self._lock = Lock()
        self._state = "ok"
        self._asked_at: float | None = None
        self._answered = Event()
        self._answered.set()

    def state(self) -> str:
        """``ok``, ``down`` or ``refused``; no answer within two seconds is ``down``, and nobody waits longer."""
        self.nudge()
        if not self._answered.wait(max(0.0, (self._asked_at or 0.0) + WAIT_S - self._seconds())):
            return "down"
        return "down" if self._store.is_away else self._state

    def nudge(self) -> None:
        """Let the store be asked if that was long ago; waits for nothing."""
        with self._lock:
            now = self._seconds()
            every = ASKED_EVERY_S if self._state == "ok" else ASKED_WHILE_FAILING_S
            if not self._answered.is_set() or (self._asked_at is not None and now - self._asked_at < every):
                return
            self._asked_at = now
            self._answered.clear()
            Thread(target=self._ask, daemon=True, name="store-watch").start()

    def _ask(self) -> None:
        state = "down"
        try:
            next(self._store.list("users/"), None)
            state = "ok"
        except StorageUnavailable as error:
            logger.warning("store does not answer reason=%s", error.reason)
        except StorageRefused as error:
            state = "refused"
            logger.error("store refuses reason=%s", error.reason)
        finally:
            self._state = state
            self._answered.set()
