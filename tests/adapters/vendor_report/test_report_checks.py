"""The arithmetic between printed fields: the real report's values hold, and a changed digit does not."""

from datetime import datetime

import pytest

from oximetry.adapters.vendor_report.report_checks import checks, limits_of

VALUES = {
    "started_at": datetime(2025, 10, 15, 20, 35),
    "ended_at": datetime(2025, 10, 16, 6, 35),
    "first_clock": "20:35",
    "last_clock": "06:35",
    "duration_s": 36_008,
    "spo2_max_pct": 99,
    "spo2_mean_pct": 88,
    "spo2_min_pct": 61,
    "o2_score": 3.6,
    "drops_over_4pct": 95,
    "drops_over_4pct_per_h": 9.5,
    "drops_over_3pct": 143,
    "drops_over_3pct_per_h": 14.3,
    "threshold_pct": 90,
} | {
    f"{table}[{row}].{part}": value
    for table, rows in {
        "spo2_bands": [("95-100", 1684, 4.68), ("90-94", 12_018, 33.38), ("<90", 22_304, 61.94)],
        "threshold_bands": [(">=95", 1684, 4.68), ("90-94", 12_018, 33.38), ("<90", 22_304, 61.94)],
    }.items()
    for row, values in enumerate(rows)
    for part, value in zip(("label", "time_s", "pct"), values, strict=True)
}


def failing(changes, drawn=None):
    return [check for check in checks({**VALUES, **changes}, drawn) if not check.passed]


def test_a_true_report_passes_everything():
    assert failing({}, drawn={"o2_score": (3.0, 4.0), "spo2_mean_pct": (86.0, 90.0)}) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"duration_s": 36_808},
        {"started_at": datetime(2025, 10, 5, 20, 35)},
        {"ended_at": datetime(2025, 10, 16, 8, 35)},
        {"first_clock": "20:36"},
        {"spo2_max_pct": 66},
        {"spo2_max_pct": 91},
        {"spo2_mean_pct": 66},
        {"spo2_min_pct": 91},
        {"drops_over_4pct": 96},
        {"drops_over_4pct_per_h": 9.6},
        {"drops_over_3pct": 43},
        {"threshold_pct": 96},
        {"spo2_bands[0].pct": 4.63},
        {"spo2_bands[0].time_s": 1634},
        {"spo2_bands[1].label": "90-84"},
        {"spo2_bands[1].label": "90-04"},
        {"spo2_bands[2].label": "<80"},
        {"threshold_bands[2].label": "<96"},
        {"threshold_bands[1].time_s": 12_013},
    ],
)
def test_a_misread_digit_is_noticed(changes):
    assert failing(changes)


def test_what_is_drawn_contradicts_another_number():
    assert failing({"o2_score": 8.6}, drawn={"o2_score": (3.0, 4.0)})
    assert failing({"spo2_mean_pct": 83}, drawn={"spo2_mean_pct": (86.0, 90.0)})


def test_what_was_not_read_is_not_checked():
    assert checks(dict.fromkeys(VALUES)) == []


@pytest.mark.parametrize(
    ("label", "limits"),
    [("90-94", (90, 94)), ("<70", (float("-inf"), 69)), (">=95", (95, float("inf"))), ("70", None), (None, None)],
)
def test_labels_have_limits(label, limits):
    assert limits_of(label) == limits
