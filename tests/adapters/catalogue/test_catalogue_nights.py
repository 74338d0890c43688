from datetime import datetime, timedelta
from types import SimpleNamespace
from uuid import uuid4

import pytest
from sqlalchemy.exc import IntegrityError

from oximetry.domain.desaturation import Desaturation
from oximetry.domain.errors import NotFound
from oximetry.domain.records import NightState, Role
from tests.made_up_numbers import NUMBERS

NOW = datetime(2026, 3, 1, 8, 0, 0)
DAY = timedelta(days=1)
START = datetime(2025, 10, 7, 23, 4, 37)
EVENT = {
    "onset_s": 8.0,
    "nadir_s": 20.0,
    "end_s": 40.0,
    "baseline_pct": 96.0,
    "nadir_pct": 92.0,
    "depth_pct": 4.0,
    "area_pct_s": 88.0,
}


@pytest.fixture
def scene(catalogue):
    with catalogue.write() as transaction:
        doctors = [transaction.accounts.create(f"{name}@clinic.test", "hash", Role.DOCTOR, NOW) for name in "ab"]
        owners = (doctors[0], doctors[0], doctors[1])
        patients = [transaction.patients.create(str(uuid4()), doctor.id, None, NOW) for doctor in owners]
    return SimpleNamespace(catalogue=catalogue, doctors=doctors, patients=patients)


def add_night(transaction, patient, digest="1", start=START):
    recording = {
        "patient_id": patient.id,
        "original_sha256": digest * 64,
        "format": "viatom_csv",
        "device_model": "Checkme O2",
        "device_serial": "9001",
        "started_at": start,
        "ended_at": start + timedelta(hours=8),
        "sampling_interval_s": 4.0,
    }
    headline = {"rule": "peak-nadir", "version": 1, "summary": NUMBERS.as_json(), "events": [EVENT]}
    companion = {"rule": "mean-120", "version": 1, "summary": {}, "events": []}
    return transaction.nights.add(recording, [headline, companion], NOW)


def add_file(transaction, patient, name, reference, now=NOW):
    values = {
        "key": f"{patient.id}/{name}",
        "content_type": "text/csv",
        "size": 3,
        "sha256": name[-1] * 64,
        "reference_type": reference[0],
        "reference_id": reference[1],
        "created_by": None,
    }
    return transaction.files.add(values, now)


def test_night_carries_its_owner_and_its_headline_numbers(scene):
    with scene.catalogue.write() as transaction:
        night_id = add_night(transaction, scene.patients[0])
        night = transaction.nights.get(night_id)
        assert (night.patient_id, night.doctor_id) == (scene.patients[0].id, scene.doctors[0].id)
        assert (night.state, night.numbers) == (NightState.STORED, NUMBERS)
        assert transaction.nights.by_analysis(night.analysis_id) == night
        assert transaction.nights.events(night.analysis_id) == [Desaturation(**EVENT)]


def test_night_of_another_doctor_is_not_found(scene):
    own, other = scene.doctors
    patient = scene.patients[0]
    with scene.catalogue.write() as transaction:
        night_id = add_night(transaction, patient)
        with pytest.raises(NotFound):
            transaction.nights.get(night_id, other.id)
        assert transaction.nights.of_patient(patient.id, other.id, NightState) == []
        assert transaction.nights.of_doctor(other.id) == []
        assert transaction.nights.known(other.id, ["1" * 64], [START]) == []
        assert transaction.nights.spans(other.id, patient.id) == []
        assert [night.id for night in transaction.nights.of_doctor(own.id)] == [night_id]


def test_nights_of_a_patient_are_newest_first_and_only_in_the_asked_states(scene):
    patient, doctor = scene.patients[0], scene.doctors[0]
    with scene.catalogue.write() as transaction:
        ids = [add_night(transaction, patient, digest, START + int(digest) * DAY) for digest in "123"]
        transaction.nights.set(ids[1], state="removed", removed_at=NOW)
        shown = transaction.nights.of_patient(patient.id, doctor.id, [NightState.STORED])
        assert [night.id for night in shown] == [ids[2], ids[0]]
        removed = transaction.nights.of_patient(patient.id, doctor.id, [NightState.REMOVED])
        assert [night.id for night in removed] == [ids[1]]


