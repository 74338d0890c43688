"""Binary of the Viatom family, versions 3, 5 and 6: what the ring itself stores (no extension, .vld, .dat, .bin)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from struct import Struct

import numpy as np

from oximetry.domain.errors import InvalidRecording
from oximetry.domain.quality import LOWEST_PRINTED_PCT
from oximetry.domain.recording import Hints, Note, Recording
from oximetry.readers.facts import FormatFacts, Proof
from oximetry.readers.file_names import device_in_name
from oximetry.readers.registry import Probe
from oximetry.readers.regular import Series, check_rows, clock, readings, regular_recording, truncated
from oximetry.readers.timeline import Origin

VERSIONS = (3, 5, 6)
HEADER_BYTES = 40
RECORD = np.dtype([("spo2", "u1"), ("pulse", "<u2"), ("motion", "u1"), ("flags", "u1")])
SPO2_MISSING = 255
PULSE_MOST = 255
INTERVALS_S = {3: (2, 4), 5: (1, 2, 4), 6: (1, 2, 4)}
INTERVAL_TOLERANCE = 0.05

_HEADER = Struct("<BBHBBBBBIHHBBBBBHBBIB")
_OVERFLOW_S = 1 << 16


@dataclass(frozen=True, slots=True)
class Header:
    """What the first 40 bytes say.

    Attributes
    ----------
    version : int
    started_at : datetime
    records : int
        As many as the stated size of the file has room for; 0 when it states none.
    duration_s : int
        Modulo 65,536.
    vendor : dict
        The ring's own numbers.
    """

    version: int
    started_at: datetime
    records: int
    duration_s: int
    vendor: dict[str, float | int | None]

    @classmethod
    def of(cls, head: bytes) -> Header | None:
        """The header in a file's first bytes, or ``None``."""
        if len(head) < HEADER_BYTES or head[0] not in VERSIONS or head[1] > 1:
            return None
        version, _, year, month, day, hour, minute, second, size, duration_s, *numbers = _HEADER.unpack_from(head)
        started_at = clock(year, month, day, hour, minute, second)
        if started_at is None:
            return None
        records = max(0, size - HEADER_BYTES) // RECORD.itemsize
        return cls(version, started_at, records, duration_s, vendor_numbers(duration_s, numbers))


def vendor_numbers(duration_s: int, numbers: list[int]) -> dict[str, float | int | None]:
    """The ring's statistics, in the order in which every Viatom binary stores them.

    Parameters
    ----------
    duration_s : int
    numbers : list of int
        Seconds asleep, mean and lowest SpO2, drops of 3 and of 4 percent, percent and seconds below 90, dips below 90,
        score times ten, steps, mean pulse.
    """
    asleep_s, mean, lowest, drops3, drops4, below_pct, below_s, dips, score, steps, pulse = numbers
    return {
        "duration_s": duration_s,
        "asleep_s": asleep_s,
        "spo2_mean_pct": mean if 0 < mean <= 100 else None,
        "spo2_min_pct": lowest if 0 < lowest <= 100 else None,
        "drops_over_3pct": drops3,
        "drops_over_4pct": drops4,
        "below90_pct": below_pct,
        "below90_s": below_s,
        "dips_below90": dips,
        "o2_score": None if score == 255 else score / 10,
        "steps": steps,
        "pulse_mean_bpm": pulse if 0 < pulse < 255 else None,
    }


class ViatomBinary:
    """The reader of the family; see `oximetry.readers.registry.Reader`."""

    name = "viatom_binary"
    facts = FormatFacts(
        title="Viatom binary v3/v5/v6",
        recognised_by="first byte 3, 5 or 6, second 0 or 1, then a date from 2000 to 2100",
        interval="duration divided by records: 2 or 4 s, from version 5 on 1 s, too",
        missing="SpO2 255, pulse above 255; SpO2 255 with a pulse is a reading below the device's range",
        proof=Proof.REAL_FILE,
        remark="v3 proven row for row against its CSV; v5 and v6 on a specification only. Files of version 3 that hold "
        "each sample twice are halved. The header's statistics are kept as the vendor's numbers.",
        floor_pct=LOWEST_PRINTED_PCT,
    )

    def recognises(self, probe: Probe) -> bool:
        """Whether the file starts with a version and a plausible date."""
        return Header.of(probe.head) is not None

    def read(self, content: bytes, hints: Hints) -> Recording:
        """The recording in a file of this family.

        Returns
        -------
        Recording
            With the notes ``truncated`` (``records``, ``expected``) and ``unfinished`` when the file ends too early,
            ``doubled_samples`` (``records``) when each sample stood there twice.

        Raises
        ------
        InvalidRecording
            ``interval_unknown`` (``records``, ``duration_s``); the reasons of `regular_recording`.
        """
        header = Header.of(content)
        if header is None:
            raise InvalidRecording()
        count, rest = divmod(len(content) - HEADER_BYTES, RECORD.itemsize)
        check_rows(count)
        rows = np.frombuffer(content, dtype=RECORD, count=count, offset=HEADER_BYTES)
        expected, interval_s = _timing(header, count, doubled=_holds_pairs(header, rows[: count // 2 * 2]))
        notes: tuple[Note, ...] = ()
        if expected > count or rest:
            notes = truncated(count, max(expected, count + 1))
        if interval_s == 2 and _holds_pairs(header, rows[: count // 2 * 2]):
            notes += (Note("doubled_samples", {"records": count}),)
            rows, interval_s = rows[::2], 4
        spo2_pct = readings(rows["spo2"], (SPO2_MISSING,))
        pulse_bpm = rows["pulse"].astype(np.float64)
        pulse_bpm[rows["pulse"] > PULSE_MOST] = np.nan
        motion = rows["motion"].astype(np.float64)
        series = Series(header.started_at, interval_s, spo2_pct, pulse_bpm, motion, notes, header.vendor)
        return regular_recording(series, Origin(self.name, *device_in_name(hints.filename), self.facts.floor_pct))


def _holds_pairs(header: Header, rows: np.ndarray[tuple[int], np.dtype[np.void]]) -> bool:
    """Whether a version 3 file holds each sample twice, and more than one."""
    return header.version == 3 and rows.size > 2 and rows[::2].tobytes() == rows[1::2].tobytes()


def _timing(header: Header, count: int, *, doubled: bool) -> tuple[int, int]:
    """How many records there should be, and the interval they were taken at.

    The stated size decides when the file is shorter than it; a file of doubled samples states half of its own size.
    """
    candidates = [count, header.records, *([2 * header.records] if doubled else [])]
    for records in sorted({records for records in candidates if records >= count}):
        interval_s = _interval(records, header)
        if interval_s is not None and (records > count or header.records <= count):
            return records, interval_s
    raise InvalidRecording("interval_unknown", records=count, duration_s=header.duration_s)


def _interval(records: int, header: Header) -> int | None:
    """The one interval of the version that fits records and duration, its overflow after 18.2 h included.

    One that fits to the interval itself is taken before those that fit by a twentieth.
    """
    off_s = {one: _distance(records * one, header.duration_s) for one in INTERVALS_S[header.version]}
    exact = [one for one, distance_s in off_s.items() if distance_s <= one]
    near = [one for one, distance_s in off_s.items() if distance_s <= INTERVAL_TOLERANCE * records * one]
    found = exact or near
    return found[0] if len(found) == 1 else None


def _distance(length_s: int, duration_s: int) -> int:
    overflows = length_s // _OVERFLOW_S
    return min(
        abs(length_s - duration_s - times * _OVERFLOW_S) for times in range(max(0, overflows - 1), overflows + 1)
    )
