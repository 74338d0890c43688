"""Small recordings, written down as lists."""

from datetime import datetime

import numpy as np
import pytest

from oximetry.domain.recording import Recording

NAN = float("nan")


def _make_recording(spo2, pulse=None, *, interval_s=4.0, time_s=None, gap_row=None, notes=(), set_back_at_s=None):
    n = len(spo2)
    return Recording(
        format="made_up",
        device_model=None,
        device_serial=None,
        started_at=datetime(2025, 10, 25, 22, 0, 0),
        time_s=np.asarray(time_s if time_s is not None else np.arange(n) * interval_s, dtype=float),
        spo2_pct=np.asarray(spo2, dtype=float),
        pulse_bpm=np.asarray(pulse if pulse is not None else [60] * n, dtype=float),
        motion=np.zeros(n),
        gap_row=np.asarray(gap_row if gap_row is not None else [False] * n, dtype=bool),
        sampling_interval_s=interval_s,
        clock_set_back_at_s=set_back_at_s,
        notes=notes,
        floor_pct=61.0,
    )


@pytest.fixture(scope="session")
def make_recording():
    """``make_recording(spo2=[95] * 30 + [88] * 5)``: pulse 60, no motion, every 4 s from 22:00:00."""
    return _make_recording
