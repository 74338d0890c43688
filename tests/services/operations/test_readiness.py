"""A worker that is silent is not taken for one that works."""

import pytest


@pytest.mark.parametrize(("silent_s", "queue"), [(0, "ok"), (59, "ok"), (60, "no_worker"), (6000, "no_worker")])
def test_a_worker_that_was_not_heard_for_a_minute_is_none(clinic, silent_s, queue):
    clinic.readiness.beat()
    clinic.clock.move(seconds=silent_s)
    looked = clinic.readiness.look()
    assert (looked.queue, looked.status == "down") == (queue, queue == "no_worker")


def test_a_worker_that_was_never_heard_is_none(clinic):
    assert clinic.readiness.look().queue == "no_worker"
