"""Reading the old application's files, from a folder or from a bucket; names there follow no rule of ours."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from oximetry.domain.errors import InvalidUpload, NotFound
from oximetry.domain.ports import ObjectStore

MAX_BYTES = 100 * 1024 * 1024


class OldFolder:
    """A folder with ``patient_data`` in it; implements ``services.importing.OldSource``."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def paths(self, prefix: str) -> Iterator[str]:
        """Files below a folder, in order; links are not followed."""
        for folder, below, names in os.walk(self._root / prefix):
            below.sort()
            for name in sorted(names):
                path = Path(folder) / name
                if path.is_file() and not path.is_symlink():
                    yield path.relative_to(self._root).as_posix()

    def read(self, path: str) -> bytes:
        """The content; raises ``NotFound`` or ``InvalidUpload``."""
        file = self._root / path
        try:
            if file.stat().st_size > MAX_BYTES:
                raise InvalidUpload("file_too_large", limit_mb=MAX_BYTES // (1024 * 1024))
            return file.read_bytes()
        except FileNotFoundError as error:
            raise NotFound from error
        except OSError as error:
            raise InvalidUpload("file_unreadable") from error


class OldBucket:
    """The same in an object store."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def paths(self, prefix: str) -> Iterator[str]:
        """Objects below a prefix, in key order."""
        return (stored_object.key for stored_object in self._store.list(prefix))

    def read(self, path: str) -> bytes:
        """The content; raises ``NotFound``, and ``InvalidUpload`` for a key that we would never make."""
        try:
            return self._store.get(path)
        except ValueError as error:
            raise InvalidUpload("file_unreadable") from error
