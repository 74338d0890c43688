"""A vendor's report in the store: beside the night it belongs to, without what it tells of the person."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from oximetry.domain.catalogue_ports import Transaction
from oximetry.domain.keys import NewFile, ObjectName
from oximetry.domain.ports import ReportReader
from oximetry.domain.records import FileKind, UploadItem


@dataclass(frozen=True, slots=True)
class KeptReport:
    """A report on its way into the store: the PDF, and the picture of its page where it could be read."""

    item: UploadItem
    pdf: NewFile
    preview: NewFile | None
    painted: bool

    @property
    def files(self) -> list[NewFile]:
        """The objects to write."""
        return [self.pdf] if self.preview is None else [self.pdf, self.preview]

    def write(self, transaction: Transaction, patient_id: str, night_id: str | None, now: datetime) -> None:
        """Its rows, once the objects are there; what was done about a name is in the audit."""
        item, read = self.item, self.item.report
        reference = ("recording", night_id) if night_id else ("patient", patient_id)
        rows = [transaction.files.add(file.row(reference, item.doctor_id), now) for file in self.files]
        transaction.reports.add(
            patient_id,
            night_id,
            rows[0].id,
            now,
            numbers=read.numbers if read else None,
            curve=read.curve if read else None,
            painted=self.painted,
            original_sha256=item.sha256,
            preview_file_id=rows[1].id if self.preview else None,
            device_serial=item.device_serial,
            started_at=item.started_at,
        )
        details = {"painted": self.painted, "kept_original": item.keep_original, "read": item.report is not None}
        transaction.audit.add(now, item.doctor_id, "report_stored", ("item", item.id), **details)
        transaction.reports.leave_removed(rows[0].id, patient_id, night_id)
        if night_id:
            alone = [one.id for one in transaction.reports.alone(patient_id) if one.original_sha256 == item.sha256]
            transaction.reports.join(alone, night_id)


class ReportKeeper:
    """Makes the stored copy of a report."""

    def __init__(self, reports: ReportReader) -> None:
        self._reports = reports

    def make(self, item: UploadItem, content: bytes, patient_id: str, started_at: datetime) -> KeptReport:
        """The copy, painted over where it carries a name or may carry one, unless the doctor keeps the original."""
        read = item.report is not None
        painted = read and not item.keep_original and carries_name(item) is not False
        if painted:
            content = self._reports.painted(content)
        preview = self._reports.preview(content) if read else None

        def named(kind: FileKind, file_content: bytes, extension: str, content_type: str) -> NewFile:
            sha256 = hashlib.sha256(file_content).hexdigest()
            name = ObjectName(patient_id, kind, started_at, item.device_serial, sha256, extension)
            return NewFile(name.key, file_content, content_type)

        pdf = named(FileKind.REPORT, content, "pdf", "application/pdf")
        picture = named(FileKind.PLOT, preview, "png", "image/png") if preview else None
        return KeptReport(item, pdf, picture, painted)


def carries_name(item: UploadItem) -> bool | None:
    """Whether a report tells of the person; ``None`` when that could not be read."""
    return item.printed.carries_name if item.printed else None
