"""Something done now and again every few seconds, beside a block of code."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

logger = logging.getLogger(__name__)

LAST_WORDS_S = 5.0


@contextmanager
def every(seconds: float, act: Callable[[], object]) -> Iterator[None]:
    """Call ``act`` at once and every ``seconds`` until the block ends; a failure is logged and tried again."""
    stopped = Event()

    def go_on() -> None:
        while True:
            try:
                act()
            except Exception as error:  # noqa: BLE001 - a database that is away for a moment must not end the beat
                name = getattr(act, "__qualname__", "?")
                logger.warning("repeated act failed act=%s error=%s", name, type(error).__name__)
            if stopped.wait(seconds):
                return

    thread = Thread(target=go_on, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join(timeout=LAST_WORDS_S)
