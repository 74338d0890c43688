from datetime import datetime
from types import SimpleNamespace

import pytest

from oximetry.domain.account_records import Origin
from oximetry.domain.errors import NotFound, StorageUnavailable
from oximetry.domain.records import NightState
from tests.factories import night_csv, night_name
from tests.parallel import together


@pytest.fixture
def scene(clinic):
    doctor = clinic.doctor()
    patient = clinic.patient(doctor)
    return SimpleNamespace(clinic=clinic, doctor=doctor, patient=patient, night_id=clinic.stored_night(doctor, patient))


def managed(scene):
    return scene.clinic.nights.managed(scene.doctor.id, scene.patient.id, "ro")


def removed_for(scene, **time):
    scene.clinic.nights.remove(scene.doctor.id, scene.night_id)
    scene.clinic.clock.move(**time)


def test_night_removed_more_than_thirty_days_ago_is_gone_with_its_objects(scene):
    removed_for(scene, days=30, seconds=1)
    scene.clinic.housekeeping.expunge("2026-04-01")
    assert managed(scene) == []
    assert scene.clinic.store.objects == {}
    assert "night_expunged" in scene.clinic.acts(scene.night_id)


def test_nothing_younger_is_expunged(scene):
    removed_for(scene, days=30)
    objects = dict(scene.clinic.store.objects)
    scene.clinic.housekeeping.expunge("2026-03-31")
    assert [card.night.state for card in managed(scene)] == [NightState.REMOVED]
    assert scene.clinic.store.objects == objects


def test_shown_nights_are_never_expunged(scene):
    scene.clinic.clock.move(days=4000)
    objects = dict(scene.clinic.store.objects)
    scene.clinic.housekeeping.expunge("2037-01-01")
    assert len(managed(scene)) == 1
    assert scene.clinic.store.objects == objects


def test_restored_night_is_never_expunged(scene):
    removed_for(scene, days=29)
    scene.clinic.nights.restore(scene.doctor.id, scene.night_id)
    scene.clinic.clock.move(days=400)
    scene.clinic.housekeeping.expunge("2027-05-01")
    assert len(managed(scene)) == 1


def test_outage_half_way_leaves_the_night_hidden_and_the_next_run_ends_the_work(scene):
    removed_for(scene, days=31)
    deleted = []

    def second(key):
        if deleted:
            raise StorageUnavailable
        deleted.append(key)

    scene.clinic.store.before["delete"] = second
    with pytest.raises(StorageUnavailable):
        scene.clinic.housekeeping.expunge("2026-04-01")
    assert scene.clinic.nights.shown(scene.doctor.id, scene.patient.id, "ro") == []
    with pytest.raises(NotFound):
        scene.clinic.nights.restore(scene.doctor.id, scene.night_id)
    scene.clinic.store.before.clear()
    scene.clinic.housekeeping.expunge("2026-04-01")
    assert managed(scene) == []
    assert scene.clinic.store.objects == {}


def test_file_that_lives_again_is_neither_deleted_nor_forgotten(scene):
    """A night moved away 31 days ago comes back while its old objects are being expunged."""
    clinic = scene.clinic
    target = clinic.patient(scene.doctor)
    clinic.nights.move(scene.doctor.id, scene.night_id, target.id)
    clinic.work()
    clinic.clock.move(days=31)

    def comes_back(_):
        clinic.store.before.clear()
        clinic.nights.move(scene.doctor.id, scene.night_id, scene.patient.id)
        clinic.moving.move_night(scene.night_id)

    clinic.store.before["delete"] = comes_back
    clinic.housekeeping.expunge("2026-04-01")
    [card] = clinic.nights.shown(scene.doctor.id, scene.patient.id, "ro")
    assert card.csv is not None
    with clinic.catalogue.read() as transaction:
        live = [file.key for file in transaction.files.of("recording", [scene.night_id])]
    assert len(live) >= 2
    # one object was being deleted at that very moment; everything looked at later is still there
    assert len([key for key in live if key not in clinic.store.objects]) <= 1


def test_quiet_batch_is_closed_after_two_days_and_an_unfinished_one_stays(scene):
    clinic = scene.clinic
    session = clinic.uploads.open_session(scene.doctor)
    other = clinic.doctor()
    unfinished = clinic.upload(other, night_csv(), night_name())
    clinic.work()
    clinic.clock.move(days=2, seconds=1)
    clinic.housekeeping.expunge("2026-03-03")
    assert clinic.uploads.open_session(scene.doctor).id != session.id
    assert clinic.uploads.open_session(other).id == unfinished.session_id
    assert clinic.uploads.name_of(clinic.item(unfinished.id)) == night_name()
    assert all(row.item.name_sealed is None for row in clinic.batches.show(scene.doctor, session.id).rows)


def test_daily_work_is_asked_for_once_a_day(both_clinics):
    together([both_clinics.housekeeping.submit_daily] * 4)
    both_clinics.work()
    both_clinics.housekeeping.submit_daily()
    with both_clinics.catalogue.read() as transaction:
        assert transaction.jobs.counts() == {"done": 3}
    both_clinics.clock.move(days=1)
    both_clinics.housekeeping.submit_daily()
    assert both_clinics.open_jobs() == 3


def test_expunging_works_on_both_databases(both_clinics):
    doctor = both_clinics.doctor()
    patient = both_clinics.patient(doctor)
    both_clinics.nights.remove(doctor.id, both_clinics.stored_night(doctor, patient))
    both_clinics.clock.move(days=31)
    both_clinics.housekeeping.expunge("2026-04-01")
    assert both_clinics.nights.managed(doctor.id, patient.id, "ro") == []
    assert both_clinics.store.objects == {}


def test_traces_of_work_and_of_signing_in_go_after_two_weeks(scene):
    clinic = scene.clinic
    with clinic.catalogue.write() as transaction:
        transaction.accounts.record_attempt("account", "203.0.113.9", clinic.clock())
        transaction.accounts.open_session(scene.doctor.id, "token", Origin(), clinic.clock())
    clinic.clock.move(days=14, seconds=1)
    clinic.housekeeping.expunge("2026-03-15")
    with clinic.catalogue.read() as transaction:
        assert transaction.jobs.counts() == {}
        assert transaction.accounts.session("token", clinic.clock.now.min) is None
        assert transaction.accounts.forget_failures("account") == 0


def test_staged_files_of_no_batch_go_after_two_days_and_others_stay(clinic):
    doctor = clinic.doctor()
    item = clinic.upload(doctor, b"waits", "night.csv")
    folder = item.staging_key.rpartition("/")[0]
    lost, foreign = f"{folder}/7_0a1b2c3d", f"{folder}/_session"
    look = "users/storage-check/probe-of-a-worker-that-died"
    clinic.store.objects |= {lost: b"lost", foreign: b"a script's", look: b"look"}
    clinic.housekeeping.empty_lost_staging(datetime(1969, 12, 31))  # the memory store's objects are of 1970
    assert lost in clinic.store.objects
    assert look in clinic.store.objects
    clinic.housekeeping.empty_lost_staging(clinic.clock())
    assert look not in clinic.store.objects
    assert set(clinic.store.objects) == {item.staging_key, foreign}
