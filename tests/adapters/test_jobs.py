import gc
import logging
import re
import time
from threading import Event

import pytest

from oximetry.adapters import jobs
from oximetry.adapters.jobs import HueyBell
from tests.factories import BOTH_DATABASES
from tests.parallel import together


class Worker:
    """Counts what the bell makes it do."""

    def __init__(self, due=0):
        self.due = due
        self.ran = 0
        self.renewed = Event()

    def run_one(self):
        self.ran += 1
        self.due = max(self.due - 1, 0)
        return True

    def renew_leases(self):
        self.renewed.set()

    def due_count(self):
        return self.due


@pytest.fixture(params=BOTH_DATABASES)
def queue_url(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/queue/queue.sqlite"
    return re.sub(r"\+psycopg", "", request.getfixturevalue("empty_postgres"))


@pytest.fixture
def bells():
    opened = []

    def make(url):
        opened.append(HueyBell(url))
        return opened[-1]

    yield make
    for bell in opened:
        bell.close()


def take_all(bell):
    """What the consumer does with each ring."""
    queue = bell._opened()
    taken = 0
    while (task := queue.dequeue()) is not None:
        queue.execute(task)
        taken += 1
    return taken


def nonblocking(bell):
    bell._opened().storage.blocking = False
    return bell


def test_rings_of_one_process_reach_the_worker_of_another(queue_url, bells):
    page, worker_side, worker = bells(queue_url), nonblocking(bells(queue_url)), Worker()
    worker_side._runner = worker
    page.ring(3)
    assert take_all(worker_side) == 3
    assert worker.ran == 3


def test_queue_opened_by_many_at_once_loses_no_ring(queue_url, bells):
    opened = [bells(queue_url) for _ in range(4)]
    together([lambda bell=bell: bell.ring(2) for bell in opened])
    assert nonblocking(opened[0])._opened().pending_count() == 8


def test_sweep_rings_for_what_nobody_rang_for_and_no_more(queue_url, bells):
    bell = nonblocking(bells(queue_url))
    bell._opened()
    bell._runner = Worker(due=3)
    bell._sweep()
    bell._sweep()
    assert bell._opened().pending_count() == 3
    take_all(bell)
    assert bell._runner.due == 0


def test_unreachable_queue_is_logged_without_its_address_and_raises_nothing(bells, caplog):
    with caplog.at_level(logging.WARNING):
        bells("postgresql://someone:secret@127.0.0.1:1/queue").ring(1)
        bells("redis://127.0.0.1:1/0").ring(1)
    ours = [record.getMessage() for record in caplog.records if record.name == "oximetry.adapters.jobs"]
    assert len(ours) == 2
    assert not any("secret" in message for message in ours)


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # Huey leaves its threads' connections to the collector
def test_serving_consumes_rings_renews_leases_and_sweeps(queue_url, bells, monkeypatch):
    monkeypatch.setattr(jobs, "SWEEP_S", 0.05)
    page, bell, worker = bells(queue_url), bells(queue_url), Worker(due=2)
    page.ring(1)
    consumers = []

    def run(consumer):
        consumer._set_signal_handlers = lambda: None
        consumer.start()
        consumers.append(consumer)
        give_up_at = time.monotonic() + 10
        while worker.due and time.monotonic() < give_up_at:
            time.sleep(0.01)
        consumer.stop(graceful=True)

    monkeypatch.setattr("huey.consumer.Consumer.run", run)
    bell.serve(worker, threads=2)
    assert worker.due == 0
    assert worker.ran >= 2
    assert worker.renewed.is_set()
    assert consumers
    consumers.clear()
    gc.collect()


def test_helper_goes_on_after_an_error(caplog):
    stopped, calls = Event(), []

    def act():
        calls.append(1)
        if len(calls) == 3:
            stopped.set()
        raise RuntimeError("the database is away")

    with caplog.at_level(logging.ERROR):
        jobs._every(0.001, stopped, act)
    assert len(calls) == 3
