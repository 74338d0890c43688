"""The queue as an operator sees it: what waits, runs and failed; trying again, and giving up."""

from __future__ import annotations

from collections.abc import Sequence

from oximetry.domain.catalogue_ports import Catalogue
from oximetry.domain.errors import NotFound
from oximetry.domain.ports import Clock
from oximetry.domain.records import JobLine

STATES = ("waiting", "running", "failed", "done")


class WorkBook:
    """Answers to ``jobs list``, ``jobs retry`` and ``jobs cancel``."""

    def __init__(self, catalogue: Catalogue, clock: Clock) -> None:
        self._catalogue = catalogue
        self._clock = clock

    def lines(self, states: Sequence[str], limit: int) -> list[JobLine]:
        """Jobs in these states, the oldest first."""
        with self._catalogue.read() as transaction:
            return transaction.jobs.lines(states, limit)

    def retry(self, job_id: str) -> None:
        """A failed job waits again, a waiting one is due now; raises ``NotFound`` when it is neither."""
        with self._catalogue.write() as transaction:
            if not transaction.jobs.retry(job_id, self._clock()):
                raise NotFound(job_id=job_id)
            transaction.audit.add(self._clock(), None, "job_retried", ("job", job_id))

    def cancel(self, job_id: str) -> None:
        """A waiting job is not done; what it was about stays as it is. Raises ``NotFound`` when it does not wait."""
        with self._catalogue.write() as transaction:
            if not transaction.jobs.cancel(job_id, self._clock()):
                raise NotFound(job_id=job_id)
            transaction.audit.add(self._clock(), None, "job_cancelled", ("job", job_id))
