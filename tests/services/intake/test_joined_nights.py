"""A night split over two files: offered, joined, stored as one with both originals, and taken apart."""

import hashlib
from datetime import datetime, timedelta
from types import SimpleNamespace

import numpy as np
import pytest

from oximetry.domain.errors import InvalidRequest, NotFound, NotReady, StorageRefused
from oximetry.domain.recording import Hints, Note
from oximetry.domain.records import ItemState
from oximetry.readers.formats import create_registry
from oximetry.services.nights.originals import stored_parts
from tests.factories import as_binary, night_name, part_csv
from tests.memory_store import Crash, crash
from tests.parallel import together

START = datetime(2025, 10, 7, 23, 4, 37)
ENDED = START + timedelta(seconds=4 * 149)
SECOND = ENDED + timedelta(seconds=130)
THIRD = SECOND + timedelta(seconds=4 * 49 + 60)
PARTS = (part_csv(START), part_csv(SECOND, 50, 200), part_csv(THIRD, 40, 300))
STARTS = (START, SECOND, THIRD)
IN_A_HOLE = 31  # 130 s are 32.5 intervals; the last step may take up to 1.5


def upload_part(clinic, doctor, which, serial="9001", session_id=None):
    return clinic.upload(doctor, PARTS[which], night_name(serial, STARTS[which]), session_id)


def split(clinic, count=2):
    doctor = clinic.doctor()
    patient = clinic.patient(doctor)
    items = [upload_part(clinic, doctor, which) for which in range(count)]
    clinic.work()
    return SimpleNamespace(
        clinic=clinic, doctor=doctor, patient=patient, items=items, ids=[item.id for item in items],
        session_id=items[0].session_id,
    )  # fmt: skip


@pytest.fixture
def scene(clinic):
    return split(clinic)


def batch(scene):
    return scene.clinic.batches.show(scene.doctor, scene.session_id)


def offers(scene):
    return [(offer.first.id, offer.second.id) for offer in batch(scene).offers]


def item(scene, which):
    return scene.clinic.item(scene.ids[which])


def join(scene, first=0, second=1):
    scene.clinic.joining.join(scene.doctor, scene.session_id, scene.ids[first], scene.ids[second])
    scene.clinic.work()


def confirm(scene):
    scene.clinic.assignment.all_to_one(scene.doctor, scene.session_id, scene.patient.id)


def stored(scene):
    join(scene)
    confirm(scene)
    scene.clinic.work()
    return card(scene)


def card(scene, patient=None):
    [found] = scene.clinic.nights.shown(scene.doctor.id, (patient or scene.patient).id, "ro")
    return found


def originals(scene, patient=None):
    store = scene.clinic.store
    return [store.objects[key] for key in store.under(f"{(patient or scene.patient).id}/originals/")]


def refused(act):
    with pytest.raises(InvalidRequest) as caught:
        act()
    return caught.value.reason


def test_two_files_of_one_interrupted_night_are_offered_with_their_gap(scene):
    [offer] = batch(scene).offers
    assert (offer.first.id, offer.second.id, offer.gap_s) == (*scene.ids, 130.0)


@pytest.mark.parametrize(("gap_s", "is_offered"), [(1, True), (300, True), (301, False), (0, False)])
def test_only_what_begins_within_five_minutes_is_offered(clinic, gap_s, is_offered):
    doctor = clinic.doctor()
    begins = ENDED + timedelta(seconds=gap_s)
    first = upload_part(clinic, doctor, 0)
    clinic.upload(doctor, part_csv(begins, 50, 200), night_name(start=begins))
    clinic.work()
    assert len(clinic.batches.show(doctor, first.session_id).offers) == is_offered


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (PARTS[1], night_name("9002", SECOND)),
        (PARTS[1], "night.csv"),
        (as_binary(PARTS[1], night_name(start=SECOND)), f"O2Ring 9001_{SECOND:%Y%m%d%H%M%S}"),
    ],
    ids=["another device", "no device", "another format"],
)
def test_files_of_different_kinds_are_not_offered(clinic, content, name):
    doctor = clinic.doctor()
    first = upload_part(clinic, doctor, 0)
    clinic.upload(doctor, content, name)
    clinic.work()
    assert clinic.batches.show(doctor, first.session_id).offers == []


