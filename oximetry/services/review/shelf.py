"""Texts to begin with: the clinic's, seen by every doctor, and each doctor's own; a file carries them elsewhere."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

from oximetry.domain.errors import InvalidRequest, TemplateRefused
from oximetry.domain.interpretation import checked_text, known_placeholder
from oximetry.domain.records import Doctor, Role
from oximetry.domain.signing import canonical
from oximetry.domain.text_templates import LONGEST_NAME, LONGEST_TEMPLATE, Template, placeholders
from oximetry.services.review.drafts import Drafts, checked_language

FILE_FORMAT = "oximetry-templates"
FILE_VERSION = 1
MOST_TEMPLATES = 200


class Shelf(Drafts):
    """The part of ``ReviewService`` that keeps templates."""

    def templates(self, doctor_id: str) -> list[Template]:
        """The clinic's and the doctor's own, by name."""
        with self._catalogue.read() as transaction:
            return transaction.templates.shown(doctor_id)

    def save_template(
        self,
        doctor: Doctor,
        name: str,
        language: str,
        text: str,
        *,
        template_id: str | None = None,
        clinic: bool = False,
    ) -> Template:
        """Add a template, or change one.

        Raises
        ------
        TemplateRefused
            A placeholder is unknown or does not close; its name is in the details.
        InvalidRequest
            ``template_without_name``, ``text_too_long``, ``too_many_templates``, and ``clinic_template`` for a doctor
            who would change the clinic's without being an administrator.
        NotFound
            No such template, or another doctor's.
        """
        with self._catalogue.write() as transaction:
            owner = None if clinic else doctor.id
            if template_id is None:
                if len(transaction.templates.shown(doctor.id)) >= MOST_TEMPLATES:
                    raise InvalidRequest("too_many_templates", maximum=MOST_TEMPLATES)
            else:
                owner = transaction.templates.get(doctor.id, template_id).doctor_id
            _check_right(doctor, owner)
            template = checked_template(template_id or str(uuid4()), owner, name, language, text)
            transaction.templates.put(template, self._clock())
            transaction.audit.add(self._clock(), doctor.id, "template_saved", ("template", template.id))
        return template

    def remove_template(self, doctor: Doctor, template_id: str) -> None:
        """Forget a template; raises as `save_template`."""
        with self._catalogue.write() as transaction:
            _check_right(doctor, transaction.templates.get(doctor.id, template_id).doctor_id)
            transaction.templates.remove(doctor.id, template_id)
            transaction.audit.add(self._clock(), doctor.id, "template_removed", ("template", template_id))

    def export_templates(self, doctor_id: str) -> bytes:
        """All that the doctor sees, as a JSON file."""
        kept = [{"name": one.name, "language": one.language, "text": one.text} for one in self.templates(doctor_id)]
        return canonical({"format": FILE_FORMAT, "version": FILE_VERSION, "templates": kept}).encode()

    def import_templates(self, doctor: Doctor, content: bytes, *, clinic: bool = False) -> int:
        """Add what a file holds and the shelf does not; returns how many. All or nothing.

        Raises
        ------
        InvalidRequest
            ``template_file_malformed``, and as `save_template`.
        """
        owner = None if clinic else doctor.id
        _check_right(doctor, owner)
        offered = [checked_template(str(uuid4()), owner, *entry) for entry in _entries(content)]
        with self._catalogue.write() as transaction:
            shown = transaction.templates.shown(doctor.id)
            known = {(one.name, one.language, one.text) for one in shown}
            new = [one for one in offered if (one.name, one.language, one.text) not in known]
            if len(shown) + len(new) > MOST_TEMPLATES:
                raise InvalidRequest("too_many_templates", maximum=MOST_TEMPLATES)
            for template in new:
                transaction.templates.put(template, self._clock())
            transaction.audit.add(self._clock(), doctor.id, "templates_imported", ("doctor", doctor.id), count=len(new))
        return len(new)


def checked_template(template_id: str, owner: str | None, name: str, language: str, text: str) -> Template:
    """A template that can be filled in; raises as ``save_template``."""
    cleaned = " ".join(checked_text(name, LONGEST_NAME).split())
    if not cleaned:
        raise InvalidRequest("template_without_name")
    words = checked_text(text, LONGEST_TEMPLATE)
    for placeholder in sorted(placeholders(words)):
        if not known_placeholder(placeholder):
            raise TemplateRefused("placeholder_unknown", name=placeholder)
    return Template(template_id, owner, cleaned, checked_language(language), words)


def _check_right(doctor: Doctor, owner: str | None) -> None:
    if owner is None and doctor.role is not Role.ADMINISTRATOR:
        raise InvalidRequest("clinic_template")


def _entries(content: bytes) -> list[tuple[str, str, str]]:
    try:
        file: Any = json.loads(content.decode("utf-8-sig"))
        if (file["format"], file["version"]) != (FILE_FORMAT, FILE_VERSION):
            raise InvalidRequest("template_file_malformed")
        entries = [(one["name"], one["language"], one["text"]) for one in file["templates"]]
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise InvalidRequest("template_file_malformed") from error
    if len(entries) > MOST_TEMPLATES or not all(isinstance(part, str) for entry in entries for part in entry):
        raise InvalidRequest("template_file_malformed")
    return entries
