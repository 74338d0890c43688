"""Trying the configured store in six steps, each of which says what to do when it fails; nothing is left behind."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from uuid import uuid4

from oximetry.domain.errors import NotFound, OximetryError, StorageRefused
from oximetry.domain.ports import ObjectStore, StoredObject

FOLDER = "users/storage-check"  # synchronisation leaves everything under users/ alone
SIZE_BYTES = 1000
URL_SECONDS = 60


class Step(StrEnum):
    """The steps, in their order."""

    SETTINGS = "settings"
    CONNECTION = "connection"
    WRITE = "write"
    LIST = "list"
    READ = "read"
    URL = "url"


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of a step; ``error`` is ``None`` when all was well."""

    step: Step
    error: OximetryError | None = None


def check_storage(build: Callable[[], ObjectStore], fetch: Callable[[ObjectStore, str], bytes]) -> Iterator[Checked]:
    """Try settings, connection, write, list, read and signed URL; stops after the first step that fails.

    Parameters
    ----------
    build : callable
        Makes the store from the settings; raises ``ConfigurationError``.
    fetch : callable
        The bytes behind a signed URL of the store, as a browser without any key would get them; raises
        ``StorageRefused`` or ``StorageUnavailable``.
    """
    key, content = f"{FOLDER}/{uuid4()}", secrets.token_bytes(SIZE_BYTES)
    store: ObjectStore | None = None
    try:
        for step in Step:
            try:
                if store is None:
                    store = build()
                else:
                    _ACTS[step](store, key, content, fetch)
            except OximetryError as error:
                yield Checked(step, error)
                return
            yield Checked(step)
    finally:
        if store is not None:
            with suppress(OximetryError):
                store.delete(key)


_Fetch = Callable[[ObjectStore, str], bytes]


def _connect(store: ObjectStore, _key: str, _content: bytes, _fetch: _Fetch) -> None:
    next(iter(store.list(f"{FOLDER}/")), None)


def _write(store: ObjectStore, key: str, content: bytes, _fetch: _Fetch) -> None:
    store.put(key, content, content_type="application/octet-stream", filename=key.rpartition("/")[2])


def _list(store: ObjectStore, key: str, content: bytes, _fetch: _Fetch) -> None:
    stored_objects: list[StoredObject] = [one for one in store.list(key) if one.key == key]
    if [one.size for one in stored_objects] != [len(content)]:
        raise StorageRefused("storage_not_listed")


def _read(store: ObjectStore, key: str, content: bytes, _fetch: _Fetch) -> None:
    if store.get(key) != content:
        raise StorageRefused("storage_integrity")


def _open_url(store: ObjectStore, key: str, content: bytes, fetch: _Fetch) -> None:
    """The signed URL opens the object; after that it is deleted, and gone."""
    name = key.rpartition("/")[2]
    url = store.url(key, expires_s=URL_SECONDS, filename=name, content_type="application/octet-stream")
    if fetch(store, url) != content:
        raise StorageRefused("storage_integrity")
    store.delete(key)
    with suppress(NotFound):
        store.stat(key)
        raise StorageRefused("storage_not_deleted")


_ACTS = {Step.CONNECTION: _connect, Step.WRITE: _write, Step.LIST: _list, Step.READ: _read, Step.URL: _open_url}
