"""Answers no healthy server gives, and what we send: against a scripted server."""

from __future__ import annotations

import base64
import hashlib
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from oximetry.adapters.stores.s3_client import INTERACTIVE, WORKER, Patience, S3Config, S3Traits
from oximetry.adapters.stores.s3_store import S3Store
from oximetry.domain.errors import (
    ConfigurationError,
    StorageRefused,
    StorageUnavailable,
)
from tests.storage.calls import BODY, ETAG, KEY, error_of, every_call, put
from tests.storage.scripted_server import Answer, Request, scripted_server

WHEN = "Fri, 20 Mar 2026 21:00:00 GMT"


@contextmanager
def scripted(script: Callable[[Request], Answer], **changes: object) -> Iterator[tuple[S3Store, list[Request]]]:
    with scripted_server(script) as (endpoint, requests):
        settings = {"patience": Patience(1, 1, 1), "traits": S3Traits(conditional_put=True), **changes}
        store = S3Store(S3Config(endpoint, "the-key-id", "the-secret", "files", **settings))
        yield store, requests
        store.client().close()


def stored(_: Request) -> Answer:
    return Answer(200, b"", {"ETag": f'"{ETAG}"', "Last-Modified": WHEN}, content_length=None)


def xml_error(code: str, status: int) -> Callable[[Request], Answer]:
    body = f"<Error><Code>{code}</Code><Message>the-key-id files</Message></Error>".encode()
    return lambda request: Answer(status, b"" if request.method == "HEAD" else body)


@pytest.mark.parametrize(
    ("code", "status", "error", "reason"),
    [
        ("InternalError", 500, StorageUnavailable, "storage_unavailable"),
        ("ServiceUnavailable", 503, StorageUnavailable, "storage_unavailable"),
        ("TooManyRequests", 429, StorageUnavailable, "storage_unavailable"),
        ("RequestTimeout", 400, StorageUnavailable, "storage_unavailable"),
        ("InsufficientCapacity", 507, StorageUnavailable, "storage_full"),
        ("QuotaExceeded", 403, StorageUnavailable, "storage_full"),
        ("Unauthorized", 401, StorageRefused, "storage_wrong_key"),
        ("NotEntitled", 403, StorageRefused, "storage_no_permission"),
        ("RequestTimeTooSkewed", 403, StorageRefused, "storage_clock_skew"),
        ("AuthorizationHeaderMalformed", 400, StorageRefused, "storage_wrong_region"),
        ("NoSuchBucket", 404, StorageRefused, "storage_no_bucket"),
        ("InvalidArgument", 400, StorageRefused, "storage_refused"),
    ],
)
def test_every_answer_has_its_error(code: str, status: int, error: type, reason: str) -> None:
    with scripted(xml_error(code, status)) as (store, _):
        for name, call in every_call(store).items():
            found = error_of(call)
            # The region is corrected by botocore itself where it can be, and a HEAD has no code.
            assert (type(found), found.reason) == (error, reason), name
            assert "the-key-id" not in str(found)
            assert found.__cause__ is not None


def test_an_outage_is_tried_again_and_a_refusal_is_not() -> None:
    for answer, attempts in ((xml_error("InternalError", 500), 2), (xml_error("AccessDenied", 403), 1)):
        with scripted(answer, patience=Patience(1, 1, 2)) as (store, requests):
            error_of(lambda store=store: store.get(KEY))
        assert len(requests) == attempts


def test_a_put_sends_md5_type_and_name_and_neither_expect_nor_checksums() -> None:
    def script(request: Request) -> Answer:
        answer = stored(request)
        if request.method == "HEAD":
            answer.content_length = len(BODY)
        return answer

    with scripted(script) as (store, requests):
        found = put(store)
    sent, looked = requests
    assert (sent.method, sent.path, sent.body, looked.method) == ("PUT", f"/files/{KEY}", BODY, "HEAD")
    assert sent.headers["content-md5"] == base64.b64encode(hashlib.md5(BODY).digest()).decode()
    assert sent.headers["content-type"] == "text/csv"
    assert sent.headers["content-disposition"] == 'attachment; filename="night.csv"'
    assert sent.headers["if-none-match"] == "*"
    assert "/auto/s3/aws4_request" in sent.headers["authorization"]
    assert not [name for name in sent.headers if name in {"expect", "transfer-encoding"} or "checksum" in name]
    assert (found.size, found.etag, found.modified_at) == (len(BODY), ETAG, 1774040400.0)


@pytest.mark.parametrize("head", [{"content_length": 3}, {"etag": "0" * 32}])
def test_a_put_that_stored_something_else_is_an_error(head: dict[str, object]) -> None:
    def script(request: Request) -> Answer:
        headers = {"ETag": f'"{head.get("etag", ETAG)}"', "Last-Modified": WHEN}
        return Answer(200, b"", headers, head.get("content_length", len(BODY)) if request.method == "HEAD" else 0)

    with scripted(script) as (store, _):
        assert error_of(lambda: put(store)).reason == "storage_integrity"


def test_an_object_gone_right_after_its_put_is_an_outage_and_not_an_absent_object() -> None:
    def script(request: Request) -> Answer:
        return Answer() if request.method == "PUT" else xml_error("NoSuchKey", 404)(request)

    with scripted(script) as (store, _):
        assert type(error_of(lambda: put(store))) is StorageUnavailable


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, BODY[:4], {"ETag": f'"{ETAG}"'}, content_length=len(BODY)),
        Answer(200, BODY[:4], {"ETag": f'"{ETAG}"'}),
        Answer(200, BODY.lower(), {"ETag": f'"{ETAG}"'}),
    ],
    ids=["cut", "short", "altered"],
)
def test_damaged_content_is_never_returned(answer: Answer) -> None:
    with scripted(lambda _: answer) as (store, _):
        assert type(error_of(lambda: store.get(KEY))) is StorageUnavailable


