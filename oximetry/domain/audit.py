"""The audit trail: acts in a chain of hashes, people and things named by pseudonyms that erasure makes meaningless."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

FIRST_LINK = "0" * 64
"""What the first act's ``previous_sha256`` is."""

_WORD = re.compile(r"[a-z][a-z_]{0,39}")


class ActorKind(StrEnum):
    """Who acted."""

    DOCTOR = "doctor"
    PATIENT = "patient"
    ANYBODY = "anybody"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acted; ``id`` is a doctor's, or that of a patient's opened link, and ``None`` for whom we do not know."""

    kind: ActorKind
    id: str | None = None


SYSTEM = Actor(ActorKind.SYSTEM)
ANYBODY = Actor(ActorKind.ANYBODY)


class Pseudonym(str):
    """A name that stands in the trail as it is."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One act, as it stands in the trail.

    Attributes
    ----------
    number : int
        1, 2, 3 … without a gap.
    actor, subject : str or None, str
        Pseudonyms.
    details : str
        JSON of numbers, fixed words and pseudonyms; its very text is hashed.
    previous_sha256, sha256 : str
        The chain; see `link_sha256`.
    """

    number: int
    happened_at: datetime
    actor_kind: str
    actor: str | None
    act: str
    subject_type: str
    subject: str
    details: str
    previous_sha256: str
    sha256: str


@dataclass(frozen=True, slots=True)
class AuditCheck:
    """What a walk along the chain found.

    Attributes
    ----------
    count, head_sha256 : int, str
        How many acts there are, and the last one's hash.
    broken_at : int or None
        The first number at which something was changed, left out or put in.
    holds_expected : bool
        Whether the hash that was asked for (an earlier head) is still in the chain; true when none was.
    """

    count: int
    head_sha256: str
    broken_at: int | None
    holds_expected: bool = True

    @property
    def is_whole(self) -> bool:
        """Nothing was changed."""
        return self.broken_at is None and self.holds_expected


def link_sha256(event: AuditEvent) -> str:
    """SHA-256 over the act and the hash before it: lines of JSON, so that no two acts read alike."""
    parts = (
        event.previous_sha256,
        event.number,
        event.happened_at.isoformat(timespec="microseconds"),
        event.actor_kind,
        event.actor,
        event.act,
        event.subject_type,
        event.subject,
        event.details,
    )
    return hashlib.sha256(json.dumps(parts, ensure_ascii=True).encode()).hexdigest()


def check_chain(events: Iterable[AuditEvent], expected_sha256: str | None = None) -> AuditCheck:
    """Walk along the chain, first act first."""
    previous, count, broken_at = FIRST_LINK, 0, None
    holds = expected_sha256 in (None, FIRST_LINK)
    for event in events:
        count += 1
        fits = event.number == count and event.previous_sha256 == previous and event.sha256 == link_sha256(event)
        if not fits and broken_at is None:
            broken_at = count
        previous = event.sha256
        holds = holds or previous == expected_sha256
    return AuditCheck(count, previous, broken_at, holds)


def names_in(value: Any) -> set[str]:
    """Strings in an act's details that may lead to somebody: ids, serials, everything but the program's own words."""
    if isinstance(value, str):
        return set() if isinstance(value, Pseudonym) or _WORD.fullmatch(value) else {value}
    if isinstance(value, Mapping):
        return set().union(*(names_in(one) for one in value.values()))
    if isinstance(value, list | tuple | set | frozenset):
        return set().union(*(names_in(one) for one in value))
    return set()


def renamed(value: Any, name: Callable[[str], str]) -> Any:
    """The same details as JSON holds them, with `names_in` replaced."""
    if isinstance(value, str):
        return name(value) if names_in(value) else str(value)
    if isinstance(value, Mapping):
        return {key: renamed(one, name) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [renamed(one, name) for one in value]
    return value
