"""The hands of a worker: threads that take jobs while there are any, and sleep until somebody wakes them."""

from __future__ import annotations

import logging
from threading import Condition, Event, Thread
from typing import Protocol

from oximetry.domain.errors import OximetryError
from oximetry.domain.ports import Ear
from oximetry.services.operations.repeating import every

logger = logging.getLogger(__name__)

LOOK_S = 5.0
"""How often a hand looks by itself that nobody wakes, for rests that end and for jobs of dead workers."""

RENEW_S = 4.0
REST_S = 1.0
LAST_JOB_S = 4.0
"""How long an ending worker waits for its jobs: its supervisor kills soon after, and their leases free what is left."""


class Runner(Protocol):
    """What the hands do; ``oximetry.services.work.JobRunner`` is one."""

    def run_one(self) -> bool:
        """Do one due job; returns whether there was one."""
        ...

    def renew_leases(self) -> None:
        """Keep what is being done."""
        ...


class Hands:
    """Some threads that do the jobs of one worker."""

    def __init__(self, runner: Runner, ear: Ear) -> None:
        self._runner = runner
        self._ear = ear
        self._called = Condition()
        self._calls = 0

    def serve(self, threads: int, stopped: Event) -> None:
        """Work until ``stopped``, then let the jobs at hand end, for a few seconds."""
        hands = [Thread(target=self._work, args=(stopped,), daemon=True, name=f"hand-{n}") for n in range(threads)]
        ear = Thread(target=self._ear.listen, args=(stopped, self.wake), daemon=True, name="ear")
        with every(RENEW_S, self._runner.renew_leases):
            for thread in (*hands, ear):
                thread.start()
            stopped.wait()
            self.wake()
            for hand in hands:
                hand.join(LAST_JOB_S)

    def wake(self) -> None:
        """There may be work."""
        with self._called:
            self._calls += 1
            self._called.notify_all()

    def _work(self, stopped: Event) -> None:
        while not stopped.is_set():
            calls_before = self._calls
            if not self._did_one(stopped):
                self._sleep(calls_before, stopped)

    def _sleep(self, calls_before: int, stopped: Event) -> None:
        """Until somebody calls; a call since ``calls_before`` was counted is not slept through."""
        with self._called:
            self._called.wait_for(lambda: self._calls != calls_before or stopped.is_set(), LOOK_S)

    def _did_one(self, stopped: Event) -> bool:
        try:
            return self._runner.run_one()
        except OximetryError as error:
            logger.warning("no job could be taken reason=%s", error.reason)
        except Exception:
            logger.exception("a hand slipped")
        stopped.wait(REST_S)
        return False
