"""Everything about an account, out of every table; what must still point to somebody points to nobody in particular."""

from __future__ import annotations

import hashlib
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Table, delete, func, select, update

from oximetry.adapters.catalogue import review_tables as r
from oximetry.adapters.catalogue import tables as t
from oximetry.adapters.catalogue.account_tables import account_links, known_browsers, passkeys, recovery_codes
from oximetry.adapters.catalogue.job_tables import jobs
from oximetry.domain.account_records import second_factor_account


class AccountErasureTable:
    """Implements ``catalogue_ports.AccountErasures``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def patients_of(self, doctor_id: str) -> int:
        """How many patients an account still has, those merged into others among them."""
        patients = select(func.count()).where(t.patients.c.doctor_id == doctor_id)
        return int(self._connection.scalar(patients) or 0)

    def erase(self, doctor_id: str, place: str, now: datetime) -> dict[str, int]:
        """Delete or blank every row; returns how many of each table. ``place`` is where its uploads wait in the store.

        The account's row stays without anything of its owner, for the empty links that erased patients left in the
        chain of signed reports.
        """
        row = self._connection.execute(select(t.doctors).where(t.doctors.c.id == doctor_id)).one()
        counts: dict[str, int] = {}

        def gone(table: Table, *which: ColumnElement[bool]) -> None:
            removed = self._connection.execute(delete(table).where(*which)).rowcount
            counts[table.name] = counts.get(table.name, 0) + removed

        account = hashlib.sha256(row.email.encode()).hexdigest()
        second = second_factor_account(doctor_id)
        gone(t.login_attempts, t.login_attempts.c.account_sha256.in_([account, second]))
        gone(account_links, account_links.c.email == row.email)
        for table in (known_browsers, recovery_codes, passkeys, t.doctor_sessions, t.device_loans, t.upload_items,
                      t.upload_sessions, r.interpretations, r.templates, r.review_profiles, t.night_lines):  # fmt: skip
            gone(table, table.c.doctor_id == doctor_id)
        gone(t.outbox, t.outbox.c.key.startswith(place, autoescape=True))
        gone(jobs, jobs.c.owner == doctor_id, jobs.c.state != "running")
        shared = select(func.count()).where(t.doctors.c.clinic_id == row.clinic_id, t.doctors.c.id != doctor_id)
        nobody = {
            "email": f"{doctor_id}@erased.invalid",
            "password_hash": "",
            "disabled_at": now,
            "clinic_id": None,
            "totp_sealed": None,
            "passkey_count": 0,
        }
        self._connection.execute(update(t.doctors).where(t.doctors.c.id == doctor_id).values(**nobody))
        if row.clinic_id is not None and not self._connection.scalar(shared):
            gone(t.clinics, t.clinics.c.id == row.clinic_id)
        counts["doctors"] = 1
        return {name: count for name, count in counts.items() if count}
