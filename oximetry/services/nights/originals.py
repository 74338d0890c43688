"""The files a night is read from: one, or the parts of an interrupted one in the order they were recorded."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from itertools import combinations

from oximetry.domain.errors import NotFound
from oximetry.domain.recording import Hints
from oximetry.domain.records import FileKind, Night, StoredFile, UploadItem
from oximetry.services.nights.night_reader import Part

STAMP = "%Y%m%d%H%M%S"


def joined_sha256(sha256s: Sequence[str]) -> str:
    """What stands for the bytes of a night: the file's own SHA-256, or that of its parts' digests (hex) in a row."""
    return sha256s[0] if len(sha256s) == 1 else hashlib.sha256("".join(sha256s).encode()).hexdigest()


def stored_parts(night: Night, files: Sequence[StoredFile], get: Callable[[str], bytes]) -> list[Part]:
    """What the night is read from, among its files; raises ``NotFound`` when it has none."""
    originals = originals_of(night, files)
    if len(originals) == 1:
        return [_part(originals[0], hints_of(night, night.started_at), get)]
    return [_part(file, hints_of(night, datetime.strptime(file.name[:14], STAMP)), get) for file in originals]


def originals_of(night: Night, files: Sequence[StoredFile]) -> list[StoredFile]:
    """The originals whose digests make the night's own; their keys tell in which order they were recorded.

    A night that was stored before its digest was looked at is read from the first original there is.
    """
    kept = of_kind(files, FileKind.ORIGINAL) + of_kind(files, FileKind.CSV)
    ordered = sorted(of_kind(files, FileKind.ORIGINAL), key=lambda file: file.name)
    for chosen in [[file] for file in kept] + _several(ordered):
        if joined_sha256([file.sha256 or "" for file in chosen]) == night.original_sha256:
            return chosen
    if not kept:
        raise NotFound(night_id=night.id)
    return kept[:1]


def staged_parts(
    items: Sequence[UploadItem], name_of: Callable[[UploadItem], str], get: Callable[[str], bytes]
) -> list[Part]:
    """What a file of the batch, with those joined to it, is read from."""
    return [Part(item.sha256, Hints(name_of(item), item.given_start), partial(get, item.staging_key)) for item in items]


def hints_of(night: Night, started_at: datetime) -> Hints:
    """What the first reading found, for the next one: device and start, and with the start the order of the date."""
    name = f"{night.device_model or ''} {night.device_serial or ''}_{started_at:{STAMP}}.csv"
    return Hints(name, started_at)


def of_kind(files: Sequence[StoredFile], kind: FileKind) -> list[StoredFile]:
    """Those that lie in one of the patient's folders."""
    return [file for file in files if f"/{kind.value}/" in file.key]


def _several(files: Sequence[StoredFile]) -> list[list[StoredFile]]:
    return [list(chosen) for count in range(2, len(files) + 1) for chosen in combinations(files, count)]


def _part(file: StoredFile, hints: Hints, get: Callable[[str], bytes]) -> Part:
    return Part(file.sha256 or "", hints, partial(get, file.key))
