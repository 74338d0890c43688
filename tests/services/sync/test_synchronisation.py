"""Synchronising on a memory store: plan, look, apply that very plan, and everything that must stop it."""

import hashlib
import json
from functools import partial
from types import SimpleNamespace
from uuid import uuid4

import pytest

from oximetry.domain.errors import NotFound, NotReady, StorageRefused, StorageUnavailable, SyncAborted
from oximetry.domain.keys import NewFile
from oximetry.domain.sync.sync_records import FileFilter, FileState, RunState
from oximetry.domain.sync.syncing import SENTINEL_KEY, Kind
from oximetry.services.storage.verifying import VerifyingService
from oximetry.services.sync.sync_lock import LEASE
from oximetry.services.sync.sync_planning import SyncLimits
from oximetry.services.sync.syncing import SyncService
from tests.factories import night_csv, night_name
from tests.memory_store import Crash, crash
from tests.parallel import together


class Scene:
    """A clinic with 40 settled files and its synchronisation."""

    def __init__(self, clinic, files=40):
        self.clinic, self.store, self.clock, self.catalogue = clinic, clinic.store, clinic.clock, clinic.catalogue
        self.sync = SyncService(clinic.catalogue, clinic.store, clinic.clock, SyncLimits())
        self.doctor = clinic.doctor()
        self.patient = clinic.patient(self.doctor)
        self.sync.plan_now()
        self.keys = [self.file(number) for number in range(files)]
        self.clock.move(days=2)

    def key(self, name, patient_id=None):
        return f"{patient_id or self.patient.id}/csvs/{name}"

    def file(self, number):
        made = NewFile(self.key(f"202510{number:08d}_9001_00aa.csv"), f"content {number}".encode(), "text/csv")
        self.store.put(made.key, made.content, content_type="text/csv")
        with self.catalogue.write() as transaction:
            transaction.files.add(made.row(("patient", self.patient.id), self.doctor.id), self.clock())
        return made.key

    def row(self, key):
        with self.catalogue.read() as transaction:
            listed = transaction.file_list.page(FileFilter(), None, 10_000)
        return next((one for one in listed if one.file.key == key), None)

    def plan(self):
        self.clock.move(seconds=1)
        run = self.sync.plan_now()
        return SimpleNamespace(run=run, **{kind.value: run.counts.get(kind.value, 0) for kind in Kind})

    def apply(self, plan):
        return self.sync.apply_now(plan.run.id, plan.run.sha256, self.doctor.id)

    def differ(self):
        """One of each kind: an object more, an orphan, a row without an object, a mismatch."""
        self.more, self.orphan = self.key("more.csv"), f"patient_data/{uuid4()}/csvs/old.csv"
        self.store.objects |= {self.more: b"more", self.orphan: b"nobody's"}
        del self.store.objects[self.keys[3]]
        self.store.objects[self.keys[5]] = b"other bytes"


@pytest.fixture
def scene(clinic):
    return Scene(clinic)


@pytest.fixture
def both(both_clinics):
    return Scene(both_clinics)


def test_what_agrees_needs_nothing(both):
    plan = both.plan()
    assert (plan.run.state, plan.run.entries) == (RunState.PLANNED, 0)
    assert (plan.run.counts["objects"], plan.run.counts["rows"]) == (40, 40)


def test_a_plan_changes_nothing_and_applying_it_does_what_it_says(both):
    both.differ()
    plan = both.plan()
    assert (plan.added, plan.orphaned, plan.removed, plan.mismatched) == (1, 1, 1, 1)
    assert both.row(both.more) is None
    assert both.row(both.keys[3]).state is FileState.MISSING
    assert both.row(both.keys[5]).state is FileState.MISMATCHED
    objects = dict(both.store.objects)
    report = both.apply(plan).counts
    assert {name: report[f"done_{name}"] for name in ("added", "orphaned", "removed", "mismatched", "failed")} == {
        "added": 1,
        "orphaned": 1,
        "removed": 1,
        "mismatched": 1,
        "failed": 0,
    }
    assert both.row(both.more).state is FileState.ORPHAN
    assert (both.row(both.more).file.reference_id, both.row(both.orphan).file.reference_id) == (both.patient.id, "")
    assert both.row(both.more).file.sha256 is None
    assert both.row(both.keys[3]).state is FileState.DELETED
    assert both.row(both.keys[5]).file.deleted_at is None
    assert both.store.objects == objects


