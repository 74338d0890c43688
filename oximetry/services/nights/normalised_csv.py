"""The CSV twin of a night whose original is no CSV: every row as it was read, in the plainest form."""

from __future__ import annotations

import math

from oximetry.domain.recording import Recording

HEADER = "Time,Oxygen Level,Pulse Rate,Motion"
MISSING = "--"


def normalised_csv(recording: Recording) -> bytes:
    """The rows of a recording as CSV (UTF-8, LF).

    The time is the device's wall clock (``YYYY-MM-DD HH:MM:SS``), SpO2 in percent, pulse per minute, ``--`` for a
    missing reading. Rows that were put into a gap are left out: the gap is in the times. Numbers outside the plausible
    range stand as they were read.
    """
    lines = [HEADER]
    columns = (recording.time_s, recording.spo2_pct, recording.pulse_bpm, recording.motion, recording.gap_row)
    for elapsed_s, spo2, pulse, motion, gap in zip(*(column.tolist() for column in columns), strict=True):
        if not gap:
            clock = recording.wall_clock(elapsed_s)
            lines.append(f"{clock:%Y-%m-%d %H:%M:%S},{_cell(spo2)},{_cell(pulse)},{_cell(motion)}")
    return ("\n".join(lines) + "\n").encode()


def _cell(value: float) -> str:
    return MISSING if math.isnan(value) else f"{value:g}"
