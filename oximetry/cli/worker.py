"""``worker`` and ``migrate``: the process that does the platform's work, and the step before a new version starts."""

from __future__ import annotations

import logging
import os
import signal
from contextlib import ExitStack
from socket import gethostname
from threading import Event, Thread
from typing import TYPE_CHECKING

import click

from oximetry.cli.common import REFUSED, built_services, in_words, language_option, opened_services
from oximetry.cli.storage import store_works
from oximetry.domain.errors import ConfigurationError, OximetryError, RenderingUnavailable
from oximetry.services.operations.repeating import every
from oximetry.services.operations.watchdog import Watchdog

if TYPE_CHECKING:
    from oximetry.composition import Services

logger = logging.getLogger(__name__)

BEAT_S = 15.0
SILENT_AT_MOST_S = 60.0
SILENT_EXIT = 70
PROBE_S = 15.0
LONGEST_HOST = 20
DAILY_ASKED_S = 3600.0
BACKUP_ASKED_S = 300.0
OUTBOX_ASKED_S = 600.0
STORE_ASKED_S = 10.0
FIRST_PICTURE_PX = (64, 48)


@click.command()
@click.option("--threads", default=2, show_default=True, type=click.IntRange(1, 16), help="Jobs done at once.")
def worker(threads: int) -> None:
    """Read, store and draw what the doctors drop, until SIGTERM or SIGINT."""
    from oximetry.logs import configure_logging
    from oximetry.settings import Settings

    settings = Settings.load()
    configure_logging(settings.log_level, as_json=settings.logs_as_json)
    with opened_services(patient=True) as services:
        _say_removed_settings(services)
        Thread(target=_first_picture, args=(services,), daemon=True, name="first-picture").start()
        logger.info("worker started threads=%d storage=%s", threads, services.settings.provider)
        serve(services, threads, _stopped_by_signals())
    logger.info("worker ended")


def serve(services: Services, threads: int, stopped: Event) -> None:
    """Do jobs, and what is due now and again, until ``stopped``.

    A worker that cannot write its sign of life for a minute ends at once, with exit code 70: its jobs are taken over,
    and its supervisor starts a new one.
    """
    name = f"{gethostname()[:LONGEST_HOST]}-{os.getpid()}"
    watchdog = Watchdog(SILENT_AT_MOST_S, _end_at_once)

    def beat() -> None:
        services.pulse.beat(name, threads=threads)
        watchdog.note()

    with ExitStack() as beside:
        beside.enter_context(watchdog.watching())
        beside.enter_context(every(BEAT_S, beat))
        beside.enter_context(every(PROBE_S, services.pulse.probe))
        beside.enter_context(every(DAILY_ASKED_S, services.housekeeping.submit_daily))
        beside.enter_context(every(DAILY_ASKED_S, services.syncing.submit_daily))
        beside.enter_context(every(BACKUP_ASKED_S, services.backup_schedule.submit_due))
        beside.enter_context(every(DAILY_ASKED_S, services.report_files.submit_unfinished))
        if services.outbox is not None:
            beside.enter_context(every(OUTBOX_ASKED_S, services.outbox.ask_again))
            beside.enter_context(every(STORE_ASKED_S, services.outbox.look_again))
        services.hands.serve(threads, stopped)


def _stopped_by_signals() -> Event:
    stopped = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    return stopped


def _say_removed_settings(services: Services) -> None:
    for name in services.settings.removed():
        logger.warning("setting has no meaning any more name=%s: the database is the queue; remove it", name)


def _end_at_once() -> None:
    os._exit(SILENT_EXIT)


@click.command()
@click.option("--wait", "wait_s", default=0, type=click.IntRange(0, 3600), help="Seconds to wait for the database.")
@click.option("--plan", is_flag=True, help="Print the steps that would be taken, and take none.")
@click.option("--down", metavar="REVISION", help="Go back to this revision, over steps that only added.")
@click.option("--web-role", metavar="NAME", help="Give this PostgreSQL role what the web processes need.")
@click.option("--check-storage", is_flag=True, help="Stop before that when the object store does not work.")
@language_option
@click.pass_context
def migrate(
    context: click.Context,
    wait_s: int,
    plan: bool,
    down: str | None,
    web_role: str | None,
    check_storage: bool,
    language: str,
) -> None:
    """Bring the database to the newest migration; doing it again changes nothing."""
    if check_storage and not store_works(in_words(language)):
        context.exit(REFUSED)
    services = built_services()
    try:
        if wait_s:
            services.catalogue.wait_until_alive(wait_s)
        if not services.catalogue.is_alive():
            raise ConfigurationError(setting="DATABASE_URL", problem="the database does not answer")
        if plan:
            for step in services.catalogue.pending_steps():
                click.echo(" ".join(step))
            return
        if down is not None:
            for revision in services.catalogue.migrate_down(down):
                click.echo(f"- {revision}")
            return
        services.catalogue.migrate()
        if web_role is not None:
            services.catalogue.grant(web_role)
    finally:
        services.close()
    click.echo(in_words(language)("cli.migrated"))


def _first_picture(services: Services) -> None:
    """Find out now, not at the first night, whether pictures can be drawn."""
    failure: RenderingUnavailable | None = None
    try:
        services.renderer.png({"data": [], "layout": {}}, *FIRST_PICTURE_PX)
        logger.info("pictures can be drawn")
    except RenderingUnavailable as error:
        failure = error
        logger.warning(
            "no browser for pictures: install chromium-headless-shell (or chromium); PNG plots wait until then, "
            "nights are read and shown without them reason=%s",
            error.reason,
        )
    try:
        services.readiness.note_rendering(failure)
    except OximetryError:
        logger.warning("the first picture's outcome could not be noted")
