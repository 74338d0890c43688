"""What is known of a format, as data: ``docs/formats.md`` and the refusal of an unknown file are made of it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum

from oximetry.domain.file_types import BINARY, FileType


class Proof(StrEnum):
    """What a reader has been held against."""

    REAL_FILE = "a real file"
    TRANSCRIBED_ROWS = "rows transcribed from another reader's tests"
    SPECIFICATION = "a specification only"


@dataclass(frozen=True, slots=True)
class FormatFacts:
    """One format in the words of its page; each text is one cell of a Markdown table.

    Attributes
    ----------
    title : str
        Maker and kind of file, understood in every language.
    recognised_by : str
        What in the content makes the reader claim a file.
    interval : str
        Seconds between two rows, and where they are taken from.
    missing : str
        How the device writes a reading that it does not have.
    proof : Proof
        What the reader has been held against.
    remark : str
        Limits of the format, or empty.
    original : FileType
        How a file of this format is stored and served.
    generality : int
        Of several readers that recognise a file only the least general ones claim it: 0 for a format with marks of its
        own, 1 for a family known by the order of its columns, 2 for any table.
    floor_pct : float or None
        The lowest SpO2 that the device prints: below it the reading is left out while the pulse goes on.

    Raises
    ------
    ValueError
        When a text would break its table, or is empty and may not be.
    """

    title: str
    recognised_by: str
    interval: str
    missing: str
    proof: Proof
    remark: str = ""
    original: FileType = BINARY
    generality: int = 0
    floor_pct: float | None = None

    def __post_init__(self) -> None:
        """Check that every text fits into a cell."""
        for field in fields(self):
            text = getattr(self, field.name)
            if isinstance(text, str) and (set("|\n\r") & set(text) or (not text and field.name != "remark")):
                raise ValueError(f"{field.name} is no cell of a table")
