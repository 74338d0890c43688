"""How restless a night was: the delta index of SpO2 and the rises of the pulse."""

from __future__ import annotations

from collections import deque
from math import isnan

import numpy as np

from oximetry.domain.recording import Samples

DELTA_BLOCK_S = 12.0
ROUNDING = 1e-9
PULSE_RISE_BPM = 6.0
PULSE_REARM_BPM = 3.0
PULSE_WINDOW_S = 30.0


def delta_index(time_s: Samples, spo2_pct: Samples, sample_s: Samples) -> float:
    """Mean absolute difference of adjacent 12 s means.

    Parameters
    ----------
    time_s, sample_s : ndarray, shape (n,)
        Elapsed seconds of each row, and the seconds it stands for, which weigh the means.
    spo2_pct : ndarray, shape (n,)
        Percent of every row; NaN marks what is not valid.

    Returns
    -------
    float
        Percent; NaN when no two adjacent blocks hold a valid sample. A last incomplete block is dropped.

    References
    ----------
    Pépin, J. L. et al. (1991).
    """
    block_s = max(DELTA_BLOCK_S, float(np.median(sample_s)))
    blocks = int((time_s[-1] + sample_s[-1]) / block_s + ROUNDING)
    block = (time_s / block_s + ROUNDING).astype(np.intp)
    known_rows = ~np.isnan(spo2_pct) & (block < blocks)
    seconds = np.bincount(block[known_rows], sample_s[known_rows], minlength=blocks)
    summed = np.bincount(block[known_rows], spo2_pct[known_rows] * sample_s[known_rows], minlength=blocks)
    means = np.full(blocks, np.nan)
    np.divide(summed, seconds, out=means, where=seconds > 0)
    steps = np.abs(np.diff(means))
    known = steps[~np.isnan(steps)]
    return float(known.mean()) if known.size else float("nan")


def count_pulse_rises(time_s: Samples, pulse_bpm: Samples) -> int:
    """Rises of the pulse by at least 6 beats per minute within 30 s.

    A rise counts at the first sample 6 bpm above the lowest pulse since the later of 30 s ago and the last re-arming.
    The next one needs a re-arming: a sample 3 bpm below the running maximum since the rise (that sample begins the new
    search), or a pulse that is not valid.

    Parameters
    ----------
    time_s : ndarray, shape (n,)
        Elapsed seconds, strictly increasing.
    pulse_bpm : ndarray, shape (n,)
        Beats per minute; NaN marks what is not valid.

    Returns
    -------
    int
        Number of rises.
    """
    rises = 0
    peak = -1.0
    lows: deque[tuple[float, float]] = deque()
    for t, p in zip(time_s.tolist(), pulse_bpm.tolist(), strict=True):
        if isnan(p):
            peak = -1.0
            lows.clear()
            continue
        if peak >= 0.0:
            peak = max(peak, p)
            if peak - p < PULSE_REARM_BPM:
                continue
            peak = -1.0
            lows.clear()
        while lows and lows[-1][1] >= p:
            lows.pop()
        lows.append((t, p))
        while t - lows[0][0] > PULSE_WINDOW_S:
            lows.popleft()
        if p - lows[0][1] >= PULSE_RISE_BPM:
            rises += 1
            peak = p
    return rises
