"""``clinical-report``: the A4 of one or several recordings, as an unsigned draft; it needs no settings and no database.

The night of a file is read, analysed and laid out here; a night of the platform is signed and printed there.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import click

from oximetry.cli.common import REFUSED, in_words, language_option, read_file, refuse
from oximetry.domain.errors import ConfigurationError, OximetryError

if TYPE_CHECKING:
    from oximetry.domain.signing import ReportContent
    from oximetry.services.nights.analysis import NightReport

MOST_NIGHTS = 14


@click.command("clinical-report")
@click.argument("nights", metavar="NIGHT...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", required=True, metavar="FILE.pdf", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--severity", default=None, metavar="RULE", help="Name a grade by this rule, such as chung-2012.")
@language_option
@click.pass_context
def clinical_report(
    context: click.Context, nights: tuple[Path, ...], out: Path, severity: str | None, language: str
) -> None:
    """Lay out the clinical report of the recordings NIGHT... (up to 14 files) as an unsigned draft."""
    from oximetry.readers.formats import create_registry
    from oximetry.services.nights.analysis import analyse

    if len(nights) > MOST_NIGHTS:
        raise click.UsageError(f"at most {MOST_NIGHTS} nights")
    registry, read = create_registry(), []
    for file in nights:
        try:
            content = read_file(file)
            read.append((analyse(registry, content, file.name), content))
        except OximetryError as error:
            refuse(in_words(language), str(file), error)
            context.exit(REFUSED)
    read.sort(key=lambda one: one[0].recording.started_at)
    reports = [report for report, _ in read]
    pdf = _laid_out(_content(read, language, severity), reports, language)
    try:
        out.write_bytes(pdf)
    except OSError as error:
        raise ConfigurationError(setting=str(out), problem=error.strerror or type(error).__name__) from error
    say = in_words(language)
    click.echo(say("cli.report_made", file=out))


def _laid_out(content: ReportContent, reports: list[NightReport], language: str) -> bytes:
    from oximetry.adapters.clinical_report.engine import pdf_of
    from oximetry.web.clinical_report import report_document

    return pdf_of(report_document(content, reports, None, "https://", in_words(language)))


def _content(read: list[tuple[NightReport, bytes]], language: str, severity: str | None) -> ReportContent:
    from oximetry.domain.interpretation import placeholder_values, propose
    from oximetry.domain.signing import InputFile, ReportContent, SignedNight

    say = in_words(language)
    nights, texts = [], []
    for report, content in read:
        sha256 = hashlib.sha256(content).hexdigest()
        kept = (InputFile(sha256, len(content), report.recording.format),)
        nights.append(SignedNight(sha256, report.numbers, report.analysis.events, kept))
        night = say.night(report.recording.started_at)
        values = placeholder_values(report.numbers, say, night=night)
        several = say("proposal.of_a_set", **values)
        texts.append(propose(report.numbers, values, say, severity).text_report if len(read) == 1 else several)
    return ReportContent(
        number="", version=0, language=say.language, signed_at=None, signer_name="", signer_title="", signer_code="",
        clinic_name="oximetry", clinic_lines="", patient_label="–", text_report="\n".join(texts), text_patient="",
        treatment="", severity_rule=severity, nights=tuple(nights), software="oximetry 0.1.0",
    )  # fmt: skip
