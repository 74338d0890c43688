"""One night in two files: joined by the doctor's word, kept apart, or taken apart again before it is confirmed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from oximetry.domain.catalogue_ports import Catalogue, Transaction
from oximetry.domain.errors import InvalidRequest
from oximetry.domain.ports import Clock
from oximetry.domain.records import Doctor, ItemState, UploadItem
from oximetry.services.intake.batch import KEPT_APART, JoinOffer, join_offers


class JoiningService:
    """Decides which files of a batch are one night; the worker reads them anew."""

    def __init__(self, catalogue: Catalogue, clock: Clock) -> None:
        self._catalogue = catalogue
        self._clock = clock

    def join(self, doctor: Doctor, session_id: str, first_id: str, second_id: str) -> None:
        """Make one night of a pair that is offered; its row is the first file's. Raises ``InvalidRequest``."""
        with self._catalogue.write() as transaction:
            offer = self._offer(transaction, doctor, session_id, first_id, second_id)
            for part in [offer.second, *transaction.uploads.parts(second_id)]:
                _set(transaction, part, self._clock(), state=ItemState.JOINED.value, joined_to=first_id)
            again = {"state": ItemState.RECEIVED.value, "reason": None}
            _set(transaction, offer.first, self._clock(), **again)
            transaction.jobs.submit("read_item", first_id, doctor.id, self._clock())

    def keep_apart(self, doctor: Doctor, session_id: str, first_id: str, second_id: str) -> None:
        """Offer a pair no more. Raises ``InvalidRequest`` when it is not offered."""
        with self._catalogue.write() as transaction:
            second = self._offer(transaction, doctor, session_id, first_id, second_id).second
            kept = [*second.details.get(KEPT_APART, ()), first_id]
            _set(transaction, second, self._clock(), details={**second.details, KEPT_APART: kept})

    def take_apart(self, doctor: Doctor, session_id: str, item_id: str) -> None:
        """Make a joined night the files it was made of; what is confirmed already stays. Raises ``InvalidRequest``."""
        with self._catalogue.write() as transaction:
            items = _locked_items(transaction, doctor, session_id)
            owner = next((item for item in items if item.id == item_id), None)
            if owner is None or owner.state not in (ItemState.READ, ItemState.RECEIVED):
                raise InvalidRequest("already_confirmed")
            if not take_apart(transaction, owner, self._clock()):
                raise InvalidRequest("not_joined")

    def _offer(
        self, transaction: Transaction, doctor: Doctor, session_id: str, first_id: str, second_id: str
    ) -> JoinOffer:
        for offer in join_offers(_locked_items(transaction, doctor, session_id)):
            if (offer.first.id, offer.second.id) == (first_id, second_id):
                return offer
        raise InvalidRequest("not_offered")


def take_apart(transaction: Transaction, owner: UploadItem, now: datetime, reason: str | None = None) -> bool:
    """Let every part of a joined night be read on its own again; returns whether it had any. The batch is locked."""
    parts = transaction.uploads.parts(owner.id)
    for item in [owner, *parts] if parts else []:
        said = reason if item is owner else None
        _set(transaction, item, now, state=ItemState.RECEIVED.value, joined_to=None, reason=said)
        transaction.jobs.submit("read_item", item.id, item.doctor_id, now)
    return bool(parts)


def _locked_items(transaction: Transaction, doctor: Doctor, session_id: str) -> list[UploadItem]:
    transaction.uploads.session(doctor.id, session_id)
    transaction.uploads.lock_session(session_id)
    return transaction.uploads.items(session_id)


def _set(transaction: Transaction, item: UploadItem, now: datetime, **values: Any) -> None:
    if not transaction.uploads.set(item.id, now, item.state, **values):
        raise InvalidRequest("not_offered")  # another tab took it out meanwhile
