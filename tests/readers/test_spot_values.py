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
        ('{"heart":[1,2,3]}', "unknown_json"),
    ],
)
def test_json_that_cannot_be_trusted_is_refused(text, reason, refusal):
    assert refusal(text)[0] == reason


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


def test_apple_reads_records_of_a_document_that_is_no_xml(read):
    broken = "<!DOCTYPE HealthData [\n<!ATTLIST Record endDate\n>\n]>\n<HealthData>\n<!-- <Record type='x' -->\x0b"
    broken += f'<Record type="{OXYGEN}" Health App Version="2.6" startDate="2025-10-15 22:00:00 +0300" value="0.5"/>'
    broken += f'<!-- <Record type="{OXYGEN}" startDate="2025-10-15 22:01:00 +0300" value="0.01"/> -->'
    recording = read(apple(("2025-10-15 22:02:00 +0300", 0.97), head=broken))
    assert np.array_equal(recording.spo2_pct, [50, np.nan, 97], equal_nan=True)


def samsung(*rows):
    names = ("update_time", "start_time", "time_offset", "spo2", "spo2_min", "heart_rate", "datauuid")
    head = ",".join(f"com.samsung.health.oxygen_saturation.{name}" for name in names)
    lines = [f"2025-10-16 09:00:00.000,{at},UTC+0300,{spo2},{spo2 - 1},{pulse},a-1," for at, spo2, pulse in rows]
    return "\n".join(["com.samsung.shealth.tracker.oxygen_saturation,7,1", head + ",", *lines]) + "\n"


def test_samsung_writes_universal_time_and_how_far_the_clock_is_ahead(read):
    rows = [(f"2025-10-15 19:0{minute}:30.000", 95 - minute, 60 + minute) for minute in (0, 2, 1)]
    recording = read(samsung(*rows))
    assert (recording.started_at, recording.spo2_pct.tolist()) == (START, [95, 94, 93])
    assert (recording.pulse_bpm.tolist(), codes(recording)) == ([60, 61, 62], ["lines_passed_over", "spot_values"])


FITBIT = [f"2025-10-15T22:0{minute}:00Z,{value}" for minute, value in enumerate((96.5, 50.0, 95.0))]


def test_fitbit_takeout_tells_by_its_name_what_it_holds_or_the_doctor_is_asked(read):
    text = "\n".join(["timestamp,value", *FITBIT]) + "\n"
    named = read(text, "Minute SpO2 - 2025-10-15.csv")
    assert np.array_equal(named.spo2_pct, [96.5, np.nan, 95], equal_nan=True)
    assert codes(named) == ["time_is_utc", "spot_values"]
    assert "columns_by_position" in codes(read(text, "values.csv"))


def test_fitbit_confidence_is_no_pulse_and_an_invalid_minute_no_reading(read):
    rows = [f"{row},{70 + at},60,{at != 0},False" for at, row in enumerate(FITBIT)]
    recording = read("\n".join(["timestamp,value,confidence,coverage,valid,unused", *rows]) + "\n")
    assert np.isnan(recording.pulse_bpm).all()
    assert np.array_equal(recording.spo2_pct, [np.nan, np.nan, 95], equal_nan=True)


@pytest.mark.parametrize(
    "text",
    [
        "timestamp,average_value,lower_bound,upper_bound\n2025-10-15T05:30:00Z,95,91,98\n2025-10-16T05:30:00Z,95,91,98\n",
        "Date,SpO2\n2025-10-15,95\n2025-10-16,96\n2025-10-17,95\n",
        "Time,SpO2\n2025-10-15 05:30:00,95\n2025-10-16 05:30:00,96\n2025-10-17 05:30:00,96\n",
        '{"startTimestampGMT":"2025-10-15T21:00:00.0","spO2SingleValues":null,"spO2HourlyAverages":[[1760562000000,95]]}',
        '{"data":{"metrics":[{"name":"blood_oxygen_saturation","data":[{"date":"2025-10-15 22:00:00 +0300","qty":95},'
        '{"date":"2025-10-15 23:00:00 +0300","qty":96}]}]}}',
    ],
)
def test_means_of_hours_and_days_are_refused_as_that(text, refusal):
    assert refusal(text)[0] == "means_only"


def test_garmin_day_names_its_cells_and_how_far_the_clock_is_ahead(read):
    described = [("timestamp", 1), ("spo2Reading", 0)]
    document = {
        "startTimestampGMT": "2025-10-14T21:00:00.0",
        "startTimestampLocal": "2025-10-15T00:00:00.0",
        "spO2ValueDescriptorsDTOList": [
            {"spo2ValueDescriptorIndex": at, "spo2ValueDescriptorKey": key} for key, at in described
        ],
        "spO2SingleValues": [[95, 1760554800000], [93, 1760554860000]],
    }
    recording = read(json.dumps(document))
    assert (recording.started_at, recording.spo2_pct.tolist()) == (START, [95, 93])


def test_health_auto_export_is_read_with_its_pulse(read, night, written):
    recording = read(written("health_auto_export", night(interval_s=60, start=START))[0])
    assert (recording.started_at, recording.spo2_pct[:2].tolist()) == (START, [95, 94])
    assert recording.pulse_bpm[:2].tolist() == [60, 61]
