"""Passkeys as a second factor (WebAuthn level 2, by py_webauthn): the browser proves that it has the device.

A challenge stands in the session's row, is good for one answer, and goes with it.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from functools import partial
from typing import Any

import webauthn
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from oximetry.domain.account_records import Entry, Origin, Passkey, RelyingParty, SessionState
from oximetry.domain.catalogue_ports import Catalogue, Transaction
from oximetry.domain.errors import InvalidRequest, NotFound, SignInRefused
from oximetry.domain.ports import Clock
from oximetry.services.accounts.accounts import AccountService
from oximetry.services.accounts.attempts import Attempts, sha256
from oximetry.services.accounts.second_factors import SecondFactorService

LONGEST_NAME = 60
MOST_PASSKEYS = 10
LONGEST_ANSWER = 20_000


class PasskeyService:
    """Passkeys of accounts."""

    def __init__(
        self,
        catalogue: Catalogue,
        accounts: AccountService,
        second_factors: SecondFactorService,
        attempts: Attempts,
        party: RelyingParty,
        clock: Clock,
    ) -> None:
        self._catalogue = catalogue
        self._accounts = accounts
        self._second_factors = second_factors
        self._attempts = attempts
        self._party = party
        self._clock = clock

    def all(self, doctor_id: str) -> list[Passkey]:
        """The passkeys of an account, oldest first."""
        with self._catalogue.read() as transaction:
            return transaction.account_guards.passkeys(doctor_id)

    def offer(self, token: str) -> dict[str, Any]:
        """What the browser of a session needs to make a passkey.

        Raises ``InvalidRequest``: ``passkeys_enough``, ``password_again``.
        """
        state = self._state(token, pending=False)
        if not self._accounts.is_fresh(token):
            raise InvalidRequest("password_again")
        known = self.all(state.doctor.id)
        if len(known) >= MOST_PASSKEYS:
            raise InvalidRequest("passkeys_enough", maximum=MOST_PASSKEYS)
        options = webauthn.generate_registration_options(
            rp_id=self._party.host,
            rp_name=self._party.name,
            user_id=state.doctor.id.encode(),
            user_name=state.doctor.email,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.DISCOURAGED,
                user_verification=UserVerificationRequirement.PREFERRED,
            ),
            exclude_credentials=[_descriptor(one) for one in known],
        )
        self._remember(state, options.challenge)
        return dict(json.loads(webauthn.options_to_json(options)))

    def add(self, token: str, answer: Mapping[str, Any], name: str) -> list[str]:
        """Keep the passkey that the browser made; every other session ends.

        Returns the recovery codes, once, when this is the account's first second factor; none otherwise. Raises
        ``InvalidRequest`` ``passkey_refused``.
        """
        state = self._state(token, pending=False)
        challenge = self._take(state)
        try:
            made = webauthn.verify_registration_response(
                credential=_text(answer),
                expected_challenge=challenge,
                expected_rp_id=self._party.host,
                expected_origin=self._party.origin,
            )
        except (WebAuthnException, ValueError, TypeError, KeyError) as error:
            raise InvalidRequest("passkey_refused") from error
        doctor = state.doctor
        cleaned = " ".join("".join(sign if sign.isprintable() else " " for sign in name).split())[:LONGEST_NAME]
        with self._catalogue.write() as transaction:
            transaction.account_guards.add_passkey(
                doctor.id,
                bytes_to_base64url(made.credential_id),
                (made.credential_public_key, made.sign_count),
                cleaned or "—",
                self._clock(),
            )
            codes = [] if doctor.has_second_factor else self._second_factors.new_codes(transaction, doctor.id)
            transaction.accounts.end_sessions(self._clock(), doctor_id=doctor.id, but_sha256=sha256(token))
            transaction.audit.add(self._clock(), doctor.id, "passkey_added", ("doctor", doctor.id))
        return codes

    def remove(self, token: str, passkey_id: str) -> None:
        """Forget a passkey of this session's doctor; raises ``NotFound``, ``InvalidRequest`` ``password_again``."""
        state = self._state(token, pending=False)
        if not self._accounts.is_fresh(token):
            raise InvalidRequest("password_again")
        with self._catalogue.write() as transaction:
            if not transaction.account_guards.remove_passkey(state.doctor.id, passkey_id):
                raise NotFound(passkey_id=passkey_id)
            transaction.audit.add(self._clock(), state.doctor.id, "passkey_removed", ("doctor", state.doctor.id))

    def ask(self, token: str) -> dict[str, Any]:
        """What the browser of a pending session needs to show a passkey."""
        state = self._state(token, pending=True)
        options = webauthn.generate_authentication_options(
            rp_id=self._party.host,
            allow_credentials=[_descriptor(one) for one in self.all(state.doctor.id)],
            user_verification=UserVerificationRequirement.PREFERRED,
        )
        self._remember(state, options.challenge)
        return dict(json.loads(webauthn.options_to_json(options)))

    def enter(self, token: str, answer: Mapping[str, Any], origin: Origin) -> Entry:
        """Open a pending session with a passkey, under a new token; raises as `SecondFactorService.enter`."""
        state = self._state(token, pending=True)
        challenge = self._take(state)
        fits = partial(self._fits, doctor_id=state.doctor.id, answer=answer, challenge=challenge)
        self._attempts.check_code(state.doctor, origin, fits)
        return self._second_factors.open(token, state, origin)

    def _fits(self, transaction: Transaction, doctor_id: str, answer: Mapping[str, Any], challenge: bytes) -> bool:
        shown = str(answer.get("id", ""))
        known = transaction.account_guards.passkeys(doctor_id)
        passkey = next((one for one in known if one.credential_id == shown), None)
        if passkey is None:
            return False
        try:
            proved = webauthn.verify_authentication_response(
                credential=_text(answer),
                expected_challenge=challenge,
                expected_rp_id=self._party.host,
                expected_origin=self._party.origin,
                credential_public_key=passkey.public_key,
                credential_current_sign_count=passkey.sign_count,
            )
        except (WebAuthnException, ValueError, TypeError, KeyError):
            return False
        transaction.account_guards.use_passkey(passkey.id, proved.new_sign_count, self._clock())
        return True

    def _state(self, token: str, *, pending: bool) -> SessionState:
        state = self._accounts.state(token)
        if state is None or state.is_pending is not pending:
            raise SignInRefused
        return state

    def _remember(self, state: SessionState, challenge: bytes) -> None:
        with self._catalogue.write() as transaction:
            transaction.accounts.set_session(state.id, challenge=bytes_to_base64url(challenge))

    def _take(self, state: SessionState) -> bytes:
        """The session's challenge, which is good for this one answer."""
        with self._catalogue.write() as transaction:
            challenge = transaction.accounts.take_challenge(state.id)
        return base64url_to_bytes(challenge) if challenge else secrets.token_bytes(32)


def _descriptor(passkey: Passkey) -> PublicKeyCredentialDescriptor:
    return PublicKeyCredentialDescriptor(id=base64url_to_bytes(passkey.credential_id))


def _text(answer: Mapping[str, Any]) -> str:
    text = json.dumps(answer)
    if len(text) > LONGEST_ANSWER:
        raise ValueError("too long")
    return text
