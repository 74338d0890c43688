"""One night in two files: recognised by its samples, kept once."""

from datetime import datetime, timedelta

import pytest

from oximetry.domain.errors import InvalidRequest
from oximetry.domain.records import ItemState, NightState
from tests.factories import as_binary, night_name, part_csv
from tests.memory_store import Crash, crash
from tests.parallel import together

START = datetime(2025, 10, 7, 23, 4, 37)
CSV = part_csv(START)
BINARY = as_binary(CSV, night_name())
NAMELESS = f"{START:%Y%m%d%H%M%S}"


def both_files(clinic, doctor, first="csv"):
    files = {"csv": (CSV, night_name()), "binary": (BINARY, NAMELESS)}
    order = sorted(files, key=lambda name: name != first)
    items = [clinic.upload(doctor, *files[name]) for name in order]
    clinic.work()
    return [clinic.item(item.id) for item in items]


def shown(clinic, doctor, patient_id):
    return clinic.nights.shown(doctor.id, patient_id, "ro")


def rows(clinic, doctor, item):
    return {row.item.id: row for row in clinic.batches.show(doctor, item.session_id).rows}


def test_csv_and_binary_of_a_night_have_one_fingerprint_whatever_their_names_tell(clinic):
    csv, binary = both_files(clinic, clinic.doctor())
    assert (csv.device_serial, binary.device_serial) == ("9001", None)
    assert csv.samples_sha256 == binary.samples_sha256 is not None


@pytest.mark.parametrize("first", ["csv", "binary"])
def test_csv_and_binary_in_one_batch_become_one_night_that_keeps_both_files(clinic, first):
    doctor = clinic.doctor()
    one, other = both_files(clinic, doctor, first)
    found = rows(clinic, doctor, one)
    assert (found[one.id].same_as, found[other.id].same_as.id) == (None, one.id)
    [patient_id] = clinic.assignment.all_to_one(doctor, one.session_id)  # no doubt stops the click
    clinic.storing.store_item(one.id)
    clinic.storing.store_item(other.id)
    clinic.work()
    [card] = shown(clinic, doctor, patient_id)
    contents = [clinic.store.objects[key] for key in clinic.store.under(patient_id)]
    assert contents.count(CSV) == contents.count(BINARY) == 1
    assert clinic.item(one.id).recording_id == clinic.item(other.id).recording_id == card.night.id
    assert {clinic.item(item.id).state for item in (one, other)} == {ItemState.STORED}
    assert clinic.nights.trace(doctor.id, card.night.id).recording.format == one.numbers.format
    assert (clinic.open_jobs(), clinic.failed_jobs) == (0, 0)


def test_csv_and_binary_stored_at_once_in_two_batches_are_one_night(both_clinics):
    clinic = both_clinics
    doctor = clinic.doctor()
    patient = clinic.patient(doctor)
    items = []
    for content, name in ((CSV, night_name()), (BINARY, NAMELESS)):
        session = clinic.uploads.separate_session(doctor)
        items.append(clinic.upload(doctor, content, name, session.id))
    clinic.work()
    for item in items:
        clinic.assignment.all_to_one(doctor, item.session_id, patient.id, acknowledged=True)
    together([lambda item=item: clinic.storing.store_item(item.id) for item in items])
    clinic.clock.move(seconds=5)
    clinic.work()
    assert len(shown(clinic, doctor, patient.id)) == 1
    assert {clinic.item(item.id).state for item in items} == {ItemState.STORED}


def test_files_of_one_night_for_two_patients_stop_the_click(clinic):
    doctor = clinic.doctor()
    csv, binary = both_files(clinic, doctor)
    clinic.assignment.choose(doctor, csv.session_id, [csv.id], "new:A")
    clinic.assignment.choose(doctor, csv.session_id, [binary.id], "new:B")
    with pytest.raises(InvalidRequest) as caught:
        clinic.assignment.confirm(doctor, csv.session_id)
    assert caught.value.details == {"overlaps": [], "elsewhere": [], "torn": [csv.id, binary.id]}
    assert len(clinic.assignment.confirm(doctor, csv.session_id, acknowledged=True)) == 2


def test_second_file_for_another_patient_stops_the_click_while_the_first_is_being_stored(clinic):
    doctor = clinic.doctor()
    csv, binary = both_files(clinic, doctor)
    clinic.assignment.choose(doctor, csv.session_id, [csv.id], "new:A")
    clinic.assignment.confirm(doctor, csv.session_id)
    clinic.assignment.choose(doctor, csv.session_id, [binary.id], clinic.patient(doctor).id)
    with pytest.raises(InvalidRequest) as caught:
        clinic.assignment.confirm(doctor, csv.session_id)
    assert caught.value.details["torn"] == [binary.id]


@pytest.fixture
def stored(clinic):
    """The CSV is stored; a new batch is open."""
    doctor = clinic.doctor()
    patient = clinic.patient(doctor)
    item = clinic.upload(doctor, CSV, night_name())
    clinic.work()
    clinic.assignment.all_to_one(doctor, item.session_id, patient.id)
    clinic.work()
    clinic.uploads.finish_session(doctor, item.session_id)
    return doctor, patient, clinic.item(item.id).recording_id


