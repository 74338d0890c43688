"""What every object store shares: which keys exist, and how a download is named and described."""

from __future__ import annotations

import hashlib
import re
from typing import Final
from urllib.parse import quote

MAX_KEY_BYTES: Final = 1024
MAX_URL_SECONDS: Final = 3600
DEFAULT_CONTENT_TYPE: Final = "application/octet-stream"

_CONTENT_TYPES: Final = {".csv": "text/csv; charset=utf-8", ".pdf": "application/pdf", ".png": "image/png"}
_PART = re.compile(r"[ -.0-\[\]-~]+")
_CONTENT_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+(; ?charset=[\w-]+)?", re.ASCII)
_NAME_BREAKERS = re.compile(r'[\x00-\x1f\x7f"\\/]')
_NOT_A_NAME_ON_DISK = re.compile(r"[^A-Za-z0-9 ._()+-]")
_UNQUOTED_IN_RFC5987 = "!#$&+-.^_`|~"


def check_part(part: str) -> str:
    """One part of a key, unchanged.

    Parameters
    ----------
    part : str
        What stands between two slashes.

    Raises
    ------
    ValueError
        Empty, ``.`` or ``..``, not printable ASCII, or with a slash or a backslash. The text is not repeated.
    """
    if part in {".", ".."} or not _PART.fullmatch(part):
        raise ValueError("a part of an object key is empty, a path, or holds a forbidden character")
    return part


def check_key(key: str) -> str:
    """A key every provider can store, unchanged.

    Parameters
    ----------
    key : str
        Printable ASCII parts joined by ``/``, at most 1024 bytes.

    Raises
    ------
    ValueError
        When it breaks a rule of `oximetry.domain.ports.ObjectStore`.
    """
    if len(key) > MAX_KEY_BYTES:
        raise ValueError("an object key is longer than 1024 bytes")
    for part in key.split("/"):
        check_part(part)
    return key


def check_prefix(prefix: str) -> str:
    """The start of keys, unchanged: empty, or a key, or a key and one slash.

    Raises
    ------
    ValueError
        When no key can start like this.
    """
    if prefix:
        check_key(prefix.removesuffix("/"))
    return prefix


def check_content_type(content_type: str) -> str:
    """A media type, with or without a character set, unchanged.

    Raises
    ------
    ValueError
        When it is anything else, such as two header lines.
    """
    if not _CONTENT_TYPE.fullmatch(content_type):
        raise ValueError("not a content type")
    return content_type


def content_type_of(name: str) -> str:
    """The media type of a file by the end of its name; any other one is just bytes."""
    end = name.lower().rpartition(".")[2]
    return _CONTENT_TYPES.get(f".{end}", DEFAULT_CONTENT_TYPE)


def check_expiry(expires_s: int) -> int:
    """The life of a signed URL in seconds, unchanged.

    Raises
    ------
    ValueError
        Below 1 or above 3600 seconds.
    """
    if not 1 <= expires_s <= MAX_URL_SECONDS:
        raise ValueError("a signed URL lives 1 to 3600 seconds")
    return expires_s


def content_disposition(filename: str, *, inline: bool = False) -> str:
    """A Content-Disposition header value that no file name can break out of.

    Parameters
    ----------
    filename : str
        Any text; slashes, quotes and control characters become ``_``. A name that is not plain ASCII is added in the
        form of RFC 5987, behind an ASCII likeness for old clients.
    inline : bool, optional
        Show in the browser instead of saving.

    Returns
    -------
    str
        Printable ASCII, one line.

    Raises
    ------
    ValueError
        When the name is empty or holds a lone surrogate.
    """
    name = _NAME_BREAKERS.sub("_", filename).strip()
    if not name:
        raise ValueError("a download needs a file name")
    likeness = _NOT_A_NAME_ON_DISK.sub("_", name)
    value = f'{"inline" if inline else "attachment"}; filename="{likeness}"'
    if likeness == name:
        return value
    return f"{value}; filename*=UTF-8''{quote(name, safe=_UNQUOTED_IN_RFC5987)}"


def stored_disposition(filename: str) -> str:
    """The Content-Disposition kept with an object; always an attachment.

    Raises
    ------
    ValueError
        When the name is empty or not ASCII: object metadata is not a place for anything else.
    """
    if not filename.isascii():
        raise ValueError("a stored file name is ASCII")
    return content_disposition(filename)


def md5_hex(content: bytes) -> str:
    """What an ETag holds: the lower-case hex MD5 of the content. It finds damage, not an attacker."""
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
