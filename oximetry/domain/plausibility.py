"""What readings themselves say against a recording: refused where it is no night, remarked where a doctor must know.

None of these tests is a diagnosis: they catch columns and units that were mixed up, two devices in one file, a device
that repeats its last value, and a night of which next to nothing was measured.
"""

from __future__ import annotations

import numpy as np

from oximetry.domain.desaturation import PEAK_NADIR
from oximetry.domain.errors import InvalidRecording
from oximetry.domain.quality import PULSE_RANGE_BPM, SPO2_RANGE_PCT, Quality, has_pulse, within
from oximetry.domain.recording import Mask, Note, Recording, Samples

SPO2_MOST_PCT = SPO2_RANGE_PCT[1]
SWAPPED_SPO2_PCT, SWAPPED_PULSE_BPM = 75.0, 85.0
PERMILLE = (500.0, 1000.0)
PULSE_PER_SECOND = (0.3, 4.0)
BY_POSITION = "columns_by_position"
SPIKE = 5.0
SPIKE_RETURN = 2.0
SPIKE_SHARE = 0.15
FEWEST_FOR_SPIKES, MOST_FOR_SPIKES = 60, 20_000
HELD_S = 600.0
CONSTANT_S = 2 * 3600.0
SPOT_INTERVAL_S = PEAK_NADIR.max_gap_s
FEW_VALID_S, LONG_S = 60.0, 3600.0
MISSING_SHARE = 0.1


def refuse_other_units(spo2_pct: Samples, pulse_bpm: Samples) -> None:
    """Refuse oxygen in permille or as a fraction, and a pulse per second.

    Raises
    ------
    InvalidRecording
        ``oxygen_in_permille``, ``oxygen_as_fraction``, ``pulse_per_second``.
    """
    oxygen, beats = spo2_pct[spo2_pct > 0], pulse_bpm[pulse_bpm > 0]
    median = float(np.median(oxygen)) if oxygen.size else 0.0
    if PERMILLE[0] < median <= PERMILLE[1]:
        raise InvalidRecording("oxygen_in_permille")
    if 0 < median <= 1:
        raise InvalidRecording("oxygen_as_fraction")
    rate = float(np.median(beats)) if beats.size else 0.0
    if PULSE_PER_SECOND[0] < rate < PULSE_PER_SECOND[1]:
        raise InvalidRecording("pulse_per_second")


def refuse_implausible(recording: Recording) -> None:
    """Refuse what is no night of one oximeter.

    Raises
    ------
    InvalidRecording
        ``readings_swapped`` where no header told the columns; ``two_devices``; ``no_pulse`` for a pulse channel without
        a single pulse; ``too_few_valid`` with ``valid`` for a few samples in hours.
    """
    spo2_pct, pulse_bpm = recording.spo2_pct, recording.pulse_bpm
    if look_swapped(recording) and any(note.code == BY_POSITION for note in recording.notes):
        raise InvalidRecording("readings_swapped")
    measured = within(spo2_pct, SPO2_RANGE_PCT)
    if has_pulse(recording) and measured.any() and not within(pulse_bpm, PULSE_RANGE_BPM).any():
        raise InvalidRecording("no_pulse")
    spots = recording.sampling_interval_s > SPOT_INTERVAL_S
    if not spots and recording.recorded_s >= LONG_S and recording.seconds(measured) < FEW_VALID_S:
        raise InvalidRecording("too_few_valid", valid=int(measured.sum()))
    if not spots and are_two_devices(spo2_pct[~recording.gap_row], pulse_bpm[~recording.gap_row]):
        raise InvalidRecording("two_devices")


def look_swapped(recording: Recording) -> bool:
    """Whether half of the oxygen lies where a pulse would, and half of the pulse where oxygen would."""
    oxygen, beats = recording.spo2_pct, recording.pulse_bpm
    oxygen, beats = oxygen[(oxygen > 0) & (oxygen <= SPO2_MOST_PCT)], beats[beats > 0]
    if not oxygen.size or not beats.size:
        return False
    return bool(np.median(oxygen) < SWAPPED_SPO2_PCT and SWAPPED_PULSE_BPM < np.median(beats) <= SPO2_MOST_PCT)


