"""The hands of a worker: woken by the database itself, on SQLite and PostgreSQL."""

from contextlib import contextmanager, suppress
from threading import Event, Thread

import pytest

from oximetry.adapters.catalogue.catalogue import Catalogue, utc_now
from oximetry.domain.errors import CatalogueUnavailable
from oximetry.services.operations import hands as hands_module
from oximetry.services.operations.hands import Hands
from oximetry.services.work import JobRunner

PATIENCE_S = 30


class SilentEar:
    """Hears nothing, ever."""

    def listen(self, stopped, wake):
        stopped.wait()


class Runner:
    """Counts; has nothing to do unless told."""

    def __init__(self):
        self.looked = 0
        self.renewed = Event()
        self.raises = []
        self.seen = Event()

    def run_one(self):
        self.looked += 1
        if self.raises:
            raise self.raises.pop()
        self.seen.set()
        return False

    def renew_leases(self):
        self.renewed.set()


@contextmanager
def served(hands, threads=2):
    stopped = Event()
    serving = Thread(target=hands.serve, args=(threads, stopped))
    serving.start()
    try:
        yield
    finally:
        stopped.set()
        serving.join(PATIENCE_S)
        assert not serving.is_alive()


@pytest.fixture
def deaf_for_long(monkeypatch):
    """Hands do not look by themselves: whatever is done was heard."""
    monkeypatch.setattr(hands_module, "LOOK_S", 3600.0)


def test_work_of_another_process_is_heard_and_done(catalogue, database_url, deaf_for_long):
    done = {f"{number}": Event() for number in range(20)}
    first = Event()

    def handle(subject):
        if subject == "first":
            first.set()
        else:
            done[subject].set()

    page = Catalogue(database_url)
    runner = JobRunner(catalogue, {"read_item": handle}, utc_now, lambda _job, _reason: None)
    with page.write() as transaction:
        transaction.jobs.submit("read_item", "first", "ana", utc_now())
    with served(Hands(runner, catalogue.ear())):
        assert first.wait(PATIENCE_S)
        for subject in done:
            with page.write() as transaction:
                transaction.jobs.submit("read_item", subject, "ana", utc_now())
        assert all(event.wait(PATIENCE_S) for event in done.values())
    page.dispose()


def test_work_of_a_transaction_that_is_rolled_back_is_not_done(catalogue, deaf_for_long):
    ran = []
    marker = Event()

    def handle(subject):
        ran.append(subject)
        marker.set()

    runner = JobRunner(catalogue, {"read_item": handle}, utc_now, lambda _job, _reason: None)
    with served(Hands(runner, catalogue.ear())):
        with suppress(ZeroDivisionError), catalogue.write() as transaction:
            transaction.jobs.submit("read_item", "gone", "ana", utc_now())
            raise ZeroDivisionError
        with catalogue.write() as transaction:
            transaction.jobs.submit("read_item", "kept", "ana", utc_now())
        assert marker.wait(PATIENCE_S)
    assert ran == ["kept"]


def test_deaf_hands_look_by_themselves(catalogue, monkeypatch):
    monkeypatch.setattr(hands_module, "LOOK_S", 0.05)
    done = Event()
    runner = JobRunner(catalogue, {"read_item": lambda _subject: done.set()}, utc_now, lambda _job, _reason: None)
    with served(Hands(runner, SilentEar())):
        with catalogue.write() as transaction:
            transaction.jobs.submit("read_item", "a", "ana", utc_now())
        assert done.wait(PATIENCE_S)


def test_hands_look_every_five_seconds_at_most_and_leases_outlive_four_renewals():
    assert hands_module.LOOK_S <= 5
    assert hands_module.RENEW_S * 3 < 14
    assert hands_module.LOOK_S + 14 < 20


@pytest.mark.parametrize("error", [CatalogueUnavailable(), RuntimeError("?")], ids=["outage", "bug"])
def test_an_error_ends_no_hand(error, monkeypatch):
    monkeypatch.setattr(hands_module, "REST_S", 0.01)
    monkeypatch.setattr(hands_module, "LOOK_S", 0.01)
    runner = Runner()
    runner.raises = [error, error, error]
    with served(Hands(runner, SilentEar()), threads=1):
        assert runner.seen.wait(PATIENCE_S)
        assert runner.renewed.wait(PATIENCE_S)
    assert runner.looked >= 4


def test_a_call_between_looking_and_sleeping_is_not_slept_through(deaf_for_long):
    class CalledWhileLooking(Runner):
        """New work comes at the very moment when the hand has just found none."""

        def run_one(self):
            super().run_one()
            if self.looked == 1:
                hands.wake()
            else:
                again.set()
            return False

    again = Event()
    hands = Hands(CalledWhileLooking(), SilentEar())
    with served(hands, threads=1):
        assert again.wait(PATIENCE_S)
