"""Clinics and their settings, lent devices, and what was handed over or opened, in SQL."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, delete, insert, select, update

from oximetry.adapters.catalogue import tables as t
from oximetry.domain.clinic import Clinic, DeviceLoan, Handover, LinkOpening
from oximetry.domain.link_sessions import Visit
from oximetry.domain.listing import Headline


class ClinicsTable:
    """Implements ``catalogue_ports.Clinics``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of(self, doctor_id: str) -> Clinic:
        """The doctor's clinic; one that was never set up has the first settings and no id."""
        row = self._connection.execute(
            select(t.clinics)
            .join(t.doctors, t.doctors.c.clinic_id == t.clinics.c.id)
            .where(t.doctors.c.id == doctor_id)
        ).one_or_none()
        if row is None:
            return Clinic()
        values = {name: getattr(row, name) for name in Clinic.__slots__}
        return Clinic(**{**values, "headline": Headline(row.headline)})

    def retentions(self) -> list[tuple[str, int]]:
        """Doctors whose clinic has said for how many months patients are kept, and those months."""
        months = t.clinics.c.retention_months
        said = select(t.doctors.c.id, months).join(t.clinics, t.clinics.c.id == t.doctors.c.clinic_id)
        return [(row[0], row[1]) for row in self._connection.execute(said.where(months.is_not(None)))]

    def save(self, doctor_id: str, clinic: Clinic, now: datetime) -> Clinic:
        """Keep a clinic's settings; the first time it gets its id and its doctor."""
        values = {**asdict(clinic), "headline": clinic.headline.value, "updated_at": now}
        if clinic.id is not None:
            self._connection.execute(update(t.clinics).where(t.clinics.c.id == clinic.id).values(**values))
        else:
            values["id"] = str(uuid4())
            self._connection.execute(insert(t.clinics).values(**values, created_at=now))
            own = update(t.doctors).where(t.doctors.c.id == doctor_id)
            self._connection.execute(own.values(clinic_id=values["id"]))
        return self.of(doctor_id)


class LoansTable:
    """Implements ``catalogue_ports.Loans``: which device is at which patient."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def lend(self, doctor_id: str, patient_id: str, device_serial: str, now: datetime) -> None:
        """The device goes to this patient, and is no longer at another one."""
        self.take_back(doctor_id, device_serial, now)
        self._connection.execute(
            insert(t.device_loans).values(
                id=str(uuid4()), doctor_id=doctor_id, patient_id=patient_id, device_serial=device_serial, lent_at=now
            )
        )

    def take_back(self, doctor_id: str, device_serial: str, now: datetime) -> int:
        """The device is here again; returns how many loans that ended."""
        loan = t.device_loans.c
        done = self._connection.execute(
            update(t.device_loans)
            .where(loan.doctor_id == doctor_id, loan.device_serial == device_serial, loan.returned_at.is_(None))
            .values(returned_at=now)
        )
        return int(done.rowcount)

    def open(self, doctor_id: str, serials: Collection[str] | None = None) -> dict[str, DeviceLoan]:
        """Where the doctor's devices are, by serial number; all of them, or these."""
        loan = t.device_loans.c
        query = select(t.device_loans).where(loan.doctor_id == doctor_id, loan.returned_at.is_(None))
        if serials is not None:
            query = query.where(loan.device_serial.in_(serials))
        return {row.device_serial: _loan(row) for row in self._connection.execute(query)}

    def of_patient(self, doctor_id: str, patient_id: str) -> list[DeviceLoan]:
        """Every device that a patient had, the latest first."""
        loan = t.device_loans.c
        rows = self._connection.execute(
            select(t.device_loans)
            .where(loan.patient_id == patient_id, loan.doctor_id == doctor_id)
            .order_by(loan.lent_at.desc(), loan.id)
        )
        return [_loan(row) for row in rows]


class HandoversTable:
    """Implements ``catalogue_ports.Handovers``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of(self, session_id: str) -> dict[str, Handover]:
        """How the links of a batch were handed over, by patient."""
        rows = self._connection.execute(select(t.handovers).where(t.handovers.c.session_id == session_id))
        return {row.patient_id: Handover(row.patient_id, row.session_id, row.means, row.handed_at) for row in rows}

    def mark(self, session_id: str, patient_id: str, means: str, now: datetime) -> None:
        """Remember how a link was handed over; an empty means takes the mark away."""
        own = (t.handovers.c.session_id == session_id, t.handovers.c.patient_id == patient_id)
        self._connection.execute(delete(t.handovers).where(*own))
        if means:
            self._connection.execute(
                insert(t.handovers).values(session_id=session_id, patient_id=patient_id, means=means, handed_at=now)
            )


class OpeningsTable:
    """Implements ``catalogue_ports.Openings``: who opened a patient's page, and when."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, link_id: str, visit: Visit, now: datetime) -> None:
        """One opening."""
        of_visit = {"browser": visit.browser, "device_key": visit.device_key, "session_id": visit.session_id}
        self._connection.execute(insert(t.link_openings).values(link_id=link_id, opened_at=now, **of_visit))

    def of(self, link_id: str, limit: int) -> list[LinkOpening]:
        """The latest openings of a link, the newest first."""
        opening = t.link_openings.c
        rows = self._connection.execute(
            select(t.link_openings).where(opening.link_id == link_id).order_by(opening.id.desc()).limit(limit)
        )
        return [LinkOpening(row.opened_at, row.browser, row.device_key, row.session_id) for row in rows]


def _loan(row: Any) -> DeviceLoan:
    return DeviceLoan(row.id, row.doctor_id, row.patient_id, row.device_serial, row.lent_at, row.returned_at)
