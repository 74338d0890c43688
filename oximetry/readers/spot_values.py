"""One value a minute at best, as watches and telephones keep them: a recording of one night that says what it is."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from oximetry.domain.errors import InvalidRecording
from oximetry.domain.quality import SPO2_RANGE_PCT, within
from oximetry.domain.recording import MAX_ROWS, Hints, Note, Recording, fill_holes
from oximetry.readers.timeline import DAY_S, Origin, Rows

INTERVAL_S = 60.0
NOON = timedelta(hours=12)
DAILY_S = 20 * 3600

_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d):\d\d(?:\.\d{1,6})?(?: ?[+-]\d\d:?\d\d)?", re.ASCII)


def spot_recording(
    spo2_pct: Mapping[datetime, float],
    pulse_bpm: Mapping[datetime, float],
    origin: Origin,
    hints: Hints,
    notes: tuple[Note, ...] = (),
) -> Recording:
    """The recording of one night of spot values: from noon to noon, on a raster of minutes.

    Parameters
    ----------
    spo2_pct, pulse_bpm : mapping of datetime to float
        Values by the whole minute they were taken in; NaN is a missing one.
    origin : Origin
    hints : Hints
        ``started_at`` chooses the night of a file with several; without it the last one is taken, and said.
    notes : tuple of Note
        What the reader already has to say.

    Returns
    -------
    Recording
        With the notes ``spot_values`` (``interval_s``) and ``other_nights_left_out`` (``nights``) where there are any.

    Raises
    ------
    InvalidRecording
        ``too_few_rows`` (``rows``), ``too_long`` (``rows``, ``limit``), ``no_oximeter_data``.
    """
    if len(spo2_pct) > MAX_ROWS:
        raise InvalidRecording("too_long", rows=len(spo2_pct), limit=MAX_ROWS)
    evenings = {(moment - NOON).date() for moment in spo2_pct}
    wanted = (hints.started_at - NOON).date() if hints.started_at is not None else None
    evening = wanted if wanted in evenings else max(evenings, default=None)
    moments = sorted(moment for moment in spo2_pct if (moment - NOON).date() == evening)
    if len(moments) < 2:
        raise InvalidRecording("too_few_rows", rows=len(moments))
    elapsed_s = np.array([(moment - moments[0]).total_seconds() for moment in moments])
    spo2 = np.array([spo2_pct[moment] for moment in moments])
    if not within(spo2, SPO2_RANGE_PCT).any():
        raise InvalidRecording("no_oximeter_data")
    pulse = np.array([pulse_bpm.get(moment, np.nan) for moment in moments])
    notes += (Note("spot_values", {"interval_s": int(INTERVAL_S)}),)
    if len(evenings) > 1:
        notes += (Note("other_nights_left_out", {"nights": len(evenings) - 1}),)
    time_s, source, gap_row = fill_holes(elapsed_s, INTERVAL_S)
    return Recording(
        format=origin.format,
        device_model=origin.device_model,
        device_serial=origin.device_serial,
        started_at=moments[0],
        time_s=time_s,
        spo2_pct=np.where(gap_row, np.nan, spo2[source]),
        pulse_bpm=np.where(gap_row, np.nan, pulse[source]),
        motion=np.full(time_s.size, np.nan),
        gap_row=gap_row,
        sampling_interval_s=INTERVAL_S,
        notes=notes,
    )


def are_spots(wall_s: npt.NDArray[np.int64]) -> bool:
    """Whether the moments of a table, in any order, lie a minute or more apart: half of their steps do.

    Raises
    ------
    InvalidRecording
        ``means_only`` when they lie a day apart: what a table has one of each day is no reading.
    """
    steps = np.diff(np.unique(wall_s))
    if not steps.size or np.median(steps) < INTERVAL_S:
        return False
    if np.median(steps) >= DAILY_S:
        raise InvalidRecording("means_only")
    return True


def spot_table(rows: Rows, origin: Origin, hints: Hints, notes: tuple[Note, ...]) -> Recording:
    """The recording of a table of spot values; notes and reasons as of `spot_recording`."""
    spo2_pct: dict[datetime, float] = {}
    pulse_bpm: dict[datetime, float] = {}
    for wall_s, spo2, pulse in zip(rows.wall_s.tolist(), rows.spo2_pct.tolist(), rows.pulse_bpm.tolist(), strict=True):
        minute = datetime.fromordinal(wall_s // DAY_S) + timedelta(seconds=wall_s % DAY_S // 60 * 60)
        if math.isnan(spo2_pct.get(minute, math.nan)):
            spo2_pct[minute], pulse_bpm[minute] = spo2, pulse
    return spot_recording(spo2_pct, pulse_bpm, origin, hints, notes)


def percent(value: float) -> float:
    """A share or a percentage as percent: watches write both 0.97 and 97; NaN for what is neither."""
    if 0 < value <= 1:
        return round(value * 100, 4)
    return float(value) if 1 < value <= 100 else float("nan")


def whole_minute(text: str) -> datetime:
    """The local minute of a time in ISO 8601, whose zone is passed over; raises ``ValueError`` outside 2000 to 2100."""
    match = _MOMENT.fullmatch(text)
    if match is None or not "2000" <= text[:4] <= "2100":
        raise ValueError("no time")
    return datetime.fromisoformat(f"{match[1]} {match[2]}")
