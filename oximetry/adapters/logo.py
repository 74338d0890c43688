"""A clinic's logo made safe: whatever came in, a small PNG of its pixels goes out."""

from __future__ import annotations

import io
import re
import warnings

import resvg_py
from PIL import Image, UnidentifiedImageError

from oximetry.domain.errors import InvalidRequest

LARGEST_PX = 800
MOST_PIXELS = 40_000_000
PNG = "image/png"
_NOT_PLAIN = re.compile(
    r"<!(?:DOCTYPE\s[^>]*\[|ENTITY)|<(?:\w+:)?(?:image|use|foreignObject)\b|url\(\s*['\"]?(?!#)", re.IGNORECASE
)


def safe_logo(content: bytes) -> tuple[bytes, str]:
    """The picture's pixels as a PNG of at most 800 px, with its transparency.

    Raises ``InvalidRequest``: ``logo_not_a_picture`` for what is neither PNG nor JPEG nor a plain SVG, and
    ``logo_too_many_pixels``.
    """
    if content.lstrip()[:200].lower().startswith((b"<svg", b"<?xml", b"<!--")):
        content = drawn(content)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            picture: Image.Image = Image.open(io.BytesIO(content), formats=("PNG", "JPEG"))
            if picture.width * picture.height > MOST_PIXELS:
                raise InvalidRequest("logo_too_many_pixels")
            picture.load()
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise InvalidRequest("logo_not_a_picture") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise InvalidRequest("logo_too_many_pixels") from error
    picture = picture.convert("RGBA")
    picture.thumbnail((LARGEST_PX, LARGEST_PX))
    out = io.BytesIO()
    picture.save(out, "PNG", optimize=True)
    return out.getvalue(), PNG


def drawn(svg: bytes) -> bytes:
    """An SVG as pixels; one that brings other files in, repeats its parts or declares entities is refused."""
    text = svg.decode("utf-8", "replace")
    if _NOT_PLAIN.search(text):
        raise InvalidRequest("logo_svg_not_plain")
    try:
        return bytes(resvg_py.svg_to_bytes(svg_string=text, width=LARGEST_PX, skip_system_fonts=False))
    except ValueError as error:
        raise InvalidRequest("logo_not_a_picture") from error
