"""A logo goes in as whatever somebody has and comes out as a small, harmless PNG."""

from __future__ import annotations

import io
import zlib

import pytest
from PIL import Image

from oximetry.adapters.logo import LARGEST_PX, safe_logo
from oximetry.domain.errors import InvalidRequest

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 50"><rect width="100" height="50" fill="red"/></svg>'


def picture(kind: str, size: tuple[int, int] = (40, 20), mode: str = "RGB") -> bytes:
    out = io.BytesIO()
    Image.new(mode, size, (200, 0, 0) if mode == "RGB" else (200, 0, 0, 90)).save(out, kind)
    return out.getvalue()


@pytest.mark.parametrize("content", [picture("PNG"), picture("JPEG"), picture("PNG", mode="RGBA"), SVG])
def test_a_picture_comes_out_as_png(content: bytes) -> None:
    made, content_type = safe_logo(content)
    assert content_type == "image/png"
    assert Image.open(io.BytesIO(made)).format == "PNG"


def test_transparency_stays_and_a_large_picture_shrinks() -> None:
    made = Image.open(io.BytesIO(safe_logo(picture("PNG", (8000, 2000), "RGBA"))[0]))
    assert made.size == (LARGEST_PX, LARGEST_PX // 4)
    assert made.getpixel((3, 3))[3] == 90


def test_nothing_but_pixels_is_kept() -> None:
    hidden = b"<script>alert(1)</script>"
    svg = SVG.replace(b"<rect", hidden + b"<rect")
    assert hidden not in safe_logo(svg)[0]
    assert hidden not in safe_logo(picture("JPEG") + hidden)[0]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "logo_not_a_picture"),
        (b"%PDF-1.4", "logo_not_a_picture"),
        (b"GIF89a", "logo_not_a_picture"),
        (b"<svg", "logo_not_a_picture"),
        (SVG.replace(b"<rect", b'<image href="/etc/hostname"/><rect'), "logo_svg_not_plain"),
        (SVG.replace(b"<rect", b'<use href="#a"/><rect'), "logo_svg_not_plain"),
        (b'<!DOCTYPE svg [<!ENTITY a "b">]>' + SVG, "logo_not_a_picture"),
        (b'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a "b">]>' + SVG, "logo_svg_not_plain"),
        (SVG.replace(b'fill="red"', b'fill="url(http://evil.example/x)"'), "logo_svg_not_plain"),
    ],
)
def test_what_is_no_plain_picture_is_refused(content: bytes, reason: str) -> None:
    with pytest.raises(InvalidRequest, match=reason):
        safe_logo(content)


def test_a_picture_of_too_many_pixels_is_refused_before_it_is_unpacked() -> None:
    content = bytearray(picture("PNG"))
    content[16:24] = (60_000).to_bytes(4, "big") * 2
    content[29:33] = zlib.crc32(bytes(content[12:29])).to_bytes(4, "big")
    with pytest.raises(InvalidRequest, match="logo_too_many_pixels"):
        safe_logo(bytes(content))
