"""Taking a whole batch back within the hour: its nights are shown no more, and links that it made open nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from oximetry.domain.catalogue_ports import Catalogue, Transaction
from oximetry.domain.errors import InvalidRequest
from oximetry.domain.ports import Clock
from oximetry.domain.records import Doctor, ItemState, NightState, UploadItem

TAKEN_BACK_WITHIN = timedelta(hours=1)
_CONFIRMED = (ItemState.CONFIRMED, ItemState.STORED)


@dataclass(frozen=True, slots=True)
class TakenBack:
    """How many stored nights were removed, files given back to the table, and patients whose links were stopped."""

    nights: int
    files: int
    patients: int


class TakingBackService:
    """Undoes the confirmation of a batch."""

    def __init__(self, catalogue: Catalogue, clock: Clock) -> None:
        self._catalogue = catalogue
        self._clock = clock

    def until(self, items: list[UploadItem]) -> datetime | None:
        """Until when these files of a batch can be taken back; ``None`` when nothing can."""
        confirmed = [item.confirmed_at for item in items if item.state in _CONFIRMED and item.confirmed_at]
        last = max(confirmed, default=None)
        if last is None or last + TAKEN_BACK_WITHIN <= self._clock():
            return None
        return last + TAKEN_BACK_WITHIN

    def take_back(self, doctor: Doctor, session_id: str) -> TakenBack:
        """Undo what was confirmed of a batch within the last hour.

        A file that is not stored yet waits for a decision again. A stored night is removed, and can be restored from
        its patient for 30 days. A patient who was made by this batch and has no other night has no live link any more.
        Raises ``InvalidRequest("batch_too_old")`` when the hour is over or nothing was confirmed.
        """
        with self._catalogue.write() as transaction:
            transaction.uploads.session(doctor.id, session_id)
            transaction.uploads.lock_session(session_id)
            items = transaction.uploads.items(session_id)
            if self.until(items) is None:
                raise InvalidRequest("batch_too_old")
            confirmed = [item for item in items if item.state in _CONFIRMED]
            patients = {str(item.patient_id) for item in confirmed}
            files = sum(self._give_back(transaction, item) for item in confirmed)
            nights = {item.recording_id for item in confirmed if item.state is ItemState.STORED and item.recording_id}
            removed = sum(self._remove(transaction, doctor, night_id) for night_id in nights)
            stopped = sum(self._stop_link(transaction, doctor, patient_id, items) for patient_id in patients)
            transaction.uploads.set_taken_back(session_id, self._clock())
            done = TakenBack(removed, files, stopped)
            subject = ("session", session_id)
            transaction.audit.add(self._clock(), doctor.id, "batch_taken_back", subject, nights=removed, files=files)
        return done

    def _give_back(self, transaction: Transaction, item: UploadItem) -> bool:
        given = {"state": ItemState.READ.value, "patient_id": None, "target": None, "confirmed_at": None}
        return transaction.uploads.set(item.id, self._clock(), ItemState.CONFIRMED, **given)

    def _remove(self, transaction: Transaction, doctor: Doctor, night_id: str) -> bool:
        transaction.nights.lock(night_id)
        night = transaction.nights.get(night_id, doctor.id)
        if night.state is NightState.REMOVED:
            return False
        gone = {"state": NightState.REMOVED.value, "moving_to": None, "removed_at": self._clock()}
        transaction.nights.set(night_id, **gone)
        transaction.audit.add(
            self._clock(), doctor.id, "night_removed", ("recording", night_id), patient_id=night.patient_id
        )
        return True

    def _stop_link(self, transaction: Transaction, doctor: Doctor, patient_id: str, items: list[UploadItem]) -> bool:
        """Stop the link of a patient whom this batch made, unless another night is shown under it."""
        patient = transaction.patients.get(doctor.id, patient_id)
        first = min(item.confirmed_at for item in items if item.confirmed_at)
        if patient.created_at < first or transaction.night_lines.of_patient(doctor.id, patient_id):
            return False
        if not transaction.patients.revoke_links(patient_id, self._clock()):
            return False
        transaction.audit.add(self._clock(), doctor.id, "link_revoked", ("patient", patient_id))
        return True
