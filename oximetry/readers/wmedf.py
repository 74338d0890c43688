"""Löwenstein prisma WMEDF: looks like EDF, but its samples are one or two bytes wide, as each signal says."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from oximetry.domain.errors import InvalidRecording
from oximetry.domain.recording import Hints, Recording, Samples
from oximetry.readers.edf_header import EdfHeader, SignalHeader
from oximetry.readers.facts import FormatFacts, Proof
from oximetry.readers.registry import Probe
from oximetry.readers.regular import Series, check_rows, clock, known_start, regular_recording, truncated
from oximetry.readers.timeline import Origin

VERSION = b"1       "
RESERVED = slice(192, 236)
MARK = b"#s"
SPO2_LABEL = "SpO2"
PULSE_LABEL = "HeartFrequency"
BYTE = {"#1": 1, "#2": 2}


class Wmedf:
    """The reader of the file; see `oximetry.readers.registry.Reader`."""

    name = "wmedf"
    facts = FormatFacts(
        title="Löwenstein prisma WMEDF",
        recognised_by="version 1 and spaces at the start, #s in the reserved field",
        interval="duration of a data record: 1 s",
        missing="0 or a negative number",
        proof=Proof.SPECIFICATION,
        remark="The real file at hand proves the layout but holds no oximetry (refused as such); the values are on a "
        "specification only. A signal that does not say how wide its samples are is refused.",
    )

    def recognises(self, probe: Probe) -> bool:
        """Whether version and mark are in place."""
        return probe.head.startswith(VERSION) and MARK in probe.head[RESERVED]

    def read(self, content: bytes, hints: Hints) -> Recording:
        """The recording in a file of this kind.

        Returns
        -------
        Recording
            With the notes ``truncated`` (``records``, ``expected``) and ``unfinished`` when the last record is cut.

        Raises
        ------
        InvalidRecording
            ``wmedf_not_supported`` for a layout that is not certain; ``edf_without_oximetry``; ``no_oximeter_data``;
            ``start_unknown``; the reasons of `regular_recording`.
        """
        try:
            header = EdfHeader.of(content)
            widths = [signal.samples * BYTE[signal.reserved] for signal in header.signals]
        except (ValueError, KeyError) as error:
            raise InvalidRecording("wmedf_not_supported") from error
        labels = [signal.label for signal in header.signals]
        if SPO2_LABEL not in labels:
            raise InvalidRecording("edf_without_oximetry")
        count, rest = divmod(len(content) - header.length, sum(widths))
        spo2 = labels.index(SPO2_LABEL)
        per_record = header.signals[spo2].samples
        check_rows(count * per_record)
        body = np.frombuffer(content, dtype=np.uint8, count=count * sum(widths), offset=header.length)
        rows = body.reshape(count, sum(widths))
        columns = [_column(rows, header.signals, widths, i) for i in (spo2, _index(labels, PULSE_LABEL))]
        interval_s = header.record_s / per_record
        pulse_bpm = columns[1] if columns[1].size == columns[0].size else np.full(columns[0].size, np.nan)
        day, month, year, *time_of_day = header.start
        start = known_start(clock(2000 + year, month, day, *time_of_day), hints, columns[0].size, interval_s)
        notes = truncated(count, count + 1) if rest else ()
        return regular_recording(
            Series(start, interval_s, columns[0], pulse_bpm, notes=notes), Origin(self.name, "prisma", None)
        )


def _index(labels: list[str], label: str) -> int | None:
    return labels.index(label) if label in labels else None


def _column(
    rows: npt.NDArray[np.uint8], signals: tuple[SignalHeader, ...], widths: list[int], index: int | None
) -> Samples:
    """Physical values of one signal; NaN for 0 and below. Empty when there is no such signal."""
    if index is None:
        return np.empty(0)
    signal = signals[index]
    first = sum(widths[:index])
    raw = np.ascontiguousarray(rows[:, first : first + widths[index]])
    digital = raw.view("i1" if BYTE[signal.reserved] == 1 else "<i2").ravel().astype(np.float64)
    (low, high), (physical_low, physical_high) = signal.digital, signal.physical
    if high == low:
        raise InvalidRecording("wmedf_not_supported")
    values: Samples = (digital - low) * ((physical_high - physical_low) / (high - low)) + physical_low
    values[values <= 0] = np.nan
    return np.round(values, 3)
