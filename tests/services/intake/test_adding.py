"""A script adds one night to a patient: stored as from the batch, or nothing at all."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from oximetry.domain.errors import InvalidRecording, InvalidRequest, NotFound, StorageUnavailable
from oximetry.services.intake.adding import AddingService
from tests.factories import PDF, Clinic, night_csv, night_name
from tests.made_up_reports import BLANK

START = datetime(2025, 1, 1, 22, 0, 0)
NIGHT = {night_name("9001", START): night_csv(START, rows=4000)}
ROOT = Path(__file__).resolve().parents[3]


def adding(clinic: Clinic) -> AddingService:
    return AddingService(clinic.catalogue, clinic.uploads, clinic.reading, clinic.assignment, clinic.storing)


def test_a_night_is_stored_with_its_numbers(clinic: Clinic) -> None:
    doctor = clinic.doctor()
    patient = clinic.patient(doctor)
    night_id = adding(clinic).add_recording(doctor.id, patient.id, NIGHT)
    [card] = clinic.nights.shown(doctor.id, patient.id, "ro")
    assert (card.night.id, card.night.started_at) == (night_id, START)
    clinic.work()
    assert clinic.store.under("users/") == []
    assert len(clinic.store.under(f"{patient.id}/csvs/")) == 1


def test_the_same_night_again_is_the_same_recording(clinic: Clinic) -> None:
    doctor = clinic.doctor()
    patient = clinic.patient(doctor)
    first = adding(clinic).add_recording(doctor.id, patient.id, NIGHT)
    assert adding(clinic).add_recording(doctor.id, patient.id, NIGHT) == first


def test_what_is_no_recording_leaves_nothing_behind(clinic: Clinic) -> None:
    doctor = clinic.doctor()
    patient = clinic.patient(doctor)
    with pytest.raises(InvalidRecording):
        adding(clinic).add_recording(doctor.id, patient.id, {"a.csv": b"no night"})
    clinic.reports.known[PDF] = BLANK
    with pytest.raises(InvalidRequest):
        adding(clinic).add_recording(doctor.id, patient.id, {"a.pdf": PDF})
    clinic.work()
    assert (clinic.store.objects, clinic.nights.shown(doctor.id, patient.id, "ro")) == ({}, [])


def test_another_doctors_patient_is_not_found_and_an_outage_is_told(clinic: Clinic) -> None:
    doctor = clinic.doctor()
    patient = clinic.patient(doctor)
    with pytest.raises(NotFound):
        adding(clinic).add_recording(clinic.doctor().id, patient.id, NIGHT)
    clinic.store.failure = StorageUnavailable()
    with pytest.raises(StorageUnavailable):
        adding(clinic).add_recording(doctor.id, patient.id, NIGHT)
    assert clinic.nights.shown(doctor.id, patient.id, "ro") == []


SCRIPT = """
import sys
from pathlib import Path
from oximetry.settings import Settings
from oximetry import composition
services = composition.create_services(Settings.load())
services.catalogue.migrate()
doctor = services.accounts.create("ana@localhost", "un-secret-de-test-lung")
patient = services.links.create(doctor.id).patient
from patient_links import add_recording
night = Path(sys.argv[1])
add_recording(patient.id, night.name, night.read_bytes())
print(len(services.nights.shown(doctor.id, patient.id, "ro")))
"""


def test_a_script_needs_only_the_settings(tmp_path: Path) -> None:
    night = tmp_path / night_name("9001", START)
    night.write_bytes(night_csv(START, rows=4000))
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "DATA_DIR": str(tmp_path / "data"),
        "STORAGE_PATH": str(tmp_path / "storage"),
    }
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(night)], env=environment, cwd=tmp_path, capture_output=True, text=True
    )
    assert done.stdout.split() == ["1"], done.stderr
