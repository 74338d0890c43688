"""The folders of the application that was here before: ``patient_data/<token>/…`` and its two JSON files.

Its shapes changed over the years: a mapping by token or a list, files beside ``recordings.json`` or in ``csvs/`` and
``pdfs/``. What is read here is which links there are, whether they are active, and which name a file had on the
device. Names of persons, notes and everything else are never read; how many such entries there were is counted.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from oximetry.domain.migration.migrating import OLD_DATA, OLD_KEYS

LINKS_FILE = "patient_links.json"
RECORDINGS_FILE = "recordings.json"

_UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_TOKEN = re.compile(_UUID)
_PATH = re.compile(rf"(?:{OLD_DATA})?({_UUID})/(?:.*/)?([^/]+)", re.DOTALL)
_PICTURE = re.compile(r"\.(png|jpe?g|svg|webp|html?)$|(^|/)(plots|images)/", re.IGNORECASE)
_SERIAL_AND_STAMP = re.compile(
    r"(?:(Checkme O2 Max|Checkme O2|O2Ring S|O2Ring|O2Max|SleepO2|SleepU|WearO2|KidsO2|BabyO2|Oxylink|OxyFit|OxySmart)"
    r"\s+)?(\d{4})_(20\d{12})(?!\d)",
    re.IGNORECASE,
)
_STAMP = re.compile(r"(?<!\d)20\d{12}(?!\d)")
_WRAPPERS = ("patient_links", "links", "recordings", "patients", "data")
_TOKEN_KEYS = ("token", "uuid", "id", "link_token")
_PATH_KEYS = ("csv_path", "pdf_path", "r2_key", "key", "path", "stored_filename", "csv_filename", "pdf_filename")
_NAME_KEYS = ("original_filename", "filename", "original_name", "csv_filename", "pdf_filename")


class OldKind(StrEnum):
    """What lies in an old folder."""

    RECORDING = "csvs"
    REPORT = "pdfs"
    PICTURE = "plots"
    NOTES = "json"


@dataclass(frozen=True, slots=True)
class OldFile:
    """A file of the old layout: where it lies, what it is, and the harmless part of its name on the device."""

    path: str
    kind: OldKind
    name: str


@dataclass
class OldPatient:
    """What an old link opened."""

    token: str
    is_active: bool = True
    files: list[OldFile] = field(default_factory=list)

    @property
    def key(self) -> str:
        """The patient's name in a report: the start of the token's SHA-256."""
        return f"{OLD_KEYS}{hashlib.sha256(self.token.encode()).hexdigest()[:16]}"

    def key_of(self, file: OldFile) -> str:
        """A file's name in a report, which tells its folder and nothing of its own name."""
        name = file.path.rpartition("/")[2]
        return f"{self.key}/{file.kind.value}/{hashlib.sha256(name.encode(errors='replace')).hexdigest()[:16]}"


@dataclass
class OldHouse:
    """Everything of the old application; ``ignored`` counts the entries of its JSON files that were not read."""

    patients: dict[str, OldPatient] = field(default_factory=dict)
    ignored: int = 0
    unreadable: int = 0

    def patient(self, token: str) -> OldPatient:
        """The patient of a token, known from now on."""
        return self.patients.setdefault(token.lower(), OldPatient(token.lower()))

    def take_links(self, data: Any) -> None:
        """Read ``patient_links.json``, whatever its shape."""
        for token, entry in _entries(data):
            if token is None:
                self.unreadable += 1
                continue
            active = entry.get("is_active", entry.get("active", True))
            self.patient(token).is_active = active not in (False, 0, "false", "False", "0")
            self.ignored += len(entry.keys() - {"is_active", "active", *_TOKEN_KEYS})

    def take_recordings(self, data: Any, names: dict[str, str]) -> None:
        """Read a ``recordings.json``: the name on the device, by the file's name in the folder."""
        for _, entry in _entries(data, by_token=True):
            texts = {key: value for key, value in entry.items() if isinstance(value, str)}
            original = next((texts[key] for key in _NAME_KEYS if key in texts), "")
            for key in _PATH_KEYS:
                if key in texts:
                    names.setdefault(re.split(r"[\\/]", texts[key])[-1], original or texts[key])
            self.ignored += len(entry.keys() - {*_NAME_KEYS, *_PATH_KEYS})


def token_and_name(path: str) -> tuple[str, str] | None:
    """Whose folder a path lies in, and the file's own name; ``None`` outside of every patient's folder."""
    match = _PATH.fullmatch(path)
    return (match[1].lower(), match[2]) if match else None


def kind_of(path: str) -> OldKind:
    """By the end of the name and the folder; what a recording really holds is for the readers to say."""
    if path.lower().endswith(".json") and path.rpartition("/")[2] in (LINKS_FILE, RECORDINGS_FILE, "metadata.json"):
        return OldKind.NOTES
    if path.lower().endswith(".pdf"):
        return OldKind.REPORT
    return OldKind.PICTURE if _PICTURE.search(path) else OldKind.RECORDING


def harmless_name(name: str, kind: OldKind) -> str:
    """What a file's name tells of the device and the start; nothing else of it is kept."""
    end = ".pdf" if kind is OldKind.REPORT else f".{name.rpartition('.')[2].lower()}" if "." in name else ""
    end = end if re.fullmatch(r"\.[a-z0-9]{1,5}", end) else ""
    device = _SERIAL_AND_STAMP.search(name)
    if device:
        return f"{device[1] + ' ' if device[1] else ''}{device[2]}_{device[3]}{end}"
    stamp = _STAMP.search(name)
    return f"{stamp[0] if stamp else 'file'}{end}"


def _entries(data: Any, *, by_token: bool = False) -> Iterator[tuple[str | None, Mapping[str, Any]]]:
    """Every entry with its token, where one is named."""
    if isinstance(data, list):
        for one in data:
            if isinstance(one, dict):
                named = (one.get(key) for key in _TOKEN_KEYS)
                yield next((text for text in named if isinstance(text, str) and _TOKEN.fullmatch(text)), None), one
        return
    if not isinstance(data, dict):
        return
    for key, value in data.items():
        if _TOKEN.fullmatch(str(key)):
            if isinstance(value, dict) and not by_token:
                yield str(key), value
            else:
                yield from ((str(key), one) for _, one in _entries(value, by_token=by_token))
        elif key in _WRAPPERS:
            yield from _entries(value, by_token=by_token)
    if by_token and any(key in data for key in (*_PATH_KEYS, *_NAME_KEYS)):
        yield None, data
