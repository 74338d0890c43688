"""Comparing a listing of the store with the rows of the catalogue: a merge of two streams in key order.

Neither stream is ever held in memory. What differs is judged one key at a time; what must be left alone (staging,
outbox, work in progress, anything younger than a day) is told apart from what is the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple, TypeVar

from oximetry.domain.errors import StorageUnavailable
from oximetry.domain.keys import OWN, STAGING
from oximetry.domain.ports import StoredObject

SENTINEL_KEY = ".oximetry/catalogue"
MAX_KEY_LENGTH = 300
UNASSIGNED = "unassigned"


class Kind(StrEnum):
    """What differs between the store and the catalogue."""

    ADDED = "added"  # an object of a known patient without a row: it gets one, unassigned
    ORPHANED = "orphaned"  # an object that names no patient of ours: the same
    REMOVED = "removed"  # a row without an object: it is deleted softly
    MISMATCHED = "mismatched"  # size or ETag differ: shown, never changed by itself
    RETURNED = "returned"  # the object of a row that was removed as missing is there again: shown

    @property
    def changes(self) -> bool:
        """Whether applying a plan does anything about it."""
        return self in (Kind.ADDED, Kind.ORPHANED, Kind.REMOVED)


class Left(StrEnum):
    """Why a difference is left alone."""

    STAGING = "staging"
    OUTBOX = "outbox"
    WORK = "work"
    YOUNG = "young"
    FOREIGN = "foreign"  # a key that the catalogue cannot hold


class CatalogueRow(NamedTuple):
    """What the comparison needs of a row of ``stored_files``; ``missing`` when synchronisation deleted it."""

    key: str
    id: str
    size: int
    etag: str | None
    deleted: bool
    missing: bool
    updated_at: datetime


Pair = tuple[StoredObject | None, CatalogueRow | None]
Keyed = TypeVar("Keyed", StoredObject, CatalogueRow)


@dataclass(frozen=True, slots=True)
class Guard:
    """What must be left alone just now.

    Attributes
    ----------
    outbox : set of str
        Keys whose bytes wait in the catalogue.
    at_work : set of str
        Patients whose files a job is about to write, move or read.
    young_since : datetime
        Naive UTC; whatever was written or changed after it may still be on its way.
    """

    outbox: Set[str]
    at_work: Set[str]
    young_since: datetime

    def reason(self, stored_object: StoredObject | None, row: CatalogueRow | None) -> Left | None:
        """Why this key is left alone; ``None`` when nothing speaks for it."""
        key = stored_object.key if stored_object is not None else row.key if row is not None else ""
        if key.startswith(STAGING):
            return Left.STAGING
        if len(key) > MAX_KEY_LENGTH or not (key.isascii() and key.isprintable()):
            return Left.FOREIGN
        if key in self.outbox:
            return Left.OUTBOX
        if key.partition("/")[0] in self.at_work:
            return Left.WORK
        young = stored_object is not None and moment(stored_object.modified_at) > self.young_since
        young |= row is not None and row.updated_at > self.young_since
        return Left.YOUNG if young else None


def moment(unix_s: float) -> datetime:
    """The store's time as ours: naive UTC."""
    return datetime.fromtimestamp(unix_s, UTC).replace(tzinfo=None)


def merge_join(objects: Iterable[StoredObject], rows: Iterable[CatalogueRow]) -> Iterator[Pair]:
    """Every key of either stream once, in order, with what each side has under it.

    Parameters
    ----------
    objects, rows : iterable
        Both in the byte order of their keys, no key twice.

    Raises
    ------
    StorageUnavailable
        Reason ``storage_listing_incomplete`` when a stream steps back: nothing can be told from such a listing.
    """
    ordered_objects, ordered_rows = _ordered(objects), _ordered(rows)
    stored_object, row = next(ordered_objects, None), next(ordered_rows, None)
    while stored_object is not None or row is not None:
        if row is None or (stored_object is not None and stored_object.key < row.key):
            yield stored_object, None
            stored_object = next(ordered_objects, None)
        elif stored_object is None or row.key < stored_object.key:
            yield None, row
            row = next(ordered_rows, None)
        else:
            yield stored_object, row
            stored_object, row = next(ordered_objects, None), next(ordered_rows, None)


def judge(stored_object: StoredObject | None, row: CatalogueRow | None, guard: Guard) -> Kind | Left | None:
    """What is to be said of one key; ``None`` when both sides agree, or a person deleted it and it stays deleted."""
    kind = _difference(stored_object, row)
    return None if kind is None else guard.reason(stored_object, row) or kind


def same_content(stored_object: StoredObject, size: int, etag: str | None) -> bool:
    """Whether an object can be what is known of it; an ETag with a dash (sent in parts) is no MD5 and says nothing."""
    if stored_object.size != size:
        return False
    return etag is None or stored_object.etag == etag or ("-" in stored_object.etag) != ("-" in etag)


def _difference(stored_object: StoredObject | None, row: CatalogueRow | None) -> Kind | None:
    if stored_object is None:
        return None if row is None or row.deleted else Kind.REMOVED
    if row is None:
        return None if stored_object.key.startswith(OWN) else Kind.ADDED
    if row.deleted:
        return Kind.RETURNED if row.missing else None
    return None if same_content(stored_object, row.size, row.etag) else Kind.MISMATCHED


def _ordered(stream: Iterable[Keyed]) -> Iterator[Keyed]:
    last = ""
    for one in stream:
        if one.key <= last:
            raise StorageUnavailable("storage_listing_incomplete", operation="compare")
        last = one.key
        yield one


YOUNG = timedelta(hours=24)
