"""Damaged files for every reader: ``python -m benchmarks.fuzz_readers [inputs] [seed]`` (200,000 in all), and
``python -m benchmarks.fuzz_readers <inputs> <seed> binary [writer …]`` (so many for each binary format, the memory of
every fourth watched).

Prints what came of them. Anything but a recording or an ``InvalidRecording``, a read of more than 2 s, or (watched) of
more memory than 50 times the input (its holes filled), ends the run with the bytes that did it.
"""

from __future__ import annotations

import random
import sys
import time
import tracemalloc
from collections import Counter
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from oximetry.domain.errors import InvalidRecording
from oximetry.domain.recording import Hints, Recording
from oximetry.readers.formats import create_registry
from oximetry.samples.writers.catalogue import WRITERS, Writer

INPUTS = 200_000
SLOW_S = 2.0
MEMORY_FACTOR = 50
WATCHED_PART = 4
SMALL_BYTES = 64 * 1024  # Python's own objects for a file of a few hundred bytes
ROWS = 90
START = datetime(2025, 10, 15, 23, 59, 0)
BINARY = ("viatom_binary", "oxyii", "pod2", "contec_spo2", "contec_spo", "medview", "edf", "wmedf", "xlsx")
BINARY_WRITERS = ("viatom_v", "oxyii", "pod2", "contec_sp", "medview", "edf", "bdf", "wmedf")
SPECIAL = (0, 1, 3, 5, 6, 0x20, 0x2D, 0x30, 0x39, 0x7F, 0x80, 0xFF)

_REGISTRY = create_registry()


@dataclass(frozen=True, slots=True)
class Seed:
    """A good file to start from.

    Attributes
    ----------
    name : str
        Of its writer.
    content : bytes
    file_name : str
    writer : Writer
    """

    name: str
    content: bytes
    file_name: str
    writer: Writer

    def grown(self, size: int) -> bytes:
        """A good file of about so many bytes."""
        rows = max(ROWS, ROWS * size // len(self.content))
        if self.writer.intervals_s == (60,):
            rows = min(rows, 1400)
        return self.writer.write(_night(self.writer, min(rows, 60_000)))


def _night(writer: Writer, rows: int) -> Recording:
    source = np.random.default_rng(7)
    interval_s = float(writer.intervals_s[-1])
    spo2 = source.integers(60, 100, rows).astype(np.float64)
    spo2[5:8] = np.nan
    return Recording(
        format="made_up",
        device_model=None,
        device_serial=None,
        started_at=START,
        time_s=np.arange(rows) * interval_s,
        spo2_pct=spo2,
        pulse_bpm=source.integers(50, 110, rows).astype(np.float64),
        motion=source.integers(0, 60, rows).astype(np.float64),
        gap_row=np.zeros(rows, dtype=np.bool_),
        sampling_interval_s=interval_s,
    )


def _seed(writer: Writer) -> Seed:
    return Seed(writer.name, writer.write(_night(writer, ROWS)), writer.file_name(START), writer)


SEEDS = tuple(_seed(writer) for writer in WRITERS)


def damaged(content: bytes, source: random.Random) -> bytes:
    """The file with one to six changes, most of them in its header, or cut, or repeated."""
    raw = bytearray(content)
    for _ in range(source.randint(1, 6)):
        size = max(1, len(raw))
        at = source.randrange(min(size, source.choice((16, 64, 300, 1100, size))))
        kind = source.randrange(6)
        if kind == 0:
            del raw[at : at + source.randint(1, 40)]
        elif kind == 1:
            raw[at:at] = bytes(source.choice(SPECIAL) for _ in range(source.randint(1, 12)))
        elif kind == 2 and source.random() < 0.3:
            del raw[source.randrange(size) :]
        elif kind == 3:
            raw[-(at % 64) - 1 : -(at % 64) or None] = bytes([source.randrange(256)])
        else:
            raw[at : at + 1] = bytes([source.choice(SPECIAL) if kind == 4 else source.randrange(256)])
    return bytes(raw)


def outcome(content: bytes, file_name: str) -> str:
    """The reason of a refusal, or ``recording``."""
    try:
        recording = _REGISTRY.read(content, Hints(file_name))
    except InvalidRecording as refused:
        return refused.reason
    if recording.samples < 2:
        raise AssertionError("a recording of one row")
    return "recording"


def main(inputs: int = INPUTS, seed: int = 1) -> None:
    """Run; prints one line per kind of outcome."""
    source = random.Random(seed)
    outcomes: Counter[tuple[str, str]] = Counter()
    slowest = 0.0
    for number in range(inputs):
        start = SEEDS[number % len(SEEDS)]
        content = damaged(start.content, source)
        began = time.perf_counter()
        try:
            outcomes[start.name, outcome(content, start.file_name)] += 1
        except BaseException:
            print(start.name, content.hex())
            raise
        slowest = max(slowest, time.perf_counter() - began)
        if slowest > SLOW_S:
            print(start.name, content.hex())
            raise SystemExit(f"took {slowest:.1f} s")
    for (name, reason), count in sorted(outcomes.items()):
        print(f"{name:20} {reason:24} {count}")
    print(f"{inputs} inputs, slowest {1000 * slowest:.0f} ms")


def each_binary(inputs: int, seed: int, names: tuple[str, ...] = BINARY_WRITERS) -> None:
    """So many inputs for every binary format whose writer's name starts so; prints one line per format."""
    for start in (one for one in SEEDS if one.name.startswith(names)):
        source = random.Random(f"{seed} {start.name}")
        read, slowest, most = 0, 0.0, 0
        for number in range(inputs):
            content = damaged(start.content, source)
            began = time.process_time()
            try:
                read += outcome(content, start.file_name) == "recording"
            except BaseException:
                print(start.name, content.hex())
                raise
            slowest = max(slowest, time.process_time() - began)
            used, allowed = _memory(content, start.file_name) if number % WATCHED_PART == 0 else (0, 0)
            most = max(most, used)
            if slowest > SLOW_S or used > allowed:
                print(start.name, content.hex())
                raise SystemExit(f"took {slowest:.1f} s and {used} bytes")
        told = f"{inputs} inputs, {read} read, the rest refused, {inputs // WATCHED_PART} watched"
        print(f"{start.name:20} {told}, slowest {1000 * slowest:.0f} ms, most memory {most // 1024} KB", flush=True)


def _memory(content: bytes, file_name: str) -> tuple[int, int]:
    """Bytes that reading took at most, the second time (the first may import something), and what it may take.

    A hole in a file's own timestamps is filled with rows, so the input counts as if the hole had been recorded.
    """
    size = len(content)
    tracemalloc.start()
    try:
        recording = _REGISTRY.read(content, Hints(file_name))
        size = size * recording.samples // int(recording.samples - recording.gap_row.sum())
    except InvalidRecording:
        pass
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most, max(MEMORY_FACTOR * size, SMALL_BYTES)


if __name__ == "__main__":
    counts = [int(word) for word in sys.argv[1:3]]
    if sys.argv[3:4] == ["binary"]:
        each_binary(*counts, tuple(sys.argv[4:]) or BINARY_WRITERS)
    else:
        main(*counts)
