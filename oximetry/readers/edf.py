"""EDF, EDF+ and BDF with an oximetry channel (ResMed SA2/SAD, polysomnographs); edfio opens the container."""

from __future__ import annotations

import io
import re
import warnings
from datetime import date, datetime
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from oximetry.domain.errors import InvalidRecording
from oximetry.domain.file_types import FileType
from oximetry.domain.quality import PULSE_RANGE_BPM, SPO2_RANGE_PCT, within
from oximetry.domain.recording import MAX_ROWS, Hints, Note, Recording, Samples
from oximetry.readers.edf_header import EdfHeader, SignalHeader
from oximetry.readers.facts import FormatFacts, Proof
from oximetry.readers.registry import Probe
from oximetry.readers.regular import UNFINISHED, Series, clock, known_start, regular_recording, truncated
from oximetry.readers.timeline import Origin

if TYPE_CHECKING:
    from edfio import BdfSignal, EdfSignal

EDF_VERSION = b"0       "
BDF_VERSION = b"\xffBIOSEMI"
PULSE_MOST_HZ = 10.0
CLIPPING_YEAR = 85
GRIDS = (1.0, 0.5, 0.1, 0.01)
ON_THE_GRID = 0.99

_EDF_PLUS_START = re.compile(r"Startdate (\d\d)-([A-Z]{3})-(\d{4})")
_SERIAL = re.compile(r"\bSRN=\d*(\d{4})\b")
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")


class Edf:
    """The reader of the family; see `oximetry.readers.registry.Reader`."""

    name = "edf"
    facts = FormatFacts(
        title="EDF, EDF+ and BDF (ResMed SA2/SAD, polysomnographs)",
        recognised_by="version 0 and spaces, or FF BIOSEMI, at the start",
        interval="duration of a data record divided by its samples; more than one a second is thinned to 1 s, and said",
        missing="a number outside the channel's digital range (ResMed: -1)",
        proof=Proof.SPECIFICATION,
        remark="The real file at hand holds no reading (refused as such). A file without an oximetry channel, and an "
        "interrupted one (EDF+D, BDF+D), are refused. Without a date in the header the start is asked for.",
        original=FileType("edf", "application/octet-stream"),
    )

    def recognises(self, probe: Probe) -> bool:
        """Whether the file starts with one of the two versions."""
        return probe.head.startswith((EDF_VERSION, BDF_VERSION))

    def read(self, content: bytes, hints: Hints) -> Recording:
        """The recording in a file of this family.

        Returns
        -------
        Recording
            With the notes ``truncated`` (``records``, ``expected``), ``unfinished``, ``several_oximeters`` (``count``)
            and ``thinned`` (``from_hz``) where they apply.

        Raises
        ------
        InvalidRecording
            ``edf_damaged``, ``edf_interrupted``, ``edf_without_oximetry``, ``no_oximeter_data``; ``edf_wrong_unit``
            (``unit``, ``channel``); ``start_unknown`` (``records``, ``interval_s``); the reasons of
            `regular_recording`.
        """
        try:
            header = EdfHeader.of(content)
        except ValueError as error:
            raise InvalidRecording("edf_damaged") from error
        if header.reserved.endswith("+D"):
            raise InvalidRecording("edf_interrupted")
        oxygen, pulses, channel_notes = _oximetry_channels(header)
        whole, notes = _whole_records(content, header)
        notes += channel_notes
        physical = _channels(whole, header, [*oxygen, *pulses])
        chosen = _liveliest(oxygen, physical[: len(oxygen)], SPO2_RANGE_PCT)
        hertz = oxygen[chosen].samples / header.record_s
        spo2_pct, interval_s, step = _thinned(physical[chosen], hertz)
        if step > 1:
            notes += (Note("thinned", {"from_hz": step}),)
        start = known_start(_start(header), hints, spo2_pct.size, interval_s)
        pulse_bpm = np.full(spo2_pct.size, np.nan)
        if pulses:
            at = _liveliest(pulses, physical[len(oxygen) :], PULSE_RANGE_BPM)
            per_sample = interval_s * pulses[at].samples / header.record_s
            pulse_bpm = _at_the_same_times(physical[len(oxygen) + at], spo2_pct.size, per_sample)
        serial = _SERIAL.search(header.recording)
        origin = Origin(self.name, "ResMed" if serial else None, serial[1] if serial else None)
        return regular_recording(Series(start, interval_s, spo2_pct, pulse_bpm, notes=notes), origin)


def _oximetry_channels(header: EdfHeader) -> tuple[list[SignalHeader], list[SignalHeader], tuple[Note, ...]]:
    """The channels of oxygen and of pulse in a unit that is understood, and what there is to say of the others."""
    named = [signal for signal in header.signals if signal.is_oxygen]
    oxygen = [signal for signal in named if signal.has_the_right_unit]
    if not named:
        raise InvalidRecording("edf_without_oximetry")
    if not oxygen:
        raise InvalidRecording("edf_wrong_unit", unit=named[0].unit, channel=named[0].label)
    notes: tuple[Note, ...] = (Note("several_oximeters", {"count": len(named)}),) if len(named) > 1 else ()
    slow = [one for one in header.signals if one.is_pulse and one.samples / header.record_s <= PULSE_MOST_HZ]
    pulses = [signal for signal in slow if signal.has_the_right_unit]
    if slow and not pulses:
        notes += (Note("pulse_in_other_unit", {"unit": slow[0].unit, "channel": slow[0].label}),)
    return oxygen, pulses, notes


