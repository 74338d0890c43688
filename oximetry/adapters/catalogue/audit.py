"""The audit trail in SQL: acts wait until the transaction commits, and are then chained behind all that came before."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Select, bindparam, delete, insert, select, text
from sqlalchemy.exc import DBAPIError

from oximetry.adapters.catalogue.audit_tables import audit_names
from oximetry.adapters.catalogue.tables import audit_events
from oximetry.domain.audit import (
    FIRST_LINK,
    SYSTEM,
    Actor,
    ActorKind,
    AuditEvent,
    Pseudonym,
    link_sha256,
    names_in,
    renamed,
)

logger = logging.getLogger(__name__)

AT_ONCE = 500
LONGEST_NAME = 80
_CHAIN_LOCK = 7262005
_EVENT = audit_events.c
_HEAD = select(_EVENT.number, _EVENT.sha256).where(_EVENT.number.is_not(None)).order_by(_EVENT.number.desc()).limit(1)
_NAMES = select(audit_names.c.name, audit_names.c.pseudonym).where(
    audit_names.c.name.in_(bindparam("keys", expanding=True))
)
_PSEUDONYMS = select(audit_names.c.pseudonym, audit_names.c.name).where(
    audit_names.c.pseudonym.in_(bindparam("keys", expanding=True))
)
_INSERT = insert(audit_events)
_CHAINED = select(audit_events).where(_EVENT.number.is_not(None))


@dataclass(frozen=True, slots=True)
class _Act:
    happened_at: datetime
    actor: Actor
    act: str
    subject: tuple[str, str]
    details: dict[str, Any]


class AuditTable:
    """Implements ``ports.Audit``: acts are added, never changed; the database itself refuses to."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._waiting: list[_Act] = []

    def add(
        self, now: datetime, by: str | Actor | None, act: str, subject: tuple[str, str], /, **details: object
    ) -> None:
        """Write an act down.

        ``by`` is a doctor's id, or whoever else acted; ``None`` is the program itself. ``subject`` is its type and id.
        Strings in the details and all ids are kept as pseudonyms, except for the program's own words.
        """
        actor = by if isinstance(by, Actor) else Actor(ActorKind.DOCTOR, by) if by else SYSTEM
        self._waiting.append(_Act(now, actor, act, subject, details))

    @property
    def waits(self) -> bool:
        """Whether acts were added that `flush` has not written."""
        return bool(self._waiting)

    def flush(self) -> None:
        """Chain what was added. Until the transaction ends nobody else adds: it is the last thing before its commit."""
        if not self._waiting:
            return
        waiting, self._waiting = self._waiting, []
        self._lock()
        name = self._namer(set().union(*(_names(act) for act in waiting)))
        number, previous = self.head()
        rows = []
        for act in waiting:
            number += 1
            event = AuditEvent(
                number=number,
                happened_at=act.happened_at,
                actor_kind=act.actor.kind.value,
                actor=name(act.actor.id) if act.actor.id else None,
                act=act.act,
                subject_type=act.subject[0],
                subject=name(act.subject[1]),
                details=json.dumps(renamed(act.details, name), sort_keys=True),
                previous_sha256=previous,
                sha256="",
            )
            previous = link_sha256(event)
            rows.append(_row(event, previous))
        self._connection.execute(_INSERT, rows)

    def head(self) -> tuple[int, str]:
        """How many acts there are, and the last one's hash."""
        row = self._connection.execute(_HEAD).one_or_none()
        return (row.number, row.sha256) if row else (0, FIRST_LINK)

    def events(self) -> Iterator[AuditEvent]:
        """Every act, first act first."""
        after = 0
        while True:
            some = _CHAINED.where(_EVENT.number > after).order_by(_EVENT.number).limit(AT_ONCE)
            rows = self._connection.execute(some).all()
            for row in rows:
                yield _event(row)
            if len(rows) < AT_ONCE:
                return
            after = rows[-1].number

    def names(self, pseudonyms: Collection[str]) -> dict[str, str]:
        """What pseudonyms stand for; those of people who were erased are not in it."""
        return self._looked_up(_PSEUDONYMS, list(pseudonyms))

    def about(self, ids: Sequence[str], limit: int | None = None) -> list[dict[str, object]]:
        """Acts on any of these subjects, oldest first, with names instead of pseudonyms; the last ``limit`` of them."""
        self.flush()
        subjects = list(self._pseudonyms(ids).values())
        found: list[AuditEvent] = []
        for start in range(0, len(subjects), AT_ONCE):
            newest = _CHAINED.where(_EVENT.subject_id.in_(subjects[start : start + AT_ONCE]))
            newest = newest.order_by(_EVENT.number.desc()).limit(limit)
            found += [_event(row) for row in self._connection.execute(newest)]
        return self._told(sorted(found, key=lambda event: event.number)[-limit if limit else 0 :])

    def by(self, actor_id: str, limit: int) -> list[dict[str, object]]:
        """The last acts of somebody, oldest first, with names instead of pseudonyms."""
        self.flush()
        actor = self._pseudonyms([actor_id]).get(actor_id, "")
        newest = _CHAINED.where(_EVENT.doctor_id == actor).order_by(_EVENT.number.desc()).limit(limit)
        return self._told([_event(row) for row in self._connection.execute(newest)][::-1])

    def acts(self, subject_id: str) -> list[str]:
        """The acts on a subject, oldest first."""
        return [str(event["act"]) for event in self.about([subject_id])]

    def pseudonym(self, name: str) -> Pseudonym:
        """What somebody or something is called in the trail."""
        self._lock()
        return Pseudonym(self._namer({name})(name))

    def forget(self, names: Collection[str]) -> int:
        """Nothing leads from these names into the trail any more, nor back; returns how many were known."""
        self.flush()
        self.adopt()
        listed = list(names)
        return sum(
            self._connection.execute(
                delete(audit_names).where(audit_names.c.name.in_(listed[start : start + AT_ONCE]))
            ).rowcount
            for start in range(0, len(listed), AT_ONCE)
        )

    def adopt(self) -> int:
        """Take over what a version without the chain wrote; returns how many acts.

        The role that owns the table gives itself the right for this alone; a role that does not cannot, and leaves it.
        """
        self._lock()
        unchained = select(audit_events).where(_EVENT.number.is_(None)).order_by(_EVENT.id)
        rows = self._connection.execute(unchained).all()
        if not rows or not self._take_right():
            return 0
        for row in rows:
            details = {key: _id_of(value) for key, value in row.details.items()}
            self.add(row.happened_at, row.doctor_id, row.act, (row.subject_type, row.subject_id), **details)
        self.flush()
        self._connection.execute(delete(audit_events).where(_EVENT.number.is_(None), _EVENT.id <= rows[-1].id))
        if self._connection.dialect.name == "postgresql":
            self._connection.execute(text("REVOKE DELETE ON audit_events FROM CURRENT_USER"))
        return len(rows)

    def _take_right(self) -> bool:
        """The right to delete what is not chained; false where the role does not own the table."""
        if self._connection.dialect.name != "postgresql":
            return True
        try:
            with self._connection.begin_nested():
                self._connection.execute(text("GRANT DELETE ON audit_events TO CURRENT_USER"))
        except DBAPIError:
            logger.warning("acts of a version before stay unchained until the owner of the tables migrates")
            return False
        return True

    def _told(self, events: Sequence[AuditEvent]) -> list[dict[str, object]]:
        details = [json.loads(event.details) for event in events]
        known = self.names({event.subject for event in events} | {event.actor for event in events if event.actor}
                           | names_in(details))  # fmt: skip

        def name(pseudonym: str) -> str:
            return known.get(pseudonym, pseudonym)

        return [
            {
                "number": event.number,
                "happened_at": event.happened_at,
                "actor_kind": event.actor_kind,
                "doctor_id": name(event.actor) if event.actor and event.actor_kind == ActorKind.DOCTOR else None,
                "actor_id": name(event.actor) if event.actor else None,
                "act": event.act,
                "subject_type": event.subject_type,
                "subject_id": name(event.subject),
                "details": renamed(said, name),
            }
            for event, said in zip(events, details, strict=True)
        ]

    def _lock(self) -> None:
        if self._connection.dialect.name == "postgresql":
            self._connection.execute(text(f"SELECT pg_advisory_xact_lock({_CHAIN_LOCK})"))

    def _namer(self, names: Collection[str]) -> Callable[[str], str]:
        known = self._pseudonyms([_kept(name) for name in names])
        new = {name: str(uuid4()) for name in {_kept(name) for name in names} - set(known)}
        if new:
            rows = [{"name": name, "pseudonym": pseudonym} for name, pseudonym in sorted(new.items())]
            self._connection.execute(insert(audit_names), rows)
        known |= new
        return lambda name: str(name) if isinstance(name, Pseudonym) else known[_kept(name)]

    def _pseudonyms(self, names: Sequence[str]) -> dict[str, str]:
        return self._looked_up(_NAMES, names)

    def _looked_up(self, query: Select[Any], keys: Sequence[str]) -> dict[str, str]:
        found: dict[str, str] = {}
        for start in range(0, len(keys), AT_ONCE):
            rows = self._connection.execute(query, {"keys": keys[start : start + AT_ONCE]})
            found |= {row[0]: row[1] for row in rows}
        return found


