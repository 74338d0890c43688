"""Signing, amending, withdrawing and releasing; what was signed is never written again."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime
from uuid import uuid4

from oximetry.domain.acting import for_everybody
from oximetry.domain.catalogue_ports import Transaction
from oximetry.domain.errors import DraftConflict, InvalidRequest, NotFound, NumbersChanged
from oximetry.domain.interpretation import checked_reason
from oximetry.domain.listing import Writing
from oximetry.domain.records import Doctor, Night, NightState
from oximetry.domain.review_records import ClinicalReport, SignedText
from oximetry.domain.signing import (
    FIRST_LINK,
    Replaced,
    ReportContent,
    chained,
    code_from,
    plain_code,
    sha256_of,
)
from oximetry.services.review.contents import ReviewedNights, Subject, Words, draft_content, reviewed
from oximetry.services.review.drafts import Drafts, is_current
from oximetry.services.review.rendering import RENDER

logger = logging.getLogger(__name__)


class Signatures(Drafts):
    """The part of ``ReviewService`` that signs."""

    def sign(
        self, doctor: Doctor, night_id: Subject, *, version: int, seen: str, has_read: bool = False
    ) -> ClinicalReport:
        """Freeze the draft and its numbers; the worker makes the file.

        Parameters
        ----------
        version : int
            Of the draft that the page shows.
        seen : str
            ``Draft.numbers_sha256`` of the numbers that the page shows.
        has_read : bool
            The doctor ticked "I have read it": asked of a proposed text that was not edited.

        Raises
        ------
        DraftConflict
            Another tab saved or signed in between.
        NumbersChanged
            The numbers are not those that the page shows, or the text was written beside others.
        TemplateRefused
            A placeholder of the text is unknown or does not close.
        InvalidRequest
            ``already_signed``, ``nothing_to_sign``, ``text_not_read``, ``signer_unnamed``.
        """
        return self._sign(doctor, night_id, version, seen, has_read, None)

    def amend(
        self, doctor: Doctor, night_id: Subject, reason: str, *, version: int, seen: str, has_read: bool = False
    ) -> ClinicalReport:
        """Sign a next version in place of the one that stands; both are kept. Raises as `sign`, and ``not_signed``."""
        return self._sign(doctor, night_id, version, seen, has_read, checked_reason(reason))

    def withdraw(self, doctor: Doctor, night_id: Subject, reason: str) -> None:
        """The newest version no longer holds; whoever verifies it is told. The reason stays inside."""
        because = checked_reason(reason)
        with self._catalogue.write() as transaction:
            report = self._standing(transaction, doctor.id, night_id)
            transaction.clinical_reports.withdraw(report.id, because, self._clock())
            if len(report.night_ids) == 1:
                transaction.night_lines.note_writing(report.night_ids, Writing.NONE, self._clock())
            self._audit(transaction, doctor.id, "report_withdrawn", report)

    def release(self, doctor: Doctor, night_id: Subject) -> None:
        """Let the patient see the newest version; ``NumbersChanged`` when it has to be signed again first."""
        with self._catalogue.write() as transaction:
            of = reviewed(transaction, doctor.id, night_id, lock=True)
            report = self._standing(transaction, doctor.id, night_id)
            if not is_current(of.nights, report):
                raise NumbersChanged
            transaction.clinical_reports.release(report.id, self._clock())
            self._audit(transaction, doctor.id, "report_released", report)

    def signed(self, doctor_id: str, night_id: Subject) -> SignedText | None:
        """The newest signed words that stand, beside their numbers; ``None`` when there are none."""
        with self._catalogue.read() as transaction:
            of = reviewed(transaction, doctor_id, night_id, any_state=True)
            report = transaction.clinical_reports.newest(doctor_id, [of.subject]).get(of.subject)
        if report is None or report.withdrawn_at is not None:
            return None
        return signed_text(report, is_current(of.nights, report))

    def versions(self, doctor_id: str, night_id: Subject) -> list[ClinicalReport]:
        """Every version that was ever signed, oldest first."""
        with self._catalogue.read() as transaction:
            of = reviewed(transaction, doctor_id, night_id, any_state=True)
            return transaction.clinical_reports.versions(doctor_id, of.subject)

    def released_for_patient(self, patient_id: str) -> list[SignedText]:
        """What a patient may see: newest versions that were released and stand, of nights that are shown."""
        with self._catalogue.read() as transaction:
            newest = {report.subject: report for report in transaction.clinical_reports.of_patient(patient_id)}
            visible = []
            for report in newest.values():
                if report.released_at is None or report.withdrawn_at is not None:
                    continue
                nights = _shown_nights(transaction, report)
                if nights is not None:
                    visible.append(signed_text(report, is_current(nights, report)))
        return visible

    def chain_is_whole(self) -> bool:
        """Whether no signed report was changed, taken out or put in between; of an erased one only its link is left."""
        with for_everybody(), self._catalogue.read() as transaction:
            reports = transaction.clinical_reports.chain()
        previous = FIRST_LINK
        for position, report in enumerate(reports, start=1):
            content = report.content_sha256 if report.erased_at else sha256_of(report.content)
            link = (position, previous, content, chained(previous, content))
            if link != (report.position, report.previous_sha256, report.content_sha256, report.chain_sha256):
                return False
            previous = report.chain_sha256
        return True

    def _sign(
        self, doctor: Doctor, night_id: Subject, version: int, seen: str, has_read: bool, reason: str | None
    ) -> ClinicalReport:
        with for_everybody(), self._catalogue.write() as transaction:  # numbers and chain are one for all doctors
            of = reviewed(transaction, doctor.id, night_id, lock=True)
            before = transaction.clinical_reports.newest(doctor.id, [of.subject]).get(of.subject)
            self._check_order(before, reason)
            words = self._checked_words(transaction, doctor.id, of, (version, seen), has_read)
            profile = transaction.profiles.get(doctor.id)
            if not profile.signer_name:
                raise InvalidRequest("signer_unnamed")
            content = draft_content(self._parts, transaction, of, profile, words)
            transaction.clinical_reports.lock_chain()
            report = self._add(transaction, doctor, of, content, before if reason else None, reason, before)
            if before is not None and reason:
                transaction.clinical_reports.replace(before.id, report.id, report.signed_at)
            if profile.release_at_once:
                transaction.clinical_reports.release(report.id, report.signed_at)
            transaction.interpretations.drop(doctor.id, of.subject)
            if len(of.ids) == 1:
                transaction.night_lines.note_writing(of.ids, Writing.SIGNED, report.signed_at)
            transaction.jobs.submit(RENDER, report.id, doctor.id, self._clock())
            self._audit(transaction, doctor.id, "report_amended" if reason else "report_signed", report)
        logger.info("report signed id=%s number=%s version=%d", report.id, report.number, report.version)
        return report

    @staticmethod
    def _check_order(before: ClinicalReport | None, reason: str | None) -> None:
        stands = before is not None and before.withdrawn_at is None
        if reason is None and stands:
            raise InvalidRequest("already_signed")
        if reason is not None and not stands:
            raise InvalidRequest("not_signed")

    def _checked_words(
        self, transaction: Transaction, doctor_id: str, of: ReviewedNights, page: tuple[int, str], has_read: bool
    ) -> Words:
        row = transaction.interpretations.find(doctor_id, of.subject)
        if row is None or row.version != page[0]:
            raise DraftConflict(version=row.version if row else 0)
        if not page[1] == row.seen_sha256 == of.numbers_sha256:
            raise NumbersChanged
        if not row.text_report.strip():
            raise InvalidRequest("nothing_to_sign")
        if row.proposed_sha256 == sha256_of(row.text_report) and not has_read:
            raise InvalidRequest("text_not_read")
        return Words(row.language, row.text_report, row.text_patient, row.treatment)

    def _add(
        self,
        transaction: Transaction,
        doctor: Doctor,
        of: ReviewedNights,
        draft: ReportContent,
        replaced: ClinicalReport | None,
        reason: str | None,
        before: ClinicalReport | None,
    ) -> ClinicalReport:
        # a clock that was set back must not let a version seem older than the one it follows
        now = max(self._clock(), before.signed_at) if before else self._clock()
        number = before.number if before else self._next_number(transaction, now)
        content = replace(
            draft,
            number=number,
            version=before.version + 1 if before else 1,
            signed_at=now,
            replaces=Replaced(replaced.version, replaced.signed_at, reason or "") if replaced else None,
        )
        frozen = content.as_text()
        position, previous = transaction.clinical_reports.last_link()
        code = code_from(self._parts.random_code())
        report = ClinicalReport(
            id=str(uuid4()),
            position=position + 1,
            number=number,
            version=content.version,
            doctor_id=doctor.id,
            patient_id=of.patient_id,
            subject=of.subject,
            night_ids=of.ids,
            language=content.language,
            signed_at=now,
            content=frozen,
            content_sha256=sha256_of(frozen),
            numbers_sha256=of.numbers_sha256,
            previous_sha256=previous,
            chain_sha256=chained(previous, sha256_of(frozen)),
            code_sealed=self._parts.vault.seal(code),
        )
        transaction.clinical_reports.add(report, sha256_of(plain_code(code) or ""))
        return report

    @staticmethod
    def _next_number(transaction: Transaction, now: datetime) -> str:
        return f"{now.year}-{transaction.clinical_reports.last_number(now.year) + 1:05d}"

    @staticmethod
    def _standing(transaction: Transaction, doctor_id: str, night_id: Subject) -> ClinicalReport:
        of = reviewed(transaction, doctor_id, night_id, lock=True, any_state=True)
        report = transaction.clinical_reports.newest(doctor_id, [of.subject]).get(of.subject)
        if report is None or report.withdrawn_at is not None:
            raise InvalidRequest("not_signed")
        return report

    def _audit(self, transaction: Transaction, doctor_id: str, act: str, report: ClinicalReport) -> None:
        transaction.audit.add(self._clock(), doctor_id, act, ("report", report.id), patient_id=report.patient_id)


def signed_text(report: ClinicalReport, current: bool) -> SignedText:
    """A version as pages show it."""
    content = ReportContent.from_text(report.content)
    return SignedText(
        report,
        content.text_report,
        content.text_patient,
        content.treatment,
        content.signer_name,
        content.signer_title,
        tuple(night.numbers for night in content.nights),
        current,
    )


def _shown_nights(transaction: Transaction, report: ClinicalReport) -> list[Night] | None:
    """The report's nights; ``None`` when one is not shown to this patient any more."""
    try:
        nights = [transaction.nights.get(night_id, report.doctor_id) for night_id in report.night_ids]
    except NotFound:
        return None
    shown = all(night.state is NightState.STORED and night.patient_id == report.patient_id for night in nights)
    return nights if shown else None
