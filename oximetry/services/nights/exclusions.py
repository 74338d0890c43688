"""Taking a span out of a night's numbers and putting it back; the recording itself never changes."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from oximetry.domain.catalogue_ports import Catalogue, Transaction
from oximetry.domain.errors import InvalidRecording, InvalidRequest, NotFound, NotReady
from oximetry.domain.ports import Clock
from oximetry.domain.records import ExcludedSpan, Night, NightState, StoredFile
from oximetry.services.nights.analysis import NightReport
from oximetry.services.nights.nights import NightService, put_numbers

logger = logging.getLogger(__name__)

LONGEST_REASON = 120
TRIES = 3

_Change = Callable[[Transaction], None]


class ExclusionService:
    """Excludes spans of stored nights: the numbers are made anew at once, the pictures by the worker."""

    def __init__(self, catalogue: Catalogue, nights: NightService, clock: Clock) -> None:
        self._catalogue = catalogue
        self._nights = nights
        self._clock = clock

    def spans(self, doctor_id: str, night_id: str) -> list[ExcludedSpan]:
        """What is out of a night now, in order; raises ``NotFound`` for another doctor's."""
        with self._catalogue.read() as transaction:
            transaction.nights.get(night_id, doctor_id)
            return transaction.exclusions.of([night_id])

    def exclude(self, doctor_id: str, night_id: str, span_at: tuple[datetime, datetime], reason: str) -> NightReport:
        """Take a span out.

        Parameters
        ----------
        span_at : (datetime, datetime)
            First and last moment on the plot's time axis: the recording's start plus elapsed seconds.
        reason : str
            Why, in the doctor's words; for the doctor's page and the audit only.

        Returns
        -------
        NightReport
            The night without the span.

        Raises
        ------
        InvalidRequest
            ``exclusion_outside`` when no row of the recording lies in the span, ``exclusion_without_reason``,
            ``exclusion_reason_too_long`` (``maximum``), ``exclusion_leaves_nothing`` when no valid sample would remain.
        """
        because = _checked_reason(reason)
        night, files, before = self._state(doctor_id, night_id)
        first, last = sorted((moment - night.started_at).total_seconds() for moment in span_at)
        time_s = self._nights.report(night, files, before).recording.time_s
        inside = time_s[(time_s >= first) & (time_s <= last)]
        if not inside.size:
            raise InvalidRequest("exclusion_outside")
        span_s = (float(inside[0]), float(inside[-1]))

        def add(transaction: Transaction) -> None:
            transaction.exclusions.add(night_id, span_s, because, doctor_id, self._clock())
            self._audit(transaction, doctor_id, "span_excluded", night_id, from_s=span_s[0], to_s=span_s[1])

        new = ExcludedSpan("", night_id, *span_s, because, doctor_id, self._clock())
        return self._recompute(doctor_id, night_id, lambda spans: [*spans, new], add)

    def put_back(self, doctor_id: str, night_id: str, span_id: str) -> NightReport:
        """Put a span back into the numbers; one that is back already raises ``NotFound``."""

        def undo(transaction: Transaction) -> None:
            transaction.exclusions.undo(span_id, doctor_id, self._clock())
            self._audit(transaction, doctor_id, "span_put_back", night_id, span_id=span_id)

        def without(spans: list[ExcludedSpan]) -> list[ExcludedSpan]:
            remaining_spans = [span for span in spans if span.id != span_id]
            if len(remaining_spans) == len(spans):
                raise NotFound(span_id=span_id)
            return remaining_spans

        return self._recompute(doctor_id, night_id, without, undo)

    def _recompute(
        self,
        doctor_id: str,
        night_id: str,
        change: Callable[[list[ExcludedSpan]], list[ExcludedSpan]],
        write: _Change,
    ) -> NightReport:
        """Make the numbers outside the transaction, and again when another tab changed the spans meanwhile."""
        for _ in range(TRIES):
            night, files, before = self._state(doctor_id, night_id)
            try:
                report = self._nights.report(night, files, sorted(change(before), key=lambda span: span.from_s))
            except InvalidRecording as error:
                raise InvalidRequest("exclusion_leaves_nothing") from error
            with self._catalogue.write() as transaction:
                transaction.nights.lock(night_id)
                now = transaction.nights.get(night_id, doctor_id)
                if now.state is NightState.STORED and transaction.exclusions.of([night_id]) == before:
                    write(transaction)
                    put_numbers(transaction, now, report, self._clock)
                    return report
        raise NotReady

    def _state(self, doctor_id: str, night_id: str) -> tuple[Night, list[StoredFile], list[ExcludedSpan]]:
        with self._catalogue.read() as transaction:
            night = transaction.nights.get(night_id, doctor_id)
            if night.state is not NightState.STORED:
                raise NotFound(night_id=night_id)
            return night, transaction.files.of("recording", [night_id]), transaction.exclusions.of([night_id])

    def _audit(self, transaction: Transaction, doctor_id: str, act: str, night_id: str, **details: object) -> None:
        transaction.audit.add(self._clock(), doctor_id, act, ("recording", night_id), **details)


def _checked_reason(reason: str) -> str:
    cleaned = " ".join("".join(sign if sign.isprintable() else " " for sign in reason).split())
    if not cleaned:
        raise InvalidRequest("exclusion_without_reason")
    if len(cleaned) > LONGEST_REASON:
        raise InvalidRequest("exclusion_reason_too_long", maximum=LONGEST_REASON)
    return cleaned
