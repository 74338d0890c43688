"""What every provider of object storage keeps to; a new one is done when this file passes unchanged."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest

from oximetry.domain.errors import AlreadyExists, NotFound, StorageRefused
from oximetry.domain.ports import ObjectStore
from tests.storage.worlds import World, fetch

CSV = "text/csv; charset=utf-8"
HOSTILE_KEYS = ["", "/", "/a", "a/", "a//b", ".", "..", "a/..", "../a", "a/./b", "a/../../b"]
HOSTILE_KEYS += ["a\\b", "..\\a", "a\nb", "a\0", "a\x7f", "noapte-ș", "a\u2044b", "x" * 1025]


@pytest.fixture
def store(world: World) -> ObjectStore:
    return world.store


@pytest.fixture
def key(request: pytest.FixtureRequest) -> str:
    return f"{hashlib.sha256(request.node.name.encode()).hexdigest()[:12]}/csvs/20260301220000_X1_0a1b2c3d.csv"


def put(store: ObjectStore, key: str, content: bytes = b"SpO2;95\n"):
    return store.put(key, content, content_type=CSV, filename="night.csv")


def url(store: ObjectStore, key: str, **changes: object) -> str:
    asked = {"expires_s": 60, "filename": "night.csv", "content_type": CSV, **changes}
    return store.url(key, **asked)


def keys(found: Iterator[object]) -> list[str]:
    return [each.key for each in found]


def test_what_was_put_can_be_got_and_described(store: ObjectStore, key: str) -> None:
    before = time.time()
    stored = put(store, key, b"SpO2;95\n")
    assert store.get(key) == b"SpO2;95\n"
    assert (stored.key, stored.size) == (key, 8)
    assert stored.etag == hashlib.md5(b"SpO2;95\n").hexdigest()
    assert before - 5 < stored.modified_at < time.time() + 5
    assert store.stat(key) == stored


@pytest.mark.parametrize("content", [b"", bytes(range(256)), os.urandom(5_000_000)], ids=["empty", "binary", "5 MB"])
def test_content_comes_back_unchanged(store: ObjectStore, key: str, content: bytes) -> None:
    assert put(store, key, content).size == len(content)
    assert store.get(key) == content


def test_every_printable_ascii_character_may_be_in_a_key(store: ObjectStore, key: str) -> None:
    odd = key + "/" + "".join(chr(code) for code in range(0x20, 0x7F) if chr(code) not in "/\\")
    put(store, odd)
    assert store.get(odd) == b"SpO2;95\n"
    assert odd in keys(store.list(key))
    assert fetch(url(store, odd)).body == b"SpO2;95\n"


def test_putting_the_same_bytes_again_is_a_success(store: ObjectStore, key: str) -> None:
    assert put(store, key).etag == put(store, key).etag


def test_other_bytes_under_a_key_are_refused_and_the_first_stay(store: ObjectStore, key: str) -> None:
    put(store, key, b"first")
    with pytest.raises(AlreadyExists) as caught:
        put(store, key, b"other")
    assert caught.value.details == {"key": key}
    assert store.get(key) == b"first"


def test_an_absent_object_is_not_found(store: ObjectStore, key: str) -> None:
    with pytest.raises(NotFound):
        store.get(key)
    with pytest.raises(NotFound):
        store.stat(key)
    assert fetch(url(store, key)).status == 404


def test_deleting_is_final_and_deleting_again_is_a_success(store: ObjectStore, key: str) -> None:
    put(store, key)
    store.delete(key)
    store.delete(key)
    with pytest.raises(NotFound):
        store.get(key)
    assert keys(store.list(key)) == []


def test_purging_takes_everything_below_a_beginning_and_nothing_beside_it(store: ObjectStore, key: str) -> None:
    for name in ("a/one", "a/two", "ab/beside"):
        put(store, f"{key}/{name}")
    store.purge(f"{key}/a/")
    store.purge(f"{key}/a/")
    assert keys(store.list(f"{key}/")) == [f"{key}/ab/beside"]
    with pytest.raises(ValueError, match="prefix"):
        store.purge("")
    store.purge(f"{key}/ab/beside")
    assert keys(store.list(f"{key}/")) == []


@pytest.mark.parametrize("hostile", HOSTILE_KEYS)
def test_a_key_that_no_store_can_hold_is_refused_before_any_call(world: World, hostile: str) -> None:
    # The store without a bucket would answer StorageRefused if it were asked.
    store = world.without_bucket
    for call in (
        lambda: put(store, hostile),
        lambda: store.get(hostile),
        lambda: store.stat(hostile),
        lambda: store.delete(hostile),
        lambda: url(store, hostile),
    ):
        with pytest.raises(ValueError, match="object key"):
            call()


@pytest.mark.parametrize("prefix", ["/", "//", "../", "a//", "ș", "a\n"])
def test_a_prefix_that_no_key_has_is_refused_before_any_call(world: World, prefix: str) -> None:
    with pytest.raises(ValueError, match="object key"):
        world.without_bucket.list(prefix)


@pytest.mark.parametrize(
    "wrong",
    [
        {"expires_s": 0},
        {"expires_s": -1},
        {"expires_s": 3601},
        {"filename": ""},
        {"content_type": "text/csv\r\nX-A: b"},
        {"content_type": ""},
    ],
)
def test_a_url_that_promises_nonsense_is_refused(store: ObjectStore, key: str, wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        url(store, key, **wrong)


def test_a_stored_file_name_is_ascii(store: ObjectStore, key: str) -> None:
    with pytest.raises(ValueError, match="ASCII"):
        store.put(key, b"", content_type=CSV, filename="noapte-ș.csv")


@pytest.fixture(scope="module")
def many(world: World) -> list[str]:
    # Full keys sort differently from names within folders: "-" and "." come before "/", "0" behind it.
    found = ["many/a-b", "many/a.csv", "many/a/z", "many/a/b/c", "many/a0", "many/B"]
    found += [f"many/{number % 7}/{number:05d}" for number in range(1094)]
    world.seed(found)
    return sorted(found)


def test_a_long_listing_is_whole_and_in_key_order(store: ObjectStore, many: list[str]) -> None:
    found = list(store.list("many/"))
    assert keys(found) == many
    assert found[0].etag == hashlib.md5(many[0].encode()).hexdigest()
    assert found[0].size == len(many[0])


def test_a_listing_goes_on_behind_a_key(store: ObjectStore, many: list[str]) -> None:
    for after in (many[0], many[500], many[-2], "many/3", "many/a/b", "many/a/zz", "many/a"):
        assert keys(store.list("many/", after)) == [key for key in many if key > after]
    assert keys(store.list("many/", many[-1])) == []
    assert keys(store.list("many/", "zzz")) == []


def test_a_prefix_may_end_inside_a_name(store: ObjectStore, many: list[str]) -> None:
    for prefix in ("many/a", "many/a/", "many/3/0000", "many/B", "man", "many/absent/"):
        assert keys(store.list(prefix)) == [key for key in many if key.startswith(prefix)]


def test_a_signed_url_names_and_types_the_download(store: ObjectStore, key: str) -> None:
    put(store, key)
    reply = fetch(url(store, key, filename="noapte.csv"))
    assert (reply.status, reply.body) == (200, b"SpO2;95\n")
    assert reply.headers["content-type"] == CSV
    assert reply.headers["content-disposition"] == 'attachment; filename="noapte.csv"'


def test_a_download_may_have_a_romanian_name_and_open_in_the_browser(store: ObjectStore, key: str) -> None:
    put(store, key)
    reply = fetch(url(store, key, filename="noapte ș.png", content_type="image/png", inline=True))
    assert reply.headers["content-type"] == "image/png"
    assert reply.headers["content-disposition"] == (
        "inline; filename=\"noapte _.png\"; filename*=UTF-8''noapte%20%C8%99.png"
    )


def test_a_signed_url_stays_on_the_origin(store: ObjectStore, key: str) -> None:
    parts = urlsplit(url(store, key))
    assert store.origin in (None, f"{parts.scheme}://{parts.netloc}")
    assert parts.path.endswith(key)


def test_a_signed_url_expires(store: ObjectStore, key: str) -> None:
    put(store, key)
    signed = url(store, key, expires_s=1)
    give_up_at = time.monotonic() + 3
    while (reply := fetch(signed)).status == 200 and time.monotonic() < give_up_at:
        time.sleep(0.1)
    assert reply.status in {400, 403}  # R2 says 400
    assert b"SpO2" not in reply.body


def test_an_altered_url_is_refused(store: ObjectStore, key: str) -> None:
    put(store, key)
    other = key.replace(".csv", ".pdf")
    put(store, other)
    signed = url(store, key)
    assert fetch(signed.replace(".csv?", ".pdf?")).status == 403
    for name, values in parse_qs(urlsplit(signed).query).items():
        altered = signed.replace(f"{name}=", f"{name}=1", 1)
        assert fetch(altered).status in {400, 403}, name
        if "ignature" in name:
            assert fetch(signed.replace(values[0], values[0][:-1])).status == 403
            assert fetch(signed.replace(values[0], values[0].upper())).status == 403
    assert fetch(signed.partition("?")[0]).status == 403
    assert fetch(signed).status == 200


def test_a_url_signed_with_another_secret_is_refused(world: World, key: str) -> None:
    put(world.store, key)
    assert fetch(url(world.with_wrong_secret, key)).status == 403


def test_a_missing_bucket_is_a_refusal_and_never_an_absent_object(world: World, key: str) -> None:
    store = world.without_bucket
    for call in (
        lambda: put(store, key),
        lambda: store.get(key),
        lambda: store.stat(key),
        lambda: store.delete(key),
        lambda: list(store.list()),
        lambda: list(store.list("many/", "many/3")),
    ):
        with pytest.raises(StorageRefused) as caught:
            call()
        assert caught.value.reason == "storage_no_bucket"