def test_a_page_of_a_login_portal_is_an_outage() -> None:
    with scripted(lambda _: Answer(200, b"<html>Sign in</html>")) as (store, _):
        for name in ("put", "stat", "list", "get"):
            assert isinstance(error_of(every_call(store)[name]), StorageUnavailable), name


def page(keys: list[str], ending: str, count: int | None = None) -> bytes:
    rows = "".join(
        f"<Contents><Key>{key}</Key><LastModified>2026-03-20T21:00:00Z</LastModified><ETag>&quot;{ETAG}&quot;</ETag>"
        f"<Size>8</Size></Contents>"
        for key in keys
    )
    counted = f"<KeyCount>{len(keys) if count is None else count}</KeyCount>"
    return f"<ListBucketResult>{counted}{rows}{ending}</ListBucketResult>".encode()


WHOLE = "<IsTruncated>false</IsTruncated>"
MORE = "<IsTruncated>true</IsTruncated>"
TOKEN = MORE + "<NextContinuationToken>t</NextContinuationToken>"


@pytest.mark.parametrize(
    "pages",
    [
        [page(["a"], "")],
        [page(["a"], MORE)],
        [page(["a"], WHOLE, count=2)],
        [page([], WHOLE, count=1)],
        [page(["b", "a"], WHOLE)],
        [page(["a"], TOKEN), page(["a"], WHOLE)],
        [page(["a"], TOKEN), page(["b"], TOKEN)],
        [page(["a"], TOKEN), b"<ListBucketResult></ListBucketResult>"],
        [page(["a"], TOKEN), page(["b"], WHOLE)[:-30]],
        [page(["a"], TOKEN), b""],
    ],
)
def test_a_listing_that_ends_early_raises_instead_of_ending(pages: list[bytes]) -> None:
    left = iter(pages)
    with scripted(lambda _: Answer(200, next(left))) as (store, _), pytest.raises(StorageUnavailable):
        list(store.list())


def test_a_listing_cut_by_the_connection_raises() -> None:
    body = page(["a"], WHOLE)
    with scripted(lambda _: Answer(200, body[:50], content_length=len(body))) as (store, _):
        assert type(error_of(lambda: list(store.list()))) is StorageUnavailable


def test_a_listing_asks_for_a_page_only_when_it_is_needed() -> None:
    with scripted(lambda _: Answer(200, page(["a", "b"], TOKEN))) as (store, requests):
        found = store.list()
        assert requests == []
        assert [next(found).key, next(found).key] == ["a", "b"]
        assert len(requests) == 1


def test_a_provider_that_answers_404_to_deleting_what_is_absent_has_done_it() -> None:
    for code, body in (("NoSuchKey", b"<Error><Code>NoSuchKey</Code></Error>"), ("", b"")):
        with scripted(lambda _, body=body: Answer(404, body)) as (store, _):
            assert store.delete(KEY) is None, code


def test_no_secret_and_no_address_is_logged_or_shown(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="oximetry")
    with scripted(xml_error("SignatureDoesNotMatch", 403)) as (store, _):
        shown = [str(error_of(call)) for call in every_call(store).values()]
        store.url(KEY, expires_s=60, filename="night.csv", content_type="text/csv")
    for text in (*shown, *caplog.messages, repr(store._config)):
        assert "the-secret" not in text
        assert "the-key-id" not in text
        assert "Signature=" not in text


def test_nothing_is_read_from_the_machine_and_nothing_sent_for_a_url(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "someone-else")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "someone-elses-token")
    with scripted(stored) as (store, requests):
        url = store.url(KEY, expires_s=60, filename="night.csv", content_type="text/csv")
        assert url.startswith(f"{store.origin}/files/{KEY}?")
        assert "someone" not in url
    assert requests == []


WRONG_ENDPOINTS = [
    "",
    "r2.example.com",
    "ftp://r2.example.com",
    "https://",
    "https://h/bucket",
    "https://me@h",
    "https://h?a",
]
WRONG_ENDPOINTS += ["https://h:port", "https://[", "https://my_host", " https://h", "https://h\n"]


@pytest.mark.parametrize("endpoint", WRONG_ENDPOINTS)
def test_an_endpoint_is_scheme_and_host(endpoint: str) -> None:
    with pytest.raises(ConfigurationError, match="storage_endpoint"):
        S3Config(endpoint, "id", "secret", "files")


@pytest.mark.parametrize(
    "endpoint", ["https://abc.eu.r2.cloudflarestorage.com", "http://[::1]:9000/", "http://127.0.0.1:9000"]
)
def test_the_origin_is_the_endpoint_without_its_slash(endpoint: str) -> None:
    assert S3Store(S3Config(endpoint, "id", "secret", "files")).origin == endpoint.rstrip("/")


@pytest.mark.parametrize("name", ["access_key_id", "secret_access_key", "bucket", "region"])
@pytest.mark.parametrize("value", ["", " ", "with a blank", "newline\n"])
def test_a_wrong_setting_is_named_and_not_shown(name: str, value: str) -> None:
    settings = {"access_key_id": "id", "secret_access_key": "secret", "bucket": "files", "region": "auto", name: value}
    with pytest.raises(ConfigurationError) as caught:
        S3Config("https://h", **settings)
    assert (caught.value.reason, caught.value.details) == ("storage_setting_invalid", {"name": name})


def test_a_person_waits_less_than_the_worker() -> None:
    assert (INTERACTIVE.read_s, INTERACTIVE.attempts, WORKER.read_s, WORKER.attempts) == (8, 2, 20, 3)
