from datetime import datetime, timedelta

import pytest

from oximetry.domain.errors import InvalidRequest, NotFound, StorageRefused
from oximetry.domain.records import ItemState, NightState
from tests.factories import PDF, night_csv, night_name, report_name
from tests.parallel import together

START = datetime(2025, 10, 7, 23, 4, 37)
DAY = timedelta(days=1)


def upload_night(clinic, doctor, day=0, serial="9001", rows=150):
    return clinic.upload(doctor, night_csv(START + day * DAY, rows), night_name(serial, START + day * DAY))


def patients(clinic, doctor):
    return [card.patient.id for card in clinic.links.cards(doctor.id)]


def nights_of(clinic, doctor, patient_id):
    return [card.night.started_at for card in clinic.nights.shown(doctor.id, patient_id, "ro")]


def stopped(act):
    with pytest.raises(InvalidRequest) as caught:
        act()
    return caught.value.reason, caught.value.details


def test_whole_batch_goes_to_one_new_patient_in_one_act(clinic):
    doctor = clinic.doctor()
    items = [upload_night(clinic, doctor, day) for day in range(3)]
    clinic.work()
    [patient_id] = clinic.assignment.all_to_one(doctor, items[0].session_id)
    assert patients(clinic, doctor) == [patient_id]
    assert {clinic.item(item.id).state for item in items} == {ItemState.CONFIRMED}
    assert clinic.acts(items[0].id) == ["confirmed"]
    clinic.work()
    assert nights_of(clinic, doctor, patient_id) == [START + 2 * DAY, START + DAY, START]


def test_each_row_can_go_to_another_patient(clinic):
    doctor = clinic.doctor()
    known = clinic.patient(doctor)
    items = [upload_night(clinic, doctor, day) for day in range(4)]
    clinic.work()
    session_id = items[0].session_id
    clinic.assignment.choose(doctor, session_id, [items[0].id, items[1].id], "new:A")
    clinic.assignment.choose(doctor, session_id, [items[2].id], known.id)
    confirmed = clinic.assignment.confirm(doctor, session_id)
    clinic.work()
    assert len(confirmed) == 2
    assert confirmed[1] == known.id
    assert nights_of(clinic, doctor, confirmed[0]) == [START + DAY, START]
    assert nights_of(clinic, doctor, known.id) == [START + 2 * DAY]
    assert clinic.item(items[3].id).state is ItemState.READ


def test_nothing_chosen_is_nothing_to_confirm(clinic):
    doctor = clinic.doctor()
    session_id = upload_night(clinic, doctor).session_id
    assert stopped(lambda: clinic.assignment.all_to_one(doctor, session_id))[0] == "nothing_to_confirm"
    clinic.work()
    assert stopped(lambda: clinic.assignment.confirm(doctor, session_id))[0] == "nothing_to_confirm"
    assert patients(clinic, doctor) == []


def test_choice_can_be_taken_back(clinic):
    doctor = clinic.doctor()
    item = upload_night(clinic, doctor)
    clinic.work()
    clinic.assignment.choose(doctor, item.session_id, [item.id], "new:A")
    clinic.assignment.choose(doctor, item.session_id, [item.id], None)
    assert clinic.item(item.id).target is None


def test_patient_or_batch_or_file_of_another_doctor_cannot_be_chosen(clinic):
    doctor, other = clinic.doctor(), clinic.doctor()
    foreign = clinic.patient(other)
    item = upload_night(clinic, doctor)
    theirs = upload_night(clinic, other)
    clinic.work()
    with pytest.raises(NotFound):
        clinic.assignment.choose(doctor, item.session_id, [item.id], foreign.id)
    with pytest.raises(NotFound):
        clinic.assignment.choose(doctor, item.session_id, [theirs.id], "new:A")
    with pytest.raises(NotFound):
        clinic.assignment.all_to_one(doctor, item.session_id, foreign.id)
    for act in (clinic.assignment.all_to_one, clinic.assignment.confirm):
        with pytest.raises(NotFound):
            act(other, item.session_id)
    for target in ("new:", "new:ABC", "new:a", "../x", "new:A\n"):
        with pytest.raises(NotFound):
            clinic.assignment.choose(doctor, item.session_id, [item.id], target)
    assert clinic.item(item.id).target is None
    assert clinic.item(theirs.id).target is None


