"""One night that was interrupted: two recordings of one device become one, with the hole between them in its place."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from oximetry.domain.errors import InvalidRecording
from oximetry.domain.recording import Note, Recording, Samples, fill_holes

LONGEST_GAP_S = 300.0
JOINED = "joined"


def gap_between(ended_at: datetime, started_at: datetime) -> float | None:
    """Seconds from the last sample of one part to the first of the next; ``None`` when they are no two parts.

    Two parts lie more than 0 and at most 300 seconds apart on the device's own clock.
    """
    gap_s = (started_at - ended_at).total_seconds()
    return gap_s if 0 < gap_s <= LONGEST_GAP_S else None


def join(first: Recording, second: Recording) -> Recording:
    """The night that two recordings of one device hold.

    The rows of both keep their own times; the hole between them is filled with gap rows as `fill_holes` does. The notes
    of both are kept, with the note ``joined`` (``gap_s``). The device worked its own numbers out for each part, so the
    whole has none.

    Raises
    ------
    InvalidRecording
        ``cannot_join`` with ``field`` when device, format or interval differ, when the second does not begin more than
        0 and at most 300 s after the first ended, or when the clock was set back in both; ``too_long``.
    """
    gap_s = gap_between(first.ended_at, second.started_at)
    if first.device_serial is None or first.device_serial != second.device_serial:
        raise InvalidRecording("cannot_join", field="device_serial")
    if first.format != second.format:
        raise InvalidRecording("cannot_join", field="format")
    if first.sampling_interval_s != second.sampling_interval_s:
        raise InvalidRecording("cannot_join", field="sampling_interval_s")
    if gap_s is None:
        raise InvalidRecording("cannot_join", field="started_at")
    if first.clock_set_back_at_s is not None and second.clock_set_back_at_s is not None:
        raise InvalidRecording("cannot_join", field="clock_set_back_at_s")
    due_s = np.concatenate([_due_s(first), [first.sampling_interval_s], _due_s(second)])
    offset_s = float(first.time_s[-1]) + gap_s
    own_s = np.concatenate([first.time_s, second.time_s + offset_s])
    time_s, source, inserted = fill_holes(own_s, due_s)

    def column(values: Samples, other: Samples) -> Samples:
        return np.where(inserted, np.nan, np.concatenate([values, other])[source])

    set_back_s = first.clock_set_back_at_s
    if second.clock_set_back_at_s is not None:
        set_back_s = second.clock_set_back_at_s + offset_s
    set_forward_s = first.clock_set_forward_at_s
    if second.clock_set_forward_at_s is not None:
        set_forward_s = second.clock_set_forward_at_s + offset_s
    notes = first.notes + tuple(note for note in second.notes if note not in first.notes)
    return Recording(
        format=first.format,
        original=first.original,
        device_model=first.device_model or second.device_model,
        device_serial=first.device_serial,
        started_at=first.started_at,
        time_s=time_s,
        spo2_pct=column(first.spo2_pct, second.spo2_pct),
        pulse_bpm=column(first.pulse_bpm, second.pulse_bpm),
        motion=column(first.motion, second.motion),
        gap_row=inserted | np.concatenate([first.gap_row, second.gap_row])[source],
        sampling_interval_s=first.sampling_interval_s,
        clock_set_back_at_s=set_back_s,
        clock_set_forward_at_s=set_forward_s,
        notes=(*notes, Note(JOINED, {"gap_s": gap_s})),
        floor_pct=first.floor_pct,
    )


def _due_s(recording: Recording) -> Samples:
    """Seconds between the rows of a recording, whose holes are filled already."""
    return np.maximum(np.diff(recording.time_s), recording.sampling_interval_s)
