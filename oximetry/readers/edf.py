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
from oximetry.domain.recording import MAX_ROWS, Hints, Note, Recording, Samples
from oximetry.readers.edf_header import EdfHeader
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
            ``edf_damaged``, ``edf_interrupted``, ``edf_without_oximetry``, ``no_oximeter_data``; ``start_unknown``
            (``records``, ``interval_s``); the reasons of `regular_recording`.
        """
        try:
            header = EdfHeader.of(content)
        except ValueError as error:
            raise InvalidRecording("edf_damaged") from error
        if header.reserved.endswith("+D"):
            raise InvalidRecording("edf_interrupted")
        oxygen = [i for i, signal in enumerate(header.signals) if signal.is_oxygen]
        pulses = [i for i, signal in enumerate(header.signals) if signal.is_pulse]
        pulses = [i for i in pulses if header.signals[i].samples / header.record_s <= PULSE_MOST_HZ]
        if not oxygen:
            raise InvalidRecording("edf_without_oximetry")
        whole, notes = _whole_records(content, header)
        if len(oxygen) > 1:
            notes += (Note("several_oximeters", {"count": len(oxygen)}),)
        channels = _channels(whole, oxygen[0], pulses[0] if pulses else None)
        hertz = header.signals[oxygen[0]].samples / header.record_s
        spo2_pct, interval_s, step = _thinned(channels[0], hertz)
        if step > 1:
            notes += (Note("thinned", {"from_hz": step}),)
        start = known_start(_start(header), hints, spo2_pct.size, interval_s)
        pulse_bpm = _at_the_same_times(channels[1], spo2_pct.size, header, pulses, interval_s)
        serial = _SERIAL.search(header.recording)
        origin = Origin(self.name, "ResMed" if serial else None, serial[1] if serial else None)
        return regular_recording(Series(start, interval_s, spo2_pct, pulse_bpm, notes=notes), origin)


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


def _channels(content: bytes, oxygen: int, pulse: int | None) -> tuple[Samples, Samples | None]:
    """Physical values of the two channels; the library's complaints about other parts of the header are not ours."""
    import edfio

    read = edfio.read_bdf if content.startswith(BDF_VERSION) else edfio.read_edf
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            signals = read(io.BytesIO(content), header_encoding="latin-1")._signals
            return _physical(signals[oxygen]), None if pulse is None else _physical(signals[pulse])
    except (ValueError, KeyError, IndexError, OverflowError, ArithmeticError) as error:
        raise InvalidRecording("edf_damaged") from error


def _physical(signal: EdfSignal | BdfSignal) -> Samples:
    digital = signal.digital
    low, high = sorted(signal.digital_range)
    values = np.array(signal.data, dtype=np.float64)
    values[(digital < low) | (digital > high)] = np.nan
    return values


def _thinned(values: Samples, hertz: float) -> tuple[Samples, float, int]:
    """The values, their interval, and how many of the file's samples stand for one of them."""
    step = round(hertz) if hertz > 1 and abs(hertz - round(hertz)) < 1e-6 else 1
    return values[::step].copy(), step / hertz, step


def _at_the_same_times(
    pulse_bpm: Samples | None, count: int, header: EdfHeader, pulses: list[int], interval_s: float
) -> Samples:
    """The pulse at the times of the SpO2 samples; NaN without a pulse channel."""
    if pulse_bpm is None:
        return np.full(count, np.nan)
    per_sample = interval_s * header.signals[pulses[0]].samples / header.record_s
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
