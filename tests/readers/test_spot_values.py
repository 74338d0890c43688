import json
from datetime import datetime

import numpy as np
import pytest

from oximetry.domain.metrics import summarise

START = datetime(2025, 10, 15, 22, 0, 0)
OXYGEN = "HKQuantityTypeIdentifierOxygenSaturation"


def codes(recording):
    return [note.code for note in recording.notes]


def apple(*values, head="<HealthData>"):
    rows = [f'<Record type="{OXYGEN}" startDate="{at}" value="{value}"/>' for at, value in values]
    return f'<?xml version="1.0"?>\n{head}\n' + "\n".join(rows) + "\n</HealthData>\n"


@pytest.mark.parametrize("scale", [1, 100])
def test_apple_writes_a_share_or_percent(scale, read):
    spots = [(f"2025-10-15 22:{minute:02d}:30 +0300", 0.97 * scale) for minute in (0, 1, 4)]
    recording = read(apple(*spots))
    assert recording.started_at == START
    assert np.array_equal(recording.spo2_pct, [97, 97, np.nan, np.nan, 97], equal_nan=True)
    assert (recording.sampling_interval_s, codes(recording)) == (60, ["spot_values"])


def test_of_several_nights_the_last_is_read_and_said_or_the_one_asked_for(read):
    spots = [(f"2025-10-{day} 0{hour}:00:00 +0300", 0.9 + day / 1000) for day in (13, 14, 16) for hour in (1, 2)]
    recording = read(apple(*spots))
    assert recording.started_at == datetime(2025, 10, 16, 1, 0)
    assert (codes(recording), recording.notes[1].details) == (["spot_values", "other_nights_left_out"], {"nights": 2})
    assert read(apple(*spots), None, datetime(2025, 10, 12, 23, 0)).started_at == datetime(2025, 10, 13, 1, 0)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (apple(), "no_oximeter_data"),
        (apple(("2025-10-15 22:00:00 +0300", 0.97)), "too_few_rows"),
        (apple(("yesterday", 0.97)), "bad_time"),
        (apple(("1025-10-15 22:00:00 +0300", 0.97)), "bad_time"),
        (apple(("2025-10-15 22:00:00 +0300", "x")), "bad_time"),
        (apple(("2025-10-15 22:00:00 +0300", 0.97))[:-20], "xml_damaged"),
        (apple(head='<!DOCTYPE HealthData [<!ENTITY a "b">]><HealthData>'), "xml_damaged"),
        (apple(head='<!DOCTYPE HealthData [<!ENTITY a SYSTEM "/etc/passwd">]><HealthData>'), "xml_damaged"),
    ],
)
def test_export_that_cannot_be_trusted_is_refused(text, reason, refusal):
    assert refusal(text)[0] == reason


def test_garmin_is_moved_to_local_time_or_says_it_is_utc(night, written, read):
    document = json.loads(written("garmin", night(interval_s=60, start=START))[0])
    document["dailySleepDTO"]["sleepStartTimestampLocal"] += 3 * 3_600_000
    assert read(json.dumps(document)).started_at == datetime(2025, 10, 16, 1, 0)
    del document["dailySleepDTO"]
    recording = read(json.dumps(document))
    assert (recording.started_at, codes(recording)) == (START, ["start_in_utc", "spot_values"])
    assert read(json.dumps(document["wellnessEpochSPO2DataDTOList"])).samples == 120


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('[{"minutes":[{"value":97.0,"minute":"2025-10-15T22:00:00"}', "json_damaged"),
        ('[{"minutes":[{"value":97.0,"minute":"22:00"}]}]', "bad_time"),
        ('[{"minutes":[{"value":97.0,"minute":"2025-10-15T22:00:00"}]}]', "too_few_rows"),
        ('{"spo2Reading":' + "[" * 100_000, "json_damaged"),
        ('{"spo2Reading":97,"epochTimestamp":null}', "bad_time"),
        ('{"wellnessEpochSPO2DataDTOList":null}', "too_few_rows"),
        ('{"heart":[1,2,3]}', "unknown_format"),
    ],
)
def test_json_that_cannot_be_trusted_is_refused(text, reason, refusal):
    assert refusal(text)[0] in (reason, "no_time_column" if reason == "unknown_format" else reason)


def test_no_odi_is_computed_from_spot_values_and_it_is_said(night, written, read):
    trace = [97, 90] * 200
    analysis = summarise(read(written("fitbit", night(trace, interval_s=60, start=START))[0]))
    summary = analysis.summary
    assert analysis.events == ()
    assert summary.desaturations3 is summary.desaturations4 is summary.desaturations4_mean120 is None
    assert np.isnan([summary.odi3_per_h, summary.odi4_per_h, summary.odi3_mean120_per_h, summary.mean_depth_pct]).all()
    assert (summary.spo2_mean_pct, summary.spo2_min_pct) == (93.5, 90)
    assert [warning.code for warning in analysis.warnings] == [
        "spot_values",
        "no_odi_from_spot_values",
        "no_pulse_channel",
    ]
