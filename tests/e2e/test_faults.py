"""Real processes, a real store, and what goes wrong with it: after each fault the count of what was lost is zero."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from oximetry.domain.records import ItemState
from tests.e2e import steps
from tests.e2e.faults import Lost, batch_at, s3_settings
from tests.e2e.live import ROOT, Site, running, wait_until
from tests.storage.front import Front, front_of, refusal
from tests.storage.gateway import Gateway
from tests.storage.scripted_server import Answer, Request

pytestmark = [pytest.mark.gateway, pytest.mark.timeout(600)]

FAULTS = pytest.mark.faults
ROWS = 2000
FEW = 6
SKEWED = """
import datetime, botocore.auth, botocore.compat
_now = botocore.compat.get_current_datetime
def _late(*args, **kwargs):
    return _now(*args, **kwargs) - datetime.timedelta(minutes=20)
botocore.compat.get_current_datetime = botocore.auth.get_current_datetime = _late
"""


def now_and_then(chance: float, statuses: tuple[int, ...]) -> Callable[[Request], Answer | None]:
    luck, lock = random.Random(20261121), threading.Lock()

    def rule(_request: Request) -> Answer | None:
        with lock:
            unlucky, status = luck.random() < chance, luck.choice(statuses)
        return refusal(status, "InternalError" if status == 500 else "SlowDown") if unlucky else None

    return rule


def full(request: Request) -> Answer | None:
    return refusal(403, "QuotaExceeded") if request.method == "PUT" else None


@contextmanager
def hung(gateway: Gateway) -> Iterator[None]:
    gateway.pause()
    yield
    gateway.resume()


@contextmanager
def killed(gateway: Gateway) -> Iterator[None]:
    gateway.kill()
    yield
    gateway.revive()


@pytest.mark.parametrize("fault", [killed, pytest.param(hung, marks=FAULTS)])
def test_a_store_that_hangs_or_dies_while_files_come_in_and_are_stored(
    tmp_path: Path, own_gateway: Gateway, fault: Callable[[Gateway], object]
) -> None:
    bucket = own_gateway.bucket()
    nights = steps.write_nights(tmp_path, FEW, ROWS)
    with (
        running(tmp_path / "site", workers=2, **s3_settings(own_gateway.endpoint, own_gateway, bucket)) as site,
        batch_at(site) as batch,
    ):
        batch.send(nights[:2])
        with fault(own_gateway):
            assert batch.send(nights[2:]) == []  # taken at the first try: kept in the outbox
            batch.wait_for(ItemState.READ, FEW - 2)
        patient_id = batch.confirm(FEW)
        with fault(own_gateway):
            wait_until(lambda: batch.services.readiness.look().storage == "down", within_s=60, every_s=0.5)
        assert batch.lost(patient_id, nights, own_gateway, bucket) == Lost()


@pytest.mark.parametrize("fault", ["bursts", pytest.param("slow", marks=FAULTS), pytest.param("full", marks=FAULTS)])
def test_a_store_with_bursts_of_errors_or_a_long_way_or_no_room(tmp_path: Path, gateway: Gateway, fault: str) -> None:
    bucket = gateway.bucket()
    nights = steps.write_nights(tmp_path, FEW, ROWS)
    with (
        front_of(gateway.endpoint) as front,
        running(tmp_path / "site", workers=2, **s3_settings(front.endpoint, gateway, bucket)) as site,
        batch_at(site) as batch,
    ):
        begin(front, fault)
        assert batch.send(nights) == []
        patient_id = batch.confirm(FEW)
        front.rules, front.delay_s = [], 0.0
        assert batch.lost(patient_id, nights, gateway, bucket) == Lost()


def begin(front: Front, fault: str) -> None:
    if fault == "slow":
        front.delay_s = 0.04
    else:
        front.rules.append(full if fault == "full" else now_and_then(0.3, (500, 503)))


@pytest.mark.parametrize(
    ("fault", "reason"),
    [("secret", "storage_wrong_key"), pytest.param("clock", "storage_clock_skew", marks=FAULTS)],
)
def test_a_wrong_secret_or_clock_is_told_and_nothing_is_kept_until_it_is_mended(
    tmp_path: Path, gateway: Gateway, fault: str, reason: str
) -> None:
    bucket = gateway.bucket()
    nights = steps.write_nights(tmp_path, FEW, ROWS)
    with (
        running(tmp_path / "site", **s3_settings(gateway.endpoint, gateway, bucket)) as site,
        batch_at(site) as batch,
    ):
        restart(site, **wrong(fault, tmp_path))
        status, answer = batch.post(nights[0])
        assert (status, answer["reason"]) == (503, reason)
        assert batch.services.readiness.storage().pending == 0
        restart(site, **s3_settings(gateway.endpoint, gateway, bucket), PYTHONPATH=str(ROOT))
        batch.send(nights)
        patient_id = batch.confirm(FEW)
        assert batch.lost(patient_id, nights, gateway, bucket) == Lost()


def wrong(fault: str, folder: Path) -> dict[str, str]:
    if fault == "secret":
        return {"S3_SECRET_ACCESS_KEY": "wrong"}
    (folder / "skewed").mkdir()
    (folder / "skewed" / "sitecustomize.py").write_text(SKEWED)
    return {"PYTHONPATH": f"{folder / 'skewed'}:{ROOT}"}


def restart(site: Site, **settings: str) -> None:
    site.stop()
    site.settings.update(settings)
    site.start("web")
    site.start("worker0")
    wait_until(lambda: site.answers() == 200, 60)
