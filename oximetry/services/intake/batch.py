"""What stands in the batch table: each file's state, warnings and report, what overlaps and what belongs together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import combinations, pairwise
from typing import Any

from oximetry.domain.catalogue_ports import Catalogue, Transaction
from oximetry.domain.clinic import Handover
from oximetry.domain.errors import InvalidRequest
from oximetry.domain.heartbeats import WORKER_BEATS, hands_at_work
from oximetry.domain.joining import gap_between
from oximetry.domain.ports import Clock
from oximetry.domain.records import Doctor, ItemKind, ItemState, KnownNight, UploadItem, UploadSession
from oximetry.services.matching.pairing import Mismatch, ambiguous, is_late, mismatched, paired
from oximetry.services.matching.report_homes import nights_of_reports
from oximetry.services.matching.same_night import (
    NightIndex,
    completes,
    is_recording,
    is_same_night,
    known_nights,
    share_time,
    stored_like,
)

KEPT_APART = "kept_apart"
HANDED_BY = ("paper", "sms", "whatsapp", "email", "told")


@dataclass(frozen=True, slots=True)
class BatchRow:
    """One file of the batch.

    ``report`` is the vendor's report paired with it, ``waits_for`` the reason why its job waits, ``stored_at`` the
    patients at whom the same night (see ``services.same_night``) stands already, ``completes`` those at whom it stands
    unfinished and this file would take its place, ``stands_complete``: it is unfinished and the stored one is not.
    ``same_as`` is an earlier file of the batch with the same night, ``parts`` the files joined to this one;
    ``pending``: some of it waits in the outbox; ``mismatch``: as a report it says something else than the recording
    that begins with it; ``joins_at``: the patient at whom the night of this report stands already.
    """

    item: UploadItem
    report: UploadItem | None
    waits_for: str | None
    stored_at: tuple[str, ...]
    completes: tuple[str, ...] = ()
    stands_complete: bool = False
    same_as: UploadItem | None = None
    parts: tuple[UploadItem, ...] = ()
    pending: bool = False
    mismatch: Mismatch | None = None
    joins_at: str | None = None


@dataclass(frozen=True, slots=True)
class JoinOffer:
    """Two files that look like one night interrupted for ``gap_s`` seconds."""

    first: UploadItem
    second: UploadItem
    gap_s: float


@dataclass(frozen=True, slots=True)
class QueuePlace:
    """Other doctors' files that come before the last of ours, and in how many seconds ours are done, about."""

    files: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Batch:
    """A doctor's batch, as it stands in the catalogue.

    ``questions``: reports that fit several recordings, with those; ``kept_aside``: files that the doctor took out of
    this or an earlier batch and that can be put back; ``queue``: what is done before it is, while it waits.
    """

    session: UploadSession
    rows: list[BatchRow]
    offers: list[JoinOffer] = field(default_factory=list)
    questions: list[tuple[UploadItem, list[UploadItem]]] = field(default_factory=list)
    kept_aside: list[UploadItem] = field(default_factory=list)
    queue: QueuePlace | None = None

    @property
    def busy(self) -> bool:
        """Whether the worker still has something to do for it."""
        return any(row.item.state in (ItemState.RECEIVED, ItemState.CONFIRMED) for row in self.rows)

    @property
    def readable(self) -> list[UploadItem]:
        """Files that are read and wait for the doctor's decision."""
        return [row.item for row in self.rows if row.item.state is ItemState.READ]


@dataclass(frozen=True, slots=True)
class HandedPatient:
    """One patient of a batch: the nights that came with it, and how the link was handed over."""

    patient_id: str
    nights: tuple[UploadItem, ...]
    handover: Handover | None


@dataclass(frozen=True, slots=True)
class HandedBatch:
    """A batch as it is handed over."""

    session: UploadSession
    patients: list[HandedPatient]


@dataclass(frozen=True, slots=True)
class WaitingBatch:
    """A batch in which nights wait for a patient."""

    session_id: str
    created_at: datetime
    nights: int


