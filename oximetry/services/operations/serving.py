"""Whether this process can serve: its threads move, and its pool of connections reaches the database in time."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Lock, Thread
from time import monotonic

ANSWER_S = 1.0
ASKED_EVERY_S = 1.0


class ServingCheck:
    """Asks the database in a thread of its own, so that nobody waits longer than a second, however silent it is.

    Parameters
    ----------
    is_alive : callable
        Whether the database answers; it may hang.
    """

    def __init__(self, is_alive: Callable[[], bool], clock: Callable[[], float] = monotonic) -> None:
        self._is_alive = is_alive
        self._clock = clock
        self._lock = Lock()
        self._answered = Event()
        self._answered.set()
        self._asked_at: float | None = None
        self._alive = False

    def can_serve(self) -> bool:
        """Whether the database answered within a second; asked at most once a second, whoever wants to know."""
        with self._lock:
            now = self._clock()
            if self._answered.is_set() and (self._asked_at is None or now - self._asked_at >= ASKED_EVERY_S):
                self._asked_at = now
                self._answered.clear()
                Thread(target=self._ask, daemon=True, name="serving-check").start()
            remaining_s = max(0.0, (self._asked_at or now) + ANSWER_S - now)
        return self._answered.wait(remaining_s) and self._alive

    def _ask(self) -> None:
        alive = False
        try:
            alive = self._is_alive()
        finally:
            self._alive = alive
            self._answered.set()
