"""A vendor's report finds its recording, is stopped when it says something else, and is stored without a name."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from oximetry.domain.device_report import Band, DeviceReport
from oximetry.domain.errors import InvalidRequest
from oximetry.domain.records import Doctor, ItemState, UploadItem
from oximetry.services.intake.report_choices import ReportChoiceService
from oximetry.services.matching.pairing import paired
from tests.factories import PDF, Clinic, night_csv, night_name, report_name
from tests.made_up_reports import UNREAD_FIELDS, MadeUpRead

START = datetime(2025, 10, 7, 23, 4, 37)


def says(**printed: object) -> MadeUpRead:
    """A report of which these fields were read."""
    fields = {"carries_name": False, **printed}
    unread = tuple(name for name in UNREAD_FIELDS if name not in fields)
    return MadeUpRead(DeviceReport(**fields, uncertain=unread))  # type: ignore[arg-type]


def printed_of(clinic: Clinic, night: UploadItem) -> dict[str, object]:
    """What the report of a night prints, by the rules of the facts: whole numbers and the start's minute."""
    numbers = clinic.item(night.id).numbers
    assert numbers is not None
    return {
        "started_at": START.replace(second=0),
        "spo2_max_pct": int(numbers.spo2_max_pct),
        "spo2_mean_pct": int(numbers.spo2_mean_pct),
        "pulse_max_bpm": int(numbers.pulse_max_bpm),
    }


class Scene:
    """A doctor with one night in the batch, read."""

    def __init__(self, clinic: Clinic) -> None:
        self.clinic = clinic
        self.doctor: Doctor = clinic.doctor()
        self.night = clinic.upload(self.doctor, night_csv(), night_name())
        clinic.work()

    def report(self, name: str = "scan.pdf", content: bytes = PDF, **printed: object) -> UploadItem:
        self.clinic.reports.known[content] = says(**{**printed_of(self.clinic, self.night), **printed})
        item = self.clinic.upload(self.doctor, content, name)
        self.clinic.work()
        return self.clinic.item(item.id)

    def pairs(self) -> list[tuple[str, str]]:
        with self.clinic.catalogue.read() as transaction:
            items = transaction.uploads.items(self.night.session_id)
        return [(recording.id, report.id) for recording, report in paired(items)]


@pytest.fixture
def scene(clinic: Clinic) -> Scene:
    return Scene(clinic)


def test_a_report_finds_its_recording_by_what_it_prints_whatever_its_name(scene: Scene) -> None:
    report = scene.report()
    assert report.started_at == START.replace(second=0)
    assert scene.pairs() == [(scene.night.id, report.id)]


def test_a_report_is_no_second_night_that_overlaps_with_its_own(scene: Scene) -> None:
    numbers = scene.clinic.item(scene.night.id).numbers
    assert numbers is not None
    report = scene.report(duration_s=int(numbers.recorded_s) + 4)
    assert report.ended_at is not None
    assert scene.clinic.assignment.all_to_one(scene.doctor, scene.night.session_id)


def test_what_it_prints_comes_before_its_name(scene: Scene) -> None:
    report = scene.report(report_name(start=START + timedelta(days=30)))
    assert scene.pairs() == [(scene.night.id, report.id)]


@pytest.mark.parametrize("wrong", [{"spo2_max_pct": 90}, {"spo2_mean_pct": 80}, {"pulse_max_bpm": 200}])
def test_a_report_of_somebody_else_is_not_joined_and_stops_the_click(scene: Scene, wrong: dict[str, int]) -> None:
    report = scene.report(report_name(), **wrong)
    assert scene.pairs() == []
    rows = scene.clinic.batches.show(scene.doctor, scene.night.session_id).rows
    [told] = [row.mismatch for row in rows if row.mismatch]
    assert [one.name for one in told.differences] == list(wrong)
    with pytest.raises(InvalidRequest) as stopped:
        scene.clinic.assignment.all_to_one(scene.doctor, scene.night.session_id)
    assert stopped.value.details["mismatched"] == [report.id]
    [patient_id] = scene.clinic.assignment.all_to_one(scene.doctor, scene.night.session_id, acknowledged=True)
    scene.clinic.work()
    [card] = scene.clinic.nights.shown(scene.doctor.id, patient_id, "ro")
    assert card.reports == ()
    assert len(scene.clinic.nights.lone_reports(scene.doctor.id, patient_id)) == 1


def test_two_reports_that_fit_one_recording_are_not_guessed(scene: Scene) -> None:
    scene.report(report_name())
    scene.report("other.pdf", PDF + b" other")
    assert scene.pairs() == []


