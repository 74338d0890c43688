"""The loan register: which device is at which patient, since when."""

from __future__ import annotations

import re
from collections.abc import Collection

from oximetry.domain.catalogue_ports import Catalogue
from oximetry.domain.clinic import DeviceLoan
from oximetry.domain.errors import InvalidRequest
from oximetry.domain.ports import Clock

_SERIAL = re.compile(r"[\w.\- ]{1,40}")


class LoanService:
    """Lends devices and takes them back; every question carries the doctor's id."""

    def __init__(self, catalogue: Catalogue, clock: Clock) -> None:
        self._catalogue = catalogue
        self._clock = clock

    def lend(self, doctor_id: str, patient_id: str, device_serial: str) -> None:
        """A device goes to a patient; a loan of it that is still open ends."""
        serial = device_serial.strip()
        if not _SERIAL.fullmatch(serial):
            raise InvalidRequest("serial_malformed")
        with self._catalogue.write() as transaction:
            transaction.patients.get(doctor_id, patient_id)
            transaction.loans.lend(doctor_id, patient_id, serial, self._clock())
            subject = ("patient", patient_id)
            transaction.audit.add(self._clock(), doctor_id, "device_lent", subject, device=serial)

    def take_back(self, doctor_id: str, device_serial: str) -> None:
        """The device is here again; twice is once."""
        with self._catalogue.write() as transaction:
            open_loans = transaction.loans.open(doctor_id, [device_serial])
            if transaction.loans.take_back(doctor_id, device_serial, self._clock()):
                subject = ("patient", open_loans[device_serial].patient_id)
                transaction.audit.add(self._clock(), doctor_id, "device_returned", subject, device=device_serial)

    def open(self, doctor_id: str, serials: Collection[str] | None = None) -> dict[str, DeviceLoan]:
        """Where the doctor's devices are, by serial number; all of them, or these."""
        with self._catalogue.read() as transaction:
            return transaction.loans.open(doctor_id, serials)

    def of_patient(self, doctor_id: str, patient_id: str) -> list[DeviceLoan]:
        """Every device that a patient had, the latest first."""
        with self._catalogue.read() as transaction:
            return transaction.loans.of_patient(doctor_id, patient_id)
