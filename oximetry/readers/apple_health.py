"""Apple Health ``export.xml``: spot values of oxygen saturation and heart rate.

Real exports are often no well-formed XML: iOS 16 wrote a document type that cannot be parsed, applications add
attributes whose names hold spaces, and notes carry control characters. Only the tags of records are therefore read,
each by itself; everything around them may be as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from oximetry.domain.errors import InvalidRecording
from oximetry.domain.file_types import XML
from oximetry.domain.recording import Hints, Recording
from oximetry.readers.facts import FormatFacts, Proof
from oximetry.readers.registry import Probe
from oximetry.readers.spot_values import percent, spot_recording, whole_minute
from oximetry.readers.timeline import Origin

OXYGEN = "HKQuantityTypeIdentifierOxygenSaturation"
HEART_RATE = "HKQuantityTypeIdentifierHeartRate"
MOST_TAG_PARTS = 256

_FIRST = re.compile(r"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*(?:<!DOCTYPE\s+HealthData\b|<HealthData\b)", re.DOTALL)
_ROOT = re.compile(rb"<HealthData[\s>]")
_END = re.compile(rb"</HealthData\s*>\s*\Z")
# A comment or a section that never ends takes the rest of the document with it.
_TAG = re.compile(
    rb"<!--.*?(?:-->|\Z)|<!\[CDATA\[.*?(?:\]\]>|\Z)"
    rb"|<Record\s((?:[^<>\"']+|\"[^\"<]*\"|'[^'<]*'){1,%d}+)>" % MOST_TAG_PARTS,
    re.DOTALL,
)
_ATTRIBUTE = re.compile(rb"([\w:.-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_KINDS = {OXYGEN.encode(), HEART_RATE.encode()}


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
        "the last one is read, and said. No ODI is computed from spot values. The broken document type of iOS 16, "
        "control characters and attribute names with spaces are passed over.",
        original=XML,
    )

    def recognises(self, probe: Probe) -> bool:
        """Whether the document is of this kind."""
        return _FIRST.match(probe.head.decode("utf-8-sig", errors="ignore")) is not None

    def read(self, content: bytes, hints: Hints) -> Recording:
        """The recording in an export; notes and reasons of `spot_recording`, and ``xml_damaged`` (``line``)."""
        start = _start_of_records(content)
        spo2_pct: dict[datetime, float] = {}
        pulse_bpm: dict[datetime, float] = {}
        for at, tag in _records(content, start):
            attributes = {name: double or single for name, double, single in _ATTRIBUTE.findall(tag)}
            kind = attributes.get(b"type", b"").decode("utf-8", errors="replace")
            if kind not in (OXYGEN, HEART_RATE):
                continue
            try:
                moment = whole_minute(attributes.get(b"startDate", b"").decode("utf-8", errors="replace"))
                value = float(attributes.get(b"value", b""))
            except ValueError as error:
                raise InvalidRecording("bad_time", line=_line(content, at)) from error
            if kind == OXYGEN:
                spo2_pct.setdefault(moment, percent(value))
            else:
                pulse_bpm.setdefault(moment, value)
        if not spo2_pct:
            raise InvalidRecording("no_oximeter_data")
        return spot_recording(spo2_pct, pulse_bpm, Origin(self.name, "Apple Health", None), hints)


def _start_of_records(content: bytes) -> int:
    """Where the document itself begins; a damaged one and one that defines entities are refused."""
    root = _ROOT.search(content)
    if root is None or b"<!ENTITY" in content[: root.start()]:
        raise InvalidRecording("xml_damaged", line=1)
    if _END.search(content, max(root.start(), len(content) - 256)) is None:
        raise InvalidRecording("xml_damaged", line=_line(content, len(content)))
    return root.start()


def _records(content: bytes, start: int) -> Iterator[tuple[int, bytes]]:
    """Where each record of the two kinds stands, and the text of its tag; comments are no records."""
    for tag in _TAG.finditer(content, start):
        if tag[1] is not None and any(kind in tag[1] for kind in _KINDS):
            yield tag.start(), tag[1]


def _line(content: bytes, at: int) -> int:
    return content.count(b"\n", 0, at) + 1
