"""Two stores as one, while a live system moves from the previous to the new one.

Each of the four states of ``STORAGE_TRANSITION`` can be left forwards and backwards with nothing out of sight: both
stores are written until only the new one is used, and what the first store does not have is looked for in the other.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from itertools import groupby

from oximetry.domain.errors import NotFound
from oximetry.domain.ports import ObjectStore, StoredObject


class TransitionStore:
    """Writes to two stores and reads from the first that has the object; implements ``ports.ObjectStore``.

    Parameters
    ----------
    first : ObjectStore
        Asked first: the previous store in state ``write_both``, the new one in ``read_new``.
    second : ObjectStore
        Asked for what the first does not have.
    """

    def __init__(self, first: ObjectStore, second: ObjectStore) -> None:
        self._first = first
        self._second = second

    @property
    def origin(self) -> str | None:
        """Those of both stores, with a blank between, as a Content-Security-Policy lists them."""
        return " ".join(filter(None, (self._first.origin, self._second.origin))) or None

    def put(self, key: str, content: bytes, *, content_type: str, filename: str | None = None) -> StoredObject:
        """Write to both; when one of them fails it is as if neither had it, and doing it again completes it."""
        stored = self._first.put(key, content, content_type=content_type, filename=filename)
        self._second.put(key, content, content_type=content_type, filename=filename)
        return stored

    def get(self, key: str) -> bytes:
        """From the first that has it."""
        try:
            return self._first.get(key)
        except NotFound:
            return self._second.get(key)

    def stat(self, key: str) -> StoredObject:
        """Of the first that has it."""
        try:
            return self._first.stat(key)
        except NotFound:
            return self._second.stat(key)

    def delete(self, key: str) -> None:
        """From both."""
        self._first.delete(key)
        self._second.delete(key)

    def purge(self, prefix: str) -> None:
        """From both."""
        self._first.purge(prefix)
        self._second.purge(prefix)

    def list(self, prefix: str = "", after: str | None = None) -> Iterator[StoredObject]:
        """What either has, each key once and as the first has it."""
        both = heapq.merge(self._first.list(prefix, after), self._second.list(prefix, after), key=lambda one: one.key)
        for _, same in groupby(both, key=lambda one: one.key):
            yield next(same)

    def url(self, key: str, *, expires_s: int, filename: str, content_type: str, inline: bool = False) -> str:
        """At the first that has it, which is asked: the one signed URL that costs a network call."""
        try:
            self._first.stat(key)
            home = self._first
        except NotFound:
            home = self._second
        return home.url(key, expires_s=expires_s, filename=filename, content_type=content_type, inline=inline)
