"""The type and the ending of a stored file, as a person's computer needs them to open it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FileType:
    """How a file is named and served: its ending without the point, and its content type."""

    extension: str
    content_type: str


BINARY = FileType("bin", "application/octet-stream")
CSV = FileType("csv", "text/csv")
JSON = FileType("json", "application/json")
TEXT = FileType("txt", "text/plain")
XML = FileType("xml", "application/xml")
