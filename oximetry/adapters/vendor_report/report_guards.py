"""What a file's bytes alone tell: refused in milliseconds, before any process is asked and any library is loaded."""

from __future__ import annotations

import re
import zlib
from collections import Counter
from dataclasses import dataclass

from oximetry.domain.errors import InvalidUpload

MEGABYTE = 1024 * 1024
MAX_BYTES = 20 * MEGABYTE
MAX_PAGES = 10
MAX_IMAGE_PIXELS = 50_000_000
MAX_UNPACKED_BYTES = 24 * MEGABYTE  # of everything that is no picture: drawing, fonts, tables of places
MAX_STREAMS = 2_000
MAX_PAINTED = 200_000  # strokes, fills and pictures, each of which may cover the page; a curve is one
MAX_DRAWN = 800_000  # points of all lines
MAX_REDRAWN_PIXELS = 100_000_000  # of the largest picture, by drawings that show it again and again
MAX_MULTIPLIED = 10_000  # by forms that draw other forms several times
BLANK_BYTES = 60 * MEGABYTE  # a picture that unpacks to more than this ...
BLANK_RATIO = 500  # ... and to so many times its packed length, has nothing on it
HEAD = 1024
PDF_MAGIC = b"%PDF-"
ACTIVE = (b"/JavaScript", b"/EmbeddedFile", b"/Launch", b"/RichMedia")

_STREAM = re.compile(rb"stream\r?\n")
_DICTIONARY_BYTES = 1024
_FLATE = re.compile(rb"/(?:FlateDecode|Fl)\b")
_SIDES = re.compile(rb"/(?:Width|Height)\s+(\d{1,9})\b")
_BITS = re.compile(rb"/BitsPerComponent\s+(\d{1,2})\b")
_FORM = re.compile(rb"/Subtype\s*/Form\b")
_PAGE = re.compile(rb"/Type\s*/Page\b")
_PAINTS = re.compile(rb"[\s\])](?:[SsFfBb]|[fBb]\*|sh)(?=\s)")
_POINTS = re.compile(rb"\d\s(?:[lcvy]|re)(?=\s)")
_SHOWN = re.compile(rb"/([^\s/\[\]()<>]{1,64})\s+Do\b")


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
    drawn = _Drawn()
    for start in _STREAM.finditer(content):
        if content[start.start() - 3 : start.start()] == b"end" or start.start() < end:
            continue
        streams += 1
        dictionary = content[max(end, start.start() - _DICTIONARY_BYTES) : start.start()].rpartition(b" obj")[2]
        sides = [int(side) for side in _SIDES.findall(dictionary)]
        layers = len(_FLATE.findall(dictionary))
        if layers > 1 or streams > MAX_STREAMS:
            raise too_large()
        if len(sides) >= 2:
            drawn.picture(sides[0] * sides[1], dictionary, _packed_length(content, start.end()))
            continue
        is_form = _FORM.search(dictionary) is not None
        if layers:
            unpacked, end = _unpacked(content, start.end(), left, drawn, is_form)
            left -= unpacked
        elif b"/Filter" not in dictionary:
            drawn.drawing(content[start.end() : start.end() + _packed_length(content, start.end())], is_form)
        if left <= 0:
            raise too_large()
    drawn.refuse_costly()


@dataclass
class _Drawn:
    """What the drawings of a file will have a library do, as far as their operators tell."""

    largest_pixels: int = 0
    painted: int = 0
    points: int = 0
    again: int = 0
    multiplied: int = 1

    def picture(self, pixels: int, dictionary: bytes, packed: int) -> None:
        """Count a picture; refuse one that is too large, or blank for all its size."""
        self.largest_pixels = max(self.largest_pixels, pixels)
        bits = _BITS.search(dictionary)
        channels = 1 if b"/DeviceGray" in dictionary or b"/Indexed" in dictionary else 3
        unpacked = pixels * channels * (int(bits[1]) if bits else 1) // 8
        if pixels > MAX_IMAGE_PIXELS or (unpacked > BLANK_BYTES and unpacked > BLANK_RATIO * packed):
            raise too_large()

    def drawing(self, part: bytes, is_form: bool) -> None:
        """Count the operators of a drawing or of a part of one; refuse too many of them."""
        if b" " not in part and b"\n" not in part:
            return
        points = len(_POINTS.findall(part))
        shown = Counter(_SHOWN.findall(part))
        self.points += points
        self.painted += len(_PAINTS.findall(part)) + shown.total()
        most = max(shown.values(), default=0)
        self.again += sum(times - 1 for times in shown.values())
        if is_form:
            self.multiplied *= max(1, most)
        if self.points > MAX_DRAWN or self.painted > MAX_PAINTED:
            raise too_large()

    def refuse_costly(self) -> None:
        """Refuse what is costly by repetition."""
        if self.again * self.largest_pixels > MAX_REDRAWN_PIXELS or self.multiplied > MAX_MULTIPLIED:
            raise too_large()


def _packed_length(content: bytes, start: int) -> int:
    end = content.find(b"endstream", start)
    return (len(content) if end < 0 else end) - start


def _unpacked(content: bytes, start: int, most: int, drawn: _Drawn, is_form: bool) -> tuple[int, int]:
    """Length of a packed stream's content, counted up to ``most``, and where in the file it ends."""
    unpacking, unpacked, at = zlib.decompressobj(), 0, start
    waiting = b""
    while unpacked < most and not unpacking.eof:
        if not waiting:
            waiting, at = content[at : at + 65_536], at + 65_536
        if not waiting:
            break
        try:
            part = unpacking.decompress(waiting, MEGABYTE)
        except zlib.error:
            return unpacked, start
        unpacked += len(part)
        drawn.drawing(part, is_form)
        waiting = unpacking.unconsumed_tail
    return unpacked, min(len(content), at) - len(unpacking.unused_data) - len(waiting)
