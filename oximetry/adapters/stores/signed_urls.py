"""Signed URLs on our own host, for files that we serve ourselves."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple
from urllib.parse import quote, urlencode

from oximetry.adapters.stores.object_keys import check_content_type, check_expiry, check_key, content_disposition
from oximetry.domain.errors import StorageRefused


class SignedFile(NamedTuple):
    """What a signed URL opens: the whole object and, from the signed part of the URL, two header values."""

    content: bytes
    content_type: str
    disposition: str


class UrlSigner:
    """Makes and opens URLs below ``<base_url>/files/``; implements ``ports.OwnUrls``.

    Parameters
    ----------
    secret : bytes
        Signs the URLs.
    base_url : str
        Scheme, host and optional prefix in front of ``/files/``.
    clock : callable, optional
        Unix time in seconds, for the expiry of URLs.
    """

    def __init__(self, secret: bytes, base_url: str, clock: Callable[[], float] = time.time) -> None:
        self._secret = secret
        self._base_url = base_url.rstrip("/")
        self._clock = clock

    def url(self, key: str, *, expires_s: int, filename: str, content_type: str, inline: bool = False) -> str:
        """``<base_url>/files/<key>?…``, signed over everything in it; see `open`."""
        expires_at = str(int(self._clock()) + check_expiry(expires_s))
        disposition = content_disposition(filename, inline=inline)
        args = {"expires": expires_at, "type": check_content_type(content_type), "disposition": disposition}
        args["signature"] = self._signature(check_key(key), args)
        return f"{self._base_url}/files/{quote(key)}?{urlencode(args)}"

    def open(self, get: Callable[[str], bytes], path_key: str, args: Mapping[str, str]) -> SignedFile:
        """The object behind a URL made by `url`.

        Parameters
        ----------
        get : callable
            Key to content; asked only when the URL is right.
        path_key : str
            What stands behind ``/files/``, percent-decoded.
        args : mapping of str to str
            The query, decoded; arguments that `url` did not make are ignored and change nothing.

        Raises
        ------
        StorageRefused
            Reason ``signature_invalid`` for anything altered, missing or foreign, ``signature_expired`` for a URL that
            was ours and is too old.
        NotFound
            The URL is right and the object is gone.
        """
        expected = self._signature(path_key, args).encode()
        if not hmac.compare_digest(args.get("signature", "").encode(errors="replace"), expected):
            raise StorageRefused("signature_invalid")
        if int(args["expires"]) <= self._clock():
            raise StorageRefused("signature_expired")
        return SignedFile(get(path_key), args["type"], args["disposition"])

    def _signature(self, key: str, args: Mapping[str, str]) -> str:
        signed = ["oximetry-file-url-1", key, *(args.get(name, "") for name in ("expires", "type", "disposition"))]
        return hmac.new(self._secret, json.dumps(signed).encode(), hashlib.sha256).hexdigest()
