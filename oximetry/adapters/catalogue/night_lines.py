"""The lists' own lines of nights and patients, in SQL: made when a night changes, so that a list reads nothing else."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, case, delete, false, func, insert, select, true, update

from oximetry.adapters.catalogue import tables as t
from oximetry.adapters.catalogue.headline import headline_analysis
from oximetry.domain.errors import NotFound
from oximetry.domain.listing import (
    PAGE_ROWS,
    Concern,
    NightCounts,
    NightFilter,
    NightLine,
    NightOrder,
    PatientLine,
    PatientOrder,
    Writing,
    concern_of,
    night_search,
    patient_search,
    terms,
)
from oximetry.domain.night_numbers import WARNINGS, NightNumbers
from oximetry.domain.records import NightState

FILLED_AT_ONCE = 500

_LINE = t.night_lines.c
_OF_LINE = tuple(name for name in NightLine.__slots__ if name in t.night_lines.c)
_LINES = (
    select(t.night_lines, t.recordings.c.sparkline, t.patients.c.number, t.patients.c.label)
    .join(t.patients, t.patients.c.id == _LINE.patient_id)
    .join(t.recordings, t.recordings.c.id == _LINE.night_id)
)


def put_line(connection: Connection, night_id: str, *, reviewed: bool = False) -> None:
    """Make the line of a night anew; what a doctor said of it stays. A night that is gone has none."""
    night, analysis = t.recordings.c, t.analyses.c
    row = connection.execute(
        select(t.recordings, t.patients.c.doctor_id, t.patients.c.number, t.patients.c.label, analysis.summary)
        .join(t.patients, t.patients.c.id == night.patient_id)
        .join(t.analyses, headline_analysis())
        .where(night.id == night_id)
    ).one_or_none()
    if row is None:
        drop_line(connection, night_id)
        return
    values = _values(row)
    before = connection.scalar(select(_LINE.patient_id).where(_LINE.night_id == night_id))
    if before is None:
        connection.execute(insert(t.night_lines).values(night_id=night_id, reviewed=reviewed, **values))
    else:
        connection.execute(update(t.night_lines).where(_LINE.night_id == night_id).values(**values))
    if before not in (None, row.patient_id):  # what was signed about it names another patient
        NightLinesTable(connection).note_writing([night_id], Writing.AGAIN, row.started_at)
    for patient_id in {row.patient_id, before} - {None}:
        _note_last_night(connection, patient_id)


def drop_line(connection: Connection, night_id: str) -> None:
    """The night is gone for good."""
    patient_id = connection.scalar(select(_LINE.patient_id).where(_LINE.night_id == night_id))
    connection.execute(delete(t.night_lines).where(_LINE.night_id == night_id))
    if patient_id is not None:
        _note_last_night(connection, patient_id)


def follow_label(connection: Connection, patient_id: str) -> None:
    """Let a patient and its nights be found by the new label."""
    row = connection.execute(select(t.patients).where(t.patients.c.id == patient_id)).one()
    found_by = patient_search(row.number, row.label)
    connection.execute(update(t.patients).where(t.patients.c.id == patient_id).values(search=found_by))
    for line in connection.execute(select(t.night_lines).where(_LINE.patient_id == patient_id)).all():
        found = night_search(found_by, (line.device_model, line.device_serial), line.started_at)
        connection.execute(update(t.night_lines).where(_LINE.night_id == line.night_id).values(search=found))


def fill_lines(connection: Connection, *, reviewed: bool) -> int:
    """Give every night and patient that has none its line; returns how many nights had none."""
    for patient_id in connection.scalars(select(t.patients.c.id).where(t.patients.c.search == "")).all():
        follow_label(connection, patient_id)
    without = select(t.recordings.c.id).where(
        ~select(_LINE.night_id).where(_LINE.night_id == t.recordings.c.id).exists()
    )
    filled = 0
    while night_ids := connection.scalars(without.limit(FILLED_AT_ONCE)).all():
        for night_id in night_ids:
            put_line(connection, night_id, reviewed=reviewed)
        made = connection.scalar(select(func.count()).select_from(t.night_lines).where(_LINE.night_id.in_(night_ids)))
        filled += int(made or 0)
        if not made:  # nights without an analysis have no line
            break
    return filled


def _or_null(number: float) -> float | None:
    """SQL's null for a number that cannot be known."""
    return None if math.isnan(number) else number


