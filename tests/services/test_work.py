from datetime import timedelta

import pytest

from oximetry.domain.errors import (
    AlreadyExists,
    InvalidRecording,
    NotFound,
    NotReady,
    ObjectMissing,
    ReadingInterrupted,
    RenderingUnavailable,
    StorageRefused,
    StorageUnavailable,
)
from oximetry.services.work import LEASE, JobRunner
from tests.factories import MovableClock
from tests.memory_store import Crash


class Workshop:
    """A runner whose one handler raises what the test says."""

    def __init__(self, catalogue):
        self.catalogue = catalogue
        self.clock = MovableClock()
        self.raises = None
        self.ran = 0
        self.told = []
        self.runner = self.another_worker()

    def another_worker(self):
        return JobRunner(self.catalogue, {"read_item": self.handle}, self.clock, self.tell)

    def handle(self, subject):
        self.ran += 1
        if self.raises is not None:
            raise self.raises

    def tell(self, job, reason):
        self.told.append((job.subject, reason))

    def submit(self, name="read_item"):
        with self.catalogue.write() as transaction:
            transaction.jobs.submit(name, "a", "ana", self.clock())

    def counts(self):
        with self.catalogue.read() as transaction:
            return transaction.jobs.counts()

    def reason(self):
        with self.catalogue.read() as transaction:
            return transaction.jobs.waiting_reasons("read_item", ["a"]).get("a")


@pytest.fixture
def workshop(catalogue):
    return Workshop(catalogue)


def test_nothing_due_is_said(workshop):
    assert not workshop.runner.run_one()
    assert workshop.runner.due_count() == 0


def test_work_is_done_once(workshop):
    workshop.submit()
    assert workshop.runner.due_count() == 1
    assert workshop.runner.run_one()
    assert not workshop.runner.run_one()
    assert (workshop.ran, workshop.counts(), workshop.told) == (1, {"done": 1}, [])


@pytest.mark.parametrize("error", [StorageUnavailable(), RenderingUnavailable(), NotReady()], ids=lambda e: e.reason)
def test_outage_postpones_with_its_reason_longer_each_time_and_never_fails(workshop, error):
    workshop.submit()
    workshop.raises = error
    for wait_s in (2, 5, 10, 20, 40, 60, 120, 300, 300, 300):
        assert workshop.runner.run_one()
        assert workshop.reason() == error.reason
        workshop.clock.move(seconds=0.79 * wait_s)
        assert not workshop.runner.run_one()
        workshop.clock.move(seconds=0.21 * wait_s)
    workshop.raises = None
    assert workshop.runner.run_one()
    assert (workshop.counts(), workshop.told) == ({"done": 1}, [])


@pytest.mark.parametrize("error", [InvalidRecording(), NotFound()], ids=lambda e: e.reason)
def test_refusal_of_the_content_fails_at_once_and_is_told(workshop, error):
    workshop.submit()
    workshop.raises = error
    workshop.runner.run_one()
    assert (workshop.told, workshop.counts()) == ([("a", error.reason)], {"failed": 1})


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (StorageRefused("storage_wrong_key"), "storage_wrong_key"),
        (ObjectMissing(), "not_found"),
        (AlreadyExists(), "already_exists"),
        (ReadingInterrupted(), "reading_interrupted"),
        (MemoryError(), "unexpected"),
        (ZeroDivisionError("a mistake of ours"), "unexpected"),
    ],
)
def test_circumstance_never_ends_a_job(workshop, error, reason):
    workshop.submit()
    workshop.raises = error
    for _ in range(100):
        assert workshop.runner.run_one()
        assert workshop.reason() == reason
        workshop.clock.move(seconds=300)
    assert (workshop.ran, workshop.told) == (100, [])
    workshop.raises = None
    assert workshop.runner.run_one()
    assert (workshop.counts(), workshop.told) == ({"done": 1}, [])


def test_job_without_a_handler_waits_for_a_version_that_has_one(workshop):
    workshop.submit("unknown_job")
    workshop.runner.run_one()
    assert (workshop.told, workshop.counts()) == ([], {"waiting": 1})


def test_killed_worker_s_job_is_done_by_the_next_one(workshop):
    workshop.submit()
    workshop.raises = Crash()
    with pytest.raises(Crash):
        workshop.runner.run_one()
    workshop.raises = None
    other = workshop.another_worker()
    assert not other.run_one()
    workshop.clock.move(seconds=21)
    assert other.run_one()
    assert workshop.counts() == {"done": 1}


def test_job_that_kills_thirteen_workers_rests_and_is_tried_again_every_hour(workshop):
    workshop.submit()
    workshop.raises = Crash()
    for _ in range(13):
        with pytest.raises(Crash):
            workshop.another_worker().run_one()
        workshop.clock.move(seconds=21)
    assert workshop.another_worker().run_one()
    assert (workshop.ran, workshop.reason(), workshop.told) == (13, "failed_repeatedly", [])
    workshop.clock.move(seconds=3599)
    assert not workshop.another_worker().run_one()
    workshop.clock.move(seconds=1)
    workshop.raises = None
    assert workshop.another_worker().run_one()
    assert (workshop.ran, workshop.counts()) == (14, {"done": 1})


def test_failure_of_something_that_is_gone_ends_all_the_same(workshop):
    def nobody_to_tell(job, reason):
        raise NotFound

    workshop.submit()
    workshop.raises = NotFound()
    workshop.tell = nobody_to_tell
    workshop.another_worker().run_one()
    assert workshop.counts() == {"failed": 1}


def test_failure_that_could_not_be_told_now_is_told_later(workshop):
    def database_away(job, reason):
        raise ConnectionError

    workshop.submit()
    workshop.raises = InvalidRecording()
    workshop.tell = database_away
    with pytest.raises(ConnectionError):
        workshop.another_worker().run_one()
    workshop.clock.move(seconds=21)
    assert workshop.runner.run_one()
    assert workshop.told == [("a", "not_a_recording")]


def test_lease_is_kept_while_the_work_lasts_and_not_longer(workshop):
    def long_work(_subject):
        for _ in range(5):
            workshop.clock.move(seconds=LEASE.total_seconds() - 1)
            runner.renew_leases()
            assert not workshop.another_worker().run_one()

    runner = JobRunner(workshop.catalogue, {"read_item": long_work}, workshop.clock, workshop.tell)
    workshop.submit()
    assert runner.run_one()
    assert (workshop.counts(), workshop.told) == ({"done": 1}, [])
    assert runner._running == set()


def test_stalled_worker_does_not_end_the_run_of_the_one_that_took_over(workshop):
    other = workshop.another_worker()
    seen = []

    def stalls(_subject):
        workshop.clock.move(seconds=21)
        with workshop.catalogue.write() as transaction:
            seen.append(transaction.jobs.claim("other", workshop.clock(), LEASE))

    runner = JobRunner(workshop.catalogue, {"read_item": stalls}, workshop.clock, workshop.tell)
    workshop.submit()
    runner.run_one()
    assert seen[0].crashes == 1
    assert workshop.counts() == {"running": 1}
    workshop.clock.now += timedelta(seconds=21)
    assert other.run_one()
    assert workshop.counts() == {"done": 1}