def test_nights_that_overlap_on_different_devices_stop_until_acknowledged(clinic):
    doctor = clinic.doctor()
    first, second = upload_night(clinic, doctor), upload_night(clinic, doctor, serial="9002", rows=151)
    clinic.work()
    reason, details = stopped(lambda: clinic.assignment.all_to_one(doctor, first.session_id))
    both = [first.id, second.id]
    assert reason == "needs_confirmation"
    assert details == {"overlaps": both, "elsewhere": [], "torn": [], "devices": both}
    assert patients(clinic, doctor) == []
    assert {clinic.item(item.id).state for item in (first, second)} == {ItemState.READ}
    assert clinic.open_jobs() == 0
    [patient_id] = clinic.assignment.all_to_one(doctor, first.session_id, acknowledged=True)
    clinic.work()
    assert nights_of(clinic, doctor, patient_id) == [START, START]


def test_overlapping_nights_of_two_patients_are_no_doubt(clinic):
    doctor = clinic.doctor()
    first, second = upload_night(clinic, doctor), upload_night(clinic, doctor, serial="9002", rows=151)
    clinic.work()
    clinic.assignment.choose(doctor, first.session_id, [first.id], "new:A")
    clinic.assignment.choose(doctor, first.session_id, [second.id], "new:B")
    assert len(clinic.assignment.confirm(doctor, first.session_id)) == 2


@pytest.mark.parametrize("is_stored", [True, False], ids=["stored", "still on its way"])
def test_overlap_with_a_night_that_the_patient_has_already_stops_too(clinic, is_stored):
    doctor = clinic.doctor()
    first = upload_night(clinic, doctor)
    clinic.work()
    [patient_id] = clinic.assignment.all_to_one(doctor, first.session_id)
    if is_stored:
        clinic.work()
    second = upload_night(clinic, doctor, serial="9002", rows=151)
    clinic.reading.read_item(second.id)
    act = lambda: clinic.assignment.all_to_one(doctor, first.session_id, patient_id)  # noqa: E731
    assert stopped(act) == ("needs_confirmation", {"overlaps": [second.id], "elsewhere": [], "torn": []})


def test_same_night_at_another_patient_stops_until_acknowledged(clinic):
    doctor = clinic.doctor()
    clinic.stored_night(doctor, clinic.patient(doctor))
    session = clinic.uploads.finish_session(doctor, clinic.uploads.open_session(doctor).id)
    item = upload_night(clinic, doctor)
    clinic.work()
    act = lambda: clinic.assignment.all_to_one(doctor, session.id)  # noqa: E731
    assert stopped(act) == ("needs_confirmation", {"overlaps": [], "elsewhere": [item.id], "torn": []})
    assert len(patients(clinic, doctor)) == 1
    assert len(clinic.assignment.all_to_one(doctor, session.id, acknowledged=True)) == 1


def test_paired_report_goes_where_its_night_goes(clinic):
    doctor = clinic.doctor()
    night = upload_night(clinic, doctor)
    paper = clinic.upload(doctor, PDF, report_name())
    clinic.work()
    clinic.assignment.choose(doctor, night.session_id, [night.id], "new:A")
    clinic.assignment.choose(doctor, night.session_id, [paper.id], "new:B")
    [patient_id] = clinic.assignment.confirm(doctor, night.session_id)
    clinic.work()
    assert clinic.item(paper.id).patient_id == patient_id
    [card] = clinic.nights.shown(doctor.id, patient_id, "ro")
    assert len(card.reports) == 1


