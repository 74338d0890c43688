import hashlib
from datetime import datetime, timedelta

import pytest

from oximetry.domain.errors import InvalidRequest, NotReady, StorageRefused, StorageUnavailable
from oximetry.domain.keys import ObjectName
from oximetry.domain.records import FileKind, ItemState, NightState
from tests.factories import PDF, Clinic, night_csv, night_name, report_name
from tests.made_up_reports import BLANK
from tests.memory_store import Crash, crash
from tests.parallel import together

START = datetime(2025, 10, 7, 23, 4, 37)
SHA8 = hashlib.sha256(night_csv()).hexdigest()[:8]


class Confirmed:
    """A clinic in which one night is confirmed and not stored yet."""

    def __init__(self, clinic, content=None, name=None):
        self.clinic = clinic
        self.doctor = clinic.doctor()
        self.item = clinic.upload(self.doctor, content or night_csv(), name or night_name())
        clinic.work()
        [self.patient_id] = clinic.assignment.all_to_one(self.doctor, self.item.session_id)
        self.key = f"{self.patient_id}/csvs/20251007230437_9001_{SHA8}.csv"

    @property
    def state(self):
        return self.clinic.item(self.item.id).state

    @property
    def cards(self):
        return self.clinic.nights.managed(self.doctor.id, self.patient_id, "ro")


@pytest.fixture
def confirmed(clinic):
    return Confirmed(clinic)


def test_key_has_its_fixed_form():
    name = ObjectName("p", FileKind.CSV, START, "9001", "0123456789abcdef", "csv")
    assert name.key == "p/csvs/20251007230437_9001_01234567.csv"


@pytest.mark.parametrize(
    ("serial", "part"), [(None, "0000"), ("../a b\u0219", "ab"), ("x" * 40, "x" * 20), ("\u0663", "0000")]
)
def test_key_stays_ascii_whatever_the_serial(serial, part):
    assert f"_{part}_" in ObjectName("p", FileKind.CSV, START, serial, "0" * 64, "csv").key


def test_night_is_stored_under_its_patient_and_staging_is_emptied(confirmed):
    confirmed.clinic.work()
    [card] = confirmed.cards
    assert card.csv.key == confirmed.key
    assert confirmed.clinic.store.objects[confirmed.key] == night_csv()
    assert confirmed.clinic.store.under("users/") == []
    assert (card.csv.sha256, card.csv.size) == (hashlib.sha256(night_csv()).hexdigest(), len(night_csv()))
    assert (card.csv.content_type, card.csv.created_by) == ("text/csv", confirmed.doctor.id)
    assert confirmed.clinic.acts(confirmed.item.id) == ["confirmed", "stored"]
    assert card.plot is not None
    assert confirmed.clinic.failed_jobs == 0


@pytest.mark.parametrize(("when", "verb"), [("before", "get"), ("after", "get"), ("before", "put"), ("after", "put")])
def test_crash_at_a_step_and_a_second_run_store_the_night_once(confirmed, when, verb):
    clinic = confirmed.clinic
    getattr(clinic.store, when)[verb] = crash
    with pytest.raises(Crash):
        clinic.work()
    assert confirmed.state is ItemState.CONFIRMED
    assert confirmed.cards == []
    getattr(clinic.store, when).clear()
    clinic.clock.move(seconds=21)
    clinic.work()
    assert confirmed.state is ItemState.STORED
    assert len(confirmed.cards) == 1
    assert [key for key in clinic.store.under("") if "/csvs/" in key] == [confirmed.key]
    assert clinic.store.under("users/") == []


def test_crash_before_the_commit_leaves_nothing_in_the_catalogue(confirmed, monkeypatch):
    clinic = confirmed.clinic
    monkeypatch.setattr(type(clinic.storing), "_finish", lambda *_: crash(""))
    with pytest.raises(Crash):
        clinic.work()
    monkeypatch.undo()
    assert (confirmed.state, confirmed.cards) == (ItemState.CONFIRMED, [])
    clinic.clock.move(seconds=21)
    clinic.work()
    assert len(confirmed.cards) == 1


def test_crash_while_staging_is_emptied_is_made_good(confirmed):
    confirmed.clinic.store.after["delete"] = crash
    with pytest.raises(Crash):
        confirmed.clinic.work()
    confirmed.clinic.store.after.clear()
    confirmed.clinic.clock.move(seconds=21)
    confirmed.clinic.work()
    assert confirmed.clinic.open_jobs() == 0
    assert len(confirmed.cards) == 1


