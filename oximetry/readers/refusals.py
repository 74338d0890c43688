"""Files that are no recording, each in its own words: what people drop by mistake."""

from __future__ import annotations

import re

from oximetry.domain.errors import InvalidRecording
from oximetry.readers.text_table import CLOCK, decode_head

_SIGNATURES: tuple[tuple[re.Pattern[bytes], str], ...] = (
    (re.compile(rb"\x89PNG|\xff\xd8\xff|GIF8[79]a|BM.{4}\0\0\0\0|II\*\0|MM\0\*", re.DOTALL), "is_image"),
    (re.compile(rb"RIFF.{4}WEBP|.{4}ftyp(?:heic|heix|mif1|avif)", re.DOTALL), "is_image"),
    (re.compile(rb"PK(?:\x03\x04|\x05\x06)"), "is_zip"),
    (re.compile(rb"[\s\S]{0,1020}?%PDF-"), "is_pdf"),
    (re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE), "is_html"),
)
_BLOOD_PRESSURE = re.compile(r"\bsys\w*\s*[(,;\t].*\bdia|mmhg", re.IGNORECASE)
_SEPARATOR = re.compile(r"[,;\t]")


def refuse_known_others(head: bytes, size: int) -> None:
    """Refuse what is certainly something else.

    Parameters
    ----------
    head : bytes
        The first bytes of the file.
    size : int
        Bytes of the whole file.

    Raises
    ------
    InvalidRecording
        ``empty_file``, ``is_image``, ``is_zip``, ``is_pdf``, ``is_html`` or ``blood_pressure``.
    """
    for signature, reason in _SIGNATURES:
        if signature.match(head):
            raise InvalidRecording(reason)
    text = decode_head(head)
    if size <= len(head) and not text.strip("\ufeff\0 \r\n\t"):
        raise InvalidRecording("empty_file")
    if any(_BLOOD_PRESSURE.search(line) for line in text.splitlines()[:3]):
        raise InvalidRecording("blood_pressure")


def unclaimed(head: bytes) -> InvalidRecording:
    """The refusal of a file that no reader claims.

    Parameters
    ----------
    head : bytes
        The first bytes of the file.

    Returns
    -------
    InvalidRecording
        ``no_time_column`` with ``line`` for a table of text without any clock, else ``unknown_format``.
    """
    text = decode_head(head)
    lines = [line for line in text.splitlines() if line.strip()]
    is_text = "\0" not in text and all(character.isprintable() or character in "\r\n\t\ufeff" for character in text)
    is_table = bool(lines) and _SEPARATOR.search(lines[0]) is not None
    if is_text and is_table and not any(CLOCK.search(line) for line in lines):
        return InvalidRecording("no_time_column", line=1)
    return InvalidRecording("unknown_format")
