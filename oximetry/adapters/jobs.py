"""Huey as the bell: a task says only "there is work"; what and whose stands in the catalogue.

Huey forgets a task whose worker is killed, so nothing depends on one being heard: the sweep rings again for whatever is
due, and a job whose worker died is due once its lease has run out.
"""

from __future__ import annotations

import logging
import re
import signal
from collections.abc import Callable
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any, Protocol
from urllib.parse import urlsplit

from huey import Huey, PostgresHuey, RedisHuey, SqliteHuey
from psycopg.errors import DuplicateTable, UniqueViolation

logger = logging.getLogger(__name__)

SWEEP_S = 10.0
RENEW_S = 5.0


class Runner(Protocol):
    """What the worker drives; ``oximetry.services.work.JobRunner`` is one."""

    def run_one(self) -> bool:
        """Do one due job."""
        ...

    def renew_leases(self) -> None:
        """Keep what is being done."""
        ...

    def due_count(self) -> int:
        """Jobs that wait."""
        ...


class HueyBell:
    """Wakes workers through Huey; implements ``ports.Bell``.

    Parameters
    ----------
    url : str
        ``sqlite:///path``, ``postgresql://…`` or ``redis://…``; opened at the first ring.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._huey: Huey | None = None
        self._opening = Lock()
        self._runner: Runner | None = None

    def ring(self, times: int) -> None:
        """Ask for ``times`` jobs to be taken; a queue that is away is logged, and the sweep finds the work."""
        try:
            queue = self._opened()
            for _ in range(times):
                queue.enqueue(queue.take_one_job.s())
        except Exception as error:  # noqa: BLE001 - three databases' own errors, and none may undo what was committed
            logger.warning("queue not reached error=%s", type(error).__name__)

    def serve(self, runner: Runner, threads: int) -> None:
        """Be a worker until a signal ends it: consume rings, sweep for what nobody rang for, renew leases."""
        self._runner = runner
        queue = self._opened()
        stopped = Event()
        helpers = [
            Thread(target=_every, args=(RENEW_S, stopped, runner.renew_leases), daemon=True, name="leases"),
            Thread(target=_every, args=(SWEEP_S, stopped, self._sweep), daemon=True, name="sweep"),
        ]
        for helper in helpers:
            helper.start()
        consumer = queue.create_consumer(
            workers=threads,
            worker_type="thread",
            periodic=False,
            initial_delay=0.05,
            backoff=1.3,
            max_delay=0.5,
            check_worker_health=True,
            graceful_signal="TERM",
            shutdown_timeout=4,  # honcho and Railway kill soon after; what is left is taken up again by its lease
        )
        if hasattr(signal, "SIGHUP"):
            consumer._signal_actions.pop(signal.SIGHUP, None)  # Huey would start sys.argv again, which is no program
        try:
            consumer.run()
        finally:
            stopped.set()

    def close(self) -> None:
        """Let go of the queue's connections; the next ring opens them again."""
        if self._huey is not None:
            self._huey.storage.close()

    def _opened(self) -> Huey:
        with self._opening:
            if self._huey is None:
                queue = _open(self._url)
                queue.take_one_job = queue.task(name="take_one_job")(self._take)
                self._huey = queue
            return self._huey

    def _take(self) -> None:
        if self._runner is not None:
            self._runner.run_one()

    def _sweep(self) -> None:
        if self._runner is None or self._huey is None:
            return
        unheard = self._runner.due_count() - self._huey.pending_count()
        if unheard > 0:
            self.ring(unheard)


def _every(seconds: float, stopped: Event, act: Callable[[], object]) -> None:
    while True:
        try:
            act()
        except Exception:  # a database that is away for a moment must not end the sweep
            logger.exception("worker's helper failed act=%s", getattr(act, "__name__", "?"))
        if stopped.wait(seconds):
            return


def _open(url: str) -> Huey:
    options: dict[str, Any] = {"name": "oximetry", "results": False, "utc": True}
    scheme = urlsplit(url).scheme
    if scheme == "sqlite":
        path = Path(re.sub(r"^sqlite:///", "", url))
        path.parent.mkdir(parents=True, exist_ok=True)
        # a ring that is lost in a power cut is found by the sweep
        return SqliteHuey(filename=str(path), fsync=False, **options)
    if scheme == "postgresql":
        return _open_postgres(url, options)
    return RedisHuey(url=url, **options)


def _open_postgres(url: str, options: dict[str, Any]) -> Huey:
    """Processes that make the tables at the same moment get in each other's way, once: then the tables are there."""
    try:
        return PostgresHuey(dsn=url, **options)
    except (UniqueViolation, DuplicateTable):
        return PostgresHuey(dsn=url, **options)
