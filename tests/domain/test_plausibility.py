"""Readings that speak against a recording: refused, or remarked at its numbers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from oximetry.domain.errors import InvalidRecording
from oximetry.domain.metrics import summarise
from oximetry.domain.plausibility import refuse_implausible, refuse_other_units
from oximetry.domain.recording import Note
from oximetry.domain.uncertainty import bands

NAN = float("nan")


def refusal(recording):
    with pytest.raises(InvalidRecording) as caught:
        refuse_implausible(recording)
    return caught.value.reason


def said(recording):
    return {note.code: dict(note.details) for note in summarise(recording).warnings}


def living(rows, level=95):
    """Oxygen and pulse that move as those of a sleeper."""
    return [level + row // 7 % 3 for row in range(rows)], [60 + row // 3 % 9 for row in range(rows)]


@pytest.mark.parametrize(
    ("spo2", "pulse", "reason"),
    [
        ([970.0, 965.0], [60.0], "oxygen_in_permille"),
        ([0.97, 1.0], [60.0], "oxygen_as_fraction"),
        ([97.0], [1.05, 0.9], "pulse_per_second"),
    ],
)
def test_other_units_have_their_own_reason(spo2, pulse, reason):
    with pytest.raises(InvalidRecording, match=reason):
        refuse_other_units(np.array([*spo2, NAN]), np.array([*pulse, NAN]))


def test_ordinary_readings_are_no_other_unit():
    refuse_other_units(np.array([97.0, 255.0, 0.0, NAN]), np.array([60.0, 0.0, NAN]))
    refuse_other_units(np.array([NAN]), np.array([NAN]))


def test_swapped_readings_are_refused_by_position_and_said_by_name(make_recording):
    spo2, pulse = living(900)
    swapped = make_recording(pulse, spo2)
    assert "readings_look_swapped" in said(swapped)
    refuse_implausible(swapped)
    assert refusal(replace(swapped, notes=(Note("columns_by_position"),))) == "readings_swapped"


@pytest.mark.parametrize("other", [(90, 80), (96, 75)])
def test_two_devices_that_alternate_are_refused(other, make_recording):
    spo2, pulse = living(900)
    spo2[1::2], pulse[1::2] = [other[0]] * 450, [other[1]] * 450
    assert refusal(make_recording(spo2, pulse)) == "two_devices"


def test_every_fifth_row_of_a_second_device_is_seen(make_recording):
    spo2, pulse = living(900)
    spo2[::5], pulse[::5] = [88] * 180, [90] * 180
    assert refusal(make_recording(spo2, pulse)) == "two_devices"


def test_fast_dips_are_no_second_device(make_recording):
    spo2 = ([96] * 3 + [90] * 2) * 200
    refuse_implausible(make_recording(spo2, [60 + row % 3 for row in range(1000)]))


def test_a_handful_of_samples_in_hours_is_no_night(make_recording):
    assert refusal(make_recording([95] * 10 + [NAN] * 8990)) == "too_few_valid"
    refuse_implausible(make_recording([95] * 20 + [NAN] * 8980))


def test_a_pulse_channel_without_a_pulse_is_refused(make_recording):
    assert refusal(make_recording([70] * 900, [0] * 900)) == "no_pulse"


def test_oxygen_without_a_pulse_is_not_valid_and_said(make_recording):
    spo2, pulse = living(1000)
    spo2[:250], pulse[:250] = [70] * 250, [NAN] * 250
    recording = make_recording(spo2, pulse)
    night = summarise(recording)
    assert (night.summary.spo2_min_pct, night.summary.valid_s) == (95.0, 3000.0)
    assert said(recording)["oxygen_without_pulse"] == {"minutes": pytest.approx(1000 / 60), "share_pct": 25.0}
    low, high = bands(recording, (), night)["time_below_pct.90"]
    assert (low, high) == (0.0, 25.0)


def test_a_night_without_a_pulse_column_stands_with_a_remark(make_recording):
    spo2, _ = living(1000)
    recording = make_recording(spo2, [NAN] * 1000)
    assert summarise(recording).summary.valid_s == 4000.0
    assert "no_pulse_channel" in said(recording)


def test_oxygen_above_100_is_said_and_enters_the_band(make_recording):
    spo2, pulse = living(1000)
    spo2[::5] = [101] * 200
    recording = make_recording(spo2, pulse)
    assert said(recording)["oxygen_over_100"] == {"count": 200, "share_pct": 20.0}
    assert bands(recording, (), summarise(recording))["time_below_pct.90"] == (0.0, 20.0)


def test_held_values_and_constant_oxygen_are_said(make_recording):
    spo2, pulse = living(1000)
    held = make_recording(spo2[:800] + [97] * 200, pulse[:800] + [64] * 200)
    assert said(held)["values_held"]["minutes"] == pytest.approx(200 * 4 / 60, abs=0.5)
    assert "values_held" not in said(make_recording(spo2, pulse))
    constant = make_recording([97] * 1800, [60 + row % 9 for row in range(1800)])
    assert said(constant)["constant_oxygen"] == {"hours": 2.0}
    assert "constant_oxygen" not in said(make_recording([97] * 1799, [60 + row % 9 for row in range(1799)]))


def test_a_band_over_missing_rows_is_a_bound(make_recording):
    """40 % of a night with 36 dips an hour is lost: what was there lies inside."""
    whole = [97] * 20 + [91] * 5
    spo2 = np.array(whole * 288, dtype=float)
    pulse = np.array([60.0 + row // 3 % 9 for row in range(spo2.size)])
    lost = np.random.default_rng(3).random(spo2.size) < 0.4
    lost[[0, -1]] = False
    truth = summarise(make_recording(spo2, pulse)).summary
    recording = make_recording(np.where(lost, NAN, spo2), np.where(lost, NAN, pulse), gap_row=lost)
    band = bands(recording, (), summarise(recording))
    for name in ("odi3_per_h", "spo2_mean_pct", "t90_min", "t_le88_min"):
        assert band[name][0] <= getattr(truth, name) <= band[name][1], name
    assert said(recording)["missing_share"]["share_pct"] == pytest.approx(40, abs=2)


@pytest.mark.parametrize(("rows", "code", "known"), [(149, "too_short", 0), (449, "no_rates", 0), (450, None, 1)])
def test_rates_need_half_an_hour(rows, code, known, make_recording):
    spo2, pulse = living(rows)
    night = summarise(make_recording(spo2, pulse))
    assert np.isfinite(night.summary.odi3_per_h) == bool(known)
    assert np.isfinite(night.summary.pulse_rise6_per_h) == bool(known)
    codes = [note.code for note in night.warnings if note.code in ("too_short", "no_rates")]
    assert codes == ([code] if code else [])


@pytest.mark.parametrize(("blank", "known"), [(44, True), (45, False)])
def test_half_an_hour_of_which_less_than_a_tenth_failed_has_rates(blank, known, make_recording):
    spo2, pulse = living(450)
    spo2[100 : 100 + blank] = [NAN] * blank
    assert np.isfinite(summarise(make_recording(spo2, pulse)).summary.odi3_per_h) == known


def test_the_floor_is_only_that_of_a_format_that_states_it(make_recording):
    spo2, pulse = [95] * 200 + [70, NAN, 70] + [95] * 200, [60] * 403
    assert summarise(make_recording(spo2, pulse)).summary.below_range_s == 4.0
    assert summarise(replace(make_recording(spo2, pulse), floor_pct=None)).summary.below_range_s == 0.0
    spo2[0] = 52
    assert summarise(make_recording(spo2, pulse)).summary.below_range_s == 0.0
