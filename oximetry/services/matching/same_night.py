"""Which files and stored nights hold the same night: by bytes, by samples, or because one device measured both."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from oximetry.domain.catalogue_ports import Transaction
from oximetry.domain.records import ItemKind, ItemState, KnownNight, NightState, UploadItem

AnyNight = UploadItem | KnownNight
Night = TypeVar("Night", UploadItem, KnownNight)

_IN_A_BATCH = (ItemState.READ, ItemState.CONFIRMED, ItemState.STORED)


class NightIndex(Generic[Night]):
    """Finds the nights that are the same as one, without comparing each with each."""

    def __init__(self, nights: Sequence[Night]) -> None:
        self._found: dict[Hashable, list[Night]] = {}
        for night in nights:
            for key in _keys(night):
                self._found.setdefault(key, []).append(night)

    def like(self, item: UploadItem) -> list[Night]:
        """Those that hold the same night, the file itself left out."""
        near = {night.id: night for key in _keys(item) for night in self._found.get(key, ())}
        return [night for night in near.values() if night is not item and is_same_night(item, night)]


def is_same_night(item: UploadItem, other: AnyNight) -> bool:
    """Whether a file holds the same night as another file or a stored night.

    Same bytes or same samples are the same night. So are nights of one device that begin together or overlap: it
    cannot record two at once. Where a file does not tell its device, only an unfinished one that begins at the same
    second counts. A removed night is recognised by what it holds alone.
    """
    if holds_the_same(item, other):
        return True
    if isinstance(other, KnownNight) and other.state is NightState.REMOVED:
        return False
    if item.started_at is None or other.started_at is None:
        return False
    begin_together = item.started_at == other.started_at
    if item.device_serial is None or other.device_serial is None:
        return begin_together and (item.is_unfinished or other.is_unfinished)
    return item.device_serial == other.device_serial and (begin_together or share_time(item, other))


def holds_the_same(item: UploadItem, other: AnyNight) -> bool:
    """Whether a file has the same bytes as another file or a stored night, or the same samples."""
    same_samples = item.samples_sha256 is not None and item.samples_sha256 == other.samples_sha256
    return same_samples or _bytes(item) == _bytes(other)


def share_time(first: AnyNight, second: AnyNight) -> bool:
    """Whether two nights overlap in time."""
    if not (first.started_at and first.ended_at and second.started_at and second.ended_at):
        return False
    return first.started_at < second.ended_at and second.started_at < first.ended_at


def completes(item: UploadItem, night: KnownNight) -> bool:
    """Whether a file is the complete, or a longer, upload of a stored night that is unfinished; never a shorter one."""
    if not night.is_unfinished or night.state is not NightState.STORED or item.started_at != night.started_at:
        return False
    if item.ended_at is None or holds_the_same(item, night) or not is_same_night(item, night):
        return False
    return item.ended_at > night.ended_at or (item.ended_at == night.ended_at and not item.is_unfinished)


def is_recording(item: UploadItem) -> bool:
    """Whether a file of a batch is a night that was read and has a row of its own."""
    return item.kind is ItemKind.RECORDING and item.joined_to is None and item.state in _IN_A_BATCH


def known_nights(transaction: Transaction, doctor_id: str, items: Sequence[UploadItem]) -> NightIndex[KnownNight]:
    """The doctor's stored nights that could be one of these."""
    nights = [item for item in items if item.kind is ItemKind.RECORDING and item.started_at]
    sha256s = {item.sha256 for item in items} | {item.samples_sha256 for item in nights if item.samples_sha256}
    worn: dict[str, tuple[datetime, datetime]] = {}
    for item in nights:
        if item.device_serial and item.started_at and item.ended_at:
            begin, end = worn.get(item.device_serial, (item.started_at, item.ended_at))
            worn[item.device_serial] = min(begin, item.started_at), max(end, item.ended_at)
    starts = {item.started_at for item in nights if item.started_at}
    spans = [(serial, *span) for serial, span in worn.items()]
    return NightIndex(transaction.nights.known(doctor_id, sorted(sha256s), sorted(starts), spans))


def stored_like(item: UploadItem, stored_nights: NightIndex[KnownNight]) -> list[KnownNight]:
    """The stored nights that are the same as a file's, its own left out."""
    if item.kind is not ItemKind.RECORDING or item.started_at is None:
        return []
    return [night for night in stored_nights.like(item) if night.id != item.recording_id]


def _bytes(night: AnyNight) -> str:
    return night.sha256 if isinstance(night, UploadItem) else night.original_sha256


def _keys(night: AnyNight) -> Iterator[Hashable]:
    yield _bytes(night)
    if night.samples_sha256:
        yield night.samples_sha256
    if night.started_at is None:
        return
    yield night.started_at
    if night.device_serial and night.ended_at:
        for day in range((night.ended_at.date() - night.started_at.date()).days + 1):
            yield night.device_serial, night.started_at.date() + timedelta(days=day)