def _values(row: Any) -> dict[str, Any]:
    numbers = NightNumbers.from_json(row.summary)
    found_by = patient_search(row.number, row.label)
    return {
        "doctor_id": row.doctor_id,
        "patient_id": row.patient_id,
        "shown": row.state == NightState.STORED.value,
        "concern": concern_of(numbers).value,
        "started_at": row.started_at,
        "ended_at": row.ended_at,
        "device_model": row.device_model,
        "device_serial": row.device_serial,
        "valid_s": numbers.valid_s,
        "odi3_per_h": _or_null(numbers.odi3_per_h),
        "odi4_per_h": _or_null(numbers.odi4_per_h),
        "odi3_mean120_per_h": _or_null(numbers.odi3_mean120_per_h),
        "odi4_mean120_per_h": _or_null(numbers.odi4_mean120_per_h),
        "below90_pct": _or_null(numbers.below_pct(90)),
        "spo2_min_pct": _or_null(numbers.spo2_min_pct),
        "spo2_mean_pct": _or_null(numbers.spo2_mean_pct),
        "is_below_range": numbers.is_below_range,
        "warnings": row.summary.get(WARNINGS) or [],
        "search": night_search(found_by, (row.device_model, row.device_serial), row.started_at),
    }


def _note_last_night(connection: Connection, patient_id: str) -> None:
    newest = select(func.max(_LINE.started_at)).where(_LINE.patient_id == patient_id, _LINE.shown == true())
    connection.execute(
        update(t.patients).where(t.patients.c.id == patient_id).values(last_night_at=newest.scalar_subquery())
    )


def night_line(row: Any) -> NightLine:
    """A line with its patient and its picture."""
    values = {name: getattr(row, name) for name in _OF_LINE}
    return NightLine(
        **{**values, "concern": Concern(row.concern), "writing": Writing(row.writing)},
        number=row.number,
        label=row.label,
        is_reviewed=row.reviewed,
        sparkline=row.sparkline,
    )


