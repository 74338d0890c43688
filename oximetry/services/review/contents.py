"""What a report says of its nights, gathered in one transaction: which nights, their numbers, events and files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from oximetry.domain.catalogue_ports import Catalogue, Transaction
from oximetry.domain.errors import InvalidRequest, NotFound
from oximetry.domain.interpretation import placeholder_values, set_values
from oximetry.domain.ports import Clock, Vault
from oximetry.domain.records import Night, NightState
from oximetry.domain.report_numbers import ReportWords
from oximetry.domain.review_records import Profile
from oximetry.domain.severity import CHUNG_2012
from oximetry.domain.signing import InputFile, ReportContent, SignedNight, fingerprint, subject_of
from oximetry.domain.text_templates import fill
from oximetry.services.nights.originals import originals_of

Subject = str | Sequence[str]
"""A night's id, the ids of a set's nights, or a set's own name."""

LANGUAGES = ("ro", "en")

_PRINTED = ("spo2_mean_pct", "spo2_min_pct", "drops_over_3pct", "drops_over_4pct", "o2_score")


@dataclass(frozen=True, slots=True)
class ReviewParts:
    """What every part of the review is joined with.

    Attributes
    ----------
    words : callable
        A language to its words.
    night_name : callable
        A language and a start to the night's name.
    random_code : callable
        60 random bits.
    software : str
        What computed the numbers, as the report names it.
    """

    catalogue: Catalogue
    clock: Clock
    vault: Vault
    words: Callable[[str], ReportWords]
    night_name: Callable[[str, Night], str]
    random_code: Callable[[], int]
    software: str


@dataclass(frozen=True, slots=True)
class ReviewedNights:
    """The nights of a subject, by their start."""

    subject: str
    nights: tuple[Night, ...]

    @property
    def ids(self) -> tuple[str, ...]:
        """Their ids."""
        return tuple(night.id for night in self.nights)

    @property
    def patient_id(self) -> str:
        """Whose they are."""
        return self.nights[0].patient_id

    @property
    def numbers_sha256(self) -> str:
        """Fingerprint of their numbers as they are now."""
        return fingerprint([(night.id, night.numbers) for night in self.nights])


def night_ids_of(transaction: Transaction, doctor_id: str, subject: Subject) -> tuple[str, ...]:
    """The nights' ids behind a subject; a set's name is known once it has a draft or a report."""
    if not isinstance(subject, str):
        return tuple(subject)
    if not subject.startswith("set-"):
        return (subject,)
    draft = transaction.interpretations.find(doctor_id, subject)
    if draft is not None:
        return tuple(draft.night_ids)
    report = transaction.clinical_reports.newest(doctor_id, [subject]).get(subject)
    if report is None:
        raise NotFound(subject=subject)
    return report.night_ids


def reviewed(
    transaction: Transaction, doctor_id: str, subject: Subject, *, lock: bool = False, any_state: bool = False
) -> ReviewedNights:
    """The doctor's nights of a subject, shown ones only unless ``any_state``.

    Raises
    ------
    NotFound
        One is absent, another doctor's or not shown.
    InvalidRequest
        ``too_many_nights``, ``nights_of_several_patients``.
    """
    night_ids = night_ids_of(transaction, doctor_id, subject)
    name = subject_of(night_ids)
    if lock:
        for night_id in sorted(night_ids):
            transaction.nights.lock(night_id)
    nights = sorted((transaction.nights.get(one, doctor_id) for one in night_ids), key=lambda night: night.started_at)
    if not any_state and any(night.state is not NightState.STORED for night in nights):
        raise NotFound(subject=name)
    if len({night.patient_id for night in nights}) > 1:
        raise InvalidRequest("nights_of_several_patients")
    return ReviewedNights(name, tuple(nights))


def values_of(parts: ReviewParts, of: ReviewedNights, language: str, treatment: str) -> dict[str, str]:
    """What the placeholders stand for."""
    say = parts.words(language)
    of_nights = [
        placeholder_values(night.numbers, say, night=parts.night_name(language, night), treatment=treatment)
        for night in of.nights
    ]
    return set_values(of_nights, say)


@dataclass(frozen=True, slots=True)
class Words:
    """What was written about some nights."""

    language: str
    text_report: str
    text_patient: str
    treatment: str


def draft_content(
    parts: ReviewParts, transaction: Transaction, of: ReviewedNights, profile: Profile, words: Words
) -> ReportContent:
    """The report as it would be signed now, without a number, a time and a signature."""
    values = values_of(parts, of, words.language, words.treatment)
    patient = transaction.patients.get(profile.doctor_id, of.patient_id)
    clinic = transaction.clinics.of(profile.doctor_id)
    contact = "\n".join(
        line for line in (clinic.address, " · ".join(filter(None, (clinic.phone, clinic.hours)))) if line
    )
    return ReportContent(
        number="",
        version=0,
        language=words.language,
        signed_at=None,
        signer_name=profile.signer_name,
        signer_title=profile.signer_title,
        signer_code=profile.signer_code,
        clinic_name=clinic.name or profile.clinic_name,
        clinic_lines=contact or profile.clinic_lines,
        patient_label=patient.label or f"P-{patient.number:04d}",
        text_report=fill(words.text_report, values),
        text_patient=fill(words.text_patient, values),
        treatment=words.treatment,
        severity_rule=CHUNG_2012.name if clinic.severity_shown else profile.severity_rule,
        nights=tuple(_frozen(transaction, night, words.treatment) for night in of.nights),
        software=parts.software,
    )


def _frozen(transaction: Transaction, night: Night, treatment: str) -> SignedNight:
    files = transaction.files.of("recording", [night.id])
    try:
        originals = originals_of(night, files)
    except NotFound:
        originals = []
    inputs = tuple(InputFile(one.sha256 or "", one.size, one.name.rpartition(".")[2]) for one in originals)
    if not inputs:
        inputs = (InputFile(night.original_sha256, 0, ""),)
    events = tuple(transaction.nights.events(night.analysis_id))
    return SignedNight(night.id, night.numbers, events, inputs, treatment, _vendor_numbers(transaction, night))


def _vendor_numbers(transaction: Transaction, night: Night) -> dict[str, float]:
    """What the device says itself: its report where one was read, else the file's header."""
    said = {name: value for name, value in night.numbers.vendor.items() if value is not None}
    for report in transaction.reports.of_nights([night.id]).get(night.id, []):
        if report.numbers is not None:
            printed = {name: getattr(report.numbers, name) for name in _PRINTED}
            below = (band.pct for band in report.numbers.threshold_bands if band.label == "<90")
            printed["below90_pct"] = next(below, None)
            said |= {name: value for name, value in printed.items() if value is not None}
    return {name: float(value) for name, value in said.items()}
