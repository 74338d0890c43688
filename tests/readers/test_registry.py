from pathlib import Path

import pytest

from oximetry.domain.errors import InvalidRecording
from oximetry.readers.formats import create_registry
from oximetry.readers.registry import Probe, Registry
from oximetry.readers.viatom_csv import ViatomCsv

DATA = Path(__file__).parents[1] / "data"
SAMPLES = sorted(path for path in DATA.glob("*.csv") if not path.name.startswith("refused_"))


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_exactly_one_reader_claims_each_sample(path):
    assert len(create_registry().claimants(Probe.of(path.read_bytes()))) == 1


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_each_sample_is_read_across_midnight_to_its_missing_last_row(path, read):
    recording = read(path.read_bytes())
    assert recording.samples == 4
    assert recording.spo2_pct[:3].tolist() == [95, 94, 93]
    assert recording.pulse_bpm[:3].tolist() == [61, 62, 60]
    assert recording.motion.tolist() == [0, 0, 4, 12]
    assert recording.spo2_pct[3] != recording.spo2_pct[3]
    assert recording.pulse_bpm[3] != recording.pulse_bpm[3]
    assert recording.ended_at.date().toordinal() - recording.started_at.date().toordinal() == 1
    assert recording.notes == ()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty_file"),
        (b"\xef\xbb\xbf \r\n\r\n", "empty_file"),
        (b"\x89PNG\r\n\x1a\n" + bytes(40), "is_image"),
        (b"\xff\xd8\xff\xe0" + bytes(40), "is_image"),
        (b"%PDF-1.4\n...", "is_pdf"),
        (b"PK\x03\x04" + bytes(40), "is_zip"),
        (b'[{"steps":' + b"1," * 900 + b"0}]", "unknown_json"),
        (b'<?xml version="1.0"?><gpx><trkpt lat="44.4"/></gpx>', "unknown_xml"),
        (b"\n<!DOCTYPE html><html><body>20:35:10 15/10/2025,92,78,0</body></html>", "is_html"),
        (b"Time,SYS(mmHg),DIA(mmHg),PR(bpm)\n20:35:10 15/10/2025,120,80,60\n", "blood_pressure"),
    ],
)
def test_what_is_no_recording_is_refused_in_its_own_words(content, reason, refusal):
    assert refusal(content) == (reason, {})


@pytest.mark.parametrize(
    ("content", "seen"),
    [
        (b"2025-05-15, 12:06:42, 95, 71\n2025-05-15, 12:06:43, 95, 71\n", "text, 4 columns separated by ,"),
        (b"Popescu;Ion;12:06:42\n", "text, 3 columns separated by ;"),
        (b"a\tb\t12:06:42\n", "text, 3 columns separated by TAB"),
        (b"just some words", "text without columns"),
        (b"\x1f\x8b\x08\x00" + bytes(range(256)) * 20, "binary, first bytes 1F 8B 08 00"),
    ],
)
def test_unknown_file_is_refused_with_its_shape_and_what_is_read(content, seen, refusal):
    reason, details = refusal(content)
    assert (reason, details["seen"]) == ("unknown_format", seen)
    assert "Contec CMS50 .SpO2" in details["formats"]


def test_table_without_a_clock_is_refused_with_its_line(refusal):
    assert refusal("0.0,97,76,85\n0.6,97,76,67\n") == ("no_time_column", {"line": 1})


def test_empty_registry_knows_no_format(csv_text):
    with pytest.raises(InvalidRecording, match="unknown_format"):
        Registry([]).read(csv_text().encode())


def test_two_claims_are_a_refusal_and_never_a_choice(csv_text):
    with pytest.raises(InvalidRecording, match="ambiguous_format"):
        Registry([ViatomCsv(), ViatomCsv()]).read(csv_text().encode())
