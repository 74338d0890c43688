"""Who looked, and that the trail is whole: what pages and commands write into it and read out of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from oximetry.domain.audit import Actor, ActorKind, AuditCheck, AuditEvent, check_chain, names_in
from oximetry.domain.catalogue_ports import Catalogue, Transaction
from oximetry.domain.ports import Clock

AT_ONCE = 500
LOOKS = {"patient_viewed", "night_viewed", "report_previewed", "file_taken", "patient_exported"}
LOOKS_BEHIND_ONE = 20
"""So many acts are looked through for each look that is shown."""


@dataclass(frozen=True, slots=True)
class Act:
    """An act for people to read; ``who`` is an e-mail, where it was somebody with an account."""

    happened_at: datetime
    who: str | None
    actor_kind: str
    act: str
    subject_type: str
    subject_id: str


class AuditService:
    """The audit trail."""

    def __init__(self, catalogue: Catalogue, clock: Clock) -> None:
        self._catalogue = catalogue
        self._clock = clock

    def note(self, by: str | Actor | None, act: str, subject: tuple[str, str], **details: object) -> None:
        """Write down that somebody looked, took or was refused something."""
        with self._catalogue.write() as transaction:
            transaction.audit.add(self._clock(), by, act, subject, **details)

    def check(self, expected_sha256: str | None = None) -> AuditCheck:
        """Walk along the whole chain; ``expected_sha256`` is a head that was seen earlier."""
        with self._catalogue.read() as transaction:
            return check_chain(transaction.audit.events(), expected_sha256)

    def export(self) -> Iterator[str]:
        """Every act as a line of JSON: as it is chained, and beside it the names that its pseudonyms still have."""
        with self._catalogue.read() as transaction:
            some: list[AuditEvent] = []
            for event in transaction.audit.events():
                some.append(event)
                if len(some) == AT_ONCE:
                    yield from _lines(transaction, some)
                    some = []
            yield from _lines(transaction, some)

    def of_patient(self, doctor_id: str, patient_id: str, limit: int) -> list[Act]:
        """The last acts about a patient of this doctor, newest first; raises ``NotFound``."""
        with self._catalogue.read() as transaction:
            transaction.patients.get(doctor_id, patient_id)
            ids = transaction.erasures.scope(patient_id).everything
            return _acts(transaction, transaction.audit.about(ids, limit))

    def looks_of_clinic(self, ids: Sequence[str], limit: int) -> list[datetime]:
        """When somebody of the clinic last looked at any of these, newest first; one in an hour stands for all."""
        with self._catalogue.read() as transaction:
            told = transaction.audit.about(ids, limit * LOOKS_BEHIND_ONE)
        hours: dict[datetime, datetime] = {}
        for event in reversed(told):
            moment = _moment(event["happened_at"])
            if event["actor_kind"] == ActorKind.DOCTOR and event["act"] in LOOKS:
                hours.setdefault(moment.replace(minute=0, second=0, microsecond=0), moment)
        return list(hours.values())[:limit]

    def of_account(self, doctor_id: str, limit: int) -> list[Act]:
        """The last acts of an account, newest first."""
        with self._catalogue.read() as transaction:
            return _acts(transaction, transaction.audit.by(doctor_id, limit))


def _acts(transaction: Transaction, told: Sequence[Mapping[str, object]]) -> list[Act]:
    emails = {doctor.id: doctor.email for doctor in transaction.accounts.all()}
    return [
        Act(
            happened_at=_moment(event["happened_at"]),
            who=emails.get(str(event["actor_id"])) if event["actor_kind"] == ActorKind.DOCTOR else None,
            actor_kind=str(event["actor_kind"]),
            act=str(event["act"]),
            subject_type=str(event["subject_type"]),
            subject_id=str(event["subject_id"]),
        )
        for event in reversed(told)
    ]


def _moment(value: object) -> datetime:
    if not isinstance(value, datetime):
        raise TypeError(type(value).__name__)
    return value


def _lines(transaction: Transaction, events: Sequence[AuditEvent]) -> Iterator[str]:
    said = {event.number: names_in(json.loads(event.details)) for event in events}
    wanted = {one for event in events for one in (event.actor, event.subject) if one} | set().union(*said.values())
    known = transaction.audit.names(wanted)
    for event in events:
        in_it = {one for one in (event.actor, event.subject) if one} | said[event.number]
        line = asdict(event) | {"happened_at": event.happened_at.isoformat(timespec="microseconds")}
        line["names"] = {one: known[one] for one in sorted(in_it) if one in known}
        yield json.dumps(line, ensure_ascii=False)
