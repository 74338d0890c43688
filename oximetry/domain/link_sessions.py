"""A patient's link once it was opened: a session in one browser, which ends."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from oximetry.domain.records import Link

LONGEST_IDLE = timedelta(hours=12)
LONGEST_LIFE = timedelta(days=30)
PIN_DIGITS = 6
MOST_WRONG_PINS = 10
"""In a link's whole life: ten of a million."""
LIFETIMES_DAYS = (30, 90, 365)
"""How long a doctor may let a link live; none of them is "until it is stopped"."""


@dataclass(frozen=True, slots=True)
class LinkSession:
    """One browser in which a link was opened.

    Attributes
    ----------
    browser : str
        ``phone``, ``tablet`` or ``computer``.
    is_preview : bool
        The doctor looked at the patient's page.
    """

    id: str
    opened_at: datetime
    last_seen_at: datetime
    browser: str
    is_preview: bool


@dataclass(frozen=True, slots=True)
class OpenedLink:
    """A live link and the session in which it was opened."""

    session: LinkSession
    link: Link


@dataclass(frozen=True, slots=True)
class Visit:
    """A browser that comes with a secret; ``device_key`` is equal for requests of one kind of browser."""

    browser: str = ""
    device_key: str = ""
    session_id: str | None = None


def oldest_live(now: datetime) -> tuple[datetime, datetime]:
    """A session lives that was seen after the first moment and began after the second."""
    return now - LONGEST_IDLE, now - LONGEST_LIFE


def is_paused(link: Link) -> bool:
    """Whether too many wrong PINs were given; the doctor's new PIN opens it again."""
    return link.pin_sealed is not None and link.pin_failures >= MOST_WRONG_PINS


def is_expired(link: Link, now: datetime) -> bool:
    """Whether its last day is over."""
    return link.expires_at is not None and link.expires_at <= now
