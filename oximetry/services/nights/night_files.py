"""What is kept of a night in the store: its originals, and a CSV that anybody can open."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from oximetry.domain.keys import NewFile, ObjectName
from oximetry.domain.records import FileKind, UploadItem
from oximetry.services.nights.analysis import NightReport
from oximetry.services.nights.normalised_csv import normalised_csv

CSV = "text/csv"
CSV_FORMATS = ("viatom_csv", "contec_csv", "emay", "table_csv")
ORIGINALS = {
    **dict.fromkeys(CSV_FORMATS, ("csv", CSV)),
    "edf": ("edf", "application/octet-stream"),
    "xlsx": ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "apple_health": ("xml", "application/xml"),
    "fitbit_garmin": ("json", "application/json"),
    "masimo_rad8": ("txt", "text/plain"),
    "nellcor_n395": ("txt", "text/plain"),
}


@dataclass(frozen=True, slots=True)
class ReadNight:
    """A confirmed night, read once more: its row's file as it was read, the files it is made of, and the report."""

    item: UploadItem
    parts: tuple[tuple[UploadItem, bytes], ...]
    report: NightReport

    def files(self, *, further: bool) -> list[NewFile]:
        """What is kept of it: a CSV, or the originals that are none or several and one CSV twin.

        A ``further`` file of a night that has its own original is kept as it came.
        """
        recording = self.report.recording
        is_csv = recording.format in CSV_FORMATS
        extension, content_type = ORIGINALS.get(recording.format, ("bin", "application/octet-stream"))
        if is_csv and len(self.parts) == 1 and not further:
            return [NewFile(self._key(self.item, FileKind.CSV, self.item.sha256, "csv"), self.parts[0][1], CSV)]
        originals = [
            NewFile(self._key(part, FileKind.ORIGINAL, part.sha256, extension), content, content_type)
            for part, content in self.parts
        ]
        if further:
            return originals
        twin = normalised_csv(recording)
        return [
            *originals,
            NewFile(self._key(self.item, FileKind.CSV, hashlib.sha256(twin).hexdigest(), "csv"), twin, CSV),
        ]

    def _key(self, part: UploadItem, kind: FileKind, sha256: str, extension: str) -> str:
        start = part.started_at or self.report.recording.started_at
        serial = self.report.recording.device_serial
        return ObjectName(str(self.item.patient_id), kind, start, serial, sha256, extension).key


PLOT_LANGUAGES = ("ro", "en")
