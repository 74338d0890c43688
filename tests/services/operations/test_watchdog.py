from threading import Event

from oximetry.services.operations import watchdog as watchdog_module
from oximetry.services.operations.watchdog import Watchdog


class Seconds:
    """A clock that is moved by hand."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def test_silence_is_counted_from_the_last_sign():
    clock = Seconds()
    watchdog = Watchdog(60, lambda: None, clock)
    clock.now += 60
    assert not watchdog.is_too_late()
    watchdog.note()
    clock.now += 60
    assert not watchdog.is_too_late()
    clock.now += 1
    assert watchdog.is_too_late()


def test_a_silent_process_is_ended_once(monkeypatch):
    monkeypatch.setattr(watchdog_module, "LOOK_S", 0.01)
    clock, ended, calls = Seconds(), Event(), []

    def end():
        calls.append(1)
        ended.set()

    watchdog = Watchdog(60, end, clock)
    with watchdog.watching():
        clock.now += 61
        assert ended.wait(30)
    assert calls == [1]


def test_a_living_process_is_left_alone(monkeypatch):
    monkeypatch.setattr(watchdog_module, "LOOK_S", 0.001)
    clock, calls, looked = Seconds(), [], Event()

    class Looking(Watchdog):
        """Tells that it looked."""

        def is_too_late(self):
            looked.set()
            return super().is_too_late()

    watchdog = Looking(60, lambda: calls.append(1), clock)
    with watchdog.watching():
        assert looked.wait(30)
    assert calls == []