def test_storing_twice_changes_nothing(confirmed):
    confirmed.clinic.work()
    objects = dict(confirmed.clinic.store.objects)
    confirmed.clinic.storing.store_item(confirmed.item.id)
    assert confirmed.clinic.store.objects == objects
    assert confirmed.clinic.acts(confirmed.item.id) == ["confirmed", "stored"]


def test_two_workers_store_the_same_file_once(both_clinics):
    scene = Confirmed(both_clinics)
    assert together([lambda: both_clinics.storing.store_item(scene.item.id)] * 3) == [None] * 3
    assert len(scene.cards) == 1
    assert both_clinics.acts(scene.item.id) == ["confirmed", "stored"]


def test_same_bytes_in_two_batches_for_one_patient_become_one_night(both_clinics):
    clinic = both_clinics
    doctor = clinic.doctor()
    patient = clinic.patient(doctor)
    items = []
    for _ in range(2):
        session = clinic.uploads.separate_session(doctor)
        items.append(clinic.upload(doctor, night_csv(), night_name(), session.id))
    clinic.work()
    for item in items:
        clinic.assignment.all_to_one(doctor, item.session_id, patient.id)
    together([lambda item=item: clinic.storing.store_item(item.id) for item in items])
    clinic.clock.move(seconds=2)
    clinic.work()
    assert {clinic.item(item.id).state for item in items} == {ItemState.STORED}
    assert len(clinic.nights.shown(doctor.id, patient.id, "ro")) == 1


def test_outage_leaves_everything_as_it_was_with_the_reason_shown(confirmed):
    clinic = confirmed.clinic
    clinic.store.failure = StorageUnavailable()
    before = dict(clinic.store.objects)
    clinic.work()
    [row] = clinic.batches.show(confirmed.doctor, confirmed.item.session_id).rows
    assert (row.item.state, row.waits_for) == (ItemState.CONFIRMED, "storage_unavailable")
    assert (clinic.store.objects, confirmed.cards) == (before, [])
    clinic.store.failure = None
    clinic.clock.move(seconds=2)
    clinic.work()
    assert confirmed.state is ItemState.STORED


def test_refusal_of_the_store_lets_the_file_wait_and_keeps_it(confirmed):
    clinic = confirmed.clinic
    clinic.store.failure = StorageRefused()
    for _ in range(20):
        clinic.work()
        clinic.clock.move(seconds=300)
    item = clinic.item(confirmed.item.id)
    assert (item.state, clinic.failed_jobs) == (ItemState.CONFIRMED, 0)
    assert item.staging_key in clinic.store.objects
    clinic.store.failure = None
    clinic.clock.move(seconds=300)
    clinic.work()
    assert clinic.item(confirmed.item.id).state is ItemState.STORED


def test_staged_bytes_that_changed_are_not_stored(confirmed):
    confirmed.clinic.store.objects[confirmed.item.staging_key] = night_csv(spo2_pct=80)
    confirmed.clinic.work()
    [row] = confirmed.clinic.batches.show(confirmed.doctor, confirmed.item.session_id).rows
    assert (row.item.state, row.waits_for) == (ItemState.CONFIRMED, "staging_damaged")
    assert confirmed.cards == []


def test_worker_that_slept_through_another_choice_stores_nothing_at_the_old_patient(confirmed):
    clinic, doctor = confirmed.clinic, confirmed.doctor
    other = clinic.patient(doctor)

    def meanwhile(_):
        clinic.store.after.clear()
        clinic.storing.mark_failed(confirmed.item.id, "failed_repeatedly")
        clinic.assignment.all_to_one(doctor, confirmed.item.session_id, other.id, acknowledged=True)

    clinic.store.after["put"] = meanwhile
    clinic.storing.store_item(confirmed.item.id)
    assert confirmed.cards == []
    clinic.work()
    assert [card.night.patient_id for card in clinic.nights.shown(doctor.id, other.id, "ro")] == [other.id]
    assert confirmed.cards == []


def test_removed_night_comes_back_when_its_file_is_confirmed_again(clinic):
    doctor = clinic.doctor()
    patient = clinic.patient(doctor)
    night_id = clinic.stored_night(doctor, patient)
    clinic.nights.remove(doctor.id, night_id)
    clinic.uploads.finish_session(doctor, clinic.uploads.open_session(doctor).id)
    assert clinic.stored_night(doctor, patient) == night_id
    [card] = clinic.nights.shown(doctor.id, patient.id, "ro")
    assert (card.night.state, card.night.removed_at) == (NightState.STORED, None)
    assert card.csv is not None


