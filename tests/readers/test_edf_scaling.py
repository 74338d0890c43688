"""The integers of an EDF come back as the numbers they were made of, whatever the scale."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oximetry.domain.errors import InvalidRecording
from oximetry.readers.edf import on_its_grid
from oximetry.readers.formats import create_registry
from oximetry.samples.writers.containers import _header, _signal, edf_scaled
from oximetry.services.nights.analysis import analyse, report_on

DIP = [97.0] * 70 + [94.0] * 20
LABELS_AT, UNITS_AT = 256, 256 + 2 * (16 + 80)


@pytest.fixture
def hour(night):
    """An hour of 40 drops of exactly 3 %, the last one without its end: nothing below 94, ODI3 39."""
    return night(DIP * 40, [60.0 + row % 7 for row in range(3600)])


def analysed(content):
    return analyse(create_registry(), content, "night.edf").as_json()


@settings(max_examples=60, deadline=None)
@given(
    low=st.sampled_from([0.0, -10.0, 50.0, -100.0]),
    high=st.sampled_from([100.0, 102.3, 110.0, 127.0, 200.0, 300.0]),
    first=st.sampled_from([0, -32_767, -2048, 1]),
    last=st.sampled_from([1023, 2047, 4095, 32_766, 32_767]),
)
def test_any_scale_gives_the_same_figures(night, low, high, first, last):
    made = night(DIP * 40, [60.0 + row % 7 for row in range(3600)])
    got = analysed(edf_scaled(made, ((0, 300), (0, 300)), ((low, high), (first, last))))
    want = report_on("night.edf", made).as_json()
    assert {name: got[name] for name in want if name != "format"} == {
        name: value for name, value in want.items() if name != "format"
    }


@pytest.mark.parametrize("cut", [np.rint, np.floor, np.ceil])
@pytest.mark.parametrize(("first", "last"), [(-32_768, 32_767), (0, 4095)])
def test_a_library_that_scales_to_the_night_keeps_its_values(cut, first, last):
    values = np.array([*DIP, 88.0, 61.0, 99.0])
    step = (99.0 - 61.0) / (last - first)
    back = 61.0 + (cut((values - 61.0) / step)) * step
    assert on_its_grid(back, step).tolist() == values.tolist()


def test_halves_and_tenths_stay_what_they_are():
    for values in ([94.5, 95.0, 88.5], [94.3, 95.0, 88.7]):
        stored = np.rint(np.array(values) * 655.35) / 655.35
        assert on_its_grid(stored, 1 / 655.35).tolist() == values


def test_values_between_the_numbers_are_left_alone():
    smooth = np.linspace(90.0, 97.0, 1001) + np.pi / 1000
    assert on_its_grid(smooth, 0.0001).tolist() == smooth.tolist()


@pytest.mark.parametrize(
    ("oxygen", "pulse"),
    [("SatO2", "H.R."), ("Sat. O2", "P.R."), ("Saturatie", "Puls"), ("SAO2_A", "HeartRate"), ("Oxygen sat", "FC")],
)
def test_labels_of_other_makers_are_known(oxygen, pulse, hour, written):
    content = written("edf", hour)[0]
    content = content[:LABELS_AT] + pulse.ljust(16).encode() + oxygen.ljust(16).encode() + content[LABELS_AT + 32 :]
    got = analysed(content)
    assert (got["spo2_min_pct"], got["pulse_min_bpm"]) == (94.0, 60.0)


def test_second_oxygen_channel_is_read_when_the_first_is_dead(hour):
    signals = [_signal("SpO2 1", "%", (0, 100), (0, 100)), _signal("SpO2 2", "%", (0, 100), (0, 100))]
    body = np.stack([np.zeros(3600), hour.spo2_pct], axis=1).astype("<i2").tobytes()
    got = analysed(_header(hour, b"0       ", "EDF", signals) + body)
    assert (got["spo2_min_pct"], got["odi3_per_h"]) == (94.0, 39.0)
    assert "several_oximeters" in [warning["code"] for warning in got["warnings"]]


@pytest.mark.parametrize("unit", ["mmHg", "uV", "kPa", "bpm"])
def test_oxygen_in_a_wrong_unit_is_refused_by_its_name(unit, hour, written):
    content = bytearray(written("edf", hour)[0])
    content[UNITS_AT + 8 : UNITS_AT + 16] = unit.ljust(8).encode()
    with pytest.raises(InvalidRecording) as caught:
        analysed(bytes(content))
    assert (caught.value.reason, caught.value.details["unit"]) == ("edf_wrong_unit", unit)


def test_pulse_in_a_wrong_unit_is_left_aside_and_said(hour, written):
    content = bytearray(written("edf", hour)[0])
    content[UNITS_AT : UNITS_AT + 8] = b"ms      "
    got = analysed(bytes(content))
    assert got["pulse_mean_bpm"] is None
    assert {"code": "pulse_in_other_unit", "unit": "ms", "channel": "Pulse.1s"} in got["warnings"]


NIGHTS = Path(__file__).parents[3] / "shared" / "data" / "recordings"


@pytest.mark.parametrize("number", range(3))
def test_real_nights_in_the_default_range_of_a_library_keep_every_figure(number):
    paths = sorted(NIGHTS.glob("*.csv"))
    if number >= len(paths):
        pytest.skip("real recordings are not here")
    want = analyse(create_registry(), paths[number].read_bytes(), paths[number].name)
    made = want.recording
    scale = ((-32_768, 32_767), (-32_768, 32_767))
    for ranges in (scale, ((float(np.nanmin(made.spo2_pct)), 100.0), (-32_767, 32_767))):
        content = edf_scaled(made, ((0, 300), (-32_767, 32_767)), ranges)
        got = analyse(create_registry(), content, "night.edf")
        for name in ("spo2_mean_pct", "spo2_min_pct", "t90_min", "t_le88_min", "desaturations3", "desaturations4"):
            assert getattr(got.analysis.summary, name) == getattr(want.analysis.summary, name), name
        assert got.analysis.summary.odi3_per_h == want.analysis.summary.odi3_per_h