def test_an_object_that_got_a_row_is_on_nobodys_page(scene):
    scene.differ()
    scene.apply(scene.plan())
    assert scene.more not in [file.key for file in scene.clinic.nights.lone_reports(scene.doctor.id, scene.patient.id)]
    with pytest.raises(NotFound), scene.catalogue.read() as transaction:
        transaction.files.shown(scene.doctor.id, scene.patient.id, scene.more)


def test_applying_twice_is_applying_once(scene):
    scene.differ()
    plan = scene.plan()
    first = scene.apply(plan)
    before = scene.row(scene.keys[3])
    scene.clock.move(hours=1)
    assert scene.apply(plan) == first
    assert scene.row(scene.keys[3]) == before
    scene.clock.move(days=2)
    again = scene.plan()
    assert (again.added, again.orphaned, again.removed, again.mismatched) == (0, 0, 0, 1)


def test_what_a_person_deleted_stays_deleted(scene):
    file_id = scene.row(scene.keys[0]).file.id
    with scene.catalogue.write() as transaction:
        transaction.files.mark_deleted([file_id], scene.clock())
    scene.clock.move(days=2)
    plan = scene.plan()
    assert plan.run.entries == 0
    scene.apply(plan)
    assert scene.row(scene.keys[0]).state is FileState.DELETED


def test_bytes_that_come_back_are_listed_and_never_expunged(scene):
    content = scene.store.objects.pop(scene.keys[0])
    scene.apply(scene.plan())
    scene.store.objects[scene.keys[0]] = content
    scene.clock.move(days=31)
    plan = scene.plan()
    assert plan.returned == 1
    scene.apply(plan)
    assert scene.row(scene.keys[0]).state is FileState.DELETED
    scene.clinic.housekeeping.expunge("2026-04-03")
    assert scene.store.objects[scene.keys[0]] == content


def test_outbox_staging_work_and_the_young_are_left_alone(scene):
    outbox, staged = scene.key("waits.csv"), "users/00112233/session/1_aa"
    scene.store.objects |= {outbox: b"x", staged: b"y", SENTINEL_KEY: scene.store.objects[SENTINEL_KEY]}
    with scene.catalogue._engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO outbox (id, key, content, content_type, sha256, created_at) VALUES (?, ?, ?, ?, ?, ?)",
            ("o", scene.keys[1], b"x", "text/csv", "00", str(scene.clock())),
        )
    del scene.store.objects[scene.keys[1]]
    scene.file(99)
    del scene.store.objects[scene.key("20251000000099_9001_00aa.csv")]
    counts = scene.plan().run.counts
    assert (counts["skipped_outbox"], counts["skipped_staging"], counts["skipped_young"]) == (1, 1, 1)
    assert (counts.get("removed", 0), counts["added"]) == (0, 1)


def test_a_patient_whose_night_is_being_stored_is_left_alone(scene):
    clinic = scene.clinic
    item = clinic.upload(scene.doctor, night_csv(), night_name())
    clinic.work()
    clinic.assignment.choose(scene.doctor, item.session_id, [item.id], scene.patient.id)
    clinic.assignment.confirm(scene.doctor, item.session_id, acknowledged=True)
    scene.clock.move(days=2)
    scene.differ()
    plan = scene.plan()
    assert (plan.added, plan.removed, plan.orphaned) == (0, 0, 1)
    assert plan.run.counts["skipped_work"] == 3
    clinic.work()
    scene.clock.move(days=2)
    assert (scene.plan().added, scene.plan().removed) == (1, 1)


