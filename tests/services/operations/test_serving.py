from threading import Event

import pytest

from oximetry.services.operations import serving
from oximetry.services.operations.serving import ServingCheck


class Seconds:
    """A clock that is moved by hand."""

    def __init__(self):
        self.now = 50.0

    def __call__(self):
        return self.now


@pytest.mark.parametrize("alive", [True, False])
def test_a_process_serves_when_its_database_answers(alive):
    assert ServingCheck(lambda: alive).can_serve() is alive


def test_the_database_is_asked_once_a_second_whoever_wants_to_know():
    clock, asked = Seconds(), []
    check = ServingCheck(lambda: asked.append(1) or True, clock)
    assert all(check.can_serve() for _ in range(10))
    assert len(asked) == 1
    clock.now += serving.ASKED_EVERY_S
    assert check.can_serve()
    assert len(asked) == 2


def test_nobody_waits_for_a_database_that_is_silent_and_it_is_asked_by_one_thread_only(monkeypatch):
    monkeypatch.setattr(serving, "ANSWER_S", 0.05)
    speaks, asked = Event(), []

    def silent():
        asked.append(1)
        return speaks.wait(30)

    check = ServingCheck(silent)
    assert not check.can_serve()
    assert not check.can_serve()
    assert len(asked) == 1
    speaks.set()
    assert check._answered.wait(30)
    assert check.can_serve()