@pytest.mark.parametrize("way", ["all_to_one", "confirm"])
def test_report_that_comes_later_follows_its_night_and_makes_no_patient(clinic, way):
    doctor = clinic.doctor()
    night = upload_night(clinic, doctor)
    clinic.work()
    [patient_id] = clinic.assignment.all_to_one(doctor, night.session_id)
    clinic.work()
    clinic.upload(doctor, PDF, report_name())
    clinic.work()
    assert getattr(clinic.assignment, way)(doctor, night.session_id) == [patient_id]
    clinic.work()
    [card] = clinic.nights.shown(doctor.id, patient_id, "ro")
    assert len(card.reports) == 1
    assert patients(clinic, doctor) == [patient_id]


def test_click_in_two_tabs_at_once_makes_one_patient(both_clinics):
    clinic = both_clinics
    doctor = clinic.doctor()
    items = [upload_night(clinic, doctor, day) for day in range(3)]
    clinic.work()
    session_id = items[0].session_id
    outcomes = together([lambda: clinic.assignment.all_to_one(doctor, session_id)] * 3)
    assert sum(isinstance(outcome, list) for outcome in outcomes) == 1
    assert {outcome.reason for outcome in outcomes if isinstance(outcome, Exception)} == {"nothing_to_confirm"}
    [patient_id] = patients(clinic, doctor)
    assert {clinic.item(item.id).patient_id for item in items} == {patient_id}


def test_file_that_the_store_refuses_waits_with_its_reason_for_the_same_patient(clinic):
    doctor = clinic.doctor()
    items = [upload_night(clinic, doctor, day) for day in range(2)]
    clinic.work()
    [patient_id] = clinic.assignment.all_to_one(doctor, items[0].session_id)
    clinic.runner.run_one()
    clinic.store.failure = StorageRefused()
    clinic.work()
    [left] = [row for row in clinic.batches.show(doctor, items[0].session_id).rows if row.waits_for]
    assert (left.item.state, left.waits_for, left.item.patient_id) == (
        ItemState.CONFIRMED,
        "storage_refused",
        patient_id,
    )
    clinic.store.failure = None
    clinic.uploads.try_again(doctor, left.item.id)
    clinic.work()
    assert len(nights_of(clinic, doctor, patient_id)) == 2
    assert len(clinic.nights.managed(doctor.id, patient_id, "ro")) == 2
    assert clinic.nights.managed(doctor.id, patient_id, "ro")[0].night.state is NightState.STORED


def test_taking_out_and_confirming_at_once_leaves_no_file_in_between(both_clinics):
    clinic = both_clinics
    doctor = clinic.doctor()
    item = upload_night(clinic, doctor)
    clinic.work()
    together(
        [
            lambda: clinic.assignment.all_to_one(doctor, item.session_id),
            lambda: clinic.uploads.discard(doctor, item.id),
        ]
    )
    clinic.work()
    state = clinic.item(item.id).state
    assert state in (ItemState.STORED, ItemState.DISCARDED)
    stored = [night for patient_id in patients(clinic, doctor) for night in nights_of(clinic, doctor, patient_id)]
    assert len(stored) == (state is ItemState.STORED)


def nights_of_devices(clinic, doctor, serials):
    """A read night of each device, on days of their own."""
    items = [upload_night(clinic, doctor, day, serial) for day, serial in enumerate(serials)]
    clinic.work()
    return items


def test_nights_of_several_devices_go_to_one_patient_only_after_a_question(clinic):
    doctor = clinic.doctor()
    items = nights_of_devices(clinic, doctor, ("9001", "9002", "9003"))
    reason, details = stopped(lambda: clinic.assignment.all_to_one(doctor, items[0].session_id))
    assert (reason, details["devices"]) == ("needs_confirmation", [item.id for item in items])
    assert patients(clinic, doctor) == []
    assert clinic.open_jobs() == 0


