from datetime import datetime, timedelta
from itertools import chain

import pytest

from oximetry.domain.records import Job
from tests.parallel import together

NOW = datetime(2026, 3, 1, 8, 0, 0)
LEASE = timedelta(seconds=20)


def submit(catalogue, name, subject, now=NOW, owner="ana"):
    with catalogue.write() as transaction:
        transaction.jobs.submit(name, subject, owner, now)


def claim(catalogue, worker="w1", now=NOW):
    with catalogue.write() as transaction:
        return transaction.jobs.claim(worker, now, LEASE)


def finish(catalogue, job, reason=None):
    with catalogue.write() as transaction:
        transaction.jobs.finish(job, NOW, reason)


def counts(catalogue):
    with catalogue.read() as transaction:
        return transaction.jobs.counts()


def taken_subjects(catalogue, count, now=NOW + timedelta(seconds=2)):
    """What one worker takes, one job after the other, each done before the next."""
    subjects = []
    for _ in range(count):
        job = claim(catalogue, now=now)
        subjects.append(job.subject)
        finish(catalogue, job)
    return subjects


def test_what_somebody_waits_for_is_taken_before_what_nobody_waits_for(catalogue):
    submit(catalogue, "expunge", "2026-03-01")
    submit(catalogue, "render_plot", "night:en")
    submit(catalogue, "render_plot", "night:ro")
    submit(catalogue, "read_item", "early")
    submit(catalogue, "read_item", "late", NOW + timedelta(seconds=1))
    assert taken_subjects(catalogue, 3) == ["night:ro", "early", "late"]
    assert set(taken_subjects(catalogue, 2)) == {"2026-03-01", "night:en"}
    assert claim(catalogue, now=NOW + timedelta(seconds=2)) is None


def test_reading_does_not_go_before_storing(catalogue):
    for number in range(20):
        submit(catalogue, "read_item", f"{number:02}", owner="ana")
    submit(catalogue, "store_item", "of-bogdan", owner="bogdan")
    assert "of-bogdan" in taken_subjects(catalogue, 2)


def test_three_files_do_not_wait_for_five_hundred(catalogue):
    for number in range(500):
        submit(catalogue, "read_item", f"a{number:03}", owner="ana")
    assert taken_subjects(catalogue, 40) == [f"a{number:03}" for number in range(40)]
    for number in range(3):
        submit(catalogue, "read_item", f"b{number}", owner="bogdan")
    taken = taken_subjects(catalogue, 8)
    assert [subject for subject in taken if subject.startswith("b")] == ["b0", "b1", "b2"]
    assert sum(subject.startswith("a") for subject in taken) == 5


def test_dear_jobs_take_no_more_than_their_owners_share(catalogue):
    with catalogue.write() as transaction:
        for number in range(10):
            transaction.jobs.submit("read_item", f"bomb{number}", "ana", NOW, cost_ms=400)
        for number in range(30):
            transaction.jobs.submit("read_item", f"csv{number:02}", "bogdan", NOW, cost_ms=40)
    taken = taken_subjects(catalogue, 24)
    assert sum(subject.startswith("bomb") for subject in taken) in (2, 3)


def test_a_hand_prefers_an_owner_for_whom_nothing_runs(catalogue):
    for number in range(6):
        submit(catalogue, "read_item", f"a{number}", owner="ana")
    assert claim(catalogue, "w1").subject == "a0"
    submit(catalogue, "read_item", "b0", owner="bogdan")
    assert claim(catalogue, "w2").subject == "b0"
    assert claim(catalogue, "w3").subject == "a1"


def test_a_click_stands_before_the_same_doctors_batch_and_clicks_take_turns(catalogue):
    for number in range(300):
        submit(catalogue, "read_item", f"a{number:03}", owner="ana")
    for number in range(200):
        submit(catalogue, "store_item", f"click{number:03}", NOW + timedelta(seconds=1), owner="ana")
    submit(catalogue, "store_item", "b", NOW + timedelta(seconds=2), owner="bogdan")
    taken = taken_subjects(catalogue, 5)
    assert "click000" in taken[:2]
    assert "b" in taken[:3]


def test_who_comes_when_only_running_jobs_are_left_gets_no_head_start(catalogue):
    for number in range(40):
        submit(catalogue, "read_item", f"a{number:02}", owner="ana")
    taken_subjects(catalogue, 39)
    running = claim(catalogue)
    for number in range(30):
        submit(catalogue, "read_item", f"b{number:02}", owner="bogdan")
        submit(catalogue, "read_item", f"c{number:02}", owner="ana")
    finish(catalogue, running)
    assert sum(subject.startswith("b") for subject in taken_subjects(catalogue, 20)) in range(8, 13)


def test_what_stands_before_ones_own_files_is_known(catalogue):
    with catalogue.write() as transaction:
        for number in range(10):
            transaction.jobs.submit("read_item", f"a{number}", "ana", NOW, cost_ms=40)
        for number in range(3):
            transaction.jobs.submit("read_item", f"b{number}", "bogdan", NOW, cost_ms=40)
        transaction.jobs.submit("expunge", "2026-03-01", "", NOW)
    with catalogue.read() as transaction:
        before_bogdan, before_ana, before_nobody = map(transaction.jobs.ahead_of, ("bogdan", "ana", "carmen"))
    assert (before_bogdan.jobs, before_bogdan.cost_ms) == (3, 240)
    assert (before_ana.jobs, before_ana.cost_ms) == (3, 520)
    assert (before_nobody.jobs, before_nobody.cost_ms) == (0, 0)


