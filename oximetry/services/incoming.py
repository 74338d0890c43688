"""A file as it arrives, before anything is known of it, and the limits of a batch."""

from __future__ import annotations

import hashlib
import io
import zipfile
from dataclasses import dataclass
from functools import cached_property

from oximetry.domain.records import ItemKind

MEGABYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """The limits of a batch, in bytes and files; ``staging_bytes`` is what a doctor's working space holds in all."""

    file_bytes: int
    files: int
    batch_bytes: int
    staging_bytes: int = 1000 * MEGABYTE


@dataclass(frozen=True)
class IncomingFile:
    """One file as it arrives; ``name`` is evidence for reading, never part of a key."""

    name: str
    content: bytes

    @cached_property
    def sha256(self) -> str:
        """Lower-case hex."""
        return hashlib.sha256(self.content).hexdigest()

    @cached_property
    def kind(self) -> ItemKind:
        """By content, never by name."""
        if self.content[:1024].lstrip().startswith(b"%PDF-"):
            return ItemKind.REPORT
        if self.content.startswith((b"PK\x03\x04", b"PK\x05\x06")) and not is_workbook(self.content):
            return ItemKind.ARCHIVE
        return ItemKind.RECORDING


def is_workbook(content: bytes) -> bool:
    """Whether a ZIP is an Excel file: one recording, not an archive of several."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return "xl/workbook.xml" in archive.namelist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError):
        return False
