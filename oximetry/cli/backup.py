"""``backup`` and ``restore``: everything that was taken, sealed, elsewhere, and back again."""

from __future__ import annotations

from collections.abc import Callable

import click

from oximetry.cli.common import REFUSED, Commands, in_words, language_option

TOLD_EVERY = 500


class _BackupCommands(Commands):
    """``backup TARGET`` makes one; ``backup verify TARGET`` is a command of its own."""

    def parse_args(self, context: click.Context, args: list[str]) -> list[str]:
        """A first word that is no command belongs to ``make``."""
        if not args or (args[0] not in self.commands and args[0] not in ("--help", "-h")):
            args = ["make", *args]
        return super().parse_args(context, args)


@click.group(cls=_BackupCommands)
def backup() -> None:
    """Make a backup: backup [TARGET]; a folder or s3://bucket, else BACKUP_TARGET. Sealed with BACKUP_KEY."""


@backup.command("make")
@click.argument("target", required=False)
@click.option("--list-only", is_flag=True, help="List the store's objects without copying their bytes.")
@language_option
def make_backup(target: str | None, list_only: bool, language: str) -> None:
    """Make a backup of the catalogue and of the store; what is there from before is not copied again."""
    from oximetry.composition import create_backups
    from oximetry.settings import Settings

    say = in_words(language)
    maker = create_backups(Settings.load(), target).maker
    manifest = maker.make(copy_objects=not list_only, told=_told(say("backup.so_far")))
    rows = sum(part.lines for part in manifest.parts if part.content != "objects")
    click.echo(
        say("backup.made", snapshot=manifest.snapshot, rows=rows, objects=manifest.objects, bytes=manifest.object_bytes)
    )


@backup.command("list")
@click.argument("target", required=False)
@language_option
def list_backups(target: str | None, language: str) -> None:
    """Name the snapshots, oldest first."""
    del language  # of the sentence that says what went wrong
    from oximetry.composition import create_backups
    from oximetry.settings import Settings

    for snapshot in create_backups(Settings.load(), target).reader.snapshots():
        click.echo(snapshot)


@backup.command("verify")
@click.argument("target", required=False)
@click.option("--snapshot", help="Not the latest one.")
@language_option
@click.pass_context
def verify_backup(context: click.Context, target: str | None, snapshot: str | None, language: str) -> None:
    """Read all of a backup and compare every SHA-256; exit 1 when anything is missing or damaged."""
    from oximetry.composition import create_backups
    from oximetry.settings import Settings

    say = in_words(language)
    reader = create_backups(Settings.load(), target).reader
    manifest = reader.manifest(snapshot)
    problems = 0
    for problem in reader.problems(manifest):
        problems += 1
        kind = say(f"backup_problem.{problem.kind}")
        click.echo(f"{kind}: {problem.key}", err=True)
    if problems:
        context.exit(REFUSED)
    click.echo(say("backup.verified", snapshot=manifest.snapshot, objects=manifest.objects))


@click.command()
@click.argument("target", required=False)
@click.option("--snapshot", help="Not the latest one.")
@language_option
def restore(target: str | None, snapshot: str | None, language: str) -> None:
    """Put a backup into the configured database and store, which must be empty."""
    from oximetry.composition import create_backups
    from oximetry.settings import Settings

    say = in_words(language)
    backups = create_backups(Settings.load(), target)
    manifest = backups.reader.manifest(snapshot)
    backups.restorer.restore(manifest, told=_told(say("backup.so_far")))
    click.echo(say("backup.restored", snapshot=manifest.snapshot, objects=manifest.objects))
    if manifest.secret_mark != backups.secret_mark:
        click.echo(say("backup.other_secret"), err=True)


def _told(word: str) -> Callable[[int], None]:
    def told(count: int) -> None:
        if count % TOLD_EVERY == 0:
            click.echo(f"{word} {count}", err=True)

    return told