def test_thousands_of_resting_jobs_stand_in_nobodys_way(catalogue):
    with catalogue.write() as transaction:
        for number in range(300):
            transaction.jobs.submit("read_item", f"rest{number:03}", "ana", NOW)
    for _ in range(300):
        with catalogue.write() as transaction:
            job = transaction.jobs.claim("w1", NOW, LEASE)
            transaction.jobs.postpone(job, NOW + timedelta(seconds=60), "storage_unavailable")
    submit(catalogue, "read_item", "b", NOW, owner="bogdan")
    assert taken_subjects(catalogue, 1) == ["b"]
    assert claim(catalogue) is None
    assert len(taken_subjects(catalogue, 300, NOW + timedelta(seconds=61))) == 300


def test_second_request_for_waiting_work_is_the_same_request(catalogue):
    submit(catalogue, "read_item", "a")
    submit(catalogue, "read_item", "a")
    assert counts(catalogue) == {"waiting": 1}


def test_parallel_requests_for_the_same_work_are_one(catalogue):
    outcomes = together([lambda: submit(catalogue, "read_item", "a")] * 6)
    assert outcomes == [None] * 6
    assert counts(catalogue) == {"waiting": 1}


def test_request_during_a_run_is_done_behind_it(catalogue):
    submit(catalogue, "move_night", "n")
    running = claim(catalogue)
    submit(catalogue, "move_night", "n")
    assert claim(catalogue, "w2") is None
    finish(catalogue, running)
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


def test_an_operator_sees_retries_and_cancels_jobs(catalogue):
    submit(catalogue, "store_item", "a")
    submit(catalogue, "read_item", "b", NOW + timedelta(seconds=1))
    finish(catalogue, claim(catalogue), "not_found")
    with catalogue.read() as transaction:
        [failed] = transaction.jobs.lines(["failed"], 10)
        [waiting] = transaction.jobs.lines(["waiting"], 10)
    assert (failed.name, failed.subject, failed.owner, failed.reason) == ("store_item", "a", "ana", "not_found")
    with catalogue.write() as transaction:
        assert transaction.jobs.retry(failed.id, NOW)
        assert not transaction.jobs.retry(failed.id, NOW)
        assert transaction.jobs.cancel(waiting.id, NOW)
        assert not transaction.jobs.cancel(waiting.id, NOW)
    assert claim(catalogue).subject == "a"
    assert claim(catalogue, now=NOW + LEASE / 2) is None


def test_a_failed_job_that_was_asked_for_again_meanwhile_is_not_doubled_by_a_retry(catalogue):
    submit(catalogue, "store_item", "a")
    finish(catalogue, claim(catalogue), "not_found")
    submit(catalogue, "store_item", "a")
    with catalogue.write() as transaction:
        [failed] = transaction.jobs.lines(["failed"], 10)
        transaction.jobs.retry(failed.id, NOW)
    assert counts(catalogue) == {"waiting": 1}


def test_the_oldest_waiting_job_of_each_kind_is_known(catalogue):
    submit(catalogue, "read_item", "a", NOW)
    submit(catalogue, "read_item", "b", NOW - timedelta(seconds=9))
    submit(catalogue, "a_kind_of_tomorrow", "c", NOW - timedelta(seconds=3))
    with catalogue.read() as transaction:
        assert transaction.jobs.oldest_waiting() == {
            "read_item": NOW - timedelta(seconds=9),
            "a_kind_of_tomorrow": NOW - timedelta(seconds=3),
        }


QUESTIONS = {
    "turn": ("SELECT id FROM jobs WHERE state = 'waiting' AND resting = false AND not_before <= '2026-01-01'"
             " ORDER BY priority, turn, created_at LIMIT 32", "ix_jobs_turn"),
    "rest": ("SELECT id FROM jobs WHERE state = 'waiting' AND resting = true AND not_before <= '2026-01-01'"
             " ORDER BY not_before LIMIT 100", "ix_jobs_resting"),
    "lease": ("SELECT id FROM jobs WHERE state = 'running' AND lease_until < '2026-01-01'"
              " ORDER BY lease_until LIMIT 1", "ix_jobs_lease"),
    "owner": ("SELECT turn FROM jobs WHERE state IN ('waiting', 'running') AND priority = 0 AND owner = 'a'"
              " AND is_click = false ORDER BY turn DESC LIMIT 1", "ix_jobs_owner"),
}  # fmt: skip


@pytest.mark.parametrize("question", sorted(QUESTIONS))
def test_each_question_of_the_queue_has_its_index(catalogue, question):
    statement, index = QUESTIONS[question]
    with catalogue._engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
            connection.exec_driver_sql("SET LOCAL enable_sort = off")
        words = "EXPLAIN" if connection.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
        plan = "\n".join(str(tuple(row)) for row in connection.exec_driver_sql(f"{words} {statement}"))
    assert index in plan, plan
    assert "TEMP B-TREE" not in plan, plan