class NightLinesTable:
    """Implements ``catalogue_ports.NightLines``. Every question carries the doctor's id."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def page(self, doctor_id: str, wanted: NightFilter, rows: int = PAGE_ROWS) -> list[NightLine]:
        """The nights of one page of a list."""
        query = _ordered(_LINES.where(*_wanted(doctor_id, wanted)), wanted)
        return [night_line(row) for row in self._connection.execute(query.limit(rows).offset(wanted.offset))]

    def total(self, doctor_id: str, wanted: NightFilter) -> int:
        """How many nights the list has."""
        query = select(func.count()).select_from(t.night_lines).where(*_wanted(doctor_id, wanted))
        return int(self._connection.scalar(query) or 0)

    def ids(self, doctor_id: str, wanted: NightFilter, limit: int) -> list[str]:
        """The nights of a list by their ids alone, in its order, from the first."""
        query = _ordered(select(_LINE.night_id).where(*_wanted(doctor_id, wanted)), wanted)
        return list(self._connection.scalars(query.limit(limit)))

    def counts(self, doctor_id: str) -> NightCounts:
        """The shown nights of a doctor by state."""
        rows = self._connection.execute(
            select(_LINE.reviewed, _LINE.concern, _LINE.writing, func.count().label("nights"))
            .where(_LINE.doctor_id == doctor_id, _LINE.shown == true())
            .group_by(_LINE.reviewed, _LINE.concern, _LINE.writing)
        ).all()
        waiting = [row for row in rows if not row.reviewed]
        unreviewed = (_LINE.doctor_id == doctor_id, _LINE.shown == true(), _LINE.reviewed == false())
        patients = self._connection.scalar(select(func.count(func.distinct(_LINE.patient_id))).where(*unreviewed))
        oldest = self._connection.scalar(select(func.min(_LINE.started_at)).where(*unreviewed))
        by_concern = {one: sum(row.nights for row in waiting if row.concern == one) for one in Concern}
        by_writing = {one: sum(row.nights for row in rows if row.writing == one) for one in Writing}
        return NightCounts(
            waiting=sum(by_concern.values()),
            again=by_writing[Writing.AGAIN],
            draft=by_writing[Writing.DRAFT],
            signed=by_writing[Writing.SIGNED],
            usual=by_concern[Concern.NONE],
            check=by_concern[Concern.CHECK],
            short=by_concern[Concern.SHORT],
            reviewed=sum(row.nights for row in rows if row.reviewed),
            waiting_patients=int(patients or 0),
            oldest_waiting=oldest,
        )

    def get(self, doctor_id: str, night_id: str) -> NightLine:
        """One night's line; raises ``NotFound`` for another doctor's too."""
        row = self._connection.execute(
            _LINES.where(_LINE.night_id == night_id, _LINE.doctor_id == doctor_id)
        ).one_or_none()
        if row is None:
            raise NotFound(night_id=night_id)
        return night_line(row)

    def of(self, doctor_id: str, night_ids: Sequence[str]) -> list[NightLine]:
        """The lines of these nights, in no order."""
        rows = self._connection.execute(_LINES.where(_LINE.doctor_id == doctor_id, _LINE.night_id.in_(night_ids)))
        return [night_line(row) for row in rows]

    def of_patient(self, doctor_id: str, patient_id: str) -> list[NightLine]:
        """The shown nights of a patient, the oldest first."""
        rows = self._connection.execute(
            _LINES.where(_LINE.patient_id == patient_id, _LINE.shown == true(), _LINE.doctor_id == doctor_id).order_by(
                _LINE.started_at, _LINE.night_id
            )
        )
        return [night_line(row) for row in rows]

    def devices(self, doctor_id: str) -> list[str]:
        """The serial numbers among a doctor's shown nights."""
        query = select(_LINE.device_serial).where(
            _LINE.doctor_id == doctor_id, _LINE.shown == true(), _LINE.device_serial.is_not(None)
        )
        return sorted(self._connection.scalars(query.distinct()))

    def months(self, doctor_id: str) -> tuple[datetime, datetime] | None:
        """When the first and the last of a doctor's shown nights began."""
        row = self._connection.execute(
            select(func.min(_LINE.started_at), func.max(_LINE.started_at)).where(
                _LINE.doctor_id == doctor_id, _LINE.shown == true()
            )
        ).one()
        return None if row[0] is None else (row[0], row[1])

    def set_reviewed(self, doctor_id: str, night_id: str, at: datetime | None) -> None:
        """Take a night off the list of those that wait, or put it back (``None``)."""
        done = self._connection.execute(
            update(t.night_lines)
            .where(_LINE.night_id == night_id, _LINE.doctor_id == doctor_id)
            .values(reviewed=at is not None, reviewed_at=at)
        )
        if not done.rowcount:
            raise NotFound(night_id=night_id)

    def note_writing(self, night_ids: Sequence[str], writing: Writing, at: datetime) -> None:
        """How far the doctor's words about these nights are: a signed one waits no more, one to sign again does."""
        values: dict[str, Any] = {"writing": writing.value}
        if writing is Writing.SIGNED:
            values |= {"signed_at": at, "reviewed": True, "reviewed_at": at}
        elif writing is Writing.AGAIN:
            values |= {"reviewed": False, "reviewed_at": None}
        elif writing is Writing.NONE:
            values |= {"signed_at": None, "reviewed": False, "reviewed_at": None}
        which: list[ColumnElement[bool]] = [_LINE.night_id.in_(night_ids)]
        if writing is Writing.DRAFT:
            which.append(_LINE.writing == Writing.NONE.value)  # a signed night stays one while an amendment is written
        if writing is Writing.AGAIN:
            which.append(_LINE.writing == Writing.SIGNED.value)
        self._connection.execute(update(t.night_lines).where(*which).values(**values))

    def set_sparkline(self, night_id: str, sparkline: Sequence[float | None] | None) -> None:
        """Keep the small picture of a night."""
        self._connection.execute(update(t.recordings).where(t.recordings.c.id == night_id).values(sparkline=sparkline))

    def fill(self) -> int:
        """Give a line to every night that a process of the version before stored; returns how many."""
        return fill_lines(self._connection, reviewed=False)


