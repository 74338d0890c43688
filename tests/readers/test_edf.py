import numpy as np
import pytest

from oximetry.readers.edf_header import EdfHeader
from oximetry.samples.writers.containers import _header, _signal

LABELS_AT = 256


def codes(recording):
    return [note.code for note in recording.notes]


def relabelled(content, first, second):
    return content[:LABELS_AT] + first.ljust(16).encode("latin-1") + second.ljust(16).encode("latin-1") + content[288:]


@pytest.fixture
def resmed(night, written):
    return written("edf", night())[0]


@pytest.mark.parametrize("pulse", ["Pulse.1s", "Puls.1s", "Pouls", "Pols", "Nabiz", "HR", "PR", "Heart Rate"])
@pytest.mark.parametrize("oxygen", ["SpO2.1s", "SpO2", "SaO2", "O2 Sat", "OSAT", "Sättigung", "SpO2 BB"])
def test_channels_are_known_in_every_language_listed(pulse, oxygen, resmed, read):
    recording = read(relabelled(resmed, pulse, oxygen))
    assert recording.spo2_pct[:4].tolist() == [95, 94, 93, 92]
    assert recording.pulse_bpm[:3].tolist() == [60, 61, 62]


@pytest.mark.parametrize("label", ["Flow", "SpO2 Quality", "Pleth", "SpO2Status", "EEG C3", "Pulse"])
def test_file_without_an_oximetry_channel_is_refused(label, resmed, refusal):
    assert refusal(relabelled(resmed, "Flow", label)) == ("edf_without_oximetry", {})


def test_all_missing_channel_means_no_oximeter(night, written, refusal):
    content, _ = written("edf", night([np.nan] * 120, [np.nan] * 120))
    assert refusal(content) == ("no_oximeter_data", {})


def test_file_shorter_than_its_header_is_read_and_marked(resmed, read):
    recording = read(resmed[:-81])
    assert recording.samples == 99
    assert [(note.code, note.details.get("expected")) for note in recording.notes] == [
        ("truncated", 120),
        ("unfinished", None),
    ]


def test_number_of_records_that_was_never_written_marks_it_unfinished(resmed, read):
    recording = read(resmed[:236] + b"-1      " + resmed[244:])
    assert (recording.samples, codes(recording)) == (120, ["unfinished"])


def test_two_oximeters_are_said(resmed, read):
    recording = read(relabelled(resmed, "SpO2 left", "SpO2 right"))
    assert codes(recording) == ["several_oximeters"]
    assert np.isnan(recording.pulse_bpm).all()


def test_more_than_one_sample_a_second_is_thinned_and_said(night, read):
    made = night()
    signals = [_signal("SpO2", "%", (0, 100), (0, 1000)) | {"samples": "8"}]
    body = np.repeat((made.spo2_pct * 10).astype("<i2"), 8)
    recording = read(_header(made, b"0       ", "EDF", signals) + body.tobytes())
    assert np.allclose(recording.spo2_pct, made.spo2_pct)
    assert [(note.code, note.details) for note in recording.notes] == [("thinned", {"from_hz": 8.0})]


def test_interrupted_file_is_refused(resmed, refusal):
    assert refusal(resmed[:192] + b"EDF+D" + resmed[197:]) == ("edf_interrupted", {})


def test_anonymous_header_asks_for_its_start(resmed, refusal):
    content = resmed[:88] + b"Startdate X X X X".ljust(80) + b"01.01.85" + resmed[176:]
    assert refusal(content) == ("start_unknown", {"records": 120, "interval_s": 1.0})


def test_serial_of_the_device_is_cut_to_four_digits(resmed, read):
    content = resmed[:88] + b"Startdate 15-OCT-2025 X X X SRN=23999991234".ljust(80) + resmed[168:]
    recording = read(content)
    assert (recording.device_model, recording.device_serial) == ("ResMed", "1234")


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (252, "9999"),
        (252, "0   "),
        (252, "x   "),
        (244, "0       "),
        (244, "-1      "),
        (244, "1e9     "),
        (168, "99x"),
    ],
)
def test_damaged_header_is_refused(at, text, resmed, refusal):
    assert refusal(resmed[:at] + text.encode() + resmed[at + len(text) :]) == ("edf_damaged", {})


def test_cut_header_is_damaged(resmed, refusal):
    assert refusal(resmed[:600]) == ("edf_damaged", {})
    with pytest.raises(ValueError, match="cut"):
        EdfHeader.of(resmed[:600])


def test_wmedf_without_the_width_of_its_samples_is_refused(night, written, refusal):
    content = bytearray(written("wmedf", night())[0])
    at = 256 + 3 * (16 + 80 + 8 * 5 + 80 + 8)
    assert content[at : at + 2] == b"#2"
    content[at : at + 2] = b"  "
    assert refusal(bytes(content)) == ("wmedf_not_supported", {})


def test_wmedf_without_an_oximeter_is_refused(night, written, refusal):
    content, _ = written("wmedf", night([np.nan] * 20, [np.nan] * 20))
    assert refusal(content) == ("no_oximeter_data", {})
