"""A circuit breaker: whether it is worth asking something that has been failing.

No clock of its own: every question carries the time, in seconds of any clock that never goes back.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from threading import Lock


@dataclass(frozen=True, slots=True)
class BreakerRule:
    """``failures`` within ``window_s`` open it; ``cool_s`` later one caller may try, and its luck decides."""

    failures: int = 5
    window_s: float = 30.0
    cool_s: float = 10.0


class Breaker:
    """Closed (all may ask), open (nobody), half open (one); safe between threads.

    References
    ----------
    Nygard, M. (2007). Release It! Pragmatic Bookshelf. Chapter 5.2, "Circuit Breaker".
    """

    def __init__(self, rule: BreakerRule | None = None) -> None:
        self._rule = rule or BreakerRule()
        self._lock = Lock()
        self._failed_at: deque[float] = deque(maxlen=self._rule.failures)
        self._next_try_at: float | None = None

    @property
    def is_open(self) -> bool:
        """Whether it opened and nobody has got through since."""
        return self._next_try_at is not None

    def allows(self, now_s: float) -> bool:
        """Whether to ask now; while open, one caller per ``cool_s`` hears yes and must tell how it went."""
        with self._lock:
            if self._next_try_at is None:
                return True
            if now_s < self._next_try_at:
                return False
            self._next_try_at = now_s + self._rule.cool_s
            return True

    def succeeded(self) -> bool:
        """An answer came, whatever it said; returns whether that closed the breaker."""
        with self._lock:
            was_open, self._next_try_at = self._next_try_at is not None, None
            self._failed_at.clear()
            return was_open

    def failed(self, now_s: float) -> bool:
        """No answer came; returns whether that opened the breaker."""
        with self._lock:
            self._failed_at.append(now_s)
            many = len(self._failed_at) == self._rule.failures
            if self._next_try_at is not None:
                self._next_try_at = now_s + self._rule.cool_s
                return False
            if many and now_s - self._failed_at[0] <= self._rule.window_s:
                self._next_try_at = now_s + self._rule.cool_s
                return True
            return False
