"""The real report's printed numbers beside the real recording's, both from the facts; then one change at a time."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from oximetry.domain.device_report import Band, DeviceReport
from oximetry.domain.night_numbers import NightNumbers
from oximetry.domain.reconciliation import disagreements, reconcile, share_pct
from tests.made_up_numbers import night_numbers

REPORT = DeviceReport(
    started_at=datetime(2025, 10, 15, 20, 35),
    ended_at=datetime(2025, 10, 16, 6, 35),
    duration_s=36008,
    spo2_max_pct=99,
    spo2_mean_pct=88,
    spo2_min_pct=61,
    pulse_max_bpm=93,
    pulse_mean_bpm=67,
    pulse_min_bpm=49,
    o2_score=3.6,
    drops_over_4pct=95,
    drops_over_4pct_per_h=9.5,
    drops_over_3pct=143,
    drops_over_3pct_per_h=14.3,
    threshold_pct=90,
    spo2_bands=(
        Band("95-100", 1684, 4.68),
        Band("90-94", 12018, 33.38),
        Band("80-89", 21280, 59.10),
        Band("70-79", 697, 1.94),
        Band("<70", 326, 0.91),
    ),
    threshold_bands=(Band(">=95", 1684, 4.68), Band("90-94", 12018, 33.38), Band("<90", 22304, 61.94)),
    pulse_bands=(Band(">120", 0, 0.0), Band("50-120", 35991, 99.96), Band("<50", 16, 0.04)),
    carries_name=False,
)
# of 8934 valid samples: 418 at 95 and above, 2982 from 90 to 94, 5280 from 80 to 89, 173 from 70 to 79, 81 below 70
BELOW = {"95": 95.3212, "92": 80.1880, "90": 61.9431, "88": 44.5601, "85": 7.7569, "80": 2.8431, "70": 0.9066}
OURS = night_numbers(
    started_at=datetime(2025, 10, 15, 20, 35, 10),
    sampling_interval_s=4.0,
    recorded_s=36004.0,
    valid_s=35736.0,
    spo2_mean_pct=88.2185,
    spo2_min_pct=61.0,
    spo2_max_pct=99.0,
    pulse_mean_bpm=67.08,
    pulse_min_bpm=49.0,
    pulse_max_bpm=93.0,
    time_below_pct=BELOW,
    desaturations3=244,
    desaturations4=180,
    odi3_per_h=24.58,
    odi4_per_h=18.13,
)


def names(report: DeviceReport, ours: NightNumbers = OURS) -> list[str]:
    return [one.name for one in disagreements(report, ours)]


def test_the_real_report_fits_its_recording() -> None:
    assert names(REPORT) == []


def test_what_the_firmware_counts_for_itself_is_beside_ours_and_no_disagreement() -> None:
    found = {one.name: one for one in reconcile(REPORT, OURS)}
    drops = found["drops_over_3pct"]
    assert (drops.theirs, drops.ours, drops.agrees, drops.why) == (143, 244, None, "firmware")
    below90 = found["threshold_bands[<90].time_s"]
    assert (below90.theirs, round(below90.ours or 0), below90.why) == (22304, 22136, "percent_times_duration")
    assert found["o2_score"].ours is None


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"started_at": REPORT.started_at + timedelta(minutes=2)}, "started_at"),  # type: ignore[operator]
        ({"duration_s": 36030}, "duration_s"),
        ({"spo2_max_pct": 98}, "spo2_max_pct"),
        ({"spo2_mean_pct": 90}, "spo2_mean_pct"),
        ({"spo2_min_pct": 71}, "spo2_min_pct"),
        ({"pulse_min_bpm": 50}, "pulse_min_bpm"),
        ({"threshold_bands": (Band("<90", 22304, 61.97),)}, "threshold_bands[<90].pct"),
    ],
)
def test_one_number_of_another_night_is_a_disagreement(change: dict[str, Any], told: str) -> None:
    assert names(replace(REPORT, **change)) == [told]


def test_depths_below_70_need_not_be_the_same() -> None:
    assert names(replace(REPORT, spo2_min_pct=65)) == []
    assert names(REPORT, replace(OURS, spo2_min_pct=55.0)) == []
    lowest = next(one for one in reconcile(REPORT, replace(OURS, spo2_min_pct=55.0)) if one.name == "spo2_min_pct")
    assert lowest.why == "not_printed_below_61"


def test_a_count_at_the_end_of_a_byte_says_so() -> None:
    full = next(one for one in reconcile(replace(REPORT, drops_over_3pct=255), OURS) if one.name == "drops_over_3pct")
    assert full.why == "byte_limit"


def test_what_was_not_read_is_no_disagreement() -> None:
    blank = DeviceReport(uncertain=tuple(name for name, value in DeviceReport.__dataclass_fields__.items()))
    assert names(blank) == []


@pytest.mark.parametrize(
    ("label", "share"),
    [
        ("95-100", 4.6788),
        (">=95", 4.6788),
        ("<90", 61.9431),
        ("90-94", 33.3781),
        ("<94", None),
        ("<=89", 61.9431),
        ("<=90", None),
        ("93-94", None),
    ],
)
def test_shares_of_printed_ranges(label: str, share: float | None) -> None:
    assert share_pct(label, BELOW) == (pytest.approx(share, abs=1e-4) if share else None)
