"""``patient``: what a person may ask a clinic for: everything that is kept, and that it is gone."""

from __future__ import annotations

from pathlib import Path

import click

from oximetry.cli.common import REFUSED, Commands, in_words, language_option, opened_services


@click.group(cls=Commands)
def patient() -> None:
    """One patient: everything that is kept, or its end."""


@patient.command()
@click.argument("patient_id", metavar="ID")
@click.option("--out", required=True, type=click.Path(path_type=Path, dir_okay=False), help="The ZIP to write.")
@language_option
def export(patient_id: str, out: Path, language: str) -> None:
    """Write everything about a patient into a ZIP: files as they were taken, numbers, signed reports, audit."""
    say = in_words(language)
    with opened_services() as services:
        with services.catalogue.read() as transaction:
            doctor_id = transaction.patients.doctor_of(patient_id)
        unfinished = out.with_name(f"{out.name}.unfinished")
        try:
            with unfinished.open("wb") as target:
                files = services.exports.write(doctor_id, patient_id, target)
            unfinished.replace(out)
        finally:
            unfinished.unlink(missing_ok=True)
    click.echo(say("patient_command.exported", files=files, path=out))


@patient.command()
@click.argument("patient_id", metavar="ID")
@click.option("--yes", is_flag=True, help="Do not ask.")
@language_option
@click.pass_context
def erase(context: click.Context, patient_id: str, yes: bool, language: str) -> None:
    """Remove everything about a patient, for good; export it first. Backups keep it until they are deleted."""
    say = in_words(language)
    with opened_services() as services:
        with services.catalogue.read() as transaction:
            doctor_id = transaction.patients.doctor_of(patient_id)
        if not yes and click.prompt(say("patient_command.type_the_id"), type=str) != patient_id:
            click.echo(say("error.erase_not_confirmed"), err=True)
            context.exit(REFUSED)
        erasure = services.erasure.erase(doctor_id, patient_id)
        services.runner.run_one(("erase_objects",))
        done = services.erasure.get(erasure.id)
    for table, count in sorted(erasure.counts.items()):
        click.echo(f"{table}: {count}")
    finished = done is not None and done.finished_at is not None
    click.echo(say("patient_command.erased") if finished else say("patient_command.erased_later"))
    click.echo(say("patient_command.backups"))
