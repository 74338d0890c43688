"""The signed way to a file: at the store, or here while its bytes wait in the outbox."""

from __future__ import annotations

from collections.abc import Callable

from oximetry.domain.ports import ObjectStore, OwnUrls
from oximetry.domain.records import StoredFile


class FileUrls:
    """Makes signed URLs without a network call.

    Parameters
    ----------
    own_urls : OwnUrls
        For what the store does not have yet.
    ttl_s : int
        How long a URL is good, in seconds.
    nudge : callable
        Told of every question, so that a store that went away is noticed by the time somebody is sent there.
    """

    def __init__(self, store: ObjectStore, own_urls: OwnUrls, ttl_s: int, nudge: Callable[[], None]) -> None:
        self._store = store
        self._own_urls = own_urls
        self._ttl_s = ttl_s
        self._nudge = nudge

    def url(self, file: StoredFile, *, inline: bool) -> str:
        """A URL of the file; ``StorageUnavailable`` while its store is known to be away."""
        self._nudge()
        home = self._own_urls if file.pending else self._store
        return home.url(
            file.key, expires_s=self._ttl_s, filename=file.name, content_type=file.content_type, inline=inline
        )