def _event(row: Any) -> AuditEvent:
    """A row as it was hashed: details in one spelling, whatever the database made of theirs."""
    return AuditEvent(
        row.number,
        row.happened_at,
        row.actor_kind,
        row.doctor_id,
        row.act,
        row.subject_type,
        row.subject_id,
        json.dumps(row.details, sort_keys=True),
        row.previous_sha256,
        row.sha256,
    )


def _row(event: AuditEvent, sha256: str) -> dict[str, Any]:
    return {
        "number": event.number,
        "happened_at": event.happened_at,
        "actor_kind": event.actor_kind,
        "doctor_id": event.actor,
        "act": event.act,
        "subject_type": event.subject_type,
        "subject_id": event.subject,
        "details": json.loads(event.details),
        "previous_sha256": event.previous_sha256,
        "sha256": sha256,
    }


def _names(act: _Act) -> set[str]:
    plain = {name for name in (act.subject[1], act.actor.id) if name and not isinstance(name, Pseudonym)}
    return plain | names_in(act.details)


def _id_of(value: Any) -> Any:
    """The id alone of what an earlier version wrote as ``recording:<id>``."""
    return value.rpartition(":")[2] if isinstance(value, str) else value


def _kept(name: str) -> str:
    return name[:LONGEST_NAME]