def _liveliest(signals: list[SignalHeader], physical: list[Samples], limits: tuple[float, float]) -> int:
    """Index of the first channel that is alive: one with at least half as much in its range as the best has."""
    shares = [within(values, limits).sum() / values.size for values in physical]
    order = sorted(range(len(signals)), key=lambda i: signals[i].is_heart_rate)
    return next((i for i in order if shares[i] and shares[i] >= max(shares) / 2), order[0])


def _whole_records(content: bytes, header: EdfHeader) -> tuple[bytes, tuple[Note, ...]]:
    """The file up to its last whole data record, with their true number in its header; and what is missing."""
    width = 3 if content.startswith(BDF_VERSION) else 2
    length = sum(signal.samples for signal in header.signals) * width
    count, rest = divmod(len(content) - header.length, length)
    if count < 1 or count > MAX_ROWS:
        raise InvalidRecording("too_few_rows", rows=0) if count < 1 else InvalidRecording("edf_damaged")
    notes: tuple[Note, ...] = (UNFINISHED,) if header.records < 0 else ()
    if header.records > count or (rest and header.records >= 0):
        notes = truncated(count, max(header.records, count + 1))
    return content[:236] + str(count).ljust(8).encode() + content[244 : header.length + count * length], notes


def _channels(content: bytes, header: EdfHeader, wanted: list[SignalHeader]) -> list[Samples]:
    """Values of the wanted channels; the library's complaints about other parts of the header are not ours."""
    import edfio

    read = edfio.read_bdf if content.startswith(BDF_VERSION) else edfio.read_edf
    at = [next(i for i, signal in enumerate(header.signals) if signal is one) for one in wanted]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            signals = read(io.BytesIO(content), header_encoding="latin-1")._signals
            return [on_its_grid(_physical(signals[i]), header.signals[i].step) for i in at]
    except (ValueError, KeyError, IndexError, OverflowError, ArithmeticError) as error:
        raise InvalidRecording("edf_damaged") from error


def _physical(signal: EdfSignal | BdfSignal) -> Samples:
    digital = signal.digital
    low, high = sorted(signal.digital_range)
    values = np.array(signal.data, dtype=np.float64)
    values[(digital < low) | (digital > high)] = np.nan
    return values


def on_its_grid(values: Samples, step: float) -> Samples:
    """Put scaled integers back onto the numbers that they were made of.

    A writer that stores 94 over a range of 16 bits comes back as 94.0002. When nearly all values of a channel lie
    within half a step of the multiples of a grid (1, 1/2, 1/10, 1/100), and the grid is coarser than the step, those
    that do are put onto it; a writer that cuts instead of rounding is allowed a whole step where the grid is fine
    enough to tell.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Physical values; NaN marks a missing one.
    step : float
        Physical distance of two neighbouring stored integers.
    """
    known = values[np.isfinite(values)]
    for grid in GRIDS:
        if not known.size or not 0 < step <= grid:
            break
        for reach in (0.5 * step, step) if 4 * step <= grid else (0.5 * step,):
            whole = np.rint(values / grid)
            whole = whole * grid if grid >= 0.5 else whole / round(1 / grid)
            near = np.abs(values - whole) <= reach * 1.001 + 1e-9
            if np.count_nonzero(near) >= ON_THE_GRID * known.size:
                return np.where(near, whole, values)
    return values


def _thinned(values: Samples, hertz: float) -> tuple[Samples, float, int]:
    """The values, their interval, and how many of the file's samples stand for one of them."""
    step = round(hertz) if hertz > 1 and abs(hertz - round(hertz)) < 1e-6 else 1
    return values[::step].copy(), step / hertz, step


def _at_the_same_times(pulse_bpm: Samples, count: int, per_sample: float) -> Samples:
    """The pulse at the times of the SpO2 samples, of which each has ``per_sample`` values of the pulse."""
    index: npt.NDArray[np.intp] = np.floor(np.arange(count) * per_sample + 1e-9).astype(np.intp)
    same: Samples = pulse_bpm[np.minimum(index, pulse_bpm.size - 1)]
    return same


def _start(header: EdfHeader) -> datetime | None:
    """The start, with the four-digit year of EDF+ where there is one; ``None`` for a header made anonymous."""
    day, month, year, *time_of_day = header.start
    plus = _EDF_PLUS_START.match(header.recording)
    if plus is not None and plus[2] in _MONTHS:
        return clock(int(plus[3]), _MONTHS.index(plus[2]) + 1, int(plus[1]), *time_of_day)
    anonymous = (day, month, year) == (1, 1, CLIPPING_YEAR)
    if anonymous or year >= CLIPPING_YEAR or not _is_date(2000 + year, month, day):
        return None
    return clock(2000 + year, month, day, *time_of_day)


def _is_date(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True
