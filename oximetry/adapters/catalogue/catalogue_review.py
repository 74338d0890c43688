"""Drafts, templates and how doctors sign, in SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, delete, insert, or_, select, update

from oximetry.adapters.catalogue import review_tables as r
from oximetry.adapters.catalogue.inserting import insert_or_ignore
from oximetry.domain.errors import NotFound
from oximetry.domain.review_records import Profile
from oximetry.domain.text_templates import Template


class InterpretationsTable:
    """Implements ``review_ports.Interpretations``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def find(self, doctor_id: str, subject: str) -> Any:
        """The draft of a night or a set; ``None`` without one."""
        return self.of(doctor_id, [subject]).get(subject)

    def of(self, doctor_id: str, subjects: Sequence[str]) -> dict[str, Any]:
        """The drafts of some nights or sets, by subject."""
        draft = r.interpretations.c
        rows = self._connection.execute(
            select(r.interpretations).where(draft.doctor_id == doctor_id, draft.subject.in_(subjects))
        )
        return {row.subject: row for row in rows}

    def save(self, doctor_id: str, subject: str, version: int, values: Mapping[str, Any], now: datetime) -> bool:
        """Write the next version; returns whether ``version`` was still the newest (0: there was none yet)."""
        draft = r.interpretations.c
        row = {**values, "version": version + 1, "updated_at": now}
        if version == 0:
            names = {"id": str(uuid4()), "doctor_id": doctor_id, "subject": subject, "created_at": now}
            asked = insert_or_ignore(self._connection, r.interpretations).values(**names, **row)
            return bool(self._connection.scalar(asked.returning(draft.id)) == names["id"])
        which = (draft.doctor_id == doctor_id, draft.subject == subject, draft.version == version)
        return self._connection.execute(update(r.interpretations).where(*which).values(**row)).rowcount == 1

    def drop(self, doctor_id: str, subject: str) -> None:
        """The draft became a signed text."""
        draft = r.interpretations.c
        self._connection.execute(
            delete(r.interpretations).where(draft.doctor_id == doctor_id, draft.subject == subject)
        )


class TemplatesTable:
    """Implements ``review_ports.Templates``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def shown(self, doctor_id: str) -> list[Template]:
        """The clinic's and the doctor's own, by name."""
        own = r.templates.c
        query = select(r.templates).where(or_(own.doctor_id == doctor_id, own.doctor_id.is_(None)))
        return [_template(row) for row in self._connection.execute(query.order_by(own.name, own.id))]

    def get(self, doctor_id: str, template_id: str) -> Template:
        """One of them; raises ``NotFound``."""
        own = r.templates.c
        row = self._connection.execute(
            select(r.templates).where(own.id == template_id, or_(own.doctor_id == doctor_id, own.doctor_id.is_(None)))
        ).one_or_none()
        if row is None:
            raise NotFound(template_id=template_id)
        return _template(row)

    def put(self, template: Template, now: datetime) -> None:
        """Add it, or replace name, language and text of the one with this id."""
        values = {"name": template.name, "language": template.language, "text": template.text, "updated_at": now}
        own = r.templates.c
        if self._connection.execute(update(r.templates).where(own.id == template.id).values(**values)).rowcount == 0:
            made = {"id": template.id, "doctor_id": template.doctor_id, "created_at": now}
            self._connection.execute(insert(r.templates).values(**made, **values))

    def remove(self, doctor_id: str, template_id: str) -> None:
        """Forget one that `get` finds."""
        found = self.get(doctor_id, template_id)
        self._connection.execute(delete(r.templates).where(r.templates.c.id == found.id))


class ProfilesTable:
    """Implements ``review_ports.Profiles``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, doctor_id: str) -> Profile:
        """How a doctor signs; an empty profile where nothing was said."""
        own = r.review_profiles.c
        row = self._connection.execute(select(r.review_profiles).where(own.doctor_id == doctor_id)).one_or_none()
        if row is None:
            return Profile(doctor_id)
        return Profile(**{field.name: getattr(row, field.name) for field in fields(Profile)})

    def put(self, profile: Profile, now: datetime) -> None:
        """Replace it."""
        values = {field.name: getattr(profile, field.name) for field in fields(Profile)} | {"updated_at": now}
        own = r.review_profiles.c
        changed = update(r.review_profiles).where(own.doctor_id == profile.doctor_id).values(**values)
        if self._connection.execute(changed).rowcount == 0:
            self._connection.execute(insert(r.review_profiles).values(**values))


def _template(row: Any) -> Template:
    return Template(row.id, row.doctor_id, row.name, row.language, row.text)
