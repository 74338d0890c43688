"""An object store in a dict that fails, and stops the machine, when it is told to."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator

from oximetry.adapters.stores.object_keys import check_key
from oximetry.domain.errors import AlreadyExists, ObjectMissing, OximetryError
from oximetry.domain.ports import StoredObject


class MemoryStore:
    """An object store in a dict.

    ``failure`` is raised by every call while it is set; ``before`` and ``after`` hold functions of the key, called
    around ``get``, ``put`` and ``delete``.
    """

    origin = None

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.failure: OximetryError | None = None
        self.before: dict[str, Callable[[str], None]] = {}
        self.after: dict[str, Callable[[str], None]] = {}

    def put(self, key: str, content: bytes, *, content_type: str, filename: str | None = None) -> StoredObject:
        """Write; other bytes under the key are refused."""
        self._begin("put", key)
        if self.objects.setdefault(key, content) != content:
            raise AlreadyExists(key=key)
        self.after.get("put", _nothing)(key)
        return self._object(key)

    def get(self, key: str) -> bytes:
        """The content."""
        self._begin("get", key)
        if key not in self.objects:
            raise ObjectMissing(key=key)
        content = self.objects[key]
        self.after.get("get", _nothing)(key)
        return content

    def stat(self, key: str) -> StoredObject:
        """Size and MD5."""
        self._begin("stat", key)
        if key not in self.objects:
            raise ObjectMissing(key=key)
        return self._object(key)

    def delete(self, key: str) -> None:
        """Remove."""
        self._begin("delete", key)
        self.objects.pop(key, None)
        self.after.get("delete", _nothing)(key)

    def purge(self, prefix: str) -> None:
        """Remove all below a prefix."""
        for key in [one for one in self.objects if one.startswith(prefix)]:
            self.delete(key)

    def list(self, prefix: str = "", after: str | None = None) -> Iterator[StoredObject]:
        """In key order."""
        self._begin("list", "prefix")
        for key in sorted(self.objects):
            if key.startswith(prefix) and key > (after or ""):
                yield self._object(key)

    def url(self, key: str, *, expires_s: int, filename: str, content_type: str, inline: bool = False) -> str:
        """Shows what it was asked for."""
        return f"memory:{key}?expires={expires_s}&name={filename}&type={content_type}&inline={inline}"

    def under(self, prefix: str) -> list[str]:
        """Keys, in order."""
        return sorted(key for key in self.objects if key.startswith(prefix))

    def _begin(self, verb: str, key: str) -> None:
        check_key(key)
        self.before.get(verb, _nothing)(key)
        if self.failure is not None:
            raise self.failure

    def _object(self, key: str) -> StoredObject:
        content = self.objects[key]
        return StoredObject(key, len(content), hashlib.md5(content, usedforsecurity=False).hexdigest(), 0.0)


def _nothing(_key: str) -> None:
    pass


class Crash(BaseException):
    """The machine stops here: nothing catches it."""


def crash(_key: str) -> None:
    """For ``MemoryStore.before`` and ``after``."""
    raise Crash
