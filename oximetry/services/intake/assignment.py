"""The doctor's decision: which night belongs to which patient, and confirming it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence

from oximetry.domain.catalogue_ports import Catalogue, Transaction
from oximetry.domain.errors import InvalidRequest
from oximetry.domain.ports import Clock
from oximetry.domain.records import Doctor, ItemState, UploadItem
from oximetry.services.intake.batch import elsewhere, overlapping
from oximetry.services.links import PatientLinks
from oximetry.services.matching.pairing import is_late, mismatched, paired
from oximetry.services.matching.report_homes import nights_of_reports
from oximetry.services.matching.same_night import NightIndex, is_recording, known_nights

NEW_PATIENT = "new:"
BY_POSITION = "columns_by_position"
_NEW = re.compile(r"new:[A-Z]{1,2}")


class AssignmentService:
    """Chooses patients for the files of a batch and confirms them; storing is the worker's."""

    def __init__(self, catalogue: Catalogue, links: PatientLinks, clock: Clock) -> None:
        self._catalogue = catalogue
        self._links = links
        self._clock = clock

    def choose(self, doctor: Doctor, session_id: str, item_ids: Sequence[str], target: str | None) -> None:
        """Remember a choice: ``"new:A"`` for a patient to be made, a patient's id, or ``None`` for no choice yet."""
        with self._catalogue.write() as transaction:
            transaction.uploads.session(doctor.id, session_id)
            self._check_target(transaction, doctor, target)
            for item_id in item_ids:
                item = transaction.uploads.get(item_id, doctor.id)
                if item.session_id == session_id:
                    transaction.uploads.set(item_id, self._clock(), ItemState.READ, target=target)

    def all_to_one(
        self, doctor: Doctor, session_id: str, target: str = "new:A", *, acknowledged: bool = False
    ) -> list[str]:
        """Give every read file of the batch to one patient and confirm; returns the patient's id in a list.

        Raises ``InvalidRequest("needs_confirmation")`` as ``confirm`` does, and then has changed nothing.
        """
        with self._catalogue.write() as transaction:
            items = self._locked_items(transaction, doctor, session_id)
            self._check_target(transaction, doctor, target)
            choices = {item: target for item in items if item.state is ItemState.READ}
            choices |= _late_reports(items) | self._homes(transaction, doctor, items)
            return self._confirm(transaction, doctor, choices, acknowledged)

    def confirm(self, doctor: Doctor, session_id: str, *, acknowledged: bool = False) -> list[str]:
        """Confirm every read file that has a choice; the worker stores them.

        Returns
        -------
        list of str
            The patients concerned.

        Raises
        ------
        InvalidRequest
            ``nothing_to_confirm``; ``needs_confirmation`` with ``overlaps``, ``elsewhere``, ``torn``, ``by_position``
            and ``mismatched`` (item ids) when nights of one patient overlap in time on different devices, a night
            already stands at another patient, two files of one night would go to different ones, nothing but their
            position told which columns were read, or a report says something else than the recording that begins with
            it, and the doctor has not said yes to that.
        """
        with self._catalogue.write() as transaction:
            items = self._locked_items(transaction, doctor, session_id)
            choices = _with_reports(items) | self._homes(transaction, doctor, items)
            return self._confirm(transaction, doctor, choices, acknowledged)

    def _homes(self, transaction: Transaction, doctor: Doctor, items: Sequence[UploadItem]) -> dict[UploadItem, str]:
        """Reports whose recording was stored before: they go where it is, whatever is chosen for the rest."""
        nights = nights_of_reports(transaction, doctor.id, items)
        return {item: nights[item.id].patient_id for item in items if item.id in nights}

    def _locked_items(self, transaction: Transaction, doctor: Doctor, session_id: str) -> list[UploadItem]:
        transaction.uploads.session(doctor.id, session_id)
        transaction.uploads.lock_session(session_id)  # a second tab's click waits, and finds nothing left to confirm
        return transaction.uploads.items(session_id)

    def _check_target(self, transaction: Transaction, doctor: Doctor, target: str | None) -> None:
        if target is None or _NEW.fullmatch(target):
            return
        transaction.patients.get(doctor.id, target)

    def _confirm(
        self, transaction: Transaction, doctor: Doctor, choices: dict[UploadItem, str], acknowledged: bool
    ) -> list[str]:
        if not choices:
            raise InvalidRequest("nothing_to_confirm")
        if not acknowledged:
            self._stop_at_doubts(transaction, doctor, choices)
        patients: dict[str, str] = {}
        for item, target in sorted(choices.items(), key=lambda pair: pair[0].number):
            if target not in patients:
                new = target.startswith(NEW_PATIENT)
                patients[target] = self._links.create_within(transaction, doctor.id).id if new else target
            patient_id = patients[target]
            if transaction.uploads.set(
                item.id,
                self._clock(),
                ItemState.READ,
                state=ItemState.CONFIRMED.value,
                target=patient_id,
                patient_id=patient_id,
            ):
                transaction.jobs.submit("store_item", item.id, self._clock())
                transaction.audit.add(
                    self._clock(), doctor.id, "confirmed", ("item", item.id), patient_id=patient_id, sure=acknowledged
                )
        return list(patients.values())

    def _stop_at_doubts(self, transaction: Transaction, doctor: Doctor, choices: dict[UploadItem, str]) -> None:
        known = known_nights(transaction, doctor.id, list(choices))
        session_id = next(iter(choices)).session_id
        waiting = [item for item in transaction.uploads.items(session_id) if item.state is ItemState.CONFIRMED]
        groups: dict[str, list[UploadItem]] = defaultdict(list)
        for item, target in choices.items():
            groups[target].append(item)
        overlaps = [
            item.id
            for target, items in groups.items()
            for item in overlapping(
                items,
                [*transaction.nights.spans(doctor.id, target), *(one for one in waiting if one.patient_id == target)],
            )
        ]
        doubts = {
            "overlaps": overlaps,
            "elsewhere": [item.id for item, target in choices.items() if elsewhere(item, target, known)],
            "torn": _torn(choices, waiting),
        }
        by_position = [item.id for item in choices if _is_by_position(item)]
        if by_position:
            doubts["by_position"] = by_position
        chosen = {item.id for item in choices}
        mismatches = mismatched(transaction.uploads.items(session_id))
        apart = [one.report.id for one in mismatches if one.report.id in chosen]
        if apart:
            doubts["mismatched"] = apart
        if any(doubts.values()):
            raise InvalidRequest("needs_confirmation", **doubts)


