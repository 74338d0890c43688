"""Every sample against every reader, and back again through every writer."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oximetry.readers.formats import create_registry
from oximetry.readers.formats_page import formats_page
from oximetry.readers.registry import Probe
from oximetry.samples.samples import samples
from oximetry.samples.writers.catalogue import WRITERS

ROOT = Path(__file__).parents[2]
REGISTRY = create_registry()
NAMES = {reader.name for reader in REGISTRY.readers}
DATA = ROOT / "tests" / "data"
SHIPPED = sorted(path for path in DATA.rglob("*.*") if path.is_file() and not path.name.startswith("refused_"))
CASES = [(writer, interval_s) for writer in WRITERS for interval_s in writer.intervals_s]


def claimants(content):
    return [reader.name for reader in REGISTRY.claimants(Probe.of(content))]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_one_reader_claims_each_shipped_sample(path):
    assert len(claimants(path.read_bytes())) == 1


@pytest.mark.parametrize("writer", WRITERS, ids=lambda writer: writer.name)
def test_shipped_sample_of_each_writer_is_read_to_its_numbers(writer, read):
    """They were written once and stay: a reader and its writer cannot change together unnoticed."""
    path = DATA / "formats" / f"{writer.name}{writer.extension or '.bin'}"
    start = datetime(2025, 10, 15, 23, 58, 0)
    recording = read(path.read_bytes(), writer.file_name(start), start if writer.asks_start else None)
    assert (recording.format, recording.started_at) == (writer.format, start)
    spo2 = [97, 96, 88, np.nan, 91, 95, 94, 97]
    assert np.array_equal(recording.spo2_pct, spo2, equal_nan=True)
    if writer.holds_pulse:
        pulse = [60, 61, 62, np.nan, 64, 65, 66, 67]
        assert np.array_equal(recording.pulse_bpm, pulse, equal_nan=True)


@pytest.mark.parametrize("sample", list(samples()), ids=lambda sample: sample.name)
def test_one_reader_claims_each_synthetic_night(sample):
    assert claimants(sample.content) == ["viatom_csv"]


@pytest.mark.parametrize("rows", [9, 120, 3000])
@pytest.mark.parametrize("writer", WRITERS, ids=lambda writer: writer.name)
def test_one_reader_claims_what_each_writer_writes(writer, rows, night):
    content = writer.write(night(spo2=[95, 94, 93] * (rows // 3), interval_s=writer.intervals_s[0]))
    assert claimants(content) == [writer.format]


def formats_without_a_sample(registry, paths):
    """Names of the readers that claim none of these files."""
    probes = [Probe.of(path.read_bytes()) for path in paths]
    claimed = {reader.name for probe in probes for reader in registry.claimants(probe)}
    return {reader.name for reader in registry.readers} - claimed


def test_every_reader_has_a_sample_and_a_name_of_its_own():
    assert formats_without_a_sample(REGISTRY, SHIPPED) == set()
    assert {writer.format for writer in WRITERS} <= NAMES
    assert len({reader.name for reader in REGISTRY.readers}) == len(REGISTRY.readers)
    assert len({writer.name for writer in WRITERS}) == len(WRITERS)


def test_page_about_the_formats_is_up_to_date():
    assert (ROOT / "docs" / "formats.md").read_text(encoding="utf-8") == formats_page(REGISTRY.readers)


READING = st.tuples(st.integers(50, 100), st.integers(30, 120), st.integers(0, 60))
MARKS = st.sets(st.integers(0, 39), max_size=12)


@st.composite
def traces(draw):
    """Columns of a night; both readings missing, SpO2 alone missing, and the start."""
    rows = draw(st.lists(READING, min_size=12, max_size=40))
    start = datetime(2002, 1, 1) + timedelta(days=draw(st.integers(0, 30 * 365)), seconds=draw(st.integers(0, 86_399)))
    return rows, draw(MARKS), draw(MARKS), start


@pytest.mark.parametrize(("writer", "interval_s"), CASES, ids=lambda case: getattr(case, "name", case))
@settings(max_examples=25, derandomize=True, deadline=None)
@given(trace=traces())
def test_reading_what_was_written_gives_it_back(writer, interval_s, trace, night, read):
    rows, off, below, start = trace
    if interval_s == 60:
        start = start.replace(hour=22, second=0)
    levels = [row[0] for row in rows]
    written = _written(night(interval_s=interval_s, start=start, spo2=levels), rows, off, below, writer)
    asked = start if writer.asks_start else None
    recording = read(writer.write(written), writer.file_name(start), asked)
    assert recording.format == writer.format
    _assert_same(recording, written, writer)


def _written(recording, rows, off, below, writer):
    """The recording with its marks; the first row and the last always hold a reading."""
    count = len(rows)
    spo2, pulse, motion = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    spo2 = np.maximum(spo2, writer.spo2_least_pct)
    missing = [row for row in off if 0 < row < count - 1]
    spo2[missing] = pulse[missing] = np.nan
    if writer.keeps_missing:
        spo2[[row for row in below if 0 < row < count - 1]] = np.nan
    if writer.name in ("viatom_v3", "viatom_v3_doubled"):
        motion = np.arange(count) % 50.0
    return replace(recording, spo2_pct=spo2, pulse_bpm=pulse, motion=motion)


def _assert_same(recording, written, writer):
    assert recording.started_at == written.started_at
    assert recording.sampling_interval_s == written.sampling_interval_s
    assert np.array_equal(recording.time_s, written.time_s)
    assert np.array_equal(recording.spo2_pct, written.spo2_pct, equal_nan=True)
    if writer.holds_pulse:
        assert np.array_equal(recording.pulse_bpm, written.pulse_bpm, equal_nan=True)
    if writer.holds_motion:
        assert np.array_equal(recording.motion, written.motion, equal_nan=True)
