"""What a backup says about itself: the database's rows and the store's objects at one moment, each with its SHA-256."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Self

SNAPSHOTS = "snapshots/"
OBJECTS = "objects/"
MANIFEST = "manifest"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class BackupPart:
    """Some lines of JSON, packed: rows of one table, or the list of the store's objects.

    Attributes
    ----------
    content : str
        The table's name, or ``objects``.
    key, sha256 : str
        Where it lies, and of what is inside it before it was sealed.
    lines : int
        How many.
    """

    content: str
    key: str
    sha256: str
    lines: int


@dataclass(frozen=True, slots=True)
class BackedUpObject:
    """An object of the store; ``etag`` tells the next backup that it need not be read again."""

    key: str
    size: int
    etag: str
    sha256: str


@dataclass(frozen=True, slots=True)
class BackupManifest:
    """One snapshot.

    Attributes
    ----------
    revision : str
        The migration at which the database stood.
    secret_mark : str
        Tells whether a host has the same ``SECRET_KEY``, without telling the key.
    has_copies : bool
        Whether the objects' bytes are in the backup, or only their list.
    """

    snapshot: str
    made_at: datetime
    revision: str
    secret_mark: str
    has_copies: bool
    objects: int
    object_bytes: int
    parts: tuple[BackupPart, ...]

    def as_json(self) -> bytes:
        """For the backup; `from_json` reads it."""
        return json.dumps({"format": FORMAT, **asdict(self), "made_at": self.made_at.isoformat()}).encode()

    @classmethod
    def from_json(cls, content: bytes) -> Self:
        """Raises ``ValueError`` for what is no manifest of this format."""
        try:
            values: dict[str, Any] = json.loads(content)
            if values.pop("format") != FORMAT:
                raise ValueError("a backup of another version")
            parts = tuple(BackupPart(**part) for part in values.pop("parts"))
            return cls(**{**values, "made_at": datetime.fromisoformat(values["made_at"])}, parts=parts)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError("not a backup's manifest") from error


@dataclass(frozen=True, slots=True)
class BackupProblem:
    """Something that a verification found: ``missing``, ``damaged`` or ``unreadable``, and where."""

    kind: str
    key: str


Row = Mapping[str, Any]
"""One row of a table: numbers, texts and truth values as they are, times and bytes marked."""


def object_key(sha256: str) -> str:
    """Where the bytes with this SHA-256 lie in a backup; equal bytes lie there once."""
    return f"{OBJECTS}{sha256[:2]}/{sha256}"
