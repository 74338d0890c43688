import pytest

from oximetry.domain.report_numbers import duration, shown
from oximetry.web.i18n import words

RO, EN = words("ro"), words("en")


@pytest.mark.parametrize(
    ("value", "decimals", "limits", "expected"),
    [
        (4.96, 1, (5.0,), "4,96"),
        (4.999, 1, (5.0,), "4,999"),
        (5.0, 1, (5.0,), "5,0"),
        (5.04, 1, (5.0,), "5,04"),
        (2.25, 1, (), "2,3"),
        (2.35, 1, (), "2,4"),
        (0.5, 0, (), "1"),
        (0.04, 1, (), "sub 0,1"),
        (0.05, 1, (), "0,1"),
        (0.0, 1, (), "0,0"),
        (float("nan"), 1, (), "–"),
        (None, 1, (), "–"),
        (-1.25, 1, (), "\u22121,3"),
    ],
)
def test_a_number_is_rounded_half_up_and_never_onto_a_limit(value, decimals, limits, expected):
    assert shown(value, RO, decimals, limits) == expected


def test_english_has_a_point():
    assert shown(12.34, EN) == "12.3"


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0, "0 s"), (59.6, "1 min 00 s"), (320, "5 min 20 s"), (25_500, "7 h 05 min"), (float("nan"), "–")],
)
def test_durations(seconds, expected):
    assert duration(seconds, RO).replace("\xa0", " ") == expected


def test_romanian_counts():
    counted = [RO.count("clinical.dips", number) for number in (1, 2, 19, 20, 83)]
    assert counted == ["o scădere", "2 scăderi", "19 scăderi", "20 de scăderi", "83 de scăderi"]
