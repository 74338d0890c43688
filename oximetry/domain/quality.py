"""What each sample is worth: valid, below the device's range, or missing.

Viatom devices print no SpO2 below 61 % while the pulse goes on. Such a run is the deepest hypoxia of the night,
censored from the left: it is reported in seconds and runs, and never filled in or dropped.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from oximetry.domain.recording import Mask, Recording, Samples

SPO2_RANGE_PCT = (50.0, 100.0)
PULSE_RANGE_BPM = (25.0, 250.0)
BELOW_RANGE_EDGE_PCT = 70.0

Runs = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Quality:
    """The state of every sample; exactly one of valid, below range and missing holds for each.

    Attributes
    ----------
    valid : ndarray of bool, shape (n,)
        SpO2 is a number from 50 to 100 percent.
    below_range : ndarray of bool, shape (n,)
        No SpO2 because it was too low for the device to print.
    pulse_valid : ndarray of bool, shape (n,)
        Pulse is a number from 25 to 250 beats per minute, whatever SpO2 is.
    """

    valid: Mask
    below_range: Mask
    pulse_valid: Mask

    @property
    def missing(self) -> Mask:
        """Samples that are neither valid nor below range, shape (n,)."""
        return ~(self.valid | self.below_range)

    @property
    def below_range_runs(self) -> Runs:
        """First row and row behind the last of each below-range run, shape (k, 2)."""
        return runs_of(self.below_range)


def assess(recording: Recording) -> Quality:
    """Tell valid, below-range and missing samples apart.

    Parameters
    ----------
    recording : Recording
        As read.

    Returns
    -------
    Quality
        Masks of the recording's length.
    """
    valid = within(recording.spo2_pct, SPO2_RANGE_PCT)
    pulse_valid = within(recording.pulse_bpm, PULSE_RANGE_BPM)
    return Quality(valid, _below_range(recording.spo2_pct, valid, pulse_valid), pulse_valid)


def within(values: Samples, limits: tuple[float, float]) -> Mask:
    """True where a value lies between the limits, both included; NaN never does. Shape of ``values``."""
    return (values >= limits[0]) & (values <= limits[1])


def runs_of(mask: Mask) -> Runs:
    """Maximal runs of True.

    Parameters
    ----------
    mask : ndarray of bool, shape (n,)

    Returns
    -------
    ndarray of int, shape (k, 2)
        First index and the index behind the last of each run, in order.
    """
    padded = np.zeros(mask.size + 2, dtype=np.int8)
    padded[1:-1] = mask
    return np.flatnonzero(np.diff(padded)).reshape(-1, 2)


def _below_range(spo2_pct: Samples, valid: Mask, pulse_valid: Mask) -> Mask:
    """Maximal runs without an SpO2 value, pulse throughout, entered or left at 70 percent or less, shape (n,)."""
    low = valid & (spo2_pct <= BELOW_RANGE_EDGE_PCT)
    below_range = np.zeros(spo2_pct.size, dtype=np.bool_)
    for start, stop in runs_of(np.isnan(spo2_pct)):
        at_an_end = start == 0 or stop == spo2_pct.size
        if not at_an_end and (low[start - 1] or low[stop]) and pulse_valid[start:stop].all():
            below_range[start:stop] = True
    return below_range
