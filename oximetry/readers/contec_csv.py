"""CSV of Contec's software: date and clock in two cells; of a device without a clock, SpO2 and pulse only."""

from __future__ import annotations

import re

import numpy as np

from oximetry.domain.errors import InvalidRecording
from oximetry.domain.file_types import CSV
from oximetry.domain.recording import Hints, Recording
from oximetry.readers.facts import FormatFacts, Proof
from oximetry.readers.named_table import TableRules, read_named
from oximetry.readers.quantities import Quantity, quantity_of
from oximetry.readers.registry import Probe
from oximetry.readers.regular import Series, known_start, readings, regular_recording
from oximetry.readers.table_header import head_header
from oximetry.readers.text_table import decode, decode_head, split_lines
from oximetry.readers.timeline import Origin

INTERVAL_S = 1
SPO2_MISSING = (127, 255)
PULSE_MISSING = (255,)
LEAST_ROWS = 5

HEADER = ("date", "time", "spo2", "pulse")
_RULES = TableRules(SPO2_MISSING, PULSE_MISSING)
_NAMED: dict[tuple[Quantity, ...], tuple[int, int]] = {
    (Quantity.OXYGEN, Quantity.PULSE): (1, 2),
    (Quantity.PULSE, Quantity.OXYGEN): (2, 1),
}
_BETWEEN = re.compile(r"[,;\t|]")
_PAIR = re.compile(r"\s*(\d{1,3})\s*[,;\t|]\s*(\d{1,3})\s*", re.ASCII)


class ContecCsv:
    """The reader of both tables; see `oximetry.readers.registry.Reader`."""

    name = "contec_csv"
    facts = FormatFacts(
        title="Contec CMS50 CSV",
        recognised_by="the header DATE, TIME, SPO2, PULSE; or two columns of SpO2 (35-100, 0, 127, 255) and pulse only",
        interval="median of the steps of the clock: 1 s; without a clock 1 s",
        missing="SpO2 127 or 255, pulse 255",
        proof=Proof.REAL_FILE,
        remark="Two columns without a clock are on a specification only, and their start is asked for.",
        original=CSV,
    )

    def recognises(self, probe: Probe) -> bool:
        """Whether the first line is the header, or every whole line of the first bytes is a pair of readings."""
        return _has_header(probe.head) or _holds_pairs(probe)

    def read(self, content: bytes, hints: Hints) -> Recording:
        """The recording in a file of this kind.

        Raises
        ------
        InvalidRecording
            ``start_unknown`` (``records``, ``interval_s``) without a clock; ``bad_value`` (``line``, ``column``); the
            reasons of `oximetry.readers.viatom_csv.ViatomCsv.read`.
        """
        origin = Origin(self.name, "CMS50", None)
        if _has_header(Probe.of(content).head):
            return read_named(split_lines(decode(content)), hints, origin, _RULES)
        return regular_recording(_pairs(content, hints), origin)


def _has_header(head: bytes) -> bool:
    header = head_header(head)
    return header is not None and header.starts_with(*HEADER)


def _holds_pairs(probe: Probe) -> bool:
    lines = decode_head(probe.head).splitlines()
    if probe.size > len(probe.head):
        lines = lines[:-1]
    lines = [line for line in lines if line.strip()]
    order = _named_order(lines[0]) if lines else None
    rows = [_PAIR.fullmatch(line) for line in lines[order is not None :]]
    enough = len(rows) >= (LEAST_ROWS if order is None else 1)
    return enough and all(row is not None and _is_reading(row, order or (1, 2)) for row in rows)


def _named_order(line: str) -> tuple[int, int] | None:
    """Where oxygen and pulse stand, from 1, when a line names these two and nothing else."""
    return _NAMED.get(tuple(quantity_of(cell) for cell in _BETWEEN.split(line.strip())))


def _is_reading(row: re.Match[str], order: tuple[int, int]) -> bool:
    spo2, pulse = int(row[order[0]]), int(row[order[1]])
    return spo2 in (0, *SPO2_MISSING) or (35 <= spo2 <= 100 and (pulse == 0 or 20 <= pulse <= 255))


def _pairs(content: bytes, hints: Hints) -> Series:
    lines = split_lines(decode(content))
    filled = [(number, line) for number, line in enumerate(lines, 1) if line.strip()]
    order = _named_order(filled[0][1])
    rows = filled[order is not None :]
    values = np.fromiter((value for number, line in rows for value in _pair(number, line)), dtype=np.uint16)
    spo2, pulse = (values[place - 1 :: 2] for place in order or (1, 2))
    start = known_start(None, hints, spo2.size, INTERVAL_S)
    return Series(start, INTERVAL_S, readings(spo2, SPO2_MISSING), readings(pulse, PULSE_MISSING))


def _pair(number: int, line: str) -> tuple[int, int]:
    match = _PAIR.fullmatch(line)
    if match is None:
        raise InvalidRecording("bad_value", line=number, column="spo2")
    return int(match[1]), int(match[2])
