"""Everything about a person, out of every table; see `ErasureTable.erase` for what is kept and why."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, Connection, Table, delete, insert, or_, select, update

from oximetry.adapters.catalogue import review_tables as r
from oximetry.adapters.catalogue import sync_tables as s
from oximetry.adapters.catalogue import tables as t
from oximetry.adapters.catalogue.erasure_tables import erasures
from oximetry.adapters.catalogue.job_tables import jobs
from oximetry.adapters.catalogue.link_sessions import link_sessions
from oximetry.domain.erasure import Erasure, ErasureScope

_AT_ONCE = 200


class ErasureTable:
    """Implements ``catalogue_ports.Erasures``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def scope(self, patient_id: str) -> ErasureScope:
        """What belongs to a person: patients merged into this one, nights, files, batch rows, reports."""
        patients = self._with_merged(patient_id)
        night, item, file, analysis = t.recordings.c, t.upload_items.c, t.stored_files.c, t.analyses.c
        night_rows = self._rows(t.recordings, night.patient_id.in_(patients))
        nights = [row.id for row in night_rows]
        reports = self._rows(
            t.device_reports,
            or_(t.device_reports.c.patient_id.in_(patients), t.device_reports.c.recording_id.in_(nights)),
        )
        report_ids = [row.id for row in reports]
        prefixes = [f"{one}/" for one in patients]
        of_person = or_(
            *(file.key.startswith(prefix, autoescape=True) for prefix in prefixes),
            file.reference_id.in_([*patients, *nights, *report_ids]),
        )
        files = self._rows(t.stored_files, of_person)
        contents = {row.original_sha256 for row in (*night_rows, *reports)} | {row.sha256 for row in files}
        samples = {row.samples_sha256 for row in night_rows if row.samples_sha256}
        doctor_id = self._connection.scalar(select(t.patients.c.doctor_id).where(t.patients.c.id == patient_id))
        items = self._rows(
            t.upload_items,
            item.doctor_id == doctor_id,
            or_(
                item.patient_id.in_(patients),
                item.recording_id.in_(nights),
                item.sha256.in_(contents - {None}),
                item.samples_sha256.in_(samples),
            ),
        )
        items += self._rows(t.upload_items, item.joined_to.in_([row.id for row in items]))
        item_ids = list(dict.fromkeys(row.id for row in items))
        links = self._ids(t.patient_links, t.patient_links.c.patient_id.in_(patients))
        sessions = self._ids(link_sessions, link_sessions.c.link_id.in_(links))
        old_links = self._ids(t.retired_links, t.retired_links.c.patient_id.in_(patients))
        signed = self._ids(r.clinical_reports, r.clinical_reports.c.patient_id.in_(patients))
        staged = [row.staging_key for row in items]
        waiting = self._rows(
            t.outbox,
            or_(t.outbox.c.key.in_(staged), *(t.outbox.c.key.startswith(one, autoescape=True) for one in prefixes)),
        )
        moving = self._rows(
            t.recordings, or_(night.moving_to.in_(patients), night.id.in_(nights)), night.moving_to.is_not(None)
        )
        loans = self._rows(t.device_loans, t.device_loans.c.patient_id.in_(patients))
        outside = [row.key for row in files if not row.key.startswith(tuple(prefixes))]
        return ErasureScope(
            patients=tuple(patients),
            nights=tuple(nights),
            analyses=tuple(self._ids(t.analyses, analysis.recording_id.in_(nights))),
            items=tuple(item_ids),
            vendor_reports=tuple(report_ids),
            files=tuple(row.id for row in files),
            links=tuple([*links, *old_links]),
            sessions=tuple(sessions),
            signed_reports=tuple(signed),
            outbox=tuple(row.id for row in waiting),
            places=tuple(dict.fromkeys([*prefixes, *staged, *outside])),
            serials=tuple({row.device_serial for row in (*night_rows, *items, *loans) if row.device_serial}),
            is_moving=bool(moving),
        )

    def erase(self, scope: ErasureScope, now: datetime) -> dict[str, int]:
        """Delete or blank every row; returns how many of each table.

        Kept, without anything that leads to the person: signed reports as empty links, so that the chain of
        everybody's reports can still be checked. A hash of the content stays in the link: it tells nothing without the
        content, which is gone.
        """
        patients, nights, items = scope.patients, scope.nights, scope.items
        counts: dict[str, int] = {}

        def gone(table: Table, column: ColumnElement[Any], ids: Collection[str]) -> None:
            removed = sum(
                self._connection.execute(delete(table).where(column.in_(some))).rowcount
                for some in batched(ids, _AT_ONCE)
            )
            counts[table.name] = counts.get(table.name, 0) + removed

        gone(jobs, jobs.c.subject, self._idle_subjects(scope))
        gone(t.plots, t.plots.c.analysis_id, scope.analyses)
        gone(t.exclusions, t.exclusions.c.recording_id, nights)
        gone(t.analyses, t.analyses.c.recording_id, nights)
        gone(t.device_reports, t.device_reports.c.id, scope.vendor_reports)
        gone(t.upload_items, t.upload_items.c.id, items)
        gone(t.night_lines, t.night_lines.c.patient_id, patients)
        gone(t.handovers, t.handovers.c.patient_id, patients)
        gone(t.device_loans, t.device_loans.c.patient_id, patients)
        gone(link_sessions, link_sessions.c.id, scope.sessions)
        gone(t.link_openings, t.link_openings.c.link_id, scope.links)
        gone(t.patient_links, t.patient_links.c.patient_id, patients)
        gone(t.retired_links, t.retired_links.c.patient_id, patients)
        gone(t.recordings, t.recordings.c.id, nights)
        gone(t.stored_files, t.stored_files.c.id, scope.files)
        gone(t.outbox, t.outbox.c.id, scope.outbox)
        gone(r.interpretations, r.interpretations.c.patient_id, patients)
        gone(r.report_nights, r.report_nights.c.report_id, scope.signed_reports)
        for place in scope.places:
            self._connection.execute(
                delete(s.sync_entries).where(s.sync_entries.c.key.startswith(place, autoescape=True))
            )
        self._blank_reports(scope, now)
        self._forget_choices(patients)
        gone(t.patients, t.patients.c.id, patients)
        counts["clinical_reports"] = len(scope.signed_reports)
        return {name: count for name, count in counts.items() if count}

    def quiet_patients(self, doctor_id: str, before: datetime) -> list[str]:
        """Patients of a doctor who were made before a time and were given no night since, the oldest first.

        A night counts by the day it was stored: a device's clock may stand years ago.
        """
        patient, same = t.patients.c, t.patients.alias("same").c
        of_patient = select(same.id).where(or_(same.id == patient.id, same.merged_into == patient.id))
        night = t.recordings.c
        given = select(night.id).where(night.patient_id.in_(of_patient), night.created_at >= before).exists()
        own = (patient.doctor_id == doctor_id, patient.merged_into.is_(None), patient.created_at < before)
        return list(self._connection.scalars(select(patient.id).where(*own, ~given).order_by(patient.created_at)))

    def note(self, erasure: Erasure) -> None:
        """Remember what is still to be removed from the store."""
        values = {name: getattr(erasure, name) for name in ("id", "doctor_id", "pseudonym", "requested_at", "counts")}
        lists = {"places": list(erasure.places), "subjects": list(erasure.subjects)}
        self._connection.execute(insert(erasures).values(**values, **lists))

    def get(self, erasure_id: str) -> Erasure | None:
        """One that was noted; ``None`` for an unknown id."""
        row = self._connection.execute(select(erasures).where(erasures.c.id == erasure_id)).one_or_none()
        if row is None:
            return None
        values = {name: getattr(row, name) for name in ("id", "doctor_id", "pseudonym", "requested_at", "counts")}
        return Erasure(**values, places=tuple(row.places), subjects=tuple(row.subjects), finished_at=row.finished_at)

    def finish(self, erasure_id: str, now: datetime) -> None:
        """The store holds nothing any more; where it was is forgotten too."""
        done = {"places": [], "subjects": [], "finished_at": now}
        self._connection.execute(update(erasures).where(erasures.c.id == erasure_id).values(**done))

    def any_runs(self, subjects: Sequence[str]) -> bool:
        """Whether a job about one of these subjects is being done."""
        running = select(jobs.c.id).where(jobs.c.state == "running", jobs.c.subject.in_(subjects)).limit(1)
        return self._connection.scalar(running) is not None

    def drop_jobs(self, subjects: Sequence[str]) -> None:
        """Forget jobs about these subjects; none of them runs."""
        for some in batched(subjects, _AT_ONCE):
            self._connection.execute(delete(jobs).where(jobs.c.subject.in_(some)))

    def _with_merged(self, patient_id: str) -> list[str]:
        patients, found = [patient_id], [patient_id]
        while found:
            found = self._ids(t.patients, t.patients.c.merged_into.in_(found), t.patients.c.id.not_in(patients))
            patients += found
        return patients

    def _idle_subjects(self, scope: ErasureScope) -> list[str]:
        running = set(
            self._connection.scalars(
                select(jobs.c.subject).where(jobs.c.state == "running", jobs.c.subject.in_(scope.subjects))
            )
        )
        return [subject for subject in scope.subjects if subject not in running]

    def _blank_reports(self, scope: ErasureScope, now: datetime) -> None:
        for report_id in scope.signed_reports:
            blank = {
                "patient_id": str(uuid4()),
                "subject": str(uuid4()),
                "content": "",
                "numbers_sha256": uuid4().hex,
                "code_sha256": uuid4().hex,
                "code_sealed": None,
                "pdf": None,
                "pdf_sha256": None,
                "file_key": "",
                "withdrawn_reason": None,
                "erased_at": now,
            }
            report = r.clinical_reports
            self._connection.execute(update(report).where(report.c.id == report_id).values(**blank))

    def _forget_choices(self, patients: Sequence[str]) -> None:
        """Files that were meant for the person and not confirmed stay in their batch, and wait to be decided."""
        item = t.upload_items.c
        self._connection.execute(update(t.upload_items).where(item.target.in_(patients)).values(target=None))

    def _rows(self, table: Table, *which: ColumnElement[bool]) -> list[Any]:
        return list(self._connection.execute(select(table).where(*which)).all())

    def _ids(self, table: Table, *which: ColumnElement[bool]) -> list[str]:
        return list(self._connection.scalars(select(table.c.id).where(*which)))


def batched(ids: Collection[str], count: int) -> Iterator[list[str]]:
    """Some ids at a time; ``itertools.batched`` comes with Python 3.12."""
    listed = list(ids)
    for start in range(0, len(listed), count):
        yield listed[start : start + count]
