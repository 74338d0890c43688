"""From evenly spaced samples to a recording: most binary formats hold a start, an interval and the samples in a row."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import numpy.typing as npt

from oximetry.domain.errors import InvalidRecording
from oximetry.domain.plausibility import refuse_other_units
from oximetry.domain.quality import SPO2_RANGE_PCT, within
from oximetry.domain.recording import MAX_ROWS, Hints, Note, Recording, Samples
from oximetry.readers.timeline import Origin

Bytes = npt.NDArray[np.uint8]

UNFINISHED = Note("unfinished")


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Samples without gaps.

    Attributes
    ----------
    started_at : datetime
        Wall clock of the first sample, without a zone.
    interval_s : float
        Seconds between two samples.
    spo2_pct, pulse_bpm : ndarray, shape (n,)
        NaN marks a missing reading.
    motion : ndarray, shape (n,), or None
        ``None`` when the device has no such channel.
    notes : tuple of Note
    vendor : mapping
        The device's own numbers.
    """

    started_at: datetime
    interval_s: float
    spo2_pct: Samples
    pulse_bpm: Samples
    motion: Samples | None = None
    notes: tuple[Note, ...] = ()
    vendor: Mapping[str, float | int | None] = field(default_factory=dict)


def regular_recording(series: Series, origin: Origin) -> Recording:
    """The recording of evenly spaced samples.

    Raises
    ------
    InvalidRecording
        ``too_few_rows`` (``rows``), ``too_long`` (``rows``, ``limit``), ``no_oximeter_data``; the reasons of
        `refuse_other_units`.
    """
    rows = int(series.spo2_pct.size)
    check_rows(rows)
    refuse_other_units(series.spo2_pct, series.pulse_bpm)
    if not within(series.spo2_pct, SPO2_RANGE_PCT).any():
        raise InvalidRecording("no_oximeter_data")
    return Recording(
        format=origin.format,
        device_model=origin.device_model,
        device_serial=origin.device_serial,
        started_at=series.started_at,
        time_s=np.arange(rows, dtype=np.float64) * series.interval_s,
        spo2_pct=series.spo2_pct,
        pulse_bpm=series.pulse_bpm,
        motion=np.full(rows, np.nan) if series.motion is None else series.motion,
        gap_row=np.zeros(rows, dtype=np.bool_),
        sampling_interval_s=float(series.interval_s),
        notes=series.notes,
        vendor=series.vendor,
        floor_pct=origin.floor_pct,
    )


def check_rows(rows: int) -> None:
    """Refuse what is too short or too long, before anything is made of it; raises as `regular_recording` does."""
    if rows < 2:
        raise InvalidRecording("too_few_rows", rows=rows)
    if rows > MAX_ROWS:
        raise InvalidRecording("too_long", rows=rows, limit=MAX_ROWS)


def readings(values: npt.NDArray[np.unsignedinteger], missing: Collection[int]) -> Samples:
    """Numbers of a column, with the device's marks for a missing one turned into NaN; shape of ``values``."""
    numbers = values.astype(np.float64)
    for mark in missing:
        numbers[values == mark] = np.nan
    return numbers


def truncated(records: int, expected: int) -> tuple[Note, ...]:
    """The notes of a body that ends before its time: what was read, and that a complete file may replace it."""
    return Note("truncated", {"records": records, "expected": expected}), UNFINISHED


def known_start(told: datetime | None, hints: Hints, records: int, interval_s: float) -> datetime:
    """The start that a person gave, else the one the file tells.

    Raises
    ------
    InvalidRecording
        ``start_unknown`` with ``records`` and ``interval_s``: somebody has to be asked.
    """
    start = hints.started_at or told
    if start is None:
        raise InvalidRecording("start_unknown", records=records, interval_s=interval_s)
    return start


def clock(year: int, month: int, day: int, hour: int, minute: int, second: int) -> datetime | None:
    """A plausible wall clock from a device's numbers: a date from 2000 to 2100, or ``None``."""
    try:
        return datetime(year, month, day, hour, minute, second) if 2000 <= year <= 2100 else None
    except (ValueError, OverflowError):
        return None
