"""Whether a report is ours and still stands, for whoever holds it; nothing about the person or the night is said."""

from __future__ import annotations

import re
from datetime import timedelta

from oximetry.domain.errors import TooManyAttempts
from oximetry.domain.review_records import ClinicalReport, Verdict, Verification
from oximetry.domain.signing import ReportContent, plain_code, sha256_of
from oximetry.services.review.drafts import Drafts

TRIES = 10
WINDOW = timedelta(minutes=1)

_HEX = re.compile("[0-9a-f]{64}")


class Verifications(Drafts):
    """The part of ``ReviewService`` that answers strangers."""

    def count_try(self, address: str) -> None:
        """One more try of an address; raises ``TooManyAttempts`` over ten in a minute."""
        now = self._clock()
        with self._catalogue.write() as transaction:
            tries = transaction.clinical_reports.count_attempt(address[:64], now, now - WINDOW)
        if tries > TRIES:
            raise TooManyAttempts(retry_after_s=int(WINDOW.total_seconds()))

    def verify_code(self, code: str, pdf_sha256: str | None = None) -> Verification:
        """What stands behind a printed code; malformed and unknown codes get the same answer after the same work.

        Parameters
        ----------
        pdf_sha256 : str, optional
            Of a file that the browser looked at: is it the signed one, byte for byte?
        """
        digest = sha256_of(plain_code(code) or f"not a code {code[:64]}")
        with self._catalogue.write() as transaction:
            report = transaction.clinical_reports.by_code(digest)
            return _answer(report, pdf_sha256)

    def verify_pdf_hash(self, sha256: str) -> Verification:
        """What stands behind a file with this SHA-256."""
        digest = sha256.strip().lower()
        with self._catalogue.write() as transaction:
            report = transaction.clinical_reports.by_pdf(digest if _HEX.fullmatch(digest) else "no hash")
            return _answer(report, digest)


def _answer(report: ClinicalReport | None, pdf_sha256: str | None) -> Verification:
    if report is None:
        return Verification(Verdict.UNKNOWN)
    verdict, changed_at, by_version = Verdict.CURRENT, None, None
    if report.withdrawn_at is not None:
        verdict, changed_at = Verdict.WITHDRAWN, report.withdrawn_at
    elif report.replaced_by is not None:
        verdict, changed_at, by_version = Verdict.REPLACED, report.replaced_at, report.version + 1
    identical = None
    if pdf_sha256 is not None and report.pdf_sha256 is not None:
        identical = pdf_sha256.strip().lower() == report.pdf_sha256
    return Verification(
        verdict,
        report.number,
        report.version,
        ReportContent.from_text(report.content).clinic_name,
        report.signed_at,
        by_version,
        changed_at,
        identical,
    )