def test_what_changed_between_plan_and_application_is_left_alone(scene):
    scene.differ()
    content = b"content 3"
    plan = scene.plan()
    scene.store.objects[scene.keys[3]] = content  # it is there again
    scene.store.objects[scene.more] = b"longer than it was"
    del scene.store.objects[scene.orphan]
    report = scene.apply(plan).counts
    assert [report[f"done_{name}"] for name in ("added", "orphaned", "removed", "skipped")] == [0, 0, 0, 3]
    assert scene.row(scene.keys[3]).file.deleted_at is None


def test_a_row_that_changed_since_the_plan_is_not_removed(scene):
    del scene.store.objects[scene.keys[3]]
    plan = scene.plan()
    file = scene.row(scene.keys[3]).file
    with scene.catalogue.write() as transaction:
        transaction.files.mark_deleted([file.id], scene.clock())
        transaction.file_list.restore(file.id, scene.clock())
    assert scene.apply(plan).counts["done_skipped"] == 1
    assert scene.row(scene.keys[3]).file.deleted_at is None


@pytest.mark.parametrize("gone", [3, 40])
def test_too_many_rows_that_would_go_are_no_plan(scene, gone):
    for key in scene.keys[:gone]:
        del scene.store.objects[key]
    plan = scene.plan()
    reasons = {3: "sync_too_many_removed", 40: "sync_listing_empty"}
    assert (plan.run.state, plan.run.reason, plan.removed) == (RunState.ABORTED, reasons[gone], gone)
    with pytest.raises(SyncAborted) as refused:
        scene.sync.apply_now(plan.run.id, plan.run.sha256 or "")
    assert refused.value.reason == "sync_plan_unfit"
    assert all(scene.row(key).file.deleted_at is None for key in scene.keys)


@pytest.mark.parametrize(
    ("removed", "rows", "allowed"), [(2, 40, True), (3, 40, False), (100, 9000, True), (101, 9000, False), (0, 0, True)]
)
def test_limits_are_rows_and_percent(removed, rows, allowed):
    try:
        SyncLimits().check(removed, rows)
    except SyncAborted:
        assert not allowed
    else:
        assert allowed


def test_a_listing_that_is_cut_in_the_middle_is_no_plan(scene, monkeypatch):
    whole = scene.store.list

    def cut(prefix="", after=None):
        for number, found in enumerate(whole(prefix, after)):
            if number == 20:
                raise StorageUnavailable("storage_listing_incomplete")
            yield found

    monkeypatch.setattr(scene.store, "list", cut)
    plan = scene.plan()
    assert (plan.run.state, plan.run.reason) == (RunState.ABORTED, "storage_listing_incomplete")
    assert plan.run.sha256 is None


def test_an_outage_leaves_the_run_to_be_gone_on_with(scene):
    scene.store.failure = StorageUnavailable()
    with pytest.raises(StorageUnavailable):
        scene.plan()
    scene.store.failure = None
    before = scene.sync.latest(1)[0]
    assert before.state is RunState.PLANNING
    assert scene.plan().run.id == before.id


def test_a_bucket_without_the_sentinel_is_noticed(scene):
    del scene.store.objects[SENTINEL_KEY]
    plan = scene.plan()
    assert (plan.run.state, plan.run.reason) == (RunState.ABORTED, "sync_sentinel_missing")
    scene.sync.init(scene.doctor.id)
    assert scene.plan().run.state is RunState.PLANNED


def test_a_bucket_of_another_catalogue_is_noticed_and_never_taken_over(scene):
    scene.store.objects[SENTINEL_KEY] = b'{"catalogue": "another"}'
    assert scene.plan().run.reason == "sync_other_catalogue"
    with pytest.raises(SyncAborted) as refused:
        scene.sync.init(scene.doctor.id)
    assert refused.value.reason == "sync_other_catalogue"


