"""``keys``: changing ``SECRET_KEY`` without losing what it sealed."""

from __future__ import annotations

import click

from oximetry.cli.common import REFUSED, Commands, in_words, language_option, opened_services


@click.group(cls=Commands)
def keys() -> None:
    """SECRET_KEY and what it sealed."""


@keys.command()
@language_option
@click.pass_context
def reseal(context: click.Context, language: str) -> None:
    """Seal every secret with SECRET_KEY that SECRET_KEY_PREVIOUS sealed; exit 1 when some open with neither."""
    say = in_words(language)
    with opened_services() as services:
        done = services.resealing.reseal()
    click.echo(say("keys.resealed", count=done.resealed))
    if done.lost:
        click.echo(say("keys.lost", count=done.lost), err=True)
        context.exit(REFUSED)
