"""What is kept of a night in the store: its originals, and a CSV that anybody can open."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from oximetry.domain.file_types import CSV
from oximetry.domain.keys import NewFile, ObjectName
from oximetry.domain.records import FileKind, UploadItem
from oximetry.services.nights.analysis import NightReport
from oximetry.services.nights.normalised_csv import normalised_csv


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
        original = recording.original
        if original == CSV and len(self.parts) == 1 and not further:
            key = self._key(self.item, FileKind.CSV, self.item.sha256, CSV.extension)
            return [NewFile(key, self.parts[0][1], CSV.content_type)]
        originals = [
            NewFile(self._key(part, FileKind.ORIGINAL, part.sha256, original.extension), content, original.content_type)
            for part, content in self.parts
        ]
        if further:
            return originals
        twin = normalised_csv(recording)
        key = self._key(self.item, FileKind.CSV, hashlib.sha256(twin).hexdigest(), CSV.extension)
        return [*originals, NewFile(key, twin, CSV.content_type)]

    def _key(self, part: UploadItem, kind: FileKind, sha256: str, extension: str) -> str:
        start = part.started_at or self.report.recording.started_at
        serial = self.report.recording.device_serial
        return ObjectName(str(self.item.patient_id), kind, start, serial, sha256, extension).key


PLOT_LANGUAGES = ("ro", "en")
