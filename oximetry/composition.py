"""Builds every service from the settings and joins it with its adapters; only here they know of each other."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import partial
from os import getpid
from pathlib import Path
from secrets import randbits
from shutil import disk_usage
from socket import gethostname
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

from oximetry.adapters.catalogue.catalogue import Catalogue, utc_now
from oximetry.adapters.catalogue.database import Deadlines
from oximetry.adapters.catalogue.dump import CatalogueDump
from oximetry.adapters.clinical_report.engine import pdf_of
from oximetry.adapters.clinical_report.page import html_of
from oximetry.adapters.logo import safe_logo
from oximetry.adapters.plots import PngRenderer
from oximetry.adapters.security import Argon2Hasher, BackupSealer, FernetVault, derive_key
from oximetry.adapters.stores.build import StoreOptions, build_store
from oximetry.adapters.stores.signed_urls import UrlSigner
from oximetry.adapters.stores.staging import StagingArea
from oximetry.adapters.vendor_report.report_process import ReportReader
from oximetry.domain.account_records import RelyingParty
from oximetry.domain.errors import RenderingUnavailable
from oximetry.domain.ports import Clock, ObjectStore
from oximetry.domain.ports import ReportReader as ReportReaderPort
from oximetry.domain.records import Job
from oximetry.domain.signing import ReportContent
from oximetry.readers.file_names import report_stamp
from oximetry.readers.formats import create_registry
from oximetry.services.accounts.account_links import AccountLinkService
from oximetry.services.accounts.accounts import AccountService
from oximetry.services.accounts.attempts import Attempts
from oximetry.services.accounts.passkeys import PasskeyService
from oximetry.services.accounts.second_factors import ISSUER, SecondFactorService
from oximetry.services.audit import AuditService
from oximetry.services.backup.making import BackupMaker
from oximetry.services.backup.reading import BackupReader
from oximetry.services.backup.restoring import BackupRestorer
from oximetry.services.backup.schedule import BACKUP, BackupSchedule
from oximetry.services.clinics import ClinicService
from oximetry.services.erasure.account_erasing import AccountErasureService
from oximetry.services.erasure.erasing import ERASE_OBJECTS, ErasureService
from oximetry.services.erasure.exporting import ExportService
from oximetry.services.erasure.retention import RETAIN, RetentionService
from oximetry.services.incoming import MEGABYTE, UploadLimits
from oximetry.services.intake.adding import AddingService
from oximetry.services.intake.assignment import AssignmentService
from oximetry.services.intake.batch import BatchService
from oximetry.services.intake.joining import JoiningService
from oximetry.services.intake.reading import ReadingService
from oximetry.services.intake.report_choices import ReportChoiceService
from oximetry.services.intake.staged import StagedNights
from oximetry.services.intake.staging import StagingKeeper
from oximetry.services.intake.storing import StoringService
from oximetry.services.intake.taking_back import TakingBackService
from oximetry.services.intake.uploads import UploadService
from oximetry.services.link_sessions import LinkSessionService
from oximetry.services.links import PatientLinks
from oximetry.services.lists import ListService
from oximetry.services.loans import LoanService
from oximetry.services.merging import MergingService
from oximetry.services.nights.analysis import NightReport
from oximetry.services.nights.exclusions import ExclusionService
from oximetry.services.nights.moving import MovingService
from oximetry.services.nights.night_reader import NightReader
from oximetry.services.nights.nights import NightService
from oximetry.services.nights.plotting import PlottingService
from oximetry.services.nights.reanalysis import ReanalysisService
from oximetry.services.nights.rule_answers import ExtraRuleService
from oximetry.services.operations.hands import Hands
from oximetry.services.operations.metering import RequestMeter
from oximetry.services.operations.pulse import Pulse
from oximetry.services.operations.readiness import ReadinessService
from oximetry.services.operations.resealing import ResealingService
from oximetry.services.operations.serving import ServingCheck
from oximetry.services.operations.work_book import WorkBook
from oximetry.services.review.contents import ReviewParts
from oximetry.services.review.rendering import RENDER, AsPage, RenderingService, Typeset
from oximetry.services.review.reviewing import ReviewService
from oximetry.services.storage.breaker import Breaker
from oximetry.services.storage.file_urls import FileUrls
from oximetry.services.storage.housekeeping import HousekeepingService
from oximetry.services.storage.outbox import ARCHIVE, GuardedStore, OutboxLimits, OutboxStore
from oximetry.services.storage.storage_admin import StorageAdmin
from oximetry.services.storage.store_watch import StoreWatch
from oximetry.services.storage.transition import TransitionStore
from oximetry.services.storage.verifying import VERIFY, VerifyingService
from oximetry.services.sync.sync_planning import SyncLimits
from oximetry.services.sync.syncing import APPLY_JOB, PLAN_JOB, SyncService
from oximetry.services.work import JobHandler, JobRunner
from oximetry.settings import Settings
from oximetry.web.clinical_report import report_document
from oximetry.web.figures import night_figure
from oximetry.web.i18n import words
from oximetry.web.services import WebServices

PLOTLY_BUNDLE = Path(__file__).resolve().parents[1] / "assets" / "plotly-cartesian.min.js"
PICTURE_SIZE_PX = (1280, 720)
CODE_BITS = 60
LAPTOP = "localhost"
SOFTWARE = "oximetry 0.1.0"

Paint = Callable[[NightReport, str], bytes]


@dataclass(frozen=True, slots=True)
class Parts:
    """What stands in the place of a part that the settings would build; ``None`` where the settings decide.

    Attributes
    ----------
    paint : callable
        A night and a language to the bytes of its picture.
    typeset : callable
        A report's content, its nights and its code to the bytes of its PDF.
    """

    catalogue: Catalogue | None = None
    store: ObjectStore | None = None
    vendor_reports: ReportReaderPort | None = None
    paint: Paint | None = None
    typeset: Typeset | None = None
    clock: Clock = utc_now


@dataclass(frozen=True, slots=True, kw_only=True)
class Services(WebServices):
    """Every service and the parts that a process must start, ask and close."""

    settings: Settings
    catalogue: Catalogue
    store: ObjectStore
    outbox: OutboxStore | None
    reader: NightReader
    renderer: PngRenderer
    vendor_reports: ReportReaderPort
    vault: FernetVault
    reading: ReadingService
    storing: StoringService
    plotting: PlottingService
    moving: MovingService
    verifying: VerifyingService
    housekeeping: HousekeepingService
    reanalysis: ReanalysisService
    adding: AddingService
    report_files: RenderingService
    runner: JobRunner
    hands: Hands
    pulse: Pulse
    work_book: WorkBook
    resealing: ResealingService
    backup_schedule: BackupSchedule

    def close(self) -> None:
        """Let go of connections and of the browser."""
        self.renderer.close()
        self.vendor_reports.close()
        self.catalogue.dispose()


@dataclass(frozen=True, slots=True)
class _Built:
    """The parts that the services are joined with."""

    settings: Settings
    clock: Clock
    catalogue: Catalogue
    storage: _Storage
    vault: FernetVault
    reader: NightReader
    renderer: PngRenderer
    vendor_reports: ReportReaderPort


@dataclass(frozen=True, slots=True)
class _Work:
    """Services whose acts are jobs."""

    reading: ReadingService
    storing: StoringService
    plotting: PlottingService
    moving: MovingService
    verifying: VerifyingService
    housekeeping: HousekeepingService


@dataclass(frozen=True, slots=True)
class _Storage:
    """The configured store and what watches over it.

    ``outbox`` is the store itself, where it has one; ``archived`` is the store without it.
    """

    store: ObjectStore
    archived: ObjectStore
    outbox: OutboxStore | None
    own_urls: UrlSigner
    watch: StoreWatch


def create_services(settings: Settings, *, interactive: bool = True, parts: Parts | None = None) -> Services:
    """Build all services. Nothing is asked of the network or the database before first use.

    Parameters
    ----------
    interactive : bool
        Whether a person waits for the store's answers (short time-outs) or the worker does.
    parts : Parts, optional
        Substitutes for parts that the settings would build.
    """
    parts = parts or Parts()
    built = _build(settings, "interactive" if interactive else "worker", parts)
    report_parts = _report_parts(built)
    pages, report_files = _pages(built, report_parts, parts.typeset or _typesetter(settings.base_url))
    work = _work(built, pages, parts.paint or _painter(built.renderer, pages.readiness))
    schedule = BackupSchedule(
        built.catalogue,
        lambda: create_backups(settings, store=built.storage.archived).maker.make(),
        settings.backup_hour,
        built.clock,
    )
    runner = _runner(built, pages, work, report_files, schedule)
    return Services(
        **_fields(pages),
        **_fields(work),
        settings=settings,
        catalogue=built.catalogue,
        store=built.storage.store,
        outbox=built.storage.outbox,
        reader=built.reader,
        renderer=built.renderer,
        vendor_reports=built.vendor_reports,
        vault=built.vault,
        reanalysis=ReanalysisService(built.catalogue, pages.nights, built.clock),
        adding=AddingService(built.catalogue, pages.uploads, work.reading, pages.assignment, work.storing),
        report_files=report_files,
        runner=runner,
        hands=Hands(runner, built.catalogue.ear()),
        pulse=Pulse(built.catalogue, built.storage.archived, built.clock),
        work_book=WorkBook(built.catalogue, built.clock),
        resealing=ResealingService(built.catalogue, built.vault),
        backup_schedule=schedule,
    )


@dataclass(frozen=True, slots=True)
class Backups:
    """Making, reading and restoring the backups of one place; ``secret_mark`` is that of this host's ``SECRET_KEY``."""

    maker: BackupMaker
    reader: BackupReader
    restorer: BackupRestorer
    secret_mark: str


