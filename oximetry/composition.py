"""Builds every service from the settings and joins it with its adapters; only here they know of each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import monotonic

from oximetry.adapters.catalogue.catalogue import Catalogue, utc_now
from oximetry.adapters.jobs import HueyBell
from oximetry.adapters.plots import PngRenderer
from oximetry.adapters.security import Argon2Hasher, FernetVault
from oximetry.adapters.stores.build import StoreOptions, build_store
from oximetry.adapters.stores.signed_urls import UrlSigner
from oximetry.adapters.vendor_report.report_process import ReportReader
from oximetry.domain.errors import RenderingUnavailable
from oximetry.domain.ports import ObjectStore
from oximetry.domain.records import Job
from oximetry.readers.formats import create_registry
from oximetry.services.accounts import AccountService
from oximetry.services.incoming import MEGABYTE, UploadLimits
from oximetry.services.intake.adding import AddingService
from oximetry.services.intake.assignment import AssignmentService
from oximetry.services.intake.batch import BatchService
from oximetry.services.intake.joining import JoiningService
from oximetry.services.intake.reading import ReadingService
from oximetry.services.intake.report_choices import ReportChoiceService
from oximetry.services.intake.storing import StoringService
from oximetry.services.intake.uploads import UploadService
from oximetry.services.links import PatientLinks
from oximetry.services.nights.analysis import NightReport
from oximetry.services.nights.exclusions import ExclusionService
from oximetry.services.nights.moving import MovingService
from oximetry.services.nights.night_reader import NightReader
from oximetry.services.nights.nights import NightService
from oximetry.services.nights.plotting import PlottingService
from oximetry.services.nights.reanalysis import ReanalysisService
from oximetry.services.nights.rule_answers import ExtraRuleService
from oximetry.services.readiness import ReadinessService
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
from oximetry.web.figures import night_figure
from oximetry.web.i18n import words
from oximetry.web.services import WebServices
from pdf_parser import report_stamp
from storage_service import StorageService

PLOTLY_BUNDLE = Path(__file__).resolve().parents[1] / "assets" / "plotly-cartesian.min.js"
PICTURE_SIZE_PX = (1280, 720)


@dataclass(frozen=True, slots=True)
class Services:
    """Everything built from the settings: for the pages (``web``), the worker (``runner``) and the command line."""

    settings: Settings
    catalogue: Catalogue
    store: ObjectStore
    outbox: OutboxStore | None
    bell: HueyBell
    reader: NightReader
    renderer: PngRenderer
    reports: ReportReader
    web: WebServices
    housekeeping: HousekeepingService
    reanalysis: ReanalysisService
    adding: AddingService
    runner: JobRunner

    def close(self) -> None:
        """Let go of connections and of the browser."""
        self.renderer.close()
        self.reports.close()
        self.bell.close()
        self.catalogue.dispose()


def create_services(settings: Settings, *, interactive: bool = True) -> Services:
    """Build all services. Nothing is asked of the network or the database before first use.

    Parameters
    ----------
    interactive : bool
        Whether a person waits for the store's answers (short time-outs) or the worker does.
    """
    parts = _parts(settings, "interactive" if interactive else "worker")
    catalogue, store = parts.catalogue, parts.storage.store
    core = _core(parts)
    web = _web(parts, core)
    reading = ReadingService(catalogue, store, core.uploads, parts.reader, utc_now, report_stamp, parts.reports)
    storing = StoringService(catalogue, store, core.uploads, parts.reader, utc_now, parts.reports)
    housekeeping = HousekeepingService(catalogue, store, utc_now)
    return Services(
        settings=settings,
        catalogue=catalogue,
        store=store,
        outbox=parts.storage.outbox,
        bell=parts.bell,
        reader=parts.reader,
        renderer=parts.renderer,
        reports=parts.reports,
        web=web,
        housekeeping=housekeeping,
        reanalysis=ReanalysisService(catalogue, core.nights, utc_now),
        adding=AddingService(catalogue, core.uploads, reading, web.assignment, storing),
        runner=_runner(parts, core, reading, storing, housekeeping),
    )


@dataclass(frozen=True, slots=True)
class _Parts:
    """What the services are joined with."""

    settings: Settings
    bell: HueyBell
    catalogue: Catalogue
    storage: _Storage
    vault: FernetVault
    reader: NightReader
    renderer: PngRenderer
    reports: ReportReader


@dataclass(frozen=True, slots=True)
class _Core:
    """Services that both the pages and the worker use."""

    uploads: UploadService
    nights: NightService
    readiness: ReadinessService
    syncing: SyncService


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


def _storage(settings: Settings, catalogue: Catalogue, patience: str) -> _Storage:
    """A store over the network gets an outbox; a folder does not: where its disk fails, the database's does too."""
    store, outbox, breaker = _built_store(settings, patience), None, Breaker()
    archived: ObjectStore = store
    if settings.provider != "local" or settings.in_transition:
        total = settings.storage_outbox_max_mb * MEGABYTE
        limits = OutboxLimits(min(total, 2 * settings.upload_max_file_mb * MEGABYTE), total)
        archived = GuardedStore(store, breaker, monotonic)
        store = outbox = OutboxStore(store, breaker, monotonic, catalogue, utc_now, limits)
    watch = StoreWatch(GuardedStore(_built_store(settings, "check"), breaker, monotonic), monotonic)
    values = settings.store_values()
    return _Storage(store, archived, outbox, UrlSigner(values["secret"], values["base_url"]), watch)


