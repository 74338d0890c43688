"""The doctor's decision: which night belongs to which patient, and confirming it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import product
from string import ascii_uppercase

from oximetry.domain.catalogue_ports import Catalogue, Transaction
from oximetry.domain.errors import InvalidRequest
from oximetry.domain.ports import Clock
from oximetry.domain.records import Doctor, ItemState, UploadItem
from oximetry.services.intake.doubts import device_of, stop_at_doubts
from oximetry.services.links import PatientLinks, checked_label
from oximetry.services.matching.pairing import is_late, paired
from oximetry.services.matching.report_homes import nights_of_reports
from oximetry.services.matching.same_night import is_recording

NEW_PATIENT = "new:"
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

    def one_patient_per_device(self, doctor: Doctor, session_id: str) -> list[str]:
        """Propose a patient for every night without a choice: the one who has the device, or else a new one for each.

        Nights of one device go together; a file that does not tell its device stands for itself. A choice that was
        made already stays. Returns the files that got a proposal.
        """
        with self._catalogue.write() as transaction:
            items = self._locked_items(transaction, doctor, session_id)
            open_items = [item for item in items if item.state is ItemState.READ and is_recording(item)]
            loans = transaction.loans.open(doctor.id, {item.device_serial or "" for item in open_items})
            taken = {item.target for item in items if item.target}
            letters = (target for target in new_targets() if target not in taken)
            targets: dict[str, str] = {}
            proposed = []
            for item in open_items:
                if item.target is not None:
                    continue
                device = device_of(item)
                if device not in targets:
                    loan = loans.get(device)
                    targets[device] = loan.patient_id if loan else next(letters)
                transaction.uploads.set(item.id, self._clock(), ItemState.READ, target=targets[device])
                proposed.append(item.id)
        return proposed

    def name_new_patient(
        self, doctor: Doctor, session_id: str, target: str, label: str | None, *, acknowledged: bool = False
    ) -> None:
        """The label of a patient to be made.

        Raises ``InvalidRequest`` for a label that is too long, or tells who the person is and was not meant to.
        """
        if not _NEW.fullmatch(target):
            raise InvalidRequest("malformed")
        checked = checked_label(label, acknowledged=acknowledged)
        with self._catalogue.write() as transaction:
            session = transaction.uploads.session(doctor.id, session_id)
            labels = {name: kept for name, kept in session.labels.items() if name != target}
            if checked is not None:
                labels[target] = checked
            transaction.uploads.set_labels(session_id, labels)

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
            ``nothing_to_confirm``; ``needs_confirmation`` as `stop_at_doubts` tells, unless the doctor said yes to it.
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
            stop_at_doubts(transaction, doctor.id, choices)
        session = transaction.uploads.session(doctor.id, next(iter(choices)).session_id)
        patients: dict[str, str] = {}
        for item, target in sorted(choices.items(), key=lambda pair: pair[0].number):
            if target not in patients:
                new = target.startswith(NEW_PATIENT)
                label = session.labels.get(target)
                patients[target] = self._links.create_within(transaction, doctor.id, label).id if new else target
            patient_id = patients[target]
            if transaction.uploads.set(
                item.id,
                self._clock(),
                ItemState.READ,
                state=ItemState.CONFIRMED.value,
                target=patient_id,
                patient_id=patient_id,
                confirmed_at=self._clock(),
            ):
                transaction.jobs.submit("store_item", item.id, item.doctor_id, self._clock())
                transaction.audit.add(
                    self._clock(), doctor.id, "confirmed", ("item", item.id), patient_id=patient_id, sure=acknowledged
                )
        left = {target: label for target, label in session.labels.items() if target not in patients}
        transaction.uploads.set_labels(session.id, left)
        return list(patients.values())


def new_targets() -> Iterator[str]:
    """``new:A`` to ``new:Z``, then ``new:AA`` and so on: more than a batch has files."""
    for length in (1, 2):
        for letters in product(ascii_uppercase, repeat=length):
            yield NEW_PATIENT + "".join(letters)


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
