"""Counts what a web process answers, and leaves the counts where any other process can read them: in the database."""

from __future__ import annotations

import logging
from collections import Counter
from datetime import datetime, timedelta
from threading import Lock

from oximetry.domain.catalogue_ports import Catalogue
from oximetry.domain.errors import CatalogueUnavailable
from oximetry.domain.heartbeats import Heartbeat
from oximetry.domain.ports import Clock

logger = logging.getLogger(__name__)

METER_BEATS = "meter:"
LEFT_EVERY = timedelta(seconds=15)
FORGOTTEN_AFTER = timedelta(hours=1)
NAME_LENGTH = 40
BOUNDS_S = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class RequestMeter:
    """The counts of one process since it began.

    Parameters
    ----------
    name : str
        Of this process, among all of all hosts.
    """

    def __init__(self, catalogue: Catalogue, name: str, clock: Clock) -> None:
        self._catalogue = catalogue
        self._name = f"{METER_BEATS}{name}"[:NAME_LENGTH]
        self._clock = clock
        self._lock = Lock()
        self._answers: Counter[str] = Counter()
        self._within = [0] * (len(BOUNDS_S) + 1)
        self._spent_s = 0.0
        self._left_at: datetime | None = None

    def count(self, route: str, status: int, spent_s: float) -> None:
        """An answer of a route; the counts are left behind every 15 seconds."""
        with self._lock:
            self._answers[f"{route} {status // 100}xx"] += 1
            self._within[sum(bound < spent_s for bound in BOUNDS_S)] += 1
            self._spent_s += spent_s
            now = self._clock()
            is_due = self._left_at is None or now - self._left_at >= LEFT_EVERY
            if is_due:
                self._left_at = now
        if is_due:
            self.leave()

    def leave(self) -> None:
        """Write the counts; a database that is away gets them next time."""
        with self._lock:
            details = {"answers": dict(self._answers), "within": list(self._within), "spent_s": self._spent_s}
        try:
            with self._catalogue.write() as transaction:
                transaction.heartbeats.beat(self._name, self._clock(), True, **details)
                transaction.heartbeats.forget(METER_BEATS, self._clock() - FORGOTTEN_AFTER)
        except CatalogueUnavailable:
            logger.info("request counts wait for the database")

    def all(self) -> list[Heartbeat]:
        """The counts of every process that answered within the last hour."""
        self.leave()
        with self._catalogue.read() as transaction:
            return transaction.heartbeats.named(METER_BEATS)
