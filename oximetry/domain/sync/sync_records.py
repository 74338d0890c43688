"""What the catalogue remembers of its synchronisation with the store, and of one file's place in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from oximetry.domain.records import NightState, StoredFile
from oximetry.domain.sync.syncing import Kind


class RunState(StrEnum):
    """The life of one synchronisation."""

    PLANNING = "planning"
    PLANNED = "planned"
    ABORTED = "aborted"
    APPLYING = "applying"
    APPLIED = "applied"


class Outcome(StrEnum):
    """What became of one line of a plan."""

    DONE = "done"
    LISTED = "listed"  # it was never to be changed
    SKIPPED = "skipped"  # the store or the catalogue changed meanwhile
    FAILED = "failed"


class FileState(StrEnum):
    """What the storage page says of a file."""

    LIVE = "live"
    DELETED = "deleted"
    ORPHAN = "orphan"
    PENDING = "pending"
    MISSING = "missing"
    MISMATCHED = "mismatched"
    DAMAGED = "damaged"  # its bytes were not the right ones when they were last re-read


@dataclass(frozen=True, slots=True)
class Identity:
    """The catalogue's own id, and when its sentinel was written into the store (``None``: never)."""

    catalogue_id: str
    sentinel_at: datetime | None


@dataclass(frozen=True, slots=True)
class SyncRun:
    """One plan and what became of it.

    Attributes
    ----------
    cursor : str
        The last key that was compared; a run that was killed goes on behind it.
    counts : mapping of str to int
        Of the plan, by kind, and ``skipped_…`` by reason; of its application under ``done_…``.
    entries : int
        Lines of the plan.
    sha256 : str or None
        Of the plan's lines as they are downloaded; ``None`` until the plan is complete.
    """

    id: str
    state: RunState
    requested_by: str | None
    created_at: datetime
    updated_at: datetime
    cursor: str
    counts: Mapping[str, int]
    entries: int
    sha256: str | None
    reason: str | None
    details: Mapping[str, Any]
    applied_by: str | None
    applied_at: datetime | None


@dataclass(frozen=True, slots=True)
class SyncEntry:
    """One line of a plan: what differed, as both sides had it then."""

    number: int
    kind: Kind
    key: str
    file_id: str | None
    row_size: int | None
    row_updated_at: datetime | None
    size: int | None
    etag: str | None
    modified_at: datetime | None
    outcome: Outcome | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class ListedFile:
    """A file as the storage page shows it: metadata only."""

    file: StoredFile
    state: FileState
    created_by: str | None


@dataclass(frozen=True, slots=True)
class NightHome:
    """Whose a night is and when it began (its device's clock), without any of its numbers."""

    night_id: str
    patient_id: str
    state: NightState
    started_at: datetime


@dataclass(frozen=True, slots=True)
class FileFilter:
    """Which files the storage page asks for; ``None`` asks for all."""

    kind: str | None = None
    patient_id: str | None = None
    state: FileState | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class FilePlace:
    """Where a page of files begins: behind this one (newest first)."""

    created_at: datetime
    file_id: str
