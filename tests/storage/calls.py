"""The calls that the tests of one kind of store make again and again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest

from oximetry.domain.errors import OximetryError
from oximetry.domain.ports import ObjectStore, StoredObject

KEY = "p1/csvs/night.csv"
BODY = b"SpO2;95\n"
ETAG = hashlib.md5(BODY).hexdigest()


def put(store: ObjectStore, key: str = KEY, content: bytes = BODY) -> StoredObject:
    """A put with everything that is usual."""
    return store.put(key, content, content_type="text/csv", filename="night.csv")


def every_call(store: ObjectStore) -> dict[str, Callable[[], object]]:
    """Every verb that talks to the server, by its name."""
    return {
        "put": lambda: put(store),
        "get": lambda: store.get(KEY),
        "stat": lambda: store.stat(KEY),
        "delete": lambda: store.delete(KEY),
        "list": lambda: list(store.list("p1/")),
    }


def error_of(call: Callable[[], object]) -> OximetryError:
    """The error that a call must end with."""
    with pytest.raises(OximetryError) as caught:
        call()
    return caught.value
