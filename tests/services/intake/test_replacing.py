"""A recording that was cut short gives way to its complete upload, and can be had back."""

from datetime import datetime, timedelta

import pytest

from oximetry.domain.errors import InvalidRequest
from oximetry.domain.records import ItemState, NightState
from oximetry.web.doctor.batch_words import remarks
from oximetry.web.i18n import words
from tests.factories import as_binary, night_name, part_csv
from tests.memory_store import Crash, crash
from tests.parallel import together

START = datetime(2025, 10, 7, 23, 4, 37)
CSV = part_csv(START)
COMPLETE = as_binary(CSV, night_name())
CUT = as_binary(CSV, night_name(), 60)
CUT_LATER = as_binary(CSV, night_name(), 100)
NAMED = "O2Ring 9001_20251007230437"
NAMELESS = f"{START:%Y%m%d%H%M%S}"


def uploaded(clinic, doctor, content, name=NAMED):
    item = clinic.upload(doctor, content, name)
    clinic.work()
    return clinic.item(item.id)


def store(clinic, doctor, patient, content, name=NAMED):
    item = uploaded(clinic, doctor, content, name)
    clinic.assignment.all_to_one(doctor, item.session_id, patient.id)
    clinic.work()
    assert clinic.item(item.id).state is ItemState.STORED
    clinic.uploads.finish_session(doctor, item.session_id)
    return clinic.item(item.id).recording_id


@pytest.fixture
def people(clinic):
    doctor = clinic.doctor()
    return doctor, clinic.patient(doctor)


def samples_shown(clinic, doctor, patient):
    return sorted(card.night.numbers.samples for card in clinic.nights.shown(doctor.id, patient.id, "ro"))


def said(clinic, doctor, item):
    [row] = [row for row in clinic.batches.show(doctor, item.session_id).rows if row.item.id == item.id]
    return remarks(row, words("en"), lambda _: "the other file")


@pytest.mark.parametrize("name", [NAMED, NAMELESS], ids=["serial", "no serial"])
@pytest.mark.parametrize("content", [COMPLETE, CUT_LATER, CSV], ids=["complete", "longer", "csv"])
def test_complete_or_longer_upload_takes_the_place_of_the_unfinished_one(clinic, people, name, content):
    doctor, patient = people
    old = store(clinic, doctor, patient, CUT, name)
    name = night_name() if content is CSV and name is NAMED else name
    item = uploaded(clinic, doctor, content, name)
    assert "Completes the unfinished night already stored." in said(clinic, doctor, item)
    new = store(clinic, doctor, patient, content, name)
    assert samples_shown(clinic, doctor, patient) == [100 if content is CUT_LATER else 150]
    assert clinic.acts(old) == ["night_replaced"]
    clinic.nights.restore(doctor.id, old)
    assert len(samples_shown(clinic, doctor, patient)) == 2
    assert new != old


def test_completing_is_no_same_night_already_and_no_overlap(clinic, people):
    doctor, patient = people
    store(clinic, doctor, patient, CUT, NAMELESS)
    item = uploaded(clinic, doctor, COMPLETE, NAMELESS)
    [row] = clinic.batches.show(doctor, item.session_id).rows
    assert (row.stored_at, row.completes, row.stands_complete) == ((), (patient.id,), False)
    with pytest.raises(InvalidRequest) as caught:
        clinic.assignment.all_to_one(doctor, item.session_id)
    assert caught.value.details == {"overlaps": [], "elsewhere": [item.id], "torn": []}
    clinic.assignment.choose(doctor, item.session_id, [item.id], "new:A")
    assert "The same night is stored at another patient." in said(clinic, doctor, item)


def test_night_at_another_patient_is_not_replaced(clinic, people):
    doctor, patient = people
    other = clinic.patient(doctor)
    store(clinic, doctor, patient, CUT)
    item = uploaded(clinic, doctor, COMPLETE)
    clinic.assignment.all_to_one(doctor, item.session_id, other.id, acknowledged=True)
    clinic.work()
    assert samples_shown(clinic, doctor, patient) == [60]
    assert samples_shown(clinic, doctor, other) == [150]


def test_unfinished_copy_of_a_complete_night_changes_nothing_of_it(clinic, people):
    doctor, patient = people
    night_id = store(clinic, doctor, patient, COMPLETE)
    item = uploaded(clinic, doctor, CUT)
    assert "The same night stands already, complete." in said(clinic, doctor, item)
    assert store(clinic, doctor, patient, CUT) == night_id
    assert samples_shown(clinic, doctor, patient) == [150]
    assert clinic.acts(night_id) == []


