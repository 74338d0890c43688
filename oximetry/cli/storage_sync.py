"""``storage sync``: what differs between the store and the catalogue, and applying the plan that was shown."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from oximetry.cli.common import REFUSED, in_words, language_option, opened_services
from oximetry.domain.errors import SyncAborted
from oximetry.domain.sync.syncing import Kind

if TYPE_CHECKING:
    from oximetry.domain.sync.sync_records import SyncRun
    from oximetry.services.sync.syncing import PlanShown, SyncService
    from oximetry.web.i18n import Words

_FILE = click.Path(dir_okay=False, path_type=Path)
_EXISTING = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.option("--init", is_flag=True, help="Write the sentinel that says: this store belongs to this catalogue.")
@click.option("--plan", "plan_file", type=_FILE, help="Write the plan into this file (JSON lines).")
@click.option("--apply", "applied_file", type=_EXISTING, help="Apply the very plan of this file.")
@language_option
@click.pass_context
def sync(context: click.Context, init: bool, plan_file: Path | None, applied_file: Path | None, language: str) -> None:
    """Compare store and catalogue; nothing is changed without --apply."""
    if sum((init, plan_file is not None, applied_file is not None)) > 1:
        raise click.UsageError("--init, --plan and --apply exclude each other")
    say = in_words(language)
    with opened_services() as services:
        syncing = services.syncing
        if init:
            syncing.init()
            click.echo(say("cli.sync.initialised"))
        elif applied_file is not None:
            _apply(context, say, syncing, applied_file)
        else:
            _plan(say, syncing, plan_file)


def _plan(say: Words, syncing: SyncService, plan_file: Path | None) -> None:
    shown = syncing.shown(syncing.plan_now().id)
    if shown.run.counts:
        _tell_plan(say, shown)
    if shown.run.sha256 is None:
        raise SyncAborted(shown.run.reason, **shown.run.details)
    if plan_file is None:
        click.echo(say("cli.sync.dry_run"))
        return
    try:
        with plan_file.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(syncing.lines(shown.run.id))
    except OSError as error:
        raise click.UsageError(f"{plan_file}: {error.strerror}") from error
    click.echo(say("cli.sync.written", file=plan_file, entries=float(shown.run.entries)))


def _tell_plan(say: Words, plan: PlanShown) -> None:
    counts = plan.run.counts
    seen = {name: float(counts.get(name, 0)) for name in ("objects", "rows")}
    click.echo(say("cli.sync.compared", **seen))
    for kind in Kind:
        _tell_count(say, kind.value, counts.get(kind.value, 0))
        for entry in plan.examples[kind]:
            click.echo(f"    {entry.key}")
    _tell_count(say, "skipped", counts.get("skipped", 0))


def _apply(context: click.Context, say: Words, syncing: SyncService, applied_file: Path) -> None:
    with applied_file.open(encoding="utf-8", newline="\n") as file:
        try:
            run = syncing.apply_file(file)
        except UnicodeDecodeError as error:
            raise SyncAborted("sync_plan_altered") from error
    _tell_report(say, run)
    if run.counts["done_failed"]:
        context.exit(REFUSED)


def _tell_report(say: Words, run: SyncRun) -> None:
    click.echo(say("cli.sync.applied"))
    for name in (*(kind.value for kind in Kind), "skipped", "failed"):
        _tell_count(say, name, run.counts[f"done_{name}"])


def _tell_count(say: Words, name: str, count: int) -> None:
    label = say(f"sync.{name}")
    click.echo(f"  {label}: {say.number(count, 0)}")
