"""What the doctor decides about a vendor's report before it is confirmed: whose it is, and whether a name stays."""

from __future__ import annotations

from oximetry.domain.catalogue_ports import Catalogue, Transaction
from oximetry.domain.errors import InvalidRequest
from oximetry.domain.ports import Clock
from oximetry.domain.records import Doctor, ItemKind, ItemState, UploadItem
from oximetry.services.matching.pairing import ambiguous


class ReportChoiceService:
    """Answers to the questions beside the batch table."""

    def __init__(self, catalogue: Catalogue, clock: Clock) -> None:
        self._catalogue = catalogue
        self._clock = clock

    def belongs(self, doctor: Doctor, session_id: str, report_id: str, recording_id: str) -> None:
        """Name the recording of a report that fits several. Raises ``InvalidRequest`` when it is not offered."""
        with self._catalogue.write() as transaction:
            items = _locked_items(transaction, doctor, session_id)
            offered = {(report.id, one.id) for report, recordings in ambiguous(items) for one in recordings}
            if (report_id, recording_id) not in offered:
                raise InvalidRequest("not_offered")
            transaction.uploads.set(report_id, self._clock(), ItemState.READ, belongs_to=recording_id)

    def keep_original(self, doctor: Doctor, session_id: str, report_id: str, *, keep: bool) -> None:
        """Keep the report with what it tells of the person, or paint that over after all; either is in the audit."""
        with self._catalogue.write() as transaction:
            items = _locked_items(transaction, doctor, session_id)
            if not any(item.id == report_id and _can_choose(item) for item in items):
                raise InvalidRequest("already_confirmed")
            transaction.uploads.set(report_id, self._clock(), ItemState.READ, keep_original=keep)
            act = "report_original_chosen" if keep else "report_painting_chosen"
            transaction.audit.add(self._clock(), doctor.id, act, ("item", report_id))


def _can_choose(item: UploadItem) -> bool:
    return item.kind is ItemKind.REPORT and item.state is ItemState.READ and item.report is not None


def _locked_items(transaction: Transaction, doctor: Doctor, session_id: str) -> list[UploadItem]:
    transaction.uploads.session(doctor.id, session_id)
    transaction.uploads.lock_session(session_id)
    return transaction.uploads.items(session_id)
