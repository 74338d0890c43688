import json
import os
import re
from pathlib import Path

import pytest

from oximetry.domain.errors import InvalidRecording
from oximetry.readers.registry import Registry
from oximetry.readers.viatom_csv import ViatomCsv
from oximetry.services.nights.analysis import analyse

DATA = Path(os.environ.get("OXIMETRY_DATA", Path(__file__).parents[4] / "shared" / "data"))
KEYS = re.findall(r"\w+", """
file format device_model device_serial started_at ended_at sampling_interval_s samples recorded_s valid_s
below_range_s gaps longest_gap_s spo2_mean_pct spo2_median_pct spo2_min_pct spo2_max_pct spo2_sd_pct
pulse_mean_bpm pulse_min_bpm pulse_max_bpm time_below_pct t90_min t_le88_min t_le88_longest_min rule
desaturations3 desaturations4 odi3_per_h odi4_per_h mean_depth_pct mean_nadir_pct mean_duration_s
desaturation_area_pct_min_per_h delta_index_pct pulse_rise6_per_h odi3_mean120_per_h odi4_mean120_per_h events
warnings
""")  # fmt: skip
WORKED = [
    ("3539_20251007230437", 100.00, 92.47, 87, 1.14, 2.0, 45, 13, 5.98, 1.73, 3, 0, 3.36, 11.6, 0.38, 15.9),
    ("3539_20251015202128", 100.00, 91.82, 85, 4.12, 4.5, 66, 40, 6.60, 4.00, 5, 2, 4.23, 13.1, 0.45, 47.9),
    ("3539_20251021225412", 99.97, 95.52, 92, 0.00, 0.0, 24, 3, 2.95, 0.37, 0, 0, 3.12, 5.4, 0.35, 30.4),
    ("3541_20251007202217", 99.98, 87.64, 78, 82.82, 400.7, 195, 89, 20.17, 9.20, 28, 10, 4.31, 50.4, 0.79, 36.6),
    ("0331_20251015203510", 99.26, 88.22, 61, 61.94, 315.9, 244, 180, 24.58, 18.13, 87, 54, 6.40, 74.7, 1.24, 24.9),
]  # fmt: skip


@pytest.fixture(scope="module")
def registry():
    return Registry([ViatomCsv()])


def night(registry, text, name="O2Ring 9001_20251015203510.csv"):
    return analyse(registry, text.encode(), name).as_json()


def csv(values):
    rows = (f"20:{i // 15:02}:{i % 15 * 4:02} 15/10/2025,{spo2},{pulse},0" for i, (spo2, pulse) in enumerate(values))
    return "Time,SpO2,Pulse,Motion\n" + "\n".join(rows) + "\n"


@pytest.mark.parametrize("worked", WORKED, ids=lambda worked: worked[0])
def test_worked_values_of_real_nights_to_the_last_digit(registry, worked):
    path = DATA / "recordings" / f"Checkme O2 {worked[0]}.csv"
    if not path.exists():
        pytest.skip("real recordings are not on this machine")
    got = analyse(registry, path.read_bytes(), path.name).as_json()
    assert (
        worked[0],
        round(100 * got["valid_s"] / got["recorded_s"], 2),
        round(got["spo2_mean_pct"], 2),
        got["spo2_min_pct"],
        round(got["time_below_pct"]["90"], 2),
        round(got["t_le88_min"], 1),
        got["desaturations3"],
        got["desaturations4"],
        round(got["odi3_per_h"], 2),
        round(got["odi4_per_h"], 2),
        got["desaturations3_mean120"],
        got["desaturations4_mean120"],
        round(got["mean_depth_pct"], 2),
        round(got["desaturation_area_pct_min_per_h"], 1),
        round(got["delta_index_pct"], 2),
        round(got["pulse_rise6_per_h"], 1),
    ) == worked


def test_below_range_of_the_real_night_0331(registry):
    path = DATA / "recordings" / "Checkme O2 0331_20251015203510.csv"
    if not path.exists():
        pytest.skip("real recordings are not on this machine")
    got = analyse(registry, path.read_bytes(), path.name).as_json()
    assert (got["below_range_s"], got["below_range_runs"]) == (268, 7)
    assert [warning["code"] for warning in got["warnings"]] == ["ten_hour_limit", "below_range"]


def test_names_stand_in_their_fixed_order(registry):
    got = night(registry, csv([(95, 60)] * 30))
    assert list(got)[: len(KEYS)] == KEYS
    assert list(got["time_below_pct"]) == ["95", "92", "90", "88", "85", "80", "70"]
    assert list(got["rule"])[:2] == ["name", "version"]


def test_night_survives_strict_json(registry):
    got = night(registry, csv([(95, "--")] * 3))
    text = json.dumps(got, allow_nan=False)
    assert json.loads(text) == got
    assert got["pulse_mean_bpm"] is None
    assert got["mean_depth_pct"] is None
    assert got["odi3_per_h"] is None


def test_events_carry_wall_clock_and_seconds(registry):
    got = night(registry, csv([(95, 60)] * 3 + [(91, 60)] * 4 + [(95, 60)] * 3))
    (event,) = got["events"]
    assert (event["onset_at"], event["nadir_at"]) == ("2025-10-15T20:00:08", "2025-10-15T20:00:12")
    assert (event["onset_s"], event["end_s"], event["duration_s"]) == (8, 28, 20)
    assert (event["baseline_pct"], event["nadir_pct"], event["depth_pct"], event["area_pct_s"]) == (95, 91, 4, 64)


def test_warnings_are_objects_with_their_details(registry):
    got = night(registry, csv([(95, 60)] * 30))
    assert {"code": "short_valid_time", "valid_hours": 120 / 3600, "min_valid_hours": 4.0} in got["warnings"]
    assert {"code": "too_short", "minutes": 2.0, "min_minutes": 10.0} in got["warnings"]


def test_night_without_readings_is_refused(registry):
    with pytest.raises(InvalidRecording, match="no_oximeter_data"):
        night(registry, csv([("--", 60)] * 30))
