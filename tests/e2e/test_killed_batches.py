"""Web, workers and database killed while a batch comes in and is stored: the count of what was lost is zero."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.e2e import steps
from tests.e2e.faults import Lost, batch_at, s3_settings
from tests.e2e.killer import killed_on_the_way
from tests.e2e.live import running, wait_until
from tests.postgres import Postgres, missing_programs
from tests.real_parts import require_real_part
from tests.storage.gateway import Gateway

pytestmark = [pytest.mark.gateway, pytest.mark.timeout(600)]

ROWS = 2000
FEW = 18
SHORT, LONG = (12, 5), (60, 25)  # nights and kills
DATABASE_KILLS = 3


def test_web_and_workers_killed_at_random_points_of_a_batch(tmp_path: Path, gateway: Gateway, long_run: bool) -> None:
    bucket = gateway.bucket()
    count, kills = LONG if long_run else SHORT
    nights = steps.write_nights(tmp_path, count, ROWS)
    settings = s3_settings(gateway.endpoint, gateway, bucket)
    with running(tmp_path / "site", workers=2, **settings) as site, batch_at(site) as batch:
        with killed_on_the_way(site, ("web", "worker0", "worker1"), batch.progress, 3 * count, kills):
            batch.send(nights, within_s=300)
            patient_id = batch.confirm(count, within_s=300)
        assert batch.lost(patient_id, nights, gateway, bucket) == Lost()


def test_a_database_that_is_killed_in_the_middle_of_a_batch(tmp_path: Path, gateway: Gateway) -> None:
    require_real_part(missing_programs(), "postgresql")
    database, bucket = Postgres.start(), gateway.bucket()
    try:
        nights = steps.write_nights(tmp_path, FEW, ROWS)
        settings = s3_settings(gateway.endpoint, gateway, bucket) | {"DATABASE_URL": database.database()}
        with running(tmp_path / "site", workers=2, **settings) as site, batch_at(site) as batch:
            with ThreadPoolExecutor(1) as doctor:
                work = doctor.submit(lambda: (batch.send(nights), batch.confirm(FEW)))
                for kill in range(DATABASE_KILLS):  # in this thread: the server ends with the thread that started it
                    wait_until(lambda at=kill: work.done() or batch.progress() > at * FEW, within_s=300)
                    database.restart()
                _, patient_id = work.result()
            assert batch.lost(patient_id, nights, gateway, bucket) == Lost()
    finally:
        database.stop()
