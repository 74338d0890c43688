"""``report``: the numbers that a vendor's PDF report prints; it needs no settings and no database."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from oximetry.cli.common import REFUSED, in_words, language_option, read_file, refuse
from oximetry.domain.errors import OximetryError

if TYPE_CHECKING:
    from oximetry.domain.device_report import DeviceReport
    from oximetry.web.i18n import Words


@click.command("report")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
@language_option
@click.pass_context
def read_reports(context: click.Context, files: tuple[Path, ...], as_json: bool, language: str) -> None:
    """What the vendor's report in each FILE prints; unsure numbers are left out and named."""
    from oximetry.adapters.vendor_report.report_process import ReportReader

    refused, reader = False, ReportReader()
    with closing(reader):
        for file in files:
            try:
                report = reader.read(read_file(file)).report
            except OximetryError as error:
                refuse(in_words(language), str(file), error)
                refused = True
                continue
            if as_json:
                click.echo(json.dumps({"file": file.name, **report.as_json()}, allow_nan=False))
            else:
                click.echo("\n".join(_lines(file.name, report, in_words(language))))
    if refused:
        context.exit(REFUSED)


def _lines(filename: str, report: DeviceReport, say: Words) -> list[str]:
    """A heading, one line a field, and what is unsure."""
    shown = {name: value for name, value in report.values().items() if value is not None}
    width = max((len(name) for name in shown), default=0)
    lines = [filename, *(f"  {name.ljust(width)}  {_plain(value)}" for name, value in shown.items())]
    if report.uncertain:
        lines.append("  ! " + say("cli.report.uncertain", fields=", ".join(report.uncertain)))
    return lines


def _plain(value: Any) -> str:
    return f"{value:%Y-%m-%d %H:%M}" if isinstance(value, datetime) else str(value)
