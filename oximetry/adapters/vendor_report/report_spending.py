"""What each owner's refused files have cost: a batch of bombs waits for its turns, and nobody else waits for it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

BURST_S = 10.0
REGAINED_PER_S = 0.5
FREE_S = 0.3
"""Seconds of processor time that a file may cost which is no report and means no harm."""


@dataclass(frozen=True, slots=True)
class _Account:
    spent_s: float
    at: float


class Spending:
    """Processor time that refused files have cost, by owner; safe to use from many threads.

    Parameters
    ----------
    burst_s : float
        Seconds that an owner may spend at once.
    regained_per_s : float
        Seconds of it that come back in each second.
    """

    def __init__(
        self,
        burst_s: float = BURST_S,
        regained_per_s: float = REGAINED_PER_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._burst_s, self._regained_per_s, self._clock = burst_s, regained_per_s, clock
        self._accounts: dict[str, _Account] = {}
        self._lock = Lock()

    def is_spent(self, owner: str) -> bool:
        """Whether this owner's next file must wait."""
        with self._lock:
            return self._left(owner) <= 0

    def add(self, owner: str, cpu_s: float) -> None:
        """A file of this owner was refused after so much processor time."""
        if not owner or cpu_s <= FREE_S:
            return
        with self._lock:
            left = self._left(owner)
            now = self._clock()
            self._accounts[owner] = _Account(self._burst_s - left + cpu_s - FREE_S, now)
            self._accounts = {name: one for name, one in self._accounts.items() if self._spent(one, now) > 0}

    def _left(self, owner: str) -> float:
        account = self._accounts.get(owner)
        return self._burst_s if account is None else self._burst_s - self._spent(account, self._clock())

    def _spent(self, account: _Account, now: float) -> float:
        return max(0.0, account.spent_s - self._regained_per_s * (now - account.at))
