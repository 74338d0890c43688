"""What the pages may ask for; built by ``composition``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from oximetry.services.accounts.account_links import AccountLinkService
from oximetry.services.accounts.accounts import AccountService
from oximetry.services.accounts.passkeys import PasskeyService
from oximetry.services.accounts.second_factors import SecondFactorService
from oximetry.services.audit import AuditService
from oximetry.services.clinics import ClinicService
from oximetry.services.erasure.account_erasing import AccountErasureService
from oximetry.services.erasure.erasing import ErasureService
from oximetry.services.erasure.exporting import ExportService
from oximetry.services.erasure.retention import RetentionService
from oximetry.services.intake.assignment import AssignmentService
from oximetry.services.intake.batch import BatchService
from oximetry.services.intake.joining import JoiningService
from oximetry.services.intake.report_choices import ReportChoiceService
from oximetry.services.intake.staged import StagedNights
from oximetry.services.intake.taking_back import TakingBackService
from oximetry.services.intake.uploads import UploadService
from oximetry.services.link_sessions import LinkSessionService
from oximetry.services.links import PatientLinks
from oximetry.services.lists import ListService
from oximetry.services.loans import LoanService
from oximetry.services.merging import MergingService
from oximetry.services.nights.exclusions import ExclusionService
from oximetry.services.nights.nights import NightService
from oximetry.services.nights.rule_answers import ExtraRuleService
from oximetry.services.operations.metering import RequestMeter
from oximetry.services.operations.readiness import ReadinessService
from oximetry.services.operations.serving import ServingCheck
from oximetry.services.review.reviewing import ReviewService
from oximetry.services.storage.storage_admin import StorageAdmin
from oximetry.services.sync.syncing import SyncService


class SignedContent(Protocol):
    """A file behind one of our own signed URLs."""

    @property
    def content(self) -> bytes:
        """The bytes."""
        ...

    @property
    def content_type(self) -> str:
        """For the answer's header."""
        ...

    @property
    def disposition(self) -> str:
        """For the answer's header."""
        ...


OpenSigned = Callable[[str, Mapping[str, str]], SignedContent]


@dataclass(frozen=True, slots=True)
class WebServices:
    """The use cases that stand behind the pages."""

    accounts: AccountService
    account_links: AccountLinkService
    second_factors: SecondFactorService
    passkeys: PasskeyService
    audit: AuditService
    clinics: ClinicService
    links: PatientLinks
    link_sessions: LinkSessionService
    lists: ListService
    loans: LoanService
    erasure: ErasureService
    account_erasure: AccountErasureService
    retention: RetentionService
    exports: ExportService
    merging: MergingService
    uploads: UploadService
    batches: BatchService
    assignment: AssignmentService
    taking_back: TakingBackService
    joining: JoiningService
    report_choices: ReportChoiceService
    nights: NightService
    staged: StagedNights
    exclusions: ExclusionService
    extra_rules: ExtraRuleService
    readiness: ReadinessService
    serving: ServingCheck
    meter: RequestMeter
    syncing: SyncService
    storage_admin: StorageAdmin
    review: ReviewService
    open_signed: OpenSigned
