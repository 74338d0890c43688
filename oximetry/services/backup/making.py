"""Makes a backup: the catalogue at one moment and the store's objects, sealed, into another store."""

from __future__ import annotations

import gzip
import hashlib
import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import asdict

from oximetry.domain.backup_ports import CatalogueDump, Sealer
from oximetry.domain.backups import (
    MANIFEST,
    SNAPSHOTS,
    BackedUpObject,
    BackupManifest,
    BackupPart,
    object_key,
)
from oximetry.domain.errors import NotFound
from oximetry.domain.ports import Clock, ObjectStore
from oximetry.services.backup.reading import BackupReader

logger = logging.getLogger(__name__)

OBJECTS_AT_ONCE = 5000
SEALED_TYPE = "application/octet-stream"


class BackupMaker:
    """Makes snapshots in a store of backups; what is there from earlier ones is not read or written again.

    A backup that was interrupted leaves objects that the next one finds, and no manifest: it is none.

    Parameters
    ----------
    store, target : ObjectStore
        What is backed up, and where to.
    secret_mark : str
        See `BackupManifest`.
    """

    def __init__(
        self,
        dump: CatalogueDump,
        store: ObjectStore,
        target: ObjectStore,
        sealer: Sealer,
        secret_mark: str,
        clock: Clock,
    ) -> None:
        self._dump = dump
        self._store = store
        self._target = target
        self._sealer = sealer
        self._secret_mark = secret_mark
        self._clock = clock

    def make(self, *, copy_objects: bool = True, told: Callable[[int], None] = lambda _count: None) -> BackupManifest:
        """Make a snapshot; ``told`` hears after each object how many there are so far.

        Objects are listed before the rows are read and once more behind them: what the rows name and a job removes or
        adds meanwhile is in one of the two lists. Raises what the stores raise.
        """
        made_at = self._clock()
        folder = f"{SNAPSHOTS}{made_at:%Y%m%dT%H%M%S-%f}"
        parts: list[BackupPart] = []
        known = self._known_objects()
        seen: set[str] = set()
        count, size = self._write_objects(folder, parts, known, seen, copy_objects, told)
        with self._dump.reading() as moment:
            revision = moment.revision
            for table, rows in moment.rows():
                self._write_part(folder, table, parts, [json.dumps(row, ensure_ascii=False) for row in rows])
        later_count, later_size = self._write_objects(folder, parts, known, seen, copy_objects, told)
        count, size = count + later_count, size + later_size
        snapshot = folder.removeprefix(SNAPSHOTS)
        manifest = BackupManifest(
            snapshot, made_at, revision, self._secret_mark, copy_objects, count, size, tuple(parts)
        )
        self._seal(f"{folder}/{MANIFEST}", manifest.as_json())
        logger.info("backup made snapshot=%s objects=%d bytes=%d", snapshot, count, size)
        return manifest

    def _write_objects(
        self,
        folder: str,
        parts: list[BackupPart],
        known: dict[tuple[str, int, str], str],
        seen: set[str],
        copy_objects: bool,
        told: Callable[[int], None],
    ) -> tuple[int, int]:
        """List what was not seen yet; returns how many objects and bytes."""
        count = size = 0
        for some in _some(self._objects(known, seen, copy_objects, told), OBJECTS_AT_ONCE):
            count += len(some)
            size += sum(one.size for one in some)
            self._write_part(folder, "objects", parts, [json.dumps(asdict(one)) for one in some])
        return count, size

    def _objects(
        self,
        known: dict[tuple[str, int, str], str],
        seen: set[str],
        copy_objects: bool,
        told: Callable[[int], None],
    ) -> Iterator[BackedUpObject]:
        for found in self._store.list(""):
            if found.key in seen:
                continue
            sha256 = known.get((found.key, found.size, found.etag))
            if sha256 is None:
                try:
                    content = self._store.get(found.key)
                except NotFound:
                    continue  # it went while we listed: a draft that was stored, a night that was moved
                sha256 = hashlib.sha256(content).hexdigest()
                if copy_objects:
                    self._seal(object_key(sha256), content)
            yield BackedUpObject(found.key, found.size, found.etag, sha256)
            seen.add(found.key)
            told(len(seen))

    def _known_objects(self) -> dict[tuple[str, int, str], str]:
        """What the latest backup with copies holds already."""
        reader = BackupReader(self._target, self._sealer)
        for snapshot in reversed(reader.snapshots()):
            manifest = reader.manifest(snapshot)
            if manifest.has_copies:
                return {(one.key, one.size, one.etag): one.sha256 for one in reader.objects(manifest)}
        return {}

    def _write_part(self, folder: str, content: str, parts: list[BackupPart], lines: list[str]) -> None:
        packed = "\n".join(lines).encode()
        key = f"{folder}/{len(parts):06d}-{content}"
        self._seal(key, gzip.compress(packed, mtime=0))
        parts.append(BackupPart(content, key, hashlib.sha256(packed).hexdigest(), len(lines)))

    def _seal(self, key: str, content: bytes) -> None:
        self._target.put(key, self._sealer.seal(content, key), content_type=SEALED_TYPE)


def _some(objects: Iterator[BackedUpObject], count: int) -> Iterator[list[BackedUpObject]]:
    some: list[BackedUpObject] = []
    for one in objects:
        some.append(one)
        if len(some) == count:
            yield some
            some = []
    if some:
        yield some
