"""Two patients who are one person: the nights of one go to the other, and both links keep opening the page."""

from __future__ import annotations

from oximetry.domain.catalogue_ports import Catalogue
from oximetry.domain.errors import InvalidRequest
from oximetry.domain.ports import Clock
from oximetry.domain.records import NightState


class MergingService:
    """Joins patients of one doctor; nothing of either is lost."""

    def __init__(self, catalogue: Catalogue, clock: Clock) -> None:
        self._catalogue = catalogue
        self._clock = clock

    def merge(self, doctor_id: str, source_id: str, target_id: str) -> None:
        """Give everything of ``source_id`` to ``target_id``; the worker copies the files.

        Raises ``InvalidRequest``: ``cannot_merge`` for a patient with itself or one that was merged already,
        ``night_already_there`` when the same night stands at both.
        """
        with self._catalogue.write() as transaction:
            source = transaction.patients.get(doctor_id, source_id)
            target = transaction.patients.get(doctor_id, target_id)
            if source.id == target.id or source.merged_into or target.merged_into:
                raise InvalidRequest("cannot_merge")
            there = {known.original_sha256 for known in transaction.nights.spans(doctor_id, target.id)}
            nights = transaction.nights.of_patient(source.id, doctor_id, (NightState.STORED,))
            if any(night.original_sha256 in there for night in nights):
                raise InvalidRequest("night_already_there")
            for night in nights:
                transaction.nights.set(night.id, state=NightState.MOVING.value, moving_to=target.id)
                transaction.jobs.submit("move_night", night.id, doctor_id, self._clock())
            transaction.patients.merge(source.id, target.id)
            subject = ("patient", source.id)
            transaction.audit.add(self._clock(), doctor_id, "patients_merged", subject, into=target.id)
