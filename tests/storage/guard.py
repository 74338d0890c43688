"""Refuses what a provider does not have, because the test server has more: a hook for botocore's ``before-send.s3``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

_NOBODY_HAS = (
    "expect",
    "x-amz-acl",
    "x-amz-bypass-governance-retention",
    "x-amz-checksum-",
    "x-amz-expected-bucket-owner",
    "x-amz-grant-",
    "x-amz-object-lock-",
    "x-amz-request-payer",
    "x-amz-sdk-checksum-algorithm",
    "x-amz-server-side-encryption",
    "x-amz-tagging",
    "x-amz-trailer",
    "x-amz-website-",
)
_QUERIES_NOBODY_HAS = {"acl", "delete", "legal-hold", "object-lock", "policy", "retention", "tagging", "versioning"}


def guard(provider: str) -> Callable[..., None]:
    """A handler that fails the test when a request needs what ``provider`` (r2, b2, gcs, s3) may not have."""
    forbidden = _NOBODY_HAS if provider == "r2" else (*_NOBODY_HAS, "if-none-match", "if-match")

    def check(request: Any, **_: object) -> None:
        names = {name.lower() for name in request.headers}
        bad = {name for name in names if name.startswith(forbidden)}
        parts = urlsplit(request.url)
        bad |= {name for name in parse_qs(parts.query, keep_blank_values=True) if name in _QUERIES_NOBODY_HAS}
        if request.method == "POST":
            bad.add("POST")
        if request.method == "PUT" and "content-md5" not in names:
            bad.add("a put without Content-MD5")
        assert not bad, f"{provider} refuses {sorted(bad)}"

    return check
