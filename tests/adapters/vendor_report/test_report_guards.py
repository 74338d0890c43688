"""Files that are no report, or worse: each a typed refusal, and the child that met them reads on."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import psutil
import pytest

import pdf_parser
from benchmarks.report_generator import BUILT_IN, draw, pdf_of
from benchmarks.report_hostile import hostile, mutated, small_page
from benchmarks.report_nights import make_night
from oximetry.adapters.vendor_report import report_child, report_process
from oximetry.adapters.vendor_report.report_process import MEMORY_BYTES, OUT_OF_MEMORY, ReportReader
from oximetry.domain.errors import InvalidUpload

HOSTILE = hostile()


@pytest.fixture(scope="module")
def reader():
    with ReportReader(timeout_s=60.0, recycle_after=1000) as reader:
        yield reader


@pytest.fixture(scope="module")
def report_file():
    return pdf_of(draw(make_night(4), BUILT_IN))


def answer(reader, content):
    """The layout that was read, or the reason of the refusal."""
    try:
        return reader.read(content).report.layout
    except InvalidUpload as error:
        return error.reason


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_by_its_reason(reader, name):
    content, reasons = HOSTILE[name]
    with pytest.raises(InvalidUpload) as refused:
        reader.read(content)
    assert refused.value.reason in reasons


def test_hundreds_of_mutations_are_refused_and_the_same_child_goes_on(reader):
    base, pid = pdf_of(small_page(), 60), reader.child_pid()
    for seed in range(300):
        with pytest.raises(InvalidUpload) as refused:
            reader.read(mutated(base, seed))
        assert refused.value.reason.startswith(("report_", "not_a_pdf"))
    assert reader.child_pid() == pid


def test_mutated_reports_are_read_or_refused(reader, report_file):
    answers = {answer(reader, mutated(report_file, seed)) for seed in range(8)}
    assert all(one.startswith(("vihealth", "report_", "not_a_pdf")) for one in answers)


def killed_while_reading(reader, content):
    """What the reader says of a file under which its child is killed."""
    with ThreadPoolExecutor(1) as pool:
        pid = reader.child_pid()
        said = pool.submit(answer, reader, content)
        time.sleep(0.3)
        os.kill(pid, signal.SIGKILL)
        return said.result()


def test_a_report_under_which_a_worn_child_dies_is_read_by_a_fresh_one(reader, report_file):
    assert answer(reader, report_file).startswith("vihealth")
    assert killed_while_reading(reader, report_file).startswith("vihealth")


def test_a_file_that_ends_a_fresh_child_is_refused_and_the_next_one_read(report_file):
    with ReportReader(timeout_s=60.0) as new:
        assert killed_while_reading(new, report_file) == "report_damaged"
        assert answer(new, report_file).startswith("vihealth")


def test_a_third_of_the_memory_is_enough_for_many_reports(report_file):
    with ReportReader(timeout_s=60.0, memory_bytes=MEMORY_BYTES // 3) as modest:
        for seed in range(6):
            assert answer(modest, pdf_of(draw(make_night(seed), BUILT_IN))).startswith("vihealth")


def test_a_child_that_takes_too_long_is_ended(report_file):
    with ReportReader(timeout_s=0.01) as hasty:
        pid = hasty.child_pid()
        with pytest.raises(InvalidUpload) as refused:
            hasty.read(report_file)
        assert refused.value.reason == "report_timeout"
        assert hasty.child_pid() != pid


def test_too_little_memory_is_a_refusal():
    large = pdf_of(cv2.resize(draw(make_night(4), BUILT_IN), None, fx=2.5, fy=2.5))
    with ReportReader(timeout_s=60.0, memory_bytes=4 << 20) as poor:
        assert answer(poor, large) in ("report_too_large", "report_damaged", "report_unknown_layout")


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("std::bad_alloc")])
def test_a_child_tells_when_its_memory_is_at_its_end(monkeypatch, error):
    def starved(content, asked):
        raise error

    monkeypatch.setitem(report_child._ACTS, "read", starved)
    head, _ = report_child._answer({"act": "read"}, b"")
    assert (head["refused"], head["reason"]) == (OUT_OF_MEMORY, "report_too_large")


def test_a_report_for_which_a_worn_child_had_no_memory_is_read_by_a_fresh_one(report_file, monkeypatch):
    real, asked = report_process._Child.ask, []

    def second_time_starved(child, question, content, timeout_s):
        asked.append(child.pid)
        head, body = real(child, question, content, timeout_s)
        starved = {"refused": OUT_OF_MEMORY, "reason": "report_too_large", "details": {"limit_mb": 20}}
        return (starved, b"") if len(asked) == 2 else (head, body)

    monkeypatch.setattr(report_process._Child, "ask", second_time_starved)
    with ReportReader(timeout_s=60.0) as reader:
        assert [answer(reader, report_file) for _ in range(2)] == ["vihealth-7", "vihealth-7"]
    first, second, third = asked
    assert first == second != third


def test_the_child_says_what_reading_in_this_process_says(reader, report_file):
    from oximetry.adapters.vendor_report.report_parsing import parse_with_curve

    report, curve = parse_with_curve(report_file)
    there = reader.read(report_file)
    assert there.report == report
    assert np.allclose(there.curve.spo2_pct, curve.spo2_pct, atol=0.001, equal_nan=True)


def test_the_face_paints_previews_and_reads(report_file):
    report = pdf_parser.parse_report(report_file)
    assert report == pdf_parser.read_report(report_file).report
    assert pdf_parser.painted_report(report_file).startswith(b"%PDF-")
    assert pdf_parser.report_preview(report_file).startswith(b"\x89PNG")
    pdf_parser._reader().close()


def test_two_reports_are_read_side_by_side_and_closing_ends_both_children(report_file):
    with ReportReader(timeout_s=60.0) as pair, ThreadPoolExecutor(3) as pool:
        here = psutil.Process()
        before = set(here.children())
        answers = list(pool.map(lambda _: pair.read(report_file).report, range(6)))
        children = set(here.children()) - before
        assert len(children) == 2
    assert all(answer == answers[0] for answer in answers)
    assert not any(child.is_running() for child in children)
