"""``audit``: whether the trail of acts is whole, and the trail itself."""

from __future__ import annotations

from pathlib import Path

import click

from oximetry.cli.common import REFUSED, Commands, in_words, language_option, opened_services


@click.group(cls=Commands)
def audit() -> None:
    """The trail of acts: who saw, changed and took what."""


@audit.command()
@click.option("--head", "head_sha256", metavar="SHA256", help="A head that an earlier check printed; must still be in.")
@language_option
@click.pass_context
def verify(context: click.Context, head_sha256: str | None, language: str) -> None:
    """Walk along the chain; exit 1 when an act was changed, left out or put in."""
    say = in_words(language)
    with opened_services() as services:
        found = services.audit.check(head_sha256)
    click.echo(say("audit_command.head", count=found.count, head=found.head_sha256))
    if found.broken_at is not None:
        click.echo(say("audit_command.broken", number=found.broken_at), err=True)
    if not found.holds_expected:
        click.echo(say("audit_command.head_gone"), err=True)
    if not found.is_whole:
        context.exit(REFUSED)
    click.echo(say("audit_command.whole"))


@audit.command()
@click.option("--out", required=True, type=click.Path(path_type=Path, dir_okay=False), help="The file to write.")
@language_option
def export(out: Path, language: str) -> None:
    """Write the whole trail as lines of JSON."""
    say = in_words(language)
    unfinished = out.with_name(f"{out.name}.unfinished")
    count = 0
    with opened_services() as services:
        try:
            with unfinished.open("w", encoding="utf-8") as target:
                for line in services.audit.export():
                    target.write(f"{line}\n")
                    count += 1
            unfinished.replace(out)
        finally:
            unfinished.unlink(missing_ok=True)
    click.echo(say("audit_command.exported", count=count, path=out))