def test_the_numbers_and_a_picture_are_kept_beside_the_night(scene: Scene) -> None:
    report = scene.report()
    [patient_id] = scene.clinic.assignment.all_to_one(scene.doctor, scene.night.session_id)
    scene.clinic.work()
    [card] = scene.clinic.nights.shown(scene.doctor.id, patient_id, "ro")
    [kept] = card.reports
    assert report.report is not None
    assert (kept.numbers, kept.painted) == (report.report.numbers, False)
    assert kept.preview is not None
    assert scene.clinic.store.objects[kept.file.key] == PDF
    assert scene.clinic.store.objects[kept.preview.key].startswith(b"\x89PNG")


def kept_comparison(scene: Scene, patient_id: str) -> dict[str, dict[str, object]]:
    """The rows that the catalogue keeps of the one night with its one report, by name."""
    [card] = scene.clinic.nights.shown(scene.doctor.id, patient_id, "ro")
    [kept] = card.reports
    assert kept.reconciliation is not None
    assert kept.reconciliation["rule"]["version"] == card.night.numbers.rule.version
    return {row["name"]: row for row in kept.reconciliation["rows"]}


@pytest.mark.parametrize("together", [True, False])
def test_the_catalogue_keeps_how_both_compare_and_follows_new_numbers(scene: Scene, together: bool) -> None:
    numbers = scene.clinic.item(scene.night.id).numbers
    assert numbers is not None
    above = Band(">=95", 300, 100 - numbers.below_pct(95))
    if together:
        scene.report(report_name(), drops_over_3pct=7, spo2_bands=(above,))
    [patient_id] = scene.clinic.assignment.all_to_one(scene.doctor, scene.night.session_id)
    scene.clinic.work()
    if not together:
        paper = scene.report(report_name(), drops_over_3pct=7, spo2_bands=(above,))
        scene.clinic.assignment.all_to_one(scene.doctor, paper.session_id)
        scene.clinic.work()
    rows = kept_comparison(scene, patient_id)
    highest = numbers.spo2_max_pct
    assert rows["spo2_max_pct"] == {
        "name": "spo2_max_pct", "theirs": highest, "ours": highest, "agrees": True, "why": None,
    }  # fmt: skip
    drops = rows["drops_over_3pct"]
    assert (drops["theirs"], drops["ours"], drops["why"]) == (7, numbers.desaturations3, "firmware")
    [card] = scene.clinic.nights.shown(scene.doctor.id, patient_id, "ro")
    span = (START, START + timedelta(seconds=200))
    scene.clinic.exclusions.exclude(scene.doctor.id, card.night.id, span, "senzor mișcat")
    before, rows = rows, kept_comparison(scene, patient_id)
    assert before["spo2_bands[>=95].time_s"]["ours"] == numbers.valid_s * above.pct / 100
    assert rows["spo2_bands[>=95].time_s"]["ours"] == (numbers.valid_s - 51 * 4) * above.pct / 100
    assert rows["spo2_max_pct"]["agrees"] is None  # a night with a span left out has other numbers than its file


@pytest.mark.parametrize("carries_name", [True, None])
def test_what_tells_of_the_person_is_painted_over_in_the_stored_copy(scene: Scene, carries_name: bool | None) -> None:
    read = says(**printed_of(scene.clinic, scene.night))
    uncertain = (*read.report.uncertain, "carries_name")
    scene.clinic.reports.known[PDF] = MadeUpRead(replace(read.report, carries_name=carries_name, uncertain=uncertain))
    scene.clinic.upload(scene.doctor, PDF, report_name())
    scene.clinic.work()
    [patient_id] = scene.clinic.assignment.all_to_one(scene.doctor, scene.night.session_id)
    scene.clinic.work()
    [card] = scene.clinic.nights.shown(scene.doctor.id, patient_id, "ro")
    [kept] = card.reports
    assert kept.painted
    assert scene.clinic.store.objects[kept.file.key] == PDF + b" painted"
    assert PDF not in scene.clinic.store.objects.values()


def test_a_report_joins_the_night_that_came_last_month(scene: Scene) -> None:
    [patient_id] = scene.clinic.assignment.all_to_one(scene.doctor, scene.night.session_id)
    scene.clinic.work()
    printed = printed_of(scene.clinic, scene.night)
    scene.clinic.uploads.finish_session(scene.doctor, scene.night.session_id)
    scene.clinic.clock.move(days=30)
    scene.clinic.reports.known[PDF] = says(**printed)
    paper = scene.clinic.upload(scene.doctor, PDF, "scan.pdf")
    scene.clinic.work()
    scene.clinic.assignment.all_to_one(scene.doctor, paper.session_id, patient_id)
    scene.clinic.work()
    [card] = scene.clinic.nights.shown(scene.doctor.id, patient_id, "ro")
    assert len(card.reports) == 1
    assert scene.clinic.nights.lone_reports(scene.doctor.id, patient_id) == []


