"""Binary of the O2Ring S (OxyII): a short header, samples, and a trailer written after the ring is taken off."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from struct import Struct

import numpy as np

from oximetry.domain.errors import InvalidRecording
from oximetry.domain.quality import LOWEST_PRINTED_PCT
from oximetry.domain.recording import Hints, Note, Recording
from oximetry.readers.facts import FormatFacts, Proof
from oximetry.readers.file_names import device_in_name, moment_in_name
from oximetry.readers.registry import Probe
from oximetry.readers.regular import (
    UNFINISHED,
    Series,
    check_rows,
    clock,
    known_start,
    readings,
    regular_recording,
    truncated,
)
from oximetry.readers.timeline import Origin
from oximetry.readers.viatom_binary import vendor_numbers

SIGNATURE = b"\x01\x03" + bytes(6)
HEADER_BYTES = 10
TRAILER_BYTES = 48
MAGIC = b"\x48\x12\x5a\xda"
MODEL_WITH_ZERO = 7
INTERVALS_S = (1, 2, 4)
INTERVAL_WITHOUT_TRAILER_S = 1
WIDTH_WITHOUT_TRAILER = 3
MOTION_BITS = 0x3F

_TRAILER = Struct("<I4sIIBBB13xHBBBBBHBBIB")
_EPOCH = datetime(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Trailer:
    """What the last 48 bytes say.

    Attributes
    ----------
    byte_sum : int
        Of everything before, modulo 2**32.
    started_at : datetime or None
        ``None`` when the ring's clock was not set.
    samples, interval_s, width : int
        ``width`` is the bytes of a sample.
    vendor : dict
        The ring's own numbers.
    """

    byte_sum: int
    started_at: datetime | None
    samples: int
    interval_s: int
    width: int
    vendor: dict[str, float | int | None]

    @classmethod
    def of(cls, tail: bytes) -> Trailer | None:
        """The trailer in a file's last bytes, or ``None`` when it was not written yet."""
        if len(tail) < TRAILER_BYTES or tail[-TRAILER_BYTES + 4 : -TRAILER_BYTES + 8] != MAGIC:
            return None
        byte_sum, _, epoch_s, samples, interval_s, channels, width, *numbers = _TRAILER.unpack(tail[-TRAILER_BYTES:])
        if width != (3 if channels else 2) or interval_s not in INTERVALS_S:
            raise InvalidRecording("inconsistent_recording", field="trailer")
        start = _EPOCH + timedelta(seconds=epoch_s)
        started_at = clock(start.year, start.month, start.day, start.hour, start.minute, start.second)
        vendor = vendor_numbers(samples * interval_s, numbers)
        return cls(byte_sum, started_at, samples, interval_s, width, vendor)


class OxyII:
    """The reader of the O2Ring S; see `oximetry.readers.registry.Reader`."""

    name = "oxyii"
    facts = FormatFacts(
        title="Viatom O2Ring S (OxyII)",
        recognised_by="bytes 01 03 and six zeros at the start",
        interval="in the trailer: 1, 2 or 4 s; without a trailer 1 s is assumed, and said",
        missing="255 (device model 7: 0)",
        proof=Proof.SPECIFICATION,
        remark="Without the trailer the night is unfinished and its start is taken from the file's name "
        "(YYYYMMDDHHMMSS), or asked for.",
        floor_pct=LOWEST_PRINTED_PCT,
    )

    def recognises(self, probe: Probe) -> bool:
        """Whether the file starts with the signature."""
        return probe.size >= HEADER_BYTES and probe.head.startswith(SIGNATURE)

    def read(self, content: bytes, hints: Hints) -> Recording:
        """The recording in a file of this kind.

        Returns
        -------
        Recording
            With the notes ``truncated`` (``records``, ``expected``), ``unfinished``, ``interval_assumed``
            (``interval_s``) and ``checksum_wrong`` where they apply.

        Raises
        ------
        InvalidRecording
            ``start_unknown`` (``records``, ``interval_s``); ``inconsistent_recording`` (``field``) for a trailer that
            contradicts the body; the reasons of `regular_recording`.
        """
        trailer = Trailer.of(content)
        end = len(content) - (TRAILER_BYTES if trailer is not None else 0)
        width = trailer.width if trailer is not None else WIDTH_WITHOUT_TRAILER
        count = max(0, end - HEADER_BYTES) // width
        check_rows(count)
        rows = np.frombuffer(content, dtype=np.uint8, count=count * width, offset=HEADER_BYTES).reshape(count, width)
        missing = (0 if int.from_bytes(content[8:10], "little") == MODEL_WITH_ZERO else 255,)
        interval_s = trailer.interval_s if trailer is not None else INTERVAL_WITHOUT_TRAILER_S
        told = trailer.started_at if trailer is not None else moment_in_name(hints.filename)
        series = Series(
            known_start(told, hints, count, interval_s),
            interval_s,
            readings(rows[:, 0], missing),
            readings(rows[:, 1], missing),
            (rows[:, 2] & MOTION_BITS).astype(np.float64) if width == 3 else None,
            _notes(trailer, content, end, count),
            trailer.vendor if trailer is not None else {},
        )
        model, serial = device_in_name(hints.filename)
        return regular_recording(series, Origin(self.name, model or "O2Ring S", serial, self.facts.floor_pct))


def _notes(trailer: Trailer | None, content: bytes, end: int, count: int) -> tuple[Note, ...]:
    if trailer is None:
        return UNFINISHED, Note("interval_assumed", {"interval_s": INTERVAL_WITHOUT_TRAILER_S})
    if count > trailer.samples:
        raise InvalidRecording("inconsistent_recording", field="trailer")
    notes = truncated(count, trailer.samples) if count < trailer.samples else ()
    total = int(np.frombuffer(content, dtype=np.uint8, count=end).sum(dtype=np.uint64)) % (1 << 32)
    return notes if total == trailer.byte_sum else (*notes, Note("checksum_wrong"))
