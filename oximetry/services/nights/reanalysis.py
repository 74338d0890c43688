"""What today's rules and readers would make of the stored nights: first as a plan, replaced only when it is applied."""

from __future__ import annotations

import hashlib
import json
import logging
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from oximetry.domain.catalogue_ports import Catalogue
from oximetry.domain.errors import InvalidRequest, OximetryError
from oximetry.domain.ports import Clock
from oximetry.domain.records import ExcludedSpan, Night, NightState, StoredFile
from oximetry.services.nights.analysis import NightReport
from oximetry.services.nights.nights import NightService, put_numbers

logger = logging.getLogger(__name__)

TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Change:
    """What would change of one night.

    Attributes
    ----------
    night : Night
        As it stands in the catalogue.
    before, after : mapping of str to object
        The numbers that differ, by their names (``time_below_pct.90`` for a part of one); ``None`` is one that cannot
        be known or that the other side does not have.
    problem : str or None
        Reason why the night could not be read again; nothing of it would change.
    """

    night: Night
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """All nights that would change, and those that cannot be read again.

    ``digest`` names this very plan: applying asks for it, so that nothing is replaced that nobody has seen.
    """

    nights: int
    changes: tuple[Change, ...]

    @property
    def digest(self) -> str:
        """The first 12 hex digits of the plan's SHA-256."""
        changes = [[one.night.id, dict(one.before), dict(one.after), one.problem] for one in self.changes]
        return hashlib.sha256(json.dumps(changes, sort_keys=True).encode()).hexdigest()[:12]


class ReanalysisService:
    """Reads every stored night again and compares; for the operator, over all doctors."""

    def __init__(self, catalogue: Catalogue, nights: NightService, clock: Clock) -> None:
        self._catalogue = catalogue
        self._nights = nights
        self._clock = clock

    def plan(self) -> Plan:
        """Compare every shown night with what would be made of it now; changes nothing."""
        changes = [change for change, _, _ in self._compared()]
        return Plan(len(changes), tuple(one for one in changes if one.before or one.after or one.problem))

    def apply(self, digest: str) -> Plan:
        """Replace the numbers as planned, and have the pictures drawn again.

        Raises
        ------
        InvalidRequest
            ``plan_changed`` when the plan is another one by now; nothing was replaced.
        """
        plan = self.plan()
        if plan.digest != digest:
            raise InvalidRequest("plan_changed", digest=plan.digest)
        wanted = {one.night.id for one in plan.changes}
        for change, report, spans in self._compared(wanted):
            if report is not None:
                self._replace(change.night, report, spans)
        return plan

    def _replace(self, night: Night, report: NightReport, spans: list[ExcludedSpan]) -> None:
        with self._catalogue.write() as transaction:
            transaction.nights.lock(night.id)
            now = transaction.nights.get(night.id)
            if now.state is not NightState.STORED or transaction.exclusions.of([night.id]) != spans:
                return  # somebody changed it meanwhile, with today's rules
            put_numbers(transaction, now, report, self._clock)
            transaction.audit.add(self._clock(), None, "reanalysed", ("recording", night.id))
        logger.info("night reanalysed id=%s", night.id)

    def _compared(
        self, only: set[str] | None = None
    ) -> Iterator[tuple[Change, NightReport | None, list[ExcludedSpan]]]:
        with self._catalogue.read() as transaction:
            doctor_ids = [doctor.id for doctor in transaction.accounts.all()]
        for doctor_id in doctor_ids:
            with self._catalogue.read() as transaction:
                nights = [one for one in transaction.nights.of_doctor(doctor_id) if one.state is NightState.STORED]
            for night in nights:
                if only is None or night.id in only:
                    yield self._compare(night)

    def _compare(self, night: Night) -> tuple[Change, NightReport | None, list[ExcludedSpan]]:
        with self._catalogue.read() as transaction:
            files: list[StoredFile] = transaction.files.of("recording", [night.id])
            spans = transaction.exclusions.of([night.id])
        try:
            report = self._nights.report(night, files, spans)
        except OximetryError as error:
            return Change(night, {}, {}, error.reason), None, spans
        before, after = flat(night.numbers.as_json()), flat(report.numbers.as_json())
        names = [name for name in {**before, **after} if not _same(before.get(name), after.get(name))]
        change = Change(night, {name: before.get(name) for name in names}, {name: after.get(name) for name in names})
        return change, report, spans


def flat(numbers: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested numbers under dotted names; lists become text, for they are compared as a whole."""
    flat_numbers: dict[str, Any] = {}
    for name, value in numbers.items():
        if isinstance(value, Mapping):
            flat_numbers.update(flat(value, f"{prefix}{name}."))
        else:
            flat_numbers[f"{prefix}{name}"] = json.dumps(value, sort_keys=True) if isinstance(value, list) else value
    return flat_numbers


def _same(before: Any, after: Any) -> bool:
    if isinstance(before, int | float) and isinstance(after, int | float):
        return math.isclose(before, after, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return bool(before == after)
