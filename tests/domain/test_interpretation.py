from dataclasses import replace
from datetime import datetime

import pytest

from oximetry.domain.errors import InvalidRequest
from oximetry.domain.grading import grade, is_sustained
from oximetry.domain.interpretation import (
    PLACEHOLDERS,
    checked_text,
    known_placeholder,
    placeholder_values,
    propose,
    set_values,
    should_phone,
)
from oximetry.domain.recording import Note
from oximetry.web.i18n import words
from tests.adapters.clinical_report.made_up import flat

RO = words("ro")
FORBIDDEN = ("aveți apnee", "iah", "sănătos", "apt de condus", "hipoventilație", "indicație de", "normal")


@pytest.fixture(scope="module")
def quiet():
    return replace(flat([96] * (900 * 7), datetime(2026, 3, 14, 22)).numbers, warnings=())


def said(numbers, rule=None, language="ro"):
    say = words(language)
    return propose(numbers, placeholder_values(numbers, say, night="14/15 martie 2026"), say, rule)


def test_a_quiet_night_says_what_it_does_not_exclude(quiet):
    proposal = said(quiet)
    assert proposal.text_report.startswith("Nu se văd scăderi repetate")
    assert "nu exclude apneea" in proposal.text_report
    assert not proposal.phone_first
    assert any("calitate A" in line for line in proposal.because)


@pytest.mark.parametrize(
    ("changes", "begins"),
    [
        ({"odi4_mean120_per_h": 11.0}, "Scăderi repetate"),
        ({"odi4_mean120_per_h": 5.0}, "Scăderi repetate"),
        ({"odi4_mean120_per_h": 4.99, "spo2_min_pct": 83.0}, "Puține scăderi"),
        ({"t_le88_longest_min": 5.0}, "Oxigen scăzut susținut"),
        ({"time_below_pct": {"90": 30.0}, "odi4_mean120_per_h": 14.0}, "Oxigen scăzut susținut"),
        ({"odi4_mean120_per_h": float("nan")}, "Numărul de scăderi"),
        ({"valid_s": 3 * 3600.0}, "Înregistrare insuficientă"),
        ({"valid_s": 6 * 3600.0, "recorded_s": 8 * 3600.0}, "Înregistrare scurtă"),
        ({"valid_s": 3600.0}, "Înregistrare insuficientă"),
        ({"warnings": (Note("constant_oxygen", {}),)}, "Valorile acestei înregistrări par nesigure"),
    ],
)
def test_the_first_sentence_follows_the_rules(quiet, changes, begins):
    assert said(replace(quiet, **changes)).text_report.startswith(begins)


def test_an_insufficient_night_gets_no_index_in_words_and_no_grade(quiet):
    text = said(replace(quiet, valid_s=3600.0, odi4_mean120_per_h=40.0), "chung-2012").text_report
    assert "ODI" not in text
    assert "sever" not in text


def test_a_grade_is_named_only_by_the_rule_that_was_chosen(quiet):
    dips = replace(quiet, odi4_mean120_per_h=11.0)
    assert "ușor" not in said(dips).text_report
    assert "„ușor”" in said(dips, "chung-2012").text_report
    assert "“moderate”" in said(replace(quiet, odi4_mean120_per_h=21.2), "chung-2012", "en").text_report


@pytest.mark.parametrize("odi4", [0.0, 4.96, 11.0, 21.2, 35.0])
def test_nothing_forbidden_is_ever_proposed(quiet, odi4):
    numbers = replace(quiet, odi4_mean120_per_h=odi4, spo2_min_pct=70.0)
    for rule in (None, "chung-2012"):
        proposal = said(numbers, rule)
        for words_ in FORBIDDEN:
            assert words_ not in f"{proposal.text_report} {proposal.text_patient}".lower()


def test_a_value_just_below_a_limit_is_not_shown_on_it(quiet):
    assert "4,96/h" in said(replace(quiet, odi4_mean120_per_h=4.96)).text_report


@pytest.mark.parametrize(
    ("hours", "of", "letter"), [(6, 6.3, "A"), (5.9, 6, "B"), (6, 6.6, "B"), (4, 6, "D"), (2, 2.5, "C"), (1.9, 2, "D")]
)
def test_quality(quiet, hours, of, letter):
    assert grade(replace(quiet, valid_s=hours * 3600, recorded_s=of * 3600)) == letter


def test_sustained_needs_time_or_a_long_run(quiet):
    assert not is_sustained(quiet)
    assert not is_sustained(replace(quiet, time_below_pct={"90": 30.0}, odi4_mean120_per_h=15.0))


@pytest.mark.parametrize(
    "changes", [{"spo2_min_pct": 69.0}, {"t_le88_longest_min": 30.0}, {"time_below_pct": {"90": 50.0}}]
)
def test_who_should_be_called_first(quiet, changes):
    assert should_phone(replace(quiet, **changes))


def test_every_placeholder_that_is_offered_is_filled_in(quiet):
    values = placeholder_values(quiet, RO, night="x", treatment="CPAP")
    assert set(set_values([values, values], RO)) >= PLACEHOLDERS
    assert all(known_placeholder(name) for name in set_values([values, values], RO))
    assert not known_placeholder("odi3_15")
    assert not known_placeholder("odi5")


def test_texts_have_a_limit_and_lose_what_cannot_be_printed():
    with pytest.raises(InvalidRequest, match="text_too_long"):
        checked_text("x" * 4001, 4000)
    assert checked_text("a\r\nb\x07\u202ec  \n", 100) == "a\nbc"
