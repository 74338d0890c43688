"""Five failures within thirty seconds open it; ten seconds later one caller tries for all."""

from __future__ import annotations

from oximetry.services.storage.breaker import Breaker


def opened() -> Breaker:
    breaker = Breaker()
    assert [breaker.failed(at) for at in (0, 5, 10, 15, 20)] == [False] * 4 + [True]
    return breaker


def test_it_opens_at_the_fifth_failure_and_lets_nobody_through() -> None:
    breaker = opened()
    assert breaker.is_open
    assert not breaker.allows(20)
    assert not breaker.allows(29.9)


def test_five_failures_over_a_longer_time_leave_it_closed() -> None:
    breaker = Breaker()
    assert not any(breaker.failed(at) for at in (0, 8, 16, 24, 31))
    assert breaker.allows(31)
    assert not breaker.is_open
    assert breaker.failed(32)  # 8, 16, 24, 31 and 32


def test_a_success_between_counts_from_the_start_again() -> None:
    breaker = Breaker()
    for at in range(4):
        breaker.failed(at)
    assert not breaker.succeeded()
    assert not any(breaker.failed(at) for at in range(4, 8))
    assert breaker.failed(8)


def test_after_ten_seconds_one_caller_tries_and_its_luck_decides() -> None:
    breaker = opened()
    assert breaker.allows(30)
    assert not breaker.allows(30)
    assert not breaker.allows(39.9)
    assert not breaker.failed(33)
    assert not breaker.allows(42.9)
    assert breaker.allows(43)
    assert breaker.is_open
    assert breaker.succeeded()
    assert not breaker.is_open
    assert breaker.allows(44)
    assert breaker.allows(44)


def test_a_caller_that_never_tells_does_not_keep_it_open_for_ever() -> None:
    breaker = opened()
    assert breaker.allows(30)
    assert breaker.allows(40)
