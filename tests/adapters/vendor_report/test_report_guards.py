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
from benchmarks.report_hostile import bombs, hostile, mutated, small_page
from benchmarks.report_nights import make_night
from oximetry.adapters.vendor_report import report_child
from oximetry.adapters.vendor_report.report_process import MEMORY_BYTES, Budget, ReportReader
from oximetry.domain.errors import InvalidUpload, ReadingInterrupted

HOSTILE = hostile()
BOMBS = bombs()


@pytest.fixture(scope="module")
def reader():
    with ReportReader() as reader:
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


def test_hundreds_of_mutations_are_refused_and_the_same_server_goes_on(reader):
    base, pid = pdf_of(small_page(), 60), reader.server_pid()
    for seed in range(300):
        with pytest.raises(InvalidUpload) as refused:
            reader.read(mutated(base, seed))
        assert refused.value.reason.startswith(("report_", "not_a_pdf"))
    assert reader.server_pid() == pid


def test_mutated_reports_are_read_or_refused(reader, report_file):
    answers = {answer(reader, mutated(report_file, seed)) for seed in range(8)}
    assert all(one.startswith(("vihealth", "report_", "not_a_pdf")) for one in answers)


def ended_while_reading(reader, content, number):
    """Read a report whose own process is sent a signal as soon as it is there."""
    server = psutil.Process(reader.server_pid())
    with ThreadPoolExecutor(1) as pool:
        said = pool.submit(reader.read, content)
        while not (forked := server.children()):
            time.sleep(0.005)
        forked[0].send_signal(number)
        return said.result()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_reading_is_interrupted_and_the_same_server_reads_the_report_again(reader, report_file, number):
    pid = reader.server_pid()
    with pytest.raises(ReadingInterrupted) as interrupted:
        ended_while_reading(reader, report_file, number)
    assert interrupted.value.details == {"step": "killed", "signal": number}
    assert answer(reader, report_file).startswith("vihealth")
    assert reader.server_pid() == pid


def test_a_file_that_crashes_a_library_is_damaged(reader, report_file):
    with pytest.raises(InvalidUpload) as refused:
        ended_while_reading(reader, report_file, signal.SIGSEGV)
    assert refused.value.reason == "report_damaged"


def test_a_killed_server_is_an_interruption_and_the_next_one_reads(report_file):
    with ReportReader() as new:
        pid = new.server_pid()
        with ThreadPoolExecutor(1) as pool:
            said = pool.submit(new.read, report_file)
            while not psutil.Process(pid).children():
                time.sleep(0.005)
            os.killpg(pid, signal.SIGKILL)
            with pytest.raises(ReadingInterrupted):
                said.result()
        assert answer(new, report_file).startswith("vihealth")


def test_a_third_of_the_memory_is_enough_for_many_reports(report_file):
    with ReportReader(Budget(memory_bytes=MEMORY_BYTES // 3)) as modest:
        for seed in range(6):
            assert answer(modest, pdf_of(draw(make_night(seed), BUILT_IN))).startswith("vihealth")


@pytest.mark.parametrize("budget", [Budget(find_cpu_s=0.02), Budget(read_cpu_s=0.05)])
def test_a_report_that_costs_too_much_processor_time_is_refused(report_file, budget):
    with ReportReader(budget) as hasty:
        pid = hasty.server_pid()
        with pytest.raises(InvalidUpload) as refused:
            hasty.read(report_file)
        assert refused.value.reason == "report_timeout"
        assert hasty.server_pid() == pid


def test_a_report_that_waits_longer_than_its_processor_time_is_read(report_file):
    with ReportReader(Budget(find_cpu_s=1.5, read_cpu_s=3.0)) as reader, ThreadPoolExecutor(1) as pool:
        server = psutil.Process(reader.server_pid())
        said = pool.submit(answer, reader, report_file)
        while not (forked := server.children()):
            time.sleep(0.005)
        forked[0].suspend()  # as a machine does that gives its processors to others
        time.sleep(5.0)
        forked[0].resume()
        assert said.result().startswith("vihealth")


def test_a_reading_without_an_answer_is_interrupted(report_file):
    with ReportReader(patience_s=30.0) as reader:
        reader.server_pid()
        reader._patience_s = 0.01
        with pytest.raises(ReadingInterrupted) as interrupted:
            reader.read(report_file)
        assert interrupted.value.details == {"step": "patience"}


def test_too_little_memory_never_gives_a_report():
    large = pdf_of(cv2.resize(draw(make_night(4), BUILT_IN), None, fx=2.5, fy=2.5))
    with ReportReader(Budget(memory_bytes=4 << 20)) as poor, pytest.raises((ReadingInterrupted, InvalidUpload)):
        poor.read(large)


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("std::bad_alloc")])
def test_a_child_tells_when_its_memory_is_at_its_end(monkeypatch, error):
    def starved(content, asked):
        raise error

    monkeypatch.setitem(report_child._ACTS, "read", starved)
    head, _ = report_child._answer({"act": "read"}, b"")
    assert (head["refused"], head["details"]) == ("ReadingInterrupted", {"step": "memory"})


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_before_it_costs_a_second(reader, name):
    reader.server_pid()
    before_s = psutil.Process(reader.server_pid()).cpu_times()
    with pytest.raises(InvalidUpload) as refused:
        reader.read(BOMBS[name])
    after_s = psutil.Process(reader.server_pid()).cpu_times()
    assert refused.value.reason in ("report_too_large", "report_timeout", "report_unknown_layout", "report_damaged")
    assert sum(after_s[:4]) - sum(before_s[:4]) < 1.0


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


def test_two_reports_are_read_side_by_side_and_closing_ends_both_servers(report_file):
    with ReportReader() as pair, ThreadPoolExecutor(3) as pool:
        here = psutil.Process()
        before = set(here.children())
        answers = list(pool.map(lambda _: pair.read(report_file).report, range(6)))
        servers = set(here.children()) - before
        assert len(servers) == 2
    assert all(answer == answers[0] for answer in answers)
    assert not any(server.is_running() for server in servers)
