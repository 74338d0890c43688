"""Trying a password: every try is written down before the password is looked at, so that parallel guesses all count."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable

from oximetry.domain.account_records import KNOWN_FOR, Origin, second_factor_account
from oximetry.domain.audit import ANYBODY
from oximetry.domain.catalogue_ports import Catalogue, Transaction
from oximetry.domain.errors import SignInRefused, TooManyAttempts
from oximetry.domain.ports import Clock, PasswordHasher
from oximetry.domain.records import Doctor
from oximetry.domain.sign_in_limits import KNOWN, wait_s

LONGEST_TRIED = 257
"""Of a password that somebody tries to sign in with, so many characters are looked at."""
EMAIL = re.compile(r"[^@\s\x00]{1,64}@[^@\s\x00]+\.[^@\s\x00]{2,}|[^@\s\x00]{1,64}@localhost")
_ANYWHERE = "anywhere"


class Attempts:
    """Passwords that are tried, from networks and from browsers that are known."""

    def __init__(self, catalogue: Catalogue, hasher: PasswordHasher, clock: Clock) -> None:
        self._catalogue = catalogue
        self._hasher = hasher
        self._clock = clock

    def check(self, email: str, password: str, origin: Origin) -> Doctor:
        """The account whose password fits.

        Raises
        ------
        SignInRefused
            Unknown e-mail, wrong password and disabled account alike, after the same work.
        TooManyAttempts
            Too early after wrong ones; ``retry_after_s`` in the details.
        """
        cleaned = email.strip()
        account = sha256(cleaned.lower())
        now = self._clock()
        with self._catalogue.write() as transaction:
            doctor = transaction.accounts.find(cleaned) if EMAIL.fullmatch(cleaned) else None
            place, is_known = self._place(transaction, doctor, origin)
            attempt = self._begin(transaction, account, (place or origin.network, origin.network), is_known=is_known)
        usable = doctor is not None and doctor.disabled_at is None
        fits = self._hasher.verify(doctor.password_hash if doctor and usable else None, password[:LONGEST_TRIED])
        with self._catalogue.write() as transaction:
            if doctor is None or not usable or not fits:
                subject = ("doctor", doctor.id) if doctor else ("account", account)
                transaction.audit.add(now, ANYBODY, "sign_in_refused", subject)
            else:
                transaction.accounts.mark_succeeded(attempt)
                transaction.accounts.forget_failures(account, place or origin.network)
        if doctor is None or not usable or not fits:
            raise SignInRefused
        return doctor

    def check_code(self, doctor: Doctor, origin: Origin, fits: Callable[[Transaction], bool]) -> None:
        """Try a second factor: whoever gets here has the password, so tries from all strange networks count as one.

        Raises ``SignInRefused`` ``code_wrong``, and ``TooManyAttempts``.
        """
        account = second_factor_account(doctor.id)
        with self._catalogue.write() as transaction:
            place, is_known = self._place(transaction, doctor, origin)
            place = place or _ANYWHERE
            attempt = self._begin(transaction, account, (place, place), is_known=is_known)
        with self._catalogue.write() as transaction:
            is_right = fits(transaction)
            if is_right:
                transaction.accounts.mark_succeeded(attempt)
                transaction.accounts.forget_failures(account, place)
            else:
                transaction.audit.add(self._clock(), ANYBODY, "second_factor_refused", ("doctor", doctor.id))
        if not is_right:
            raise SignInRefused("code_wrong")

    def _place(self, transaction: Transaction, doctor: Doctor | None, origin: Origin) -> tuple[str, bool]:
        """The place of a browser that the account knows, and whether it does; empty for every other."""
        token = sha256(origin.known_token)
        if doctor is None or not origin.known_token:
            return "", False
        is_known = transaction.account_guards.knows_browser(doctor.id, token, self._clock() - KNOWN_FOR)
        return (f"{KNOWN}{token[:32]}" if is_known else ""), is_known

    def _begin(self, transaction: Transaction, account: str, places: tuple[str, str], *, is_known: bool) -> str:
        now = self._clock()
        failures = transaction.accounts.failures(account, *places, now)
        wait = wait_s(failures, now, is_known=is_known)
        if wait:
            raise TooManyAttempts(retry_after_s=wait)
        return transaction.accounts.record_attempt(account, places[0], now)

    def unlock(self, email: str) -> int:
        """Let nothing that was tried for an e-mail count any more; returns how many failures there were."""
        with self._catalogue.write() as transaction:
            found = transaction.accounts.find(email.strip())
            count = transaction.accounts.forget_failures(sha256(email.strip().lower()))
            if found is not None:
                count += transaction.accounts.forget_failures(second_factor_account(found.id))
                transaction.audit.add(self._clock(), None, "account_unlocked", ("doctor", found.id))
        return count


def sha256(text: str) -> str:
    """What the catalogue keeps of a token or an e-mail that nobody shall read there."""
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()
