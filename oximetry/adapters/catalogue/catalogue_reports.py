"""Vendors' reports, in SQL: beside a night or on their own, with what was read from them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, and_, delete, select, update

from oximetry.adapters.catalogue import tables as t
from oximetry.adapters.catalogue.catalogue_files import file_row
from oximetry.adapters.catalogue.inserting import insert_or_ignore
from oximetry.domain.device_report import DeviceReport
from oximetry.domain.records import NightState, StoredFile, VendorReport


class ReportsTable:
    """Implements ``ports.Reports``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(
        self,
        patient_id: str,
        recording_id: str | None,
        file_id: str,
        now: datetime,
        *,
        numbers: DeviceReport | None = None,
        **read: Any,
    ) -> None:
        """A vendor's report, beside its night or on its own; a second call with the same file changes nothing.

        Parameters
        ----------
        numbers : DeviceReport or None
            ``None`` when it could not be read.
        **read
            ``curve``, ``painted``, ``original_sha256``, ``preview_file_id``, ``device_serial`` and
            ``started_at``.
        """
        self._connection.execute(
            insert_or_ignore(self._connection, t.device_reports).values(
                id=str(uuid4()),
                patient_id=patient_id,
                recording_id=recording_id,
                file_id=file_id,
                created_at=now,
                numbers=numbers.as_json() if numbers else None,
                **read,
            )
        )

    def of_nights(self, night_ids: Sequence[str]) -> dict[str, list[VendorReport]]:
        """The reports of nights, by night."""
        reports_by_night: dict[str, list[VendorReport]] = {}
        for report in self._reports(t.device_reports.c.recording_id.in_(night_ids)):
            reports_by_night.setdefault(str(report.recording_id), []).append(report)
        return reports_by_night

    def alone(self, patient_id: str) -> list[VendorReport]:
        """The patient's reports that belong to no night, oldest first."""
        report = t.device_reports.c
        return self._reports(report.patient_id == patient_id, report.recording_id.is_(None))

    def get(self, report_id: str) -> VendorReport | None:
        """One report."""
        return next(iter(self._reports(t.device_reports.c.id == report_id)), None)

    def near(self, patient_id: str, started_at: datetime, within: timedelta) -> list[VendorReport]:
        """The patient's reports without a night that begin about then."""
        begin = t.device_reports.c.started_at
        alone = (t.device_reports.c.patient_id == patient_id, t.device_reports.c.recording_id.is_(None))
        return self._reports(*alone, begin >= started_at - within, begin <= started_at + within)

    def join(self, report_ids: Sequence[str], recording_id: str) -> None:
        """Reports that stood alone belong to this night, and so do their files."""
        report, file = t.device_reports.c, t.stored_files.c
        which = report.id.in_(report_ids)
        rows = self._connection.execute(select(report.file_id, report.preview_file_id).where(which)).all()
        self._connection.execute(update(t.device_reports).where(which).values(recording_id=recording_id))
        file_ids = [file_id for row in rows for file_id in row if file_id]
        belongs = {"reference_type": "recording", "reference_id": recording_id}
        self._connection.execute(update(t.stored_files).where(file.id.in_(file_ids)).values(**belongs))

    def set_reconciliation(self, report_id: str, comparison: Mapping[str, Any]) -> None:
        """What a comparison with its night gave."""
        which = t.device_reports.c.id == report_id
        self._connection.execute(update(t.device_reports).where(which).values(reconciliation=dict(comparison)))

    def leave_removed(self, file_id: str, patient_id: str, night_id: str | None) -> None:
        """A report that is given again does not stay with a removed night: it goes to this one, or stands alone."""
        report, night = t.device_reports.c, t.recordings.c
        gone = select(night.id).where(night.state == NightState.REMOVED.value)
        self._hand_on(night_id, patient_id, report.file_id == file_id, report.recording_id.in_(gone))

    def let_go(self, recording_id: str, patient_id: str) -> None:
        """The reports of a night that makes room for another stand alone until that one claims them."""
        self._hand_on(None, patient_id, t.device_reports.c.recording_id == recording_id)

    def _hand_on(self, night_id: str | None, patient_id: str, *which: Any) -> None:
        report, file = t.device_reports.c, t.stored_files.c
        rows = self._connection.execute(select(report.id, report.file_id, report.preview_file_id).where(*which)).all()
        own = report.id.in_([row.id for row in rows])
        apart = {"recording_id": night_id, "reconciliation": None}
        self._connection.execute(update(t.device_reports).where(own).values(**apart))
        home = ("recording", night_id) if night_id else ("patient", patient_id)
        file_ids = [one for row in rows for one in (row.file_id, row.preview_file_id) if one]
        belongs = {"reference_type": home[0], "reference_id": home[1]}
        self._connection.execute(update(t.stored_files).where(file.id.in_(file_ids)).values(**belongs))

    def follow_copy(self, recording_id: str, patient_id: str, old_file_id: str, new_file_id: str) -> None:
        """A night's file, report or picture now lies under another patient's prefix.

        Where the same file stood alone there already it is the night's from now on, and a report is kept once.
        """
        report, file = t.device_reports.c, t.stored_files.c
        alone = (file.id == new_file_id, file.reference_type == "patient")
        belongs = {"reference_type": "recording", "reference_id": recording_id}
        self._connection.execute(update(t.stored_files).where(*alone).values(**belongs))
        moving = and_(report.recording_id == recording_id, report.file_id == old_file_id)
        if self._connection.scalar(select(report.id).where(moving)) is not None:
            twin = and_(report.patient_id == patient_id, report.file_id == new_file_id)
            self._connection.execute(delete(t.device_reports).where(twin, report.recording_id.is_(None)))
            if self._connection.scalar(select(report.id).where(twin)) is not None:
                self._connection.execute(delete(t.device_reports).where(moving))
        for column in ("file_id", "preview_file_id"):
            moved = {column: new_file_id, "patient_id": patient_id}
            which = (report.recording_id == recording_id, report[column] == old_file_id)
            self._connection.execute(update(t.device_reports).where(*which).values(**moved))

    def _reports(self, *conditions: Any) -> list[VendorReport]:
        file, preview = t.stored_files.alias(), t.stored_files.alias()
        query = (
            select(t.device_reports, *(column.label(f"kept_{column.name}") for column in file.c))
            .join(file, file.c.id == t.device_reports.c.file_id)
            .where(*conditions, file.c.deleted_at.is_(None))
            .order_by(t.device_reports.c.created_at, t.device_reports.c.id)
        )
        rows = self._connection.execute(query).mappings().all()
        wanted = [row["preview_file_id"] for row in rows if row["preview_file_id"]]
        live = select(preview).where(preview.c.id.in_(wanted), preview.c.deleted_at.is_(None))
        previews = {row.id: file_row(row) for row in self._connection.execute(live)}
        return [_report(row, previews) for row in rows]


def _report(row: Mapping[Any, Any], previews: Mapping[str, StoredFile]) -> VendorReport:
    columns = {name: row[name] for name in _OWN}
    columns["numbers"] = DeviceReport.from_json(row["numbers"]) if row["numbers"] else None
    file = StoredFile(**{name: row[f"kept_{name}"] for name in StoredFile.__slots__ if name != "pending"})
    return VendorReport(**columns, file=file, preview=previews.get(row["preview_file_id"]))


_OWN: Iterable[str] = [name for name in VendorReport.__slots__ if name not in ("file", "preview")]
