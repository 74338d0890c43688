import math
from types import SimpleNamespace

import pytest

from oximetry.domain.errors import InvalidRequest
from oximetry.services.nights import night_reader
from oximetry.services.nights.analysis import report_on
from oximetry.services.nights.reanalysis import ReanalysisService


@pytest.fixture
def scene(clinic):
    doctor = clinic.doctor()
    patient = clinic.patient(doctor)
    night_id = clinic.stored_night(doctor, patient)
    service = ReanalysisService(clinic.catalogue, clinic.nights, clinic.clock)
    return SimpleNamespace(clinic=clinic, doctor=doctor, patient=patient, night_id=night_id, service=service)


def numbers(scene):
    [card] = scene.clinic.nights.shown(scene.doctor.id, scene.patient.id, "ro")
    return card.night.numbers


def change_stored(scene, **values):
    """What an older version had stored."""
    with scene.clinic.catalogue.write() as transaction:
        night = transaction.nights.get(scene.night_id)
        older = {"rule": "peak-nadir", "version": 2, "summary": {**night.numbers.as_json(), **values}, "events": []}
        transaction.nights.put_analyses(scene.night_id, [older], scene.clinic.clock())


def test_nights_of_today_s_rules_do_not_change(scene):
    plan = scene.service.plan()
    assert (plan.nights, plan.changes) == (1, ())


def test_plan_names_each_number_with_both_values_and_replaces_nothing(scene):
    change_stored(scene, odi3_per_h=7.5, time_below_pct={**numbers(scene).time_below_pct, "90": 12.0})
    [change] = scene.service.plan().changes
    assert change.before == {"odi3_per_h": 7.5, "time_below_pct.90": 12.0}
    assert change.after == {"odi3_per_h": None, "time_below_pct.90": 0.0}
    assert numbers(scene).odi3_per_h == 7.5


def test_applying_the_plan_replaces_numbers_and_pictures(scene):
    change_stored(scene, odi3_per_h=7.5)
    scene.service.apply(scene.service.plan().digest)
    [card] = scene.clinic.nights.shown(scene.doctor.id, scene.patient.id, "ro")
    assert math.isnan(card.night.numbers.odi3_per_h)
    assert card.plot is None
    scene.clinic.work()
    [card] = scene.clinic.nights.shown(scene.doctor.id, scene.patient.id, "ro")
    assert card.plot is not None
    assert scene.service.plan().changes == ()
    assert "reanalysed" in scene.clinic.acts(scene.night_id)


def test_another_plan_than_the_one_seen_is_not_applied(scene):
    change_stored(scene, odi3_per_h=7.5)
    seen = scene.service.plan().digest
    change_stored(scene, odi3_per_h=8.5)
    with pytest.raises(InvalidRequest, match="plan_changed"):
        scene.service.apply(seen)
    assert numbers(scene).odi3_per_h == 8.5


def test_a_night_that_cannot_be_read_again_is_named_and_left_alone(scene):
    before = numbers(scene)
    scene.clinic.store.objects.clear()
    scene.clinic.nights._reader._kept.clear()
    [change] = scene.service.plan().changes
    assert (change.problem, dict(change.after)) == ("not_found", {})
    scene.service.apply(scene.service.plan().digest)
    assert numbers(scene) == before


def test_a_new_version_of_a_rule_stands_beside_the_old_one(scene, monkeypatch):
    """The newest version is shown; what the old one said stays in the catalogue."""
    rows = night_reader.analysis_rows

    def second_version(report):
        made = rows(report)
        made[0]["version"] = 3
        made[0]["summary"]["rule"] = {**made[0]["summary"]["rule"], "version": 3}
        return made

    report = report_on("", scene.clinic.nights.trace(scene.doctor.id, scene.night_id).recording)
    with scene.clinic.catalogue.write() as transaction:
        transaction.nights.put_analyses(scene.night_id, second_version(report), scene.clinic.clock())
    [card] = scene.clinic.nights.shown(scene.doctor.id, scene.patient.id, "ro")
    assert card.night.numbers.rule.version == 3
    with scene.clinic.catalogue._engine.connect() as connection:
        found = connection.exec_driver_sql("SELECT rule, version FROM analyses ORDER BY rule, version").all()
    assert found == [("mean-120s", 2), ("peak-nadir", 2), ("peak-nadir", 3)]


def test_the_batch_s_row_follows_new_numbers(scene):
    change_stored(scene, odi3_per_h=7.5)
    scene.service.apply(scene.service.plan().digest)
    session = scene.clinic.uploads.open_session(scene.doctor)
    [row] = scene.clinic.batches.show(scene.doctor, session.id).rows
    assert math.isnan(row.item.numbers.odi3_per_h)
