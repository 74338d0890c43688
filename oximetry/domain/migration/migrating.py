"""Moving a store's objects to another one: which keys are moved how, and what became of each."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

from oximetry.domain.keys import STAGING
from oximetry.domain.sync.syncing import SENTINEL_KEY

OLD_DATA = "patient_data/"
OLD_KEYS = "old/"

_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_OWN_KEY = re.compile(rf"({_UUID})/(?:csvs|originals|pdfs|plots)/[^/]+")


class Outcome(StrEnum):
    """What became of one object, old file or old patient."""

    COPIED = "copied"  # by this run or an earlier one of the same report
    ALREADY = "already"  # the same was there before
    DIFFERS = "differs"  # other bytes are under the key; nothing was overwritten
    FAILED = "failed"  # an outage or a refusal; the next run tries again
    GONE = "gone"  # deleted at the source meanwhile
    LEFT = "left"  # not ours to copy: another program's file, an old picture
    IMPORTED = "imported"  # an old patient, recording or report is in the catalogue now
    REFUSED = "refused"  # an old file that cannot be read; it stays where it is
    REMOVED = "removed"  # taken back by an undo
    KEPT = "kept"  # an undo left it, for the reason given


GOOD = (Outcome.COPIED, Outcome.ALREADY, Outcome.GONE, Outcome.LEFT, Outcome.IMPORTED, Outcome.REMOVED)


@dataclass(frozen=True, slots=True)
class MigrationLine:
    """One line of the report; ``ours`` when this report's runs made it, so that undoing them takes it away.

    ``ref`` is the new patient's or night's id of something imported. No key or reason holds a person's name or an
    old link's token.
    """

    key: str
    outcome: Outcome
    size: int = 0
    sha256: str | None = None
    reason: str | None = None
    ref: str | None = None
    ours: bool = False

    def then(self, later: MigrationLine) -> MigrationLine:
        """What a later line says of the same key, with what is still known of it."""
        made = later.outcome in (Outcome.COPIED, Outcome.IMPORTED)
        ours = made or (self.ours and later.outcome is not Outcome.REMOVED)
        outcome = later.outcome
        if ours and outcome is Outcome.ALREADY:
            outcome = Outcome.IMPORTED if later.key.startswith(OLD_KEYS) else Outcome.COPIED
        size, sha256, ref = later.size or self.size, later.sha256 or self.sha256, later.ref or self.ref
        return replace(later, ours=ours, outcome=outcome, size=size, sha256=sha256, ref=ref)


NOTHING = MigrationLine("", Outcome.LEFT)


class Journal(Protocol):
    """The runs of one report, written as they go: a killed run goes on where it stood."""

    @property
    def cursor(self) -> str | None:
        """The last key of a copying run that did not come to its end."""
        ...

    @property
    def failed(self) -> list[str]:
        """Keys whose last word is a failure, in order."""
        ...

    def begin(self, phase: str) -> None:
        """A new run; its lines come in key order."""
        ...

    def intend(self, key: str) -> None:
        """Said before an absent object is written, so that a killed run's object is still known as ours."""
        ...

    def is_intended(self, key: str) -> bool:
        """Whether an earlier run meant to write it and was stopped before it could tell."""
        ...

    def add(self, line: MigrationLine) -> None:
        """What became of a key."""
        ...

    def end(self) -> None:
        """The run came to its end."""
        ...

    def lines(self) -> Iterator[MigrationLine]:
        """All runs as one: each key once, in order."""
        ...


class Manner(StrEnum):
    """How an object of the source is moved."""

    COPY = "copy"
    IMPORT = "import"
    LEAVE = "leave"


def manner_of(key: str, old_tokens: frozenset[str] = frozenset()) -> Manner:
    """Copied when it lies in our own layout, imported when in the old one, else left where it is.

    Parameters
    ----------
    old_tokens : frozenset of str
        The links of the old application: below such a UUID lies the old layout, though it may look like ours.
    """
    if key.startswith(OLD_DATA):
        return Manner.IMPORT
    own = _OWN_KEY.fullmatch(key)
    if key.partition("/")[0] in old_tokens:
        return Manner.IMPORT
    if own or key == SENTINEL_KEY or key.startswith(STAGING):
        return Manner.COPY
    return Manner.LEAVE


def masked(key: str) -> str:
    """A name for a foreign key that tells nothing of it: ``other/`` and the start of its SHA-256."""
    return f"other/{hashlib.sha256(key.encode(errors='replace')).hexdigest()[:16]}"


def counts(lines: Iterable[MigrationLine]) -> tuple[dict[str, int], dict[str, int]]:
    """How many lines, and how many bytes, had each outcome."""
    number, size = dict.fromkeys(Outcome, 0), dict.fromkeys(Outcome, 0)
    for line in lines:
        number[line.outcome] += 1
        size[line.outcome] += line.size
    return {key.value: value for key, value in number.items()}, {key.value: value for key, value in size.items()}
