"""Accounts, sign-in attempts and sessions, in SQL."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, and_, delete, false, func, insert, or_, select, text, update

from oximetry.adapters.catalogue import tables as t
from oximetry.adapters.catalogue.account_tables import account_links
from oximetry.domain.account_records import AccountLine, DoctorSession, Origin, SessionState
from oximetry.domain.errors import NotFound
from oximetry.domain.records import Doctor, Role
from oximetry.domain.sign_in_limits import KNOWN, NETWORK_WINDOW, WINDOW, Failures


def _doctor(row: Any) -> Doctor:
    return Doctor(
        row.id,
        row.email,
        row.password_hash,
        Role(row.role),
        row.disabled_at,
        row.password_temporary,
        row.totp_sealed,
        row.passkey_count,
    )


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

    def set_password(self, doctor_id: str, password_hash: str, *, temporary: bool = False) -> None:
        """Replace the password's hash; ``temporary`` for one that somebody else made up."""
        self.set_account(doctor_id, password_hash=password_hash, password_temporary=temporary)

    def set_account(self, doctor_id: str, **values: object) -> None:
        """Change columns of an account."""
        self._connection.execute(update(t.doctors).where(t.doctors.c.id == doctor_id).values(**values))

    def take_totp_step(self, doctor_id: str, step: int) -> bool:
        """Use up a one-time password's step; false when this step, or a later one, was used already."""
        newer = update(t.doctors).where(t.doctors.c.id == doctor_id, t.doctors.c.totp_step < step)
        return bool(self._connection.execute(newer.values(totp_step=step)).rowcount)

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

    def failures(self, account_sha256: str, origin: str, network: str, now: datetime) -> Failures:
        """Failed attempts so far; ``origin`` is the network, or the known browser that tries.

        Until the transaction ends nobody else counts, so that parallel guesses cannot all see the same number.
        """
        if self._connection.dialect.name == "postgresql":
            self._connection.execute(text("SELECT pg_advisory_xact_lock(7262002)"))
        attempt = t.login_attempts.c
        here = and_(attempt.account_sha256 == account_sha256, attempt.address == origin)
        stranger = and_(attempt.account_sha256 == account_sha256, attempt.address.not_like(f"{KNOWN}%"))
        near = and_(attempt.address == network, attempt.attempted_at > now - NETWORK_WINDOW)
        row = self._connection.execute(
            select(
                func.count().filter(here),
                func.max(attempt.attempted_at).filter(here),
                func.count().filter(stranger),
                func.count().filter(near),
                func.max(attempt.attempted_at).filter(near),
            ).where(
                attempt.attempted_at > now - WINDOW,
                attempt.succeeded.is_(False),
                or_(attempt.account_sha256 == account_sha256, attempt.address == network),
            )
        ).one()
        return Failures(int(row[0]), row[1], int(row[2]), int(row[3]), row[4])

    def forget_failures(self, account_sha256: str, origin: str | None = None) -> int:
        """Let an account's failures count no more: those from one origin, or all of them; returns how many."""
        attempt = t.login_attempts.c
        which = [attempt.account_sha256 == account_sha256, attempt.succeeded.is_(False)]
        if origin is not None:
            which.append(attempt.address == origin)
        return int(self._connection.execute(delete(t.login_attempts).where(*which)).rowcount)

    def open_session(
        self, doctor_id: str, token_sha256: str, origin: Origin, now: datetime, *, is_pending: bool = False
    ) -> str:
        """Remember a signed-in browser; a pending one opens nothing yet. Returns the session's id."""
        session_id = str(uuid4())
        self._connection.execute(
            insert(t.doctor_sessions).values(
                id=session_id,
                doctor_id=doctor_id,
                token_sha256=token_sha256,
                created_at=now,
                last_seen_at=now,
                browser=origin.browser,
                network=origin.network,
                is_pending=is_pending,
            )
        )
        return session_id

    def session(self, token_sha256: str, since: datetime) -> SessionState | None:
        """The session of a token that began after ``since`` and was not ended, of an enabled account."""
        session = t.doctor_sessions.c
        row = self._connection.execute(
            select(
                t.doctors,
                session.id.label("session_id"),
                session.created_at.label("began_at"),
                func.coalesce(session.last_seen_at, session.created_at).label("seen_at"),
                session.is_pending,
                func.coalesce(t.clinics.c.second_factor, false()).label("second_factor_wanted"),
            )
            .join(t.doctor_sessions, session.doctor_id == t.doctors.c.id)
            .outerjoin(t.clinics, t.clinics.c.id == t.doctors.c.clinic_id)
            .where(
                session.token_sha256 == token_sha256,
                session.created_at > since,
                session.ended_at.is_(None),
                t.doctors.c.disabled_at.is_(None),
            )
        ).one_or_none()
        if row is None:
            return None
        return SessionState(
            row.session_id, _doctor(row), row.began_at, row.seen_at, row.is_pending, bool(row.second_factor_wanted)
        )

    def set_session(self, session_id: str, **values: object) -> None:
        """Change columns of a session."""
        self._connection.execute(update(t.doctor_sessions).where(t.doctor_sessions.c.id == session_id).values(**values))

    def take_challenge(self, session_id: str) -> str | None:
        """The challenge that a session waits for an answer to, if any; it is gone with this."""
        session = t.doctor_sessions.c
        challenge: str | None = self._connection.scalar(
            select(session.challenge).where(session.id == session_id).with_for_update()
        )
        self.set_session(session_id, challenge=None)
        return challenge

    def sessions(self, doctor_id: str, since: datetime) -> list[tuple[DoctorSession, str]]:
        """Live sessions of an account that began after ``since``, newest first, and their tokens' SHA-256."""
        session = t.doctor_sessions.c
        live = (
            session.doctor_id == doctor_id,
            session.created_at > since,
            session.ended_at.is_(None),
            session.is_pending.is_(False),
        )
        rows = self._connection.execute(select(t.doctor_sessions).where(*live).order_by(session.created_at.desc()))
        return [
            (
                DoctorSession(row.id, row.created_at, row.last_seen_at or row.created_at, row.browser, row.network),
                row.token_sha256,
            )
            for row in rows
        ]

    def lines(self, since: datetime) -> list[AccountLine]:
        """Every account, oldest first, with its live sessions that began after ``since``."""
        session = t.doctor_sessions.c
        live = and_(session.created_at > since, session.ended_at.is_(None), session.is_pending.is_(False))
        query = (
            select(
                t.doctors,
                func.count(session.id).filter(live).label("live"),
                func.max(session.last_seen_at).label("seen"),
            )
            .outerjoin(t.doctor_sessions, session.doctor_id == t.doctors.c.id)
            .group_by(*t.doctors.c)
            .order_by(t.doctors.c.created_at)
        )
        return [
            AccountLine(_doctor(row), row.created_at, row.live, row.seen) for row in self._connection.execute(query)
        ]

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
        """Forget attempts, sessions and links from before a time: neither counts or opens anything any more."""
        self._connection.execute(delete(t.login_attempts).where(t.login_attempts.c.attempted_at < before))
        self._connection.execute(delete(t.doctor_sessions).where(t.doctor_sessions.c.created_at < before))
        self._connection.execute(delete(account_links).where(account_links.c.expires_at < before))