def test_an_empty_bucket_does_not_get_a_sentinel_for_a_catalogue_with_files(scene):
    scene.store.objects.clear()
    assert scene.plan().run.reason == "sync_sentinel_missing"
    with pytest.raises(SyncAborted) as refused:
        scene.sync.init(scene.doctor.id)
    assert (refused.value.reason, refused.value.details) == ("sync_store_looks_wrong", {"looked": 20, "found": 0})
    assert scene.store.objects == {}


def test_a_catalogue_that_was_never_initialised_says_so(clinic):
    doctor = clinic.doctor()
    clinic.stored_night(doctor, clinic.patient(doctor))
    clinic.clock.move(days=2)
    sync = SyncService(clinic.catalogue, clinic.store, clinic.clock, SyncLimits())
    assert sync.plan_now().reason == "sync_not_initialised"
    sync.init(doctor.id)
    assert sync.plan_now().state is RunState.PLANNED


def test_two_synchronisations_never_run_at_once(scene):
    def second(_):
        scene.store.before.clear()
        with pytest.raises(SyncAborted) as refused:
            scene.sync.plan_now()
        assert refused.value.reason == "sync_running"
        with pytest.raises(NotReady):
            scene.sync.plan(scene.sync.latest(1)[0].id)

    scene.store.before["list"] = second
    assert scene.plan().run.state is RunState.PLANNED
    assert scene.store.before == {}


def test_of_many_that_want_the_lock_one_gets_it(both):
    def take(holder):
        with both.catalogue.write() as transaction:
            return transaction.sync_runs.take_lease(holder, both.clock(), both.clock() + LEASE)

    assert sorted(together([partial(take, f"holder {number}") for number in range(5)])) == [False] * 4 + [True]


def test_the_lock_of_a_dead_process_runs_out(scene):
    with scene.catalogue.write() as transaction:
        assert transaction.sync_runs.take_lease("dead", scene.clock(), scene.clock() + LEASE)
    with pytest.raises(SyncAborted):
        scene.plan()
    scene.clock.move(seconds=LEASE.total_seconds() + 1)
    assert scene.plan().run.state is RunState.PLANNED


def test_a_plan_that_was_killed_goes_on_behind_its_cursor(both, monkeypatch):
    both.differ()
    expected = [line for line in both.sync.lines(both.plan().run.id)][1:]
    monkeypatch.setattr("oximetry.services.sync.sync_planning.KEYS_AT_ONCE", 7)
    listed, whole = [], both.store.list

    def dies(prefix="", after=None):
        listed.append(after)
        for number, found in enumerate(whole(prefix, after)):
            if number == 10 and len(listed) < 4:
                raise Crash
            yield found

    monkeypatch.setattr(both.store, "list", dies)
    for _ in range(3):
        with pytest.raises(Crash):
            both.plan()
    plan = both.plan()
    assert listed[0] is None
    assert len(set(listed)) == 4
    assert [line for line in both.sync.lines(plan.run.id)][1:] == expected
    assert (plan.run.counts["objects"], plan.run.counts["rows"]) == (41, 40)


def test_an_application_that_was_killed_goes_on_where_it_stopped(scene, monkeypatch):
    monkeypatch.setattr("oximetry.services.sync.sync_applying.LINES_AT_ONCE", 5)
    new = [scene.key(f"new{number:02d}.csv") for number in range(23)]
    scene.store.objects |= dict.fromkeys(new, b"new")
    plan = scene.plan()
    scene.store.before["stat"] = lambda key: crash(key) if key == new[12] else None
    with pytest.raises(Crash):
        scene.apply(plan)
    assert [scene.row(key) is not None for key in new].count(True) == 10
    scene.store.before.clear()
    assert scene.sync.run(plan.run.id).state is RunState.APPLYING
    assert scene.apply(plan).counts["done_added"] == 23
    assert all(scene.clinic.acts(scene.row(key).file.id) == ["file_found"] for key in new)