class PatientLinesTable:
    """Implements ``catalogue_ports.PatientLines``. Every question carries the doctor's id."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def page(
        self,
        doctor_id: str,
        search: str = "",
        order: PatientOrder = PatientOrder.LAST_NIGHT,
        offset: int = 0,
        rows: int = PAGE_ROWS,
    ) -> list[PatientLine]:
        """One page of the doctor's patients."""
        patient = t.patients.c
        by = [patient.number.desc()]
        if order is PatientOrder.LAST_NIGHT:
            by.insert(0, patient.last_night_at.desc().nulls_last())
        query = select(t.patients).where(*_patients(doctor_id, search)).order_by(*by).limit(rows).offset(offset)
        return self._lines(doctor_id, self._connection.execute(query).all())

    def total(self, doctor_id: str, search: str = "") -> int:
        """How many patients the list has."""
        query = select(func.count()).select_from(t.patients).where(*_patients(doctor_id, search))
        return int(self._connection.scalar(query) or 0)

    def of(self, doctor_id: str, patient_ids: Sequence[str]) -> list[PatientLine]:
        """The lines of these patients, in no order."""
        query = select(t.patients).where(t.patients.c.doctor_id == doctor_id, t.patients.c.id.in_(patient_ids))
        return self._lines(doctor_id, self._connection.execute(query).all())

    def _lines(self, doctor_id: str, patients: Sequence[Any]) -> list[PatientLine]:
        ids = [patient.id for patient in patients]
        nights: Mapping[str, Any] = {
            row.patient_id: row
            for row in self._connection.execute(
                select(
                    _LINE.patient_id,
                    func.count().label("nights"),
                    func.sum(_is(~_LINE.reviewed)).label("waiting"),
                    func.max(_LINE.started_at).label("newest"),
                )
                .where(_LINE.patient_id.in_(ids), _LINE.shown == true())
                .group_by(_LINE.patient_id)
            )
        }
        newest = _LINES.where(
            _LINE.doctor_id == doctor_id,
            _LINE.shown == true(),
            _LINE.patient_id.in_(ids),
            _LINE.started_at.in_([row.newest for row in nights.values()]),
        )
        last = {
            row.patient_id: night_line(row)
            for row in self._connection.execute(newest)
            if row.started_at == nights[row.patient_id].newest
        }
        link = t.patient_links.c
        links = {
            row.patient_id: row
            for row in self._connection.execute(
                select(t.patient_links).where(link.patient_id.in_(ids), link.revoked_at.is_(None))
            )
        }
        return [
            PatientLine(
                patient_id=patient.id,
                number=patient.number,
                label=patient.label,
                created_at=patient.created_at,
                nights=nights[patient.id].nights if patient.id in nights else 0,
                waiting=int(nights[patient.id].waiting) if patient.id in nights else 0,
                last=last.get(patient.id),
                has_link=patient.id in links,
                opened_count=links[patient.id].opened_count if patient.id in links else 0,
                last_opened_at=links[patient.id].last_opened_at if patient.id in links else None,
            )
            for patient in patients
        ]


def _is(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return case((condition, 1), else_=0)


def _patients(doctor_id: str, search: str) -> list[ColumnElement[bool]]:
    patient = t.patients.c
    found = [patient.search.contains(term, autoescape=True) for term in terms(search)]
    return [patient.doctor_id == doctor_id, patient.merged_into.is_(None), *found]


def _wanted(doctor_id: str, wanted: NightFilter) -> list[ColumnElement[bool]]:
    conditions = [_LINE.doctor_id == doctor_id, _LINE.shown == true()]
    if wanted.reviewed is not None:
        conditions.append(_LINE.reviewed == (true() if wanted.reviewed else false()))
    if wanted.concern is not None:
        conditions.append(_LINE.concern == wanted.concern.value)
    if wanted.writing is not None:
        conditions.append(_LINE.writing == wanted.writing.value)
    if wanted.device_serial is not None:
        conditions.append(_LINE.device_serial == wanted.device_serial)
    if wanted.patient_id is not None:
        conditions.append(_LINE.patient_id == wanted.patient_id)
    span = wanted.span()
    if span is not None:
        conditions.append(and_(_LINE.started_at >= span[0], _LINE.started_at < span[1]))
    conditions += [_LINE.search.contains(term, autoescape=True) for term in terms(wanted.search)]
    return conditions


def _ordered(query: Select[Any], wanted: NightFilter) -> Select[Any]:
    column: ColumnElement[Any] = {
        NightOrder.NIGHT: _LINE.started_at,
        NightOrder.ODI: t.night_lines.c[wanted.headline.number],
        NightOrder.BELOW90: _LINE.below90_pct,
        NightOrder.LOWEST: _LINE.spo2_min_pct,
    }[wanted.order]
    first = column.asc() if wanted.ascending else column.desc()
    if wanted.order is NightOrder.NIGHT:  # never unknown, and so the index gives the order
        return query.order_by(first, _LINE.night_id)
    return query.order_by(first.nulls_last(), _LINE.started_at.desc(), _LINE.night_id)
