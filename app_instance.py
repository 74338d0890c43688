"""The web application: the services behind guards, routes and two Dash apps; what gunicorn starts."""

from __future__ import annotations

import logging
from pathlib import Path

import dash
from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

import callbacks_medical
from oximetry.adapters.catalogue.catalogue import utc_now
from oximetry.adapters.security import derive_key
from oximetry.composition import Services, create_services
from oximetry.logs import configure_logging
from oximetry.services.incoming import MEGABYTE
from oximetry.settings import Settings
from oximetry.web import audit_trail, dash_requests, metrics, request_log, routes, security, verification
from oximetry.web.account import accounts_page, own_account, sign_in
from oximetry.web.admin import storage_page
from oximetry.web.doctor import (
    doctor_app,
    handover_page,
    interpretation_page,
    night_page,
    patient_page,
    patients_page,
    settings_page,
    worklist,
)
from oximetry.web.patient import patient_app
from oximetry.web.patient.patient_access import PatientAccess

PAGES = (
    worklist,
    patients_page,
    patient_page,
    night_page,
    interpretation_page,
    handover_page,
    settings_page,
    own_account,
    accounts_page,
)
logger = logging.getLogger(__name__)

ASSETS = Path(__file__).resolve().parent / "assets"
FORM_OVERHEAD_BYTES = 64 * 1024


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
    previous = settings.previous_secret()
    session_key = derive_key(settings.secret(), "flask-session")
    request_log.install(server)
    server.config["SECRET_KEY_FALLBACKS"] = [derive_key(previous, "flask-session")] if previous else None
    security.configure(server, session_key, fence, settings.upload_max_file_mb * MEGABYTE + FORM_OVERHEAD_BYTES)
    hops = settings.trusted_proxies
    if hops:
        server.wsgi_app = ProxyFix(server.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    else:
        routes.watch_forwarded(server)
    dash_apps: dict[str, dash.Dash] = {}
    security.install(server, fence, lambda: [hash_ for app in dash_apps.values() for hash_ in app.csp_hashes()])
    server.before_request(lambda: dash_requests.check(dash_apps))
    audit_trail.install(server, services.audit)
    metrics.install(server, services, settings.metrics_secret())
    security.compress(server)
    sign_in.install(server, services, production=settings.production)
    cookie_keys = [derive_key(key, "patient-cookie") for key in (previous, settings.secret()) if key]
    access = PatientAccess(services.link_sessions, services.nights, cookie_keys)
    access.install(server)
    routes.install(server, services, access, operator_token=settings.operator_secret())
    verification.install(server, services.review)
    storage_page.install(server, services, utc_now)
    for page in PAGES:
        page.install(server, services)
    dash_apps[security.DOCTOR_PREFIX] = doctor_app.create(server, services, ASSETS)
    callbacks_medical.register(dash_apps[security.DOCTOR_PREFIX], services)
    dash_apps[security.PATIENT_PREFIX] = patient_app.create(server, services, access, ASSETS)
    _warm(server, list(dash_apps.values()), settings.base_url)
    return server


def create_server() -> Flask:
    """For gunicorn: waits for the database, checks that it stands at the newest migration, builds the application."""
    settings = Settings.load()
    configure_logging(settings.log_level, as_json=settings.logs_as_json)
    for name in settings.removed():
        logger.warning("setting has no meaning any more name=%s: the database is the queue; remove it", name)
    services = create_services(settings)
    services.catalogue.wait_until_alive()
    services.catalogue.check()
    services.catalogue.dispose()
    return create_app(settings, services)


def _warm(server: Flask, apps: list[dash.Dash], base_url: str) -> None:
    """Let both Dash apps finish their set-up now: left to the first parallel requests, some get a 500."""
    client = server.test_client()
    for path in ("/login", "/patient/"):
        if client.get(path, base_url=base_url).status_code != 200:
            raise RuntimeError("a page did not open")
    for app in apps:
        if not app._got_first_request["setup_server"] or not app.callback_map:
            raise RuntimeError("a Dash app did not finish its set-up")
