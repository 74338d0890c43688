"""The conformance pack: synthetic nights with known answers, in every format that has a writer, to score any tool.

The answers come from how the nights were built, not from our own analysis; a test reads every file and compares.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath

from oximetry.domain.recording import Recording
from oximetry.readers.formats import create_registry
from oximetry.samples.writers.catalogue import WRITERS, Writer
from oximetry.samples.samples import Sample, refused_samples, samples

ANSWERS = (
    "started_at",
    "ended_at",
    "sampling_interval_s",
    "samples",
    "recorded_s",
    "valid_s",
    "below_range_s",
    "gaps",
    "longest_gap_s",
    "spo2_min_pct",
    "spo2_max_pct",
    "t90_min",
    "t_le88_min",
    "desaturations3",
    "desaturations4",
    "odi3_per_h",
    "odi4_per_h",
    "mean_depth_pct",
)
TOLERANCE = 1e-9
SPOT_INTERVAL_S = 60

README = """# Conformance pack

Synthetic nights with known answers, so that any program that reads oximeters' files can be scored.

- `expected.json`: for every file its format, the start where the file itself does not hold it, and the answers.
- `dialects/`: the CSV dialects of the Viatom / Wellue family, with gaps, below-range runs, a repeated DST hour,
  midnight.
- One folder per writer: the same nights in other formats, binary ones among them.
- `refused/`: files that must be refused, with the reason.

The counts are those of the rule `peak-nadir` version 1: a candidate opens 3 % below the highest value of the last
120 s, ends within 1 % of it or 3 % above its lowest value, and counts when that takes 10 to 120 s; indices divide by
the valid hours (SpO2 from 50 to 100 %). `t90_min` is strictly below 90, `t_le88_min` at 88 or lower. Times are wall
clock, without a zone. Numbers are to be compared within 1e-9, texts exactly. No file holds anything of a person.
"""


@dataclass(frozen=True, slots=True)
class PackFile:
    """One file of the pack; ``expected`` is its entry in ``expected.json``."""

    path: str
    content: bytes
    expected: dict[str, object]


def conformance_pack() -> Iterator[PackFile]:
    """Every file, in a fixed order; the same bytes at every call."""
    nights = list(samples())
    for sample in nights:
        yield PackFile(f"dialects/{sample.name}", sample.content, _answers(sample, str(sample.expected["format"])))
    for sample in refused_samples():
        yield PackFile(f"refused/{sample.name}", sample.content, dict(sample.expected))
    registry = create_registry()
    for sample in nights:
        recording = registry.read(sample.content)
        for writer in WRITERS:
            if _can_hold(writer, sample, recording):
                yield _written(writer, sample, recording)


def _can_hold(writer: Writer, sample: Sample, recording: Recording) -> bool:
    """Whether nothing of the night's answers is lost: its interval, its unmeasured lows, its clock without holes."""
    whole = sample.expected["gaps"] == 0 and recording.clock_set_back_at_s is None
    kept = writer.keeps_missing or sample.expected["valid_s"] == sample.expected["recorded_s"]
    low = sample.expected["below_range_s"] == 0 or (writer.holds_pulse and writer.states_floor)
    return whole and kept and low and recording.sampling_interval_s in writer.intervals_s


def _written(writer: Writer, sample: Sample, recording: Recording) -> PackFile:
    start = datetime.fromisoformat(str(sample.expected["started_at"]))
    path = PurePosixPath(writer.name) / writer.file_name(start)
    expected = _answers(sample, writer.format)
    if not writer.holds_start:
        expected["start_is_given"] = start.isoformat()
    return PackFile(str(path), writer.write(recording), expected)


def _answers(sample: Sample, format_name: str) -> dict[str, object]:
    return {"format": format_name, **{name: sample.expected[name] for name in ANSWERS}}
