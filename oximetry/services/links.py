"""Patients and their secret links: create, open, copy, rotate, revoke; every link is built on ``PUBLIC_URL``."""

from __future__ import annotations

import hashlib
import logging
import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import uuid4

from oximetry.domain.audit import Actor, ActorKind
from oximetry.domain.catalogue_ports import Catalogue, Transaction
from oximetry.domain.clinic import LinkOpening
from oximetry.domain.errors import ConfigurationError, InvalidRequest, LinkRefused
from oximetry.domain.extra_rules import NAMES
from oximetry.domain.label_privacy import Telling, telling
from oximetry.domain.link_sessions import Visit
from oximetry.domain.ports import Clock, Vault
from oximetry.domain.records import Link, OldLink, Patient
from oximetry.services.link_sessions import LinkSessionService

logger = logging.getLogger(__name__)

MAX_LABEL_LENGTH = 80
MAX_NOTES_LENGTH = 2000
SAME_ACT_S = 5.0
_LABEL_REFUSALS = {
    Telling.ID_NUMBER: "label_id_number",
    Telling.PHONE: "label_phone",
    Telling.NAME: "label_name",
}
_OLD_TOKEN = re.compile(r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")
_SECRET = re.compile(r"^[A-Za-z0-9_-]{43}$")


@dataclass(frozen=True, slots=True)
class PatientCard:
    """A patient as its doctor sees it; ``url`` is ``None`` while no link is live or none can be shown."""

    patient: Patient
    url: str | None
    link: Link | None
    old_links: tuple[OldLink, ...] = ()

    def was_made_with(self, confirmed_at: datetime | None) -> bool:
        """Whether the patient was made by the confirmation of that moment, and can have no link from before."""
        made = self.patient.created_at
        return confirmed_at is not None and abs((confirmed_at - made).total_seconds()) < SAME_ACT_S


class PatientLinks:
    """Patients of a doctor and the links that open their pages.

    Parameters
    ----------
    base_url : str
        ``PUBLIC_URL`` without a slash at its end.
    vault : Vault
        Seals the secrets, so that the doctor can copy a link again.
    """

    def __init__(self, catalogue: Catalogue, vault: Vault, base_url: str, clock: Clock) -> None:
        self._catalogue = catalogue
        self._vault = vault
        self._base_url = base_url
        self._clock = clock
        self._sessions = LinkSessionService(catalogue, vault, clock)

    def create(self, doctor_id: str, label: str | None = None, *, acknowledged: bool = False) -> PatientCard:
        """A new patient with a live link; for the label see `checked_label`."""
        checked = checked_label(label, acknowledged=acknowledged)
        with self._catalogue.write() as transaction:
            patient = self.create_within(transaction, doctor_id, checked)
        return self.card(doctor_id, patient.id)

    def create_within(self, transaction: Transaction, doctor_id: str, label: str | None = None) -> Patient:
        """The same as one step of a larger transaction, with a label that was checked."""
        patient = transaction.patients.create(str(uuid4()), doctor_id, label, self._clock())
        self.add_link_within(transaction, patient.id)
        transaction.audit.add(self._clock(), doctor_id, "patient_created", ("patient", patient.id))
        return patient

    def import_old(self, doctor_id: str, token: str, *, is_active: bool) -> tuple[str, bool]:
        """The patient of a link of the application that was here before, made when there is none yet.

        Returns
        -------
        (str, bool)
            The patient's id, and whether anything was made: a patient, or a new link where the import that brought
            the patient had been taken back.

        Raises
        ------
        InvalidRequest
            ``migrate_other_doctor``: the patient is another doctor's.
        """
        digest = old_token_sha256(token)
        with self._catalogue.write() as transaction:
            old = transaction.old_links.find(digest)
            if old is None:
                patient_id = self.create_within(transaction, doctor_id).id
                transaction.old_links.add(digest, patient_id, self._clock(), None if is_active else self._clock())
            elif old.doctor_id != doctor_id:
                raise InvalidRequest("migrate_other_doctor")
            elif old.undone_at is None:
                return old.patient_id, False
            else:
                patient_id = old.patient_id
                transaction.old_links.set(
                    old.id, undone_at=None, retired_at=None if is_active else self._clock(), opened_count=0
                )
                self.add_link_within(transaction, patient_id)
            transaction.audit.add(self._clock(), doctor_id, "patient_imported", ("patient", patient_id))
        return patient_id, True

    def card(self, doctor_id: str, patient_id: str) -> PatientCard:
        """One patient with its link; raises ``NotFound`` for another doctor's patient too."""
        with self._catalogue.read() as transaction:
            patient = transaction.patients.get(doctor_id, patient_id)
            links = transaction.patients.live_links(doctor_id, patient_id)
            old_links = tuple(transaction.old_links.live(patient_id))
        return replace(self._card(patient, links[0] if links else None), old_links=old_links)

    def cards(self, doctor_id: str, *, with_urls: bool = True) -> list[PatientCard]:
        """All patients of a doctor, newest first; a list that shows no link need not unseal every one of them."""
        with self._catalogue.read() as transaction:
            patients = transaction.patients.all(doctor_id)
            links = {link.patient_id: link for link in transaction.patients.live_links(doctor_id)}
        if with_urls:
            return [self._card(patient, links.get(patient.id)) for patient in patients]
        return [PatientCard(patient, None, links.get(patient.id)) for patient in patients]

    def set_label(self, doctor_id: str, patient_id: str, label: str | None, *, acknowledged: bool = False) -> None:
        """Change the label that only the doctor sees; see `checked_label`."""
        checked = checked_label(label, acknowledged=acknowledged)
        with self._catalogue.write() as transaction:
            transaction.patients.get(doctor_id, patient_id)
            transaction.patients.set_label(doctor_id, patient_id, checked)
            transaction.audit.add(self._clock(), doctor_id, "label_changed", ("patient", patient_id))

    def set_notes(self, doctor_id: str, patient_id: str, notes: str) -> None:
        """Change the notes that only the doctor sees; at most 2,000 characters."""
        cleaned = "\n".join(_printable(line).rstrip() for line in notes.splitlines()).strip()
        if len(cleaned) > MAX_NOTES_LENGTH:
            raise InvalidRequest("notes_too_long", maximum=MAX_NOTES_LENGTH)
        with self._catalogue.write() as transaction:
            transaction.patients.get(doctor_id, patient_id)
            transaction.patients.set_notes(doctor_id, patient_id, cleaned or None)
            transaction.audit.add(self._clock(), doctor_id, "notes_changed", ("patient", patient_id))

    def openings(self, doctor_id: str, patient_id: str, limit: int) -> list[LinkOpening]:
        """Who opened the page through the live link lately, the newest first."""
        with self._catalogue.read() as transaction:
            links = transaction.patients.live_links(doctor_id, patient_id)
            return transaction.openings.of(links[0].id, limit) if links else []

    def set_extra_rules(self, doctor_id: str, patient_id: str, names: Collection[str]) -> None:
        """Switch exactly these extra rules on for a patient, and the others off; an unknown name is refused."""
        if not set(names) <= set(NAMES):
            raise InvalidRequest("unknown_rule")
        chosen = tuple(name for name in NAMES if name in names)
        with self._catalogue.write() as transaction:
            if transaction.patients.get(doctor_id, patient_id).extra_rules != chosen:
                transaction.patients.set_extra_rules(doctor_id, patient_id, chosen)
                subject = ("patient", patient_id)
                transaction.audit.add(self._clock(), doctor_id, "extra_rules_set", subject, rules=chosen)

    def rotate(self, doctor_id: str, patient_id: str) -> PatientCard:
        """A new secret; every earlier link stops at once, those of the previous application too."""
        with self._catalogue.write() as transaction:
            transaction.patients.get(doctor_id, patient_id)
            transaction.patients.revoke_links(patient_id, self._clock())
            transaction.old_links.retire(patient_id, self._clock())
            self.add_link_within(transaction, patient_id)
            transaction.audit.add(self._clock(), doctor_id, "link_rotated", ("patient", patient_id))
        return self.card(doctor_id, patient_id)

    def revoke(self, doctor_id: str, patient_id: str) -> None:
        """No link opens this patient's page any more; revoking twice is revoking once."""
        with self._catalogue.write() as transaction:
            transaction.patients.get(doctor_id, patient_id)
            transaction.old_links.retire(patient_id, self._clock())
            if transaction.patients.revoke_links(patient_id, self._clock()):
                transaction.audit.add(self._clock(), doctor_id, "link_revoked", ("patient", patient_id))

    def open(
        self,
        secret: str,
        *,
        preview_by: str | None = None,
        open_already: str | None = None,
        pin: str | None = None,
        visit: Visit | None = None,
    ) -> Link:
        """The live link of a secret.

        Unknown, malformed and revoked secrets raise the same ``LinkRefused`` after the same look-up. The opening is
        counted, and the PIN asked for, unless this browser has the link ``open_already`` (its id), or ``preview_by``,
        a signed-in doctor's id, is the patient's own doctor. Otherwise raises as `LinkSessionService.admit` too.
        """
        malformed = not _SECRET.match(secret)
        digest = hashlib.sha256(secret[:200].encode(errors="replace")).hexdigest()
        with self._catalogue.read() as transaction:
            link = transaction.patients.live_link_by_secret(digest)
        if link is None or malformed:
            raise LinkRefused
        if preview_by != link.doctor_id and open_already != link.id:
            self._sessions.admit(link, pin)
            visit = visit or Visit()
            with self._catalogue.write() as transaction:
                transaction.patients.count_opening(link.id, self._clock())
                transaction.openings.add(link.id, visit, self._clock())
                visitor, patient = Actor(ActorKind.PATIENT, visit.session_id or link.id), ("patient", link.patient_id)
                transaction.audit.add(self._clock(), visitor, "link_opened", patient)
        return link

    def open_old(self, token: str) -> str:
        """The present link's URL for a link of the application that was here before; the opening is counted.

        Unknown, malformed and retired tokens, and patients without a live link, raise the same ``LinkRefused`` after
        the same look-ups. So does a link that can no longer be shown: its doctor sees that it must be made anew.
        """
        malformed = not _OLD_TOKEN.match(token)
        with self._catalogue.read() as transaction:
            old = transaction.old_links.find(old_token_sha256(token))
            known = (old.doctor_id, old.patient_id) if old else ("", "")
            links = transaction.patients.live_links(*known)
        url = self._url(links[0]) if links else None
        if old is None or old.retired_at is not None or malformed or url is None:
            raise LinkRefused
        with self._catalogue.write() as transaction:
            transaction.old_links.count_opening(old.id, self._clock())
        return url

    def retire_old(self, doctor_id: str, patient_id: str) -> None:
        """The patient's old links open nothing any more; twice is once."""
        with self._catalogue.write() as transaction:
            transaction.patients.get(doctor_id, patient_id)
            if transaction.old_links.retire(patient_id, self._clock()):
                transaction.audit.add(self._clock(), doctor_id, "old_link_retired", ("patient", patient_id))

    def add_link_within(self, transaction: Transaction, patient_id: str) -> None:
        """A new live link as one step of a larger transaction, for a patient that has none."""
        secret = secrets.token_urlsafe(32)
        digest = hashlib.sha256(secret.encode()).hexdigest()
        transaction.patients.add_link(str(uuid4()), patient_id, (digest, self._vault.seal(secret)), self._clock())

    def _card(self, patient: Patient, link: Link | None) -> PatientCard:
        return PatientCard(patient, self._url(link) if link else None, link)

    def _url(self, link: Link) -> str | None:
        try:
            return f"{self._base_url}/patient/#{self._vault.open(link.secret_sealed)}"
        except ConfigurationError:  # sealed under an earlier SECRET_KEY: it opens, but cannot be shown
            logger.warning("link cannot be shown id=%s", link.id)
            return None


def old_token_sha256(token: str) -> str:
    """What the catalogue keeps of an old link."""
    return hashlib.sha256(token[:200].lower().encode(errors="replace")).hexdigest()


def checked_label(label: str | None, *, acknowledged: bool = False) -> str | None:
    """A label as it is kept; ``None`` for an empty one.

    Raises ``InvalidRequest``: ``label_too_long`` (``maximum``), and ``label_id_number``, ``label_phone`` or
    ``label_name`` for one that tells who the person is, unless that was asked about before.
    """
    cleaned = " ".join(_printable(label or "").split())
    if len(cleaned) > MAX_LABEL_LENGTH:
        raise InvalidRequest("label_too_long", maximum=MAX_LABEL_LENGTH)
    told = telling(cleaned)
    if told is not None and not acknowledged:
        raise InvalidRequest(_LABEL_REFUSALS[told])
    return cleaned or None


def _printable(text: str) -> str:
    return "".join(sign if sign.isprintable() else " " for sign in text)
