"""Accounts and their sessions: made, signed in and out, ended by time, by hand, or by a new password."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import timedelta

from oximetry.domain.account_records import (
    KNOWN_FOR,
    LONGEST_IDLE,
    LONGEST_SESSION,
    MOST_SESSIONS,
    AccountLine,
    DoctorSession,
    Entry,
    Origin,
    SessionState,
)
from oximetry.domain.catalogue_ports import Catalogue, Transaction
from oximetry.domain.errors import InvalidRequest, NotFound, SignInRefused
from oximetry.domain.passwords import LONGEST, SHORTEST, weakness
from oximetry.domain.ports import Clock, PasswordHasher
from oximetry.domain.records import Doctor, Role
from oximetry.services.accounts.attempts import EMAIL, Attempts, sha256

SEEN_AGAIN = timedelta(minutes=1)
FRESH_FOR = timedelta(minutes=15)


class AccountService:
    """Accounts and sessions of doctors."""

    def __init__(self, catalogue: Catalogue, hasher: PasswordHasher, clock: Clock) -> None:
        self._catalogue = catalogue
        self._hasher = hasher
        self._clock = clock
        self._attempts = Attempts(catalogue, hasher, clock)

    def create(self, email: str, password: str, role: Role = Role.DOCTOR, *, temporary: bool = False) -> Doctor:
        """A new account; ``temporary`` for a password that its owner did not choose.

        Raises ``InvalidRequest`` for a bad e-mail, a weak password or a taken e-mail.
        """
        check_email(email)
        check_password(password, email)
        password_hash = self._hasher.hash(password)
        with self._catalogue.write() as transaction:
            if transaction.accounts.find(email) is not None:
                raise InvalidRequest("email_taken")
            doctor = transaction.accounts.create(email, password_hash, role, self._clock())
            if temporary:
                transaction.accounts.set_account(doctor.id, password_temporary=True)
            transaction.audit.add(self._clock(), doctor.id, "account_created", ("doctor", doctor.id))
        return replace(doctor, password_temporary=temporary)

    def find(self, email: str) -> Doctor | None:
        """The account of an e-mail, if there is one."""
        with self._catalogue.read() as transaction:
            return transaction.accounts.find(email)

    def get(self, doctor_id: str) -> Doctor:
        """The account; raises ``NotFound``."""
        with self._catalogue.read() as transaction:
            return transaction.accounts.get(doctor_id)

    def sign_in(self, email: str, password: str, origin: Origin) -> Entry:
        """Check a password and begin a session, which is pending where a second factor must follow.

        The oldest sessions beyond five end. Raises as `Attempts.check`.
        """
        doctor = self._attempts.check(email, password, origin)
        now = self._clock()
        token = secrets.token_urlsafe(32)
        with self._catalogue.write() as transaction:
            transaction.accounts.open_session(
                doctor.id, sha256(token), origin, now, is_pending=doctor.has_second_factor
            )
            if doctor.has_second_factor:
                transaction.audit.add(now, doctor.id, "password_fitted", ("doctor", doctor.id))
                return Entry(token, is_pending=True, known_token=origin.known_token)
            return self.let_in(transaction, doctor, token, origin)

    def let_in(self, transaction: Transaction, doctor: Doctor, token: str, origin: Origin) -> Entry:
        """A session opens: this browser is known from now on, and what it was not told yet is told."""
        now = self._clock()
        guards = transaction.account_guards
        known_token = origin.known_token
        if known_token and guards.knows_browser(doctor.id, sha256(known_token), now - KNOWN_FOR):
            guards.see_browser(sha256(known_token), now)
        else:
            is_first = not guards.has_known_browser(doctor.id)
            known_token = secrets.token_urlsafe(32)
            guards.know_browser(doctor.id, sha256(known_token), origin, now, told=is_first)
        news = guards.tell_browsers(doctor.id, sha256(known_token), now)
        for session, _ in transaction.accounts.sessions(doctor.id, now - LONGEST_SESSION)[MOST_SESSIONS:]:
            transaction.accounts.set_session(session.id, ended_at=now)
        transaction.audit.add(now, doctor.id, "signed_in", ("doctor", doctor.id))
        return Entry(token, is_pending=False, known_token=known_token, news=tuple(news))

    def state(self, token: str, *, is_activity: bool = True) -> SessionState | None:
        """The live session of a token, pending or not; ``None`` when it is unknown, ended, too old or idle too long.

        ``is_activity`` is false for what a page asks by itself: it does not keep the session alive.
        """
        now = self._clock()
        with self._catalogue.read() as transaction:
            state = transaction.accounts.session(sha256(token), now - LONGEST_SESSION)
        if state is None or now - state.last_seen_at >= LONGEST_IDLE[state.doctor.role]:
            return None
        if is_activity and now - state.last_seen_at >= SEEN_AGAIN:
            with self._catalogue.write() as transaction:
                transaction.accounts.set_session(state.id, last_seen_at=now)
        return state

    def doctor_of(self, token: str, *, is_activity: bool = True) -> Doctor | None:
        """The doctor behind a session's token; ``None`` as `state`, and while a second factor is waited for."""
        state = self.state(token, is_activity=is_activity)
        return state.doctor if state is not None and not state.is_pending else None

    def confirm(self, token: str, password: str, origin: Origin) -> None:
        """The doctor of a session gives the password again, before signing; raises as `sign_in`."""
        doctor = self._signed_in(token)
        self._attempts.check(doctor.email, password, origin)
        with self._catalogue.write() as transaction:
            transaction.accounts.confirm_session(sha256(token), self._clock())
            transaction.audit.add(self._clock(), doctor.id, "password_confirmed", ("doctor", doctor.id))

    def is_confirmed(self, token: str) -> bool:
        """Whether that happened in this session, within the last 12 hours."""
        with self._catalogue.read() as transaction:
            when = transaction.accounts.session_confirmed_at(sha256(token))
        return when is not None and when > self._clock() - LONGEST_SESSION

    def is_fresh(self, token: str) -> bool:
        """Whether the password was given within the last 15 minutes: asked before anything about signing in changes."""
        state = self.state(token)
        with self._catalogue.read() as transaction:
            confirmed_at = transaction.accounts.session_confirmed_at(sha256(token))
        given = [moment for moment in (state and state.created_at, confirmed_at) if moment]
        return bool(given) and self._clock() - max(given) < FRESH_FOR

    def end_sessions_of(self, doctor_id: str, by: str) -> None:
        """An administrator signs an account out everywhere."""
        with self._catalogue.write() as transaction:
            transaction.accounts.get(doctor_id)
            transaction.accounts.end_sessions(self._clock(), doctor_id=doctor_id)
            transaction.audit.add(self._clock(), by, "sessions_ended", ("doctor", doctor_id))

    def sign_out(self, token: str) -> None:
        """End the session of a token."""
        doctor = self.doctor_of(token)
        with self._catalogue.write() as transaction:
            transaction.accounts.end_sessions(self._clock(), token_sha256=sha256(token))
            if doctor is not None:
                transaction.audit.add(self._clock(), doctor.id, "signed_out", ("doctor", doctor.id))

    def set_password(self, doctor_id: str, password: str, *, temporary: bool = False) -> None:
        """Replace the password and end every session of the doctor; raises ``InvalidRequest`` for a weak one."""
        check_password(password, self.get(doctor_id).email)
        password_hash = self._hasher.hash(password)
        with self._catalogue.write() as transaction:
            transaction.accounts.set_password(doctor_id, password_hash, temporary=temporary)
            transaction.accounts.end_sessions(self._clock(), doctor_id=doctor_id)
            transaction.audit.add(self._clock(), doctor_id, "password_changed", ("doctor", doctor_id))

    def change_password(self, token: str, old: str, new: str, origin: Origin) -> None:
        """The doctor of a session takes a new password; every other session ends, this one goes on.

        Raises ``SignInRefused`` and ``TooManyAttempts`` as `sign_in` for the old one, ``InvalidRequest`` for a weak
        one.
        """
        doctor = self._signed_in(token)
        self._attempts.check(doctor.email, old, origin)
        if old == new:
            raise InvalidRequest("password_same")
        check_password(new, doctor.email)
        password_hash = self._hasher.hash(new)
        with self._catalogue.write() as transaction:
            transaction.accounts.set_password(doctor.id, password_hash)
            transaction.accounts.end_sessions(self._clock(), doctor_id=doctor.id, but_sha256=sha256(token))
            transaction.audit.add(self._clock(), doctor.id, "password_changed", ("doctor", doctor.id))

    def sessions(self, token: str) -> list[DoctorSession]:
        """Where the doctor of a session is signed in, newest first."""
        doctor = self._signed_in(token)
        now = self._clock()
        with self._catalogue.read() as transaction:
            found = transaction.accounts.sessions(doctor.id, now - LONGEST_SESSION)
        return [
            replace(session, is_this=token_sha256 == sha256(token))
            for session, token_sha256 in found
            if now - session.last_seen_at < LONGEST_IDLE[doctor.role]
        ]

    def end_session(self, token: str, session_id: str) -> None:
        """End one of the sessions of this session's doctor; raises ``NotFound`` for anybody else's."""
        doctor = self._signed_in(token)
        with self._catalogue.write() as transaction:
            own = transaction.accounts.sessions(doctor.id, self._clock() - LONGEST_SESSION)
            if session_id not in {session.id for session, _ in own}:
                raise NotFound(session_id=session_id)
            transaction.accounts.set_session(session_id, ended_at=self._clock())
            transaction.audit.add(self._clock(), doctor.id, "sessions_ended", ("doctor", doctor.id))

    def end_other_sessions(self, token: str) -> None:
        """Sign the doctor of a session out everywhere else."""
        doctor = self._signed_in(token)
        with self._catalogue.write() as transaction:
            transaction.accounts.end_sessions(self._clock(), doctor_id=doctor.id, but_sha256=sha256(token))
            transaction.audit.add(self._clock(), doctor.id, "sessions_ended", ("doctor", doctor.id))

    def disable(self, doctor_id: str, by: str | None = None) -> None:
        """Nobody signs in with the account any more, and every session of it ends at once."""
        self._set_disabled(doctor_id, by, disabled=True)

    def enable(self, doctor_id: str, by: str | None = None) -> None:
        """The account can be used again; sessions that ended stay ended."""
        self._set_disabled(doctor_id, by, disabled=False)

    def unlock(self, email: str) -> int:
        """Let nothing that was tried for an e-mail count any more; returns how many failures there were."""
        return self._attempts.unlock(email)

    def lines(self) -> list[AccountLine]:
        """Every account, for administrators."""
        with self._catalogue.read() as transaction:
            return transaction.accounts.lines(self._clock() - LONGEST_SESSION)

    def _set_disabled(self, doctor_id: str, by: str | None, *, disabled: bool) -> None:
        now = self._clock()
        with self._catalogue.write() as transaction:
            transaction.accounts.get(doctor_id)
            transaction.accounts.set_disabled(doctor_id, now if disabled else None)
            transaction.accounts.end_sessions(now, doctor_id=doctor_id)
            act = "account_disabled" if disabled else "account_enabled"
            transaction.audit.add(now, by, act, ("doctor", doctor_id))

    def _signed_in(self, token: str) -> Doctor:
        doctor = self.doctor_of(token)
        if doctor is None:
            raise SignInRefused
        return doctor


def check_email(email: str) -> None:
    """Raise ``InvalidRequest`` ``email_malformed`` unless it can be an address."""
    if len(email) > 254 or not EMAIL.fullmatch(email):
        raise InvalidRequest("email_malformed")


def check_password(password: str, email: str) -> None:
    """Raise ``InvalidRequest`` for a password that is too short, too long, common, or the account's own words."""
    reason = weakness(password, [email])
    if reason is not None:
        raise InvalidRequest(reason, minimum=SHORTEST, maximum=LONGEST)


def generate_password() -> str:
    """A random password of 24 base64url characters (144 bits)."""
    return secrets.token_urlsafe(18)