def create_backups(settings: Settings, target: str | None = None, store: ObjectStore | None = None) -> Backups:
    """For the place that is named, else ``BACKUP_TARGET``; raises ``ConfigurationError`` for what is missing."""
    sealer = BackupSealer(settings.backup_secret())
    place = build_store(StoreOptions(**settings.backup_values(target)))
    store = store or _built_store(settings, "worker")
    dump = CatalogueDump(settings.catalogue_url)
    mark = derive_key(settings.secret(), "backup-mark").hex()[:16]
    reader = BackupReader(place, sealer)
    maker = BackupMaker(dump, store, place, sealer, mark, utc_now)
    return Backups(maker, reader, BackupRestorer(reader, dump, store), mark)


def configured_store(settings: Settings) -> ObjectStore:
    """The store of the settings alone, for scripts."""
    return build_store(StoreOptions(**settings.store_values()))


def _build(settings: Settings, patience: str, parts: Parts) -> _Built:
    if parts.catalogue is None and settings.catalogue_url.startswith("sqlite"):
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    deadlines = Deadlines(settings.database_statement_timeout_s, settings.database_connect_timeout_s)
    catalogue = parts.catalogue or Catalogue(
        settings.catalogue_url, deadlines, row_security=settings.database_row_security
    )
    return _Built(
        settings=settings,
        clock=parts.clock,
        catalogue=catalogue,
        storage=_storage(settings, catalogue, patience, parts),
        vault=FernetVault(settings.secret(), settings.previous_secret()),
        reader=NightReader(create_registry()),
        renderer=PngRenderer(PLOTLY_BUNDLE),
        vendor_reports=parts.vendor_reports or ReportReader(),
    )


