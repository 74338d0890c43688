"""What each sample is worth: valid, below the device's range, excluded by a person, or missing.

Some devices print no SpO2 below a floor while the pulse goes on; their formats state it. Such a run is the deepest
hypoxia of the night, censored from the left: it is reported in seconds and runs, and never filled in or dropped. In
every other format, and where the recording itself holds a value under the floor, a blank is a missing reading.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from oximetry.domain.recording import Mask, Recording, Samples

SPO2_RANGE_PCT = (50.0, 100.0)
PULSE_RANGE_BPM = (25.0, 250.0)
BELOW_RANGE_EDGE_PCT = 70.0
LOWEST_PRINTED_PCT = 61.0  # by the devices of the Viatom family, and by no others

Runs = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A span that a person took out of the analysis, in elapsed seconds, both ends included; nothing is deleted."""

    from_s: float
    to_s: float


@dataclass(frozen=True, slots=True, eq=False)
class Quality:
    """The state of every sample; exactly one of valid, below range, excluded and missing holds for each.

    Attributes
    ----------
    valid : ndarray of bool, shape (n,)
        SpO2 is a number from 50 to 100 percent, and where the recording has a pulse at all, the pulse is valid, too.
    below_range : ndarray of bool, shape (n,)
        No SpO2 because it was too low for the device to print.
    pulse_valid : ndarray of bool, shape (n,)
        Pulse is a number from 25 to 250 beats per minute, whatever SpO2 is; never in an excluded span.
    excluded : ndarray of bool, shape (n,)
        A person took the span out, whatever was measured in it.
    """

    valid: Mask
    below_range: Mask
    pulse_valid: Mask
    excluded: Mask

    @property
    def missing(self) -> Mask:
        """Samples that are neither valid nor below range nor excluded, shape (n,)."""
        return ~(self.valid | self.below_range | self.excluded)

    @property
    def below_range_runs(self) -> Runs:
        """First row and row behind the last of each below-range run, shape (k, 2)."""
        return runs_of(self.below_range)


def assess(recording: Recording, exclusions: Sequence[Exclusion] = ()) -> Quality:
    """Tell valid, below-range, excluded and missing samples apart.

    Parameters
    ----------
    recording : Recording
        As read.
    exclusions : sequence of Exclusion
        The spans that a person took out; they may touch and overlap.

    Returns
    -------
    Quality
        Masks of the recording's length.
    """
    measured = within(recording.spo2_pct, SPO2_RANGE_PCT)
    pulse_valid = within(recording.pulse_bpm, PULSE_RANGE_BPM)
    valid = measured & pulse_valid if has_pulse(recording) else measured
    below_range = _below_range(recording, valid, pulse_valid)
    excluded = np.zeros(recording.samples, dtype=np.bool_)
    for span in exclusions:
        excluded |= (recording.time_s >= span.from_s) & (recording.time_s <= span.to_s)
    return Quality(valid & ~excluded, below_range & ~excluded, pulse_valid & ~excluded, excluded)


def has_pulse(recording: Recording) -> bool:
    """Whether the recording has a pulse channel: a column without any number is none."""
    return bool(np.isfinite(recording.pulse_bpm).any())


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


def _below_range(recording: Recording, valid: Mask, pulse_valid: Mask) -> Mask:
    """Maximal runs without an SpO2 value, pulse throughout, entered or left at 70 percent or less, shape (n,)."""
    spo2_pct, floor_pct = recording.spo2_pct, recording.floor_pct
    below_range = np.zeros(spo2_pct.size, dtype=np.bool_)
    if floor_pct is None or (within(spo2_pct, SPO2_RANGE_PCT) & (spo2_pct < floor_pct)).any():
        return below_range
    low = valid & (spo2_pct <= BELOW_RANGE_EDGE_PCT)
    for start, stop in runs_of(np.isnan(spo2_pct)):
        at_an_end = start == 0 or stop == spo2_pct.size
        if not at_an_end and (low[start - 1] or low[stop]) and pulse_valid[start:stop].all():
            below_range[start:stop] = True
    return below_range
