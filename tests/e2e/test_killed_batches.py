"""Web, workers and database killed while a batch comes in and is stored: the count of what was lost is zero."""

from __future__ import annotations

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.e2e import steps
from tests.e2e.faults import Lost, batch_at, s3_settings
from tests.e2e.live import Site, running
from tests.postgres import Postgres, missing_programs
from tests.real_parts import require_real_part
from tests.storage.gateway import Gateway

pytestmark = [pytest.mark.gateway, pytest.mark.timeout(600)]

ROWS = 2000
FEW = 18
MANY = 60
KILLS = 25


def test_web_and_worker_killed_at_25_random_points_of_a_batch_of_60(tmp_path: Path, gateway: Gateway) -> None:
    bucket = gateway.bucket()
    nights = steps.write_nights(tmp_path, MANY, ROWS)
    settings = s3_settings(gateway.endpoint, gateway, bucket)
    with running(tmp_path / "site", workers=2, **settings) as site, batch_at(site) as batch:
        killer = threading.Thread(target=kill_now_and_then, args=(site,))
        killer.start()
        batch.send(nights, within_s=300)
        patient_id = batch.confirm(MANY, within_s=300)
        killer.join(300)
        assert not killer.is_alive()
        assert batch.lost(patient_id, nights, gateway, bucket) == Lost()


def kill_now_and_then(site: Site) -> None:
    luck = random.Random(20261121)
    for number in range(KILLS):
        time.sleep(luck.uniform(0.0, 2.0))
        name = ("web", "worker0", "worker1")[number % 3]
        site.kill(name)
        site.start(name)


def test_a_database_that_is_killed_in_the_middle_of_a_batch(tmp_path: Path, gateway: Gateway) -> None:
    require_real_part(missing_programs(), "postgresql")
    database, bucket = Postgres.start(), gateway.bucket()
    try:
        nights = steps.write_nights(tmp_path, FEW, ROWS)
        settings = s3_settings(gateway.endpoint, gateway, bucket) | {"DATABASE_URL": database.database()}
        with running(tmp_path / "site", workers=2, **settings) as site, batch_at(site) as batch:
            with ThreadPoolExecutor(1) as doctor:
                done = doctor.submit(lambda: (batch.send(nights), batch.confirm(FEW)))
                for _ in range(3):  # in this thread: the server ends with the thread that started it
                    time.sleep(1.5)
                    database.restart()
                _, patient_id = done.result()
            assert batch.lost(patient_id, nights, gateway, bucket) == Lost()
    finally:
        database.stop()