def test_nights_of_one_device_are_no_question(clinic):
    doctor = clinic.doctor()
    items = nights_of_devices(clinic, doctor, ("9001", "9001"))
    assert len(clinic.assignment.all_to_one(doctor, items[0].session_id)) == 1


def test_rows_that_choose_one_patient_for_two_devices_are_asked_about_too(clinic):
    doctor = clinic.doctor()
    items = nights_of_devices(clinic, doctor, ("9001", "9002"))
    clinic.assignment.choose(doctor, items[0].session_id, [item.id for item in items], "new:A")
    reason, details = stopped(lambda: clinic.assignment.confirm(doctor, items[0].session_id))
    assert (reason, details["devices"]) == ("needs_confirmation", [item.id for item in items])


def test_each_device_gets_a_patient_and_a_choice_by_hand_stays(clinic):
    doctor = clinic.doctor()
    known = clinic.patient(doctor)
    items = nights_of_devices(clinic, doctor, ("9001", "9002", "9001", "9003"))
    clinic.assignment.choose(doctor, items[0].session_id, [items[3].id], known.id)
    proposed = clinic.assignment.one_patient_per_device(doctor, items[0].session_id)
    assert proposed == [item.id for item in items[:3]]
    targets = [clinic.item(item.id).target for item in items]
    assert targets == ["new:A", "new:B", "new:A", known.id]
    assert len(clinic.assignment.confirm(doctor, items[0].session_id)) == 3


def test_a_lent_device_proposes_its_patient(clinic):
    doctor, other = clinic.doctor(), clinic.doctor()
    patient = clinic.patient(doctor)
    clinic.loans.lend(other.id, clinic.patient(other).id, "9001")
    clinic.loans.lend(doctor.id, patient.id, "9001")
    items = nights_of_devices(clinic, doctor, ("9001", "9002"))
    clinic.assignment.one_patient_per_device(doctor, items[0].session_id)
    assert [clinic.item(item.id).target for item in items] == [patient.id, "new:A"]


def test_a_new_patient_gets_the_label_that_was_typed_in_the_row(clinic):
    doctor = clinic.doctor()
    items = nights_of_devices(clinic, doctor, ("9001", "9002"))
    clinic.assignment.one_patient_per_device(doctor, items[0].session_id)
    clinic.assignment.name_new_patient(doctor, items[0].session_id, "new:B", " Fișa  1050 ")
    first, second = clinic.assignment.confirm(doctor, items[0].session_id)
    assert clinic.links.card(doctor.id, first).patient.label is None
    assert clinic.links.card(doctor.id, second).patient.label == "Fișa 1050"


@pytest.mark.parametrize(
    ("label", "reason"),
    [
        ("1800101000000", "label_id_number"),
        ("Fișa 1800101 000000", "label_id_number"),
        ("0712 345 678", "label_phone"),
        ("+40 712-345-678", "label_phone"),
        ("Ion Popescu", "label_name"),
        ("POPESCU Ana-Maria", "label_name"),
    ],
)
def test_a_label_that_tells_who_somebody_is_is_asked_about(clinic, label, reason):
    doctor = clinic.doctor()
    session = clinic.uploads.open_session(doctor)
    with pytest.raises(InvalidRequest, match=reason):
        clinic.assignment.name_new_patient(doctor, session.id, "new:A", label)
    clinic.assignment.name_new_patient(doctor, session.id, "new:A", label, acknowledged=True)


@pytest.mark.parametrize(
    "label", ["Fișa 1042", "1042", "Salon 3 pat 2", "Pacient Nou", "CPAP Control", "fata cu inelul"]
)
def test_a_label_of_a_filing_cabinet_is_not_asked_about(clinic, label):
    doctor = clinic.doctor()
    session = clinic.uploads.open_session(doctor)
    clinic.assignment.name_new_patient(doctor, session.id, "new:A", label)
