"""The composition root: the only place that builds things and joins them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import monotonic

import dash
from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

import callbacks_medical
from oximetry.adapters.catalogue import Catalogue, utc_now
from oximetry.adapters.jobs import HueyBell
from oximetry.adapters.plots import PngRenderer
from oximetry.adapters.report_process import ReportReader
from oximetry.adapters.security import Argon2Hasher, FernetVault, derive_key
from oximetry.adapters.signed_urls import UrlSigner
from oximetry.domain.errors import RenderingUnavailable
from oximetry.domain.ports import ObjectStore
from oximetry.domain.records import Job
from oximetry.readers.formats import create_registry
from oximetry.services.accounts import AccountService
from oximetry.services.adding import AddingService
from oximetry.services.analysis import NightReport
from oximetry.services.assignment import AssignmentService
from oximetry.services.batch import BatchService
from oximetry.services.breaker import Breaker
from oximetry.services.exclusions import ExclusionService
from oximetry.services.file_urls import FileUrls
from oximetry.services.housekeeping import HousekeepingService
from oximetry.services.joining import JoiningService
from oximetry.services.moving import MovingService
from oximetry.services.night_reader import NightReader
from oximetry.services.nights import NightService
from oximetry.services.outbox import ARCHIVE, GuardedStore, OutboxLimits, OutboxStore
from oximetry.services.plotting import PlottingService
from oximetry.services.readiness import ReadinessService
from oximetry.services.reading import ReadingService
from oximetry.services.reanalysis import ReanalysisService
from oximetry.services.report_choices import ReportChoiceService
from oximetry.services.rule_answers import ExtraRuleService
from oximetry.services.storage_admin import StorageAdmin
from oximetry.services.store_watch import StoreWatch
from oximetry.services.storing import StoringService
from oximetry.services.sync_planning import SyncLimits
from oximetry.services.syncing import APPLY_JOB, PLAN_JOB, SyncService
from oximetry.services.transition import TransitionStore
from oximetry.services.uploads import MEGABYTE, UploadLimits, UploadService
from oximetry.services.verifying import VERIFY, VerifyingService
from oximetry.services.work import JobHandler, JobRunner
from oximetry.settings import Settings
from oximetry.web import dash_requests, doctor_app, patient_app, routes, security, sign_in, storage_page
from oximetry.web.figures import night_figure
from oximetry.web.i18n import words
from oximetry.web.patient_access import PatientAccess
from oximetry.web.services import WebServices
from patient_links import PatientLinks
from pdf_parser import report_stamp
from storage_service import StorageService, StoreOptions, build_store

ASSETS = Path(__file__).resolve().parent / "assets"
PLOTLY_BUNDLE = ASSETS / "plotly-cartesian.min.js"
PICTURE_SIZE_PX = (1280, 720)
FORM_OVERHEAD_BYTES = 64 * 1024


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


def create_services(settings: Settings, *, interactive: bool = True) -> Services:
    """Build all services. Nothing is asked of the network or the database before first use.

    Parameters
    ----------
    interactive : bool
        Whether a person waits for the store's answers (short time-outs) or the worker does.
    """
    secret = settings.secret()
    bell = HueyBell(settings.bell_url)
    if settings.catalogue_url.startswith("sqlite"):
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    catalogue = Catalogue(settings.catalogue_url, bell)
    storage = _storage(settings, catalogue, "interactive" if interactive else "worker")
    store = storage.store
    vault = FernetVault(secret)
    reader = NightReader(create_registry())
    limits = UploadLimits(
        file_bytes=settings.upload_max_file_mb * MEGABYTE,
        files=settings.upload_max_files,
        batch_bytes=settings.upload_max_batch_mb * MEGABYTE,
    )
    uploads = UploadService(
        catalogue, lambda email, session: StorageService(email, store, {session}), vault, utc_now, limits
    )
    links = PatientLinks(catalogue, vault, settings.base_url, utc_now)
    readiness = ReadinessService(catalogue, storage.watch, utc_now)
    file_urls = FileUrls(store, storage.own_urls, settings.signed_url_ttl_s, storage.watch.nudge)
    nights = NightService(catalogue, store, reader, utc_now, file_urls)
    reports = ReportReader()
    reading = ReadingService(catalogue, store, uploads, reader, utc_now, report_stamp, reports)
    storing = StoringService(catalogue, store, uploads, reader, utc_now, reports)
    renderer = PngRenderer(PLOTLY_BUNDLE)
    plotting = PlottingService(catalogue, store, nights, _painter(renderer, readiness), utc_now)
    housekeeping = HousekeepingService(catalogue, store, utc_now)
    may_remove = SyncLimits(settings.storage_sync_max_removed, settings.storage_sync_max_removed_pct)
    syncing = SyncService(catalogue, storage.archived, utc_now, may_remove)
    handlers: dict[str, JobHandler] = {
        "read_item": reading.read_item,
        "store_item": storing.store_item,
        "empty_staging": storing.empty_staging,
        "render_plot": plotting.render_plot,
        "move_night": MovingService(catalogue, store, utc_now).move_night,
        "expunge": housekeeping.expunge,
        VERIFY: VerifyingService(catalogue, store, utc_now).verify,
        PLAN_JOB: syncing.plan,
        APPLY_JOB: syncing.apply,
    }
    if storage.outbox is not None:
        handlers[ARCHIVE] = storage.outbox.archive
    failures: dict[str, Callable[[str, str], None]] = {
        "read_item": reading.refuse_failed,
        "store_item": storing.mark_failed,
        PLAN_JOB: syncing.note,
        APPLY_JOB: syncing.note,
    }
    web = WebServices(
        accounts=AccountService(catalogue, Argon2Hasher(), utc_now),
        links=links,
        uploads=uploads,
        batches=BatchService(catalogue),
        assignment=AssignmentService(catalogue, links, utc_now),
        joining=JoiningService(catalogue, utc_now),
        report_choices=ReportChoiceService(catalogue, utc_now),
        nights=nights,
        exclusions=ExclusionService(catalogue, nights, utc_now),
        extra_rules=ExtraRuleService(catalogue),
        readiness=readiness,
        syncing=syncing,
        storage_admin=StorageAdmin(catalogue, store, utc_now, limits.file_bytes),
        open_signed=partial(storage.own_urls.open, store.get),
    )

    def tell(job: Job, reason: str) -> None:
        if job.name in failures:
            failures[job.name](job.subject, reason)

    reanalysis = ReanalysisService(catalogue, nights, utc_now)
    adding = AddingService(catalogue, uploads, reading, web.assignment, storing)
    runner = JobRunner(catalogue, handlers, utc_now, tell)
    return Services(
        settings=settings,
        catalogue=catalogue,
        store=store,
        outbox=storage.outbox,
        bell=bell,
        reader=reader,
        renderer=renderer,
        reports=reports,
        web=web,
        housekeeping=housekeeping,
        reanalysis=reanalysis,
        adding=adding,
        runner=runner,
    )


def create_app(settings: Settings | None = None, services: Services | None = None) -> Flask:
    """The web application: guards, routes and both Dash apps on one Flask server, warm and complete.

    Parameters
    ----------
    settings : Settings, optional
        Read from the environment when absent.
    services : Services, optional
        Already built ones; they must belong to the same settings.
    """
    settings = settings or Settings.load()
    services = services or create_services(settings)
    server = Flask("oximetry", template_folder=str(Path(security.__file__).parent / "templates"), static_folder=None)
    fence = security.Fence(settings.base_url, services.store.origin, settings.production)
    session_key = derive_key(settings.secret(), "flask-session")
    security.configure(server, session_key, fence, settings.upload_max_file_mb * MEGABYTE + FORM_OVERHEAD_BYTES)
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        server.wsgi_app = ProxyFix(server.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    dash_apps: dict[str, dash.Dash] = {}
    security.install(server, fence, lambda: [found for app in dash_apps.values() for found in app.csp_hashes()])
    server.before_request(lambda: dash_requests.check(dash_apps))
    security.compress(server)
    sign_in.install(server, services.web.accounts)
    access = PatientAccess(services.web.links, services.web.nights, derive_key(settings.secret(), "patient-cookie"))
    routes.install(server, services.web, access)
    storage_page.install(server, services.web, utc_now)
    dash_apps[security.DOCTOR_PREFIX] = doctor_app.create(server, services.web, ASSETS)
    callbacks_medical.register(dash_apps[security.DOCTOR_PREFIX], services.web)
    dash_apps[security.PATIENT_PREFIX] = patient_app.create(server, services.web, access, ASSETS)
    _warm(server, list(dash_apps.values()), settings.base_url)
    return server


def create_server() -> Flask:
    """For gunicorn: checks that the database stands at the newest migration, then builds the application."""
    configure_logging()
    settings = Settings.load()
    services = create_services(settings)
    services.catalogue.check()
    services.catalogue.dispose()
    return create_app(settings, services)


def configure_logging() -> None:
    """One line per event on stderr; libraries that could write signed URLs stay quiet."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    for noisy in ("botocore", "urllib3", "kaleido", "choreographer", "huey", "werkzeug", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


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


def _warm(server: Flask, apps: list[dash.Dash], base_url: str) -> None:
    """Let both Dash apps finish their set-up now: left to the first parallel requests, some get a 500."""
    client = server.test_client()
    for path in ("/login", "/patient/"):
        if client.get(path, base_url=base_url).status_code != 200:
            raise RuntimeError("a page did not open")
    for app in apps:
        if not app._got_first_request["setup_server"] or not app.callback_map:
            raise RuntimeError("a Dash app did not finish its set-up")
