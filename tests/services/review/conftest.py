"""A doctor with one stored night of dips, ready to be reviewed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from oximetry.domain.records import Doctor, Patient
from oximetry.domain.review_records import ClinicalReport
from tests.factories import HEADER, Clinic, night_name

START = datetime(2025, 10, 7, 23, 4, 37)


def dipping_csv(start: datetime = START, hours: float = 1.0) -> bytes:
    """Dips to 88 %, 20 s each, two minutes apart; a row every 4 s."""
    values = ([95] * 30 + [88] * 5) * int(hours * 3600 / 140)
    clocks = (start + timedelta(seconds=4 * row) for row in range(len(values)))
    lines = (f"{clock:%H:%M:%S %d/%m/%Y},{one},66,0" for clock, one in zip(clocks, values, strict=True))
    return "\n".join([HEADER, *lines, ""]).encode()


@dataclass
class Scene:
    """A clinic, a doctor who can sign, a patient and a night."""

    clinic: Clinic
    doctor: Doctor = field(init=False)
    patient: Patient = field(init=False)
    night_id: str = field(init=False)

    def __post_init__(self) -> None:
        """Store the night."""
        self.doctor = self.clinic.doctor()
        self.patient = self.clinic.patient(self.doctor)
        self.name_signer(self.doctor)
        self.night_id = self.store(START)

    @property
    def review(self):
        """The service."""
        return self.clinic.services.review

    def name_signer(self, doctor: Doctor, **changes) -> None:
        """Who signs."""
        profile = replace(
            self.review.profile(doctor.id), signer_name="Dr. Ana Ștefănescu", clinic_name="Cabinet", **changes
        )
        self.review.set_profile(profile)

    def store(self, start: datetime, hours: float = 1.0) -> str:
        """One more night of the patient."""
        item = self.clinic.upload(self.doctor, dipping_csv(start, hours), night_name("9001", start))
        self.clinic.work()
        self.clinic.assignment.all_to_one(self.doctor, item.session_id, self.patient.id)
        self.clinic.work()
        night_id = self.clinic.item(item.id).recording_id
        assert night_id is not None
        return night_id

    def save(self, text: str = "Scăderi: {odi4_mean120}/h, minimul {lowest} %.", subject=None) -> int:
        """Write a text beside the numbers as they are."""
        subject = subject or self.night_id
        draft = self.review.draft(self.doctor.id, subject)
        return self.review.save_draft(
            self.doctor.id, subject, text, "Pentru pacient.", draft.version, seen=draft.numbers_sha256
        )

    def sign(self, subject=None, **options) -> ClinicalReport:
        """Sign what was saved."""
        subject = subject or self.night_id
        draft = self.review.draft(self.doctor.id, subject)
        return self.review.sign(self.doctor, subject, version=draft.version, seen=draft.numbers_sha256, **options)

    def amend(self, reason: str = "cifre noi") -> ClinicalReport:
        """Sign the next version."""
        draft = self.review.draft(self.doctor.id, self.night_id)
        seen = draft.numbers_sha256
        return self.review.amend(self.doctor, self.night_id, reason, version=draft.version, seen=seen)

    def exclude(self, first: float = 0, last: float = 200) -> None:
        """Other numbers."""
        span = (START + timedelta(seconds=first), START + timedelta(seconds=last))
        self.clinic.exclusions.exclude(self.doctor.id, self.night_id, span, "mișcat")

    def state(self, subject=None):
        """Where the night stands."""
        return self.review.state(self.doctor.id, subject or self.night_id).state


@pytest.fixture
def scene(clinic: Clinic) -> Scene:
    """On SQLite."""
    return Scene(clinic)


@pytest.fixture
def both_scenes(both_clinics: Clinic) -> Scene:
    """On both databases in turn."""
    return Scene(both_clinics)
