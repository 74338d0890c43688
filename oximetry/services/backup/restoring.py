"""Restores a backup into an empty database and an empty store; never over anything."""

from __future__ import annotations

import logging
from collections.abc import Callable

from oximetry.domain.backup_ports import CatalogueDump
from oximetry.domain.backups import BackupManifest
from oximetry.domain.errors import InvalidRequest
from oximetry.domain.ports import ObjectStore
from oximetry.services.backup.reading import BackupReader

logger = logging.getLogger(__name__)

UNKNOWN_TYPE = "application/octet-stream"


class BackupRestorer:
    """Puts a snapshot back; objects first, so that no row ever names an object that is not there.

    Begun again after an interruption, it goes on: the database is filled last, in one transaction, and objects that
    are there with the right bytes are left as they are.
    """

    def __init__(self, reader: BackupReader, dump: CatalogueDump, store: ObjectStore) -> None:
        self._reader = reader
        self._dump = dump
        self._store = store

    def restore(self, manifest: BackupManifest, told: Callable[[int], None] = lambda _count: None) -> None:
        """Put everything back; ``told`` hears after each object how many there are so far.

        Raises ``InvalidRequest``: ``restore_not_empty`` when database or store hold anything else,
        ``backup_without_copies`` when the objects' bytes are not in it.
        """
        wanted = {one.key: one for one in self._reader.objects(manifest)}
        if not manifest.has_copies and wanted:
            raise InvalidRequest("backup_without_copies")
        if not self._dump.is_empty() or any(found.key not in wanted for found in self._store.list("")):
            raise InvalidRequest("restore_not_empty")
        types = {
            str(row["key"]): (str(row["content_type"]), str(row["name"]))
            for table, rows in self._reader.rows(manifest)
            if table == "stored_files"
            for row in rows
        }
        for count, (key, one) in enumerate(wanted.items(), start=1):
            content_type, name = types.get(key, (UNKNOWN_TYPE, key.rpartition("/")[2]))
            self._store.put(key, self._reader.content(one), content_type=content_type, filename=name)
            told(count)
        self._dump.write(manifest.revision, self._reader.rows(manifest))
        logger.info("backup restored snapshot=%s objects=%d", manifest.snapshot, len(wanted))
