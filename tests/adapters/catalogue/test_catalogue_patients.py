from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy.exc import IntegrityError

from oximetry.domain.errors import NotFound
from oximetry.domain.records import Role
from tests.parallel import together

NOW = datetime(2026, 3, 1, 8, 0, 0)


@pytest.fixture
def doctors(catalogue):
    with catalogue.write() as transaction:
        return [transaction.accounts.create(f"{name}@clinic.test", "hash", Role.DOCTOR, NOW) for name in "ab"]


def create(catalogue, doctor):
    with catalogue.write() as transaction:
        return transaction.patients.create(str(uuid4()), doctor.id, None, NOW)


def add_link(catalogue, patient, digest):
    with catalogue.write() as transaction:
        transaction.patients.add_link(str(uuid4()), patient.id, (digest * 64, b"sealed"), NOW)


def test_patients_are_numbered_from_one_within_a_practice(catalogue, doctors):
    assert [create(catalogue, doctor).number for doctor in (doctors[0], doctors[1], doctors[0])] == [1, 1, 2]


def test_patients_made_at_the_same_time_have_different_numbers(catalogue, doctors):
    outcomes = together([lambda: create(catalogue, doctors[0]).number] * 6)
    assert sorted(outcomes) == [1, 2, 3, 4, 5, 6]


def test_patient_of_another_doctor_is_not_found(catalogue, doctors):
    patient = create(catalogue, doctors[0])
    with catalogue.write() as transaction:
        assert transaction.patients.get(doctors[0].id, patient.id) == patient
        transaction.patients.set_label(doctors[1].id, patient.id, "taken over")
        assert transaction.patients.get(doctors[0].id, patient.id).label is None
        assert transaction.patients.all(doctors[1].id) == []
        with pytest.raises(NotFound):
            transaction.patients.get(doctors[1].id, patient.id)


def test_extra_rules_are_off_until_the_patients_own_doctor_switches_them_on(catalogue, doctors):
    patient, neighbour = create(catalogue, doctors[0]), create(catalogue, doctors[0])
    assert patient.extra_rules == ()
    with catalogue.write() as transaction:
        assert transaction.patients.get(doctors[0].id, patient.id).extra_rules == ()
        transaction.patients.set_extra_rules(doctors[0].id, patient.id, ["copd", "mcgill"])
        transaction.patients.set_extra_rules(doctors[1].id, patient.id, ["medicare"])
    with catalogue.read() as transaction:
        assert transaction.patients.get(doctors[0].id, patient.id).extra_rules == ("copd", "mcgill")
        assert [one.extra_rules for one in transaction.patients.all(doctors[0].id)] == [(), ("copd", "mcgill")]
        assert transaction.patients.get(doctors[0].id, neighbour.id).extra_rules == ()
    with catalogue.write() as transaction:
        transaction.patients.set_extra_rules(doctors[0].id, patient.id, [])
        assert transaction.patients.get(doctors[0].id, patient.id).extra_rules == ()


def test_links_of_another_doctors_patients_are_not_listed(catalogue, doctors):
    patient = create(catalogue, doctors[0])
    add_link(catalogue, patient, "1")
    with catalogue.read() as transaction:
        assert [link.patient_id for link in transaction.patients.live_links(doctors[0].id)] == [patient.id]
        assert transaction.patients.live_links(doctors[1].id) == []
        assert transaction.patients.live_links(doctors[1].id, patient.id) == []


def test_patient_has_at_most_one_live_link(catalogue, doctors):
    patient = create(catalogue, doctors[0])
    add_link(catalogue, patient, "1")
    with pytest.raises(IntegrityError):
        add_link(catalogue, patient, "2")
    with catalogue.write() as transaction:
        assert transaction.patients.revoke_links(patient.id, NOW) == 1
        assert transaction.patients.revoke_links(patient.id, NOW) == 0
    add_link(catalogue, patient, "2")
    with catalogue.read() as transaction:
        assert transaction.patients.live_link_by_secret("1" * 64) is None
        link = transaction.patients.live_link_by_secret("2" * 64)
        assert (link.patient_id, link.doctor_id) == (patient.id, doctors[0].id)
        assert transaction.patients.live_link(link.id) == link


def test_link_exchanged_in_two_tabs_at_once_leaves_one(catalogue, doctors):
    patient = create(catalogue, doctors[0])
    add_link(catalogue, patient, "0")

    def exchange(digest):
        with catalogue.write() as transaction:
            transaction.patients.revoke_links(patient.id, NOW)
            transaction.patients.add_link(str(uuid4()), patient.id, (digest * 64, b"sealed"), NOW)

    assert together([lambda digest=digest: exchange(digest) for digest in "1234"]) == [None] * 4
    with catalogue.read() as transaction:
        assert len(transaction.patients.live_links(doctors[0].id, patient.id)) == 1


def test_openings_are_counted(catalogue, doctors):
    patient = create(catalogue, doctors[0])
    add_link(catalogue, patient, "1")
    with catalogue.write() as transaction:
        link = transaction.patients.live_link_by_secret("1" * 64)
        transaction.patients.count_opening(link.id, NOW)
        transaction.patients.count_opening(link.id, NOW + timedelta(hours=1))
        opened = transaction.patients.live_link(link.id)
    assert (opened.opened_count, opened.last_opened_at) == (2, NOW + timedelta(hours=1))
