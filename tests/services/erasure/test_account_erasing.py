"""An erased account is found nowhere: every column of every table and every object are searched for what led to it."""

from __future__ import annotations

import hashlib

import pytest

from oximetry.adapters.security import FernetVault
from oximetry.domain.account_records import Origin
from oximetry.domain.errors import InvalidRequest, SignInRefused
from oximetry.domain.records import user_hash
from oximetry.services.accounts.account_links import AccountLinkService
from oximetry.services.accounts.accounts import AccountService
from oximetry.services.accounts.attempts import Attempts
from oximetry.services.accounts.second_factors import SecondFactorService
from oximetry.services.erasure.account_erasing import AccountErasureService
from oximetry.services.erasure.erasing import ErasureService
from oximetry.services.incoming import IncomingFile
from tests.factories import PlainHasher, night_csv, night_name
from tests.services.erasure.test_erasing import everything
from tests.services.test_second_factors import app_shows

EMAIL, PASSWORD = "pleaca@clinica.ro", "o propoziție scurtă"


@pytest.fixture
def accounts(clinic):
    return AccountService(clinic.catalogue, PlainHasher(), clinic.clock)


def test_an_account_with_patients_stays(clinic, accounts):
    doctor = accounts.create(EMAIL, PASSWORD)
    patient = clinic.links.create(doctor.id).patient
    erasing = AccountErasureService(clinic.catalogue, clinic.clock)
    with pytest.raises(InvalidRequest) as caught:
        erasing.erase(doctor.id)
    assert (caught.value.reason, caught.value.details["count"]) == ("account_has_patients", 1)
    assert accounts.find(EMAIL) is not None
    ErasureService(clinic.catalogue, clinic.store, clinic.clock).erase(doctor.id, patient.id)
    assert erasing.erase(doctor.id)


def test_an_erased_account_is_in_no_column_and_no_object(clinic, accounts):
    doctor = accounts.create(EMAIL, PASSWORD)
    other = accounts.create("ramane@clinica.ro", PASSWORD)
    token = accounts.sign_in(EMAIL, PASSWORD, Origin("203.0.113.77", "phone")).token
    attempts = Attempts(clinic.catalogue, PlainHasher(), clinic.clock)
    factors = SecondFactorService(clinic.catalogue, accounts, attempts, FernetVault("k"), clinic.clock)
    secret = factors.new_secret()
    factors.switch_on(token, secret, app_shows(clinic.clock, secret))
    with pytest.raises(SignInRefused):
        accounts.sign_in(EMAIL, "wrong", Origin("203.0.113.78"))
    AccountLinkService(clinic.catalogue, PlainHasher(), "https://x", clinic.clock).reset(EMAIL)
    clinic.services.clinics.save(doctor.id, name="Cabinetul Plecat", phone="0700 111 222")
    session = clinic.uploads.separate_session(doctor)
    clinic.uploads.accept(doctor, session.id, IncomingFile(night_name("9001"), night_csv()))
    needles = {
        EMAIL,
        "Cabinetul Plecat",
        "0700 111 222",
        user_hash(EMAIL),
        hashlib.sha256(EMAIL.encode()).hexdigest(),
        "203.0.113.77",
        "203.0.113.78",
    }
    before = everything(clinic)
    assert {needle for needle in needles if needle not in before} == set()
    left = AccountErasureService(clinic.catalogue, clinic.clock).erase(doctor.id)
    ErasureService(clinic.catalogue, clinic.store, clinic.clock).erase_objects(left.id)
    after = everything(clinic)
    assert {needle for needle in needles if needle in after} == set()
    assert accounts.doctor_of(token) is None
    with pytest.raises(SignInRefused):
        accounts.sign_in(EMAIL, PASSWORD, Origin())
    assert accounts.sign_in("ramane@clinica.ro", PASSWORD, Origin())
    assert accounts.get(other.id).disabled_at is None
    with clinic.catalogue.read() as transaction:
        acts = [event.act for event in transaction.audit.events()]
        assert transaction.audit.about([doctor.id]) == []
    assert {"account_created", "second_factor_on", "account_erased"} <= set(acts)
