from datetime import datetime, timedelta

import pytest

from oximetry.domain.errors import NotFound
from oximetry.domain.extra_rules import Doubt, Verdict
from oximetry.services.nights.rule_answers import ExtraRuleService
from tests.factories import HEADER, night_name

START = datetime(2025, 10, 7, 23, 4, 37)
ROWS = 6 * 900 + 1  # 6 h and one row, every 4 s


def dipping_csv():
    """Three clusters of five dips to 84 % for 20 s, four minutes apart, an hour from cluster to cluster; else 95 %."""
    spo2 = [95] * ROWS
    for hour in (1, 2, 3):
        for dip in range(5):
            first = hour * 900 + dip * 60
            spo2[first : first + 5] = [84] * 5
    clocks = (START + timedelta(seconds=4 * row) for row in range(ROWS))
    lines = (f"{clock:%H:%M:%S %d/%m/%Y},{one},66,0" for clock, one in zip(clocks, spo2, strict=True))
    return "\n".join([HEADER, *lines, ""]).encode()


def scene(clinic):
    """A patient with one dipping night."""
    doctor = clinic.doctor()
    patient = clinic.patient(doctor)
    item = clinic.upload(doctor, dipping_csv(), night_name(start=START))
    clinic.work()
    clinic.assignment.choose(doctor, item.session_id, [item.id], patient.id)
    clinic.assignment.confirm(doctor, item.session_id, acknowledged=True)
    clinic.work()
    return doctor, patient, clinic.item(item.id).recording_id


def test_answers_come_from_the_stored_numbers_and_events(both_clinics):
    doctor, patient, night_id = scene(both_clinics)
    both_clinics.links.set_extra_rules(doctor.id, patient.id, ["copd", "medicare", "mcgill"])
    found = ExtraRuleService(both_clinics.catalogue).answers(doctor.id, patient.id)
    copd, medicare, mcgill = found.pop(night_id)
    assert found == {}
    # 15 dips of 5 rows of 4 s are 300 s, 5 minutes at 84 %, of 5,401 rows: 100 * 75 / 5401
    assert (copd.verdict, copd.used["below90_pct"]) == (Verdict.NOT_MET, pytest.approx(1.3886, abs=1e-4))
    assert (medicare.verdict, medicare.used["t_le88_min"]) == (Verdict.MET, 5.0)
    assert mcgill.verdict is Verdict.SCORE_3
    assert mcgill.used == {
        "valid_hours": pytest.approx(6.0011, abs=1e-4),
        "clusters": 3,
        "drops90": 15,
        "drops85": 15,
        "drops80": 0,
    }


def test_nothing_is_said_while_nothing_is_switched_on(clinic):
    doctor, patient, _ = scene(clinic)
    assert ExtraRuleService(clinic.catalogue).answers(doctor.id, patient.id) == {}


def test_only_the_switched_rule_answers(clinic):
    doctor, patient, night_id = scene(clinic)
    clinic.links.set_extra_rules(doctor.id, patient.id, ["medicare"])
    found = ExtraRuleService(clinic.catalogue).answers(doctor.id, patient.id)
    assert [answer.rule.name for answer in found[night_id]] == ["medicare"]


def test_a_short_night_cannot_be_judged(clinic):
    doctor = clinic.doctor()
    patient = clinic.patient(doctor)
    night_id = clinic.stored_night(doctor, patient)
    clinic.links.set_extra_rules(doctor.id, patient.id, ["copd", "medicare", "mcgill"])
    found = ExtraRuleService(clinic.catalogue).answers(doctor.id, patient.id)
    assert [answer.doubt for answer in found[night_id]] == [Doubt.TOO_SHORT] * 3


def test_a_removed_night_is_not_judged(clinic):
    doctor, patient, night_id = scene(clinic)
    clinic.links.set_extra_rules(doctor.id, patient.id, ["copd"])
    clinic.nights.remove(doctor.id, night_id)
    assert ExtraRuleService(clinic.catalogue).answers(doctor.id, patient.id) == {}


def test_another_doctor_gets_no_answer(both_clinics):
    doctor, patient, _ = scene(both_clinics)
    both_clinics.links.set_extra_rules(doctor.id, patient.id, ["copd"])
    with pytest.raises(NotFound):
        ExtraRuleService(both_clinics.catalogue).answers(both_clinics.doctor().id, patient.id)
