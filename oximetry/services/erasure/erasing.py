"""Erases a person: rows at once, objects right after, and what the store refuses just now by a job until it is done."""

from __future__ import annotations

import logging
from uuid import uuid4

from oximetry.domain.catalogue_ports import Catalogue
from oximetry.domain.erasure import Erasure
from oximetry.domain.errors import InvalidRequest, NotReady, StorageRefused
from oximetry.domain.ports import Clock, ObjectStore

logger = logging.getLogger(__name__)

ERASE_OBJECTS = "erase_objects"
BY_DOCTOR = "doctor"


class ErasureService:
    """Removes everything about a patient, for good; backups keep it until they are deleted, and pages say so."""

    def __init__(self, catalogue: Catalogue, store: ObjectStore, clock: Clock) -> None:
        self._catalogue = catalogue
        self._store = store
        self._clock = clock

    def erase(self, doctor_id: str, patient_id: str, *, by: str | None = BY_DOCTOR) -> Erasure:
        """Erase a patient of this doctor: every row now, the link with them; the objects by a job of the worker.

        ``by`` is who asked for it, where that was not the doctor; ``None`` is the program. Raises ``NotFound``, or
        ``InvalidRequest`` ``erase_while_moving`` while a night moves from or to the patient.
        """
        now = self._clock()
        with self._catalogue.write() as transaction:
            transaction.patients.get(doctor_id, patient_id)
            transaction.patients.lock(patient_id)
            scope = transaction.erasures.scope(patient_id)
            if scope.is_moving:
                raise InvalidRequest("erase_while_moving")
            pseudonym = transaction.audit.pseudonym(patient_id)
            counts = dict(transaction.erasures.erase(scope, now))
            counts["audit_names"] = transaction.audit.forget([*scope.everything, *scope.serials])
            erasure = Erasure(str(uuid4()), doctor_id, pseudonym, now, counts, scope.places, scope.subjects)
            transaction.erasures.note(erasure)
            transaction.jobs.submit(ERASE_OBJECTS, erasure.id, doctor_id, now)
            subject = ("patient", pseudonym)
            transaction.audit.add(
                now, doctor_id if by == BY_DOCTOR else by, "patient_erased", subject, rows=sum(counts.values())
            )
        logger.info("patient erased erasure=%s rows=%d", erasure.id, sum(counts.values()))
        return erasure

    def get(self, erasure_id: str) -> Erasure | None:
        """How far it is."""
        with self._catalogue.read() as transaction:
            return transaction.erasures.get(erasure_id)

    def erase_objects(self, erasure_id: str) -> None:
        """The job: remove every object of the person, earlier versions too, and look that none is left."""
        with self._catalogue.write() as transaction:
            erasure = transaction.erasures.get(erasure_id)
            if erasure is None or erasure.finished_at is not None:
                return
            if transaction.erasures.any_runs(erasure.subjects):
                # What runs may still write an object; then it fails, as its rows are gone.
                raise NotReady("erase_waits")
            transaction.erasures.drop_jobs(erasure.subjects)
        for place in erasure.places:
            self._store.purge(place)
        if any(next(self._store.list(place), None) is not None for place in erasure.places):
            raise StorageRefused("storage_not_deleted")
        with self._catalogue.write() as transaction:
            transaction.erasures.finish(erasure_id, self._clock())
        logger.info("erased person's objects removed erasure=%s", erasure_id)
