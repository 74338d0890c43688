"""What must hold for every night, whatever its values."""

from __future__ import annotations

import os
from dataclasses import fields, replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oximetry.domain.metrics import summarise
from oximetry.domain.recording import Recording
from oximetry.readers.formats import create_registry
from oximetry.services.nights.analysis import analyse

DATA = Path(os.environ.get("OXIMETRY_DATA", Path(__file__).parents[3] / "shared" / "data"))
NAMES = (
    "Checkme O2 0331_20251015203510.csv",
    "Checkme O2 3539_20251007230437.csv",
    "Checkme O2 3539_20251015202128.csv",
    "Checkme O2 3539_20251021225412.csv",
    "Checkme O2 3541_20251007202217.csv",
)
LEVELS = st.one_of(st.integers(60, 100), st.none())
NIGHTS = st.lists(LEVELS, min_size=30, max_size=400)
EXAMPLES = settings(max_examples=150, deadline=None, derandomize=True)
SEVERAL = pytest.mark.parametrize("interval_s", [1.0, 2.0, 4.0])


def changed(recording: Recording, **values: object) -> Recording:
    return replace(recording, **values)


@SEVERAL
@EXAMPLES
@given(spo2=NIGHTS)
def test_odi4_never_exceeds_odi3_and_every_event_keeps_the_rules_limits(make_recording, interval_s, spo2) -> None:
    recording = make_recording(spo2=spo2, interval_s=interval_s)
    night = summarise(recording)
    assert night.summary.desaturations4 <= night.summary.desaturations3 == len(night.events)
    before = -1.0
    for event in night.events:
        assert before <= event.onset_s <= event.nadir_s <= event.end_s <= recording.time_s[-1]
        assert 10 <= event.duration_s <= 120
        assert event.depth_pct >= 3
        before = event.end_s


@EXAMPLES
@given(spo2=NIGHTS, minutes=st.integers(-100_000, 100_000))
def test_shifting_the_clock_changes_no_number(make_recording, spo2, minutes) -> None:
    recording = make_recording(spo2=spo2)
    shifted = changed(recording, started_at=recording.started_at + timedelta(minutes=minutes))
    here, there = summarise(recording).summary, summarise(shifted).summary
    for field in fields(here):
        if field.name not in ("started_at", "ended_at"):
            assert repr(getattr(here, field.name)) == repr(getattr(there, field.name)), field.name


@EXAMPLES
@given(spo2=NIGHTS, data=st.data())
def test_marking_samples_missing_never_adds_time_below_anything(make_recording, spo2, data) -> None:
    masked = [None if value is not None and data.draw(st.booleans()) else value for value in spo2]
    before = summarise(make_recording(spo2=spo2)).summary
    after = summarise(make_recording(spo2=masked)).summary
    assert not after.t90_min > before.t90_min
    assert not after.t_le88_min > before.t_le88_min
    assert after.valid_s <= before.valid_s
    for level in before.time_below_pct:
        was, now = before.time_below_pct[level] * before.valid_s, after.time_below_pct[level] * after.valid_s
        assert not now > was + 1e-6


@EXAMPLES
@given(level=st.integers(61, 100), rows=st.integers(2, 500))
def test_a_constant_signal_has_no_event(make_recording, level, rows) -> None:
    night = summarise(make_recording(spo2=[level] * rows))
    assert night.events == ()
    assert night.summary.delta_index_pct in (0.0, None) or np.isnan(night.summary.delta_index_pct)


@SEVERAL
@EXAMPLES
@given(dips=st.integers(0, 20), depth=st.integers(3, 20))
def test_a_train_of_k_separate_dips_has_exactly_k_events(make_recording, interval_s, dips, depth) -> None:
    rest, low = [95] * round(180 / interval_s), [95 - depth] * round(24 / interval_s)
    night = summarise(make_recording(spo2=(rest + low) * dips + rest, interval_s=interval_s))
    assert night.summary.desaturations3 == dips
    assert night.summary.desaturations4 == (dips if depth >= 4 else 0)


@pytest.mark.parametrize("name", NAMES, ids=lambda name: name[11:23])
def test_holding_a_real_night_to_one_second_changes_its_counts_by_three_at_most(name) -> None:
    path = DATA / "recordings" / name
    if not path.exists():
        pytest.skip("the real recordings are not on this machine")
    recording = analyse(create_registry(), path.read_bytes(), path.name).recording
    step = round(recording.sampling_interval_s)
    held = changed(
        recording,
        time_s=np.arange(recording.samples * step, dtype=float),
        spo2_pct=np.repeat(recording.spo2_pct, step),
        pulse_bpm=np.repeat(recording.pulse_bpm, step),
        motion=np.repeat(recording.motion, step),
        gap_row=np.repeat(recording.gap_row, step),
        sampling_interval_s=1.0,
    )
    here, there = summarise(recording).summary, summarise(held).summary
    assert abs(here.desaturations3 - there.desaturations3) <= 3
    assert abs(here.desaturations4 - there.desaturations4) <= 3
