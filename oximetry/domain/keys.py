"""The grammar of keys in the object store, made and parsed in one place."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime

from oximetry.domain.records import FileKind


@dataclass(frozen=True, slots=True)
class ObjectName:
    """The fixed form of a patient's keys."""

    patient_id: str
    kind: FileKind
    started_at: datetime
    device_serial: str | None
    sha256: str
    extension: str

    @property
    def key(self) -> str:
        """``<patient_id>/<kind>/<YYYYMMDDHHMMSS>_<device serial>_<first 8 of sha256>.<ext>``."""
        serial = re.sub(r"[^A-Za-z0-9-]", "", self.device_serial or "")[:20] or "0000"
        name = f"{self.started_at:%Y%m%d%H%M%S}_{serial}_{self.sha256[:8]}.{self.extension}"
        return f"{self.patient_id}/{self.kind.value}/{name}"


@dataclass(frozen=True, slots=True)
class NewFile:
    """An object on its way into the store."""

    key: str
    content: bytes
    content_type: str

    @property
    def name(self) -> str:
        """The last part of the key; the download's name."""
        return self.key.rpartition("/")[2]

    def row(self, reference: tuple[str, str], created_by: str | None) -> dict[str, object]:
        """Its row in the catalogue, for what it belongs to (type and id)."""
        return {
            "key": self.key,
            "content_type": self.content_type,
            "size": len(self.content),
            "sha256": hashlib.sha256(self.content).hexdigest(),
            "etag": hashlib.md5(self.content, usedforsecurity=False).hexdigest(),
            "reference_type": reference[0],
            "reference_id": reference[1],
            "created_by": created_by,
        }


STAGING = "users/"


OWN = ".oximetry/"


_PATIENTS_KEY = re.compile(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/([a-z]+)/[^/]+")


def patient_of(key: str) -> str | None:
    """The patient whom a key in our form names; ``None`` for every other key."""
    parts = _PATIENTS_KEY.fullmatch(key)
    return parts[1] if parts and parts[2] in {kind.value for kind in FileKind} else None