def are_two_devices(spo2_pct: Samples, pulse_bpm: Samples) -> bool:
    """Whether rows of two devices alternate: single rows jump away from both neighbours, which agree, all the time."""
    middle = slice(max(0, (spo2_pct.size - MOST_FOR_SPIKES) // 2), (spo2_pct.size + MOST_FOR_SPIKES) // 2)
    spo2_pct, pulse_bpm = spo2_pct[middle], pulse_bpm[middle]
    both = np.isfinite(spo2_pct) & (np.isfinite(pulse_bpm) | ~np.isfinite(pulse_bpm).any())
    oxygen, beats = spo2_pct[both], np.nan_to_num(pulse_bpm[both])
    if oxygen.size < FEWEST_FOR_SPIKES:
        return False
    step = np.abs(np.diff(oxygen)) + np.abs(np.diff(beats))
    across = np.abs(oxygen[2:] - oxygen[:-2]) + np.abs(beats[2:] - beats[:-2])
    spikes = (np.minimum(step[1:], step[:-1]) >= SPIKE) & (across <= SPIKE_RETURN)
    return bool(spikes.mean() >= SPIKE_SHARE)


def dropped(recording: Recording, quality: Quality) -> Mask:
    """Rows with a number for SpO2 that is not used: out of range, or without a pulse; 0 is a missing reading."""
    used: Mask = quality.valid | quality.excluded
    return (recording.spo2_pct > 0) & ~used


def left_out(recording: Recording, quality: Quality, countdown: Mask) -> Mask:
    """Rows that the numbers do not know and whose values could move them: dropped ones, and missing ones if many."""
    unused = dropped(recording, quality)
    missing: Mask = quality.missing & ~unused & ~countdown
    many = recording.seconds(missing) >= MISSING_SHARE * recording.recorded_s
    return unused | missing if many else unused


def remarks(recording: Recording, quality: Quality, countdown: Mask) -> tuple[Note, ...]:
    """What a doctor must know of the readings.

    Returns
    -------
    tuple of Note
        ``readings_look_swapped``, ``oxygen_over_100`` (``count``, ``share_pct``), ``no_pulse_channel``,
        ``oxygen_without_pulse`` (``minutes``, ``share_pct``), ``missing_share`` (``share_pct``), ``constant_oxygen``
        (``hours``), ``values_held`` (``minutes``); each where it applies. Shares are of the recorded time.
    """
    notes: list[Note] = []
    spo2_pct, recorded_s = recording.spo2_pct, recording.recorded_s
    if look_swapped(recording):
        notes.append(Note("readings_look_swapped"))
    over = spo2_pct > SPO2_MOST_PCT
    if over.any():
        pct = 100 * recording.seconds(over) / recorded_s
        notes.append(Note("oxygen_over_100", {"count": int(over.sum()), "share_pct": pct}))
    alone_s = recording.seconds(within(spo2_pct, SPO2_RANGE_PCT) & ~quality.valid & ~quality.excluded)
    if not has_pulse(recording):
        notes.append(Note("no_pulse_channel"))
    elif alone_s:
        notes.append(Note("oxygen_without_pulse", {"minutes": alone_s / 60, "share_pct": 100 * alone_s / recorded_s}))
    missing_s = recording.seconds(quality.missing & ~dropped(recording, quality) & ~countdown)
    if missing_s >= MISSING_SHARE * recorded_s:
        notes.append(Note("missing_share", {"share_pct": 100 * missing_s / recorded_s}))
    return (*notes, *_standing_still(recording, quality))


def _standing_still(recording: Recording, quality: Quality) -> tuple[Note, ...]:
    rows = np.flatnonzero(quality.valid)
    if rows.size < 2 or recording.time_s[rows[-1]] < HELD_S:
        return ()
    spo2_pct, seconds = recording.spo2_pct[rows], recording.sample_s[rows]
    constant_s = _unchanged_s((spo2_pct,), seconds)
    if constant_s.max() >= CONSTANT_S:
        return (Note("constant_oxygen", {"hours": float(constant_s.max()) / 3600}),)
    if not has_pulse(recording):
        return ()
    held_s = _unchanged_s((spo2_pct, recording.pulse_bpm[rows]), seconds)
    held_s = held_s[held_s >= HELD_S]
    return (Note("values_held", {"minutes": float(held_s.sum()) / 60}),) if held_s.size else ()


def _unchanged_s(columns: tuple[Samples, ...], seconds: Samples) -> Samples:
    """Seconds of each stretch in which no column changes, in order."""
    changes = np.zeros(seconds.size, dtype=np.bool_)
    changes[0] = True
    for column in columns:
        changes[1:] |= np.diff(column) != 0
    stretches: Samples = np.add.reduceat(seconds, np.flatnonzero(changes))
    return stretches
