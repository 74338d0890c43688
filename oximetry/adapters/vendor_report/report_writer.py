"""A PDF of pictures, one a page, written so that the same pictures always give the same bytes."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from oximetry.domain.errors import InvalidUpload

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8"


@dataclass(frozen=True, slots=True)
class PicturePage:
    """One page.

    Parameters
    ----------
    encoded : bytes
        A PNG of 8 bits a channel, grey or RGB, without interlacing, or a JPEG, grey or RGB; stored as it is.
    pixels : (int, int)
        Width and height of the picture.
    channels : int
        1 or 3.
    size_pt : (float, float)
        Width and height of the page.
    place_pt : (float, float, float, float)
        Left, bottom, width and height of the picture on it; the whole page when absent.
    """

    encoded: bytes
    pixels: tuple[int, int]
    channels: int
    size_pt: tuple[float, float]
    place_pt: tuple[float, float, float, float] | None = None


def write_pdf(pages: Sequence[PicturePage]) -> bytes:
    """The document; it holds no date, no producer and no identifier.

    Raises
    ------
    InvalidUpload
        ``report_damaged``: a picture is neither PNG nor JPEG.
    """
    kids = " ".join(f"{3 + 3 * number} 0 R" for number in range(len(pages)))
    objects = [b"<</Type/Catalog/Pages 2 0 R>>", f"<</Type/Pages/Count {len(pages)}/Kids[{kids}]>>".encode()]
    for number, page in enumerate(pages):
        first = 3 + 3 * number
        left, bottom, width, height = page.place_pt or (0, 0, *page.size_pt)
        drawing = f"q {width:.4f} 0 0 {height:.4f} {left:.4f} {bottom:.4f} cm /P Do Q".encode()
        objects += [
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 {page.size_pt[0]:.4f} {page.size_pt[1]:.4f}]"
            f"/Resources<</XObject<</P {first + 2} 0 R>>>>/Contents {first + 1} 0 R>>".encode(),
            _stream("", drawing),
            _image(page),
        ]
    return _joined(objects)


def _image(page: PicturePage) -> bytes:
    width, height = page.pixels
    colours = "DeviceGray" if page.channels == 1 else "DeviceRGB"
    head = f"/Type/XObject/Subtype/Image/Width {width}/Height {height}/ColorSpace/{colours}/BitsPerComponent 8"
    if page.encoded.startswith(_JPEG):
        return _stream(f"{head}/Filter/DCTDecode", page.encoded)
    if not page.encoded.startswith(_PNG):
        raise InvalidUpload("report_damaged")
    parameters = f"/Predictor 15/Colors {page.channels}/BitsPerComponent 8/Columns {width}"
    return _stream(f"{head}/Filter/FlateDecode/DecodeParms<<{parameters}>>", _image_data(page.encoded))


def _image_data(png: bytes) -> bytes:
    parts, at = [], len(_PNG)
    while at + 8 <= len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        if png[at + 4 : at + 8] == b"IDAT":
            parts.append(png[at + 8 : at + 8 + length])
        at += 12 + length
    return b"".join(parts)


def _stream(head: str, content: bytes) -> bytes:
    return f"<<{head}/Length {len(content)}>>stream\n".encode() + content + b"\nendstream"


def _joined(objects: Sequence[bytes]) -> bytes:
    made = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    places = []
    for number, content in enumerate(objects, start=1):
        places.append(len(made))
        made += f"{number} 0 obj\n".encode() + content + b"\nendobj\n"
    start = len(made)
    made += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    made += b"".join(f"{place:010d} 00000 n \n".encode() for place in places)
    made += f"trailer<</Size {len(objects) + 1}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n".encode()
    return bytes(made)
