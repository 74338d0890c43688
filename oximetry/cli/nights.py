"""``analyse`` and ``samples``: what needs no settings and no database, and therefore starts at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from oximetry.cli.common import REFUSED, in_words, language_option, read_file, refuse
from oximetry.domain.errors import ConfigurationError, OximetryError

if TYPE_CHECKING:
    from oximetry.services.nights.analysis import NightReport
    from oximetry.web.i18n import Words


@click.command("analyse")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line, numbers unrounded.")
@language_option
@click.pass_context
def analyse_files(context: click.Context, files: tuple[Path, ...], as_json: bool, language: str) -> None:
    """The numbers of each FILE; refused files are named on stderr, the others are still done."""
    from oximetry.readers.formats import create_registry
    from oximetry.services.nights.analysis import analyse

    registry = create_registry()
    reports: list[NightReport] = []
    refused = False
    for file in files:
        try:
            report = analyse(registry, read_file(file), file.name)
        except OximetryError as error:
            refuse(in_words(language), str(file), error)
            refused = True
            continue
        if as_json:
            click.echo(json.dumps(report.as_json(), allow_nan=False))
        else:
            reports.append(report)
    if reports:
        click.echo("\n".join(_table(reports, in_words(language))))
    if refused:
        context.exit(REFUSED)


@click.command("samples")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option("--conformance", is_flag=True, help="The public pack: the same nights in every format with a writer.")
@language_option
def write_samples(folder: Path, conformance: bool, language: str) -> None:
    """Write made-up nights with known answers (expected.json), and in refused/ files that must be refused, to DIR."""
    from oximetry.samples.samples import refused_samples, samples

    if conformance:
        from oximetry.samples.conformance import README, conformance_pack

        files = {file.path: (file.content, file.expected) for file in conformance_pack()}
        files["README.md"] = (README.encode(), {})
    else:
        files = {sample.name: (sample.content, dict(sample.expected)) for sample in samples()}
        files |= {f"refused/{one.name}": (one.content, dict(one.expected)) for one in refused_samples()}
    try:
        _write(folder, files)
    except OSError as error:
        raise ConfigurationError(setting=str(folder), problem=error.strerror or type(error).__name__) from error
    say = in_words(language)
    refused = sum(path.startswith("refused/") for path in files)
    nights = sum(bool(expected) for _, expected in files.values()) - refused
    click.echo(say("cli.samples.written", folder=folder, nights=nights, refused=refused))


def _write(folder: Path, files: dict[str, tuple[bytes, dict[str, object]]]) -> None:
    for path, (content, _) in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    expected = {path: answers for path, (_, answers) in files.items() if answers}
    (folder / "expected.json").write_text(json.dumps(expected, indent=2, ensure_ascii=False), encoding="utf-8")


def _table(reports: list[NightReport], say: Words) -> list[str]:
    from oximetry.web.numbers import COMMAND_LINE

    head = [say("cli.analyse.file"), say("cli.analyse.start"), *(say(name) for name, _ in COMMAND_LINE)]
    rows = [head]
    for report in reports:
        numbers = report.numbers
        cells = [shown.digits(numbers, say) for _, shown in COMMAND_LINE]
        rows.append([report.filename, f"{numbers.started_at:%Y-%m-%d %H:%M}", *cells])
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    lines: list[str] = []
    for number, row in enumerate(rows):
        first = row[0].ljust(widths[0])
        rest = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        lines.append("  ".join([first, *rest]).rstrip())
        if number:
            warnings = reports[number - 1].analysis.warnings
            lines += [f"    ! {say.warning(warning.code, warning.details)}" for warning in warnings]
    return lines
