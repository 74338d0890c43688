"""A new SECRET_KEY: links open and can be shown before, while and after everything is sealed again."""

import pytest

from oximetry.adapters.security import FernetVault
from oximetry.domain.errors import ConfigurationError
from oximetry.services.links import PatientLinks
from oximetry.services.operations import resealing
from oximetry.services.operations.resealing import Resealed, ResealingService
from tests.factories import BASE_URL, night_csv, night_name

OLD, NEW = "a secret key for testing", "the key that comes after it"


def shown_link(clinic, vault, doctor, patient):
    return PatientLinks(clinic.catalogue, vault, BASE_URL, clinic.clock).card(doctor.id, patient.id).url


def test_links_can_be_shown_with_both_keys_and_after_sealing_with_the_new_one_alone(both_clinics):
    clinic = both_clinics
    doctor = clinic.doctor()
    patient = clinic.patient(doctor)
    item = clinic.upload(doctor, night_csv(), night_name())
    before = clinic.links.card(doctor.id, patient.id).url
    assert before
    assert shown_link(clinic, FernetVault(NEW), doctor, patient) is None
    both = FernetVault(NEW, OLD)
    assert shown_link(clinic, both, doctor, patient) == before
    resealing = ResealingService(clinic.catalogue, both)
    assert resealing.reseal() == Resealed(2, 0)
    assert resealing.reseal() == Resealed(2, 0)
    new = FernetVault(NEW)
    assert shown_link(clinic, new, doctor, patient) == before
    assert new.open(clinic.item(item.id).name_sealed) == night_name()
    with pytest.raises(ConfigurationError):
        FernetVault(OLD).open(clinic.item(item.id).name_sealed)
    assert clinic.links.open(before.rpartition("#")[2]).patient_id == patient.id


def test_what_neither_key_opens_is_counted_and_left(clinic):
    doctor = clinic.doctor()
    patient = clinic.patient(doctor)
    assert ResealingService(clinic.catalogue, FernetVault(NEW, "a third key")).reseal() == Resealed(0, 1)
    assert clinic.links.card(doctor.id, patient.id).url


def test_more_rows_than_one_page_are_all_sealed_again(clinic, monkeypatch):

    monkeypatch.setattr(resealing, "ROWS_AT_ONCE", 2)
    doctor = clinic.doctor()
    for _ in range(5):
        clinic.patient(doctor)
    assert ResealingService(clinic.catalogue, FernetVault(NEW, OLD)).reseal() == Resealed(5, 0)
