"""``reanalyse``: which stored nights today's rules would change and by how much, and replacing them as planned."""

from __future__ import annotations

from typing import Any

import click

from oximetry.cli.common import REFUSED, WRONG_USAGE, in_words, language_option, opened_services


@click.command()
@click.option("--plan", "only_plan", is_flag=True, help="Print what would change, and the plan's name; change nothing.")
@click.option("--apply", "digest", metavar="PLAN", help="Replace the numbers as the plan of this name says.")
@language_option
@click.pass_context
def reanalyse(context: click.Context, only_plan: bool, digest: str | None, language: str) -> None:
    """Compare every stored night with what the present rules and readers make of it."""
    say = in_words(language)
    if only_plan == (digest is not None):
        click.echo(say("cli.reanalyse.choose"), err=True)
        context.exit(WRONG_USAGE)
    with opened_services() as services:
        plan = services.reanalysis.apply(digest) if digest else services.reanalysis.plan()
    for change in plan.changes:
        night = change.night
        head = f"{night.id} {night.started_at:%Y-%m-%dT%H:%M:%S} {night.device_serial or '-'}"
        if change.problem:
            click.echo(f"{head}: {say.reason(change.problem, {})}", err=True)
        for name in change.after:
            click.echo(f"{head} {name} {_shown(change.before[name])} -> {_shown(change.after[name])}")
    done = "cli.reanalyse.applied" if digest else "cli.reanalyse.planned"
    changed = sum(1 for change in plan.changes if not change.problem)
    click.echo(say(done, changed=changed, nights=plan.nights, digest=plan.digest))
    if any(change.problem for change in plan.changes):
        context.exit(REFUSED)


def _shown(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else "-" if value is None else str(value)
