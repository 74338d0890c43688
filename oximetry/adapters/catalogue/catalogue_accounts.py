"""Accounts, sign-in attempts and sessions, in SQL."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, and_, delete, func, insert, or_, select, text, update

from oximetry.adapters.catalogue import tables as t
from oximetry.domain.errors import NotFound
from oximetry.domain.records import Doctor, Role


def _doctor(row: Any) -> Doctor:
    return Doctor(row.id, row.email, row.password_hash, Role(row.role), row.disabled_at)


class AccountsTable:
    """Implements ``ports.Accounts``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def create(self, email: str, password_hash: str, role: Role, now: datetime) -> Doctor:
        """A new account; ``email`` is stored lower-cased and is unique."""
        doctor = Doctor(str(uuid4()), email.lower(), password_hash, role, None)
        self._connection.execute(
            insert(t.doctors).values(
                id=doctor.id, email=doctor.email, password_hash=password_hash, role=role.value, created_at=now
            )
        )
        return doctor

    def find(self, email: str) -> Doctor | None:
        """The account of an e-mail, whatever its case."""
        row = self._connection.execute(select(t.doctors).where(t.doctors.c.email == email.lower())).one_or_none()
        return _doctor(row) if row else None

    def all(self) -> list[Doctor]:
        """Every account, oldest first: for what the operator does over all of them."""
        return [_doctor(row) for row in self._connection.execute(select(t.doctors).order_by(t.doctors.c.created_at))]

    def get(self, doctor_id: str) -> Doctor:
        """The account; raises ``NotFound``."""
        row = self._connection.execute(select(t.doctors).where(t.doctors.c.id == doctor_id)).one_or_none()
        if row is None:
            raise NotFound(doctor_id=doctor_id)
        return _doctor(row)

    def set_password(self, doctor_id: str, password_hash: str) -> None:
        """Replace the password's hash."""
        self._connection.execute(
            update(t.doctors).where(t.doctors.c.id == doctor_id).values(password_hash=password_hash)
        )

    def record_attempt(self, account_sha256: str, address: str, now: datetime) -> str:
        """Write a sign-in attempt down as failed, before its password is looked at; returns the attempt's id."""
        attempt_id = str(uuid4())
        self._connection.execute(
            insert(t.login_attempts).values(
                id=attempt_id, account_sha256=account_sha256, address=address, attempted_at=now, succeeded=False
            )
        )
        return attempt_id

    def mark_succeeded(self, attempt_id: str) -> None:
        """The attempt was a success and no longer counts."""
        self._connection.execute(
            update(t.login_attempts).where(t.login_attempts.c.id == attempt_id).values(succeeded=True)
        )

    def failed_attempts(self, account_sha256: str, address: str, since: datetime) -> tuple[int, int]:
        """Failed attempts since a time: for the account, from the address.

        Until the transaction ends nobody else counts, so that parallel guesses cannot all see the same number.
        """
        if self._connection.dialect.name == "postgresql":
            self._connection.execute(text("SELECT pg_advisory_xact_lock(7262002)"))
        attempt = t.login_attempts.c
        row = self._connection.execute(
            select(
                func.count().filter(attempt.account_sha256 == account_sha256),
                func.count().filter(attempt.address == address),
            ).where(
                attempt.attempted_at > since,
                attempt.succeeded.is_(False),
                or_(attempt.account_sha256 == account_sha256, attempt.address == address),
            )
        ).one()
        return int(row[0]), int(row[1])

    def open_session(self, doctor_id: str, token_sha256: str, now: datetime) -> None:
        """Remember a signed-in browser."""
        self._connection.execute(
            insert(t.doctor_sessions).values(
                id=str(uuid4()), doctor_id=doctor_id, token_sha256=token_sha256, created_at=now
            )
        )

    def session_doctor(self, token_sha256: str, since: datetime) -> Doctor | None:
        """The enabled doctor of a session that began after ``since`` and was not ended."""
        row = self._connection.execute(
            select(t.doctors)
            .join(t.doctor_sessions, t.doctor_sessions.c.doctor_id == t.doctors.c.id)
            .where(
                t.doctor_sessions.c.token_sha256 == token_sha256,
                t.doctor_sessions.c.created_at > since,
                t.doctor_sessions.c.ended_at.is_(None),
                t.doctors.c.disabled_at.is_(None),
            )
        ).one_or_none()
        return _doctor(row) if row else None

    def confirm_session(self, token_sha256: str, now: datetime) -> None:
        """The doctor gave the password again in this session."""
        session = t.doctor_sessions.c
        self._connection.execute(
            update(t.doctor_sessions).where(session.token_sha256 == token_sha256).values(confirmed_at=now)
        )

    def session_confirmed_at(self, token_sha256: str) -> datetime | None:
        """When that was last; ``None`` when it never was, or the session has ended."""
        session = t.doctor_sessions.c
        when: datetime | None = self._connection.scalar(
            select(session.confirmed_at).where(session.token_sha256 == token_sha256, session.ended_at.is_(None))
        )
        return when

    def set_disabled(self, doctor_id: str, disabled_at: datetime | None) -> None:
        """From when on the account is of no use; ``None``: it is."""
        self._connection.execute(update(t.doctors).where(t.doctors.c.id == doctor_id).values(disabled_at=disabled_at))

    def end_sessions(
        self,
        now: datetime,
        *,
        token_sha256: str | None = None,
        doctor_id: str | None = None,
        but_sha256: str | None = None,
    ) -> None:
        """End one session by its token, or every session of a doctor (``but`` one)."""
        session = t.doctor_sessions.c
        which = session.token_sha256 == token_sha256 if token_sha256 else session.doctor_id == doctor_id
        if but_sha256 is not None:
            which = and_(which, session.token_sha256 != but_sha256)
        self._connection.execute(
            update(t.doctor_sessions).where(which, session.ended_at.is_(None)).values(ended_at=now)
        )

    def prune(self, before: datetime) -> None:
        """Forget attempts and sessions from before a time: neither counts or opens anything any more."""
        self._connection.execute(delete(t.login_attempts).where(t.login_attempts.c.attempted_at < before))
        self._connection.execute(delete(t.doctor_sessions).where(t.doctor_sessions.c.created_at < before))
