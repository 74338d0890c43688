"""``ingest``: the browser's batch from the shell, with the same services, limits and rules."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from oximetry.cli.common import (
    REFUSED,
    WRONG_USAGE,
    in_words,
    language_option,
    opened_services,
    read_file,
    refuse,
)
from oximetry.domain.errors import InvalidRequest, InvalidUpload, NotFound, OximetryError
from oximetry.domain.records import Doctor, ItemState, UploadItem
from oximetry.services.operations.repeating import every

if TYPE_CHECKING:
    from oximetry.composition import Services
    from oximetry.web.i18n import Words

RENEW_S = 5.0
LOOK_AGAIN_S = 0.2
WORKER_PATIENCE_S = 5.0
PATIENCE_S = 300.0
NEW = "new:A"
BATCH_JOBS = ("read_item", "store_item")
"""What is done here; pictures and the like are left to the worker."""

DOUBTS = ("devices", "overlaps", "elsewhere", "torn", "by_position", "mismatched")


@click.command()
@click.option("--doctor", "email", required=True, metavar="EMAIL", help="Whose patients these are.")
@click.option("--new-patient", is_flag=True, help="Make a new patient for all the files.")
@click.option("--patient", "patient_id", metavar="ID", help="Give all the files to this patient.")
@click.option("--yes", is_flag=True, help="Go on when nights overlap or stand at another patient already.")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@language_option
@click.pass_context
def ingest(
    context: click.Context,
    email: str,
    new_patient: bool,
    patient_id: str | None,
    yes: bool,
    files: tuple[Path, ...],
    language: str,
) -> None:
    """Read FILEs (CSV, PDF, ZIP), store them for one patient and print the patient's link."""
    say = in_words(language)
    if new_patient is (patient_id is not None):
        raise click.UsageError(say("cli.ingest.which_patient"))
    logging.basicConfig(level=logging.ERROR, format="%(levelname)s %(name)s %(message)s")
    with opened_services() as services, every(RENEW_S, services.runner.renew_leases):
        doctor = _doctor(services, email)
        if doctor is None:
            click.echo(say("cli.unknown_doctor", email=email), err=True)
            context.exit(WRONG_USAGE)
        if patient_id is not None and not _has_patient(services, doctor, patient_id):
            click.echo(say("cli.ingest.unknown_patient", patient=patient_id), err=True)
            context.exit(WRONG_USAGE)
        batch = ShellBatch(services, doctor, say)
        try:
            batch.take(files)
            patients = batch.assign(patient_id or NEW, acknowledged=yes)
        finally:
            batch.close()
        for patient in patients:
            _print_link(services, doctor, patient, say)
    if not batch.complete:
        context.exit(REFUSED)


class ShellBatch:
    """One batch, done by this process; a worker that runs at the same time may do part of it.

    Attributes
    ----------
    complete : bool
        Whether every file was stored.
    """

    def __init__(self, services: Services, doctor: Doctor, say: Words) -> None:
        self.complete = True
        self._services = services
        self._doctor = doctor
        self._say = say
        self._session_id = services.uploads.separate_session(doctor).id

    def take(self, files: Sequence[Path]) -> None:
        """Stage and read the files; each one that is refused is named on stderr."""
        from oximetry.services.incoming import IncomingFile

        for file in files:
            try:
                incoming = IncomingFile(file.name, read_file(file))
                self._services.uploads.accept(self._doctor, self._session_id, incoming)
            except OximetryError as error:
                self._refuse(str(file), error)
        self._work_until_none_is(ItemState.RECEIVED)
        for item in self._items(ItemState.REFUSED):
            self._refuse(self._name(item), InvalidUpload(item.reason, **item.details))

    def assign(self, target: str, *, acknowledged: bool) -> list[str]:
        """Give everything that was read to one patient and store it; returns the patient's id in a list.

        The list is empty when nothing could be read, or when doubts about the nights need a yes first.
        """
        if not self._items(ItemState.READ):
            return []
        try:
            patients = self._services.assignment.all_to_one(
                self._doctor, self._session_id, target, acknowledged=acknowledged
            )
        except InvalidRequest as error:
            if error.reason != "needs_confirmation":
                raise
            self._say_doubts(error)
            return []
        self._work_until_none_is(ItemState.CONFIRMED)
        for item in self._items(ItemState.READ):  # back from storing, for good
            self._refuse(self._name(item), InvalidUpload(item.reason))
        return patients

    def close(self) -> None:
        """Take out what was not confirmed and end the batch; what still waits to be stored stays for the worker."""
        for item in self._items(ItemState.RECEIVED, ItemState.READ, ItemState.UNDATED, ItemState.REFUSED):
            self._services.uploads.discard(self._doctor, item.id, keep_aside=False)
        if not self._items(ItemState.CONFIRMED):
            self._services.uploads.finish_session(self._doctor, self._session_id)

    def _work_until_none_is(self, state: ItemState) -> None:
        """Do the work here; where a worker lives it is left to that one, unless it does not come to it."""
        worker_lives = self._services.readiness.look().queue == "ok"
        unfinished_items = self._items(state)
        changed_at = time.monotonic()
        while unfinished_items:
            if worker_lives and time.monotonic() - changed_at < WORKER_PATIENCE_S:
                time.sleep(LOOK_AGAIN_S)
            else:
                self._do_jobs(len(unfinished_items))
            before, unfinished_items = unfinished_items, self._items(state)
            if [item.id for item in unfinished_items] != [item.id for item in before]:
                changed_at = time.monotonic()
            elif time.monotonic() - changed_at > PATIENCE_S:
                self._say_waiting(unfinished_items)
                return

    def _do_jobs(self, count: int) -> None:
        for _ in range(count):
            if not self._services.runner.run_one(BATCH_JOBS):
                time.sleep(LOOK_AGAIN_S)
                return

    def _items(self, *states: ItemState) -> list[UploadItem]:
        with self._services.catalogue.read() as transaction:
            return [item for item in transaction.uploads.items(self._session_id) if item.state in states]

    def _name(self, item: UploadItem) -> str:
        return self._services.uploads.name_of(item) or str(item.number)

    def _refuse(self, filename: str, error: OximetryError) -> None:
        self.complete = False
        refuse(self._say, filename, error)

    def _say_doubts(self, error: InvalidRequest) -> None:
        self.complete = False
        items = self._items(ItemState.READ)
        for kind in DOUBTS:
            doubtful = error.details.get(kind)
            names = [self._name(item) for item in items if isinstance(doubtful, list) and item.id in doubtful]
            if names:
                click.echo(self._say(f"cli.ingest.{kind}", files=", ".join(names)), err=True)
        click.echo(self._say("cli.ingest.needs_yes"), err=True)

    def _say_waiting(self, items: Sequence[UploadItem]) -> None:
        self.complete = False
        rows = {row.item.id: row for row in self._services.batches.show(self._doctor, self._session_id).rows}
        for item in items:
            row = rows.get(item.id)
            self._refuse(self._name(item), InvalidUpload(row.waits_for if row and row.waits_for else "not_ready"))


def _doctor(services: Services, email: str) -> Doctor | None:
    doctor = services.accounts.find(email)
    return doctor if doctor is not None and doctor.disabled_at is None else None


def _has_patient(services: Services, doctor: Doctor, patient_id: str) -> bool:
    try:
        services.links.card(doctor.id, patient_id)
    except NotFound:
        return False
    return True


def _print_link(services: Services, doctor: Doctor, patient_id: str, say: Words) -> None:
    card = services.links.card(doctor.id, patient_id)
    click.echo(" ".join((patient_id, card.url or say("cli.ingest.no_link"))))
