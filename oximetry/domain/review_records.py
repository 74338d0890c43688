"""What the catalogue remembers of a doctor's words: drafts, signed reports, who signs, what a code answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from oximetry.domain.interpretation import ReviewState
from oximetry.domain.night_numbers import NightNumbers

REPORT_REFERENCE = "report"
"""The ``reference_type`` of a signed report's file in the catalogue."""


@dataclass(frozen=True, slots=True)
class Profile:
    """How a doctor signs, and what a report says of the clinic.

    Attributes
    ----------
    release_at_once : bool
        Whether the patient sees a report as soon as its file is made; otherwise the doctor releases it by hand.
    review_from : datetime or None
        Nights that came before are not waiting to be reviewed.
    """

    doctor_id: str
    signer_name: str = ""
    signer_title: str = ""
    signer_code: str = ""
    clinic_name: str = ""
    clinic_lines: str = ""
    severity_rule: str | None = None
    release_at_once: bool = False
    review_from: datetime | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """A text that is being written.

    Attributes
    ----------
    subject : str
        The night's id, or the name of a set (`oximetry.domain.signing.subject_of`).
    version : int
        Counts the saves, 0 before the first: who saves says on which one.
    numbers_sha256 : str
        Fingerprint of the numbers as they are now; the page hands it back when it saves or signs.
    seen_sha256 : str or None
        Of those that the text was last saved beside.
    proposed_sha256 : str or None
        Of the proposed text: one that was not edited is signed only when it was read.
    """

    subject: str
    night_ids: tuple[str, ...]
    patient_id: str
    language: str
    text_report: str
    text_patient: str
    treatment: str
    version: int
    numbers_sha256: str
    seen_sha256: str | None = None
    proposed_sha256: str | None = None
    saved_at: datetime | None = None

    @property
    def is_stale(self) -> bool:
        """Whether the numbers changed after the text was last saved."""
        return self.seen_sha256 is not None and self.seen_sha256 != self.numbers_sha256


@dataclass(frozen=True, slots=True)
class ClinicalReport:
    """One signed version of a report; only what is said after ``chain_sha256`` is ever written again.

    Attributes
    ----------
    content : str
        The frozen content as canonical JSON (`oximetry.domain.signing.ReportContent`).
    previous_sha256, chain_sha256 : str
        The link before in the chain of all reports, and this one: SHA-256 of both it and ``content_sha256``.
    pdf_sha256 : str or None
        Of the rendered file, once; the bytes are never made again.
    file_key : str or None
        Where the file lies, once it is in the store.
    erased_at : datetime or None
        When the person was erased: the content is gone, the link in the chain is left.
    """

    id: str
    position: int
    number: str
    version: int
    doctor_id: str
    patient_id: str
    subject: str
    night_ids: tuple[str, ...]
    language: str
    signed_at: datetime
    content: str
    content_sha256: str
    numbers_sha256: str
    previous_sha256: str
    chain_sha256: str
    code_sealed: bytes | None = None
    pdf_sha256: str | None = None
    rendered_at: datetime | None = None
    file_key: str | None = None
    released_at: datetime | None = None
    withdrawn_at: datetime | None = None
    withdrawn_reason: str | None = None
    replaced_by: str | None = None
    replaced_at: datetime | None = None
    erased_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class NightReview:
    """Where a night or a set stands.

    Attributes
    ----------
    is_waiting : bool
        Whether it belongs on the work list: to review, a draft, or to be signed again.
    report : ClinicalReport or None
        Its newest signed version, without its content.
    """

    subject: str
    state: ReviewState
    is_waiting: bool
    draft_version: int
    report: ClinicalReport | None

    @property
    def is_released(self) -> bool:
        """Whether the patient may see the newest version."""
        return self.report is not None and self.report.released_at is not None and self.report.withdrawn_at is None

    @property
    def file_key(self) -> str | None:
        """The newest version's file, once it is made."""
        return self.report.file_key if self.report else None


@dataclass(frozen=True, slots=True)
class SignedText:
    """A signed version as a page shows it: the words beside the very numbers they were signed with.

    Attributes
    ----------
    is_current : bool
        Whether the night has the same numbers still; otherwise the words stand only beside ``numbers``.
    """

    report: ClinicalReport
    text_report: str
    text_patient: str
    treatment: str
    signer_name: str
    signer_title: str
    numbers: tuple[NightNumbers, ...]
    is_current: bool


class Verdict(StrEnum):
    """What a verification answers."""

    CURRENT = "current"
    REPLACED = "replaced"
    WITHDRAWN = "withdrawn"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Verification:
    """What is said of a code or a file; never a label, a night, a device or a number of the night."""

    verdict: Verdict
    number: str | None = None
    version: int | None = None
    clinic: str | None = None
    signed_at: datetime | None = None
    replaced_by_version: int | None = None
    changed_at: datetime | None = None
    pdf_is_identical: bool | None = None
