"""Stands between a client and the test gateway, which can do more than any provider, and answers as a provider does.

A rule sees each request before the gateway does; it answers itself, or lets the request pass (and may change it).
"""

from __future__ import annotations

import http.client
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

from tests.storage.scripted_server import Answer, Request, scripted_server

NOBODY_HAS = (
    "expect",
    "x-amz-acl",
    "x-amz-bypass-governance-retention",
    "x-amz-expected-bucket-owner",
    "x-amz-grant-",
    "x-amz-object-lock-",
    "x-amz-request-payer",
    "x-amz-server-side-encryption",
    "x-amz-tagging",
    "x-amz-trailer",
    "x-amz-website-",
)
CHECKSUMS = ("x-amz-checksum-", "x-amz-sdk-checksum-algorithm")
QUERIES_NOBODY_HAS = {"acl", "delete", "legal-hold", "object-lock", "policy", "retention", "tagging", "versioning"}
BUSY_EVERY = 25
TRIES = 3
REWRITE_WITHIN_S = 1.0

Rule = Callable[[Request], Answer | None]


@dataclass
class Front:
    """A running front; ``rules`` and ``delay_s`` (added to each round trip) may be changed at any time."""

    upstream: str
    rules: list[Rule] = field(default_factory=list)
    delay_s: float = 0.0
    exists: Callable[[str], bool] = lambda _path: True
    endpoint: str = ""

    def answer(self, request: Request) -> Answer:
        """The first rule's answer, or the gateway's."""
        time.sleep(self.delay_s)
        for rule in list(self.rules):
            answer = rule(request)
            if answer is not None:
                return answer
        return self.pass_on(request)

    def pass_on(self, request: Request) -> Answer:
        """The gateway's answer; 503 when it is not there, as from any dead upstream."""
        for _ in range(TRIES):  # a busy machine may drop a connection, which no rule of a provider stands for
            connection = http.client.HTTPConnection(urlsplit(self.upstream).netloc, timeout=60)
            try:
                with closing(connection):
                    return _asked(connection, request)
            except (OSError, http.client.HTTPException) as error:
                sys.stderr.write(f"front: {request.method} {type(error).__name__}: {error}\n")
                time.sleep(0.1)
        return refusal(503, "ServiceUnavailable")


def _asked(connection: http.client.HTTPConnection, request: Request) -> Answer:
    connection.putrequest(request.method, request.path, skip_host=True, skip_accept_encoding=True)
    for name, value in request.headers.items():
        connection.putheader(name, value)
    connection.endheaders(request.body)
    with connection.getresponse() as found:
        body = found.read()
        kept = {name: value for name, value in found.getheaders() if name.lower() not in _OF_THE_CONNECTION}
        length = int(found.headers.get("Content-Length", 0)) if request.method == "HEAD" else None
        return Answer(found.status, body, kept, length)


_OF_THE_CONNECTION = {"connection", "transfer-encoding", "content-length", "date", "server", "keep-alive"}


@contextmanager
def front_of(upstream: str, provider: str = "s3") -> Iterator[Front]:
    """A front with a provider's rules."""
    front = Front(upstream)
    front.rules = [_refuse_what_nobody_has(provider), *(make(front) for make in _OWN[provider])]
    with scripted_server(front.answer, keep=False) as (endpoint, _):
        front.endpoint = endpoint
        yield front


def refusal(status: int, code: str) -> Answer:
    """An S3 error."""
    body = f'<?xml version="1.0"?><Error><Code>{code}</Code><Message>no</Message></Error>'.encode()
    return Answer(status, body, {"Content-Type": "application/xml"})


def _refuse_what_nobody_has(provider: str) -> Rule:
    forbidden = NOBODY_HAS if provider == "b2" else (*NOBODY_HAS, *CHECKSUMS)

    def rule(request: Request) -> Answer | None:
        queries = parse_qs(urlsplit(request.path).query, keep_blank_values=True)
        bad = [name for name in request.headers if name.startswith(forbidden)]
        bad += [name for name in queries if name in QUERIES_NOBODY_HAS]
        bad += ["POST"] if request.method == "POST" else []
        bad += ["no Content-MD5"] if request.method == "PUT" and "content-md5" not in request.headers else []
        return refusal(501, "NotImplemented") if bad else None

    return rule


def _expired_is_400(_front: Front) -> Rule:
    """R2: an expired signed URL is 400 ExpiredRequest, where S3 says 403."""

    def rule(request: Request) -> Answer | None:
        query = parse_qs(urlsplit(request.path).query)
        if "X-Amz-Expires" not in query:
            return None
        try:
            signed_at = datetime.strptime(query["X-Amz-Date"][0], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
            over = signed_at + timedelta(seconds=int(query["X-Amz-Expires"][0])) < datetime.now(UTC)
        except (ValueError, KeyError, OverflowError):
            return None
        return refusal(400, "ExpiredRequest") if over else None

    return rule


def _one_write_a_second(front: Front) -> Rule:
    """R2: a key that was written within the last second is 429 TooManyRequests."""
    written: dict[str, float] = {}

    def rule(request: Request) -> Answer | None:
        path, now = urlsplit(request.path).path, time.monotonic()
        if request.method != "PUT" or path.count("/") < 2:
            return None
        if now - written.get(path, -REWRITE_WITHIN_S) < REWRITE_WITHIN_S:
            return refusal(429, "TooManyRequests")
        answer = front.pass_on(request)
        if answer.status == 200:
            written[path] = time.monotonic()
        return answer

    return rule


def _no_checksums(_front: Front) -> Rule:
    """B2: a checksum header is 400 InvalidArgument."""

    def rule(request: Request) -> Answer | None:
        bad = any(name.startswith(CHECKSUMS) for name in request.headers)
        return refusal(400, "InvalidArgument") if bad else None

    return rule


def _busy_now_and_then(_front: Front) -> Rule:
    """B2: 503 once in a while is normal, and gone at the next try."""
    lock, seen = threading.Lock(), 0

    def rule(request: Request) -> Answer | None:
        nonlocal seen
        if "authorization" not in request.headers:
            return None  # a browser behind a signed URL, which does not try again
        with lock:
            seen += 1
            return refusal(503, "ServiceUnavailable") if seen % BUSY_EVERY == 0 else None

    return rule


def _no_conditions(_front: Front) -> Rule:
    """GCS and B2 do not keep to If-None-Match; being signed it cannot be taken out here, so nobody may send it."""

    def rule(request: Request) -> Answer | None:
        bad = "if-none-match" in request.headers or "if-match" in request.headers
        return refusal(501, "NotImplemented") if bad else None

    return rule


def _absent_is_404(front: Front) -> Rule:
    """GCS: deleting what is not there is 404 NoSuchKey."""

    def rule(request: Request) -> Answer | None:
        if request.method == "DELETE" and not front.exists(urlsplit(request.path).path):
            return refusal(404, "NoSuchKey")
        return None

    return rule


_OWN: dict[str, tuple[Callable[[Front], Rule], ...]] = {
    "r2": (_expired_is_400, _one_write_a_second),
    "b2": (_no_checksums, _no_conditions, _busy_now_and_then),
    "gcs": (_no_conditions, _absent_is_404),
    "s3": (),
}
