"""Each night a slice of the objects is read again; damage is an alarm that stays until it is mended."""

from __future__ import annotations

import pytest

from oximetry.domain.errors import StorageUnavailable
from tests.factories import Clinic


@pytest.fixture
def stored(both_clinics: Clinic) -> tuple[Clinic, str]:
    doctor = both_clinics.doctor()
    patient = both_clinics.patient(doctor)
    both_clinics.stored_night(doctor, patient)
    both_clinics.work()
    [key] = both_clinics.store.under(f"{patient.id}/csvs/")
    return both_clinics, key


def night(clinic: Clinic) -> None:
    clinic.clock.move(days=1)
    clinic.housekeeping.submit_daily()
    clinic.work()


def damaged(clinic: Clinic) -> int:
    with clinic.catalogue.read() as transaction:
        return transaction.files.damaged()


def test_objects_that_are_what_was_stored_raise_no_alarm(stored: tuple[Clinic, str]) -> None:
    clinic, _ = stored
    night(clinic)
    assert damaged(clinic) == 0


@pytest.mark.parametrize("change", ["altered", "missing"])
def test_a_changed_or_missing_object_is_an_alarm_until_it_is_right_again(
    stored: tuple[Clinic, str], change: str
) -> None:
    clinic, key = stored
    right = clinic.store.objects.pop(key)
    if change == "altered":
        clinic.store.objects[key] = right[:-1] + b"?"
    night(clinic)
    assert damaged(clinic) == 1
    clinic.store.objects[key] = right
    night(clinic)
    assert damaged(clinic) == 0


def test_every_object_comes_round_and_an_outage_only_delays(stored: tuple[Clinic, str]) -> None:
    clinic, _ = stored
    clinic.clock.move(days=1)
    clinic.store.failure = StorageUnavailable()
    clinic.housekeeping.submit_daily()
    clinic.work()
    clinic.store.failure = None
    clinic.clock.move(minutes=10)
    read: list[str] = []
    clinic.store.after["get"] = read.append
    clinic.work()
    with clinic.catalogue.read() as transaction:
        assert len(read) == transaction.files.live_count() > 0
