"""Whether two recordings hold the same night, by what was measured and not by how it was written down."""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

from oximetry.domain.recording import Recording

MISSING = -1
FEWEST_SHARED_ROWS = 2

_Rows = npt.NDArray[np.int64]


def samples_sha256(recording: Recording) -> str:
    """The fingerprint of a night: equal for a device's binary and the CSV made of it.

    It covers the start to the second, the sampling interval to the millisecond, and the SpO2 and pulse of every row
    as integers; not the format, the file's or the device's name, motion, or the times of single rows.

    Returns
    -------
    str
        SHA-256 in lower-case hex.
    """
    head = f"{recording.started_at:%Y-%m-%dT%H:%M:%S} {round(recording.sampling_interval_s * 1000)}\n"
    return hashlib.sha256(head.encode() + _rows(recording).astype("<i8").tobytes()).hexdigest()


def agree(first: Recording, second: Recording) -> bool:
    """Whether two recordings hold the same SpO2 and pulse wherever both measured.

    Compared are the rows between the later start and the earlier end, each by its own time to the second; rows that
    were put into holes count as missing readings. Two recordings that share fewer than two rows agree in nothing.
    """
    if first.sampling_interval_s != second.sampling_interval_s:
        return False
    apart_s = (second.started_at - first.started_at).total_seconds()
    first_s, second_s = np.rint(first.time_s), np.rint(second.time_s + apart_s)
    since, until = max(first_s[0], second_s[0]), min(first_s[-1], second_s[-1])
    in_first = (first_s >= since) & (first_s <= until)
    in_second = (second_s >= since) & (second_s <= until)
    shared = int(in_first.sum())
    return bool(
        shared >= FEWEST_SHARED_ROWS
        and np.array_equal(first_s[in_first], second_s[in_second])
        and np.array_equal(_rows(first)[in_first], _rows(second)[in_second])
    )


def _rows(recording: Recording) -> _Rows:
    """SpO2 and pulse as integers, shape (n, 2); ``MISSING`` where there is none."""
    rows = np.stack([recording.spo2_pct, recording.pulse_bpm], axis=1)
    return np.where(np.isnan(rows), MISSING, np.rint(rows)).astype(np.int64)
