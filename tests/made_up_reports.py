"""A reader of vendors' reports that knows what a test tells it, and takes every other PDF for an unknown layout."""

from __future__ import annotations

from dataclasses import dataclass, field

from oximetry.domain.device_report import DeviceReport
from oximetry.domain.errors import InvalidUpload
from oximetry.domain.report_curve import ReportCurve


@dataclass(frozen=True)
class MadeUpRead:
    """What a test says that a report prints."""

    report: DeviceReport
    curve: ReportCurve | None = None


@dataclass
class MadeUpReports:
    """Implements ``ports.ReportReader``; ``known`` goes from bytes to what they print."""

    known: dict[bytes, MadeUpRead] = field(default_factory=dict)

    def read(self, content: bytes, owner: str = "") -> MadeUpRead:
        """What the test said."""
        if content not in self.known:
            raise InvalidUpload("report_unknown_layout")
        return self.known[content]

    def painted(self, content: bytes) -> bytes:
        """Other bytes, the same every time."""
        return content + b" painted"

    def preview(self, content: bytes) -> bytes:
        """No picture, but the bytes of one."""
        return b"\x89PNG\r\n\x1a\n of " + content

    def close(self) -> None:
        """Nothing is held."""


UNREAD_FIELDS = tuple(name for name in DeviceReport.__dataclass_fields__ if name != "carries_name")
BLANK = MadeUpRead(DeviceReport(uncertain=UNREAD_FIELDS, carries_name=False))
"""A known layout of which nothing could be read but that it carries no name."""
