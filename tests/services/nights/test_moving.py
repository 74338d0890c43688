from types import SimpleNamespace

import pytest

from oximetry.domain.errors import InvalidRequest, NotFound, StorageUnavailable
from oximetry.domain.records import NightState
from tests.factories import PDF, night_csv, night_name, report_name
from tests.memory_store import Crash, crash
from tests.parallel import together


def scene_in(clinic):
    """A night with its pictures and its report at the wrong patient, who has nothing else."""
    doctor = clinic.doctor()
    wrong, right, third = (clinic.patient(doctor) for _ in range(3))
    item = clinic.upload(doctor, night_csv(), night_name())
    clinic.upload(doctor, PDF, report_name())
    clinic.work()
    clinic.assignment.all_to_one(doctor, item.session_id, wrong.id)
    clinic.work()
    night_id = clinic.item(item.id).recording_id
    return SimpleNamespace(clinic=clinic, doctor=doctor, wrong=wrong, right=right, third=third, night_id=night_id)


@pytest.fixture
def scene(clinic):
    return scene_in(clinic)


def shown(scene, patient):
    return scene.clinic.nights.shown(scene.doctor.id, patient.id, "ro")


def url(scene, key):
    patient_id, kind, name = key.split("/")
    return scene.clinic.nights.file_url(scene.doctor.id, patient_id, kind, name)


def ask(scene, patient):
    scene.clinic.nights.move(scene.doctor.id, scene.night_id, patient.id)


def test_old_patient_sees_nothing_from_the_moment_of_asking(scene):
    keys = scene.clinic.store.under(scene.wrong.id)
    assert len(keys) == 3
    for key in keys:
        assert url(scene, key)
    ask(scene, scene.right)
    assert shown(scene, scene.wrong) == shown(scene, scene.right) == []
    for key in keys:
        with pytest.raises(NotFound):
            url(scene, key)
    with pytest.raises(NotFound):
        scene.clinic.nights.trace(scene.doctor.id, scene.night_id)


def test_moved_night_has_every_file_under_its_new_patient(scene):
    before = {
        key.partition("/")[2]: scene.clinic.store.objects[key] for key in scene.clinic.store.under(scene.wrong.id)
    }
    ask(scene, scene.right)
    scene.clinic.work()
    [card] = shown(scene, scene.right)
    files = [card.csv, card.plot, *(report.file for report in card.reports)]
    assert {file.key for file in files} == {f"{scene.right.id}/{name}" for name in before}
    for file in files:
        assert scene.clinic.store.objects[file.key] == before[file.key.partition("/")[2]]
        assert url(scene, file.key)
    assert shown(scene, scene.wrong) == []
    assert scene.clinic.acts(scene.night_id) == ["night_move_asked", "night_moved"]
    assert scene.clinic.nights.trace(scene.doctor.id, scene.night_id, scene.right.id)


def test_old_objects_are_deleted_softly(scene):
    old = scene.clinic.store.under(scene.wrong.id)
    ask(scene, scene.right)
    scene.clinic.work()
    assert scene.clinic.store.under(scene.wrong.id) == old
    for key in old:
        with pytest.raises(NotFound):
            url(scene, key)
    scene.clinic.clock.move(days=31)
    scene.clinic.housekeeping.expunge("")
    assert scene.clinic.store.under(scene.wrong.id) == []
    assert len(scene.clinic.store.under(scene.right.id)) == 3


def test_copy_of_damaged_bytes_is_not_taken_over(scene):
    [csv] = [key for key in scene.clinic.store.under(scene.wrong.id) if "/csvs/" in key]
    scene.clinic.store.objects[csv] = night_csv(spo2_pct=80)
    ask(scene, scene.right)
    with pytest.raises(StorageUnavailable):
        scene.clinic.moving.move_night(scene.night_id)
    assert shown(scene, scene.wrong) == shown(scene, scene.right) == []


@pytest.mark.parametrize(("when", "verb"), [("before", "get"), ("before", "put"), ("after", "put")])
def test_crash_in_between_and_a_second_run_move_the_night_once(scene, when, verb):
    clinic = scene.clinic
    ask(scene, scene.right)
    getattr(clinic.store, when)[verb] = crash
    with pytest.raises(Crash):
        clinic.work()
    assert shown(scene, scene.wrong) == shown(scene, scene.right) == []
    getattr(clinic.store, when).clear()
    clinic.clock.move(seconds=21)
    clinic.work()
    [card] = shown(scene, scene.right)
    assert card.csv is not None
    assert len(card.reports) == 1
    assert clinic.acts(scene.night_id).count("night_moved") == 1


