from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest

from oximetry.domain.errors import InvalidRequest, NotFound, NotReady
from oximetry.domain.quality import Exclusion
from oximetry.services.nights.nights import NightService
from tests.factories import HEADER, night_name

START = datetime(2025, 10, 7, 23, 4, 37)


def dipping_csv(dips=6):
    """Dips to 88 %, 20 s each, two minutes apart; a row every 4 s, 840 s in all."""
    values = ([95] * 30 + [88] * 5) * dips
    clocks = (START + timedelta(seconds=4 * row) for row in range(len(values)))
    lines = (f"{clock:%H:%M:%S %d/%m/%Y},{one},66,0" for clock, one in zip(clocks, values, strict=True))
    return "\n".join([HEADER, *lines, ""]).encode()


def at(seconds):
    return START + timedelta(seconds=seconds)


@pytest.fixture
def scene(clinic):
    return made_scene(clinic)


def made_scene(clinic):
    doctor = clinic.doctor()
    patient = clinic.patient(doctor)
    item = clinic.upload(doctor, dipping_csv(), night_name("9001", START))
    clinic.work()
    clinic.assignment.all_to_one(doctor, item.session_id, patient.id)
    clinic.work()
    night_id = clinic.item(item.id).recording_id
    return SimpleNamespace(
        clinic=clinic,
        doctor=doctor,
        patient=patient,
        night_id=night_id,
        exclusions=clinic.exclusions,
        item_id=item.id,
    )


def card(scene):
    [found] = scene.clinic.nights.shown(scene.doctor.id, scene.patient.id, "ro")
    return found


def exclude(scene, first, last, reason="senzor mișcat"):
    return scene.exclusions.exclude(scene.doctor.id, scene.night_id, (at(first), at(last)), reason)


def test_numbers_are_made_anew_everywhere_and_the_original_stays(scene):
    before, csv = card(scene).night.numbers, scene.clinic.store.objects[card(scene).csv.key]
    assert before.desaturations3 == 5
    report = exclude(scene, 0, 200)
    after = card(scene).night.numbers
    assert report.analysis.summary.desaturations3 == after.desaturations3 == 4
    assert after.excluded_s == 51 * 4
    assert after.exclusions == (Exclusion(0.0, 200.0),)
    assert after.uncertainty["spo2_mean_pct"][0] < report.analysis.summary.spo2_mean_pct
    assert scene.clinic.store.objects[card(scene).csv.key] == csv
    assert scene.clinic.nights.trace(scene.doctor.id, scene.night_id).analysis.summary.desaturations3 == 4


def test_the_row_in_the_batch_follows_the_nights_numbers(scene):
    exclude(scene, 0, 200)
    row = scene.clinic.item(scene.item_id)
    assert (row.numbers.desaturations3, row.numbers.excluded_s) == (4, 51 * 4)
    assert row.numbers == card(scene).night.numbers
    [span] = scene.exclusions.spans(scene.doctor.id, scene.night_id)
    scene.exclusions.put_back(scene.doctor.id, scene.night_id, span.id)
    assert scene.clinic.item(scene.item_id).numbers.desaturations3 == 5


def test_putting_back_gives_the_first_numbers_again(scene):
    before = card(scene).night.numbers
    exclude(scene, 0, 200)
    [span] = scene.exclusions.spans(scene.doctor.id, scene.night_id)
    assert (span.from_s, span.to_s, span.reason, span.created_by) == (0.0, 200.0, "senzor mișcat", scene.doctor.id)
    scene.exclusions.put_back(scene.doctor.id, scene.night_id, span.id)
    assert card(scene).night.numbers == before
    assert scene.exclusions.spans(scene.doctor.id, scene.night_id) == []
    assert scene.clinic.acts(scene.night_id)[-2:] == ["span_excluded", "span_put_back"]
    with pytest.raises(NotFound):
        scene.exclusions.put_back(scene.doctor.id, scene.night_id, span.id)


def test_a_picture_with_the_old_numbers_is_not_shown_and_a_new_one_is_drawn(scene):
    old = card(scene).plot
    assert old is not None
    exclude(scene, 0, 200)
    assert card(scene).plot is None
    scene.clinic.picture = b"\x89PNG without the span"
    scene.clinic.work()
    assert card(scene).plot.key != old.key


