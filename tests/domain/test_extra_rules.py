"""The extra rules at their limits, worked out by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from oximetry.domain.desaturation import Desaturation
from oximetry.domain.extra_rules import (
    COPD,
    MCGILL,
    MEDICARE,
    NAMES,
    Doubt,
    NightFacts,
    Verdict,
    answers,
    copd,
    mcgill,
    medicare,
)

HOUR_S = 3600.0
QUIET = NightFacts(
    recorded_s=8 * HOUR_S,
    valid_s=7 * HOUR_S,
    below_range_s=0.0,
    below_range_runs=0,
    below90_pct=0.0,
    t_le88_min=0.0,
    spot_values=False,
)


def said(answer):
    return answer.verdict, answer.doubt


def unknown(doubt):
    return Verdict.UNKNOWN, doubt


def night(**changes):
    return replace(QUIET, **changes)


def dip(nadir_min: float, nadir_pct: float = 91.0, depth_pct: float = 4.0) -> Desaturation:
    nadir_s = 60 * nadir_min
    return Desaturation(nadir_s - 20, nadir_s, nadir_s + 20, nadir_pct + depth_pct, nadir_pct, depth_pct, 0.0)


def train(clusters: int, *lows: float) -> list[Desaturation]:
    """Clusters of five dips to 91 %, an hour apart; then one dip every 40 minutes to each of the lows."""
    dips = [dip(60.0 * cluster + minute) for cluster in range(clusters) for minute in range(5)]
    return dips + [dip(60.0 * clusters + 40.0 * number, low) for number, low in enumerate(lows, 1)]


def test_rules_are_named_versioned_and_hold_the_published_numbers():
    assert NAMES == ("copd", "medicare", "mcgill")
    assert [rule.version for rule in (COPD, MEDICARE, MCGILL)] == [1, 1, 1]
    assert (COPD.min_below90_pct, COPD.min_hours) == (30.0, 4.0)
    assert (MEDICARE.min_le88_min, MEDICARE.min_hours) == (5.0, 2.0)
    assert (MCGILL.min_clusters, MCGILL.min_drops, MCGILL.levels_pct) == (3, 3, (90.0, 85.0, 80.0))
    assert MCGILL.min_hours == 6.0


@pytest.mark.parametrize(
    ("below90_pct", "verdict"), [(29.99, Verdict.NOT_MET), (30.0, Verdict.MET), (30.01, Verdict.MET)]
)
def test_copd_is_met_from_thirty_percent_on(below90_pct, verdict):
    assert said(copd(night(below90_pct=below90_pct))) == (verdict, None)


def test_copd_says_nothing_of_less_than_four_valid_hours():
    assert said(copd(night(valid_s=4 * HOUR_S, below90_pct=50.0))) == (Verdict.MET, None)
    assert said(copd(night(valid_s=4 * HOUR_S - 4, below90_pct=50.0))) == unknown(Doubt.TOO_SHORT)


def test_copd_says_nothing_when_time_below_the_range_could_reach_the_limit():
    # 3 h below range beside 7 valid hours without one value below 90: 3 of 10 h are exactly 30 %
    assert said(copd(night(below_range_s=3 * HOUR_S))) == unknown(Doubt.BELOW_RANGE)
    assert said(copd(night(below_range_s=3 * HOUR_S - 4))) == (Verdict.NOT_MET, None)
    # 10 % of 7 h and 2 h below range are 2.7 of 9 h
    assert said(copd(night(below90_pct=10.0, below_range_s=2 * HOUR_S))) == unknown(Doubt.BELOW_RANGE)
    assert said(copd(night(below90_pct=10.0, below_range_s=2 * HOUR_S - 4))) == (Verdict.NOT_MET, None)
    assert said(copd(night(below90_pct=30.0, below_range_s=3 * HOUR_S))) == (Verdict.MET, None)


def test_copd_tells_the_numbers_it_used():
    answer = copd(night(below90_pct=12.5))
    assert (answer.rule, answer.used) == (COPD, {"below90_pct": 12.5, "valid_hours": 7.0})


@pytest.mark.parametrize(("t_le88_min", "verdict"), [(4.93, Verdict.NOT_MET), (5.0, Verdict.MET), (5.07, Verdict.MET)])
def test_medicares_numeric_part_is_met_from_five_minutes_on(t_le88_min, verdict):
    assert said(medicare(night(t_le88_min=t_le88_min))) == (verdict, None)


def test_medicare_needs_two_recorded_hours():
    short = {"valid_s": 1 * HOUR_S, "t_le88_min": 30.0}
    assert said(medicare(night(recorded_s=2 * HOUR_S, **short))) == (Verdict.MET, None)
    assert said(medicare(night(recorded_s=2 * HOUR_S - 4, **short))) == unknown(Doubt.TOO_SHORT)


def test_medicare_is_not_denied_by_less_than_two_valid_hours():
    assert said(medicare(night(valid_s=2 * HOUR_S))) == (Verdict.NOT_MET, None)
    assert said(medicare(night(valid_s=2 * HOUR_S - 4))) == unknown(Doubt.TOO_SHORT)


def test_medicare_says_nothing_when_time_below_the_range_could_reach_the_limit():
    # 4 min and 60 s below range are 5 min
    assert said(medicare(night(t_le88_min=4.0, below_range_s=60.0))) == unknown(Doubt.BELOW_RANGE)
    assert said(medicare(night(t_le88_min=4.0, below_range_s=56.0))) == (Verdict.NOT_MET, None)
    assert said(medicare(night(t_le88_min=5.0, below_range_s=60.0))) == (Verdict.MET, None)


def test_medicare_tells_the_numbers_it_used():
    answer = medicare(night(t_le88_min=2.5))
    assert answer.rule == MEDICARE
    assert answer.used == {"t_le88_min": 2.5, "recorded_hours": 8.0, "valid_hours": 7.0}


@pytest.mark.parametrize(
    ("lows", "verdict"),
    [
        ((), Verdict.SCORE_1),
        ((89, 89), Verdict.SCORE_1),
        ((89, 89, 90), Verdict.SCORE_1),
        ((89, 89, 89), Verdict.SCORE_2),
        ((84, 84, 85), Verdict.SCORE_2),
        ((84, 84, 84), Verdict.SCORE_3),
        ((79, 79, 80), Verdict.SCORE_3),
        ((79, 79, 79), Verdict.SCORE_4),
        ((79, 84, 89), Verdict.SCORE_2),
    ],
)
def test_mcgill_counts_three_drops_below_each_level(lows, verdict):
    assert said(mcgill(QUIET, train(3, *lows))) == (verdict, None)


def test_mcgill_needs_three_clusters():
    assert said(mcgill(QUIET, train(2, 79, 79, 79))) == (Verdict.SCORE_1, None)
    assert said(mcgill(QUIET, train(3, 79, 79, 79))) == (Verdict.SCORE_4, None)
    assert said(mcgill(QUIET, train(4, 79, 79, 79))) == (Verdict.SCORE_4, None)


def test_mcgill_looks_at_desaturations_of_four_percent_only():
    shallow = [dip(400.0 + 40 * number, 88.0, 3.9) for number in range(3)]
    assert said(mcgill(QUIET, train(3) + shallow)) == (Verdict.SCORE_1, None)
    deep = [dip(400.0 + 40 * number, 88.0, 4.0) for number in range(3)]
    assert said(mcgill(QUIET, train(3) + deep)) == (Verdict.SCORE_2, None)


def test_mcgill_says_nothing_of_less_than_six_valid_hours():
    assert said(mcgill(night(valid_s=6 * HOUR_S), [])) == (Verdict.SCORE_1, None)
    assert said(mcgill(night(valid_s=6 * HOUR_S - 4), train(3, 79, 79, 79))) == unknown(Doubt.TOO_SHORT)


def test_mcgill_says_nothing_when_runs_below_the_range_could_raise_the_score():
    one_run = night(below_range_runs=1, below_range_s=40.0)
    assert said(mcgill(one_run, train(3, 84, 84, 84))) == (Verdict.SCORE_3, None)  # one drop below 80 is not three
    assert said(mcgill(one_run, train(3, 79, 79, 84))) == unknown(Doubt.BELOW_RANGE)  # a third one below 80 may be
    assert said(mcgill(one_run, train(2, 89, 89, 89))) == unknown(Doubt.BELOW_RANGE)  # it may join a third cluster
    assert said(mcgill(one_run, [])) == (Verdict.SCORE_1, None)
    assert said(mcgill(one_run, train(3, 79, 79, 79))) == (Verdict.SCORE_4, None)  # cannot rise


def test_mcgill_tells_the_numbers_it_used():
    answer = mcgill(QUIET, train(3, 79, 84, 84, 89))
    assert answer.rule == MCGILL
    assert answer.used == {"valid_hours": 7.0, "clusters": 3, "drops90": 4, "drops85": 3, "drops80": 1}


def test_spot_values_say_nothing_of_any_rule():
    spots = night(spot_values=True, below90_pct=50.0, t_le88_min=60.0)
    for answer in answers(NAMES, spots, train(3, 79, 79, 79)):
        assert said(answer) == unknown(Doubt.SPOT_VALUES)


def test_a_night_without_a_valid_sample_says_nothing():
    empty = night(valid_s=0.0, below90_pct=math.nan, t_le88_min=math.nan)
    assert [said(answer) for answer in answers(NAMES, empty, [])] == [unknown(Doubt.TOO_SHORT)] * 3


@pytest.mark.parametrize(
    "changes",
    [
        {"spot_values": True},
        {"valid_s": HOUR_S},
        {"recorded_s": HOUR_S},
        {"below90_pct": 50.0, "t_le88_min": 60.0},
        {"below_range_s": 4 * HOUR_S},
        {},
    ],
    ids=["spot values", "too little valid", "too little recorded", "met", "below range", "not met"],
)
def test_every_answer_tells_its_rule_and_its_numbers_whatever_it_says(changes):
    facts = night(**changes)
    valid_hours, recorded_hours = facts.valid_s / HOUR_S, facts.recorded_s / HOUR_S
    first, second = answers(["copd", "medicare"], facts, [])
    assert (first.rule, first.used) == (COPD, {"below90_pct": facts.below90_pct, "valid_hours": valid_hours})
    assert second.rule == MEDICARE
    assert second.used == {
        "t_le88_min": facts.t_le88_min,
        "recorded_hours": recorded_hours,
        "valid_hours": valid_hours,
    }


def test_mcgill_tells_its_rule_and_its_numbers_when_it_cannot_say_anything():
    answer = mcgill(night(spot_values=True), train(3, 79, 79, 84))
    assert (answer.rule, answer.used) == (MCGILL, {"valid_hours": 7.0})
    counted = {"clusters": 3, "drops90": 3, "drops85": 3, "drops80": 2}
    answer = mcgill(night(valid_s=5 * HOUR_S), train(3, 79, 79, 84))
    assert (answer.rule, answer.used) == (MCGILL, {"valid_hours": 5.0, **counted})
    answer = mcgill(night(below_range_runs=1), train(3, 79, 79, 84))
    assert (answer.rule, answer.used) == (MCGILL, {"valid_hours": 7.0, **counted})


def test_only_what_is_switched_on_answers_and_in_one_order():
    assert answers((), QUIET, []) == ()
    for name in NAMES:
        assert [answer.rule.name for answer in answers((name,), QUIET, [])] == [name]
    assert [answer.rule.name for answer in answers(["mcgill", "copd", "medicare"], QUIET, [])] == list(NAMES)
