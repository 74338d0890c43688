"""Erases an account that has no patients left; its acts stay in the audit trail, under a pseudonym."""

from __future__ import annotations

import hashlib
from uuid import uuid4

from oximetry.domain.catalogue_ports import Catalogue
from oximetry.domain.erasure import Erasure
from oximetry.domain.errors import InvalidRequest
from oximetry.domain.ports import Clock
from oximetry.domain.records import user_hash
from oximetry.services.erasure.erasing import ERASE_OBJECTS


class AccountErasureService:
    """Removes everything about the owner of an account."""

    def __init__(self, catalogue: Catalogue, clock: Clock) -> None:
        self._catalogue = catalogue
        self._clock = clock

    def erase(self, doctor_id: str) -> Erasure:
        """Every row now, what was uploaded and given to nobody by a job of the worker.

        Raises ``NotFound``, or ``InvalidRequest`` ``account_has_patients`` (``count``): they are somebody's care, and
        are erased first.
        """
        now = self._clock()
        with self._catalogue.write() as transaction:
            doctor = transaction.accounts.get(doctor_id)
            count = transaction.account_erasures.patients_of(doctor_id)
            if count:
                raise InvalidRequest("account_has_patients", count=count)
            pseudonym = transaction.audit.pseudonym(doctor_id)
            place = f"users/{user_hash(doctor.email)}/"
            counts = dict(transaction.account_erasures.erase(doctor_id, place, now))
            email = hashlib.sha256(doctor.email.encode()).hexdigest()
            counts["audit_names"] = transaction.audit.forget([doctor_id, email])
            erasure = Erasure(str(uuid4()), doctor_id, pseudonym, now, counts, (place,))
            transaction.erasures.note(erasure)
            transaction.jobs.submit(ERASE_OBJECTS, erasure.id, doctor_id, now)
            transaction.audit.add(now, None, "account_erased", ("doctor", pseudonym), rows=sum(counts.values()))
        return erasure
