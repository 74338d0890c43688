import pytest

from oximetry.domain.evidence import EVIDENCE
from oximetry.domain.metrics import NightSummary
from oximetry.domain.severity import CHUNG_2012, Severity, severity


@pytest.mark.parametrize(
    ("odi", "grade"),
    [(5.0, "below"), (5.1, "mild"), (15.0, "mild"), (15.1, "moderate"), (30.0, "moderate"), (30.1, "severe")],
)
def test_grades_begin_above_the_cut_offs(odi, grade):
    assert severity(odi, 7.0, CHUNG_2012) is Severity(grade)


def test_nothing_is_said_unless_a_rule_was_chosen_and_the_night_is_long_enough():
    assert severity(40.0, 7.0) is None
    assert severity(40.0, 3.9, CHUNG_2012) is None
    assert severity(float("nan"), 7.0, CHUNG_2012) is None


def test_every_rate_and_the_graded_index_have_their_source():
    rates = {name for name in NightSummary.__dataclass_fields__ if name.endswith("_per_h")}
    assert rates <= EVIDENCE.keys()
    assert CHUNG_2012.index in rates