class BatchService:
    """Shows a batch."""

    def __init__(self, catalogue: Catalogue, clock: Clock) -> None:
        self._catalogue = catalogue
        self._clock = clock

    def waiting(self, doctor: Doctor) -> WaitingBatch | None:
        """The latest batch of the doctor with nights that nobody was chosen for; ``None`` when there is none."""
        with self._catalogue.read() as transaction:
            found = transaction.uploads.waiting_batch(doctor.id)
        return WaitingBatch(found[0].id, found[0].created_at, found[1]) if found else None

    def session(self, doctor: Doctor, session_id: str) -> UploadSession:
        """The doctor's batch; raises ``NotFound`` for an unknown one and for another doctor's alike."""
        with self._catalogue.read() as transaction:
            return transaction.uploads.session(doctor.id, session_id)

    def handed_over(self, doctor: Doctor, session_id: str) -> HandedBatch:
        """The patients of a batch, in the order in which its files came, with their nights and how each has its link.

        Raises ``NotFound`` for another doctor's batch.
        """
        with self._catalogue.read() as transaction:
            session = transaction.uploads.session(doctor.id, session_id)
            items = transaction.uploads.items(session_id)
            handovers = transaction.handovers.of(session_id)
        nights: dict[str, list[UploadItem]] = {}
        for item in items:
            if item.patient_id is not None:
                nights.setdefault(item.patient_id, [])
                if is_recording(item) and item.joined_to is None:
                    nights[item.patient_id].append(item)
        patients = [HandedPatient(one, tuple(of_one), handovers.get(one)) for one, of_one in nights.items()]
        return HandedBatch(session, patients)

    def mark_handed(self, doctor: Doctor, session_id: str, patient_id: str, means: str) -> None:
        """Remember how a patient got the link; an empty means is not yet. Raises ``InvalidRequest`` for an unknown."""
        if means not in ("", *HANDED_BY):
            raise InvalidRequest("malformed")
        with self._catalogue.write() as transaction:
            transaction.uploads.session(doctor.id, session_id)
            transaction.patients.get(doctor.id, patient_id)
            transaction.handovers.mark(session_id, patient_id, means, self._clock())
            act, subject = "link_handed", ("patient", patient_id)
            transaction.audit.add(self._clock(), doctor.id, act, subject, means=means)

    def show(self, doctor: Doctor, session_id: str) -> Batch:
        """The batch with everything the table needs; raises ``NotFound`` for another doctor's."""
        with self._catalogue.read() as transaction:
            session = transaction.uploads.session(doctor.id, session_id)
            items = transaction.uploads.items(session_id)
            known = known_nights(transaction, doctor.id, items)
            waits = _waits(transaction, items)
            pending = _pending(transaction, items)
            homes = nights_of_reports(transaction, doctor.id, items)
            kept_aside = transaction.uploads.kept_aside(doctor.id)
            queue = _queue(transaction, doctor, items, self._clock())
        mismatches = {one.report.id: one for one in mismatched(items)}
        own = NightIndex([item for item in items if is_recording(item)])
        parts = _joined(items)
        reports = {recording.id: report for recording, report in paired(items) if not is_late(recording, report)}
        shown_with_night = {report.id for report in reports.values()}
        rows = [
            BatchRow(
                item,
                reports.get(item.id),
                waits.get(item.id),
                **_stored(item, known),
                same_as=_earlier(item, own),
                parts=tuple(parts[item.id]),
                pending=item.id in pending,
                mismatch=mismatches.get(item.id),
                joins_at=homes[item.id].patient_id if item.id in homes else None,
            )
            for item in items
            if item.id not in shown_with_night and item.joined_to is None
        ]
        return Batch(session, rows, join_offers(items), ambiguous(items), kept_aside, queue)


def _queue(transaction: Transaction, doctor: Doctor, items: Sequence[UploadItem], now: datetime) -> QueuePlace | None:
    """The place in the queue, while something waits to be read or stored and a worker is there to do it."""
    if not any(item.state in (ItemState.RECEIVED, ItemState.CONFIRMED) for item in items):
        return None
    hands = hands_at_work(transaction.heartbeats.named(WORKER_BEATS), now)
    ahead = transaction.jobs.ahead_of(doctor.id)
    return QueuePlace(ahead.jobs, round(ahead.cost_ms / 1000 / hands)) if hands and ahead.jobs else None