def _storage(settings: Settings, catalogue: Catalogue, patience: str, parts: Parts) -> _Storage:
    """A store over the network gets an outbox; a folder does not: where its disk fails, the database's does too."""
    outbox, breaker = None, Breaker()
    store = archived = parts.store or _built_store(settings, patience)
    if parts.store is None and (settings.provider != "local" or settings.in_transition):
        total = settings.storage_outbox_max_mb * MEGABYTE
        limits = OutboxLimits(min(total, 2 * settings.upload_max_file_mb * MEGABYTE), total)
        archived = GuardedStore(store, breaker, monotonic)
        store = outbox = OutboxStore(store, breaker, monotonic, catalogue, parts.clock, limits)
    asked = parts.store or _built_store(settings, "check")
    values = settings.store_values()
    own_urls = UrlSigner(values["secret"], values["base_url"])
    return _Storage(store, archived, outbox, own_urls, StoreWatch(GuardedStore(asked, breaker, monotonic), monotonic))


def _built_store(settings: Settings, patience: str) -> ObjectStore:
    """The configured store; two as one while a live system moves."""
    new = build_store(StoreOptions(**settings.store_values(patience=patience)))
    if not settings.in_transition:
        return new
    previous = build_store(StoreOptions(**settings.store_values(patience=patience, provider=settings.storage_previous)))
    first, second = (previous, new) if settings.storage_transition == "write_both" else (new, previous)
    return TransitionStore(first, second)