def _is_by_position(item: UploadItem) -> bool:
    """Whether nothing but their position told which of its columns is oxygen."""
    return item.numbers is not None and item.numbers.warns_of(BY_POSITION)


def _torn(choices: dict[UploadItem, str], waiting_items: Sequence[UploadItem]) -> list[str]:
    """The files whose night another file would take to a different patient."""
    goes_to = {item.id: target for item, target in choices.items()}
    goes_to |= {item.id: str(item.patient_id) for item in waiting_items}
    nights = NightIndex([item for item in (*choices, *waiting_items) if is_recording(item)])
    return [
        item.id
        for item in choices
        if is_recording(item) and any(goes_to[one.id] != goes_to[item.id] for one in nights.like(item))
    ]


def _with_reports(items: Sequence[UploadItem]) -> dict[UploadItem, str]:
    """The read files that have a choice; a paired report goes where its recording goes."""
    choices = {item: item.target for item in items if item.target and item.state is ItemState.READ}
    for recording, report in paired(items):
        if report.state is ItemState.READ and recording in choices:
            choices[report] = choices[recording]
    return choices | _late_reports(items)


def _late_reports(items: Sequence[UploadItem]) -> dict[UploadItem, str]:
    """Read reports whose recording was confirmed before them: they follow it, whatever is chosen for the rest."""
    return {report: str(recording.patient_id) for recording, report in paired(items) if is_late(recording, report)}
