"""``storage migrate``: from one store to another, from the application that was here before, and back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import click

from oximetry.cli.common import REFUSED, WRONG_USAGE, in_words, language_option, opened_services
from oximetry.domain.errors import ConfigurationError, InvalidRequest, NotFound
from oximetry.domain.keys import OWN, STAGING
from oximetry.domain.migration.migrating import GOOD, MigrationLine, Outcome, counts

if TYPE_CHECKING:
    from oximetry.adapters.migration.migration_journal import MigrationJournal
    from oximetry.composition import Services
    from oximetry.domain.migration.old_layout import OldHouse
    from oximetry.domain.ports import ObjectStore
    from oximetry.domain.records import Doctor
    from oximetry.services.migration.copying import CopyingService, Described
    from oximetry.services.migration.importing import ImportingService
    from oximetry.services.migration.pace import Pace
    from oximetry.web.i18n import Words

LOCAL = "local"
MAX_TOLD = 20
_REPORT = click.Path(dir_okay=False, path_type=Path)


@dataclass
class _Migration:
    """What one call works with; ``importing`` where the source holds the old application."""

    services: Services
    say: Words
    pace: Pace
    house: OldHouse
    copying: CopyingService
    importing: ImportingService


@click.command("migrate")
@click.option("--from", "source", metavar="STORE", help="local:PATH, local, r2, b2, gcs or s3.")
@click.option("--to", "target", metavar="STORE", help="The same; it need not be the active provider.")
@click.option("--apply", "apply", is_flag=True, help="Do it; without this nothing is changed.")
@click.option("--report", type=_REPORT, help="JSON (a CSV and a journal beside it); needed with --apply.")
@click.option("--undo", "undone", type=_REPORT, metavar="REPORT", help="Take back what the runs of a report made.")
@click.option("--doctor", "email", metavar="EMAIL", help="Whose patients those of the old application become.")
@click.option("--threads", type=click.IntRange(1, 64), default=16, show_default=True)
@click.option("--per-second", type=click.FloatRange(min=0, min_open=True), help="At most so many objects a second.")
@language_option
@click.pass_context
def migrate_storage(
    context: click.Context,
    source: str | None,
    target: str | None,
    apply: bool,
    report: Path | None,
    undone: Path | None,
    email: str | None,
    threads: int,
    per_second: float | None,
    language: str,
) -> None:
    """Copy one store into another, or import the old application; a dry run without --apply."""
    from oximetry.services.migration.pace import Pace

    say = in_words(language)
    if (undone is None) == (source is None or target is None) or (undone and (source or target or report or email)):
        raise click.UsageError(say("cli.migrate.choose"))
    if apply and undone is None and report is None:
        raise click.UsageError(say("cli.migrate.needs_report"))
    with opened_services() as services:
        if undone is not None:
            good = _undo(services, say, undone, Pace(per_second), apply=apply)
        else:
            with _migration(services, say, (str(source), str(target)), Pace(per_second)) as migration:
                good = _migrate(context, migration, email, report if apply else None, threads)
    if not good:
        context.exit(REFUSED)


def _migrate(
    context: click.Context, migration: _Migration, email: str | None, report: Path | None, threads: int
) -> bool:
    services, say = migration.services, migration.say
    doctor = services.accounts.find(email) if email else None
    if email and (doctor is None or doctor.disabled_at is not None):
        click.echo(say("cli.unknown_doctor", email=email), err=True)
        context.exit(WRONG_USAGE)
    old, settings = migration.house, services.settings
    if old.patients and (doctor is None or not _is_active(services, context.params["target"])):
        key = "cli.migrate.needs_doctor" if doctor is None else "cli.migrate.not_active"
        click.echo(say(key, patients=float(len(old.patients)), provider=settings.provider), err=True)
        if report is not None or doctor is not None:
            context.exit(WRONG_USAGE)
    if report is None:
        return _tell_plan(migration, doctor)
    from oximetry.adapters.migration.migration_journal import MigrationJournal

    journal = MigrationJournal(report, *(_named(context.params[name]) for name in ("source", "target")))
    try:
        if old.patients and doctor is not None:
            migration.importing.run(doctor, old, journal)
        if not migration.copying.copy(journal, threads):
            click.echo(say("cli.migrate.gave_up"), err=True)
        return _tell_done(say, journal)
    finally:
        journal.write_report()
        journal.close()


def _undo(services: Services, say: Words, report: Path, pace: Pace, *, apply: bool) -> bool:
    from oximetry.adapters.catalogue.catalogue import utc_now
    from oximetry.adapters.migration.migration_journal import MigrationJournal
    from oximetry.services.migration.import_undoing import ImportUndoing

    journal = MigrationJournal.of(report)
    with _migration(services, say, journal.stores, pace, with_old=False) as migration:
        try:
            parts = [
                migration.copying.undo(journal, apply=apply, in_use=_in_use(services, journal.stores[1])),
                ImportUndoing(services.catalogue, utc_now).undo(journal, apply=apply),
            ]
            number = _tell(say, chain.from_iterable(_noted(journal, part) if apply else part for part in parts))
            if apply:
                journal.write_report()
        finally:
            journal.close()
    click.echo(say("cli.migrate.undone" if apply else "cli.migrate.dry_run"))
    return not number[Outcome.KEPT]


def _noted(journal: MigrationJournal, lines: Iterable[MigrationLine]) -> Iterator[MigrationLine]:
    journal.begin("undo")
    for line in lines:
        journal.add(line)
        yield line
    journal.end()


def _tell_plan(migration: _Migration, doctor: Doctor | None) -> bool:
    from oximetry.domain.recording import Hints

    say, plan = migration.say, migration.copying.plan()
    for outcome in Outcome:
        if plan.lines[outcome]:
            _tell_count(say, outcome, plan.lines[outcome], plan.bytes[outcome])
            for example in plan.examples[outcome]:
                click.echo(f"    {example}")
    good = not plan.lines[Outcome.DIFFERS]
    if doctor is not None and migration.house.patients:
        reader = migration.services.reader
        foreseen = migration.importing.foresee(
            doctor, migration.house, lambda file: reader.read([(file.content, Hints(file.name))])
        )
        lines = list(foreseen)
        click.echo(say("cli.migrate.old", patients=float(len(migration.house.patients))))
        _tell(say, lines)
        good = good and all(line.outcome in GOOD for line in lines)
    if migration.house.ignored or migration.house.unreadable:
        numbers = {"ignored": float(migration.house.ignored), "unreadable": float(migration.house.unreadable)}
        click.echo(say("cli.migrate.ignored", **numbers))
    click.echo(say("cli.migrate.dry_run"))
    return good


def _tell_done(say: Words, journal: MigrationJournal) -> bool:
    number = _tell(say, journal.lines())
    click.echo(say("cli.migrate.done"))
    return journal.is_complete and not any(number[outcome] for outcome in Outcome if outcome not in GOOD)


def _tell(say: Words, lines: Iterable[MigrationLine]) -> dict[str, int]:
    """Counts and bytes on stdout; what went wrong, the first of it, on stderr."""
    told = 0

    def heard() -> Iterator[MigrationLine]:
        nonlocal told
        for line in lines:
            if line.outcome not in GOOD and told < MAX_TOLD:
                told += 1
                click.echo(f"{line.key}: {say.reason(line.reason or '', {})}", err=True)
            yield line

    number, size = counts(heard())
    for outcome in Outcome:
        if number[outcome]:
            _tell_count(say, outcome, number[outcome], size[outcome])
    return number


def _tell_count(say: Words, outcome: Outcome, number: int, size: int) -> None:
    label = say(f"migrated.{outcome.value}")
    click.echo(f"  {label}: {say.number(number, 0)} ({say.number(size / 1024**2)} MiB)")


@contextmanager
def _migration(
    services: Services, say: Words, stores: tuple[str, str], pace: Pace, *, with_old: bool = True
) -> Iterator[_Migration]:
    from oximetry.adapters.migration.old_folder import OldBucket, OldFolder
    from oximetry.domain.migration.old_layout import OldHouse
    from oximetry.services.migration.copying import CopyingService
    from oximetry.services.migration.importing import ImportingService, OldSource, survey

    source_name, target_name = (_named(name) for name in stores)
    local = source_name.startswith(LOCAL)
    both_local = local and target_name.startswith(LOCAL)
    if source_name == target_name or (both_local and _folder(services, source_name) == _folder(services, target_name)):
        raise click.UsageError(say("cli.migrate.same"))
    source, target = _store(services, source_name, is_source=True), _store(services, target_name)
    old: OldSource = OldFolder(_folder(services, source_name)) if local else OldBucket(source)
    house = survey(old, pace) if with_old else OldHouse()
    copying = CopyingService(source, target, _described(services), pace, frozenset(house.patients))
    importing = ImportingService(services.catalogue, services.links, services.adding, old, pace)
    yield _Migration(services, say, pace, house, copying, importing)


def _named(name: str) -> str:
    """A store's name as a report keeps it, folders with their whole path."""
    provider, _, path = name.partition(":")
    return f"{LOCAL}:{Path(path).resolve()}" if provider == LOCAL and path else name


