"""Patients and their links, in SQL. Every question about a patient carries the doctor's id."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, bindparam, func, insert, or_, select, update

from oximetry.adapters.catalogue import tables as t
from oximetry.adapters.catalogue.night_lines import follow_label
from oximetry.domain.errors import NotFound
from oximetry.domain.listing import patient_search
from oximetry.domain.records import Link, Patient

LINK_COLUMNS = (
    t.patient_links,
    t.patients.c.doctor_id,
    func.coalesce(t.patients.c.merged_into, t.patients.c.id).label("opens"),
)
_LINK = (
    select(*LINK_COLUMNS)
    .join(t.patients, t.patients.c.id == t.patient_links.c.patient_id)
    .order_by(t.patient_links.c.created_at.desc())
)

_LIVE_LINK = _LINK.where(t.patient_links.c.id == bindparam("link_id"), t.patient_links.c.revoked_at.is_(None))


def _patient(row: Any) -> Patient:
    return Patient(
        row.id,
        row.doctor_id,
        row.label,
        row.number,
        row.created_at,
        tuple(row.extra_rules),
        row.notes,
        row.merged_into,
    )


def link_of(row: Any) -> Link:
    """A row of `LINK_COLUMNS`."""
    return Link(
        row.id,
        row.opens,
        row.doctor_id,
        row.secret_sealed,
        row.created_at,
        row.revoked_at,
        row.last_opened_at,
        row.opened_count,
        row.expires_at,
        row.pin_sealed,
        row.pin_failures,
    )


class PatientsTable:
    """Implements ``ports.Patients``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def create(self, patient_id: str, doctor_id: str, label: str | None, now: datetime) -> Patient:
        """A new patient, numbered from 1 within the doctor's practice."""
        if self._connection.dialect.name == "postgresql":  # two tabs at once must not take the same number
            self._connection.execute(select(t.doctors.c.id).where(t.doctors.c.id == doctor_id).with_for_update())
        last = self._connection.scalar(select(func.max(t.patients.c.number)).where(t.patients.c.doctor_id == doctor_id))
        patient = Patient(patient_id, doctor_id, label, (last or 0) + 1, now)
        self._connection.execute(
            insert(t.patients).values(
                id=patient.id,
                doctor_id=doctor_id,
                number=patient.number,
                label=label,
                created_at=now,
                search=patient_search(patient.number, label),
            )
        )
        return patient

    def get(self, doctor_id: str, patient_id: str) -> Patient:
        """The doctor's patient; raises ``NotFound`` for an unknown one and for another doctor's alike."""
        row = self._connection.execute(
            select(t.patients).where(t.patients.c.id == patient_id, t.patients.c.doctor_id == doctor_id)
        ).one_or_none()
        if row is None:
            raise NotFound(patient_id=patient_id)
        return _patient(row)

    def doctor_of(self, patient_id: str) -> str:
        """Whose patient it is; raises ``NotFound``."""
        doctor_id: str | None = self._connection.scalar(
            select(t.patients.c.doctor_id).where(t.patients.c.id == patient_id)
        )
        if doctor_id is None:
            raise NotFound(patient_id=patient_id)
        return doctor_id

    def lock(self, patient_id: str) -> None:
        """Let one transaction at a time add to the nights of a patient."""
        if self._connection.dialect.name == "postgresql":
            patient = t.patients.c
            self._connection.execute(select(patient.id).where(patient.id == patient_id).with_for_update())

    def all(self, doctor_id: str) -> list[Patient]:
        """The doctor's patients, newest first."""
        rows = self._connection.execute(
            select(t.patients)
            .where(t.patients.c.doctor_id == doctor_id, t.patients.c.merged_into.is_(None))
            .order_by(t.patients.c.number.desc())
        )
        return [_patient(row) for row in rows]

    def set_label(self, doctor_id: str, patient_id: str, label: str | None) -> None:
        """Change the label that only the doctor sees."""
        patient = t.patients.c
        self._connection.execute(
            update(t.patients).where(patient.id == patient_id, patient.doctor_id == doctor_id).values(label=label)
        )
        follow_label(self._connection, patient_id)

    def set_extra_rules(self, doctor_id: str, patient_id: str, names: Sequence[str]) -> None:
        """Switch exactly these extra rules on."""
        patient = t.patients.c
        self._connection.execute(
            update(t.patients)
            .where(patient.id == patient_id, patient.doctor_id == doctor_id)
            .values(extra_rules=list(names))
        )

    def add_link(self, link_id: str, patient_id: str, secret: tuple[str, bytes], now: datetime) -> None:
        """A live link; ``secret`` is its SHA-256 (hex) and its sealed copy. At most one link of a patient is live."""
        self._connection.execute(
            insert(t.patient_links).values(
                id=link_id,
                patient_id=patient_id,
                secret_sha256=secret[0],
                secret_sealed=secret[1],
                created_at=now,
                opened_count=0,
            )
        )

    def live_links(self, doctor_id: str, patient_id: str | None = None) -> list[Link]:
        """The live links of the doctor's patients, or of one of them."""
        query = _LINK.where(t.patients.c.doctor_id == doctor_id, t.patient_links.c.revoked_at.is_(None))
        if patient_id is not None:
            query = query.where(t.patients.c.id == patient_id)
        return [link_of(row) for row in self._connection.execute(query)]

    def live_link_by_secret(self, secret_sha256: str) -> Link | None:
        """The live link that a secret opens."""
        row = self._connection.execute(
            _LINK.where(t.patient_links.c.secret_sha256 == secret_sha256, t.patient_links.c.revoked_at.is_(None))
        ).one_or_none()
        return link_of(row) if row else None

    def live_link(self, link_id: str) -> Link | None:
        """A link that is still live; asked on every request of a patient, so in fixed words."""
        row = self._connection.execute(_LIVE_LINK, {"link_id": link_id}).one_or_none()
        return link_of(row) if row else None

    def revoke_links(self, patient_id: str, now: datetime) -> int:
        """End every live link of a patient; returns how many there were."""
        link = t.patient_links.c
        if self._connection.dialect.name == "postgresql":  # two tabs at once must end up with one live link
            self._connection.execute(select(t.patients.c.id).where(t.patients.c.id == patient_id).with_for_update())
        own = select(t.patients.c.id).where(or_(t.patients.c.id == patient_id, t.patients.c.merged_into == patient_id))
        done = self._connection.execute(
            update(t.patient_links).where(link.patient_id.in_(own), link.revoked_at.is_(None)).values(revoked_at=now)
        )
        return int(done.rowcount)

    def set_notes(self, doctor_id: str, patient_id: str, notes: str | None) -> None:
        """Change the notes that only the doctor sees."""
        patient = t.patients.c
        self._connection.execute(
            update(t.patients).where(patient.id == patient_id, patient.doctor_id == doctor_id).values(notes=notes)
        )

    def merge(self, source_id: str, target_id: str) -> None:
        """The first patient is the second one from now on; whoever was merged into the first one before, too."""
        patient = t.patients.c
        gone = or_(patient.id == source_id, patient.merged_into == source_id)
        self._connection.execute(update(t.patients).where(gone).values(merged_into=target_id))

    def count_opening(self, link_id: str, now: datetime) -> None:
        """The patient (not the doctor's preview) opened the link."""
        count_opening(self._connection, t.patient_links, link_id, now)


def count_opening(connection: Connection, links: Table, link_id: str, now: datetime) -> None:
    """Somebody came through a link of either table of links."""
    opened = {"opened_count": links.c.opened_count + 1, "last_opened_at": now}
    connection.execute(update(links).where(links.c.id == link_id).values(**opened))
