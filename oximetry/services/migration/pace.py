"""How fast a long piece of work goes, and how it waits out an outage."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from threading import Lock
from typing import TypeVar

from oximetry.domain.errors import StorageUnavailable

TRIES = 5
FIRST_PAUSE_S = 0.5
Done = TypeVar("Done")


class Pace:
    """At most so many objects a second, from all threads together.

    Parameters
    ----------
    per_second : float or None
        ``None`` for no limit.
    """

    def __init__(
        self,
        per_second: float | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._interval_s = 1 / per_second if per_second else 0.0
        self._clock = clock
        self._sleep = sleep
        self._next = clock()
        self._lock = Lock()

    def wait(self) -> None:
        """Return when the next object may begin."""
        if not self._interval_s:
            return
        with self._lock:
            now = self._clock()
            begin = max(now, self._next)
            self._next = begin + self._interval_s
        if begin > now:
            self._sleep(begin - now)

    def retried(self, act: Callable[[], Done]) -> Done:
        """Do it, in an outage again with growing pauses; the last outage is raised."""
        for attempt in range(TRIES - 1):
            try:
                return act()
            except StorageUnavailable:
                self.pause(attempt)
        return act()

    def pause(self, attempt: int) -> None:
        """The pause before another try, longer each time."""
        self._sleep(FIRST_PAUSE_S * 2**attempt * random.uniform(0.5, 1.0))