def test_a_night_joins_the_report_that_came_last_month(clinic: Clinic) -> None:
    doctor = clinic.doctor()
    clinic.reports.known[PDF] = says(started_at=START.replace(second=0))
    paper = clinic.upload(doctor, PDF, report_name())
    clinic.work()
    [patient_id] = clinic.assignment.all_to_one(doctor, paper.session_id)
    clinic.work()
    assert len(clinic.nights.lone_reports(doctor.id, patient_id)) == 1
    clinic.uploads.finish_session(doctor, paper.session_id)
    night = clinic.upload(doctor, night_csv(), night_name())
    clinic.work()
    clinic.assignment.all_to_one(doctor, night.session_id, patient_id)
    clinic.work()
    assert clinic.item(night.id).state is ItemState.STORED
    [card] = clinic.nights.shown(doctor.id, patient_id, "ro")
    assert len(card.reports) == 1
    assert clinic.nights.lone_reports(doctor.id, patient_id) == []


def test_a_report_of_a_stored_night_goes_to_that_nights_patient_whatever_is_chosen(scene: Scene) -> None:
    [patient_id] = scene.clinic.assignment.all_to_one(scene.doctor, scene.night.session_id)
    scene.clinic.work()
    printed = printed_of(scene.clinic, scene.night)
    scene.clinic.uploads.finish_session(scene.doctor, scene.night.session_id)
    scene.clinic.reports.known[PDF] = says(**printed)
    paper = scene.clinic.upload(scene.doctor, PDF, report_name())
    scene.clinic.work()
    [row] = scene.clinic.batches.show(scene.doctor, paper.session_id).rows
    assert row.joins_at == patient_id
    assert scene.clinic.assignment.all_to_one(scene.doctor, paper.session_id) == [patient_id]
    scene.clinic.work()
    [card] = scene.clinic.nights.shown(scene.doctor.id, patient_id, "ro")
    assert len(card.reports) == 1


def test_a_report_that_fits_two_recordings_is_asked_about(clinic: Clinic) -> None:
    doctor = clinic.doctor()
    first = clinic.upload(doctor, night_csv(), night_name("9001"))
    second = clinic.upload(doctor, night_csv() + b"\n", night_name("9002"))
    clinic.work()
    clinic.reports.known[PDF] = says(started_at=START.replace(second=0))
    paper = clinic.upload(doctor, PDF, "scan.pdf")
    clinic.work()
    batch = clinic.batches.show(doctor, paper.session_id)
    [(report, recordings)] = batch.questions
    assert (report.id, {one.id for one in recordings}) == (paper.id, {first.id, second.id})
    choices = ReportChoiceService(clinic.catalogue, clinic.clock)
    with pytest.raises(InvalidRequest):
        choices.belongs(doctor, paper.session_id, paper.id, paper.id)
    choices.belongs(doctor, paper.session_id, paper.id, second.id)
    batch = clinic.batches.show(doctor, paper.session_id)
    assert batch.questions == []
    assert {row.item.id: row.report.id for row in batch.rows if row.report} == {second.id: paper.id}


def test_the_doctor_may_keep_the_original_and_that_is_in_the_audit(scene: Scene) -> None:
    paper = scene.report(report_name(), carries_name=True)
    choices = ReportChoiceService(scene.clinic.catalogue, scene.clinic.clock)
    choices.keep_original(scene.doctor, paper.session_id, paper.id, keep=True)
    [patient_id] = scene.clinic.assignment.all_to_one(scene.doctor, scene.night.session_id)
    scene.clinic.work()
    [card] = scene.clinic.nights.shown(scene.doctor.id, patient_id, "ro")
    [kept] = card.reports
    assert (kept.painted, scene.clinic.store.objects[kept.file.key]) == (False, PDF)
    with scene.clinic.catalogue.read() as transaction:
        assert {"report_original_chosen", "report_stored"} <= set(transaction.audit.acts(paper.id))


def stored_at(scene: Scene) -> str:
    """The night and its report, stored together; returns the patient."""
    scene.report(report_name())
    [patient_id] = scene.clinic.assignment.all_to_one(scene.doctor, scene.night.session_id)
    scene.clinic.work()
    scene.clinic.uploads.finish_session(scene.doctor, scene.night.session_id)
    return patient_id