def _pages(built: _Built, report_parts: ReviewParts, typeset: Typeset) -> tuple[WebServices, RenderingService]:
    """What the pages may ask for, and what makes the files of reports."""
    settings, catalogue, storage, clock = built.settings, built.catalogue, built.storage, built.clock
    store = storage.store
    file_urls = FileUrls(store, storage.own_urls, settings.signed_url_ttl_s, storage.watch.nudge)
    may_remove = SyncLimits(settings.storage_sync_max_removed, settings.storage_sync_max_removed_pct)
    uploads = UploadService(
        catalogue,
        lambda email, session: StagingArea(email, store, {session}),
        built.vault,
        clock,
        _upload_limits(settings),
    )
    nights = NightService(catalogue, store, built.reader, clock, file_urls)
    hasher, erasure = Argon2Hasher(), ErasureService(catalogue, storage.archived, clock)
    accounts, attempts = AccountService(catalogue, hasher, clock), Attempts(catalogue, hasher, clock)
    second_factors = SecondFactorService(catalogue, accounts, attempts, built.vault, clock)
    links = PatientLinks(catalogue, built.vault, settings.base_url, clock)
    report_files = RenderingService(report_parts, store, nights, typeset, _page_maker(settings.base_url))
    pages = WebServices(
        accounts=accounts,
        account_links=AccountLinkService(catalogue, hasher, settings.base_url, clock),
        second_factors=second_factors,
        passkeys=PasskeyService(
            catalogue, accounts, second_factors, attempts, _relying_party(settings.base_url), clock
        ),
        audit=AuditService(catalogue, clock),
        clinics=ClinicService(catalogue, clock, safe_logo),
        links=links,
        link_sessions=LinkSessionService(catalogue, built.vault, clock),
        lists=ListService(catalogue, clock),
        loans=LoanService(catalogue, clock),
        erasure=erasure,
        retention=RetentionService(catalogue, erasure, clock),
        account_erasure=AccountErasureService(catalogue, clock),
        exports=ExportService(catalogue, store),
        merging=MergingService(catalogue, clock),
        uploads=uploads,
        batches=BatchService(catalogue, clock),
        assignment=AssignmentService(catalogue, links, clock),
        taking_back=TakingBackService(catalogue, clock),
        joining=JoiningService(catalogue, clock),
        report_choices=ReportChoiceService(catalogue, clock),
        nights=nights,
        staged=StagedNights(catalogue, store, built.reader, nights, uploads.name_of),
        exclusions=ExclusionService(catalogue, nights, clock),
        extra_rules=ExtraRuleService(catalogue),
        readiness=ReadinessService(catalogue, storage.watch, clock, partial(_free_disk_mb, settings.data_dir)),
        serving=ServingCheck(catalogue.is_alive),
        meter=RequestMeter(catalogue, f"{gethostname()[:16]}-{getpid()}", clock),
        syncing=SyncService(catalogue, storage.archived, clock, may_remove),
        storage_admin=StorageAdmin(catalogue, store, clock, settings.upload_max_file_mb * MEGABYTE),
        review=ReviewService(report_parts, report_files.preview, report_files.preview_page),
        open_signed=partial(storage.own_urls.open, store.get),
    )
    return pages, report_files


def _report_parts(built: _Built) -> ReviewParts:
    return ReviewParts(
        catalogue=built.catalogue,
        clock=built.clock,
        vault=built.vault,
        words=words,
        night_name=lambda language, night: words(language).night(night.started_at),
        random_code=partial(randbits, CODE_BITS),
        software=SOFTWARE,
    )


