"""Erases patients whose time is over, where a clinic has said what that is; nothing is erased by default."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from oximetry.domain.catalogue_ports import Catalogue
from oximetry.domain.errors import InvalidRequest, NotFound
from oximetry.domain.ports import Clock
from oximetry.services.erasure.erasing import ErasureService

logger = logging.getLogger(__name__)

RETAIN = "erase_old"
DAYS_IN_A_MONTH = 30.4375
MOST_A_DAY = 50
"""A wrong setting is noticed before everything is gone."""


class RetentionService:
    """Handles the daily job ``erase_old``."""

    def __init__(self, catalogue: Catalogue, erasing: ErasureService, clock: Clock) -> None:
        self._catalogue = catalogue
        self._erasing = erasing
        self._clock = clock

    def due(self, doctor_id: str, months: int) -> int:
        """How many of a doctor's patients would be over after so many months without a night."""
        with self._catalogue.read() as transaction:
            return len(transaction.erasures.quiet_patients(doctor_id, self._before(months)))

    def erase_due(self, _day: str) -> None:
        """Erase at most 50 patients who were given no night for longer than their clinic keeps them."""
        left = MOST_A_DAY
        with self._catalogue.read() as transaction:
            kept = transaction.clinics.retentions()
        for doctor_id, months in kept:
            with self._catalogue.read() as transaction:
                patients = transaction.erasures.quiet_patients(doctor_id, self._before(months))[:left]
            for patient_id in patients:
                try:
                    self._erasing.erase(doctor_id, patient_id, by=None)
                    left -= 1
                except (InvalidRequest, NotFound) as error:
                    logger.warning("a patient whose time is over was not erased reason=%s", error.reason)
        if left < MOST_A_DAY:
            logger.info("patients erased after their clinics' time count=%d", MOST_A_DAY - left)

    def _before(self, months: int) -> datetime:
        return self._clock() - timedelta(days=months * DAYS_IN_A_MONTH)
