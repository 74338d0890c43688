"""``status`` and ``jobs``: what ``/readyz`` says, for a person at a terminal, and the queue by hand."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from oximetry.cli.common import REFUSED, Commands, in_words, language_option, opened_services, sentence
from oximetry.domain.errors import OximetryError

if TYPE_CHECKING:
    from oximetry.services.operations.readiness import Readiness
    from oximetry.web.i18n import Words

STATES = ("waiting", "running", "failed", "done")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="The same as one line of JSON.")
@language_option
@click.pass_context
def status(context: click.Context, as_json: bool, language: str) -> None:
    """Say how database, store, workers and queue are; exit 1 when something is down."""
    say = in_words(language)
    with opened_services() as services:
        state = services.readiness.look()
        where = f"{services.settings.provider}: {services.settings.storage_place()}"
    if as_json:
        click.echo(json.dumps({**state.public(), "details": state.details()}))
    else:
        for name, value in _lines(say, state, where):
            click.echo(f"{name}: {value}")
    if state.status == "down":
        context.exit(REFUSED)


def _lines(say: Words, state: Readiness, where: str) -> list[tuple[str, str]]:
    waiting = state.outbox
    lines = [
        (say("status.status"), state.status),
        (say("status.database"), state.database),
        (say("status.storage"), f"{state.storage} ({where})"),
        (say("status.outbox"), say("status.outbox_of", objects=waiting.pending, seconds=waiting.oldest_s)),
        (say("status.renderer"), state.renderer),
        (say("status.disk"), f"{state.disk} ({state.disk_free_mb} MB)"),
        (say("status.jobs"), ", ".join(f"{name} {count}" for name, count in state.jobs.items()) or "0"),
    ]
    for name, age_s in state.oldest_waiting_s.items():
        lines.append((say("status.oldest", job=name), say("status.seconds", seconds=age_s)))
    workers = [(say("status.worker"), f"{worker.name} {worker.beat_at:%H:%M:%S} UTC") for worker in state.workers]
    return lines + (workers or [(say("status.worker"), say("status.no_worker"))])


@click.group(cls=Commands)
def jobs() -> None:
    """The queue: what waits, runs and failed."""


@jobs.command("list")
@click.option("--state", "states", multiple=True, type=click.Choice(STATES), help="Only these; all but done without.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000), help="At most so many lines.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
def list_jobs(states: tuple[str, ...], limit: int, as_json: bool) -> None:
    """List jobs, the oldest first: id, state, name, subject, tries, reason."""
    with opened_services() as services:
        lines = services.work_book.lines(states or STATES[:-1], limit)
    for line in lines:
        if as_json:
            values = {name: getattr(line, name) for name in ("id", "state", "name", "subject", "owner", "attempts")}
            times = {"created_at": line.created_at.isoformat(), "not_before": line.not_before.isoformat()}
            click.echo(json.dumps({**values, "reason": line.reason, **times}))
        else:
            said = f"{line.id} {line.state} {line.name} {line.subject} {line.attempts} {line.reason or ''}"
            click.echo(said.rstrip())


@jobs.command("retry")
@click.argument("job_ids", nargs=-1, required=True, metavar="ID...")
@language_option
@click.pass_context
def retry_jobs(context: click.Context, job_ids: tuple[str, ...], language: str) -> None:
    """Let failed jobs be done again, and waiting ones now."""
    _each(context, job_ids, language, "retry")


@jobs.command("cancel")
@click.argument("job_ids", nargs=-1, required=True, metavar="ID...")
@language_option
@click.pass_context
def cancel_jobs(context: click.Context, job_ids: tuple[str, ...], language: str) -> None:
    """Let waiting jobs not be done; what they were about stays as it is, and its page can ask again."""
    _each(context, job_ids, language, "cancel")


def _each(context: click.Context, job_ids: tuple[str, ...], language: str, act: str) -> None:
    say, refused = in_words(language), False
    with opened_services() as services:
        for job_id in job_ids:
            try:
                getattr(services.work_book, act)(job_id)
            except OximetryError as error:
                refused = True
                click.echo(f"{job_id}: {sentence(say, error)}", err=True)
    if refused:
        context.exit(REFUSED)
