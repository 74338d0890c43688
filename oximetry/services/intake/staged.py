"""A night of the batch before it is stored: its trace, and the vendor's report that is paired with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from oximetry.domain.catalogue_ports import Catalogue
from oximetry.domain.device_report import DeviceReport
from oximetry.domain.errors import NotFound
from oximetry.domain.ports import ObjectStore
from oximetry.domain.records import ItemKind, UploadItem
from oximetry.services.matching.pairing import paired
from oximetry.services.nights.analysis import NightReport
from oximetry.services.nights.night_reader import NightReader
from oximetry.services.nights.nights import NightService
from oximetry.services.nights.originals import staged_parts


@dataclass(frozen=True, slots=True)
class StagedReport:
    """What was read from a vendor's report that is not stored yet; fields as in ``VendorReport``."""

    numbers: DeviceReport | None
    curve: Mapping[str, Any] | None
    started_at: datetime | None
    painted: bool | None = None


class StagedNights:
    """Nights as the doctor's batch shows them; every question carries the doctor's id."""

    def __init__(
        self,
        catalogue: Catalogue,
        store: ObjectStore,
        reader: NightReader,
        nights: NightService,
        name_of: Callable[[UploadItem], str],
    ) -> None:
        self._catalogue = catalogue
        self._store = store
        self._reader = reader
        self._nights = nights
        self._name_of = name_of

    def stored_as(self, doctor_id: str, item_id: str) -> str | None:
        """The id of the stored night of a batch's file; ``None`` before it is stored."""
        with self._catalogue.read() as transaction:
            return transaction.uploads.get(item_id, doctor_id).recording_id

    def trace(self, doctor_id: str, item_id: str) -> NightReport:
        """Every sample of a file of the batch, before or after it was stored; ``NotFound`` if it has none."""
        with self._catalogue.read() as transaction:
            item = transaction.uploads.get(item_id, doctor_id)
            joined = transaction.uploads.parts(item_id)
        if item.recording_id is not None:
            return self._nights.trace(doctor_id, item.recording_id)
        if item.kind is not ItemKind.RECORDING or item.numbers is None:
            raise NotFound(item_id=item_id)
        return self._reader.read_kept(staged_parts([item, *joined], self._name_of, self._store.get))

    def reports(self, doctor_id: str, item_id: str) -> list[StagedReport]:
        """The vendor's report that is paired with a file of the batch, before either is stored."""
        with self._catalogue.read() as transaction:
            item = transaction.uploads.get(item_id, doctor_id)
            pairs = paired(transaction.uploads.items(item.session_id))
        return [
            StagedReport(report.report.numbers, report.report.curve, report.started_at)
            for recording, report in pairs
            if recording.id == item_id and report.report
        ]
