"""The command line: ``python -m oximetry …``. Exit 0 ok, 1 some input refused, 2 wrong usage or setting."""

from __future__ import annotations

import click

from oximetry.cli.audit import audit
from oximetry.cli.backup import backup, restore
from oximetry.cli.clinical_report import clinical_report
from oximetry.cli.common import Commands
from oximetry.cli.doctor import doctor
from oximetry.cli.ingest import ingest
from oximetry.cli.keys import keys
from oximetry.cli.nights import analyse_files, write_samples
from oximetry.cli.patient import patient
from oximetry.cli.reanalyse import reanalyse
from oximetry.cli.report import read_reports
from oximetry.cli.status import jobs, status
from oximetry.cli.storage import storage
from oximetry.cli.worker import migrate, worker


@click.group(cls=Commands)
def main() -> None:
    """Overnight pulse oximetry: analyse nights, keep doctors' accounts, bring nights in, do the platform's work."""


for command in (
    analyse_files, read_reports, clinical_report, write_samples, doctor, ingest, reanalyse, storage, worker, migrate,
    status, jobs, backup, restore, keys, patient, audit,
):  # fmt: skip
    main.add_command(command)

if __name__ == "__main__":
    main(prog_name="python -m oximetry")
