"""What stops a confirmation until the doctor has said yes to it: nights that may belong to another person."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from oximetry.domain.catalogue_ports import Transaction
from oximetry.domain.errors import InvalidRequest
from oximetry.domain.records import ItemState, UploadItem
from oximetry.services.intake.batch import elsewhere, overlapping
from oximetry.services.matching.pairing import mismatched
from oximetry.services.matching.same_night import NightIndex, is_recording, known_nights

BY_POSITION = "columns_by_position"


def stop_at_doubts(transaction: Transaction, doctor_id: str, choices: Mapping[UploadItem, str]) -> None:
    """Raise ``InvalidRequest("needs_confirmation")`` when a choice is doubtful.

    Its details name the doubtful files by the kind of doubt: ``devices`` (nights of several devices go to one patient),
    ``overlaps`` (nights of one patient overlap in time on different devices), ``elsewhere`` (the night already stands
    at another patient), ``torn`` (two files of one night would go to different patients), ``by_position`` (nothing but
    their position told which columns were read) and ``mismatched`` (a report says something else than the recording
    that begins with it).
    """
    known = known_nights(transaction, doctor_id, list(choices))
    session_items = transaction.uploads.items(next(iter(choices)).session_id)
    waiting = [item for item in session_items if item.state is ItemState.CONFIRMED]
    groups: dict[str, list[UploadItem]] = defaultdict(list)
    for item, target in choices.items():
        groups[target].append(item)
    overlaps = [
        item.id
        for target, items in groups.items()
        for item in overlapping(
            items,
            [*transaction.nights.spans(doctor_id, target), *(one for one in waiting if one.patient_id == target)],
        )
    ]
    chosen = {item.id for item in choices}
    doubts = {
        "overlaps": overlaps,
        "elsewhere": [item.id for item, target in choices.items() if elsewhere(item, target, known)],
        "torn": _torn(choices, waiting),
    }
    more = {
        "devices": [item.id for items in groups.values() for item in of_several_devices(items)],
        "by_position": [item.id for item in choices if _is_by_position(item)],
        "mismatched": [one.report.id for one in mismatched(session_items) if one.report.id in chosen],
    }
    doubts |= {kind: item_ids for kind, item_ids in more.items() if item_ids}
    if any(doubts.values()):
        raise InvalidRequest("needs_confirmation", **doubts)


def device_of(item: UploadItem) -> str:
    """By what the nights of one device are known: its serial number, or else the file itself."""
    return item.device_serial or item.id


def of_several_devices(items: Sequence[UploadItem]) -> list[UploadItem]:
    """The recordings among these, if they were not all made by one known device; else none.

    Two files of one night tell of one person, whatever each says of its device.
    """
    recordings = [item for item in items if is_recording(item)]
    nights = NightIndex(recordings)
    devices = {device_of(item) for item in recordings}
    if len(devices) < 2:
        return []
    of_one_night = all(len(nights.like(item)) == len(recordings) - 1 for item in recordings)
    return [] if of_one_night else recordings


def _is_by_position(item: UploadItem) -> bool:
    """Whether nothing but their position told which of its columns is oxygen."""
    return item.numbers is not None and item.numbers.warns_of(BY_POSITION)


def _torn(choices: Mapping[UploadItem, str], waiting_items: Sequence[UploadItem]) -> list[str]:
    """The files whose night another file would take to a different patient."""
    goes_to = {item.id: target for item, target in choices.items()}
    goes_to |= {item.id: str(item.patient_id) for item in waiting_items}
    nights = NightIndex([item for item in (*choices, *waiting_items) if is_recording(item)])
    return [
        item.id
        for item in choices
        if is_recording(item) and any(goes_to[one.id] != goes_to[item.id] for one in nights.like(item))
    ]
