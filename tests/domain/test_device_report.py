"""A vendor's numbers as a value, and the curve beside them."""

from datetime import datetime

import numpy as np
import pytest

from oximetry.domain.device_report import HEADER_FIELDS, NUMBER_FIELDS, Band, DeviceReport
from oximetry.domain.report_curve import ReportCurve


def all_unread(**known):
    unread = [name for name in (*HEADER_FIELDS, *NUMBER_FIELDS, "carries_name") if name not in known]
    return DeviceReport(**known, uncertain=tuple(unread))


def test_what_is_not_read_must_be_named():
    with pytest.raises(ValueError, match="spo2_max_pct"):
        DeviceReport(uncertain=("started_at",))


def test_a_band_without_a_time_must_be_named():
    report = all_unread()
    with pytest.raises(ValueError, match=r"spo2_bands\[0\].time_s"):
        DeviceReport(spo2_bands=(Band("<70", None, 0.0),), uncertain=report.uncertain)


def test_json_has_the_names_of_the_design_and_comes_back():
    report = all_unread(started_at=datetime(2025, 10, 15, 20, 35), spo2_max_pct=99, carries_name=False)
    stored = report.as_json()
    assert stored["started_at"] == "2025-10-15T20:35:00"
    assert stored["ended_at"] is None
    assert {"spo2_bands", "threshold_bands", "pulse_bands", "carries_name", "uncertain"} <= stored.keys()
    assert DeviceReport.from_json(stored) == report


def curve(low, high):
    low, high = np.array(low, float), np.array(high, float)
    time_s = (np.arange(len(low)) + 0.5) * 150.0
    return ReportCurve(datetime(2025, 1, 1), time_s, (low + high) / 2, np.full(len(low), 60.0), low, high, 70.0)


def test_mean_time_below_and_shape_are_worked_out_by_hand():
    # 95 · 91 to 87 (62.5 % of it below 89.5) · nothing · 80
    nan = np.nan
    night = curve([95, 87, nan, 80], [95, 91, nan, 80])
    assert night.spo2_mean_pct == pytest.approx((95 + 89 + 80) / 3)
    assert night.time_below_pct(90) == pytest.approx(100 * (0 + 0.625 + 1) / 3)
    time_s, spo2_pct, pulse_bpm = night.shape()
    assert time_s.tolist() == [150, 450]
    assert spo2_pct.tolist() == [92, 80]
    assert pulse_bpm.tolist() == [60, 60]


def test_a_curve_comes_back_from_its_json():
    night = curve([95, np.nan], [95, np.nan])
    again = ReportCurve.from_json(night.as_json())
    assert again.started_at == night.started_at
    assert np.array_equal(again.spo2_pct, night.spo2_pct, equal_nan=True)


def test_columns_must_be_equally_long():
    with pytest.raises(ValueError, match="length"):
        ReportCurve(None, np.zeros(2), np.zeros(2), np.zeros(1), np.zeros(2), np.zeros(2), 70.0)
