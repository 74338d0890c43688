"""An object store under the verbs that scripts know."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from oximetry.adapters.stores.object_keys import check_key, content_type_of
from oximetry.domain.errors import NotFound
from oximetry.domain.ports import ObjectStore

URL_SECONDS: Final = 3600


class StorageClient:
    """A store under the verbs that scripts know.

    Parameters
    ----------
    configured_store : callable
        Gives the store at the first call that needs it.

    Every method raises ``StorageUnavailable`` for an outage, ``StorageRefused`` for a refusal and ``ValueError`` for a
    key that no store can hold.
    """

    def __init__(self, configured_store: Callable[[], ObjectStore]) -> None:
        self._configured_store = configured_store

    def upload_file(self, content: bytes, key: str, content_type: str) -> str:
        """Store and verify; returns a URL good for an hour. ``AlreadyExists`` when other bytes are under the key."""
        store, name = self._configured_store(), check_key(key).rpartition("/")[2]
        store.put(key, content, content_type=content_type, filename=name)
        return store.url(key, expires_s=URL_SECONDS, filename=name, content_type=content_type)

    def download_file(self, key: str) -> bytes | None:
        """The whole content; ``None`` when there is no such object, and only then."""
        try:
            return self._configured_store().get(key)
        except NotFound:
            return None

    def delete_file(self, key: str) -> None:
        """Remove for good; removing an absent object is a success."""
        self._configured_store().delete(key)

    def list_files(self, prefix: str = "") -> list[str]:
        """All keys that start with ``prefix``, in order."""
        return [stored_object.key for stored_object in self._configured_store().list(prefix)]

    def generate_presigned_url(self, key: str, expiration: int = URL_SECONDS) -> str | None:
        """A URL good for ``expiration`` (1-3600) seconds; ``None`` when the object does not exist."""
        store, name = self._configured_store(), check_key(key).rpartition("/")[2]
        try:
            store.stat(key)
        except NotFound:
            return None
        return store.url(key, expires_s=expiration, filename=name, content_type=content_type_of(name))
