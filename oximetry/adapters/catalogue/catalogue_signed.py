"""Signed reports in SQL: rows are added, and what is said of them later is written once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, func, insert, literal, select, text, update

from oximetry.adapters.catalogue import review_tables as r
from oximetry.domain.errors import NotFound
from oximetry.domain.review_records import ClinicalReport
from oximetry.domain.signing import FIRST_LINK

_OWN_COLUMNS = tuple(field.name for field in fields(ClinicalReport) if field.name != "night_ids")
_COLUMNS = [r.clinical_reports.c[name] for name in _OWN_COLUMNS]
_WITHOUT_CONTENT = [literal("").label("content") if column.name == "content" else column for column in _COLUMNS]


class ClinicalReportsTable:
    """Implements ``review_ports.ClinicalReports``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def lock_chain(self) -> None:
        """Let one transaction at a time add to the chain."""
        if self._connection.dialect.name == "postgresql":
            self._connection.execute(text("SELECT pg_advisory_xact_lock(7262009)"))

    def last_link(self) -> tuple[int, str]:
        """Position and hash of the newest report; 0 and zeros before the first."""
        report = r.clinical_reports.c
        newest = select(report.position, report.chain_sha256).order_by(report.position.desc()).limit(1)
        row = self._connection.execute(newest).one_or_none()
        return (row.position, row.chain_sha256) if row else (0, FIRST_LINK)

    def last_number(self, year: int) -> int:
        """How many reports were numbered in a year."""
        report = r.clinical_reports.c
        return int(self._connection.scalar(select(func.max(report.counter)).where(report.year == year)) or 0)

    def add(self, report: ClinicalReport, code_sha256: str) -> None:
        """A new version of a report, at the end of the chain."""
        year, counter = report.number.split("-")
        values = {name: getattr(report, name) for name in _OWN_COLUMNS}
        numbered = {"year": int(year), "counter": int(counter), "code_sha256": code_sha256, "asked_count": 0}
        self._connection.execute(insert(r.clinical_reports).values(**values, **numbered))
        for position, night_id in enumerate(report.night_ids):
            row = {"report_id": report.id, "position": position, "recording_id": night_id}
            self._connection.execute(insert(r.report_nights).values(**row))

    def get(self, report_id: str, doctor_id: str | None = None) -> ClinicalReport:
        """One version; the worker asks without a doctor. Raises ``NotFound``."""
        report = r.clinical_reports.c
        own = () if doctor_id is None else (report.doctor_id == doctor_id,)
        found = self._where(report.id == report_id, *own)
        if not found:
            raise NotFound(report_id=report_id)
        return found[0]

    def newest(
        self, doctor_id: str, subjects: Sequence[str], *, with_content: bool = True
    ) -> dict[str, ClinicalReport]:
        """The newest version of each night or set that has one; a list of many asks without their content."""
        report, other = r.clinical_reports.c, r.clinical_reports.alias().c
        last = select(func.max(other.version)).where(other.subject == report.subject).correlate(r.clinical_reports)
        newest = report.version == last.scalar_subquery()
        which = (report.doctor_id == doctor_id, report.subject.in_(subjects), newest)
        found = self._where(*which, with_content=with_content)
        return {one.subject: one for one in found}

    def versions(self, doctor_id: str, subject: str) -> list[ClinicalReport]:
        """All versions, oldest first."""
        report = r.clinical_reports.c
        return self._where(report.doctor_id == doctor_id, report.subject == subject)

    def of_patient(self, patient_id: str) -> list[ClinicalReport]:
        """All versions of all reports about a patient, oldest first."""
        return self._where(r.clinical_reports.c.patient_id == patient_id)

    def unfinished(self) -> list[str]:
        """Reports whose file is not in the store yet."""
        report = r.clinical_reports.c
        return list(self._connection.scalars(select(report.id).where(report.file_key.is_(None))))

    def replace(self, report_id: str, by: str, now: datetime) -> None:
        """A newer version stands in its place; said once."""
        report = r.clinical_reports.c
        self._set(report_id, report.replaced_by.is_(None), replaced_by=by, replaced_at=now)

    def withdraw(self, report_id: str, reason: str, now: datetime) -> None:
        """It no longer holds; said once."""
        report = r.clinical_reports.c
        self._set(report_id, report.withdrawn_at.is_(None), withdrawn_at=now, withdrawn_reason=reason)

    def release(self, report_id: str, now: datetime) -> None:
        """The patient may see it; said once."""
        self._set(report_id, r.clinical_reports.c.released_at.is_(None), released_at=now)

    def bind(self, report_id: str, pdf: bytes, pdf_sha256: str, now: datetime) -> bool:
        """These are its bytes, for good; returns ``False`` when others were bound before."""
        unbound = r.clinical_reports.c.pdf_sha256.is_(None)
        return self._set(report_id, unbound, pdf=pdf, pdf_sha256=pdf_sha256, rendered_at=now, code_sealed=None)

    def bound_bytes(self, report_id: str) -> bytes | None:
        """The bytes, while they are not in the store yet."""
        report = r.clinical_reports.c
        pdf: bytes | None = self._connection.scalar(select(report.pdf).where(report.id == report_id))
        return pdf

    def file(self, report_id: str, key: str) -> None:
        """The bytes lie in the store under this key; said once."""
        self._set(report_id, r.clinical_reports.c.file_key.is_(None), file_key=key, pdf=None)

    def chain(self) -> list[ClinicalReport]:
        """All reports in the order of signing."""
        return self._where()

    def by_code(self, code_sha256: str) -> ClinicalReport | None:
        """The version with this code; counted either way, so that both answers cost the same."""
        return self._asked(r.clinical_reports.c.code_sha256 == code_sha256)

    def by_pdf(self, pdf_sha256: str) -> ClinicalReport | None:
        """The version with this file."""
        return self._asked(r.clinical_reports.c.pdf_sha256 == pdf_sha256)

    def count_attempt(self, address: str, now: datetime, since: datetime) -> int:
        """Write a try down and say how many came from the address since then; older ones are forgotten."""
        attempt = r.verification_attempts.c
        if self._connection.dialect.name == "postgresql":
            self._connection.execute(text("SELECT pg_advisory_xact_lock(7262010)"))
        self._connection.execute(delete(r.verification_attempts).where(attempt.attempted_at < since))
        self._connection.execute(insert(r.verification_attempts).values(address=address, attempted_at=now))
        counted = select(func.count()).where(attempt.address == address, attempt.attempted_at >= since)
        return int(self._connection.scalar(counted) or 0)

    def _asked(self, which: ColumnElement[bool]) -> ClinicalReport | None:
        report = r.clinical_reports.c
        counted = update(r.clinical_reports).where(which).values(asked_count=report.asked_count + 1)
        self._connection.execute(counted)
        found = self._where(which)
        return found[0] if found else None

    def _set(self, report_id: str, unsaid: ColumnElement[bool], **values: Any) -> bool:
        which = (r.clinical_reports.c.id == report_id, unsaid)
        return self._connection.execute(update(r.clinical_reports).where(*which).values(**values)).rowcount == 1

    def signed_since(self, doctor_id: str, since: datetime) -> list[ClinicalReport]:
        """What a doctor signed from a time on, oldest first, without the content."""
        report = r.clinical_reports.c
        which = (report.doctor_id == doctor_id, report.signed_at >= since, report.erased_at.is_(None))
        return self._where(*which, with_content=False)

    def _where(self, *which: ColumnElement[bool], with_content: bool = True) -> list[ClinicalReport]:
        columns = _COLUMNS if with_content else _WITHOUT_CONTENT
        rows = self._connection.execute(select(*columns).where(*which).order_by(r.clinical_reports.c.position)).all()
        nights = self._nights([row.id for row in rows])
        return [
            ClinicalReport(
                **{name: getattr(row, name) for name in _OWN_COLUMNS}, night_ids=tuple(nights.get(row.id, ()))
            )
            for row in rows
        ]

    def _nights(self, report_ids: Iterable[str]) -> dict[str, list[str]]:
        night = r.report_nights.c
        rows = self._connection.execute(
            select(night.report_id, night.recording_id)
            .where(night.report_id.in_(list(report_ids)))
            .order_by(night.report_id, night.position)
        )
        by_report: dict[str, list[str]] = {}
        for row in rows:
            by_report.setdefault(row.report_id, []).append(row.recording_id)
        return by_report
