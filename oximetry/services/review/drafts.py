"""Writing about a night: the state it is in, the first draft, and saving without ever writing over another tab."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from oximetry.domain.catalogue_ports import Transaction
from oximetry.domain.errors import DraftConflict, InvalidRequest
from oximetry.domain.interpretation import (
    LONGEST_PATIENT_TEXT,
    LONGEST_REPORT_TEXT,
    LONGEST_TREATMENT,
    Proposal,
    ReviewState,
    checked_text,
    propose,
)
from oximetry.domain.listing import Writing
from oximetry.domain.records import Night, NightState
from oximetry.domain.review_records import ClinicalReport, Draft, NightReview, Profile
from oximetry.domain.severity import RULES
from oximetry.domain.signing import ReportContent, fingerprint, same_numbers, sha256_of
from oximetry.domain.text_templates import fill
from oximetry.services.review.contents import LANGUAGES, ReviewedNights, ReviewParts, Subject, reviewed, values_of

_LONGEST = {"signer_name": 120, "signer_title": 120, "signer_code": 40, "clinic_name": 120, "clinic_lines": 400}


class Drafts:
    """The part of ``ReviewService`` that comes before a signature."""

    def __init__(self, parts: ReviewParts) -> None:
        self._parts = parts
        self._catalogue = parts.catalogue
        self._clock = parts.clock

    def state(self, doctor_id: str, night_id: Subject) -> NightReview:
        """Where a night or a set stands; raises ``NotFound`` for another doctor's."""
        with self._catalogue.read() as transaction:
            of = reviewed(transaction, doctor_id, night_id, any_state=True)
            return self._states(transaction, doctor_id, [of])[of.subject]

    def states(self, doctor_id: str, night_ids: Sequence[str]) -> dict[str, NightReview]:
        """The same of many nights, by id; what is not the doctor's is left out."""
        with self._catalogue.read() as transaction:
            nights = transaction.nights.of_ids(doctor_id, night_ids)
            return self._states(transaction, doctor_id, [ReviewedNights(night.id, (night,)) for night in nights])

    def waiting(self, doctor_id: str) -> list[str]:
        """The nights on the doctor's work list, oldest first: for "sign next"."""
        with self._catalogue.read() as transaction:
            shown = [one for one in transaction.nights.of_doctor(doctor_id) if one.state is NightState.STORED]
            nights = [ReviewedNights(night.id, (night,)) for night in reversed(shown)]
            states = self._states(transaction, doctor_id, nights)
        return [one.subject for one in nights if states[one.subject].is_waiting]

    def counts(self, doctor_id: str) -> dict[ReviewState, int]:
        """How many shown nights stand where; nights that came before the doctor's day are not counted as to review."""
        with self._catalogue.read() as transaction:
            shown = [one for one in transaction.nights.of_doctor(doctor_id) if one.state is NightState.STORED]
            states = self._states(transaction, doctor_id, [ReviewedNights(night.id, (night,)) for night in shown])
        counted = dict.fromkeys(ReviewState, 0)
        for one in states.values():
            if one.state is not ReviewState.TO_REVIEW or one.is_waiting:
                counted[one.state] += 1
        return counted

    def signed_since(self, doctor_id: str, since: datetime) -> list[ClinicalReport]:
        """What the doctor signed from a time on, oldest first, without the content."""
        with self._catalogue.read() as transaction:
            return transaction.clinical_reports.signed_since(doctor_id, since)

    def draft(self, doctor_id: str, night_id: Subject) -> Draft:
        """The text that is being written; version 0, with the signed words if there are some, before the first save."""
        with self._catalogue.read() as transaction:
            of = reviewed(transaction, doctor_id, night_id)
            return self._draft(transaction, doctor_id, of)

    def propose(self, doctor_id: str, night_id: Subject, language: str) -> Proposal:
        """A first draft from the numbers as they are now, with the rules that made it; saves nothing."""
        checked_language(language)
        with self._catalogue.read() as transaction:
            of = reviewed(transaction, doctor_id, night_id)
            profile = transaction.profiles.get(doctor_id)
            row = transaction.interpretations.find(doctor_id, of.subject)
        return self._proposal(of, language, profile, row.treatment if row else "")

    def filled(self, doctor_id: str, night_id: Subject, text: str, language: str) -> str:
        """A text with its placeholders filled in, to be shown while it is written; raises ``TemplateRefused``."""
        checked_language(language)
        with self._catalogue.read() as transaction:
            of = reviewed(transaction, doctor_id, night_id)
            row = transaction.interpretations.find(doctor_id, of.subject)
        values = values_of(self._parts, of, language, row.treatment if row else "")
        return fill(checked_text(text, LONGEST_REPORT_TEXT), values)

    def save_draft(
        self,
        doctor_id: str,
        night_id: Subject,
        text_report: str,
        text_patient: str,
        version: int,
        *,
        language: str | None = None,
        treatment: str | None = None,
        seen: str | None = None,
        proposal: Proposal | None = None,
    ) -> int:
        """Keep what was typed.

        Parameters
        ----------
        version : int
            Of the draft that the page shows; 0 before the first save.
        seen : str, optional
            ``Draft.numbers_sha256`` of the numbers that the page shows. Without it the text counts as written beside
            those of the save before.
        proposal : Proposal, optional
            What was proposed, when the text began with it.

        Returns
        -------
        int
            The new version.

        Raises
        ------
        DraftConflict
            Another tab saved in between; nothing was written.
        InvalidRequest
            ``text_too_long``.
        """
        values: dict[str, Any] = {
            "text_report": checked_text(text_report, LONGEST_REPORT_TEXT),
            "text_patient": checked_text(text_patient, LONGEST_PATIENT_TEXT),
        }
        if language is not None:
            values["language"] = checked_language(language)
        if treatment is not None:
            values["treatment"] = " ".join(checked_text(treatment, LONGEST_TREATMENT).split())
        if proposal is not None:
            values["proposed_sha256"] = sha256_of(checked_text(proposal.text_report, LONGEST_REPORT_TEXT))
        with self._catalogue.write() as transaction:
            of = reviewed(transaction, doctor_id, night_id, lock=True)
            if version == 0:
                values = {"language": LANGUAGES[0], "treatment": "", **values}
                values |= {"night_ids": list(of.ids), "patient_id": of.patient_id}
                values["seen_sha256"] = seen or of.numbers_sha256
            elif seen is not None:
                values["seen_sha256"] = seen
            if not transaction.interpretations.save(doctor_id, of.subject, version, values, self._clock()):
                row = transaction.interpretations.find(doctor_id, of.subject)
                raise DraftConflict(version=row.version if row else 0)
            if len(of.ids) == 1:
                transaction.night_lines.note_writing(of.ids, Writing.DRAFT, self._clock())
        return version + 1

    def profile(self, doctor_id: str) -> Profile:
        """How the doctor signs."""
        with self._catalogue.read() as transaction:
            return transaction.profiles.get(doctor_id)

    def set_profile(self, profile: Profile) -> Profile:
        """Change it; raises ``InvalidRequest`` ``text_too_long`` or ``severity_rule_unknown``."""
        cleaned: dict[str, Any] = {
            name: checked_text(getattr(profile, name), longest) for name, longest in _LONGEST.items()
        }
        if profile.severity_rule not in (None, *RULES):
            raise InvalidRequest("severity_rule_unknown")
        checked = replace(profile, **cleaned)
        with self._catalogue.write() as transaction:
            transaction.profiles.put(checked, self._clock())
            transaction.audit.add(self._clock(), profile.doctor_id, "signer_changed", ("doctor", profile.doctor_id))
        return checked

    def _proposal(self, of: ReviewedNights, language: str, profile: Profile, treatment: str) -> Proposal:
        say = self._parts.words(language)
        values = values_of(self._parts, of, language, treatment)
        if len(of.nights) == 1:
            return propose(of.nights[0].numbers, values, say, profile.severity_rule)
        lines = []
        for night in of.nights:
            alone = values_of(self._parts, ReviewedNights(night.id, (night,)), language, treatment)
            lines.append(say("proposal.of_a_set", **alone))
        closing = [say("proposal.set_caution"), say("proposal.close")]
        text = "\n\n".join(["\n".join(lines), *closing])
        patient = [say("patient_text.several", **values), say("patient_text.close")]
        return Proposal(text, "\n\n".join(patient), (say("because.set"),))

    def _draft(self, transaction: Transaction, doctor_id: str, of: ReviewedNights) -> Draft:
        row = transaction.interpretations.find(doctor_id, of.subject)
        if row is not None:
            return Draft(
                of.subject, of.ids, of.patient_id, row.language, row.text_report, row.text_patient, row.treatment,
                row.version, of.numbers_sha256, row.seen_sha256, row.proposed_sha256, row.updated_at,
            )  # fmt: skip
        signed = transaction.clinical_reports.newest(doctor_id, [of.subject]).get(of.subject)
        if signed is None:
            return Draft(of.subject, of.ids, of.patient_id, LANGUAGES[0], "", "", "", 0, of.numbers_sha256)
        words = ReportContent.from_text(signed.content)
        texts = (words.text_report.replace("{", "{{").replace("}", "}}"), words.text_patient)
        return Draft(
            of.subject, of.ids, of.patient_id, words.language, texts[0],
            texts[1].replace("{", "{{").replace("}", "}}"), words.treatment, 0, of.numbers_sha256,
        )  # fmt: skip

    def _states(
        self, transaction: Transaction, doctor_id: str, subjects: Sequence[ReviewedNights]
    ) -> dict[str, NightReview]:
        names = [of.subject for of in subjects]
        drafts = transaction.interpretations.of(doctor_id, names)
        reports = transaction.clinical_reports.newest(doctor_id, names, with_content=False)
        review_from = transaction.profiles.get(doctor_id).review_from
        states = {}
        for of in subjects:
            draft, report = drafts.get(of.subject), reports.get(of.subject)
            compared = report
            if report is not None and report.numbers_sha256 != of.numbers_sha256:
                compared = transaction.clinical_reports.get(report.id)
            state = state_of(of.nights, draft is not None, compared)
            is_new = review_from is None or any(night.created_at >= review_from for night in of.nights)
            waits = state in (ReviewState.DRAFT, ReviewState.RESIGN) or (state is ReviewState.TO_REVIEW and is_new)
            states[of.subject] = NightReview(of.subject, state, waits, draft.version if draft else 0, report)
        return states