def test_joined_files_are_one_row_with_the_numbers_of_the_whole_night(scene):
    join(scene)
    [row] = batch(scene).rows
    owner = row.item
    assert (owner.id, [part.id for part in row.parts]) == (scene.ids[0], [scene.ids[1]])
    assert (owner.state, item(scene, 1).state, item(scene, 1).joined_to) == (
        ItemState.READ, ItemState.JOINED, scene.ids[0],
    )  # fmt: skip
    assert owner.numbers.samples == 150 + IN_A_HOLE + 50
    assert (owner.started_at, owner.ended_at) == (START, SECOND + timedelta(seconds=4 * 49))
    assert Note("joined", {"gap_s": 130.0}) in owner.numbers.warnings
    assert offers(scene) == []
    trace = scene.clinic.staged.trace(scene.doctor.id, owner.id)
    assert trace.recording.samples == owner.numbers.samples


def test_taken_apart_both_files_are_what_they_were(scene):
    before = [item(scene, which) for which in (0, 1)]
    join(scene)
    scene.clinic.joining.take_apart(scene.doctor, scene.session_id, scene.ids[0])
    scene.clinic.work()
    for was, is_now in zip(before, (item(scene, 0), item(scene, 1)), strict=True):
        for name in (
            "state",
            "numbers",
            "started_at",
            "ended_at",
            "samples_sha256",
            "joined_to",
            "target",
            "sparkline",
        ):
            assert getattr(was, name) == getattr(is_now, name)
    assert offers(scene) == [tuple(scene.ids)]
    assert (
        refused(lambda: scene.clinic.joining.take_apart(scene.doctor, scene.session_id, scene.ids[0])) == "not_joined"
    )
    assert item(scene, 0).state is ItemState.READ


def test_pair_that_is_kept_apart_is_offered_no_more(scene):
    scene.clinic.joining.keep_apart(scene.doctor, scene.session_id, *scene.ids)
    assert offers(scene) == []
    assert refused(lambda: join(scene)) == "not_offered"
    confirm(scene)
    scene.clinic.work()
    assert len(scene.clinic.nights.shown(scene.doctor.id, scene.patient.id, "ro")) == 2


def test_only_an_offered_pair_of_the_doctors_own_batch_can_be_joined(scene):
    other = scene.clinic.doctor()
    joining = scene.clinic.joining
    for act in (joining.join, joining.keep_apart):
        with pytest.raises(NotFound):
            act(other, scene.session_id, *scene.ids)
        assert refused(lambda act=act: act(scene.doctor, scene.session_id, *scene.ids[::-1])) == "not_offered"
    with pytest.raises(NotFound):
        joining.take_apart(other, scene.session_id, scene.ids[0])
    assert refused(lambda: joining.take_apart(scene.doctor, scene.session_id, "x")) == "already_confirmed"


@pytest.mark.parametrize("pairs", [[(0, 1), (0, 2)], [(1, 2), (0, 1)]], ids=["from the front", "from the back"])
def test_three_parts_are_joined_one_after_another_and_taken_apart_at_once(clinic, pairs):
    scene = split(clinic, 3)
    before = [item(scene, which).numbers for which in range(3)]
    for pair in pairs:
        join(scene, *pair)
    [row] = batch(scene).rows
    assert (row.item.id, [part.id for part in row.parts]) == (scene.ids[0], scene.ids[1:])
    assert row.item.ended_at == THIRD + timedelta(seconds=4 * 39)
    assert [one.details["gap_s"] for one in row.item.numbers.warnings if one.code == "joined"] == [130.0, 60.0]
    scene.clinic.joining.take_apart(scene.doctor, scene.session_id, scene.ids[0])
    scene.clinic.work()
    assert [item(scene, which).numbers for which in range(3)] == before
    for pair in pairs:
        join(scene, *pair)
    confirm(scene)
    scene.clinic.work()
    assert originals(scene) == list(PARTS)
    assert clinic.nights.trace(scene.doctor.id, card(scene).night.id).recording.ended_at == row.item.ended_at


