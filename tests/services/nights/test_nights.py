from datetime import datetime
from types import SimpleNamespace

import pytest

from oximetry.domain.errors import NotFound
from oximetry.domain.records import NightState
from oximetry.samples.samples import samples
from tests.factories import PDF, report_name

START = datetime(2025, 10, 7, 23, 4, 37)


@pytest.fixture
def scene(clinic):
    doctor, other = clinic.doctor(), clinic.doctor()
    patient, neighbour, foreign = clinic.patient(doctor), clinic.patient(doctor), clinic.patient(other)
    night_id = clinic.stored_night(doctor, patient)
    [card] = clinic.nights.shown(doctor.id, patient.id, "ro")
    return SimpleNamespace(
        clinic=clinic,
        nights=clinic.nights,
        doctor=doctor,
        other=other,
        patient=patient,
        neighbour=neighbour,
        foreign=foreign,
        night_id=night_id,
        csv=card.csv,
        plot=card.plot,
    )


def url(scene, file=None, doctor=None, patient=None, kind="csvs"):
    file = file or scene.csv
    return scene.nights.file_url((doctor or scene.doctor).id, (patient or scene.patient).id, kind, file.name)


def test_url_is_signed_for_the_key_with_its_type_and_name(scene):
    assert url(scene) == f"memory:{scene.csv.key}?expires=300&name={scene.csv.name}&type=text/csv&inline=False"
    assert url(scene, scene.plot, kind="plots").endswith("&type=image/png&inline=True")


def test_file_is_refused_to_everybody_but_its_patient_and_doctor(scene):
    with pytest.raises(NotFound):
        url(scene, doctor=scene.other)
    with pytest.raises(NotFound):
        url(scene, patient=scene.neighbour)
    with pytest.raises(NotFound):
        url(scene, doctor=scene.other, patient=scene.foreign)


def test_softly_deleted_file_is_served_to_neither_the_doctor_nor_the_patient(scene):
    link_id = scene.clinic.links.card(scene.doctor.id, scene.patient.id).link.id
    address = (scene.patient.id, "csvs", scene.csv.name)
    assert url(scene) == scene.nights.linked_file_url(link_id, *address)
    with scene.clinic.catalogue.write() as transaction:
        transaction.files.mark_deleted([scene.csv.id], scene.clinic.clock())
    with pytest.raises(NotFound):
        scene.nights.file_url(scene.doctor.id, *address)
    with pytest.raises(NotFound):
        scene.nights.linked_file_url(link_id, *address)


@pytest.mark.parametrize("kind", ["pdfs", "plots", "originals", "..", ""])
def test_file_is_found_under_its_own_kind_only(scene, kind):
    with pytest.raises(NotFound):
        url(scene, kind=kind)


@pytest.mark.parametrize("name", ["", ".", "..", "../csvs/{}", "%2e%2e/{}", "{}\0", "{}/", "\u0000", "./{}", "*", "%"])
def test_other_spellings_of_a_name_find_nothing(scene, name):
    with pytest.raises(NotFound):
        scene.nights.file_url(scene.doctor.id, scene.patient.id, "csvs", name.format(scene.csv.name))


def test_removed_night_is_gone_at_once_with_its_files(scene):
    scene.nights.remove(scene.doctor.id, scene.night_id)
    assert scene.nights.shown(scene.doctor.id, scene.patient.id, "ro") == []
    assert scene.nights.counts(scene.doctor.id) == {}
    for file, kind in ((scene.csv, "csvs"), (scene.plot, "plots")):
        with pytest.raises(NotFound):
            url(scene, file, kind=kind)
    with pytest.raises(NotFound):
        scene.nights.trace(scene.doctor.id, scene.night_id)
    [card] = scene.nights.managed(scene.doctor.id, scene.patient.id, "ro")
    assert card.night.state is NightState.REMOVED


def test_removed_night_can_be_restored_for_thirty_days(scene):
    scene.nights.remove(scene.doctor.id, scene.night_id)
    scene.clinic.clock.move(days=30)
    scene.nights.restore(scene.doctor.id, scene.night_id)
    assert url(scene)
    [card] = scene.nights.shown(scene.doctor.id, scene.patient.id, "ro")
    assert (card.csv, card.plot) == (scene.csv, scene.plot)
    assert scene.clinic.acts(scene.night_id) == ["night_removed", "night_restored"]


