"""Opening a ZIP without trusting it: entries are read up to a limit, and no name ever becomes a path."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from oximetry.domain.errors import InvalidUpload
from oximetry.domain.records import ItemKind
from oximetry.services.incoming import MEGABYTE, IncomingFile, UploadLimits

HEAD_BYTES = 8192
LISTED_EACH = 20
"""Up to so many files that no reader knows are refused one by one; more of them are an export, and one line."""

MOST_ENTRIES = 50_000

_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # the others unpack too slowly to be tried on a stranger's file
_SYSTEM_FILES = ("__MACOSX/", ".DS_Store", "Thumbs.db", "desktop.ini")


@dataclass(frozen=True, slots=True)
class Survey:
    """What is in a ZIP: which of its entries are to be unpacked (``None``: all), and how many are left aside."""

    wanted: frozenset[str] | None = None
    left_aside: int = 0


def survey(content: bytes, may_be_recording: Callable[[bytes, int], bool]) -> Survey:
    """Look at the beginnings of all files in a ZIP: a whole export of a phone holds hundreds that are not oximetry.

    Raises
    ------
    InvalidUpload
        ``zip_without_recordings`` (``files``), ``zip_too_many_entries`` (``limit``), and as `archive_entries`.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = [entry for entry in archive.infolist() if not _is_left_out(entry.filename)]
            if len(entries) > MOST_ENTRIES:
                raise InvalidUpload("zip_too_many_entries", limit=MOST_ENTRIES)
            if len(entries) <= LISTED_EACH:
                return Survey()
            wanted = frozenset(entry.filename for entry in entries if _is_wanted(archive, entry, may_be_recording))
            others = sum(entry.filename not in wanted for entry in entries)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError) as error:
        raise InvalidUpload("zip_damaged") from error
    if others <= LISTED_EACH:
        return Survey()
    if not wanted:
        raise InvalidUpload("zip_without_recordings", files=others)
    return Survey(wanted, others)


def _is_wanted(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, may_be_recording: Callable[[bytes, int], bool]
) -> bool:
    if entry.flag_bits & 0x1:
        raise InvalidUpload("zip_encrypted")
    if entry.compress_type not in _METHODS:
        return False
    with archive.open(entry) as stream:
        head = stream.read(HEAD_BYTES)
    is_report = IncomingFile(entry.filename, head).kind is ItemKind.REPORT
    return is_report or may_be_recording(head, max(entry.file_size, len(head)))


def archive_entries(
    content: bytes, limits: UploadLimits, wanted: frozenset[str] | None = None
) -> Iterator[IncomingFile]:
    """The files inside a ZIP, in its own order; only those of some names, where they are given.

    At most ``limits.files`` entries of at most ``limits.file_bytes`` each and ``limits.batch_bytes`` in all are
    unpacked, counted while they are read: what the archive says of its sizes is not believed.

    Raises
    ------
    InvalidUpload
        Damaged, encrypted, nested or over a limit (``reason`` says which).
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = [entry for entry in archive.infolist() if not _is_left_out(entry.filename)]
            if wanted is not None:
                entries = [entry for entry in entries if entry.filename in wanted]
            if not entries:
                raise InvalidUpload("zip_empty")
            if len(entries) > limits.files:
                raise InvalidUpload("too_many_files", limit=limits.files)
            bytes_allowed = limits.batch_bytes
            for entry in entries:
                file = _read(archive, entry, limits.file_bytes)
                bytes_allowed -= len(file.content)
                if bytes_allowed < 0:
                    raise InvalidUpload("batch_too_large", limit_mb=limits.batch_bytes // MEGABYTE)
                yield file
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError) as error:
        raise InvalidUpload("zip_damaged") from error


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, limit: int) -> IncomingFile:
    if entry.flag_bits & 0x1:
        raise InvalidUpload("zip_encrypted")
    if entry.compress_type not in _METHODS:
        raise InvalidUpload("zip_damaged")
    with archive.open(entry) as stream:
        content = stream.read(limit + 1)
    if len(content) > limit:
        raise InvalidUpload("zip_entry_too_large", limit_mb=limit // MEGABYTE)
    file = IncomingFile(entry.filename, content)
    if file.kind is ItemKind.ARCHIVE:
        raise InvalidUpload("zip_nested")
    return file


def _is_left_out(name: str) -> bool:
    # not ZipInfo.is_dir(), which stumbles over an empty name
    return (
        name.endswith("/")
        or name.startswith(_SYSTEM_FILES[0])
        or name.rpartition("/")[2].startswith(("._", *_SYSTEM_FILES[1:]))
    )
