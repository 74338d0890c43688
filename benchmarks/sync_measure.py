"""Synchronising: a fake listing of a million objects against a million rows, and a real gateway with 20,000."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID, uuid4

from benchmarks.report import Row
from oximetry.domain.ports import ObjectStore, StoredObject

if TYPE_CHECKING:
    from tests.storage.gateway import Gateway

Result = TypeVar("Result")
OBJECTS = 1_000_000
FILES_PER_PATIENT = 12
GATEWAY_OBJECTS = 20_000
THREADS = 16
WRITTEN_AT = datetime(2026, 1, 1)
ETAG = "0" * 32


class FakeListing:
    """A store that only lists: the same keys as the catalogue, but one in ``step`` is not in the catalogue."""

    def __init__(self, objects: int, step: int) -> None:
        self.objects = objects
        self.step = step
        self.sentinel: bytes | None = None

    def list(self, prefix: str = "", after: str | None = None) -> Iterator[StoredObject]:
        """In key order; made up as it goes."""
        yield StoredObject(".oximetry/catalogue", 1, ETAG, 0.0)
        for number in range(self.objects):
            if not after or key_of(number) > after:
                yield StoredObject(key_of(number), 250_000, ETAG, 0.0)

    def get(self, key: str) -> bytes:
        """Only the sentinel is asked for."""
        from oximetry.domain.errors import NotFound

        if self.sentinel is None:
            raise NotFound(key=key)
        return self.sentinel

    def put(self, key: str, content: bytes, **_: object) -> None:
        """Only the sentinel is written."""
        self.sentinel = content


def key_of(number: int) -> str:
    """Keys in our form, in order."""
    patient, file = divmod(number, FILES_PER_PATIENT)
    head = f"{patient:032x}"
    return f"{UUID(head)}/csvs/202510070000{file:02d}_9001_0011aabb.csv"


def sync(folder: Path) -> Iterator[Row]:
    """One process per measurement, so that its memory is its own."""
    for name, url, step, what in _cases(folder):
        took = _child("fake", url, str(step))
        each = f"{took['objects'] / took['seconds']:,.0f} objects/s, {took['peak_mb']:.0f} MB"
        yield Row(f"storage sync, 1 M fake objects × 1 M rows, {name}, {what}", "≥ 20,000/s, ≤ 300 MB", each)
    yield from _on_the_gateway(folder)


def _cases(folder: Path) -> Iterator[tuple[str, str, int, str]]:
    yield "SQLite", _filled(f"sqlite:///{folder}/all.sqlite", 0), 0, "all the same"
    yield "SQLite", _filled(f"sqlite:///{folder}/most.sqlite", 50), 50, "1 in 50 without a row"
    from tests.postgres import Postgres, missing_programs

    if not missing_programs():
        server = Postgres.start()
        try:
            yield "PostgreSQL", _filled(server.database(), 0), 0, "all the same"
        finally:
            server.stop()


def _filled(url: str, step: int) -> str:
    """A migrated catalogue with its rows, written past the services."""
    from sqlalchemy import insert

    from oximetry.adapters.catalogue import tables as t
    from oximetry.adapters.catalogue.catalogue import Catalogue

    catalogue = Catalogue(url)
    catalogue.migrate()
    with catalogue._engine.connect().execution_options(writes=True) as connection, connection.begin():
        for first in range(0, OBJECTS, 20_000):
            numbers = [number for number in range(first, first + 20_000) if not step or number % step]
            connection.execute(insert(t.stored_files), [_row(number) for number in numbers])
    catalogue.dispose()
    return url


def _row(number: int) -> dict[str, object]:
    key = key_of(number)
    return {
        "id": str(UUID(int=number)),
        "key": key,
        "name": key.rpartition("/")[2],
        "content_type": "text/csv",
        "size": 250_000,
        "sha256": "0" * 64,
        "etag": ETAG,
        "reference_type": "patient",
        "reference_id": key[:36],
        "created_at": WRITTEN_AT,
        "updated_at": WRITTEN_AT,
    }


def _child(what: str, *words: str) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.sync_measure", what, *words], check=True, capture_output=True, text=True
    )
    return dict(json.loads(done.stdout.splitlines()[-1]))


def _plan_fake(url: str, step: int) -> dict[str, float]:
    from oximetry.adapters.catalogue.catalogue import Catalogue, utc_now
    from oximetry.services.sync.sync_planning import SyncLimits
    from oximetry.services.sync.syncing import SyncService

    catalogue = Catalogue(url)
    with catalogue.write() as transaction:
        identity = transaction.sync_runs.identity()
    listing = FakeListing(OBJECTS, step)
    listing.sentinel = json.dumps({"catalogue": identity.catalogue_id}).encode()
    service = SyncService(catalogue, listing, utc_now, SyncLimits())  # type: ignore[arg-type]
    start = time.perf_counter()
    run = service.plan_now()
    seconds = time.perf_counter() - start
    assert run.sha256, run
    status = Path("/proc/self/status").read_text()  # ru_maxrss would count what the parent held before exec
    peak_mb = int(status.partition("VmHWM:")[2].split()[0]) / 1024
    return {"objects": run.counts["objects"], "seconds": seconds, "peak_mb": peak_mb, "entries": run.entries}


def _on_the_gateway(folder: Path) -> Iterator[Row]:
    """Plan and apply: at first no object has a row."""
    from oximetry.adapters.stores.build import StoreOptions, build_store
    from tests.storage.gateway import Gateway, missing_programs

    if missing_programs():
        return
    gateway = Gateway.start()
    try:
        bucket = gateway.bucket()
        seconds = _timed(lambda: _fill(gateway, bucket))[0]
        yield Row("  (the gateway takes 20,000 small objects, 16 threads)", "", f"{seconds:.1f} s")
        options = StoreOptions(
            provider="s3",
            endpoint=gateway.endpoint,
            access_key_id=gateway.access_key,
            secret_access_key=gateway.secret_key,
            bucket=bucket,
        )
        yield from _planned_and_applied(f"sqlite:///{folder}/gateway.sqlite", build_store(options))
    finally:
        gateway.stop()


def _fill(gateway: Gateway, bucket: str) -> None:
    client, patient = gateway.client(), str(uuid4())
    keys = [f"{patient}/csvs/{number:014d}_9001_0011aabb.csv" for number in range(GATEWAY_OBJECTS)]
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda key: client.put_object(Bucket=bucket, Key=key, Body=key.encode()), keys))


def _planned_and_applied(url: str, store: ObjectStore) -> Iterator[Row]:
    from oximetry.adapters.catalogue.catalogue import Catalogue, utc_now
    from oximetry.services.sync.sync_planning import SyncLimits
    from oximetry.services.sync.syncing import SyncService

    catalogue = Catalogue(url)
    catalogue.migrate()
    service = SyncService(catalogue, store, lambda: utc_now() + timedelta(days=2), SyncLimits())
    seconds, run = _timed(service.plan_now)
    yield Row("storage sync, plan, gateway, 20,000 objects without a row", "", f"{seconds:.1f} s")
    seconds, report = _timed(lambda: service.apply_now(run.id, run.sha256 or ""))
    assert report.counts["done_orphaned"] == GATEWAY_OBJECTS, report
    yield Row("storage sync, apply, gateway, 20,000 objects", "", f"{seconds:.1f} s")
    seconds, run = _timed(service.plan_now)
    assert run.entries == 0, run
    yield Row("storage sync, plan, gateway, 20,000 objects all known", "", f"{seconds:.1f} s")
    catalogue.dispose()


def _timed(act: Callable[[], Result]) -> tuple[float, Result]:
    start = time.perf_counter()
    result = act()
    return time.perf_counter() - start, result


if __name__ == "__main__":
    print(json.dumps(_plan_fake(sys.argv[2], int(sys.argv[3]))))
