"""Doctors' accounts: making them, signing in and out, with a limit on attempts that is counted in the catalogue."""

from __future__ import annotations

import hashlib
import re
import secrets
from datetime import timedelta

from oximetry.domain.audit import ANYBODY
from oximetry.domain.catalogue_ports import Catalogue
from oximetry.domain.errors import InvalidRequest, SignInRefused, TooManyAttempts
from oximetry.domain.passwords import LONGEST, SHORTEST, weakness
from oximetry.domain.ports import Clock, PasswordHasher
from oximetry.domain.records import Doctor, Role

ATTEMPT_WINDOW = timedelta(minutes=15)
MAX_FAILURES_PER_ACCOUNT = 8
MAX_FAILURES_PER_ADDRESS = 40
SESSION_LIFE = timedelta(hours=12)
LONGEST_TRIED = 257
"""Of a password that somebody tries to sign in with, so many characters are looked at."""

_EMAIL = re.compile(r"[^@\s\x00]{1,64}@[^@\s\x00]+\.[^@\s\x00]{2,}|[^@\s\x00]{1,64}@localhost")


class AccountService:
    """Accounts and sessions of doctors."""

    def __init__(self, catalogue: Catalogue, hasher: PasswordHasher, clock: Clock) -> None:
        self._catalogue = catalogue
        self._hasher = hasher
        self._clock = clock

    def create(self, email: str, password: str, role: Role = Role.DOCTOR) -> Doctor:
        """A new account; raises ``InvalidRequest`` for a bad e-mail, a short password or a taken e-mail."""
        if len(email) > 254 or not _EMAIL.fullmatch(email):
            raise InvalidRequest("email_malformed")
        _check_password(password, email)
        password_hash = self._hasher.hash(password)
        with self._catalogue.write() as transaction:
            if transaction.accounts.find(email) is not None:
                raise InvalidRequest("email_taken")
            doctor = transaction.accounts.create(email, password_hash, role, self._clock())
            transaction.audit.add(self._clock(), doctor.id, "account_created", ("doctor", doctor.id))
        return doctor

    def find(self, email: str) -> Doctor | None:
        """The account of an e-mail, if there is one."""
        with self._catalogue.read() as transaction:
            return transaction.accounts.find(email)

    def sign_in(self, email: str, password: str, address: str) -> str:
        """Check a password and begin a session.

        The attempt is written down before the password is looked at, so that parallel guesses are all counted.

        Returns
        -------
        str
            The session's token, 43 base64url characters; the catalogue keeps only its SHA-256.

        Raises
        ------
        SignInRefused
            Unknown e-mail, wrong password and disabled account alike, after the same work.
        TooManyAttempts
            Over the limit of the account or of the address; ``retry_after_s`` in the details.
        """
        attempt, doctor = self._checked(email, password, address)
        token = secrets.token_urlsafe(32)
        with self._catalogue.write() as transaction:
            transaction.accounts.mark_succeeded(attempt)
            transaction.accounts.open_session(doctor.id, _sha256(token), self._clock())
            transaction.audit.add(self._clock(), doctor.id, "signed_in", ("doctor", doctor.id))
        return token

    def confirm(self, token: str, password: str, address: str) -> None:
        """The doctor of a session gives the password again, before signing; raises as `sign_in`."""
        doctor = self.doctor_of(token)
        if doctor is None:
            raise SignInRefused
        attempt, _ = self._checked(doctor.email, password, address)
        with self._catalogue.write() as transaction:
            transaction.accounts.mark_succeeded(attempt)
            transaction.accounts.confirm_session(_sha256(token), self._clock())
            transaction.audit.add(self._clock(), doctor.id, "password_confirmed", ("doctor", doctor.id))

    def is_confirmed(self, token: str) -> bool:
        """Whether that happened in this session, within the last 12 hours."""
        with self._catalogue.read() as transaction:
            when = transaction.accounts.session_confirmed_at(_sha256(token))
        return when is not None and when > self._clock() - SESSION_LIFE

    def _checked(self, email: str, password: str, address: str) -> tuple[str, Doctor]:
        """The attempt that was written down, and the doctor whose password fits."""
        account = _sha256(email.strip().lower())
        now = self._clock()
        with self._catalogue.write() as transaction:
            by_account, by_address = transaction.accounts.failed_attempts(account, address, now - ATTEMPT_WINDOW)
            if by_account >= MAX_FAILURES_PER_ACCOUNT or by_address >= MAX_FAILURES_PER_ADDRESS:
                raise TooManyAttempts(retry_after_s=int(ATTEMPT_WINDOW.total_seconds()))
            attempt = transaction.accounts.record_attempt(account, address, now)
            doctor = transaction.accounts.find(email.strip()) if _EMAIL.fullmatch(email.strip()) else None
        usable = doctor is not None and doctor.disabled_at is None
        fits = self._hasher.verify(doctor.password_hash if doctor and usable else None, password[:LONGEST_TRIED])
        if doctor is None or not usable or not fits:
            self._note_refusal(doctor, account)
            raise SignInRefused
        return attempt, doctor

    def _note_refusal(self, doctor: Doctor | None, account_sha256: str) -> None:
        subject = ("doctor", doctor.id) if doctor else ("account", account_sha256)
        with self._catalogue.write() as transaction:
            transaction.audit.add(self._clock(), ANYBODY, "sign_in_refused", subject)

    def doctor_of(self, token: str) -> Doctor | None:
        """The doctor behind a session's token; ``None`` when the session is unknown, ended or too old."""
        with self._catalogue.read() as transaction:
            return transaction.accounts.session_doctor(_sha256(token), self._clock() - SESSION_LIFE)

    def sign_out(self, token: str) -> None:
        """End the session of a token."""
        doctor = self.doctor_of(token)
        with self._catalogue.write() as transaction:
            transaction.accounts.end_sessions(self._clock(), token_sha256=_sha256(token))
            if doctor is not None:
                transaction.audit.add(self._clock(), doctor.id, "signed_out", ("doctor", doctor.id))

    def set_password(self, doctor_id: str, password: str) -> None:
        """Replace the password and end every session of the doctor; raises ``InvalidRequest`` for a weak one."""
        with self._catalogue.read() as transaction:
            email = transaction.accounts.get(doctor_id).email
        _check_password(password, email)
        password_hash = self._hasher.hash(password)
        with self._catalogue.write() as transaction:
            transaction.accounts.set_password(doctor_id, password_hash)
            transaction.accounts.end_sessions(self._clock(), doctor_id=doctor_id)
            transaction.audit.add(self._clock(), doctor_id, "password_changed", ("doctor", doctor_id))

    def change_password(self, token: str, old: str, new: str, address: str) -> None:
        """The doctor of a session takes a new password; every other session ends, this one goes on.

        Raises ``SignInRefused`` and ``TooManyAttempts`` as `sign_in` for the old one, ``InvalidRequest`` for a weak
        one.
        """
        doctor = self.doctor_of(token)
        if doctor is None:
            raise SignInRefused
        attempt, _ = self._checked(doctor.email, old, address)
        _check_password(new, doctor.email)
        password_hash = self._hasher.hash(new)
        with self._catalogue.write() as transaction:
            transaction.accounts.mark_succeeded(attempt)
            transaction.accounts.set_password(doctor.id, password_hash)
            transaction.accounts.end_sessions(self._clock(), doctor_id=doctor.id, but_sha256=_sha256(token))
            transaction.audit.add(self._clock(), doctor.id, "password_changed", ("doctor", doctor.id))

    def end_other_sessions(self, token: str) -> None:
        """Sign the doctor of a session out everywhere else."""
        doctor = self.doctor_of(token)
        if doctor is None:
            raise SignInRefused
        with self._catalogue.write() as transaction:
            transaction.accounts.end_sessions(self._clock(), doctor_id=doctor.id, but_sha256=_sha256(token))
            transaction.audit.add(self._clock(), doctor.id, "sessions_ended", ("doctor", doctor.id))

    def disable(self, doctor_id: str) -> None:
        """Nobody signs in with the account any more, and every session of it ends at once."""
        self._set_disabled(doctor_id, disabled=True)

    def enable(self, doctor_id: str) -> None:
        """The account can be used again; sessions that ended stay ended."""
        self._set_disabled(doctor_id, disabled=False)

    def _set_disabled(self, doctor_id: str, *, disabled: bool) -> None:
        now = self._clock()
        with self._catalogue.write() as transaction:
            transaction.accounts.set_disabled(doctor_id, now if disabled else None)
            transaction.accounts.end_sessions(now, doctor_id=doctor_id)
            act = "account_disabled" if disabled else "account_enabled"
            transaction.audit.add(now, None, act, ("doctor", doctor_id))


def _check_password(password: str, email: str) -> None:
    reason = weakness(password, [email])
    if reason is not None:
        raise InvalidRequest(reason, minimum=SHORTEST, maximum=LONGEST)


def generate_password() -> str:
    """A random password of 24 base64url characters (144 bits)."""
    return secrets.token_urlsafe(18)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
