"""Apple Health ``export.xml``: spot values of oxygen saturation and heart rate, read as a stream."""

from __future__ import annotations

import re
from datetime import datetime
from xml.parsers import expat

from oximetry.domain.errors import InvalidRecording
from oximetry.domain.recording import Hints, Recording
from oximetry.readers.facts import FormatFacts, Proof
from oximetry.readers.registry import Probe
from oximetry.readers.spot_values import percent, spot_recording, whole_minute
from oximetry.readers.timeline import Origin

OXYGEN = "HKQuantityTypeIdentifierOxygenSaturation"
HEART_RATE = "HKQuantityTypeIdentifierHeartRate"

_FIRST = re.compile(r"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*(?:<!DOCTYPE\s+HealthData\b|<HealthData\b)", re.DOTALL)


class AppleHealth:
    """The reader of the export; see `oximetry.readers.registry.Reader`."""

    name = "apple_health"
    facts = FormatFacts(
        title="Apple Health export.xml",
        recognised_by="an XML document HealthData",
        interval="spot values on a raster of 60 s",
        missing="no record",
        proof=Proof.SPECIFICATION,
        remark="0.97 and 97 are both understood. The clock is the local one written in each record. Of several nights "
        "the last one is read, and said. No ODI is computed from spot values.",
    )

    def recognises(self, probe: Probe) -> bool:
        """Whether the document is of this kind."""
        return _FIRST.match(probe.head.decode("utf-8-sig", errors="ignore")) is not None

    def read(self, content: bytes, hints: Hints) -> Recording:
        """The recording in an export; notes and reasons of `spot_recording`, and ``xml_damaged`` (``line``)."""
        spo2_pct: dict[datetime, float] = {}
        pulse_bpm: dict[datetime, float] = {}

        def take(tag: str, attributes: dict[str, str]) -> None:
            kind = attributes.get("type") if tag == "Record" else None
            if kind not in (OXYGEN, HEART_RATE):
                return
            try:
                moment = whole_minute(attributes.get("startDate", ""))
                value = float(attributes.get("value", ""))
            except ValueError as error:
                raise InvalidRecording("bad_time", line=parser.CurrentLineNumber) from error
            if kind == OXYGEN:
                spo2_pct.setdefault(moment, percent(value))
            else:
                pulse_bpm.setdefault(moment, value)

        parser = expat.ParserCreate("utf-8")
        parser.StartElementHandler = take
        parser.EntityDeclHandler = _refuse_entity
        try:
            parser.Parse(content, True)
        except (expat.ExpatError, ValueError) as error:
            raise InvalidRecording("xml_damaged", line=parser.CurrentLineNumber) from error
        if not spo2_pct:
            raise InvalidRecording("no_oximeter_data")
        return spot_recording(spo2_pct, pulse_bpm, Origin(self.name, "Apple Health", None), hints)


def _refuse_entity(*_: object) -> None:
    raise InvalidRecording("xml_damaged", line=1)