def test_joined_night_is_stored_once_with_both_originals_and_one_twin(scene):
    shown = stored(scene)
    digests = [hashlib.sha256(content).hexdigest() for content in PARTS[:2]]
    folder = f"{scene.patient.id}/originals"
    assert scene.clinic.store.under(folder) == [
        f"{folder}/{start:%Y%m%d%H%M%S}_9001_{digest[:8]}.csv" for start, digest in zip(STARTS, digests, strict=False)
    ]
    assert originals(scene) == list(PARTS[:2])
    assert shown.night.original_sha256 == hashlib.sha256("".join(digests).encode()).hexdigest()
    twin = create_registry().read(scene.clinic.store.objects[shown.csv.key], Hints(shown.csv.name))
    trace = scene.clinic.nights.trace(scene.doctor.id, shown.night.id)
    assert np.array_equal(twin.spo2_pct, trace.recording.spo2_pct, equal_nan=True)
    assert np.array_equal(twin.time_s, trace.recording.time_s)
    assert np.array_equal(twin.gap_row, trace.recording.gap_row)
    assert trace.numbers == shown.night.numbers
    assert [item(scene, which).state for which in (0, 1)] == [ItemState.STORED] * 2
    assert {item(scene, which).recording_id for which in (0, 1)} == {shown.night.id}
    assert shown.plot is not None
    assert scene.clinic.store.under("users/") == []
    assert len(batch(scene).rows) == 1
    scene.clinic.uploads.finish_session(scene.doctor, scene.session_id)


def test_trace_reads_the_parts_of_ambiguous_dates_as_they_were_read_at_first(clinic):
    """11 or 12 October, 10 November or 10 December: the names decided at upload, the starts in the keys ever after."""
    doctor = clinic.doctor()
    patient = clinic.patient(doctor)
    first = datetime(2025, 10, 11, 23, 50, 0)
    second = datetime(2025, 10, 12, 0, 1, 30)
    items = [
        clinic.upload(doctor, part_csv(start, 150, row), night_name(start=start))
        for row, start in enumerate((first, second))
    ]
    clinic.work()
    clinic.joining.join(doctor, items[0].session_id, items[0].id, items[1].id)
    clinic.work()
    clinic.assignment.all_to_one(doctor, items[0].session_id, patient.id)
    clinic.work()
    [shown] = clinic.nights.shown(doctor.id, patient.id, "ro")
    with clinic.catalogue.read() as transaction:
        files = transaction.files.of("recording", [shown.night.id])
    parts = stored_parts(shown.night, files, clinic.store.get)
    assert [part.hints.started_at for part in parts] == [first, second]
    clinic.nights._reader._kept.clear()
    recording = clinic.nights.trace(doctor.id, shown.night.id).recording
    assert (recording.started_at, recording.ended_at) == (first, second + timedelta(seconds=4 * 149))


def test_same_pair_uploaded_again_is_the_same_night(scene):
    night_id = stored(scene).night.id
    scene.clinic.uploads.finish_session(scene.doctor, scene.session_id)
    again = [upload_part(scene.clinic, scene.doctor, which) for which in (0, 1)]
    scene.clinic.work()
    scene.session_id, scene.ids = again[0].session_id, [one.id for one in again]
    assert [row.stored_at for row in batch(scene).rows] == [(scene.patient.id,)] * 2
    join(scene)
    assert [row.stored_at for row in batch(scene).rows] == [(scene.patient.id,)]
    confirm(scene)
    scene.clinic.work()
    assert card(scene).night.id == night_id == item(scene, 1).recording_id
    assert originals(scene) == list(PARTS[:2])


@pytest.mark.parametrize("which", [0, 1])
def test_one_part_uploaded_later_is_recognised_and_adds_no_night(scene, which):
    night = stored(scene).night
    scene.clinic.uploads.finish_session(scene.doctor, scene.session_id)
    part = upload_part(scene.clinic, scene.doctor, which)
    scene.clinic.work()
    [row] = scene.clinic.batches.show(scene.doctor, part.session_id).rows
    assert row.stored_at == (scene.patient.id,)
    assert refused(lambda: scene.clinic.assignment.all_to_one(scene.doctor, part.session_id)) == "needs_confirmation"
    scene.clinic.assignment.all_to_one(scene.doctor, part.session_id, scene.patient.id)
    scene.clinic.work()
    assert card(scene).night.numbers == night.numbers
    assert originals(scene) == list(PARTS[:2])
    scene.clinic.nights._reader._kept.clear()
    assert scene.clinic.nights.trace(scene.doctor.id, night.id).recording.samples == night.numbers.samples