def join_offers(items: Sequence[UploadItem]) -> list[JoinOffer]:
    """The pairs that look like one night interrupted: one device, one format, one interval, at most five minutes apart.

    Only files that are read and wait for a decision; a pair that the doctor keeps apart is not offered again.
    """
    groups: dict[tuple[object, ...], list[UploadItem]] = defaultdict(list)
    for item in items:
        if item.state is ItemState.READ and is_recording(item) and item.device_serial and item.numbers:
            groups[item.device_serial, item.numbers.format, item.numbers.sampling_interval_s].append(item)
    offers = []
    for group in groups.values():
        group.sort(key=lambda item: (item.started_at, item.number))
        for first, second in pairwise(group):
            gap_s = gap_between(first.ended_at, second.started_at) if first.ended_at and second.started_at else None
            if gap_s is not None and first.id not in second.details.get(KEPT_APART, ()):
                offers.append(JoinOffer(first, second, gap_s))
    return offers


def overlapping(items: Sequence[UploadItem], stored: Sequence[KnownNight | UploadItem] = ()) -> list[UploadItem]:
    """Nights that overlap in time with another of these, or with a stored one, recorded by a different device.

    Two files of the same night are no such pair, whatever they tell of their device.
    """
    nights = [item for item in items if item.kind is ItemKind.RECORDING and item.started_at and item.ended_at]
    pairs = [(first, second) for first, second in combinations(nights, 2) if _overlap(first, second)]
    touched = {item.id for pair in pairs for item in pair}
    there = [one for one in stored if isinstance(one, KnownNight) or one.kind is ItemKind.RECORDING]
    touched |= {item.id for item in nights for night in there if _overlap(item, night)}
    return [item for item in nights if item.id in touched]


def elsewhere(item: UploadItem, target: str, stored_nights: NightIndex[KnownNight]) -> bool:
    """Whether the same night stands at another patient, complete or not."""
    return any(night.patient_id != target for night in stored_like(item, stored_nights))


def _stored(item: UploadItem, stored_nights: NightIndex[KnownNight]) -> dict[str, Any]:
    """What a row tells of the nights that are the same as its file's and stored already."""
    same = stored_like(item, stored_nights)
    completed = [night for night in same if completes(item, night)]
    return {
        "stored_at": tuple(sorted({night.patient_id for night in same if night not in completed})),
        "completes": tuple(sorted({night.patient_id for night in completed})),
        "stands_complete": item.is_unfinished and any(not night.is_unfinished for night in same),
    }


def _joined(items: Sequence[UploadItem]) -> dict[str, list[UploadItem]]:
    """The files that are joined to another one, by that one's id."""
    parts: dict[str, list[UploadItem]] = defaultdict(list)
    for item in items:
        if item.joined_to is not None:
            parts[item.joined_to].append(item)
    return parts


def _earlier(item: UploadItem, batch_nights: NightIndex[UploadItem]) -> UploadItem | None:
    if not is_recording(item):
        return None
    return min(
        (one for one in batch_nights.like(item) if one.number < item.number), key=lambda one: one.number, default=None
    )


def _overlap(first: UploadItem, second: UploadItem | KnownNight) -> bool:
    same_device = first.device_serial is not None and first.device_serial == second.device_serial
    return not same_device and share_time(first, second) and not is_same_night(first, second)


def _waits(transaction: Transaction, items: Sequence[UploadItem]) -> dict[str, str]:
    reading = [item.id for item in items if item.state is ItemState.RECEIVED]
    storing = [item.id for item in items if item.state is ItemState.CONFIRMED]
    return {
        **transaction.jobs.waiting_reasons("read_item", reading),
        **transaction.jobs.waiting_reasons("store_item", storing),
    }


def _pending(transaction: Transaction, items: Sequence[UploadItem]) -> set[str]:
    """The items of which a file waits in the outbox: as it was received, or as it is stored."""
    if not transaction.outbox.totals().count:
        return set()
    keys = {item.staging_key: item.id for item in items}
    nights = {item.recording_id: item.id for item in items if item.recording_id}
    files = transaction.files.of("recording", list(nights))
    keys |= {file.key: nights[file.reference_id] for file in files}
    return {keys[key] for key in transaction.outbox.waiting(keys)}