def test_a_picture_that_was_being_drawn_meanwhile_is_thrown_away(scene):
    clinic = scene.clinic

    def paint(_report, _language):
        exclude(scene, 0, 200)
        return b"\x89PNG too late"

    from oximetry.services.nights.plotting import PlottingService

    late = PlottingService(clinic.catalogue, clinic.store, clinic.nights, paint, clinic.clock)
    with pytest.raises(NotReady):
        late.render_plot(f"{card(scene).night.analysis_id}:ro")
    assert card(scene).plot is None


def test_the_span_is_drawn_in_either_direction_and_snaps_to_the_rows(scene):
    exclude(scene, 201.7, -50)
    [span] = scene.exclusions.spans(scene.doctor.id, scene.night_id)
    assert (span.from_s, span.to_s) == (0.0, 200.0)


@pytest.mark.parametrize(("first", "last"), [(-100, -1), (840, 900), (1, 3)])
def test_a_span_without_a_row_is_refused(scene, first, last):
    with pytest.raises(InvalidRequest, match="exclusion_outside"):
        exclude(scene, first, last)


@pytest.mark.parametrize(
    ("reason", "refused"), [("", "without_reason"), (" \t\0 ", "without_reason"), ("x" * 121, "reason_too_long")]
)
def test_a_reason_is_asked_for(scene, reason, refused):
    with pytest.raises(InvalidRequest, match=refused):
        exclude(scene, 0, 100, reason)
    assert scene.exclusions.spans(scene.doctor.id, scene.night_id) == []


def test_excluding_everything_is_refused_and_changes_nothing(scene):
    before = card(scene).night.numbers
    with pytest.raises(InvalidRequest, match="leaves_nothing"):
        exclude(scene, 0, 10_000)
    assert card(scene).night.numbers == before


def test_another_doctor_sees_and_changes_nothing(scene):
    other = scene.clinic.doctor()
    exclude(scene, 0, 200)
    [span] = scene.exclusions.spans(scene.doctor.id, scene.night_id)
    with pytest.raises(NotFound):
        scene.exclusions.spans(other.id, scene.night_id)
    with pytest.raises(NotFound):
        scene.exclusions.exclude(other.id, scene.night_id, (at(300), at(400)), "x")
    with pytest.raises(NotFound):
        scene.exclusions.put_back(other.id, scene.night_id, span.id)


def test_a_removed_night_is_not_changed(scene):
    scene.clinic.nights.remove(scene.doctor.id, scene.night_id)
    with pytest.raises(NotFound):
        exclude(scene, 0, 200)


def test_two_tabs_at_once_both_count(both_clinics, monkeypatch):
    scene = made_scene(both_clinics)
    make = NightService.report
    other_tab = [lambda: exclude(scene, 300, 400, "the other tab")]

    def with_interruption(self, night, files, spans):
        report = make(self, night, files, spans)
        if len(spans) == 1 and other_tab:
            other_tab.pop()()
        return report

    monkeypatch.setattr(NightService, "report", with_interruption)
    exclude(scene, 0, 200)
    assert [span.from_s for span in scene.exclusions.spans(scene.doctor.id, scene.night_id)] == [0.0, 300.0]
    assert card(scene).night.numbers.excluded_s == (51 + 26) * 4


def test_short_valid_time_follows_the_exclusion_and_the_reader_s_notes_stay(scene):
    first = [warning.code for warning in card(scene).night.numbers.warnings]
    exclude(scene, 0, 200)
    assert [warning.code for warning in card(scene).night.numbers.warnings] == first


def test_expunging_a_night_takes_its_spans_along(scene):
    exclude(scene, 0, 200)
    scene.clinic.nights.remove(scene.doctor.id, scene.night_id)
    scene.clinic.clock.move(days=31)
    scene.clinic.housekeeping.expunge("")
    with scene.clinic.catalogue.read() as transaction:
        assert transaction.exclusions.of([scene.night_id]) == []
