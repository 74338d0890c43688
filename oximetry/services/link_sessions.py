"""Opened links: sessions that a browser holds, that the patient leaves and the doctor ends; PINs and last days."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import timedelta
from uuid import uuid4

from oximetry.domain.audit import Actor, ActorKind
from oximetry.domain.catalogue_ports import Catalogue, Transaction
from oximetry.domain.errors import InvalidRequest, LinkRefused, NotFound, PinNeeded, PinRefused
from oximetry.domain.link_sessions import (
    LIFETIMES_DAYS,
    MOST_WRONG_PINS,
    PIN_DIGITS,
    LinkSession,
    OpenedLink,
    Visit,
    is_expired,
    is_paused,
    oldest_live,
)
from oximetry.domain.ports import Clock, Vault
from oximetry.domain.records import Link

SEEN_AGAIN = timedelta(minutes=5)


class LinkSessionService:
    """Sessions of opened links."""

    def __init__(self, catalogue: Catalogue, vault: Vault, clock: Clock) -> None:
        self._catalogue = catalogue
        self._vault = vault
        self._clock = clock

    def visit(self, browser: str, device_key: str) -> Visit:
        """A browser that comes with a secret, and the id that its session will have."""
        return Visit(browser, device_key, str(uuid4()))

    def begin(self, link: Link, visit: Visit, *, is_preview: bool) -> str:
        """A session of a link that `PatientLinks.open` let in; returns its token, of which only the hash is kept."""
        token = secrets.token_urlsafe(32)
        with self._catalogue.write() as transaction:
            transaction.link_sessions.begin(link.id, _sha256(token), visit, self._clock(), is_preview=is_preview)
        return token

    def of(self, token: str) -> OpenedLink | None:
        """The live session of a token; asked on every request, and said to be seen every five minutes."""
        now = self._clock()
        with self._catalogue.read() as transaction:
            opened = transaction.link_sessions.live(_sha256(token), oldest_live(now), now)
        if opened is not None and now - opened.session.last_seen_at > SEEN_AGAIN:
            with self._catalogue.write() as transaction:
                transaction.link_sessions.seen(opened.session.id, now)
        return opened

    def exchange(self, link_id: str, visit: Visit) -> str | None:
        """A session for a browser that was let in before there were sessions; ``None`` when the link opens nothing."""
        now = self._clock()
        with self._catalogue.read() as transaction:
            link = transaction.patients.live_link(link_id)
        if link is None or is_expired(link, now) or link.pin_sealed is not None:
            return None
        return self.begin(link, visit, is_preview=False)

    def leave(self, token: str) -> None:
        """The patient closes the page in this browser."""
        opened = self.of(token)
        if opened is None:
            return
        with self._catalogue.write() as transaction:
            transaction.link_sessions.end(self._clock(), link_id=opened.link.id, session_id=opened.session.id)
            visitor, patient = Actor(ActorKind.PATIENT, opened.session.id), ("patient", opened.link.patient_id)
            transaction.audit.add(self._clock(), visitor, "link_left", patient)

    def of_patient(self, doctor_id: str, patient_id: str) -> list[LinkSession]:
        """In which browsers the patient's page is open now; the doctor's own previews are not among them."""
        with self._catalogue.read() as transaction:
            links = transaction.patients.live_links(doctor_id, patient_id)
            if not links:
                return []
            sessions = transaction.link_sessions.of_link(links[0].id, oldest_live(self._clock()))
        return [session for session in sessions if not session.is_preview]

    def end(self, doctor_id: str, patient_id: str, session_id: str | None) -> None:
        """The page closes in one browser, or in all; whoever has the link can open it again."""
        with self._catalogue.write() as transaction:
            link = self._live(transaction, doctor_id, patient_id)
            if transaction.link_sessions.end(self._clock(), link_id=link.id, session_id=session_id):
                transaction.audit.add(self._clock(), doctor_id, "link_sessions_ended", ("patient", patient_id))

    def set_lifetime(self, doctor_id: str, patient_id: str, days: int | None) -> None:
        """The link opens nothing after so many days from now; ``None``: until it is stopped."""
        if days is not None and days not in LIFETIMES_DAYS:
            raise InvalidRequest("malformed")
        until = self._clock() + timedelta(days=days) if days else None
        with self._catalogue.write() as transaction:
            link = self._live(transaction, doctor_id, patient_id)
            transaction.link_sessions.set_guards(link.id, expires_at=until)
            transaction.audit.add(self._clock(), doctor_id, "link_lifetime_set", ("patient", patient_id), days=days)

    def set_pin(self, doctor_id: str, patient_id: str, *, wanted: bool) -> None:
        """Give the link a new PIN, or none; wrong tries begin anew, and every browser must ask again."""
        pin = f"{secrets.randbelow(10**PIN_DIGITS):0{PIN_DIGITS}d}"
        with self._catalogue.write() as transaction:
            link = self._live(transaction, doctor_id, patient_id)
            sealed = self._vault.seal(pin) if wanted else None
            transaction.link_sessions.set_guards(link.id, pin_sealed=sealed, pin_failures=0)
            transaction.link_sessions.end(self._clock(), link_id=link.id)
            act = "link_pin_set" if wanted else "link_pin_removed"
            transaction.audit.add(self._clock(), doctor_id, act, ("patient", patient_id))

    def pin(self, link: Link) -> str | None:
        """The PIN, for the doctor to tell the patient; ``None`` when the link has none."""
        return self._vault.open(link.pin_sealed) if link.pin_sealed is not None else None

    def admit(self, link: Link, pin: str | None) -> None:
        """Let a browser through the PIN of a link, if it has one.

        Raises
        ------
        LinkRefused
            ``link_expired``: its last day is over.
        PinNeeded
            It has a PIN, and none was given.
        PinRefused
            ``pin_wrong`` (``left``: tries that are left in the link's whole life) or ``link_paused``.
        """
        if is_expired(link, self._clock()):
            raise LinkRefused("link_expired")
        if link.pin_sealed is None:
            return
        if is_paused(link):
            raise PinRefused("link_paused")
        if not pin:
            raise PinNeeded
        with self._catalogue.write() as transaction:
            if not transaction.link_sessions.take_try(link.id, MOST_WRONG_PINS):
                raise PinRefused("link_paused")
        right = hmac.compare_digest(self._vault.open(link.pin_sealed).encode(), pin.encode())
        with self._catalogue.write() as transaction:
            if right:
                transaction.link_sessions.give_try_back(link.id)
                return
            now_link = transaction.patients.live_link(link.id)
            failures = now_link.pin_failures if now_link else MOST_WRONG_PINS
            by, patient = Actor(ActorKind.PATIENT, link.id), ("patient", link.patient_id)
            act = "link_paused" if failures >= MOST_WRONG_PINS else "pin_refused"
            transaction.audit.add(self._clock(), by, act, patient)
        if failures >= MOST_WRONG_PINS:
            raise PinRefused("link_paused")
        raise PinRefused(left=MOST_WRONG_PINS - failures)

    def paused(self, doctor_id: str) -> list[str]:
        """Ids of this doctor's patients whose link waits for a new PIN."""
        with self._catalogue.read() as transaction:
            return transaction.link_sessions.paused(doctor_id, MOST_WRONG_PINS)

    def _live(self, transaction: Transaction, doctor_id: str, patient_id: str) -> Link:
        transaction.patients.get(doctor_id, patient_id)
        links = transaction.patients.live_links(doctor_id, patient_id)
        if not links:
            raise NotFound(patient_id=patient_id)
        return links[0]


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()
