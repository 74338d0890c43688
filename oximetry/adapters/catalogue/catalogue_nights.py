"""Stored nights, their analyses and plots, and the catalogue of objects, in SQL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Select, and_, delete, insert, or_, select, update

from oximetry.adapters.catalogue import review_tables as r
from oximetry.adapters.catalogue import tables as t
from oximetry.adapters.catalogue.catalogue_files import file_row
from oximetry.adapters.catalogue.headline import headline_analysis
from oximetry.adapters.catalogue.inserting import insert_or_ignore
from oximetry.adapters.catalogue.night_lines import drop_line, put_line
from oximetry.domain.desaturation import Desaturation
from oximetry.domain.errors import NotFound
from oximetry.domain.night_numbers import UNFINISHED, WARNINGS, NightNumbers, event_from_json, warns_of
from oximetry.domain.records import KnownNight, Night, NightState, StoredFile


def _nights() -> Select[Any]:
    night, analysis = t.recordings.c, t.analyses.c
    return (
        select(t.recordings, t.patients.c.doctor_id, analysis.id.label("analysis_id"), analysis.summary)
        .join(t.patients, t.patients.c.id == night.patient_id)
        .join(t.analyses, headline_analysis())
        .order_by(night.started_at.desc(), night.id)
    )


def _night(row: Any) -> Night:
    return Night(
        id=row.id,
        patient_id=row.patient_id,
        doctor_id=row.doctor_id,
        state=NightState(row.state),
        moving_to=row.moving_to,
        format=row.format,
        device_model=row.device_model,
        device_serial=row.device_serial,
        started_at=row.started_at,
        ended_at=row.ended_at,
        original_sha256=row.original_sha256,
        created_at=row.created_at,
        removed_at=row.removed_at,
        analysis_id=row.analysis_id,
        numbers=NightNumbers.from_json(row.summary),
        notes=row.notes,
    )


def _known(row: Any) -> KnownNight:
    return KnownNight(
        row.id,
        row.patient_id,
        NightState(row.state),
        row.device_serial,
        row.started_at,
        row.ended_at,
        row.original_sha256,
        row.samples_sha256,
        warns_of(UNFINISHED, row.warnings or ()),
    )


class NightsTable:
    """Implements ``ports.Nights``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, recording: Mapping[str, Any], analyses: Sequence[Mapping[str, Any]], now: datetime) -> str:
        """A stored recording with one analysis per rule; returns its id."""
        recording_id = str(uuid4())
        self._connection.execute(
            insert(t.recordings).values(**recording, id=recording_id, state=NightState.STORED.value, created_at=now)
        )
        self.put_analyses(recording_id, analyses, now)
        return recording_id

    def put_analyses(self, night_id: str, analyses: Sequence[Mapping[str, Any]], now: datetime) -> None:
        """The numbers of a night by each rule; a rule of the same version is replaced, an older version stays."""
        own = t.analyses.c
        for analysis in analyses:
            same = (own.recording_id == night_id, own.rule == analysis["rule"], own.version == analysis["version"])
            made = {"summary": analysis["summary"], "events": analysis["events"], "created_at": now}
            if self._connection.execute(update(t.analyses).where(*same).values(**made)).rowcount == 0:
                self._connection.execute(
                    insert(t.analyses).values(**analysis, id=str(uuid4()), recording_id=night_id, created_at=now)
                )
        put_line(self._connection, night_id)

    def get(self, night_id: str, doctor_id: str | None = None) -> Night:
        """One night in any state; the worker asks without a doctor. Raises ``NotFound``."""
        query = _nights().where(t.recordings.c.id == night_id)
        if doctor_id is not None:
            query = query.where(t.patients.c.doctor_id == doctor_id)
        row = self._connection.execute(query).one_or_none()
        if row is None:
            raise NotFound(night_id=night_id)
        return _night(row)

    def by_analysis(self, analysis_id: str) -> Night:
        """The night of an analysis; raises ``NotFound``."""
        row = self._connection.execute(_nights().where(t.analyses.c.id == analysis_id)).one_or_none()
        if row is None:
            raise NotFound(analysis_id=analysis_id)
        return _night(row)

    def of_patient(self, patient_id: str, doctor_id: str, states: Iterable[NightState]) -> list[Night]:
        """The nights of a doctor's patient in these states, newest first."""
        query = _nights().where(
            t.recordings.c.patient_id == patient_id,
            t.patients.c.doctor_id == doctor_id,
            t.recordings.c.state.in_([state.value for state in states]),
        )
        return [_night(row) for row in self._connection.execute(query)]

    def of_ids(self, doctor_id: str, night_ids: Sequence[str]) -> list[Night]:
        """These nights, as far as they are the doctor's, newest first."""
        query = _nights().where(t.patients.c.doctor_id == doctor_id, t.recordings.c.id.in_(night_ids))
        return [_night(row) for row in self._connection.execute(query)]

    def of_doctor(self, doctor_id: str) -> list[Night]:
        """All nights of all of a doctor's patients, newest first."""
        return [_night(row) for row in self._connection.execute(_nights().where(t.patients.c.doctor_id == doctor_id))]

    def known(
        self,
        doctor_id: str,
        sha256s: Sequence[str],
        starts: Sequence[datetime],
        worn: Sequence[tuple[str, datetime, datetime]] = (),
    ) -> list[KnownNight]:
        """The doctor's nights that may be among these: candidates for the same night.

        ``sha256s`` are of contents and of samples; ``worn`` is a device's serial, a beginning and an end: its nights
        in between.
        """
        night = t.recordings.c
        within = [
            and_(night.device_serial == serial, night.ended_at >= begin, night.started_at <= end)
            for serial, begin, end in worn
        ]
        same = (night.original_sha256.in_(sha256s), night.samples_sha256.in_(sha256s), night.started_at.in_(starts))
        rows = self._connection.execute(self._known(doctor_id).where(or_(*same, *within)))
        return [_known(row) for row in rows]

    def spans(self, doctor_id: str, patient_id: str) -> list[KnownNight]:
        """When the nights of a patient began and ended, whatever their state."""
        rows = self._connection.execute(self._known(doctor_id).where(t.recordings.c.patient_id == patient_id))
        return [_known(row) for row in rows]

    @staticmethod
    def _known(doctor_id: str) -> Select[Any]:
        return (
            select(t.recordings, t.analyses.c.summary[WARNINGS].label("warnings"))
            .join(t.patients, t.patients.c.id == t.recordings.c.patient_id)
            .join(t.analyses, headline_analysis())
            .where(t.patients.c.doctor_id == doctor_id)
        )

    def events(self, analysis_id: str) -> list[Desaturation]:
        """The events of an analysis."""
        events = self._connection.scalar(select(t.analyses.c.events).where(t.analyses.c.id == analysis_id))
        return [event_from_json(event) for event in events or ()]

    def set(self, night_id: str, **values: Any) -> None:
        """Change columns of a recording."""
        self._connection.execute(update(t.recordings).where(t.recordings.c.id == night_id).values(**values))
        put_line(self._connection, night_id)

    def lock(self, night_id: str) -> None:
        """Let one transaction at a time decide what becomes of a night."""
        if self._connection.dialect.name == "postgresql":
            night = t.recordings.c
            self._connection.execute(select(night.id).where(night.id == night_id).with_for_update())

    def removed_before(self, before: datetime) -> list[Night]:
        """Nights that were removed before a time and may be expunged."""
        night = t.recordings.c
        query = _nights().where(night.state == NightState.REMOVED.value, night.removed_at < before)
        return [_night(row) for row in self._connection.execute(query)]

    def expunge(self, night_id: str) -> None:
        """Forget a night, its analyses and its plots; its files are forgotten by ``Files``."""
        own = select(t.analyses.c.id).where(t.analyses.c.recording_id == night_id)
        self._connection.execute(delete(t.plots).where(t.plots.c.analysis_id.in_(own)))
        self._connection.execute(delete(t.analyses).where(t.analyses.c.recording_id == night_id))
        self._connection.execute(delete(t.exclusions).where(t.exclusions.c.recording_id == night_id))
        self._connection.execute(delete(t.device_reports).where(t.device_reports.c.recording_id == night_id))
        self._connection.execute(delete(r.interpretations).where(r.interpretations.c.subject == night_id))
        self._connection.execute(
            update(t.upload_items).where(t.upload_items.c.recording_id == night_id).values(recording_id=None)
        )
        self._connection.execute(delete(t.recordings).where(t.recordings.c.id == night_id))
        drop_line(self._connection, night_id)

    def set_plot(self, analysis_id: str, language: str, file_id: str) -> None:
        """The current picture of an analysis in a language."""
        plot = t.plots.c
        which = (plot.analysis_id == analysis_id, plot.language == language)
        if self._connection.execute(update(t.plots).where(*which).values(file_id=file_id)).rowcount == 0:
            self._connection.execute(
                insert_or_ignore(self._connection, t.plots).values(
                    analysis_id=analysis_id, language=language, file_id=file_id
                )
            )

    def drop_plots(self, analysis_id: str) -> list[str]:
        """No picture shows this analysis any more, for its numbers changed; returns the pictures' file ids."""
        own = t.plots.c.analysis_id == analysis_id
        file_ids = list(self._connection.scalars(select(t.plots.c.file_id).where(own)))
        self._connection.execute(delete(t.plots).where(own))
        return file_ids

    def plots(self, analysis_ids: Sequence[str], language: str) -> dict[str, StoredFile]:
        """The current pictures in a language, by analysis."""
        rows = self._connection.execute(
            select(t.stored_files, t.plots.c.analysis_id)
            .join(t.plots, t.plots.c.file_id == t.stored_files.c.id)
            .where(
                t.plots.c.analysis_id.in_(analysis_ids),
                t.plots.c.language == language,
                t.stored_files.c.deleted_at.is_(None),
            )
        )
        return {row.analysis_id: file_row(row) for row in rows}

    def follow_copy(self, old_file_id: str, new_file_id: str) -> None:
        """A night's picture now lies under another patient's prefix."""
        self._connection.execute(update(t.plots).where(t.plots.c.file_id == old_file_id).values(file_id=new_file_id))
