"""Refusals, outages and many writers, on a real server."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from oximetry.adapters.stores.s3_client import INTERACTIVE, Patience, S3Config
from oximetry.adapters.stores.s3_store import S3Store
from oximetry.domain.errors import (
    AlreadyExists,
    NotFound,
    StorageRefused,
    StorageUnavailable,
)
from tests.ports import reserve_ports
from tests.storage.calls import BODY, ETAG, KEY, error_of, every_call, put
from tests.storage.gateway import Gateway
from tests.storage.worlds import s3_config

IMPATIENT = Patience(connect_s=0.3, read_s=0.3, attempts=2)


# ---- refusals by the real server


@pytest.mark.gateway
def test_a_wrong_secret_or_key_is_a_refusal_by_its_name(gateway: Gateway) -> None:
    bucket = gateway.bucket()
    for wrong in ({"secret_access_key": "wrong"}, {"access_key_id": "WRONG"}):
        for name, call in every_call(S3Store(s3_config(gateway, bucket, **wrong))).items():
            error = error_of(call)
            assert (type(error), error.reason) == (StorageRefused, "storage_wrong_key"), name
            assert error.details["status"] == 403


@pytest.mark.gateway
def test_a_bucket_that_denies_us_is_a_missing_permission(gateway: Gateway) -> None:
    bucket = gateway.bucket()
    rule = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": f"arn:aws:s3:::{bucket}/*"}
    gateway.client().put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Statement": [rule]}))
    error = error_of(lambda: put(S3Store(s3_config(gateway, bucket))))
    assert (type(error), error.reason, error.details["code"]) == (
        StorageRefused,
        "storage_no_permission",
        "AccessDenied",
    )


@pytest.mark.gateway
def test_bytes_damaged_on_the_way_are_refused_by_the_server(gateway: Gateway) -> None:
    store = S3Store(s3_config(gateway, gateway.bucket()))

    def promise_other_bytes(params: dict[str, object], **_: object) -> None:
        params["ContentMD5"] = base64.b64encode(hashlib.md5(b"other").digest()).decode()

    events = store.client().meta.events
    events.register("provide-client-params.s3.PutObject", promise_other_bytes)
    error = error_of(lambda: put(store))
    assert (type(error), error.reason, error.details["code"]) == (StorageRefused, "storage_integrity", "BadDigest")
    events.unregister("provide-client-params.s3.PutObject", promise_other_bytes)
    with pytest.raises(NotFound):
        store.stat(KEY)
    assert put(store).etag == ETAG


@pytest.mark.gateway
def test_sixteen_writers_share_one_client(gateway: Gateway) -> None:
    store = S3Store(s3_config(gateway, gateway.bucket()))
    with ThreadPoolExecutor(16) as pool:
        clients = set(pool.map(lambda _: id(store.client()), range(32)))
        etags = set(pool.map(lambda number: put(store, f"p1/{number % 4}").etag, range(32)))
    assert (len(clients), etags) == (1, {ETAG})


@pytest.mark.gateway
def test_of_many_writers_of_different_bytes_exactly_one_wins(gateway: Gateway) -> None:
    store = S3Store(s3_config(gateway, gateway.bucket()))

    def attempt(number: int) -> bytes | None:
        try:
            put(store, KEY, b"%d" % number)
        except AlreadyExists:
            return None
        return b"%d" % number

    with ThreadPoolExecutor(8) as pool:
        told = [content for content in pool.map(attempt, range(8)) if content is not None]
    assert told == [store.get(KEY)]


@pytest.mark.gateway
def test_a_forked_child_makes_its_own_client(gateway: Gateway) -> None:
    store = S3Store(s3_config(gateway, gateway.bucket()))
    put(store)
    ours = store.client()
    child = os.fork()
    if child == 0:
        os._exit(0 if store.client() is not ours and store.get(KEY) == BODY else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert store.client() is ours
    assert store.get(KEY) == BODY


@pytest.mark.gateway
def test_type_and_name_are_stored_with_the_object(gateway: Gateway) -> None:
    bucket = gateway.bucket()
    put(S3Store(s3_config(gateway, bucket)))
    head = gateway.client().head_object(Bucket=bucket, Key=KEY)
    assert (head["ContentType"], head["ContentDisposition"]) == ("text/csv", 'attachment; filename="night.csv"')


# ---- outages of the real server


@pytest.mark.gateway
@pytest.mark.timeout(60)
def test_a_hanging_server_is_an_outage_within_the_timeouts(own_gateway: Gateway) -> None:
    store = S3Store(s3_config(own_gateway, own_gateway.bucket(), patience=IMPATIENT))
    put(store, "p1/before")
    own_gateway.pause()
    try:
        for name, call in every_call(store).items():
            assert type(error_of(call)) is StorageUnavailable, name
    finally:
        own_gateway.resume()
    assert store.get("p1/before") == BODY


@pytest.mark.gateway
@pytest.mark.timeout(60)
def test_a_killed_server_is_an_outage_and_nothing_is_lost_when_it_is_back(own_gateway: Gateway) -> None:
    store = S3Store(s3_config(own_gateway, own_gateway.bucket()))
    put(store)
    own_gateway.kill()
    try:
        assert type(error_of(lambda: store.get(KEY))) is StorageUnavailable
    finally:
        own_gateway.revive()
    assert store.get(KEY) == BODY


@pytest.mark.timeout(60)
def test_a_server_that_is_not_there_is_an_outage() -> None:
    (port,) = reserve_ports(1)
    store = S3Store(S3Config(f"http://127.0.0.1:{port}", "id", "secret", "files", patience=INTERACTIVE))
    with ThreadPoolExecutor(5) as pool:
        errors = list(pool.map(error_of, every_call(store).values()))
    assert [type(error) for error in errors] == [StorageUnavailable] * 5


def test_purging_removes_earlier_versions_and_what_was_deleted_before(gateway: Gateway) -> None:
    name, client = gateway.bucket(), gateway.client()
    client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    store = S3Store(s3_config(gateway, name))
    for content in (b"first", b"second"):
        client.put_object(Bucket=name, Key="p/csvs/a.csv", Body=content)
    client.put_object(Bucket=name, Key="p/csvs/gone.csv", Body=b"deleted before")
    client.put_object(Bucket=name, Key="q/csvs/a.csv", Body=b"somebody else's")
    store.delete("p/csvs/gone.csv")
    kept = client.list_object_versions(Bucket=name)
    assert (len(kept["Versions"]), len(kept["DeleteMarkers"])) == (4, 1)
    store.purge("p/")
    left = client.list_object_versions(Bucket=name)
    assert [version["Key"] for version in left["Versions"]] == ["q/csvs/a.csv"]
    assert not left.get("DeleteMarkers")
