"""The formats of text, written from a recording: tables, lines of monitors, XML and JSON."""

from __future__ import annotations

import json
import math
from datetime import datetime

from oximetry.domain.recording import Recording
from oximetry.readers.apple_health import HEART_RATE, OXYGEN
from oximetry.readers.fitbit_garmin import GARMIN_LIST
from oximetry.samples.writers.containers import workbook

_SERIAL_EPOCH = datetime(1899, 12, 30)
_HEADER = ("Time", "Oxygen Level", "Pulse Rate", "Motion")

Row = tuple[datetime, float, float, float]


def viatom_csv(recording: Recording) -> bytes:
    """ViHealth in English, day first."""
    lines = [",".join(_HEADER)]
    for at, spo2, pulse, motion in _rows(recording):
        lines.append(f"{at:%H:%M:%S %d/%m/%Y},{_cell(spo2, '--')},{_cell(pulse, '--')},{_cell(motion, '')}")
    return _joined(lines)


def excel_csv(recording: Recording) -> bytes:
    """The same after Excel in Romanian saved it again: a first line sep=, semicolons, decimal commas."""
    lines = ["sep=;", ";".join(_HEADER)]
    for at, spo2, pulse, motion in _rows(recording):
        cells = (_cell(value, "").replace(".", ",") or "--" for value in (spo2, pulse))
        lines.append(f"{at:%d.%m.%Y %H:%M:%S};{';'.join(cells)};{_cell(motion, '')}")
    return _joined(lines, "\r\n")


def excel_workbook(recording: Recording) -> bytes:
    """The same as .xlsx, with serial dates."""
    rows: list[list[str | float]] = [list(_HEADER)]
    for at, *values in _rows(recording):
        serial = (at - _SERIAL_EPOCH).total_seconds() / 86_400
        rows.append([serial, *("--" if math.isnan(value) else value for value in values)])
    return workbook(rows, serial_dates=True)


def named_table(recording: Recording) -> bytes:
    """A table of no known program: date and clock in two cells, the pulse before the oxygen, semicolons."""
    lines = ["Datum;Uhrzeit;Puls;SpO2;Bewegung"]
    for at, spo2, pulse, motion in _rows(recording):
        lines.append(f"{at:%d.%m.%Y;%H:%M:%S};{_cell(pulse, '')};{_cell(spo2, '--')};{_cell(motion, '')}")
    return _joined(lines)


def contec_csv(recording: Recording) -> bytes:
    """Contec's table, with a space behind each comma."""
    lines = ["DATE,TIME,SPO2,PULSE"]
    for at, spo2, pulse, _ in _rows(recording):
        lines.append(f"{at:%Y-%m-%d, %H:%M:%S}, {_cell(spo2, '127')}, {_cell(pulse, '255')}")
    return _joined(lines, "\r\n")


def contec_csv_without_clock(recording: Recording) -> bytes:
    """Contec's two columns; the start is lost."""
    return _joined([f"{_cell(spo2, '127')},{_cell(pulse, '255')}" for _, spo2, pulse, _ in _rows(recording)])


def emay_csv(recording: Recording) -> bytes:
    """EMAY's table: no leading zeros, AM/PM, blanks for what is missing."""
    lines = ["Date,Time,SpO2(%),PR(bpm)"]
    for at, spo2, pulse, _ in _rows(recording):
        hour = at.hour % 12 or 12
        day = f"{at.month}/{at.day}/{at.year}"
        lines.append(f"{day},{hour}:{at:%M:%S %p},{_cell(spo2, '')},{_cell(pulse, '')}")
    return _joined(lines)


def masimo_out(recording: Recording) -> bytes:
    """Masimo Rad-8, ASCII mode 1."""
    rest = "PI=03.60% SPCO=--.-% SPMET=--.-% DESAT=-- PIDELTA=+-- ALARM=0000 EXC=000000"
    return _joined(
        [
            f"{at:%m/%d/%y %H:%M:%S} SN=0000099001 SPO2={_cell(spo2, '000'):0>3}% BPM={_cell(pulse, '000'):0>3} {rest}"
            for at, spo2, pulse, _ in _rows(recording)
        ]
    )


