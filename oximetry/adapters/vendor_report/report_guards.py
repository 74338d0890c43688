"""What a file's bytes alone tell: refused in milliseconds, before any process is asked and any library is loaded."""

from __future__ import annotations

import re
import zlib

from oximetry.domain.errors import InvalidUpload

MEGABYTE = 1024 * 1024
MAX_BYTES = 20 * MEGABYTE
MAX_PAGES = 10
MAX_IMAGE_PIXELS = 50_000_000
MAX_UNPACKED_BYTES = 24 * MEGABYTE  # of everything that is no picture: drawing, fonts, tables of places
MAX_STREAMS = 2_000
HEAD = 1024
PDF_MAGIC = b"%PDF-"
ACTIVE = (b"/JavaScript", b"/EmbeddedFile", b"/Launch", b"/RichMedia")

_STREAM = re.compile(rb"stream\r?\n")
_DICTIONARY_BYTES = 1024
_FLATE = re.compile(rb"/(?:FlateDecode|Fl)\b")
_SIDES = re.compile(rb"/(?:Width|Height)\s+(\d{1,9})\b")
_PAGE = re.compile(rb"/Type\s*/Page\b")


def refuse_by_bytes(content: bytes) -> None:
    """Refuse what can be seen without a PDF library.

    Raises
    ------
    InvalidUpload
        ``not_a_pdf``; ``report_too_large`` (``limit_mb``): the file, a picture in it, or what it unpacks to;
        ``report_active_content``; ``report_too_many_pages`` (``limit``).
    """
    if len(content) > MAX_BYTES:
        raise too_large()
    if not content[:HEAD].lstrip().startswith(PDF_MAGIC):
        raise InvalidUpload("not_a_pdf")
    if any(token in content for token in ACTIVE):
        raise InvalidUpload("report_active_content")
    if sum(1 for _ in _PAGE.finditer(content)) > MAX_PAGES:
        raise InvalidUpload("report_too_many_pages", limit=MAX_PAGES)
    _refuse_bombs(content)


def too_large() -> InvalidUpload:
    """The refusal of everything beyond a size."""
    return InvalidUpload("report_too_large", limit_mb=MAX_BYTES // MEGABYTE)


def _refuse_bombs(content: bytes) -> None:
    """Look at every stream: pictures are counted by their pixels, everything else is unpacked up to the limit."""
    left, streams, end = MAX_UNPACKED_BYTES, 0, 0
    for start in _STREAM.finditer(content):
        if content[start.start() - 3 : start.start()] == b"end" or start.start() < end:
            continue
        streams += 1
        dictionary = content[max(end, start.start() - _DICTIONARY_BYTES) : start.start()].rpartition(b" obj")[2]
        sides = [int(side) for side in _SIDES.findall(dictionary)]
        if len(sides) >= 2 and sides[0] * sides[1] > MAX_IMAGE_PIXELS:
            raise too_large()
        layers = len(_FLATE.findall(dictionary))
        if layers and not (layers == 1 and sides):
            unpacked, end = _unpacked_bytes(content, start.end(), left)
            left -= unpacked
        if layers > 1 or streams > MAX_STREAMS or left <= 0:
            raise too_large()


def _unpacked_bytes(content: bytes, start: int, most: int) -> tuple[int, int]:
    """Length of a packed stream's content, counted up to ``most``, and where in the file it ends."""
    unpacking, unpacked, at = zlib.decompressobj(), 0, start
    waiting = b""
    while unpacked < most and not unpacking.eof:
        if not waiting:
            waiting, at = content[at : at + 65_536], at + 65_536
        if not waiting:
            break
        try:
            unpacked += len(unpacking.decompress(waiting, MEGABYTE))
        except zlib.error:
            return unpacked, start
        waiting = unpacking.unconsumed_tail
    return unpacked, min(len(content), at) - len(unpacking.unused_data) - len(waiting)
