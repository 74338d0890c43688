"""Reads a store of backups: which snapshots there are, what is in one, and whether all of it is there and right."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator

from oximetry.domain.backup_ports import Sealer
from oximetry.domain.backups import (
    MANIFEST,
    SNAPSHOTS,
    BackedUpObject,
    BackupManifest,
    BackupPart,
    BackupProblem,
    Row,
    object_key,
)
from oximetry.domain.errors import InvalidRequest, NotFound, StorageRefused
from oximetry.domain.ports import ObjectStore


class BackupReader:
    """One store of backups."""

    def __init__(self, target: ObjectStore, sealer: Sealer) -> None:
        self._target = target
        self._sealer = sealer

    def snapshots(self) -> list[str]:
        """Names of the snapshots that were made to their end, oldest first."""
        ends = f"/{MANIFEST}"
        keys = (found.key for found in self._target.list(SNAPSHOTS))
        return [key.removeprefix(SNAPSHOTS).removesuffix(ends) for key in keys if key.endswith(ends)]

    def manifest(self, snapshot: str | None = None) -> BackupManifest:
        """Of this snapshot, or the latest.

        Raises ``NotFound`` when there is none, ``StorageRefused`` for another key, ``InvalidRequest`` for what another
        version wrote.
        """
        if snapshot is None:
            snapshot = next(iter(reversed(self.snapshots())), None)
        if snapshot is None:
            raise NotFound(snapshot="none")
        try:
            return BackupManifest.from_json(self._open(f"{SNAPSHOTS}{snapshot}/{MANIFEST}"))
        except ValueError as error:
            raise InvalidRequest("backup_of_another_version") from error

    def rows(self, manifest: BackupManifest) -> Iterator[tuple[str, list[Row]]]:
        """The catalogue's rows, part by part."""
        for part in manifest.parts:
            if part.content != "objects":
                yield part.content, [json.loads(line) for line in self.lines(part)]

    def objects(self, manifest: BackupManifest) -> Iterator[BackedUpObject]:
        """The store's objects."""
        for part in manifest.parts:
            if part.content == "objects":
                for line in self.lines(part):
                    yield BackedUpObject(**json.loads(line))

    def lines(self, part: BackupPart) -> list[str]:
        """What is in a part; raises ``StorageRefused`` when it is not what was written."""
        packed = gzip.decompress(self._open(part.key))
        if hashlib.sha256(packed).hexdigest() != part.sha256:
            raise StorageRefused("storage_integrity")
        return packed.decode().split("\n") if packed else []

    def content(self, wanted: BackedUpObject) -> bytes:
        """An object's bytes; raises ``NotFound``, or ``StorageRefused`` when they are not the right ones."""
        content = self._open(object_key(wanted.sha256))
        if hashlib.sha256(content).hexdigest() != wanted.sha256:
            raise StorageRefused("storage_integrity")
        return content

    def problems(self, manifest: BackupManifest) -> Iterator[BackupProblem]:
        """Everything in a snapshot that is missing or not what was written; all of it is read."""
        for part in manifest.parts:
            try:
                self.lines(part)
            except NotFound:
                yield BackupProblem("missing", part.key)
            except (StorageRefused, OSError, EOFError):
                yield BackupProblem("damaged", part.key)
            else:
                if part.content == "objects" and manifest.has_copies:
                    yield from self._bad_objects(part)

    def _bad_objects(self, part: BackupPart) -> Iterator[BackupProblem]:
        for line in self.lines(part):
            wanted = BackedUpObject(**json.loads(line))
            try:
                self.content(wanted)
            except NotFound:
                yield BackupProblem("missing", wanted.key)
            except StorageRefused:
                yield BackupProblem("damaged", wanted.key)

    def _open(self, key: str) -> bytes:
        return self._sealer.open(self._target.get(key), key)
