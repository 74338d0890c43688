"""The second factor: one-time passwords of an app (TOTP, RFC 6238, by pyotp), and recovery codes good once each."""

from __future__ import annotations

import secrets
from datetime import UTC

import pyotp

from oximetry.domain.account_records import LONGEST_SESSION, Entry, Origin, SessionState
from oximetry.domain.catalogue_ports import Catalogue, Transaction
from oximetry.domain.errors import InvalidRequest, SignInRefused
from oximetry.domain.ports import Clock, Vault
from oximetry.domain.records import Doctor
from oximetry.services.accounts.accounts import AccountService
from oximetry.services.accounts.attempts import Attempts, sha256

ISSUER = "Oximetrie"
STEP_S = 30
STEPS_AROUND = (0, -1, 1)
RECOVERY_CODES = 10
_ALPHABET = "ABCDEFGHJKMNPQRSTVWXYZ23456789"


class SecondFactorService:
    """Second factors of accounts."""

    def __init__(
        self, catalogue: Catalogue, accounts: AccountService, attempts: Attempts, vault: Vault, clock: Clock
    ) -> None:
        self._catalogue = catalogue
        self._accounts = accounts
        self._attempts = attempts
        self._vault = vault
        self._clock = clock

    def new_secret(self) -> str:
        """A secret for an app, in base 32; it is kept once a code of it was given."""
        return pyotp.random_base32()

    def address(self, doctor: Doctor, secret: str) -> str:
        """What an app reads from the QR code."""
        return pyotp.TOTP(secret).provisioning_uri(name=doctor.email, issuer_name=ISSUER)

    def switch_on(self, token: str, secret: str, code: str) -> list[str]:
        """Ask for codes of this secret from now on; every other session ends. Returns the recovery codes, once.

        Raises ``InvalidRequest``: ``code_wrong``, the app and the server do not agree; ``password_again``.
        """
        state = self._accounts.state(token)
        if state is None or state.is_pending:
            raise SignInRefused
        if not self._accounts.is_fresh(token):
            raise InvalidRequest("password_again")
        step = self._step(secret, code)
        if step is None:
            raise InvalidRequest("code_wrong")
        doctor = state.doctor
        with self._catalogue.write() as transaction:
            transaction.accounts.set_account(doctor.id, totp_sealed=self._vault.seal(secret), totp_step=step)
            codes = self.new_codes(transaction, doctor.id)
            transaction.accounts.end_sessions(self._clock(), doctor_id=doctor.id, but_sha256=sha256(token))
            transaction.audit.add(self._clock(), doctor.id, "second_factor_on", ("doctor", doctor.id))
        return codes

    def switch_off(self, doctor_id: str, by: str | None = None) -> None:
        """The password alone is enough again: for the operator, when somebody lost app and codes."""
        with self._catalogue.write() as transaction:
            transaction.accounts.get(doctor_id)
            transaction.accounts.set_account(doctor_id, totp_sealed=None)
            transaction.account_guards.remove_passkey(doctor_id)
            transaction.account_guards.set_recovery_codes(doctor_id, [])
            transaction.accounts.end_sessions(self._clock(), doctor_id=doctor_id)
            transaction.audit.add(self._clock(), by, "second_factor_off", ("doctor", doctor_id))

    def give_up(self, token: str, code: str, origin: Origin) -> None:
        """The doctor of a session wants no second factor any more, and shows that it is there."""
        state = self._accounts.state(token)
        if state is None or state.is_pending or not state.doctor.has_second_factor:
            raise SignInRefused
        doctor = state.doctor
        self._attempts.check_code(doctor, origin, lambda transaction: self._fits(transaction, doctor, code))
        with self._catalogue.write() as transaction:
            transaction.accounts.set_account(doctor.id, totp_sealed=None)
            transaction.account_guards.remove_passkey(doctor.id)
            transaction.account_guards.set_recovery_codes(doctor.id, [])
            transaction.audit.add(self._clock(), doctor.id, "second_factor_off", ("doctor", doctor.id))

    def codes_left(self, doctor_id: str) -> int:
        """How many recovery codes were not used."""
        with self._catalogue.read() as transaction:
            return transaction.account_guards.recovery_codes_left(doctor_id)

    def enter(self, token: str, code: str, origin: Origin) -> Entry:
        """Open a pending session with a code of the app or a recovery code, under a new token.

        Raises
        ------
        SignInRefused
            ``code_wrong``; or the session is none that waits.
        TooManyAttempts
            Too early after wrong ones.
        """
        state = self._accounts.state(token)
        if state is None or not state.is_pending:
            raise SignInRefused
        doctor = state.doctor
        self._attempts.check_code(doctor, origin, lambda transaction: self._fits(transaction, doctor, code))
        return self.open(token, state, origin)

    def open(self, token: str, state: SessionState, origin: Origin) -> Entry:
        """Open a pending session whose second factor was shown; raises ``SignInRefused`` where it no longer waits."""
        opened = secrets.token_urlsafe(32)
        with self._catalogue.write() as transaction:
            still = transaction.accounts.session(sha256(token), self._clock() - LONGEST_SESSION)
            if still is None or not still.is_pending:
                raise SignInRefused
            transaction.accounts.set_session(state.id, is_pending=False, token_sha256=sha256(opened))
            return self._accounts.let_in(transaction, state.doctor, opened, origin)

    def new_codes(self, transaction: Transaction, doctor_id: str) -> list[str]:
        """New recovery codes, as a step of a larger transaction; the ones of before open nothing any more."""
        codes = [_recovery_code() for _ in range(RECOVERY_CODES)]
        transaction.account_guards.set_recovery_codes(doctor_id, [_kept(code) for code in codes])
        return codes

    def _fits(self, transaction: Transaction, doctor: Doctor, code: str) -> bool:
        typed = "".join(code.split()).replace("-", "").upper()
        step = self._step(self._vault.open(doctor.totp_sealed), typed) if doctor.totp_sealed else None
        if step is not None:
            return transaction.accounts.take_totp_step(doctor.id, step)
        return transaction.account_guards.use_recovery_code(doctor.id, _kept(typed), self._clock())

    def _step(self, secret: str, code: str) -> int | None:
        """The step of 30 seconds whose code this is, if it is now or beside now."""
        now = int(self._clock().replace(tzinfo=UTC).timestamp()) // STEP_S
        typed = "".join(code.split()).encode(errors="replace")
        totp = pyotp.TOTP(secret)
        around = (now + offset for offset in STEPS_AROUND)
        fits = (step for step in around if secrets.compare_digest(totp.at(step * STEP_S).encode(), typed))
        return next(fits, None)


def _recovery_code() -> str:
    """Six groups of four signs: 117 bits, so that its plain hash gives nothing away."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(6))


def _kept(code: str) -> str:
    return sha256(code.replace("-", ""))
