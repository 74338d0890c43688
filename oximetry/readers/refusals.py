"""Files that are no recording, each in its own words: what people drop by mistake."""

from __future__ import annotations

import re
from collections import Counter

from oximetry.domain.errors import InvalidRecording
from oximetry.readers.text_table import CLOCK, MAX_COLUMNS, decode_head

_SIGNATURES: tuple[tuple[re.Pattern[bytes], str], ...] = (
    (re.compile(rb"\x89PNG|\xff\xd8\xff|GIF8[79]a|BM.{4}\0\0\0\0|II\*\0|MM\0\*", re.DOTALL), "is_image"),
    (re.compile(rb"RIFF.{4}WEBP|.{4}ftyp(?:heic|heix|mif1|avif)", re.DOTALL), "is_image"),
    (re.compile(rb"PK(?:\x03\x04|\x05\x06)"), "is_zip"),
    (re.compile(rb"[\s\S]{0,1020}?%PDF-"), "is_pdf"),
    (re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE), "is_html"),
)
_BLOOD_PRESSURE = re.compile(r"\bsys\w*\s*[(,;\t].*\bdia|mmhg", re.IGNORECASE)
_CONTAINERS = (b"0       ", b"1       ", b"\xffBIOSEMI")  # EDF and its kin: their channels may be anything
_SEPARATOR = re.compile(r"[,;\t|]")
_STRUCTURES = {"{": "unknown_json", "[": "unknown_json", "<": "unknown_xml"}
_SHOWN = {"\t": "TAB"}


def is_workbook(head: bytes, tail: bytes) -> bool:
    """Whether a ZIP's names, in front of its files or in its directory, are those of an Excel workbook."""
    return head.startswith(b"PK\x03\x04") and any(b"xl/workbook.xml" in part for part in (head, tail))


def refuse_known_others(head: bytes, size: int, tail: bytes = b"") -> None:
    """Refuse what is certainly something else.

    Parameters
    ----------
    head : bytes
        The first bytes of the file.
    size : int
        Bytes of the whole file.
    tail : bytes
        The last bytes of the file; they tell a workbook from another ZIP.

    Raises
    ------
    InvalidRecording
        ``empty_file``, ``is_image``, ``is_zip``, ``is_pdf``, ``is_html`` or ``blood_pressure``.
    """
    for signature, reason in _SIGNATURES:
        if signature.match(head) and not (reason == "is_zip" and is_workbook(head, tail)):
            raise InvalidRecording(reason)
    text = decode_head(head)
    if size <= len(head) and not text.strip("\ufeff\0 \r\n\t"):
        raise InvalidRecording("empty_file")
    if not head.startswith(_CONTAINERS) and any(_BLOOD_PRESSURE.search(line) for line in text.splitlines()[:3]):
        raise InvalidRecording("blood_pressure")


def unclaimed(head: bytes, formats: str = "") -> InvalidRecording:
    """The refusal of a file that no reader claims.

    Parameters
    ----------
    head : bytes
        The first bytes of the file.
    formats : str
        Titles of the formats that are read.

    Returns
    -------
    InvalidRecording
        ``unknown_json``, ``unknown_xml``; ``no_time_column`` with ``line`` for a table of text without any clock, else
        ``unknown_format`` with ``formats`` and ``seen``, which tells the shape of the first bytes and never a text of
        the file.
    """
    text = decode_head(head)
    lines = [line for line in text.splitlines() if line.strip()]
    structure = _STRUCTURES.get(text.lstrip("\ufeff \r\n\t")[:1])
    if structure is not None:
        return InvalidRecording(structure)
    is_text = "\0" not in text and all(character.isprintable() or character in "\r\n\t\ufeff" for character in text)
    if not is_text:
        return InvalidRecording(
            "unknown_format", seen="binary, first bytes " + head[:4].hex(" ").upper(), formats=formats
        )
    counts = Counter(_SEPARATOR.findall(lines[0] if lines else "")).most_common(1)
    if counts and not any(CLOCK.search(line) for line in lines):
        return InvalidRecording("no_time_column", line=1)
    if counts and counts[0][1] < MAX_COLUMNS:
        mark, count = counts[0]
        seen = f"text, {count + 1} columns separated by {_SHOWN.get(mark, mark)}"
    else:
        seen = "text without columns"
    return InvalidRecording("unknown_format", seen=seen, formats=formats)
