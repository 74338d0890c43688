"""The patient and the stored night that a vendor's report belongs to."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from oximetry.domain.catalogue_ports import Transaction
from oximetry.domain.errors import NotReady
from oximetry.domain.night_numbers import NightNumbers
from oximetry.domain.records import ItemKind, ItemState, Night, NightState, UploadItem
from oximetry.services.matching.pairing import REPORT_TOLERANCE, differences_of, near, paired

Home = tuple[str, str | None]


def home_of_report(transaction: Transaction, item: UploadItem) -> Home:
    """The patient and the night of a confirmed report.

    A recording of the same batch that was stored for the same patient comes first: where the doctor moved that night
    since then, its report goes too. Else it is the one stored night of the patient that it fits; else none.
    """
    for owner, report in paired(transaction.uploads.items(item.session_id)):
        if report.id == item.id and owner.patient_id == item.patient_id:
            if owner.state is ItemState.CONFIRMED:
                return str(item.patient_id), None  # its recording claims it
            if owner.recording_id:
                night = _unmoving(transaction, owner.recording_id)
                return night.patient_id, night.id
    standing = (NightState.STORED, NightState.MOVING)
    fitting = fitting_nights(item, transaction.nights.of_patient(str(item.patient_id), item.doctor_id, standing))
    fitting = fitting or _fitting_of_doctor(transaction, item.doctor_id, item, standing)  # it was moved since
    if len(fitting) != 1:
        return str(item.patient_id), None
    night = _unmoving(transaction, fitting[0].id)
    return night.patient_id, night.id


def fitting_nights(item: UploadItem, nights: list[Night]) -> list[Night]:
    """The stored nights that a report fits by device, start and numbers."""
    if item.device_serial is None and not item.report:
        return []
    begins = (item.device_serial, item.started_at)
    close = [night for night in nights if near((night.device_serial, night.started_at), begins)]
    return [night for night in close if not differences_of(item.printed, night.numbers)]


def nights_of_reports(transaction: Transaction, doctor_id: str, items: Sequence[UploadItem]) -> dict[str, Night]:
    """Reports of a batch without a recording in it, and the one stored night of the doctor's that each fits."""
    in_batch = {report.id for _, report in paired(items)}
    asked = [item for item in items if item.kind is ItemKind.REPORT and item.state is ItemState.READ]
    night_of_report: dict[str, Night] = {}
    for item in asked:
        if item.id in in_batch:
            continue
        fitting = _fitting_of_doctor(transaction, doctor_id, item, (NightState.STORED,))
        if len(fitting) == 1:
            night_of_report[item.id] = fitting[0]
    return night_of_report


def _fitting_of_doctor(
    transaction: Transaction, doctor_id: str, item: UploadItem, states: Collection[NightState]
) -> list[Night]:
    """The doctor's nights, at whichever patient, that a report with a device and a start fits."""
    if item.device_serial is None or item.started_at is None:
        return []
    span = (item.device_serial, item.started_at - REPORT_TOLERANCE, item.started_at + REPORT_TOLERANCE)
    known = [one for one in transaction.nights.known(doctor_id, [], [], [span]) if one.state in states]
    return fitting_nights(item, [transaction.nights.get(one.id, doctor_id) for one in known])


def claim_report(transaction: Transaction, item: UploadItem, night_id: str, numbers: NightNumbers) -> None:
    """Join a night that is being stored with its report, where one was stored for the same patient before it."""
    patient_id = str(item.patient_id)
    in_batch = {
        report.sha256
        for recording, report in paired(transaction.uploads.items(item.session_id))
        if recording.id == item.id and report.state is ItemState.STORED
    }
    own = [one.id for one in transaction.reports.alone(patient_id) if one.original_sha256 in in_batch]
    if not own and item.started_at:
        begins = (item.device_serial, item.started_at)
        waiting = transaction.reports.near(patient_id, item.started_at, REPORT_TOLERANCE)
        own = [
            one.id
            for one in waiting
            if near(begins, (one.device_serial, one.started_at)) and not differences_of(one.numbers, numbers)
        ]
    if len(own) == 1 or in_batch:
        transaction.reports.join(own, night_id)


def _unmoving(transaction: Transaction, night_id: str) -> Night:
    transaction.nights.lock(night_id)
    night = transaction.nights.get(night_id)
    if night.state is NightState.MOVING:
        raise NotReady
    return night