def test_shorter_unfinished_one_does_not_replace_a_longer_one(clinic, people):
    doctor, patient = people
    night_id = store(clinic, doctor, patient, CUT_LATER)
    assert store(clinic, doctor, patient, CUT) == night_id
    assert samples_shown(clinic, doctor, patient) == [100]


def test_complete_file_that_is_shorter_replaces_nothing(clinic, people):
    doctor, patient = people
    night_id = store(clinic, doctor, patient, CUT_LATER)
    assert store(clinic, doctor, patient, part_csv(START, 80), night_name()) == night_id
    assert samples_shown(clinic, doctor, patient) == [100]


def test_complete_file_of_the_same_length_replaces_the_unfinished_one(clinic, people):
    doctor, patient = people
    old = store(clinic, doctor, patient, CUT)
    changed = part_csv(START, 59) + part_csv(START + timedelta(seconds=4 * 59), 1, 61).split(b"\n", 1)[1]
    assert store(clinic, doctor, patient, changed, night_name()) != old
    assert samples_shown(clinic, doctor, patient) == [60]


def test_without_a_serial_the_samples_have_to_be_the_same(clinic, people):
    doctor, patient = people
    store(clinic, doctor, patient, CUT, NAMELESS)
    other = as_binary(part_csv(START, 150, 3), night_name())
    item = uploaded(clinic, doctor, other, NAMELESS)
    clinic.assignment.all_to_one(doctor, item.session_id, patient.id, acknowledged=True)
    clinic.work()
    assert samples_shown(clinic, doctor, patient) == [60, 150]


@pytest.mark.parametrize("first", [CUT, COMPLETE], ids=["cut first", "complete first"])
def test_both_in_one_batch_leave_the_complete_one(clinic, people, first):
    doctor, patient = people
    items = [uploaded(clinic, doctor, content) for content in sorted((CUT, COMPLETE), key=lambda one: one != first)]
    clinic.assignment.all_to_one(doctor, items[0].session_id, patient.id)
    for item in items:
        clinic.storing.store_item(item.id)
    clinic.work()
    assert samples_shown(clinic, doctor, patient) == [150]


def test_both_stored_at_once_leave_the_complete_one(both_clinics):
    clinic = both_clinics
    doctor = clinic.doctor()
    patient = clinic.patient(doctor)
    items = []
    for content in (CUT, COMPLETE):
        session = clinic.uploads.separate_session(doctor)
        items.append(clinic.upload(doctor, content, NAMED, session.id))
    clinic.work()
    for item in items:
        clinic.assignment.all_to_one(doctor, item.session_id, patient.id, acknowledged=True)
    together([lambda item=item: clinic.storing.store_item(item.id) for item in items])
    clinic.clock.move(seconds=5)
    clinic.work()
    assert samples_shown(clinic, doctor, patient) == [150]
    assert {clinic.item(item.id).state for item in items} == {ItemState.STORED}


@pytest.mark.parametrize(("when", "verb"), [("before", "get"), ("after", "get"), ("before", "put"), ("after", "put")])
def test_crash_while_replacing_is_made_good(clinic, people, when, verb):
    doctor, patient = people
    old = store(clinic, doctor, patient, CUT)
    item = uploaded(clinic, doctor, COMPLETE)
    clinic.assignment.all_to_one(doctor, item.session_id, patient.id)
    getattr(clinic.store, when)[verb] = crash
    with pytest.raises(Crash):
        clinic.storing.store_item(item.id)
    assert samples_shown(clinic, doctor, patient) == [60]
    getattr(clinic.store, when).clear()
    clinic.work()
    assert samples_shown(clinic, doctor, patient) == [150]
    assert clinic.acts(old) == ["night_replaced"]


def test_crash_before_the_commit_replaces_nothing(clinic, people, monkeypatch):
    doctor, patient = people
    old = store(clinic, doctor, patient, CUT)
    item = uploaded(clinic, doctor, COMPLETE)
    clinic.assignment.all_to_one(doctor, item.session_id, patient.id)
    monkeypatch.setattr(type(clinic.storing), "_finish", lambda *_: crash(""))
    with pytest.raises(Crash):
        clinic.storing.store_item(item.id)
    monkeypatch.undo()
    assert (samples_shown(clinic, doctor, patient), clinic.acts(old)) == ([60], [])


def test_replaced_night_is_expunged_after_its_thirty_days(clinic, people):
    doctor, patient = people
    store(clinic, doctor, patient, CUT)
    store(clinic, doctor, patient, COMPLETE)
    [removed] = [
        card for card in clinic.nights.managed(doctor.id, patient.id, "ro") if card.night.state is NightState.REMOVED
    ]
    clinic.clock.now += timedelta(days=31)
    clinic.housekeeping.expunge("")
    assert removed.original.key not in clinic.store.objects
    assert samples_shown(clinic, doctor, patient) == [150]