def _folder(services: Services, name: str) -> Path:
    return Path(name.partition(":")[2] or services.settings.storage_path).resolve()


def _is_active(services: Services, name: str) -> bool:
    """Whether what the application stores now goes to this store."""
    settings = services.settings
    if name.startswith(LOCAL) and settings.provider == LOCAL:
        return _folder(services, name) == settings.storage_path.resolve()
    return name == settings.provider


def _in_use(services: Services, target: str) -> Callable[[str], bool]:
    """Whether the application reads a file of its catalogue there, and nowhere else."""

    def of(key: str) -> bool:
        if services.settings.in_transition or not _is_active(services, target):
            return False
        try:
            with services.catalogue.read() as transaction:
                transaction.files.live(key)
        except NotFound:
            return False
        return True

    return of


def _store(services: Services, name: str, *, is_source: bool = False) -> ObjectStore:
    from oximetry.adapters.stores.build import PROVIDERS, StoreOptions, build_store

    provider, _, path = name.partition(":")
    if provider not in PROVIDERS or (path and provider != LOCAL):
        raise ConfigurationError("storage_provider", name=name, known=", ".join(PROVIDERS))
    values = services.settings.store_values(patience="worker", provider=provider)
    if provider == LOCAL:
        values["path"] = _folder(services, name)
        if is_source and not values["path"].is_dir():
            raise InvalidRequest("migrate_no_folder", folder=str(values["path"]))
    return build_store(StoreOptions(**values))


def _described(services: Services) -> Described:
    from oximetry.adapters.stores.object_keys import content_type_of

    def of(key: str) -> tuple[str, str | None]:
        name = key.rpartition("/")[2]
        if key.startswith(OWN):
            return "application/json", None
        filename = None if key.startswith(STAGING) else name
        try:
            with services.catalogue.read() as transaction:
                return transaction.files.live(key).content_type, filename
        except NotFound:
            return content_type_of(name), filename

    return of
