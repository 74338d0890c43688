"""Where a confirmed night goes: into a stored night's row, into its own, or into the place of an unfinished one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from oximetry.domain.catalogue_ports import Catalogue, Transaction
from oximetry.domain.errors import InvalidRecording, NotFound, NotReady
from oximetry.domain.keeping import RESTORABLE
from oximetry.domain.ports import Clock, ObjectStore
from oximetry.domain.recording import Recording
from oximetry.domain.records import KnownNight, NightState, UploadItem
from oximetry.domain.sameness import agree
from oximetry.services.matching.same_night import completes, holds_the_same, known_nights
from oximetry.services.nights.night_reader import NightReader
from oximetry.services.nights.originals import stored_parts


@dataclass(frozen=True, slots=True)
class Place:
    """The row of a night: a stored one's (``night_id``) or its own, and the unfinished nights it replaces.

    ``is_further``: the stored night has another original, and the file is kept beside it.
    """

    night_id: str | None = None
    is_further: bool = False
    replaces: tuple[str, ...] = ()


class Placing:
    """Finds the place of a night among those of its patient; nothing is written here."""

    def __init__(self, catalogue: Catalogue, store: ObjectStore, reader: NightReader, clock: Clock) -> None:
        self._catalogue = catalogue
        self._store = store
        self._reader = reader
        self._clock = clock

    def compared(self, item: UploadItem, recording: Recording) -> dict[str, bool]:
        """Whether the patient's nights that could be this one hold the same samples, by the nights' ids."""
        with self._catalogue.read() as transaction:
            rivals = [night for night in self._here(transaction, item) if not holds_the_same(item, night)]
            compared_nights = [
                (transaction.nights.get(rival.id), transaction.files.of("recording", [rival.id])) for rival in rivals
            ]
        same = {}
        for night, files in compared_nights:
            try:
                stored = self._reader.read_kept(stored_parts(night, files, self._store.get)).recording
                same[night.id] = agree(stored, recording)
            except (NotFound, InvalidRecording):  # what cannot be read any more is proof of nothing
                same[night.id] = False
        return same

    def find(self, transaction: Transaction, item: UploadItem, compared: Mapping[str, bool]) -> Place:
        """The place, as things stand in this transaction.

        Raises
        ------
        NotReady
            The same night is on its way to another patient or out of the catalogue, or a night that could be this one
            came in since they were compared.
        """
        here = self._here(transaction, item)
        same = sorted((night for night in here if holds_the_same(item, night)), key=_standing_first)
        if same and same[0].state is not NightState.REMOVED:
            return self._within(transaction, same[0], item)
        standing = [night for night in here if night.state is NightState.STORED]
        if any(night.id not in compared for night in standing):
            raise NotReady
        replaced = [night for night in standing if completes(item, night) and _is_proven(item, night, compared)]
        others = [night for night in standing if night not in replaced and compared[night.id]]
        within = [night for night in others if _covers(night, item)]
        if within:
            return Place(within[0].id, is_further=True)
        if same and not replaced:
            return self._within(transaction, same[0], item)
        return Place(replaces=tuple(sorted(night.id for night in replaced)))

    def _here(self, transaction: Transaction, item: UploadItem) -> list[KnownNight]:
        known = known_nights(transaction, item.doctor_id, [item]).like(item)
        return sorted((night for night in known if night.patient_id == item.patient_id), key=lambda night: night.id)

    def _within(self, transaction: Transaction, night: KnownNight, item: UploadItem) -> Place:
        transaction.nights.lock(night.id)
        night_now = transaction.nights.get(night.id)
        if night_now.state is NightState.MOVING or night_now.patient_id != item.patient_id:
            raise NotReady  # once it has left, this file is the patient's night again
        if night_now.removed_at is not None and night_now.removed_at < self._clock() - RESTORABLE:
            raise NotReady  # it is being expunged
        return Place(night.id, is_further=night_now.original_sha256 != item.sha256)


def _standing_first(night: KnownNight) -> tuple[bool, str]:
    return night.state is NightState.REMOVED, night.id


def _is_proven(item: UploadItem, night: KnownNight, compared: Mapping[str, bool]) -> bool:
    """A device's serial and the second of the start name a night; without a serial the samples have to."""
    return None not in (item.device_serial, night.device_serial) or compared[night.id]


def _covers(night: KnownNight, item: UploadItem) -> bool:
    if item.started_at is None or item.ended_at is None:
        return False
    return night.started_at <= item.started_at and item.ended_at <= night.ended_at
