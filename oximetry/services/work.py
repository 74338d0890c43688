"""Doing the catalogue's jobs, one at a time, with a lease."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from datetime import timedelta
from random import uniform
from threading import Lock
from uuid import uuid4

from oximetry.domain.catalogue_ports import Catalogue
from oximetry.domain.errors import (
    InvalidRecording,
    InvalidRequest,
    InvalidUpload,
    NotFound,
    ObjectMissing,
    OximetryError,
    SyncAborted,
)
from oximetry.domain.ports import Clock
from oximetry.domain.records import Job

logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=14)
"""A dead worker's job is taken over after it and one look of a hand (5 s); it is renewed every 4 s."""

MAX_CRASHES = 12
BACKOFF_S = (2, 5, 10, 20, 40, 60, 120, 300)
REST = timedelta(hours=1)
"""How long a job rests under which worker after worker died, so that it cannot keep all of them dying."""

FINAL = (InvalidRecording, InvalidUpload, InvalidRequest, NotFound, SyncAborted)
"""What ends a job: its subject is gone or its content is refused. Everything else is circumstance, and it waits; so
does a job whose object the store denies (`ObjectMissing`)."""

JobHandler = Callable[[str], None]


class JobRunner:
    """Takes due jobs and runs their handlers.

    Parameters
    ----------
    handlers : mapping
        Job name to a function of the subject. A handler may run twice: it looks first what is done already.
        It ends its job by returning or by raising one of `FINAL`; whatever else it raises lets the job wait and be
        tried again, for as long as it takes.
    on_failure : callable
        Told the job and the reason when it failed for good, so that the page can show it.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        handlers: Mapping[str, JobHandler],
        clock: Clock,
        on_failure: Callable[[Job, str], None],
    ) -> None:
        self._catalogue = catalogue
        self._handlers = handlers
        self._clock = clock
        self._on_failure = on_failure
        self._worker_id = str(uuid4())
        self._running: set[str] = set()
        self._lock = Lock()

    def run_one(self, only: Collection[str] = ()) -> bool:
        """Take and do the job whose turn it is (of some names only, where given); returns whether there was one."""
        with self._catalogue.read() as transaction:
            if not transaction.jobs.has_due(self._clock()):
                return False
        with self._catalogue.write() as transaction:
            job = transaction.jobs.claim(self._worker_id, self._clock(), LEASE, only)
        if job is None:
            return False
        with self._lock:
            self._running.add(job.id)
        try:
            self._do(job)
        finally:
            with self._lock:
                self._running.discard(job.id)
        return True

    def renew_leases(self) -> None:
        """Keep what this worker is doing from being taken by another; called a few times within a lease."""
        with self._lock:
            running = sorted(self._running)
        if running:
            with self._catalogue.write() as transaction:
                transaction.jobs.renew(self._worker_id, running, self._clock() + LEASE)

    def due_count(self) -> int:
        """How many jobs wait to be taken now, those of dead workers included."""
        with self._catalogue.read() as transaction:
            return transaction.jobs.due_count(self._clock())

    def _do(self, job: Job) -> None:
        if job.was_abandoned and job.crashes > MAX_CRASHES:
            logger.error("job rests name=%s subject=%s crashes=%d", job.name, job.subject, job.crashes)
            self._put_off(job, REST, "failed_repeatedly")
            return
        try:
            self._handlers[job.name](job.subject)
        except ObjectMissing as error:
            self._postpone(job, error.reason)
        except FINAL as error:
            logger.warning("job failed name=%s subject=%s reason=%s", job.name, job.subject, error.reason)
            self._fail(job, error.reason)
        except OximetryError as error:
            self._postpone(job, error.reason)
        except Exception:
            logger.exception("job broke name=%s subject=%s attempts=%d", job.name, job.subject, job.attempts)
            self._postpone(job, "unexpected")
        else:
            with self._catalogue.write() as transaction:
                transaction.jobs.finish(job, self._clock())

    def _postpone(self, job: Job, reason: str) -> None:
        # a little apart, or everything that one outage stopped comes back at one moment
        wait = BACKOFF_S[min(job.attempts, len(BACKOFF_S)) - 1] * uniform(0.8, 1.0)
        logger.warning("job waits name=%s subject=%s reason=%s wait_s=%.0f", job.name, job.subject, reason, wait)
        self._put_off(job, timedelta(seconds=wait), reason)

    def _put_off(self, job: Job, wait: timedelta, reason: str) -> None:
        with self._catalogue.write() as transaction:
            transaction.jobs.postpone(job, self._clock() + wait, reason)

    def _fail(self, job: Job, reason: str) -> None:
        try:
            self._on_failure(job, reason)
        except OximetryError as error:  # what it was about is gone: nobody is left to be told
            logger.warning("failure not told name=%s subject=%s reason=%s", job.name, job.subject, error.reason)
        with self._catalogue.write() as transaction:
            transaction.jobs.finish(job, self._clock(), reason)
