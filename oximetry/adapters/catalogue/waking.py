"""The ear of a worker: it hears when a transaction left work behind."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from sqlalchemy import Engine

from oximetry.adapters.catalogue.catalogue_jobs import CHANNEL
from oximetry.domain.ports import StopSign

logger = logging.getLogger(__name__)

SQLITE_LOOK_S = 0.1
LISTEN_S = 5.0
DEAF_S = 1.0


class DatabaseEar:
    """Implements ``ports.Ear``: LISTEN on PostgreSQL; on SQLite the counter that every commit moves.

    It holds one connection for as long as it listens. A database that is away makes it deaf until it is back.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def listen(self, stopped: StopSign, wake: Callable[[], None]) -> None:
        """Call ``wake`` at every sign of new work until ``stopped``; never raises for an outage."""
        while not stopped.is_set():
            try:
                self._hear(stopped, wake)
            except Exception as error:  # noqa: BLE001 - the driver's own errors too; deaf, workers look by themselves
                logger.warning("queue not heard error=%s", type(error).__name__)
                stopped.wait(DEAF_S)

    def _hear(self, stopped: StopSign, wake: Callable[[], None]) -> None:
        with self._engine.connect() as connection:
            driver = connection.connection.driver_connection
            try:
                if self._engine.dialect.name == "postgresql":
                    _listen(driver, stopped, wake)
                else:
                    _watch(driver, stopped, wake)
            finally:
                connection.invalidate()  # it listens, or has no transaction of ours: not for the pool


def _listen(driver: Any, stopped: StopSign, wake: Callable[[], None]) -> None:
    driver.autocommit = True
    driver.execute(f"LISTEN {CHANNEL}")
    wake()
    while not stopped.is_set():
        heard = list(driver.notifies(timeout=LISTEN_S, stop_after=1))
        if heard:
            wake()
        else:
            driver.execute("SELECT 1")  # a connection that died in silence is found out here


def _watch(driver: Any, stopped: StopSign, wake: Callable[[], None]) -> None:
    seen = None
    while not stopped.wait(SQLITE_LOOK_S):
        now = driver.execute("PRAGMA data_version").fetchone()[0]
        if now != seen:
            wake()
        seen = now
