"""``python -m oximetry report``: one JSON line or a short table a file, refusals on stderr, exit codes."""

import json

import pytest
from click.testing import CliRunner

import pdf_parser
from benchmarks.report_generator import BUILT_IN, draw, pdf_of
from benchmarks.report_nights import make_night
from oximetry.__main__ import main


@pytest.fixture
def run():
    yield lambda *arguments: CliRunner().invoke(main, ["report", *map(str, arguments)])
    pdf_parser._reader().close()


@pytest.fixture
def report_file(tmp_path):
    path = tmp_path / "night.pdf"
    path.write_bytes(pdf_of(draw(make_night(4), BUILT_IN)))
    return path


def test_json_has_one_object_a_line_and_refusals_go_to_stderr(run, report_file, tmp_path):
    bad = tmp_path / "bad.pdf"
    bad.write_bytes(b"<html>")
    done = run("--json", "--language", "en", bad, report_file, tmp_path / "absent.pdf")
    assert done.exit_code == 1
    (line,) = done.stdout.splitlines()
    stored = json.loads(line)
    assert stored["file"] == "night.pdf"
    assert stored["duration_s"] == make_night(4).truth["duration_s"]
    assert [refusal.partition(": ")[0] for refusal in done.stderr.splitlines()] == [
        str(bad),
        str(tmp_path / "absent.pdf"),
    ]


def test_without_json_a_table_is_shown(run, report_file):
    done = run("--language", "en", report_file)
    assert done.exit_code == 0
    assert done.stdout.splitlines()[0] == "night.pdf"
    assert "duration_s" in done.stdout


def test_no_file_is_wrong_usage(run):
    assert run().exit_code == 2
