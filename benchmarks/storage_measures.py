"""What the object store's client does with a real gateway that is 40 ms away."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from benchmarks.far_away import far_away
from benchmarks.report import Row
from oximetry.adapters.stores.build import StoreOptions, build_store
from tests.storage.gateway import Gateway

FILES = 200
SIZE = 250_000
THREADS = 16
ROUND_TRIP_S = 0.040


def storage() -> Iterator[Row]:
    """200 files of 250 KB, each verified by size and ETag after it was written."""
    gateway = Gateway.start()
    try:
        with far_away(gateway.endpoint, ROUND_TRIP_S) as endpoint:
            options = StoreOptions(
                provider="r2",
                endpoint=endpoint,
                access_key_id=gateway.access_key,
                secret_access_key=gateway.secret_key,
                bucket=gateway.bucket(),
            )
            store, contents = build_store(options), [os.urandom(SIZE) for _ in range(FILES)]
            with ThreadPoolExecutor(THREADS) as pool:

                def put(number: int, round_name: str) -> None:
                    store.put(f"bench/{round_name}/{number}", contents[number], content_type="text/csv")

                list(pool.map(lambda number: put(number, "warm"), range(THREADS)))
                begin = time.perf_counter()
                list(pool.map(lambda number: put(number, "timed"), range(FILES)))
                took = time.perf_counter() - begin
    finally:
        gateway.stop()
    yield Row("200 files of 250 KB to a gateway 40 ms away, 16 threads", "≤ 2 s", f"{took:.2f} s")