def test_known_nights_are_those_with_the_same_bytes_or_the_same_start(scene):
    with scene.catalogue.write() as transaction:
        same_bytes = add_night(transaction, scene.patients[0], "1")
        same_start = add_night(transaction, scene.patients[1], "2", START + DAY)
        add_night(transaction, scene.patients[1], "3", START + 2 * DAY)
        add_night(transaction, scene.patients[2], "1")
        known = transaction.nights.known(scene.doctors[0].id, ["1" * 64], [START + DAY])
        assert {night.id for night in known} == {same_bytes, same_start}


def test_known_nights_are_those_with_the_same_samples_or_of_the_same_device_at_the_same_time(scene):
    owner = scene.doctors[0].id
    with scene.catalogue.write() as transaction:
        same_samples = add_night(transaction, scene.patients[0], "1")
        transaction.nights.set(same_samples, samples_sha256="a" * 64)
        same_time = add_night(transaction, scene.patients[1], "2", START + DAY)
        known = transaction.nights.known(owner, ["a" * 64], [])
        assert [(night.id, night.samples_sha256) for night in known] == [(same_samples, "a" * 64)]
        ended = START + DAY + timedelta(hours=8)
        for serial, begin, end, is_known in [
            ("9001", ended, ended + DAY, True),
            ("9001", ended + timedelta(seconds=1), ended + DAY, False),
            ("9001", START + timedelta(hours=9), START + DAY, True),
            ("9001", START + timedelta(hours=9), START + DAY - timedelta(seconds=1), False),
            ("9002", START, ended, False),
        ]:
            known = transaction.nights.known(owner, [], [], [(serial, begin, end)])
            assert [night.id for night in known] == ([same_time] if is_known else [])


def test_known_night_tells_whether_it_is_unfinished(scene):
    with scene.catalogue.write() as transaction:
        night_id = add_night(transaction, scene.patients[0])
        summary = NUMBERS.as_json() | {"warnings": [{"code": "truncated", "records": 1}, {"code": "unfinished"}]}
        headline = {"rule": "peak-nadir", "version": 2, "summary": summary, "events": []}
        [before] = transaction.nights.spans(scene.doctors[0].id, scene.patients[0].id)
        transaction.nights.put_analyses(night_id, [headline], NOW)
        [after] = transaction.nights.spans(scene.doctors[0].id, scene.patients[0].id)
    assert (before.is_unfinished, after.is_unfinished) == (False, True)


def test_same_bytes_stand_once_at_a_patient(scene):
    with scene.catalogue.write() as transaction:
        add_night(transaction, scene.patients[0])
    with pytest.raises(IntegrityError), scene.catalogue.write() as transaction:
        add_night(transaction, scene.patients[0])


def test_file_added_again_is_the_same_file_live_once_more(scene):
    with scene.catalogue.write() as transaction:
        file = add_file(transaction, scene.patients[0], "csvs/1", ("recording", "n1"))
        assert add_file(transaction, scene.patients[0], "csvs/1", ("recording", "n2")) == file
        transaction.files.mark_deleted([file.id], NOW)
        with pytest.raises(NotFound):
            transaction.files.live(file.key)
        assert transaction.files.of("recording", ["n1"]) == []
        assert [one.id for one in transaction.files.of("recording", ["n1"], deleted=True)] == [file.id]
        revived = add_file(transaction, scene.patients[0], "csvs/1", ("recording", "n2"), NOW + DAY)
        assert (revived.id, revived.deleted_at, revived.reference_id) == (file.id, None, "n2")
        assert transaction.files.live(file.key) == revived


def test_only_a_deleted_file_is_forgotten(scene):
    with scene.catalogue.write() as transaction:
        file = add_file(transaction, scene.patients[0], "csvs/1", ("recording", "n1"))
        transaction.files.forget(file.id)
        assert transaction.files.live(file.key) == file
        transaction.files.mark_deleted([file.id], NOW)
        transaction.files.forget(file.id)
        assert transaction.files.of("recording", ["n1"], deleted=True) == []


