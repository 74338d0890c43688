"""An owner's bombs wait for their turns; nobody else does."""

import pytest

from benchmarks.report_generator import BUILT_IN, draw, pdf_of
from benchmarks.report_hostile import bombs
from benchmarks.report_nights import make_night
from oximetry.adapters.vendor_report.report_process import ReportReader
from oximetry.adapters.vendor_report.report_spending import FREE_S, Spending
from oximetry.domain.errors import InvalidUpload, ReadingInterrupted


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def test_an_owner_waits_when_the_burst_is_spent_and_regains_it_with_time():
    clock = Clock()
    spending = Spending(burst_s=2.0, regained_per_s=0.5, clock=clock)
    spending.add("a", 1.5 + FREE_S)
    assert not spending.is_spent("a")
    spending.add("a", 1.5 + FREE_S)
    assert spending.is_spent("a")
    assert not spending.is_spent("b")
    clock.now = 2.1
    assert not spending.is_spent("a")


def test_files_that_are_no_reports_and_cheap_cost_their_owner_nothing():
    spending = Spending(burst_s=1.0, clock=Clock())
    for _ in range(100):
        spending.add("a", FREE_S)
    assert not spending.is_spent("a")


def test_who_gives_no_owner_has_no_account():
    spending = Spending(burst_s=1.0, clock=Clock())
    spending.add("", 100.0)
    assert not spending.is_spent("")


def test_a_batch_of_bombs_waits_and_another_owners_report_is_read():
    report = pdf_of(draw(make_night(4), BUILT_IN))
    with ReportReader() as reader:
        reader._spending = Spending(burst_s=0.2, regained_per_s=0.0)
        with pytest.raises(InvalidUpload):
            reader.read(bombs()["transparent layers"], "a")
        with pytest.raises(ReadingInterrupted) as waits:
            reader.read(report, "a")
        assert waits.value.details == {"step": "spending"}
        assert reader.read(report, "b").report.layout.startswith("vihealth")
