"""Health Auto Export (an application beside Apple Health), JSON: spot values; its CSV is a table with named columns."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import datetime

from oximetry.domain.errors import InvalidRecording
from oximetry.domain.file_types import JSON
from oximetry.domain.recording import Hints, Recording
from oximetry.readers.facts import FormatFacts, Proof
from oximetry.readers.registry import Probe
from oximetry.readers.spot_values import percent, spot_recording, whole_minute
from oximetry.readers.text_table import decode
from oximetry.readers.timeline import Origin

OXYGEN, HEART_RATE = "blood_oxygen_saturation", "heart_rate"

_FIRST = re.compile(r'\s*\{\s*"data"\s*:\s*\{.{0,2000}?"metrics"\s*:\s*\[', re.DOTALL)


class HealthAutoExport:
    """The reader of the file; see `oximetry.readers.registry.Reader`."""

    name = "health_auto_export"
    facts = FormatFacts(
        title="Health Auto Export JSON",
        recognised_by='JSON that starts with "data" and "metrics"',
        interval="spot values on a raster of 60 s",
        missing="no value",
        proof=Proof.SPECIFICATION,
        remark="Only values of single moments are read; sums by hour or day are refused. Of several nights the last "
        "one is read, and said. No ODI is computed from spot values.",
        original=JSON,
    )

    def recognises(self, probe: Probe) -> bool:
        """Whether the document starts like one of the application's."""
        return _FIRST.match(probe.head.decode("utf-8-sig", errors="ignore")) is not None

    def read(self, content: bytes, hints: Hints) -> Recording:
        """The recording in a file of this kind.

        Raises
        ------
        InvalidRecording
            ``json_damaged``; ``no_oximeter_data``; ``means_only``; ``bad_time`` (``line``, the value's number); the
            reasons of `spot_recording`.
        """
        try:
            metrics = json.loads(decode(content))["data"]["metrics"]
            rows = {one["name"]: one["data"] for one in metrics if one.get("name") in (OXYGEN, HEART_RATE)}
            spo2_pct = _by_minute(rows.get(OXYGEN, ()), "qty")
            pulse_bpm = _by_minute(rows.get(HEART_RATE, ()), "qty", "Avg")
        except (ValueError, RecursionError, TypeError, KeyError, AttributeError) as error:
            raise InvalidRecording("json_damaged") from error
        if not spo2_pct:
            raise InvalidRecording("no_oximeter_data")
        _refuse_means(spo2_pct)
        shares = {moment: percent(value) for moment, value in spo2_pct.items()}
        return spot_recording(shares, pulse_bpm, Origin(self.name, "Apple Health", None), hints)


def _by_minute(rows: Iterable[dict[str, object]], *names: str) -> dict[datetime, float]:
    """Values by the whole minute, the first of each kept; the first of the names that a row has."""
    values: dict[datetime, float] = {}
    for number, row in enumerate(rows, 1):
        value = next((row[name] for name in names if name in row), None)
        try:
            minute = whole_minute(str(row["date"]))
        except ValueError as error:
            raise InvalidRecording("bad_time", line=number) from error
        values.setdefault(minute, float(value) if isinstance(value, int | float) else float("nan"))
    return values


def _refuse_means(moments: Iterable[datetime]) -> None:
    """Refuse values that all stand on a full hour: the application writes the means of hours and days so."""
    if all(moment.minute == 0 for moment in moments):
        raise InvalidRecording("means_only")