def test_outage_leaves_the_night_hidden_and_waiting(scene):
    ask(scene, scene.right)
    scene.clinic.store.failure = StorageUnavailable()
    scene.clinic.work()
    assert shown(scene, scene.wrong) == shown(scene, scene.right) == []
    scene.clinic.store.failure = None
    scene.clinic.clock.move(seconds=5)
    scene.clinic.work()
    assert len(shown(scene, scene.right)) == 1


@pytest.mark.parametrize("verb", ["get", "put"])
def test_target_chosen_anew_during_the_copying_is_the_one_that_counts(scene, verb):
    def meanwhile(_):
        scene.clinic.store.after.clear()
        ask(scene, scene.third)

    ask(scene, scene.right)
    scene.clinic.store.after[verb] = meanwhile
    scene.clinic.work()
    scene.clinic.clock.move(seconds=5)
    scene.clinic.work()
    assert shown(scene, scene.wrong) == shown(scene, scene.right) == []
    [card] = shown(scene, scene.third)
    assert card.csv.key.startswith(scene.third.id)
    assert scene.clinic.open_jobs() == 0


def test_target_chosen_anew_just_after_the_commit_is_not_forgotten(scene):
    ask(scene, scene.right)
    move_night = scene.clinic.handlers["move_night"]

    def then_ask_again(night_id):
        move_night(night_id)
        scene.clinic.handlers["move_night"] = move_night
        ask(scene, scene.third)

    scene.clinic.handlers["move_night"] = then_ask_again
    scene.clinic.work()
    scene.clinic.clock.move(seconds=5)
    scene.clinic.work()
    assert shown(scene, scene.right) == []
    assert len(shown(scene, scene.third)) == 1


def test_night_removed_while_it_was_copied_stays_removed(scene):
    def meanwhile(_):
        scene.clinic.store.after.clear()
        scene.clinic.nights.remove(scene.doctor.id, scene.night_id)

    ask(scene, scene.right)
    scene.clinic.store.after["put"] = meanwhile
    scene.clinic.work()
    scene.clinic.clock.move(seconds=5)
    scene.clinic.work()
    assert shown(scene, scene.wrong) == shown(scene, scene.right) == []
    [card] = scene.clinic.nights.managed(scene.doctor.id, scene.wrong.id, "ro")
    assert (card.night.state, card.night.moving_to) == (NightState.REMOVED, None)
    assert scene.clinic.open_jobs() == 0


def test_moving_there_and_back_leaves_everything_as_it_was(scene):
    before = scene.clinic.store.under(scene.wrong.id)
    for patient in (scene.right, scene.wrong):
        ask(scene, patient)
        scene.clinic.work()
    [card] = shown(scene, scene.wrong)
    assert sorted(file.key for file in (card.csv, card.plot, *(report.file for report in card.reports))) == before
    assert shown(scene, scene.right) == []


def test_moving_twice_is_moving_once(scene):
    ask(scene, scene.right)
    scene.clinic.work()
    scene.clinic.moving.move_night(scene.night_id)
    assert len(shown(scene, scene.right)) == 1
    assert scene.clinic.acts(scene.night_id).count("night_moved") == 1


def test_two_workers_moving_at_once_and_a_new_choice_end_at_one_patient(both_clinics):
    scene = scene_in(both_clinics)
    ask(scene, scene.right)
    together([both_clinics.work, both_clinics.work, lambda: ask(scene, scene.third)])
    for _ in range(4):
        both_clinics.clock.move(seconds=21)
        both_clinics.work()
    assert shown(scene, scene.wrong) == shown(scene, scene.right) == []
    [card] = shown(scene, scene.third)
    assert (
        len({file.key.partition("/")[0] for file in (card.csv, card.plot, *(report.file for report in card.reports))})
        == 1
    )


def test_impossible_moves_are_refused_and_change_nothing(scene):
    clinic, doctor = scene.clinic, scene.doctor
    other = clinic.doctor()
    foreign = clinic.patient(other)
    with pytest.raises(NotFound):
        clinic.nights.move(doctor.id, scene.night_id, foreign.id)
    with pytest.raises(NotFound):
        clinic.nights.move(other.id, scene.night_id, foreign.id)
    with pytest.raises(InvalidRequest) as caught:
        ask(scene, scene.wrong)
    assert caught.value.reason == "cannot_move"
    assert len(shown(scene, scene.wrong)) == 1
    clinic.nights.remove(doctor.id, scene.night_id)
    with pytest.raises(InvalidRequest):
        ask(scene, scene.right)


def test_night_that_the_other_patient_has_already_is_not_moved_there(scene):
    scene.clinic.uploads.finish_session(scene.doctor, scene.clinic.uploads.open_session(scene.doctor).id)
    scene.clinic.stored_night(scene.doctor, scene.right)
    with pytest.raises(InvalidRequest) as caught:
        ask(scene, scene.right)
    assert caught.value.reason == "night_already_there"
    assert len(shown(scene, scene.wrong)) == 1
