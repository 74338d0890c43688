"""Contec CMS50 ``.SpO2`` (also Beurer PO80, Pulox PO-400): a header of fixed length, then pairs of SpO2 and pulse."""

from __future__ import annotations

from struct import Struct

import numpy as np

from oximetry.domain.errors import InvalidRecording
from oximetry.domain.recording import MAX_ROWS, Hints, Recording
from oximetry.readers.facts import FormatFacts, Proof
from oximetry.readers.registry import Probe
from oximetry.readers.regular import (
    Bytes,
    Series,
    check_rows,
    clock,
    known_start,
    readings,
    regular_recording,
    truncated,
)
from oximetry.readers.timeline import Origin

HEADER_AT = 856
START_AT = 1056
SAMPLES_AT = 1084
SPO2_MISSING = (127, 255)
PULSE_MISSING = (255,)
INTERVAL_S = 1
WIDTHS = (2, 4)

_START = Struct("<7I")
_ONE = Struct("<I")


class ContecSpo2:
    """The reader of the file; see `oximetry.readers.registry.Reader`."""

    name = "contec_spo2"
    facts = FormatFacts(
        title="Contec CMS50 .SpO2",
        recognised_by="32-bit 856 at 0 and 32-bit 1 at 856",
        interval="1 s",
        missing="SpO2 127 or 255, pulse 255 (finger out)",
        proof=Proof.REAL_FILE,
        remark="Proven for two-byte samples; the four-byte ones of the CMS50I on a specification only. Year 0 means a "
        "device without a clock: the start is asked for.",
    )

    def recognises(self, probe: Probe) -> bool:
        """Whether both offsets hold their numbers and there is room for the start."""
        head = probe.head
        return (
            len(head) >= SAMPLES_AT
            and _ONE.unpack_from(head)[0] == HEADER_AT
            and _ONE.unpack_from(head, HEADER_AT)[0] == 1
        )

    def read(self, content: bytes, hints: Hints) -> Recording:
        """The recording in a file of this kind.

        Returns
        -------
        Recording
            With the notes ``truncated`` (``records``, ``expected``) and ``unfinished`` when it ends too early.

        Raises
        ------
        InvalidRecording
            ``start_unknown`` (``records``, ``interval_s``); ``inconsistent_recording`` (``field``) when the number of
            samples does not fit the size; the reasons of `regular_recording`.
        """
        *start, samples = _START.unpack_from(content, START_AT)
        body = np.frombuffer(content, dtype=np.uint8, offset=SAMPLES_AT)
        width = _width(body, samples)
        count = body.size // width
        check_rows(count)
        rows = body[: count * width].reshape(count, width)[:, -2:]
        told = clock(*start)
        if start[0] and told is None:
            raise InvalidRecording("inconsistent_recording", field="started_at")
        series = Series(
            known_start(told, hints, count, INTERVAL_S),
            INTERVAL_S,
            readings(rows[:, 0], SPO2_MISSING),
            readings(rows[:, 1], PULSE_MISSING),
            notes=truncated(count, samples) if count < samples else (),
        )
        return regular_recording(series, Origin(self.name, "CMS50", None))


def _width(body: Bytes, samples: int) -> int:
    """Bytes of a sample: by the size, and for a file that ends too early by the samples themselves.

    Wide samples never pass for narrow ones, because the word in front of each would have to be a reading too.
    """
    for width in WIDTHS:
        if body.size == width * samples:
            return width
    for width in WIDTHS:
        if body.size < width * samples <= width * MAX_ROWS and _plausible(body, width):
            return width
    raise InvalidRecording("inconsistent_recording", field="samples")


def _plausible(body: Bytes, width: int) -> bool:
    """Whether every sample of this width would be a reading or a missing one."""
    rows = body[: body.size // width * width].reshape(-1, width)[:, -2:]
    spo2, pulse = rows[:, 0], rows[:, 1]
    out = np.isin(spo2, SPO2_MISSING)
    return bool((out | ((spo2 >= 35) & (spo2 <= 100))).all() and (out | (pulse == 0) | (pulse >= 20)).all())