def test_an_object_that_the_store_will_not_show_is_told_as_failed(scene):
    scene.differ()
    plan = scene.plan()

    def refused(key):
        if key == scene.more:
            raise StorageRefused

    scene.store.before["stat"] = refused
    report = scene.apply(plan).counts
    assert (report["done_failed"], report["done_orphaned"], report["done_removed"]) == (1, 1, 1)


def test_only_the_very_plan_that_was_shown_is_applied(scene):
    scene.differ()
    plan = scene.plan()
    lines = list(scene.sync.lines(plan.run.id))
    assert json.loads(lines[0])["entries"] == 4
    changed = [line.replace("more.csv", "less.csv") for line in lines]
    for wrong in (changed, lines[:-1], [], ["{}\n"], ["nonsense"], [*lines, "{}\n"]):
        with pytest.raises(SyncAborted) as refused:
            scene.sync.apply_file(wrong)
        assert refused.value.reason == "sync_plan_altered"
    assert scene.sync.apply_file(lines).counts["done_added"] == 1


def test_a_plan_is_stale_after_a_day_and_when_another_was_made(scene):
    scene.differ()
    first, second = scene.plan(), scene.plan()
    for moved, plan in ((0, first), (25, second)):
        scene.clock.move(hours=moved)
        with pytest.raises(SyncAborted) as refused:
            scene.apply(plan)
        assert refused.value.reason == "sync_plan_stale"


def test_a_file_stored_after_all_takes_the_row_that_synchronisation_made(scene):
    made = NewFile(scene.key("late.csv"), b"late", "text/csv")
    scene.store.objects[made.key] = made.content
    scene.apply(scene.plan())
    assert scene.row(made.key).state is FileState.ORPHAN
    with scene.catalogue.write() as transaction:
        file = transaction.files.add(made.row(("patient", scene.patient.id), scene.doctor.id), scene.clock())
    assert (file.reference_type, file.sha256) == ("patient", made.row(("", ""), None)["sha256"])


def test_the_nightly_reading_learns_the_sha256_of_what_a_listing_found(both):
    both.differ()
    both.apply(both.plan())
    both.clock.move(days=2)
    VerifyingService(both.catalogue, both.store, both.clock).verify("2026-03-05")
    assert both.row(both.more).file.sha256 == hashlib.sha256(b"more").hexdigest()
    with both.catalogue.read() as transaction:
        assert transaction.files.damaged() == 1
    assert both.row(both.keys[5]).state is FileState.DAMAGED  # the mismatched one


def test_the_worker_plans_every_night_and_applies_when_asked(scene):
    clinic = scene.clinic
    clinic.handlers.update({"plan_sync": scene.sync.plan, "apply_sync": scene.sync.apply})
    scene.differ()
    for _ in range(3):
        scene.sync.submit_daily()
        clinic.work()
    run = scene.sync.latest(1)[0]
    assert (run.id, run.state, run.requested_by) == (f"nightly-{scene.clock():%Y-%m-%d}", RunState.PLANNED, None)
    with pytest.raises(SyncAborted):
        scene.sync.request_apply(scene.doctor.id, run.id, "0" * 64)
    scene.sync.request_apply(scene.doctor.id, run.id, run.sha256)
    clinic.work()
    applied = scene.sync.run(run.id)
    assert (applied.state, applied.applied_by) == (RunState.APPLIED, scene.doctor.id)
    assert clinic.acts(run.id) == ["sync_planned", "sync_apply_asked", "sync_apply_begun", "sync_applied"]
    asked = scene.sync.request_plan(scene.doctor.id)
    assert scene.sync.request_plan(scene.doctor.id) == asked
    clinic.work()
    assert scene.sync.run(asked).state is RunState.PLANNED


def test_runs_are_forgotten_after_two_weeks(scene):
    scene.differ()
    scene.plan()
    scene.clock.move(days=15)
    scene.sync.submit_daily()
    assert [run.id for run in scene.sync.latest()] == [f"nightly-{scene.clock():%Y-%m-%d}"]
