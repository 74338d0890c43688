"""The worlds in which a store is tried: a folder behind a small web server, and a real S3 server."""

from __future__ import annotations

import functools
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import unquote
from uuid import uuid4

import botocore.session
import flask
import pytest
from botocore.exceptions import ClientError
from werkzeug.serving import make_server

from oximetry.adapters.stores.build import PROVIDERS, StoreOptions, build_store
from oximetry.adapters.stores.local_store import LocalStore
from oximetry.adapters.stores.s3_client import Patience, S3Config, S3Traits
from oximetry.domain.errors import NotFound, StorageRefused
from oximetry.domain.ports import ObjectStore
from tests.real_parts import require_real_part, run_folder
from tests.storage.front import front_of
from tests.storage.gateway import Gateway, missing_programs, shared_gateway

SECRET = b"a secret of 32 bytes for testing"


@dataclass(frozen=True)
class Reply:
    """What a browser sees behind a URL; header names are lower-case."""

    status: int
    headers: dict[str, str]
    body: bytes


def fetch(url: str) -> Reply:
    """A GET without proxies; an HTTP error is an answer like any other."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=10) as answer:
            return Reply(answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return Reply(error.code, {name.lower(): value for name, value in error.headers.items()}, error.read())


@dataclass(frozen=True)
class World:
    """A store, its relatives with a wrong setting, and a quick way to fill it."""

    store: ObjectStore
    with_wrong_secret: ObjectStore
    without_bucket: ObjectStore
    seed: Callable[[list[str]], None]


def _require_gateway_programs() -> None:
    require_real_part(missing_programs(), "radosgw, ceph-mon and ceph-osd")


@pytest.fixture(scope="session", autouse=True)
def models_are_read_once() -> Iterator[None]:
    """A tenth of a second less for every client that a test makes; the platform makes one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.session, "create_loader", functools.cache(botocore.session.create_loader))
        yield


@pytest.fixture(scope="session")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A real S3 server, one for all processes of this test run: do not pause or kill it."""
    _require_gateway_programs()
    with shared_gateway(run_folder(tmp_path_factory)) as running:
        yield running


@pytest.fixture(scope="module")
def module_gateway() -> Iterator[Gateway]:
    """A real S3 server of this module alone."""
    _require_gateway_programs()
    running = Gateway.start()
    yield running
    running.stop()


@pytest.fixture
def own_gateway(module_gateway: Gateway) -> Iterator[Gateway]:
    """The module's server, to be paused and killed; the next test finds it running, whatever became of this one."""
    yield module_gateway
    if module_gateway.is_alive():  # a paused one is: the kernel answers for it
        module_gateway.resume()
    else:
        module_gateway.revive()


def s3_config(gateway: Gateway, bucket: str, **changes: object) -> S3Config:
    """The configuration of a bucket on the gateway, with little patience."""
    patience = Patience(connect_s=3, read_s=10, attempts=3)  # B2's front says 503 now and then
    config = S3Config(
        gateway.endpoint,
        gateway.access_key,
        gateway.secret_key,
        bucket,
        "auto",
        patience,
        S3Traits(conditional_put=True),
    )
    return replace(config, **changes)


def _local_world(folder: Path) -> Iterator[World]:
    root = folder / "objects"
    root.mkdir()
    app = flask.Flask(__name__)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    base_url = f"http://127.0.0.1:{server.server_port}"
    store = LocalStore(root, SECRET, base_url)

    @app.get("/files/<path:key>")
    def file(key: str) -> flask.Response:
        try:
            content, content_type, disposition = store.open_signed(key, flask.request.args)
        except StorageRefused:
            flask.abort(403)
        except NotFound:
            flask.abort(404)
        return flask.Response(content, headers={"Content-Type": content_type, "Content-Disposition": disposition})

    def seed(keys: list[str]) -> None:
        for key in keys:
            (root / key).parent.mkdir(parents=True, exist_ok=True)
            (root / key).write_bytes(key.encode())

    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    absent = LocalStore(folder / "absent", SECRET, base_url)
    yield World(store, LocalStore(root, b"another secret", base_url), absent, seed)
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="session")
def seed_bucket(gateway: Gateway) -> tuple[str, Callable[[list[str]], None]]:
    """One bucket for all providers, since tests use keys of their own, filled only once."""
    bucket, client, there = gateway.bucket(), gateway.client(), set[str]()

    def seed(keys: list[str]) -> None:
        with ThreadPoolExecutor(8) as pool:
            for key in set(keys) - there:
                pool.submit(client.put_object, Bucket=bucket, Key=key, Body=key.encode())
        there.update(keys)

    return bucket, seed


def _s3_world(provider: str, gateway: Gateway, bucket: str, seed: Callable[[list[str]], None]) -> Iterator[World]:
    with front_of(gateway.endpoint, provider) as front:
        front.exists = lambda path: _is_there(gateway, path)
        options = StoreOptions(
            provider=provider,
            endpoint=front.endpoint,
            access_key_id=gateway.access_key,
            secret_access_key=gateway.secret_key,
            bucket=bucket,
            patience="worker",
        )
        wrong = build_store(replace(options, secret_access_key="wrong"))
        absent = build_store(replace(options, bucket=f"absent-{uuid4().hex[:8]}"))
        yield World(build_store(options), wrong, absent, seed)


def _is_there(gateway: Gateway, path: str) -> bool:
    bucket, _, key = unquote(path).lstrip("/").partition("/")
    try:
        found = gateway.client().list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1).get("Contents", [])
    except ClientError:
        return True  # no bucket: the gateway says so itself
    return [one["Key"] for one in found] == [key]


@pytest.fixture(
    scope="module",
    params=["local", *(pytest.param(name, marks=pytest.mark.gateway) for name in PROVIDERS if name != "local")],
)
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Every provider in turn; tests use keys of their own."""
    if request.param == "local":
        yield from _local_world(tmp_path_factory.mktemp("local"))
    else:
        bucket, seed = request.getfixturevalue("seed_bucket")
        yield from _s3_world(request.param, request.getfixturevalue("gateway"), bucket, seed)


@pytest.fixture
def local(tmp_path: Path) -> LocalStore:
    """A local store in an empty folder."""
    return LocalStore(tmp_path, SECRET, "http://clinic.test")