def test_file_of_a_night_that_is_leaving_waits_and_becomes_the_patients_own_night(clinic):
    doctor = clinic.doctor()
    patient, target = clinic.patient(doctor), clinic.patient(doctor)
    night_id = clinic.stored_night(doctor, patient)
    clinic.uploads.finish_session(doctor, clinic.uploads.open_session(doctor).id)
    item = clinic.upload(doctor, night_csv(), night_name())
    clinic.work()
    clinic.nights.move(doctor.id, night_id, target.id)
    clinic.assignment.all_to_one(doctor, item.session_id, patient.id, acknowledged=True)
    with pytest.raises(NotReady):
        clinic.storing.store_item(item.id)
    clinic.work()
    clinic.clock.move(seconds=5)
    clinic.work()
    assert len(clinic.nights.shown(doctor.id, patient.id, "ro")) == 1
    assert len(clinic.nights.shown(doctor.id, target.id, "ro")) == 1


@pytest.mark.parametrize("first", ["recording", "report"])
def test_report_stands_beside_its_night_whichever_is_stored_first(clinic, first):
    doctor = clinic.doctor()
    night = clinic.upload(doctor, night_csv(), night_name())
    paper = clinic.upload(doctor, PDF, report_name())
    clinic.work()
    [patient_id] = clinic.assignment.all_to_one(doctor, night.session_id)
    order = [night, paper] if first == "recording" else [paper, night]
    for item in order:
        clinic.storing.store_item(item.id)
    [card] = clinic.nights.shown(doctor.id, patient_id, "ro")
    digest = hashlib.sha256(PDF).hexdigest()[:8]
    assert [report.file.key for report in card.reports] == [f"{patient_id}/pdfs/20251007230437_9001_{digest}.pdf"]
    assert clinic.nights.lone_reports(doctor.id, patient_id) == []


def test_report_without_a_night_stands_alone(clinic):
    clinic.reports.known[PDF] = BLANK
    scene = Confirmed(clinic, PDF, "scan.pdf")
    clinic.work()
    [report] = clinic.nights.lone_reports(scene.doctor.id, scene.patient_id)
    digest = hashlib.sha256(PDF).hexdigest()[:8]
    assert report.file.key == f"{scene.patient_id}/pdfs/20260301080000_0000_{digest}.pdf"


@pytest.mark.parametrize("is_moved", [True, False], ids=["moved", "moving"])
def test_report_that_comes_after_its_night_was_moved_follows_it(clinic, is_moved):
    doctor = clinic.doctor()
    wrong, right = clinic.patient(doctor), clinic.patient(doctor)
    night_id = clinic.stored_night(doctor, wrong)
    paper = clinic.upload(doctor, PDF, report_name())
    clinic.reading.read_item(paper.id)
    clinic.nights.move(doctor.id, night_id, right.id)
    if is_moved:
        clinic.moving.move_night(night_id)
    clinic.assignment.confirm(doctor, paper.session_id)
    clinic.work()
    clinic.clock.move(seconds=5)
    clinic.work()
    [card] = clinic.nights.shown(doctor.id, right.id, "ro")
    assert [report.file.key.partition("/")[0] for report in card.reports] == [right.id]
    assert clinic.nights.lone_reports(doctor.id, wrong.id) == []
    assert not [key for key in clinic.store.under(wrong.id) if "/pdfs/" in key]


def test_only_staging_is_ever_emptied(confirmed):
    confirmed.clinic.work()
    with pytest.raises(InvalidRequest):
        confirmed.clinic.handlers["empty_staging"](confirmed.key)
    assert confirmed.key in confirmed.clinic.store.objects


def test_staging_that_is_still_needed_is_not_emptied(confirmed):
    confirmed.clinic.handlers["empty_staging"](confirmed.item.staging_key)
    assert confirmed.item.staging_key in confirmed.clinic.store.objects


def test_whole_batch_is_stored_by_parallel_workers_once_each(both_clinics):
    clinic: Clinic = both_clinics
    doctor = clinic.doctor()
    starts = [START + day * timedelta(days=1) for day in range(3)]
    items = [clinic.upload(doctor, night_csv(start), night_name(start=start)) for start in starts]
    items += [clinic.upload(doctor, PDF + bytes([n]), report_name(start=start)) for n, start in enumerate(starts)]
    together([clinic.work] * 3)
    clinic.work()
    [patient_id] = clinic.assignment.all_to_one(doctor, items[0].session_id)
    together([clinic.work] * 3)
    clinic.clock.move(seconds=10)
    clinic.work()
    cards = clinic.nights.shown(doctor.id, patient_id, "ro")
    assert [card.night.started_at for card in cards] == starts[::-1]
    assert [len(card.reports) for card in cards] == [1, 1, 1]
    assert (clinic.open_jobs(), clinic.failed_jobs) == (0, 0)
    assert clinic.store.under("users/") == []
