"""Around an account: where it is signed in, which browsers are known, links of one time."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from oximetry.domain.records import Doctor, Role

LONGEST_SESSION = timedelta(hours=12)
LONGEST_IDLE = {Role.DOCTOR: timedelta(hours=2), Role.ADMINISTRATOR: timedelta(minutes=30)}
MOST_SESSIONS = 5
KNOWN_FOR = timedelta(days=400)
"""A browser is known for so long after it was last signed in with."""


class LinkKind(StrEnum):
    """What a link of one time is for."""

    INVITATION = "invitation"
    RESET = "reset"


LINK_LIVES = {LinkKind.INVITATION: timedelta(days=7), LinkKind.RESET: timedelta(hours=24)}


@dataclass(frozen=True, slots=True)
class Origin:
    """Whence somebody signs in.

    Attributes
    ----------
    network : str
        As ``sign_in_limits.network_of``.
    browser : str
        ``phone``, ``tablet`` or ``computer``.
    known_token : str
        What the browser was given at an earlier sign-in; empty for none.
    """

    network: str = "unknown"
    browser: str = ""
    known_token: str = ""


@dataclass(frozen=True, slots=True)
class DoctorSession:
    """One browser in which an account is signed in; ``network`` is whence it came."""

    id: str
    created_at: datetime
    last_seen_at: datetime
    browser: str
    network: str
    is_this: bool = False


@dataclass(frozen=True, slots=True)
class SessionState:
    """A session as every request asks for it; ``second_factor_wanted`` is the clinic's setting."""

    id: str
    doctor: Doctor
    created_at: datetime
    last_seen_at: datetime
    is_pending: bool
    second_factor_wanted: bool = False


@dataclass(frozen=True, slots=True)
class KnownBrowser:
    """A browser in which the account was signed in."""

    id: str
    browser: str
    network: str
    first_seen_at: datetime


@dataclass(frozen=True, slots=True)
class AccountLink:
    """A link of one time: for a new account, or for a new password."""

    id: str
    kind: LinkKind
    email: str
    role: Role


@dataclass(frozen=True, slots=True)
class Passkey:
    """A device that proves itself; ``credential_id`` is base64url, ``public_key`` COSE."""

    id: str
    credential_id: str
    public_key: bytes
    sign_count: int
    name: str
    created_at: datetime
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """Who asks for passkeys: the host they belong to, and the pages that may ask."""

    name: str
    host: str
    origin: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A password that fitted.

    Attributes
    ----------
    token : str
        Names the session; 43 base64url characters, of which the catalogue keeps only the SHA-256.
    is_pending : bool
        Whether the session opens nothing before a second factor was given.
    known_token : str
        For this browser to show at its next sign-in.
    news : tuple of KnownBrowser
        Other browsers in which the account was first signed in since it was last told.
    """

    token: str
    is_pending: bool
    known_token: str
    news: tuple[KnownBrowser, ...] = ()


@dataclass(frozen=True, slots=True)
class AccountLine:
    """An account as administrators see it: never a patient, never a night."""

    doctor: Doctor
    created_at: datetime
    sessions: int
    last_seen_at: datetime | None


def second_factor_account(doctor_id: str) -> str:
    """Under what wrong second factors of an account are counted, beside its wrong passwords: SHA-256, hex."""
    return hashlib.sha256(f"second factor of {doctor_id}".encode()).hexdigest()
