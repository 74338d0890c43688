from datetime import datetime, timedelta

import pytest

from oximetry.domain.errors import NotFound
from oximetry.domain.records import ItemKind, ItemState, KnownNight, NightState, UploadItem
from oximetry.services.intake.batch import overlapping, paired
from tests.factories import PDF, night_csv, night_name, report_name

START = datetime(2025, 10, 7, 23, 0, 0)
MINUTE = timedelta(minutes=1)


def made(name, kind=ItemKind.RECORDING, serial="9001", start=START, **changes):
    values = dict.fromkeys(UploadItem.__slots__)
    values |= {
        "id": name,
        "sha256": name,
        "kind": kind,
        "state": ItemState.READ,
        "device_serial": serial,
        "started_at": start,
    }
    if start is not None and kind is ItemKind.RECORDING:
        values["ended_at"] = start + timedelta(hours=8)
    return UploadItem(**(values | changes))


def report(name, **changes):
    return made(name, ItemKind.REPORT, **changes)


def pairs(*items):
    return [(recording.id, found.id) for recording, found in paired(items)]


@pytest.mark.parametrize(("apart", "is_pair"), [(0, True), (2, True), (-2, True), (2.1, False), (-2.1, False)])
def test_report_belongs_to_the_night_that_began_within_two_minutes(apart, is_pair):
    assert pairs(made("n"), report("r", start=START + apart * MINUTE)) == ([("n", "r")] if is_pair else [])


def test_report_of_another_device_or_of_none_belongs_to_nothing():
    assert pairs(made("n"), report("r", serial="9002")) == []
    assert pairs(made("n", serial=None), report("r", serial=None)) == []
    assert pairs(made("n"), report("r", start=None)) == []


def test_report_that_fits_two_nights_is_not_guessed():
    assert pairs(made("n1"), made("n2", start=START + MINUTE), report("r")) == []


def test_report_of_a_night_in_two_files_stands_with_the_first():
    same = {"samples_sha256": "5" * 64}
    assert pairs(made("n1", **same), made("n2", **same), report("r")) == [("n1", "r")]
    assert pairs(made("n1", serial=None, **same), made("n2", **same), report("r")) == [("n2", "r")]
    assert pairs(made("n1", **same), made("n2", samples_sha256="6" * 64), report("r")) == []


def test_part_of_a_joined_night_has_no_report_of_its_own():
    assert pairs(made("n", joined_to="other"), report("r")) == []


def test_two_reports_that_fit_one_night_are_not_guessed():
    nights = (made("n1"), made("n2", start=START + timedelta(days=1)))
    reports = (report("r1"), report("r2"), report("r3", start=START + timedelta(days=1)))
    assert pairs(*nights, *reports) == [("n2", "r3")]


def test_refused_report_belongs_to_nothing():
    assert pairs(made("n"), report("r", state=ItemState.REFUSED)) == []


def test_nights_of_different_devices_overlap_when_they_share_time():
    first = made("a")
    later = made("b", serial="9002", start=START + timedelta(hours=7))
    assert overlapping([first, later, made("c", start=START + timedelta(days=1))]) == [first, later]
    assert overlapping([first, made("b", serial="9002", start=START + timedelta(hours=8))]) == []
    assert overlapping([first, made("b", start=START + timedelta(hours=7))]) == []


def test_nights_of_unknown_devices_count_as_different():
    assert overlapping([made("a", serial=None), made("b", serial=None)]) != []


def test_night_overlaps_with_a_stored_one():
    stored = KnownNight("s", "p", NightState.STORED, "9002", START, START + MINUTE, "0" * 64)
    night = made("a")
    assert overlapping([night, made("b", start=START + timedelta(days=1))], [stored]) == [night]


def test_table_shows_a_night_with_its_report_in_one_row(clinic):
    doctor = clinic.doctor()
    night = clinic.upload(doctor, night_csv(), night_name())
    paper = clinic.upload(doctor, PDF, report_name())
    clinic.work()
    batch = clinic.batches.show(doctor, night.session_id)
    [row] = batch.rows
    assert (row.item.id, row.report.id) == (night.id, paper.id)
    assert [item.id for item in batch.readable] == [night.id]
    assert not batch.busy


def test_table_warns_of_the_same_night_at_another_patient(clinic):
    doctor = clinic.doctor()
    patient = clinic.patient(doctor)
    stored = clinic.stored_night(doctor, patient)
    session = clinic.uploads.finish_session(doctor, clinic.uploads.open_session(doctor).id)
    same_bytes = clinic.upload(doctor, night_csv(), night_name())
    same_start = clinic.upload(doctor, night_csv(rows=151), night_name())
    other_device = clinic.upload(doctor, night_csv(rows=152), night_name("9002"))
    clinic.work()
    rows = {row.item.id: row.stored_at for row in clinic.batches.show(doctor, session.id).rows}
    assert rows == {same_bytes.id: (patient.id,), same_start.id: (patient.id,), other_device.id: ()}
    assert stored


def test_night_of_another_doctor_is_no_warning(clinic):
    first, second = clinic.doctor(), clinic.doctor()
    clinic.stored_night(first, clinic.patient(first))
    item = clinic.upload(second, night_csv(), night_name())
    clinic.work()
    [row] = clinic.batches.show(second, item.session_id).rows
    assert row.stored_at == ()


def test_stored_night_does_not_warn_of_itself(clinic):
    doctor = clinic.doctor()
    clinic.stored_night(doctor, clinic.patient(doctor))
    [row] = clinic.batches.show(doctor, clinic.uploads.open_session(doctor).id).rows
    assert (row.item.state, row.stored_at) == (ItemState.STORED, ())


def test_batch_of_another_doctor_is_not_found(clinic):
    session = clinic.uploads.open_session(clinic.doctor())
    with pytest.raises(NotFound):
        clinic.batches.show(clinic.doctor(), session.id)


def test_report_read_after_its_night_was_confirmed_has_a_row_of_its_own(clinic):
    doctor = clinic.doctor()
    night = clinic.upload(doctor, night_csv(), night_name())
    clinic.work()
    clinic.assignment.all_to_one(doctor, night.session_id)
    paper = clinic.upload(doctor, PDF, report_name())
    clinic.work()
    batch = clinic.batches.show(doctor, night.session_id)
    assert [row.item.id for row in batch.rows] == [night.id, paper.id]
    assert [item.id for item in batch.readable] == [paper.id]


def test_the_place_in_the_queue_is_told_while_a_batch_waits_behind_others(clinic):
    ana, bogdan = clinic.doctor(), clinic.doctor()
    for number in range(5):
        start = START + timedelta(days=number)
        clinic.upload(ana, night_csv(start), night_name("9001", start))
    session_id = clinic.upload(bogdan, night_csv(), night_name("9002")).session_id
    clinic.upload(bogdan, night_csv(START), night_name("9003", START))
    assert clinic.batches.show(bogdan, session_id).queue is None  # no worker: no promise
    clinic.pulse.beat("w1", threads=1)
    queue = clinic.batches.show(bogdan, session_id).queue
    assert (queue.files, queue.seconds) == (2, 0)
    clinic.work()
    assert clinic.batches.show(bogdan, session_id).queue is None