def again(clinic, doctor, content, name):
    item = clinic.upload(doctor, content, name)
    clinic.work()
    return clinic.item(item.id)


@pytest.mark.parametrize(
    ("content", "name", "is_known"),
    [
        (BINARY, NAMELESS, True),  # the same samples, no device told
        (part_csv(START, 20, 7), night_name(), True),  # other samples: same device, same second
        (part_csv(START + timedelta(minutes=5)), night_name(), True),  # same device, overlapping
        (part_csv(START + timedelta(minutes=11)), night_name(), False),  # same device, after it
        (part_csv(START, 20, 7), night_name("9002"), False),  # same second, another device
        (part_csv(START, 20, 7), "night.csv", False),  # same second, no device told
    ],
)
def test_stored_night_is_recognised(clinic, stored, content, name, is_known):
    doctor, patient, _ = stored
    item = again(clinic, doctor, content, name)
    assert rows(clinic, doctor, item)[item.id].stored_at == ((patient.id,) if is_known else ())


def test_stored_night_is_recognised_for_another_patient_by_its_samples(clinic, stored):
    doctor, _, _ = stored
    item = again(clinic, doctor, BINARY, NAMELESS)
    with pytest.raises(InvalidRequest) as caught:
        clinic.assignment.all_to_one(doctor, item.session_id)
    assert caught.value.details == {"overlaps": [], "elsewhere": [item.id], "torn": []}


def test_removed_night_is_recognised_by_what_it_holds_alone(clinic, stored):
    doctor, patient, night_id = stored
    clinic.nights.remove(doctor.id, night_id)
    same = again(clinic, doctor, BINARY, NAMELESS)
    other = again(clinic, doctor, part_csv(START, 20, 7), night_name())
    found = rows(clinic, doctor, same)
    assert (found[same.id].stored_at, found[other.id].stored_at) == ((patient.id,), ())


def test_removed_night_comes_back_with_its_other_file(clinic, stored):
    doctor, patient, night_id = stored
    clinic.nights.remove(doctor.id, night_id)
    item = again(clinic, doctor, BINARY, NAMELESS)
    clinic.assignment.all_to_one(doctor, item.session_id, patient.id)
    clinic.work()
    [card] = shown(clinic, doctor, patient.id)
    assert (card.night.id, card.night.state) == (night_id, NightState.STORED)
    assert clinic.store.objects[card.original.key] == BINARY


def test_excerpt_of_a_stored_night_is_kept_beside_it_and_no_night_of_its_own(clinic, stored):
    doctor, patient, night_id = stored
    excerpt = part_csv(START + timedelta(seconds=80), 50, 20)
    item = again(clinic, doctor, excerpt, night_name())
    clinic.assignment.all_to_one(doctor, item.session_id, patient.id)
    clinic.work()
    [card] = shown(clinic, doctor, patient.id)
    assert (card.night.id, card.night.numbers.samples) == (night_id, 150)
    assert clinic.store.objects[card.original.key] == excerpt
    assert clinic.nights.trace(doctor.id, night_id).recording.samples == 150


def test_other_samples_in_the_time_of_a_stored_night_hide_behind_nothing(clinic, stored):
    """A device whose clock was never set begins every night at the same hour."""
    doctor, patient, _ = stored
    item = again(clinic, doctor, part_csv(START + timedelta(seconds=80), 50, 3), night_name())
    clinic.assignment.all_to_one(doctor, item.session_id, patient.id)
    clinic.work()
    assert len(shown(clinic, doctor, patient.id)) == 2


@pytest.mark.parametrize(("when", "verb"), [("before", "get"), ("after", "get"), ("before", "put"), ("after", "put")])
def test_crash_while_the_second_file_is_kept_is_made_good(clinic, stored, when, verb):
    doctor, patient, night_id = stored
    item = again(clinic, doctor, BINARY, NAMELESS)
    clinic.assignment.all_to_one(doctor, item.session_id, patient.id)
    getattr(clinic.store, when)[verb] = crash
    with pytest.raises(Crash):
        clinic.storing.store_item(item.id)
    getattr(clinic.store, when).clear()
    clinic.work()
    assert clinic.item(item.id).recording_id == night_id
    [card] = shown(clinic, doctor, patient.id)
    assert clinic.store.objects[card.original.key] == BINARY


def test_night_with_two_files_is_moved_with_both_and_read_as_before(clinic, stored):
    doctor, patient, night_id = stored
    item = again(clinic, doctor, BINARY, NAMELESS)
    clinic.assignment.all_to_one(doctor, item.session_id, patient.id)
    clinic.work()
    target = clinic.patient(doctor)
    clinic.nights.move(doctor.id, night_id, target.id)
    clinic.work()
    [card] = shown(clinic, doctor, target.id)
    assert {clinic.store.objects[file.key] for file in (card.csv, card.original)} == {CSV, BINARY}
    assert clinic.nights.trace(doctor.id, night_id).recording.format == "viatom_csv"