def checked_language(language: str) -> str:
    """The language; raises ``InvalidRequest`` ``language_unknown``."""
    if language not in LANGUAGES:
        raise InvalidRequest("language_unknown")
    return language


def state_of(nights: Sequence[Night], has_draft: bool, report: ClinicalReport | None) -> ReviewState:
    """The state of some nights with their newest signed version."""
    if report is None:
        return ReviewState.DRAFT if has_draft else ReviewState.TO_REVIEW
    if report.withdrawn_at is not None:
        return ReviewState.DRAFT if has_draft else ReviewState.WITHDRAWN
    if not is_current(nights, report):
        return ReviewState.RESIGN
    return ReviewState.AMENDED if report.version > 1 else ReviewState.SIGNED


def is_current(nights: Sequence[Night], report: ClinicalReport) -> bool:
    """Whether the nights are the signed ones, with the patient and the numbers that were signed."""
    if any(night.patient_id != report.patient_id for night in nights):
        return False
    if fingerprint([(night.id, night.numbers) for night in nights]) == report.numbers_sha256:
        return True
    now = {night.id: night.numbers for night in nights}
    frozen = ReportContent.from_text(report.content).nights
    return now.keys() == {one.night_id for one in frozen} and all(
        same_numbers(one.numbers, now[one.night_id]) for one in frozen
    )