def test_joined_night_is_moved_removed_restored_and_expunged_like_any_other(scene):
    clinic, doctor, night_id = scene.clinic, scene.doctor, stored(scene).night.id
    target = clinic.patient(doctor)
    clinic.nights.move(doctor.id, night_id, target.id)
    clinic.work()
    clinic.nights._reader._kept.clear()
    assert originals(scene, target) == list(PARTS[:2])
    assert clinic.nights.trace(doctor.id, night_id, target.id).recording.samples == 150 + IN_A_HOLE + 50
    clinic.nights.remove(doctor.id, night_id)
    assert clinic.nights.shown(doctor.id, target.id, "ro") == []
    clinic.nights.restore(doctor.id, night_id)
    clinic.work()
    assert card(scene, target).plot is not None
    clinic.nights.remove(doctor.id, night_id)
    clinic.clock.move(days=31)
    clinic.housekeeping.expunge("")
    assert clinic.nights.managed(doctor.id, target.id, "ro") == []
    assert clinic.store.objects == {}


@pytest.mark.parametrize(("when", "verb"), [("before", "get"), ("after", "get"), ("before", "put"), ("after", "put")])
@pytest.mark.parametrize("call", [1, 2])
def test_crash_at_a_step_and_a_second_run_store_the_night_once(scene, when, verb, call):
    join(scene)
    confirm(scene)
    calls = []

    def crash_then(key):
        calls.append(key)
        if len(calls) == call:
            crash(key)

    getattr(scene.clinic.store, when)[verb] = crash_then
    with pytest.raises(Crash):
        scene.clinic.work()
    assert [item(scene, which).state for which in (0, 1)] == [ItemState.CONFIRMED, ItemState.JOINED]
    getattr(scene.clinic.store, when).clear()
    scene.clinic.clock.move(seconds=21)
    scene.clinic.work()
    assert card(scene).night.numbers.samples == 150 + IN_A_HOLE + 50
    assert originals(scene) == list(PARTS[:2])
    assert scene.clinic.store.under("users/") == []


@pytest.mark.parametrize("verb", ["before", "after"])
def test_crash_while_the_joined_night_is_read_is_made_good(scene, verb):
    scene.clinic.joining.join(scene.doctor, scene.session_id, *scene.ids)
    getattr(scene.clinic.store, verb)["get"] = crash
    with pytest.raises(Crash):
        scene.clinic.work()
    getattr(scene.clinic.store, verb).clear()
    scene.clinic.clock.move(seconds=21)
    scene.clinic.work()
    assert item(scene, 0).numbers.samples == 150 + IN_A_HOLE + 50


def test_refusal_of_the_store_lets_the_joined_night_wait(scene):
    join(scene)
    confirm(scene)
    scene.clinic.store.failure = StorageRefused()
    scene.clinic.work()
    scene.clinic.store.failure = None
    assert [item(scene, which).state for which in (0, 1)] == [ItemState.CONFIRMED, ItemState.JOINED]
    scene.clinic.clock.move(seconds=2)
    scene.clinic.work()
    assert originals(scene) == list(PARTS[:2])


def test_part_that_the_store_denies_lets_the_night_wait_until_it_is_taken_apart(scene):
    scene.clinic.joining.join(scene.doctor, scene.session_id, *scene.ids)
    del scene.clinic.store.objects[item(scene, 1).staging_key]
    scene.clinic.work()
    assert [row.waits_for for row in batch(scene).rows] == ["staging_lost"]
    scene.clinic.joining.take_apart(scene.doctor, scene.session_id, scene.ids[0])
    scene.clinic.clock.move(seconds=2)
    scene.clinic.work()
    assert (item(scene, 0).state, item(scene, 0).numbers.samples) == (ItemState.READ, 150)
    assert {row.waits_for for row in batch(scene).rows} == {None, "staging_lost"}


