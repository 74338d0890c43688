"""The file of a signed report: made once by the worker, bound by its hash, kept in the store."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Sequence
from uuid import uuid4

from oximetry.domain.keys import NewFile
from oximetry.domain.ports import ObjectStore
from oximetry.domain.records import ExcludedSpan, FileKind, Night
from oximetry.domain.review_records import REPORT_REFERENCE, ClinicalReport
from oximetry.domain.signing import ReportContent, SignedNight
from oximetry.services.nights.analysis import NightReport
from oximetry.services.nights.nights import NightService
from oximetry.services.review.contents import ReviewParts, Subject, Words, draft_content, reviewed

logger = logging.getLogger(__name__)

CONTENT_TYPE = "application/pdf"
RENDER = "render_report"

Typeset = Callable[[ReportContent, Sequence[NightReport], str | None], bytes]
"""A content, its nights' traces and the verification code to a PDF; raises ``RenderingUnavailable``."""

AsPage = Callable[[ReportContent, Sequence[NightReport], str | None], str]
"""The same to the page that the PDF is made of."""


class RenderingService:
    """Handles the job ``render_report``, and shows drafts."""

    def __init__(
        self, parts: ReviewParts, store: ObjectStore, nights: NightService, typeset: Typeset, as_page: AsPage
    ) -> None:
        self._parts = parts
        self._catalogue = parts.catalogue
        self._clock = parts.clock
        self._store = store
        self._nights = nights
        self._typeset = typeset
        self._as_page = as_page

    def render_report(self, report_id: str) -> None:
        """Make the file and bind it, then store the bound bytes; whatever was done before is not done again."""
        with self._catalogue.read() as transaction:
            report = transaction.clinical_reports.get(report_id)
        if report.file_key is not None:
            return
        if report.pdf_sha256 is None:
            self._bind(report)
        self._keep(report_id)

    def submit_unfinished(self) -> None:
        """Ask again for every file that is not in the store; one that is being made is not made twice."""
        with self._catalogue.write() as transaction:
            for report_id in transaction.clinical_reports.unfinished():
                transaction.jobs.submit(RENDER, report_id, "", self._clock())

    def preview(self, doctor_id: str, night_id: Subject) -> bytes:
        """The PDF as it would look, unsigned and saying so."""
        content, traces = self._drafted(doctor_id, night_id)
        return self._typeset(content, traces, None)

    def preview_page(self, doctor_id: str, night_id: Subject) -> str:
        """The same as a page of a browser, which is there at once."""
        content, traces = self._drafted(doctor_id, night_id)
        return self._as_page(content, traces, None)

    def _drafted(self, doctor_id: str, night_id: Subject) -> tuple[ReportContent, list[NightReport]]:
        with self._catalogue.read() as transaction:
            of = reviewed(transaction, doctor_id, night_id)
            row = transaction.interpretations.find(doctor_id, of.subject)
            words = Words("ro", "", "", "")
            if row is not None:
                words = Words(row.language, row.text_report, row.text_patient, row.treatment)
            profile = transaction.profiles.get(doctor_id)
            content = draft_content(self._parts, transaction, of, profile, words)
        return content, [self._trace(night) for night in content.nights]

    def _bind(self, report: ClinicalReport) -> None:
        content = ReportContent.from_text(report.content)
        traces = [self._trace(night) for night in content.nights]
        code = self._parts.vault.open(report.code_sealed) if report.code_sealed else None
        pdf = self._typeset(content, traces, code)
        digest = hashlib.sha256(pdf).hexdigest()
        with self._catalogue.write() as transaction:
            is_first = transaction.clinical_reports.bind(report.id, pdf, digest, self._clock())
        logger.info("report rendered id=%s size=%d first=%s", report.id, len(pdf), is_first)

    def _keep(self, report_id: str) -> None:
        with self._catalogue.read() as transaction:
            report = transaction.clinical_reports.get(report_id)
            pdf = transaction.clinical_reports.bound_bytes(report_id)
        if report.file_key is not None or pdf is None:
            return
        file = NewFile(f"{report.patient_id}/{FileKind.SIGNED.value}/{file_name(report)}", pdf, CONTENT_TYPE)
        self._store.put(file.key, pdf, content_type=CONTENT_TYPE, filename=file.name)
        with self._catalogue.write() as transaction:
            transaction.files.add(file.row((REPORT_REFERENCE, report.id), report.doctor_id), self._clock())
            transaction.clinical_reports.file(report.id, file.key)

    def _trace(self, signed: SignedNight) -> NightReport:
        """Every sample of a night, without the spans that were out when it was signed."""
        with self._catalogue.read() as transaction:
            night: Night = transaction.nights.get(signed.night_id)
            files = transaction.files.of("recording", [night.id], deleted=True)
        spans = [
            ExcludedSpan(str(uuid4()), night.id, span.from_s, span.to_s, "", "", self._clock())
            for span in signed.exclusions
        ]
        live = [file for file in files if file.deleted_at is None]
        return self._nights.report(night, live or files, spans)


def file_name(report: ClinicalReport) -> str:
    """Without a person, a device or a night: ``raport-2026-00042-v1-ro.pdf``."""
    kind = "raport" if len(report.night_ids) == 1 else "multi"
    return f"{kind}-{report.number}-v{report.version}-{report.language}.pdf"