def _built_store(settings: Settings, patience: str) -> ObjectStore:
    """The configured store; two as one while a live system moves."""
    new = build_store(StoreOptions(**settings.store_values(patience=patience)))
    if not settings.in_transition:
        return new
    previous = build_store(StoreOptions(**settings.store_values(patience=patience, provider=settings.storage_previous)))
    first, second = (previous, new) if settings.storage_transition == "write_both" else (new, previous)
    return TransitionStore(first, second)


def _parts(settings: Settings, patience: str) -> _Parts:
    bell = HueyBell(settings.bell_url)
    if settings.catalogue_url.startswith("sqlite"):
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    catalogue = Catalogue(settings.catalogue_url, bell)
    return _Parts(
        settings=settings,
        bell=bell,
        catalogue=catalogue,
        storage=_storage(settings, catalogue, patience),
        vault=FernetVault(settings.secret()),
        reader=NightReader(create_registry()),
        renderer=PngRenderer(PLOTLY_BUNDLE),
        reports=ReportReader(),
    )


def _core(parts: _Parts) -> _Core:
    settings, catalogue, storage = parts.settings, parts.catalogue, parts.storage
    limits = UploadLimits(
        file_bytes=settings.upload_max_file_mb * MEGABYTE,
        files=settings.upload_max_files,
        batch_bytes=settings.upload_max_batch_mb * MEGABYTE,
    )
    file_urls = FileUrls(storage.store, storage.own_urls, settings.signed_url_ttl_s, storage.watch.nudge)
    may_remove = SyncLimits(settings.storage_sync_max_removed, settings.storage_sync_max_removed_pct)

    def staging(email: str, session: str) -> StorageService:
        return StorageService(email, storage.store, {session})

    return _Core(
        uploads=UploadService(catalogue, staging, parts.vault, utc_now, limits),
        nights=NightService(catalogue, storage.store, parts.reader, utc_now, file_urls),
        readiness=ReadinessService(catalogue, storage.watch, utc_now),
        syncing=SyncService(catalogue, storage.archived, utc_now, may_remove),
    )


def _web(parts: _Parts, core: _Core) -> WebServices:
    settings, catalogue, store = parts.settings, parts.catalogue, parts.storage.store
    links = PatientLinks(catalogue, parts.vault, settings.base_url, utc_now)
    return WebServices(
        accounts=AccountService(catalogue, Argon2Hasher(), utc_now),
        links=links,
        uploads=core.uploads,
        batches=BatchService(catalogue),
        assignment=AssignmentService(catalogue, links, utc_now),
        joining=JoiningService(catalogue, utc_now),
        report_choices=ReportChoiceService(catalogue, utc_now),
        nights=core.nights,
        exclusions=ExclusionService(catalogue, core.nights, utc_now),
        extra_rules=ExtraRuleService(catalogue),
        readiness=core.readiness,
        syncing=core.syncing,
        storage_admin=StorageAdmin(catalogue, store, utc_now, settings.upload_max_file_mb * MEGABYTE),
        open_signed=partial(parts.storage.own_urls.open, store.get),
    )


def _runner(
    parts: _Parts, core: _Core, reading: ReadingService, storing: StoringService, housekeeping: HousekeepingService
) -> JobRunner:
    catalogue, store, syncing = parts.catalogue, parts.storage.store, core.syncing
    painter = _painter(parts.renderer, core.readiness)
    handlers: dict[str, JobHandler] = {
        "read_item": reading.read_item,
        "store_item": storing.store_item,
        "empty_staging": storing.empty_staging,
        "render_plot": PlottingService(catalogue, store, core.nights, painter, utc_now).render_plot,
        "move_night": MovingService(catalogue, store, utc_now).move_night,
        "expunge": housekeeping.expunge,
        VERIFY: VerifyingService(catalogue, store, utc_now).verify,
        PLAN_JOB: syncing.plan,
        APPLY_JOB: syncing.apply,
    }
    if parts.storage.outbox is not None:
        handlers[ARCHIVE] = parts.storage.outbox.archive
    failures: dict[str, Callable[[str, str], None]] = {
        "read_item": reading.refuse_failed,
        "store_item": storing.mark_failed,
        PLAN_JOB: syncing.note,
        APPLY_JOB: syncing.note,
    }

    def tell(job: Job, reason: str) -> None:
        if job.name in failures:
            failures[job.name](job.subject, reason)

    return JobRunner(catalogue, handlers, utc_now, tell)


def _painter(renderer: PngRenderer, readiness: ReadinessService) -> Callable[[NightReport, str], bytes]:
    def paint(report: NightReport, language_code: str) -> bytes:
        try:
            picture = renderer.png(night_figure(report, words(language_code), picture=True), *PICTURE_SIZE_PX)
        except RenderingUnavailable as error:
            readiness.note_rendering(error)
            raise
        readiness.note_rendering(None)
        return picture

    return paint