def nellcor_trend(recording: Recording) -> bytes:
    """Nellcor N-395, with a page header every 40 lines."""
    header = ["N-395   VERSION 1.8.0.1   CRC:XXXX   SpO2 Limit: 85-100%   PR Limit: 40-170BPM", " ADULT   0SAT-S"]
    lines: list[str] = []
    for number, (at, spo2, pulse, _) in enumerate(_rows(recording)):
        if number % 40 == 0:
            lines += [*header, "TIME                 %SpO2    BPM    PA   Status"]
        values = f"{_cell(spo2, '---'):>6}{_cell(pulse, '---'):>8}" if not math.isnan(spo2) else "   ---     ---   SD"
        lines.append(f"{at:%d-%b-%y %H:%M:%S}".upper() + values)
    return _joined(lines)


def apple_export(recording: Recording) -> bytes:
    """Apple Health, with shares for SpO2; missing values have no record."""
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        "<!DOCTYPE HealthData [",
        "<!ELEMENT HealthData (Record*)>",
        "]>",
    ]
    lines.append('<HealthData locale="ro_RO">')
    for at, spo2, pulse, _ in _rows(recording):
        for kind, value in ((OXYGEN, spo2 / 100), (HEART_RATE, pulse)):
            if not math.isnan(value):
                lines.append(f'<Record type="{kind}" startDate="{at:%Y-%m-%d %H:%M:%S} +0300" value="{value:g}"/>')
    return _joined([*lines, "</HealthData>"])


def fitbit_json(recording: Recording) -> bytes:
    """Fitbit, in local time."""
    minutes = [
        {"value": spo2, "minute": f"{at:%Y-%m-%dT%H:%M:%S}"}
        for at, spo2, _, _ in _rows(recording)
        if not math.isnan(spo2)
    ]
    return json.dumps([{"dateTime": f"{recording.started_at:%Y-%m-%d}", "minutes": minutes}]).encode()


def garmin_json(recording: Recording) -> bytes:
    """Garmin, in UTC that equals local time; 0 for what is missing."""
    epochs = [
        {
            "epochTimestamp": f"{at:%Y-%m-%dT%H:%M:%S}.0",
            "epochDuration": 60,
            "spo2Reading": 0 if math.isnan(spo2) else int(spo2),
            "readingConfidence": 3,
        }
        for at, spo2, _, _ in _rows(recording)
    ]
    start_ms = 1_700_000_000_000
    sleep = {"sleepStartTimestampGMT": start_ms, "sleepStartTimestampLocal": start_ms}
    return json.dumps({"dailySleepDTO": sleep, GARMIN_LIST: epochs}).encode()


def fitbit_csv(recording: Recording) -> bytes:
    """Fitbit's takeout of a night; 50 for what is missing."""
    lines = ["timestamp,value"]
    lines += [f"{at:%Y-%m-%dT%H:%M:%SZ},{_cell(spo2, '50.0')}" for at, spo2, _, _ in _rows(recording)]
    return _joined(lines)


def health_auto_export(recording: Recording) -> bytes:
    """Health Auto Export, JSON; what is missing has no value."""
    metrics = []
    for name, unit, column in (("blood_oxygen_saturation", "%", 1), ("heart_rate", "bpm", 2)):
        values = [(row[0], row[column]) for row in _rows(recording)]
        data = [{"date": f"{at:%Y-%m-%d %H:%M:%S} +0300", "qty": value} for at, value in values if value == value]
        metrics.append({"name": name, "units": unit, "data": data})
    return json.dumps({"data": {"metrics": metrics, "workouts": []}}).encode()


def nonin_text(recording: Recording) -> bytes:
    """Nonin's printer text; the start is lost."""
    lines = ["NONIN MODEL 2500A"]
    lines += [f"SPO2={_cell(spo2, '---'):>3} HR={_cell(pulse, '---'):>3}" for _, spo2, pulse, _ in _rows(recording)]
    return _joined(lines, "\r\n")


def _rows(recording: Recording) -> list[Row]:
    clocks = [recording.wall_clock(elapsed_s) for elapsed_s in recording.time_s.tolist()]
    columns = (recording.spo2_pct.tolist(), recording.pulse_bpm.tolist(), recording.motion.tolist())
    return [
        row for row, inserted in zip(zip(clocks, *columns, strict=True), recording.gap_row, strict=True) if not inserted
    ]


def _cell(value: float, missing: str) -> str:
    return missing if math.isnan(value) else f"{value:g}"


def _joined(lines: list[str], line_end: str = "\n") -> bytes:
    return (line_end.join(lines) + line_end).encode()
