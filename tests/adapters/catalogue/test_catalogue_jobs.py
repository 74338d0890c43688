from contextlib import suppress
from datetime import datetime, timedelta
from itertools import chain

from oximetry.domain.records import Job
from tests.parallel import together

NOW = datetime(2026, 3, 1, 8, 0, 0)
LEASE = timedelta(seconds=20)


def submit(catalogue, name, subject, now=NOW):
    with catalogue.write() as transaction:
        transaction.jobs.submit(name, subject, now)


def claim(catalogue, worker="w1", now=NOW):
    with catalogue.write() as transaction:
        return transaction.jobs.claim(worker, now, LEASE)


def finish(catalogue, job, reason=None):
    with catalogue.write() as transaction:
        transaction.jobs.finish(job, NOW, reason)


def counts(catalogue):
    with catalogue.read() as transaction:
        return transaction.jobs.counts()


def test_urgent_work_is_taken_first_and_older_work_before_younger(catalogue):
    submit(catalogue, "render_plot", "night:en")
    submit(catalogue, "render_plot", "night:ro")
    submit(catalogue, "expunge", "2026-03-01")
    submit(catalogue, "store_item", "a")
    submit(catalogue, "read_item", "late", NOW + timedelta(seconds=1))
    submit(catalogue, "read_item", "early")
    later = NOW + timedelta(seconds=2)
    taken = [claim(catalogue, now=later) for _ in range(6)]
    assert [(job.name, job.subject) for job in taken] == [
        ("read_item", "early"),
        ("read_item", "late"),
        ("store_item", "a"),
        ("render_plot", "night:ro"),
        ("render_plot", "night:en"),
        ("expunge", "2026-03-01"),
    ]
    assert claim(catalogue, now=later) is None


def test_second_request_for_waiting_work_is_the_same_request(catalogue):
    submit(catalogue, "read_item", "a")
    submit(catalogue, "read_item", "a")
    assert counts(catalogue) == {"waiting": 1}


def test_parallel_requests_for_the_same_work_are_one(catalogue):
    outcomes = together([lambda: submit(catalogue, "read_item", "a")] * 6)
    assert outcomes == [None] * 6
    assert counts(catalogue) == {"waiting": 1}


def test_bell_rings_once_for_each_new_job_and_only_after_the_commit(catalogue):
    with catalogue.write() as transaction:
        transaction.jobs.submit("read_item", "a", NOW)
        transaction.jobs.submit("read_item", "a", NOW)
        transaction.jobs.submit("read_item", "b", NOW)
        assert catalogue._bell.rung == 0
    assert catalogue._bell.rung == 2
    with suppress(ZeroDivisionError), catalogue.write() as transaction:
        transaction.jobs.submit("read_item", "c", NOW)
        raise ZeroDivisionError
    assert catalogue._bell.rung == 2


def test_request_during_a_run_is_done_behind_it(catalogue):
    submit(catalogue, "move_night", "n")
    running = claim(catalogue)
    submit(catalogue, "move_night", "n")
    assert claim(catalogue, "w2") is None
    rung = catalogue._bell.rung
    finish(catalogue, running)
    assert catalogue._bell.rung == rung + 1
    again = claim(catalogue, "w2")
    assert (again.id, again.crashes) == (running.id, 0)
    finish(catalogue, again)
    assert counts(catalogue) == {"done": 1}


def test_request_during_a_failing_run_is_done_behind_it(catalogue):
    submit(catalogue, "move_night", "n")
    running = claim(catalogue)
    submit(catalogue, "move_night", "n")
    finish(catalogue, running, "storage_refused")
    assert counts(catalogue) == {"waiting": 1}


def test_done_work_can_be_asked_for_again(catalogue):
    submit(catalogue, "render_plot", "n:ro")
    finish(catalogue, claim(catalogue))
    submit(catalogue, "render_plot", "n:ro")
    assert counts(catalogue) == {"done": 1, "waiting": 1}


def test_parallel_workers_never_take_the_same_job(catalogue):
    for number in range(24):
        submit(catalogue, "read_item", f"{number:02}")

    def worker(name):
        taken = []
        while (job := claim(catalogue, name)) is not None:
            taken.append(job.subject)
        return taken

    outcomes = together([lambda name=name: worker(name) for name in ("w1", "w2", "w3", "w4")])
    assert sorted(chain.from_iterable(outcomes)) == [f"{number:02}" for number in range(24)]


