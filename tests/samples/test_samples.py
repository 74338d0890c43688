import pytest

from oximetry.domain.errors import InvalidRecording
from oximetry.readers.registry import Registry
from oximetry.readers.viatom_csv import ViatomCsv
from oximetry.samples.samples import refused_samples, samples
from oximetry.services.nights.analysis import analyse

SAMPLES = tuple(samples())
REGISTRY = Registry([ViatomCsv()])


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_analysis_finds_what_was_drawn(sample):
    got = analyse(REGISTRY, sample.content, sample.name).as_json()
    got["warnings"] = [warning["code"] for warning in got["warnings"]]
    assert {key: got[key] for key in sample.expected} == {
        key: pytest.approx(value) if isinstance(value, float) else value for key, value in sample.expected.items()
    }


@pytest.mark.parametrize("sample", tuple(refused_samples()), ids=lambda sample: sample.name)
def test_what_is_no_recording_is_refused_as_foretold(sample):
    with pytest.raises(InvalidRecording) as refused:
        analyse(REGISTRY, sample.content, sample.name)
    assert refused.value.reason == sample.expected["reason"]


def test_samples_are_the_same_every_time():
    assert tuple(samples()) == SAMPLES


def test_samples_show_what_a_clinic_meets():
    warnings = {code for sample in SAMPLES for code in sample.expected["warnings"]}
    assert {"ten_hour_limit", "below_range", "clock_set_back", "short_valid_time"} <= warnings
    assert {sample.expected["sampling_interval_s"] for sample in SAMPLES} == {1, 2, 4}
    assert len(SAMPLES) >= 8