def _relying_party(base_url: str) -> RelyingParty:
    """Who asks for passkeys; a browser takes no address for a host, so that a laptop asks under its name."""
    parts = urlsplit(base_url)
    host = parts.hostname or LAPTOP
    if re.fullmatch(r"[\d.]+|.*:.*", host):
        return RelyingParty(ISSUER, LAPTOP, f"{parts.scheme}://{LAPTOP}:{parts.port}")
    return RelyingParty(ISSUER, host, base_url)


def _page_maker(base_url: str) -> AsPage:
    def as_page(content: ReportContent, nights: Sequence[NightReport], code: str | None) -> str:
        return html_of(report_document(content, nights, code, base_url, words(content.language)))

    return as_page


def _typesetter(base_url: str) -> Typeset:
    def typeset(content: ReportContent, nights: Sequence[NightReport], code: str | None) -> bytes:
        return pdf_of(report_document(content, nights, code, base_url, words(content.language)))

    return typeset


def _work(built: _Built, pages: WebServices, paint: Paint) -> _Work:
    catalogue, store, clock, reader = built.catalogue, built.storage.store, built.clock, built.reader
    return _Work(
        reading=ReadingService(catalogue, store, pages.uploads, reader, clock, report_stamp, built.vendor_reports),
        storing=StoringService(catalogue, store, pages.uploads, reader, clock, built.vendor_reports),
        plotting=PlottingService(catalogue, store, pages.nights, paint, clock),
        moving=MovingService(catalogue, store, clock),
        verifying=VerifyingService(catalogue, store, clock),
        housekeeping=HousekeepingService(catalogue, store, clock),
    )


def _runner(
    built: _Built, pages: WebServices, work: _Work, report_files: RenderingService, schedule: BackupSchedule
) -> JobRunner:
    handlers: dict[str, JobHandler] = {
        "read_item": work.reading.read_item,
        "store_item": work.storing.store_item,
        "empty_staging": StagingKeeper(built.catalogue, built.storage.store).empty_staging,
        "render_plot": work.plotting.render_plot,
        "move_night": work.moving.move_night,
        "expunge": work.housekeeping.expunge,
        RENDER: report_files.render_report,
        VERIFY: work.verifying.verify,
        PLAN_JOB: pages.syncing.plan,
        APPLY_JOB: pages.syncing.apply,
    }
    handlers[BACKUP] = schedule.make
    handlers[ERASE_OBJECTS] = pages.erasure.erase_objects
    handlers[RETAIN] = pages.retention.erase_due
    if built.storage.outbox is not None:
        handlers[ARCHIVE] = built.storage.outbox.archive
    failures: dict[str, Callable[[str, str], None]] = {
        "store_item": work.storing.mark_failed,
        PLAN_JOB: pages.syncing.note,
        APPLY_JOB: pages.syncing.note,
    }
    return JobRunner(built.catalogue, handlers, built.clock, partial(_note_failure, failures))


def _free_disk_mb(folder: Path) -> int | None:
    try:
        return disk_usage(folder if folder.exists() else folder.resolve().parent).free // MEGABYTE
    except OSError:
        return None


def _fields(part: WebServices | _Work) -> dict[str, Any]:
    return {field.name: getattr(part, field.name) for field in fields(part)}


def _upload_limits(settings: Settings) -> UploadLimits:
    return UploadLimits(
        file_bytes=settings.upload_max_file_mb * MEGABYTE,
        files=settings.upload_max_files,
        batch_bytes=settings.upload_max_batch_mb * MEGABYTE,
        staging_bytes=settings.upload_max_staging_mb * MEGABYTE,
    )


def _note_failure(failures: Mapping[str, Callable[[str, str], None]], job: Job, reason: str) -> None:
    """Tell whoever shows a job's outcome that it failed for good."""
    if job.name in failures:
        failures[job.name](job.subject, reason)


def _painter(renderer: PngRenderer, readiness: ReadinessService) -> Paint:
    def paint(report: NightReport, language_code: str) -> bytes:
        try:
            picture = renderer.png(night_figure(report, words(language_code), picture=True), *PICTURE_SIZE_PX)
        except RenderingUnavailable as error:
            readiness.note_rendering(error)
            raise
        readiness.note_rendering(None)
        return picture

    return paint
