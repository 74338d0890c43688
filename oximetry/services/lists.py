"""The doctor's lists: nights that wait, all nights, patients; each question asks for one page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from oximetry.domain.catalogue_ports import Catalogue
from oximetry.domain.listing import PAGE_ROWS, NightCounts, NightFilter, NightLine, PatientLine, PatientOrder
from oximetry.domain.ports import Clock

LONGEST_WALK = 5000  # nights among which the previous and the next are looked for


@dataclass(frozen=True, slots=True)
class NightPage:
    """One page of a list of nights.

    ``wanted`` is what was asked for, with an offset that exists; ``total`` counts the whole list.
    """

    wanted: NightFilter
    lines: list[NightLine]
    total: int
    counts: NightCounts
    devices: list[str]
    months: tuple[datetime, datetime] | None


@dataclass(frozen=True, slots=True)
class PatientPage:
    """One page of the list of patients."""

    lines: list[PatientLine]
    total: int
    offset: int
    search: str
    order: PatientOrder


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The nights before and after one in a list, its place in it (from 1; 0: not in the list) and the list's length."""

    previous: str | None
    next: str | None
    place: int
    total: int


class ListService:
    """Every question carries the doctor's id."""

    def __init__(self, catalogue: Catalogue, clock: Clock) -> None:
        self._catalogue = catalogue
        self._clock = clock

    def nights(self, doctor_id: str, wanted: NightFilter) -> NightPage:
        """A page of nights; an offset behind the end shows the last page."""
        with self._catalogue.read() as transaction:
            lines = transaction.night_lines
            total = lines.total(doctor_id, wanted)
            shown = replace(wanted, offset=_on_a_page(wanted.offset, total))
            return NightPage(
                shown,
                lines.page(doctor_id, shown),
                total,
                lines.counts(doctor_id),
                lines.devices(doctor_id),
                lines.months(doctor_id),
            )

    def now(self, time_zone: str) -> datetime:
        """What the clock on a clinic's wall shows now."""
        return local(self._clock(), time_zone)

    def today(self, time_zone: str) -> date:
        """The day that it is now in a time zone."""
        return self.now(time_zone).date()

    def waiting(self, doctor_id: str) -> int:
        """How many nights wait: the number that stands in the bar of every page."""
        with self._catalogue.read() as transaction:
            return transaction.night_lines.total(doctor_id, NightFilter())

    def counts(self, doctor_id: str) -> NightCounts:
        """How many nights are in each state."""
        with self._catalogue.read() as transaction:
            return transaction.night_lines.counts(doctor_id)

    def night(self, doctor_id: str, night_id: str) -> NightLine:
        """One night as the lists show it; raises ``NotFound``."""
        with self._catalogue.read() as transaction:
            return transaction.night_lines.get(doctor_id, night_id)

    def lines(self, doctor_id: str, night_ids: Sequence[str]) -> dict[str, NightLine]:
        """These nights as the lists show them, by id."""
        with self._catalogue.read() as transaction:
            return {line.night_id: line for line in transaction.night_lines.of(doctor_id, night_ids)}

    def neighbours(self, doctor_id: str, night_id: str, wanted: NightFilter) -> Neighbours:
        """What comes before and after a night in the list from which it was opened."""
        with self._catalogue.read() as transaction:
            ids = transaction.night_lines.ids(doctor_id, wanted, LONGEST_WALK)
            total = len(ids) if len(ids) < LONGEST_WALK else transaction.night_lines.total(doctor_id, wanted)
        if night_id not in ids:  # ticked off a moment ago: what is first now comes next
            return Neighbours(None, ids[0] if ids else None, 0, total)
        place = ids.index(night_id)
        before = ids[place - 1] if place else None
        after = ids[place + 1] if place + 1 < len(ids) else None
        return Neighbours(before, after, place + 1, total)

    def of_patient(self, doctor_id: str, patient_id: str) -> list[NightLine]:
        """The shown nights of a patient, the oldest first; raises ``NotFound`` for another doctor's patient."""
        with self._catalogue.read() as transaction:
            transaction.patients.get(doctor_id, patient_id)
            return transaction.night_lines.of_patient(doctor_id, patient_id)

    def set_reviewed(self, doctor_id: str, night_id: str, *, reviewed: bool) -> None:
        """Tick a night off the list of those that wait, or put it back."""
        with self._catalogue.write() as transaction:
            transaction.night_lines.set_reviewed(doctor_id, night_id, self._clock() if reviewed else None)
            act = "night_reviewed" if reviewed else "night_waits_again"
            transaction.audit.add(self._clock(), doctor_id, act, ("recording", night_id))

    def patients(
        self, doctor_id: str, search: str = "", order: PatientOrder = PatientOrder.LAST_NIGHT, offset: int = 0
    ) -> PatientPage:
        """A page of patients; an offset behind the end shows the last page."""
        with self._catalogue.read() as transaction:
            total = transaction.patient_lines.total(doctor_id, search)
            offset = _on_a_page(offset, total)
            return PatientPage(
                transaction.patient_lines.page(doctor_id, search, order, offset), total, offset, search, order
            )

    def patient_lines(self, doctor_id: str, patient_ids: Sequence[str]) -> dict[str, PatientLine]:
        """These patients as the lists show them, by id."""
        with self._catalogue.read() as transaction:
            return {line.patient_id: line for line in transaction.patient_lines.of(doctor_id, patient_ids)}


def _on_a_page(offset: int, total: int) -> int:
    """The beginning of the page that an offset lies on, or of the last page."""
    last = max(0, total - 1) // PAGE_ROWS * PAGE_ROWS
    return min(max(0, offset) // PAGE_ROWS * PAGE_ROWS, last)


def local(moment: datetime, time_zone: str) -> datetime:
    """One of our own times, naive UTC, as the clock on a clinic's wall shows it."""
    return moment.replace(tzinfo=UTC).astimezone(ZoneInfo(time_zone)).replace(tzinfo=None)