def reports_at(scene: Scene, patient_id: str) -> tuple[int, int]:
    """With nights, and alone."""
    cards = scene.clinic.nights.shown(scene.doctor.id, patient_id, "ro")
    return sum(len(card.reports) for card in cards), len(scene.clinic.nights.lone_reports(scene.doctor.id, patient_id))


def test_a_night_moved_before_its_late_report_is_stored_takes_the_report_along(scene: Scene) -> None:
    [patient_id] = scene.clinic.assignment.all_to_one(scene.doctor, scene.night.session_id)
    scene.clinic.work()
    scene.clinic.uploads.finish_session(scene.doctor, scene.night.session_id)
    paper = scene.report(report_name())
    scene.clinic.assignment.all_to_one(scene.doctor, paper.session_id)
    [card] = scene.clinic.nights.shown(scene.doctor.id, patient_id, "ro")
    other = scene.clinic.patient(scene.doctor)
    scene.clinic.nights.move(scene.doctor.id, card.night.id, other.id)
    scene.clinic.moving.move_night(card.night.id)
    scene.clinic.work()
    assert (reports_at(scene, patient_id), reports_at(scene, other.id)) == ((0, 0), (1, 0))


def test_a_night_moves_to_where_its_report_stood_alone(scene: Scene) -> None:
    other = scene.clinic.patient(scene.doctor)
    scene.clinic.reports.known[PDF] = says(**{**printed_of(scene.clinic, scene.night), "spo2_max_pct": 1})
    scene.clinic.upload(scene.doctor, PDF, report_name())
    scene.clinic.work()
    report = next(
        row.item
        for row in scene.clinic.batches.show(scene.doctor, scene.night.session_id).rows
        if row.item.id != scene.night.id
    )
    scene.clinic.assignment.choose(scene.doctor, scene.night.session_id, [report.id], other.id)
    scene.clinic.assignment.confirm(scene.doctor, scene.night.session_id, acknowledged=True)
    scene.clinic.work()
    assert reports_at(scene, other.id) == (0, 1)
    scene.clinic.uploads.discard(scene.doctor, scene.night.id)
    scene.clinic.uploads.finish_session(scene.doctor, scene.night.session_id)
    scene.night = scene.clinic.upload(scene.doctor, night_csv(), night_name())
    scene.clinic.work()
    patient_id = stored_at(scene)
    [card] = scene.clinic.nights.shown(scene.doctor.id, patient_id, "ro")
    scene.clinic.nights.move(scene.doctor.id, card.night.id, other.id)
    scene.clinic.work()
    assert reports_at(scene, other.id) == (1, 0)


def test_a_report_given_again_does_not_stay_with_a_removed_night(scene: Scene) -> None:
    patient_id = stored_at(scene)
    [card] = scene.clinic.nights.shown(scene.doctor.id, patient_id, "ro")
    scene.clinic.nights.remove(scene.doctor.id, card.night.id)
    assert reports_at(scene, patient_id) == (0, 0)
    paper = scene.clinic.upload(scene.doctor, PDF, report_name())
    scene.clinic.work()
    scene.clinic.assignment.all_to_one(scene.doctor, paper.session_id, patient_id)
    scene.clinic.work()
    assert reports_at(scene, patient_id) == (0, 1)
    [alone] = scene.clinic.nights.lone_reports(scene.doctor.id, patient_id)
    assert alone.reconciliation is None
    scene.clinic.clock.move(days=31)
    scene.clinic.housekeeping.submit_daily()
    scene.clinic.work()
    assert reports_at(scene, patient_id) == (0, 1)
    assert PDF in scene.clinic.store.objects.values()


def test_the_picture_of_a_deleted_report_goes_with_it(scene: Scene) -> None:
    doctor = scene.doctor
    scene.clinic.uploads.discard(doctor, scene.night.id)
    paper = scene.report(report_name())
    [patient_id] = scene.clinic.assignment.all_to_one(doctor, paper.session_id)
    scene.clinic.work()
    [report] = scene.clinic.nights.lone_reports(doctor.id, patient_id)
    assert scene.clinic.nights.lone_files(doctor.id, patient_id) == []
    with scene.clinic.catalogue.write() as transaction:
        transaction.files.mark_deleted([report.file.id], scene.clinic.clock())
    assert scene.clinic.nights.lone_reports(doctor.id, patient_id) == []
    assert scene.clinic.nights.lone_files(doctor.id, patient_id) == []
