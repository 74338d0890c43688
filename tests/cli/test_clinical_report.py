"""``clinical-report``: recordings in, an unsigned A4 out."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pypdfium2
import pytest
from click.testing import CliRunner

from oximetry.__main__ import main
from tests.factories import night_name, wavy_csv

START = datetime(2026, 3, 14, 22, 48)


def night(folder: Path, day: int = 0) -> str:
    start = START + timedelta(days=day)
    path = folder / night_name("9001", start)
    path.write_bytes(wavy_csv(start, 900, 4, day))
    return str(path)


def words(path: Path) -> str:
    pdf = pypdfium2.PdfDocument(path.read_bytes())
    text = ""
    for number in range(len(pdf)):
        page = pdf[number]
        lines = page.get_textpage()
        text += lines.get_text_range()
        lines.close()
        page.close()
    pdf.close()
    return text


@pytest.mark.parametrize(("language", "said"), [("ro", "CIORNĂ – NESEMNAT"), ("en", "DRAFT – NOT SIGNED")])
def test_a_recording_becomes_an_unsigned_report(tmp_path, language, said):
    out = tmp_path / "report.pdf"
    done = CliRunner().invoke(main, ["clinical-report", night(tmp_path), "--out", str(out), "--language", language])
    assert done.exit_code == 0, done.output
    assert said in words(out)
    assert "report.pdf" in done.output


def test_several_recordings_become_one_report(tmp_path):
    out = tmp_path / "report.pdf"
    done = CliRunner().invoke(
        main, ["clinical-report", night(tmp_path, 1), night(tmp_path, 0), "--out", str(out), "--language", "ro"]
    )
    assert done.exit_code == 0, done.output
    assert "Evoluție în 2 nopți" in words(out)


def test_what_is_no_recording_is_refused_and_nothing_is_written(tmp_path):
    wrong = tmp_path / "x.csv"
    wrong.write_text("nothing")
    done = CliRunner().invoke(main, ["clinical-report", str(wrong), "--out", str(tmp_path / "r.pdf")])
    assert done.exit_code == 1
    assert not (tmp_path / "r.pdf").exists()


def test_fifteen_nights_are_too_many(tmp_path):
    done = CliRunner().invoke(main, ["clinical-report", *["x"] * 15, "--out", str(tmp_path / "r.pdf")])
    assert done.exit_code == 2