def test_joined_night_is_taken_out_whole_and_a_part_alone_not_at_all(scene):
    join(scene)
    assert refused(lambda: scene.clinic.uploads.discard(scene.doctor, scene.ids[1])) == "joined_part"
    scene.clinic.uploads.discard(scene.doctor, scene.ids[0])
    scene.clinic.work()
    assert (batch(scene).rows, len(batch(scene).kept_aside)) == ([], 2)
    assert len(scene.clinic.store.objects) == 2
    again = upload_part(scene.clinic, scene.doctor, 1)
    scene.clinic.work()
    assert scene.clinic.item(again.id).state is ItemState.READ


def test_batch_is_not_finished_before_its_joined_night_is(scene):
    join(scene)
    assert refused(lambda: scene.clinic.uploads.finish_session(scene.doctor, scene.session_id)) == "batch_unfinished"


def test_what_is_confirmed_is_not_taken_apart(scene):
    join(scene)
    confirm(scene)
    take_apart = scene.clinic.joining.take_apart
    assert refused(lambda: take_apart(scene.doctor, scene.session_id, scene.ids[0])) == "already_confirmed"


def test_taken_apart_while_it_was_read_each_file_has_its_own_numbers(scene):
    scene.clinic.joining.join(scene.doctor, scene.session_id, *scene.ids)

    def meanwhile(_):
        scene.clinic.store.after.clear()
        scene.clinic.joining.take_apart(scene.doctor, scene.session_id, scene.ids[0])

    scene.clinic.store.after["get"] = meanwhile
    scene.clinic.work()
    assert [item(scene, which).numbers.samples for which in (0, 1)] == [150, 50]


def test_joining_in_two_tabs_at_once_joins_once(both_clinics):
    scene = split(both_clinics)
    act = lambda: both_clinics.joining.join(scene.doctor, scene.session_id, *scene.ids)  # noqa: E731
    outcomes = together([act] * 3)
    assert sum(outcome is None for outcome in outcomes) == 1
    both_clinics.work()
    assert item(scene, 0).numbers.samples == 150 + IN_A_HOLE + 50


def test_joining_and_confirming_at_once_loses_no_file(both_clinics):
    scene = split(both_clinics)
    together(
        [
            lambda: both_clinics.joining.join(scene.doctor, scene.session_id, *scene.ids),
            lambda: both_clinics.assignment.all_to_one(scene.doctor, scene.session_id, scene.patient.id),
        ]
    )
    both_clinics.work()
    if item(scene, 0).state is ItemState.READ:
        confirm(scene)
        both_clinics.work()
    nights = both_clinics.nights.shown(scene.doctor.id, scene.patient.id, "ro")
    assert sum(card.night.numbers.samples for card in nights) in (200, 150 + IN_A_HOLE + 50)


def test_two_workers_store_a_joined_night_once(both_clinics):
    scene = split(both_clinics)
    join(scene)
    confirm(scene)
    outcomes = together([lambda: both_clinics.storing.store_item(scene.ids[0])] * 3)
    assert all(outcome is None or isinstance(outcome, NotReady) for outcome in outcomes)
    both_clinics.work()
    assert originals(scene) == list(PARTS[:2])
    assert card(scene)


def test_joined_binaries_are_read_again_in_their_order(clinic):
    doctor = clinic.doctor()
    patient = clinic.patient(doctor)
    contents = [as_binary(PARTS[which], night_name(start=STARTS[which])) for which in (1, 0)]
    items = [
        clinic.upload(doctor, content, f"O2Ring 9001_{start:%Y%m%d%H%M%S}")
        for content, start in zip(contents, (SECOND, START), strict=True)
    ]
    clinic.work()
    clinic.joining.join(doctor, items[0].session_id, items[1].id, items[0].id)
    clinic.work()
    clinic.assignment.all_to_one(doctor, items[0].session_id, patient.id)
    clinic.work()
    [found] = clinic.nights.shown(doctor.id, patient.id, "ro")
    clinic.nights._reader._kept.clear()
    report = clinic.nights.trace(doctor.id, found.night.id)
    assert report.recording.started_at == START
    assert report.numbers == found.night.numbers
