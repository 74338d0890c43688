"""Ends a process that cannot show that it lives, so that its supervisor starts a new one."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from time import monotonic

logger = logging.getLogger(__name__)

LOOK_S = 1.0


class Watchdog:
    """Counts the seconds since the last sign of life.

    Parameters
    ----------
    patience_s : float
        How long no sign may come.
    end : callable
        Ends the process; called at most once, from the watching thread.
    """

    def __init__(self, patience_s: float, end: Callable[[], object], clock: Callable[[], float] = monotonic) -> None:
        self._patience_s = patience_s
        self._end = end
        self._clock = clock
        self._seen_at = clock()

    def note(self) -> None:
        """A sign of life."""
        self._seen_at = self._clock()

    def is_too_late(self) -> bool:
        """Whether no sign came for longer than the patience."""
        return self._clock() - self._seen_at > self._patience_s

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch beside the block."""
        stopped = Event()
        Thread(target=self._watch, args=(stopped,), daemon=True, name="watchdog").start()
        try:
            yield
        finally:
            stopped.set()

    def _watch(self, stopped: Event) -> None:
        while not stopped.wait(LOOK_S):
            if self.is_too_late():
                logger.critical("no sign of life for %.0f s: the process ends", self._patience_s)
                self._end()
                return