def test_removed_night_cannot_be_restored_while_it_may_be_expunged(scene):
    scene.nights.remove(scene.doctor.id, scene.night_id)
    scene.clinic.clock.move(days=30, seconds=1)
    with pytest.raises(NotFound):
        scene.nights.restore(scene.doctor.id, scene.night_id)


def test_removing_twice_counts_from_the_first_time(scene):
    scene.nights.remove(scene.doctor.id, scene.night_id)
    scene.clinic.clock.move(days=29)
    scene.nights.remove(scene.doctor.id, scene.night_id)
    scene.clinic.clock.move(days=2)
    with pytest.raises(NotFound):
        scene.nights.restore(scene.doctor.id, scene.night_id)


def test_restoring_what_was_not_removed_changes_nothing(scene):
    scene.nights.restore(scene.doctor.id, scene.night_id)
    assert scene.clinic.acts(scene.night_id) == []
    assert url(scene)


def test_another_doctor_can_neither_see_nor_change_a_night(scene):
    for act in (scene.nights.remove, scene.nights.restore, scene.nights.trace):
        with pytest.raises(NotFound):
            act(scene.other.id, scene.night_id)
    for look in (scene.nights.shown, scene.nights.managed):
        with pytest.raises(NotFound):
            look(scene.other.id, scene.patient.id, "ro")
    with pytest.raises(NotFound):
        scene.nights.lone_reports(scene.other.id, scene.patient.id)
    assert scene.nights.counts(scene.other.id) == {}
    assert url(scene)


def test_trace_is_refused_on_the_page_of_another_patient(scene):
    assert scene.nights.trace(scene.doctor.id, scene.night_id, scene.patient.id).recording.time_s.size == 150
    with pytest.raises(NotFound):
        scene.nights.trace(scene.doctor.id, scene.night_id, scene.neighbour.id)


def test_trace_of_an_ambiguous_date_is_the_night_that_was_stored(scene):
    """7 October or 10 July: the name decided at upload, the stored start decides ever after."""
    recording = scene.nights.trace(scene.doctor.id, scene.night_id).recording
    assert (recording.started_at, recording.device_serial) == (START, "9001")


@pytest.mark.parametrize("sample", list(samples())[3:5], ids=lambda sample: sample.name)
def test_trace_shows_the_numbers_that_were_stored(scene, sample):
    clinic, doctor = scene.clinic, scene.doctor
    item = clinic.upload(doctor, sample.content, sample.name)
    clinic.work()
    clinic.assignment.choose(doctor, item.session_id, [item.id], scene.neighbour.id)
    clinic.assignment.confirm(doctor, item.session_id)
    clinic.work()
    [card] = clinic.nights.shown(doctor.id, scene.neighbour.id, "ro")
    again = clinic.nights.trace(doctor.id, card.night.id).numbers
    assert again == card.night.numbers
    assert card.night.numbers.desaturations3 == sample.expected["desaturations3"]


def test_trace_is_fetched_once_and_kept(scene):
    fetched = []
    scene.nights._reader._kept.clear()
    scene.clinic.store.after["get"] = fetched.append
    for _ in range(3):
        scene.nights.trace(scene.doctor.id, scene.night_id)
    assert fetched == [scene.csv.key]


def test_counts_are_of_shown_nights(scene):
    assert scene.nights.counts(scene.doctor.id) == {scene.patient.id: 1}


def test_picture_is_offered_in_the_asked_language(scene):
    [romanian] = scene.nights.shown(scene.doctor.id, scene.patient.id, "ro")
    [english] = scene.nights.shown(scene.doctor.id, scene.patient.id, "en")
    [german] = scene.nights.shown(scene.doctor.id, scene.patient.id, "de")
    assert romanian.plot is not None
    assert english.plot is not None
    assert german.plot is None


def test_lone_report_is_offered_to_its_patient_only(scene):
    clinic, doctor = scene.clinic, scene.doctor
    item = clinic.upload(doctor, PDF, report_name("7777"))
    clinic.work()
    clinic.assignment.choose(doctor, item.session_id, [item.id], scene.neighbour.id)
    clinic.assignment.confirm(doctor, item.session_id)
    clinic.work()
    [report] = clinic.nights.lone_reports(doctor.id, scene.neighbour.id)
    assert url(scene, report.file, patient=scene.neighbour, kind="pdfs")
    with pytest.raises(NotFound):
        url(scene, report.file, kind="pdfs")
