"""Patients are erased after their clinic's time, and only where a clinic has said one."""

from __future__ import annotations

from datetime import datetime

import pytest

from oximetry.domain.errors import InvalidRequest
from oximetry.services.erasure.erasing import ErasureService
from oximetry.services.erasure.retention import MOST_A_DAY, RetentionService


@pytest.fixture
def retention(clinic):
    erasing = ErasureService(clinic.catalogue, clinic.store, clinic.clock)
    return RetentionService(clinic.catalogue, erasing, clinic.clock)


def patients(clinic, doctor):
    return [card.patient.id for card in clinic.links.cards(doctor.id, with_urls=False)]


def test_nothing_is_erased_unless_the_clinic_says_so(clinic, retention):
    doctor = clinic.doctor()
    clinic.links.create(doctor.id)
    clinic.clock.move(days=10_000)
    retention.erase_due("day")
    assert len(patients(clinic, doctor)) == 1


def test_a_patient_whose_time_is_over_is_erased_and_others_are_not(clinic, retention):
    doctor, other = clinic.doctor(), clinic.doctor()
    clinic.links.create(doctor.id)
    clinic.links.create(other.id)
    clinic.services.clinics.save(doctor.id, retention_months=12)
    clinic.clock.move(days=300)
    young = clinic.links.create(doctor.id).patient.id
    assert retention.due(doctor.id, 12) == 0
    clinic.clock.move(days=66)
    assert retention.due(doctor.id, 12) == 1
    retention.erase_due("day")
    assert patients(clinic, doctor) == [young]
    assert len(patients(clinic, other)) == 1
    with clinic.catalogue.read() as transaction:
        acts = [(event.actor_kind, event.act) for event in transaction.audit.events()]
    assert ("system", "patient_erased") in acts


def test_a_night_counts_by_the_day_it_was_stored_whatever_its_clock_says(clinic, retention):
    doctor = clinic.doctor()
    clinic.services.clinics.save(doctor.id, retention_months=12)
    patient = clinic.patient(doctor)
    clinic.clock.move(days=700)
    clinic.stored_night(doctor, patient, datetime(2005, 1, 1, 22))
    clinic.clock.move(days=300)
    retention.erase_due("day")
    assert patients(clinic, doctor) == [patient.id]
    clinic.clock.move(days=100)
    retention.erase_due("day")
    assert patients(clinic, doctor) == []


def test_fifty_a_day_at_most(clinic, retention):
    doctor = clinic.doctor()
    for _ in range(MOST_A_DAY + 5):
        clinic.links.create(doctor.id)
    clinic.services.clinics.save(doctor.id, retention_months=12)
    clinic.clock.move(days=400)
    retention.erase_due("day")
    assert len(patients(clinic, doctor)) == 5
    retention.erase_due("next day")
    assert patients(clinic, doctor) == []


@pytest.mark.parametrize("months", [0, 11, 601, -5])
def test_other_times_are_refused(clinic, months):
    doctor = clinic.doctor()
    with pytest.raises(InvalidRequest):
        clinic.services.clinics.save(doctor.id, retention_months=months)