def test_job_of_a_living_worker_is_not_taken_until_its_lease_is_over(catalogue):
    submit(catalogue, "read_item", "a")
    first = claim(catalogue)
    assert claim(catalogue, "w2", NOW + LEASE) is None
    second = claim(catalogue, "w2", NOW + LEASE + timedelta(seconds=1))
    assert second == Job(first.id, "read_item", "a", attempts=2, crashes=1, was_abandoned=True)


def test_renewed_lease_keeps_the_job(catalogue):
    submit(catalogue, "read_item", "a")
    job = claim(catalogue)
    with catalogue.write() as transaction:
        transaction.jobs.renew("w1", [job.id], NOW + 3 * LEASE)
    assert claim(catalogue, "w2", NOW + 2 * LEASE) is None


def test_worker_cannot_renew_what_another_took_over(catalogue):
    submit(catalogue, "read_item", "a")
    job = claim(catalogue)
    claim(catalogue, "w2", NOW + 2 * LEASE)
    with catalogue.write() as transaction:
        transaction.jobs.renew("w1", [job.id], NOW + 9 * LEASE)
    assert claim(catalogue, "w3", NOW + 4 * LEASE).crashes == 2


def test_stalled_worker_cannot_end_or_postpone_what_another_took_over(catalogue):
    submit(catalogue, "read_item", "a")
    stalled = claim(catalogue)
    running = claim(catalogue, "w2", NOW + 2 * LEASE)
    finish(catalogue, stalled, "unexpected")
    with catalogue.write() as transaction:
        transaction.jobs.postpone(stalled, NOW, "storage_unavailable")
    assert counts(catalogue) == {"running": 1}
    finish(catalogue, running)
    with catalogue.write() as transaction:
        transaction.jobs.postpone(stalled, NOW, "storage_unavailable")
    assert counts(catalogue) == {"done": 1}


def test_postponed_job_waits_with_its_reason_and_is_no_crash(catalogue):
    submit(catalogue, "store_item", "a")
    with catalogue.write() as transaction:
        job = transaction.jobs.claim("w1", NOW, LEASE)
        transaction.jobs.postpone(job, NOW + timedelta(seconds=5), "storage_unavailable")
    with catalogue.read() as transaction:
        assert transaction.jobs.waiting_reasons("store_item", ["a", "b"]) == {"a": "storage_unavailable"}
        assert transaction.jobs.due_count(NOW + timedelta(seconds=4)) == 0
        assert transaction.jobs.due_count(NOW + timedelta(seconds=5)) == 1
    again = claim(catalogue, now=NOW + timedelta(seconds=5))
    assert (again.attempts, again.crashes) == (2, 0)


def test_failed_job_keeps_its_reason_and_is_not_taken_again(catalogue):
    submit(catalogue, "store_item", "a")
    finish(catalogue, claim(catalogue), "storage_refused")
    assert counts(catalogue) == {"failed": 1}
    assert claim(catalogue, now=NOW + 100 * LEASE) is None


def test_periodic_work_is_known_after_it_was_done(catalogue):
    submit(catalogue, "expunge", "2026-03-01")
    finish(catalogue, claim(catalogue))
    with catalogue.read() as transaction:
        assert transaction.jobs.submitted_before("expunge", "2026-03-01")
        assert not transaction.jobs.submitted_before("expunge", "2026-03-02")


def test_heartbeat_shows_the_last_sign_of_life(catalogue):
    with catalogue.write() as transaction:
        assert transaction.heartbeats.last("worker") is None
        transaction.heartbeats.beat("worker", NOW, True)
        transaction.heartbeats.beat("worker", NOW + timedelta(seconds=5), False, reason="no_browser")
        assert transaction.heartbeats.last("worker") == (NOW + timedelta(seconds=5), False)


def test_parallel_first_heartbeats_do_no_harm(catalogue):
    def beat():
        with catalogue.write() as transaction:
            transaction.heartbeats.beat("worker", NOW, True)

    assert together([beat] * 4) == [None] * 4
