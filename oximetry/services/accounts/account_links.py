"""Links of one time: an invitation becomes an account, a reset a new password; each works once and not for long."""

from __future__ import annotations

import secrets
from uuid import uuid4

from oximetry.domain.account_records import LINK_LIVES, AccountLink, LinkKind
from oximetry.domain.catalogue_ports import Catalogue
from oximetry.domain.errors import InvalidRequest, LinkRefused
from oximetry.domain.ports import Clock, PasswordHasher
from oximetry.domain.records import Doctor, Role
from oximetry.services.accounts.accounts import check_email, check_password
from oximetry.services.accounts.attempts import sha256

PATH = "/cont/"


class AccountLinkService:
    """Invitations and resets.

    Parameters
    ----------
    base_url : str
        ``PUBLIC_URL`` without a slash at its end.
    """

    def __init__(self, catalogue: Catalogue, hasher: PasswordHasher, base_url: str, clock: Clock) -> None:
        self._catalogue = catalogue
        self._hasher = hasher
        self._base_url = base_url
        self._clock = clock

    def invite(self, email: str, role: Role = Role.DOCTOR, *, by: str | None = None) -> str:
        """The address at which somebody makes an account; raises ``InvalidRequest`` for a bad or taken e-mail."""
        check_email(email)
        with self._catalogue.read() as transaction:
            if transaction.accounts.find(email) is not None:
                raise InvalidRequest("email_taken")
        return self._make(LinkKind.INVITATION, email.lower(), role, by)

    def reset(self, email: str, *, by: str | None = None) -> str:
        """The address at which the owner of an account takes a new password; raises ``InvalidRequest``."""
        with self._catalogue.read() as transaction:
            doctor = transaction.accounts.find(email)
        if doctor is None:
            raise InvalidRequest("unknown_account")
        return self._make(LinkKind.RESET, doctor.email, doctor.role, by)

    def find(self, token: str) -> AccountLink:
        """What a token is for; unknown, used and expired ones raise the same ``LinkRefused``."""
        with self._catalogue.read() as transaction:
            link = transaction.account_guards.find_link(sha256(token[:200]), self._clock())
        if link is None:
            raise LinkRefused("account_link_refused")
        return link

    def use(self, token: str, password: str) -> Doctor:
        """Make the account, or give it the password; every session of it ends, and the link opens nothing any more.

        Raises ``LinkRefused`` as `find`, ``InvalidRequest`` for a weak password (the link can be used again then).
        """
        link = self.find(token)
        check_password(password, link.email)
        password_hash = self._hasher.hash(password)
        now = self._clock()
        with self._catalogue.write() as transaction:
            if not transaction.account_guards.use_link(link.id, now):
                raise LinkRefused("account_link_refused")
            doctor = transaction.accounts.find(link.email)
            if link.kind is LinkKind.INVITATION:
                if doctor is not None:
                    raise InvalidRequest("email_taken")
                doctor = transaction.accounts.create(link.email, password_hash, link.role, now)
                transaction.audit.add(now, doctor.id, "account_created", ("doctor", doctor.id))
            elif doctor is None:
                raise LinkRefused("account_link_refused")
            else:
                transaction.accounts.set_password(doctor.id, password_hash)
                transaction.accounts.end_sessions(now, doctor_id=doctor.id)
                transaction.account_guards.forget_browsers(doctor.id)
                transaction.accounts.forget_failures(sha256(doctor.email))
                transaction.audit.add(now, doctor.id, "password_reset", ("doctor", doctor.id))
        return doctor

    def _make(self, kind: LinkKind, email: str, role: Role, by: str | None) -> str:
        token, now = secrets.token_urlsafe(32), self._clock()
        link = AccountLink(str(uuid4()), kind, email, role)
        with self._catalogue.write() as transaction:
            transaction.account_guards.add_link(link, sha256(token), by, (now, now + LINK_LIVES[kind]))
            act = "invitation_made" if kind is LinkKind.INVITATION else "reset_made"
            transaction.audit.add(now, by, act, ("account", sha256(email)))
        return f"{self._base_url}{PATH}{token}"
