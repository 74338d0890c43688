"""Damaged and hostile files for every reader: a recording, a refusal, and nothing else."""

import random
import tracemalloc

import pytest

from benchmarks.fuzz_readers import BINARY, SEEDS, damaged, outcome

INPUTS = 2000
TEXT_INPUTS = 400


@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: seed.name)
def test_damaged_file_ends_in_a_recording_or_a_refusal(seed):
    source = random.Random(seed.name)
    for _ in range(INPUTS if seed.writer.format in BINARY else TEXT_INPUTS):
        assert outcome(damaged(seed.content, source), seed.file_name).isidentifier()


@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: seed.name)
@pytest.mark.timeout(60)
def test_large_file_costs_less_than_fifty_times_its_size(seed):
    content = seed.grown(400_000)
    outcome(seed.content, seed.file_name)
    tracemalloc.start()
    outcome(content, seed.file_name)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 50 * len(content)


HOSTILE = {
    "empty arrays": b'{"spo2Reading":1,"a":[' + b"[]," * 130_000 + b"1]}",
    "empty objects": b'[{"spo2Reading":1,"epochTimestamp":"2025-10-15T22:00:00"}' + b",{}" * 130_000 + b"]",
    "short pairs": b"95,60\n" * 65_000,
    "short rows": b"Date,Time,SpO2(%),PR(bpm)\n" + b"1,1,1,1\n" * 50_000,
    "many records": b"<HealthData>" + b"<Record/>" * 40_000 + b"</HealthData>",
    "deep elements": b"<HealthData>" + b"<a>" * 130_000,
    "one attribute": b'<HealthData a="' + b"x" * 400_000,
    "samples without end": b"\x58\x03\0\0".ljust(856, b"\0") + b"\1\0\0\0".ljust(228, b"\0") + b"\x5f\x40" * 200_000,
    "medview of one day": b"\7\xff\xff" + (b"\0\0\7\x19\1\1\0\0\0\x5f\x40" * 36_000),
    "edf of tiny records": b"0".ljust(252) + b"1   " + b"SpO2".ljust(96) + b"%".ljust(8) + b"0".ljust(400_000),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_file_costs_less_than_fifty_times_its_size(name):
    outcome(b"0", "x")
    tracemalloc.start()
    assert outcome(HOSTILE[name], "1760572740.dat").isidentifier()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 50 * len(HOSTILE[name])
