"""Samples that are probably not the patient's saturation: they are flagged for the doctor's eye and never removed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from oximetry.domain.quality import Quality
from oximetry.domain.recording import Mask, Recording

RISE_PCT_PER_S = 4.0
MOTION_PERCENTILE = 99.0
LONGEST_COUNTDOWN_S = 60.0


@dataclass(frozen=True, slots=True, eq=False)
class Suspicion:
    """What looks like an artefact; the samples stay what they are in every number.

    Attributes
    ----------
    rise : ndarray of bool, shape (n,)
        Valid samples that stand more than 4 % per second above the valid sample in the row before: blood does not
        take up oxygen so fast.
    motion : ndarray of bool, shape (n,)
        Valid samples whose motion lies above the 99th percentile of the night's own motion.
    countdown : ndarray of bool, shape (n,)
        Rows at the very end in which the device, already taken off, counted down: no SpO2, 60 s at most. They are
        missing samples, not flagged ones, and count as recorded.
    """

    rise: Mask
    motion: Mask
    countdown: Mask


def suspect(recording: Recording, quality: Quality) -> Suspicion:
    """Flag what looks like an artefact.

    Parameters
    ----------
    recording : Recording
        As read.
    quality : Quality
        Of the same recording; excluded samples are not flagged again.
    """
    return Suspicion(_rise(recording, quality), _motion(recording, quality), _countdown(recording, quality))


def _rise(recording: Recording, quality: Quality) -> Mask:
    rise = np.zeros(recording.samples, dtype=np.bool_)
    both = quality.valid[1:] & quality.valid[:-1]
    rise[1:] = both & (np.diff(recording.spo2_pct) > RISE_PCT_PER_S * np.diff(recording.time_s))
    return rise


def _motion(recording: Recording, quality: Quality) -> Mask:
    measured = recording.motion[np.isfinite(recording.motion)]
    if not measured.size:
        return np.zeros(recording.samples, dtype=np.bool_)
    return quality.valid & (recording.motion > np.percentile(measured, MOTION_PERCENTILE))


def _countdown(recording: Recording, quality: Quality) -> Mask:
    countdown = np.zeros(recording.samples, dtype=np.bool_)
    valid = np.flatnonzero(quality.valid)
    if valid.size:
        tail = slice(int(valid[-1]) + 1, recording.samples)
        if recording.sample_s[tail].sum() <= LONGEST_COUNTDOWN_S and quality.missing[tail].all():
            countdown[tail] = True
    return countdown
