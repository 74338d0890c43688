"""An outage loses nothing: bytes wait in the database under their final key, are read from there, and are handed on."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import timedelta

import pytest

from oximetry.domain.errors import AlreadyExists, NotFound, StorageRefused, StorageUnavailable
from oximetry.domain.records import Job
from oximetry.services.storage.breaker import Breaker
from oximetry.services.storage.outbox import ARCHIVE, OutboxLimits, OutboxStore
from oximetry.services.work import JobRunner
from tests.factories import Clinic
from tests.memory_store import Crash, MemoryStore, crash

KEY = "6d1b0000-0000-4000-8000-000000000000/csvs/20251015203510_0331_0a1b2c3d.csv"
CSV = "text/csv; charset=utf-8"


class World:
    """An outbox between a store that fails on demand and a real database."""

    def __init__(self, clinic: Clinic, limits: OutboxLimits | None = None) -> None:
        self.clinic, self.catalogue, self.clock = clinic, clinic.catalogue, clinic.clock
        self.remote = MemoryStore()
        self.now_s = 0.0
        limits = limits or OutboxLimits(1000, 2500)
        self.breaker = Breaker()
        self.store = OutboxStore(self.remote, self.breaker, lambda: self.now_s, self.catalogue, self.clock, limits)
        self.failed: list[str] = []
        handlers: dict[str, Callable[[str], None]] = {ARCHIVE: self.store.archive}
        self.runner = JobRunner(self.catalogue, handlers, self.clock, self._tell)

    def _tell(self, job: Job, reason: str) -> None:
        self.failed.append(reason)

    def put(self, key: str = KEY, content: bytes = b"SpO2") -> None:
        self.store.put(key, content, content_type=CSV, filename="night.csv")

    def work(self) -> None:
        while self.runner.run_one():
            pass

    @property
    def waiting(self) -> int:
        with self.catalogue.read() as transaction:
            return transaction.outbox.totals().count


@pytest.fixture
def world(both_clinics: Clinic) -> World:
    return World(both_clinics)


def test_a_store_that_answers_gets_the_object_and_the_outbox_nothing(world: World) -> None:
    world.put()
    assert (world.remote.objects, world.waiting) == ({KEY: b"SpO2"}, 0)


def test_an_outage_keeps_the_object_and_reads_find_it(world: World) -> None:
    world.remote.failure = StorageUnavailable()
    stored = world.store.put(KEY, b"SpO2", content_type=CSV, filename="night.csv")
    assert (stored.key, stored.size, stored.etag) == (KEY, 4, hashlib.md5(b"SpO2").hexdigest())
    assert world.store.get(KEY) == b"SpO2"
    assert world.store.stat(KEY) == stored
    assert world.waiting == 1


def test_the_worker_hands_it_on_when_the_store_is_back(world: World) -> None:
    world.remote.failure = StorageUnavailable()
    world.put()
    world.work()
    world.remote.failure = None
    world.clock.move(seconds=3)
    world.work()
    assert (world.remote.objects, world.waiting, world.failed) == ({KEY: b"SpO2"}, 0, [])
    assert world.store.get(KEY) == b"SpO2"


def test_one_that_gets_through_lets_the_others_follow_at_once(world: World) -> None:
    world.remote.failure = StorageUnavailable()
    for number in range(4):
        world.put(f"{KEY[:-4]}{number}.csv")
    for _ in range(6):
        world.work()
        world.now_s += 60
        world.clock.move(seconds=60)
    world.remote.failure = None
    world.clock.move(seconds=301)
    world.runner.run_one()
    world.work()
    assert (len(world.remote.objects), world.waiting) == (4, 0)


def test_a_store_that_is_found_back_is_not_waited_for(world: World) -> None:
    world.remote.failure = StorageUnavailable()
    world.put()
    world.work()
    with pytest.raises(StorageUnavailable):
        world.store.look_again()
    world.remote.failure = None
    world.store.look_again()
    world.work()
    assert world.waiting == 0


def test_a_refusal_is_told_and_never_kept(world: World) -> None:
    world.remote.failure = StorageRefused("storage_wrong_key")
    with pytest.raises(StorageRefused):
        world.put()
    assert world.waiting == 0


def test_a_refusal_met_while_handing_on_keeps_the_object_until_it_is_mended(world: World) -> None:
    world.remote.failure = StorageUnavailable()
    world.put()
    world.remote.failure = StorageRefused("storage_wrong_key")
    world.work()
    assert (world.waiting, world.failed) == (1, [])
    world.remote.failure = None
    world.clock.move(seconds=10)
    world.work()
    assert world.remote.objects == {KEY: b"SpO2"}


@pytest.mark.parametrize(("sizes", "kept"), [((1001,), 0), ((1000, 1000, 501), 2), ((1000, 1000, 500), 3)])
def test_a_full_outbox_says_so_and_keeps_what_it_has(world: World, sizes: tuple[int, ...], kept: int) -> None:
    world.remote.failure = StorageUnavailable()
    reasons = []
    for number, size in enumerate(sizes):
        try:
            world.put(f"{KEY}{number}", b"a" * size)
        except StorageUnavailable as error:
            reasons.append(error.reason)
    assert (world.waiting, reasons) == (kept, ["outbox_full"] * (len(sizes) - kept))


def test_the_same_bytes_again_are_one_object_and_others_are_refused(world: World) -> None:
    world.remote.failure = StorageUnavailable()
    world.put()
    world.put()
    with pytest.raises(AlreadyExists):
        world.put(content=b"other")
    assert world.waiting == 1
    assert world.store.get(KEY) == b"SpO2"


def test_what_is_deleted_while_it_waits_is_gone_for_good(world: World) -> None:
    world.remote.failure = StorageUnavailable()
    world.put()
    with pytest.raises(StorageUnavailable):
        world.store.delete(KEY)
    world.remote.failure = None
    world.store.delete(KEY)
    world.work()
    assert world.remote.objects == {}
    with pytest.raises(NotFound):
        world.store.get(KEY)


def test_what_is_deleted_while_it_is_handed_on_is_removed_there(world: World) -> None:
    world.remote.failure = StorageUnavailable()
    world.put()
    world.remote.failure = None

    def delete_now(_key: str) -> None:
        world.remote.after.clear()
        with world.catalogue.write() as transaction:
            transaction.outbox.remove(KEY)

    world.remote.after["put"] = delete_now
    world.work()
    assert (world.remote.objects, world.waiting) == ({}, 0)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_worker_that_dies_while_handing_on_loses_nothing(world: World, moment: str) -> None:
    world.remote.failure = StorageUnavailable()
    world.put()
    world.remote.failure = None
    getattr(world.remote, moment)["put"] = crash
    with pytest.raises(Crash):
        world.runner.run_one()
    getattr(world.remote, moment).clear()
    assert world.store.get(KEY) == b"SpO2"
    world.clock.move(seconds=30)
    world.work()
    assert (world.remote.objects, world.waiting) == ({KEY: b"SpO2"}, 0)


def test_five_failures_open_the_way_to_our_own_page_and_spare_the_store(world: World) -> None:
    world.remote.failure = StorageUnavailable()
    for number in range(5):
        world.put(f"{KEY}{number}")
    calls: list[str] = []
    world.remote.before["put"] = calls.append
    world.put(f"{KEY}5")
    assert (calls, world.waiting, world.store.is_away) == ([], 6, True)
    with pytest.raises(StorageUnavailable):
        world.store.url(KEY, expires_s=60, filename="night.csv", content_type=CSV)
    world.remote.failure, world.now_s = None, 11.0
    world.put(f"{KEY}6")
    assert (len(calls), world.store.is_away) == (1, False)
    assert world.store.url(KEY, expires_s=60, filename="night.csv", content_type=CSV)


def test_a_second_run_whose_lease_was_lost_deletes_nothing(world: World) -> None:
    world.remote.failure = StorageUnavailable()
    world.put()
    world.remote.failure = None
    with world.catalogue.write() as transaction:
        values = {"content_type": CSV, "size": 4, "sha256": "0" * 64, "reference_type": "patient", "reference_id": "p"}
        transaction.files.add({"key": KEY, **values, "created_by": None}, world.clock())
        job = transaction.jobs.claim("a worker", world.clock(), timedelta(seconds=20))
    assert job is not None

    def another_run(_key: str) -> None:
        world.remote.after.clear()
        world.store.archive(job.subject)

    world.remote.after["put"] = another_run
    world.store.archive(job.subject)
    assert (world.remote.objects, world.waiting) == ({KEY: b"SpO2"}, 0)


def test_what_a_job_gave_up_is_asked_for_again(world: World) -> None:
    world.remote.failure = StorageUnavailable()
    world.put()
    world.remote.failure = None
    with world.catalogue.write() as transaction:
        job = transaction.jobs.claim("a worker", world.clock(), timedelta(seconds=20))
        assert job is not None
        transaction.jobs.finish(job, world.clock(), "failed_repeatedly")
    world.store.ask_again()
    world.work()
    assert world.waiting == 0