def test_files_are_due_once_their_time_is_over(scene):
    with scene.catalogue.write() as transaction:
        file = add_file(transaction, scene.patients[0], "csvs/1", ("recording", "n1"))
        add_file(transaction, scene.patients[0], "csvs/2", ("recording", "n1"))
        transaction.files.mark_deleted([file.id], NOW)
        assert transaction.files.deleted_before(NOW, 10) == []
        assert [one.id for one in transaction.files.deleted_before(NOW + DAY, 10)] == [file.id]


def test_current_picture_of_a_language_can_be_replaced(scene):
    with scene.catalogue.write() as transaction:
        analysis_id = transaction.nights.get(add_night(transaction, scene.patients[0])).analysis_id
        first, second = (add_file(transaction, scene.patients[0], f"plots/{n}", ("recording", "n")) for n in (1, 2))
        transaction.nights.set_plot(analysis_id, "ro", first.id)
        transaction.nights.set_plot(analysis_id, "en", first.id)
        transaction.nights.set_plot(analysis_id, "ro", second.id)
        assert transaction.nights.plots([analysis_id], "ro") == {analysis_id: second}
        assert transaction.nights.plots([analysis_id], "en") == {analysis_id: first}
        transaction.files.mark_deleted([second.id], NOW)
        assert transaction.nights.plots([analysis_id], "ro") == {}


def test_pictures_and_reports_follow_a_copy_to_another_patient(scene):
    source, target = scene.patients[:2]
    with scene.catalogue.write() as transaction:
        night_id = add_night(transaction, source)
        analysis_id = transaction.nights.get(night_id).analysis_id
        old = [add_file(transaction, source, name, ("recording", night_id)) for name in ("plots/1", "pdfs/2")]
        new = [add_file(transaction, target, name, ("recording", night_id)) for name in ("plots/1", "pdfs/2")]
        transaction.nights.set_plot(analysis_id, "ro", old[0].id)
        transaction.reports.add(source.id, night_id, old[1].id, NOW)
        transaction.reports.add(source.id, night_id, old[1].id, NOW)
        for before, after in zip(old, new, strict=True):
            transaction.nights.follow_copy(before.id, after.id)
            transaction.reports.follow_copy(night_id, target.id, before.id, after.id)
        assert transaction.nights.plots([analysis_id], "ro") == {analysis_id: new[0]}
        # the old files can go: nothing points to them any more
        transaction.files.mark_deleted([file.id for file in old], NOW)
        for file in old:
            transaction.files.forget(file.id)
        assert transaction.nights.plots([analysis_id], "ro") == {analysis_id: new[0]}


def test_report_that_stood_alone_joins_its_night_at_its_own_patient_only(scene):
    patient, other = scene.patients[:2]
    with scene.catalogue.write() as transaction:
        night_id = add_night(transaction, patient)
        lone = add_file(transaction, patient, "pdfs/7", ("patient", patient.id))
        elsewhere = add_file(transaction, other, "pdfs/7", ("patient", other.id))
        transaction.reports.add(patient.id, None, lone.id, NOW)
        transaction.reports.add(other.id, None, elsewhere.id, NOW)
        [alone] = transaction.reports.alone(patient.id)
        transaction.reports.join([alone.id], night_id)
        assert [file.id for file in transaction.files.of("recording", [night_id])] == [lone.id]
        assert [file.id for file in transaction.files.of("patient", [other.id])] == [elsewhere.id]


def test_expunged_night_leaves_nothing_behind(scene):
    patient = scene.patients[0]
    with scene.catalogue.write() as transaction:
        night_id = add_night(transaction, patient)
        analysis_id = transaction.nights.get(night_id).analysis_id
        file = add_file(transaction, patient, "plots/1", ("recording", night_id))
        transaction.nights.set_plot(analysis_id, "ro", file.id)
        transaction.reports.add(patient.id, night_id, file.id, NOW)
        transaction.nights.expunge(night_id)
        with pytest.raises(NotFound):
            transaction.nights.get(night_id)
        assert transaction.nights.plots([analysis_id], "ro") == {}


def test_only_nights_removed_before_the_time_are_due(scene):
    with scene.catalogue.write() as transaction:
        ids = [add_night(transaction, scene.patients[0], digest) for digest in "123"]
        transaction.nights.set(ids[0], state="removed", removed_at=NOW - DAY)
        transaction.nights.set(ids[1], state="removed", removed_at=NOW)
        assert [night.id for night in transaction.nights.removed_before(NOW)] == [ids[0]]
