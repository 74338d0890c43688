"""What the catalogue remembers, as values. Times are naive UTC, except a night's own wall clock."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from oximetry.domain.device_report import DeviceReport, ReportReading
from oximetry.domain.night_numbers import UNFINISHED, NightNumbers


class Role(StrEnum):
    """What a signed-in person may do."""

    DOCTOR = "doctor"
    ADMINISTRATOR = "administrator"


class ItemState(StrEnum):
    """The life of one uploaded file."""

    RECEIVED = "received"  # staged, waiting to be read
    READ = "read"  # its numbers stand in the batch table
    UNDATED = "undated"  # a recording of a device without a clock: the doctor is asked when it began
    REFUSED = "refused"  # not a recording; the reason stands beside it
    EXPANDED = "expanded"  # an archive whose files became items of their own
    JOINED = "joined"  # a part of the night whose row stands for both; shares its fate
    CONFIRMED = "confirmed"  # has a patient, waits to be stored
    STORED = "stored"  # in the catalogue and under the patient's prefix
    DISCARDED = "discarded"  # taken out of the batch by the doctor

    @property
    def is_final(self) -> bool:
        """Whether nothing more will happen to the item by itself."""
        return self in (ItemState.REFUSED, ItemState.EXPANDED, ItemState.STORED, ItemState.DISCARDED)


class ItemKind(StrEnum):
    """What an uploaded file is, by its content."""

    RECORDING = "recording"
    REPORT = "report"
    ARCHIVE = "archive"


class NightState(StrEnum):
    """Whether a stored night is shown."""

    STORED = "stored"
    MOVING = "moving"
    REMOVED = "removed"


class FileKind(StrEnum):
    """The folders under a patient's prefix, and the ``<kind>`` of a resource path."""

    CSV = "csvs"
    ORIGINAL = "originals"
    REPORT = "pdfs"
    PLOT = "plots"
    SIGNED = "reports"


@dataclass(frozen=True, slots=True)
class Doctor:
    """An account; ``password_hash`` is argon2's own text, ``password_temporary`` one that somebody else made up."""

    id: str
    email: str
    password_hash: str
    role: Role
    disabled_at: datetime | None
    password_temporary: bool = False
    totp_sealed: bytes | None = None
    passkey_count: int = 0

    @property
    def has_second_factor(self) -> bool:
        """Whether the password alone lets nobody in."""
        return self.totp_sealed is not None or self.passkey_count > 0


def user_hash(email: str) -> str:
    """A doctor's staging folder: the first 16 hex digits of SHA-256 of the lower-cased e-mail."""
    return hashlib.sha256(email.strip().lower().encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Patient:
    """A random id and an optional label that only its doctor sees; never a name that leaves the catalogue.

    ``extra_rules`` are the names of ``oximetry.domain.extra_rules`` that the doctor has switched on; ``merged_into``
    is the patient who turned out to be the same person.
    """

    id: str
    doctor_id: str
    label: str | None
    number: int
    created_at: datetime
    extra_rules: tuple[str, ...] = ()
    notes: str | None = None
    merged_into: str | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """A patient's secret link: found by the secret's SHA-256, copied again from the sealed secret."""

    id: str
    patient_id: str
    doctor_id: str
    secret_sealed: bytes
    created_at: datetime
    revoked_at: datetime | None
    last_opened_at: datetime | None
    opened_count: int
    expires_at: datetime | None = None
    pin_sealed: bytes | None = None
    pin_failures: int = 0


@dataclass(frozen=True, slots=True)
class OldLink:
    """A link of the application that was here before, known by its SHA-256 alone.

    ``undone_at`` stands while the import that brought it is taken back; then ``retired_at`` stands too.
    """

    id: str
    patient_id: str
    doctor_id: str
    created_at: datetime
    retired_at: datetime | None
    undone_at: datetime | None
    last_opened_at: datetime | None
    opened_count: int


@dataclass(frozen=True, slots=True)
class UploadSession:
    """A doctor's batch; it outlives reloads, restarts and browsers.

    ``labels`` are those of patients to be made, by target; ``taken_back_at`` stands once the doctor took it back.
    """

    id: str
    doctor_id: str
    created_at: datetime
    closed_at: datetime | None
    labels: Mapping[str, str] = field(default_factory=dict)
    taken_back_at: datetime | None = None


@dataclass(frozen=True, slots=True, eq=False)
class UploadItem:
    """One uploaded file of a batch.

    ``numbers`` stand once it is read; ``sparkline`` at most 120 SpO2 values in percent (``None`` where nothing valid
    fell into that part of the night). ``target`` is the doctor's choice before confirming: ``"new:A"`` for a
    patient to be made, or a patient's id; ``patient_id`` stands from then on. ``samples_sha256`` is the fingerprint
    of ``oximetry.domain.sameness``. A part of an interrupted night names in ``joined_to`` the file whose row stands
    for the whole; times, numbers and fingerprint of that one are the whole's. ``report`` is what was read from a
    vendor's report, ``belongs_to`` the recording that the doctor named for it, ``keep_original``: its private cells
    are not to be painted over. ``kept_until`` stands while the bytes of a refused or taken-out file are kept aside.
    """

    id: str
    session_id: str
    doctor_id: str
    number: int
    kind: ItemKind
    name_sealed: bytes | None
    content_type: str
    size: int
    sha256: str
    staging_key: str
    kept_until: datetime | None
    state: ItemState
    reason: str | None
    details: Mapping[str, Any]
    numbers: NightNumbers | None
    sparkline: list[float | None] | None
    device_serial: str | None
    started_at: datetime | None
    ended_at: datetime | None
    given_start: datetime | None
    samples_sha256: str | None
    joined_to: str | None
    report: ReportReading | None
    belongs_to: str | None
    keep_original: bool
    target: str | None
    patient_id: str | None
    recording_id: str | None
    confirmed_at: datetime | None = None

    @property
    def is_unfinished(self) -> bool:
        """Whether the file ends before its recording did."""
        return self.numbers is not None and self.numbers.warns_of(UNFINISHED)

    @property
    def printed(self) -> DeviceReport | None:
        """What a vendor's report prints, where it could be read."""
        return self.report.numbers if self.report else None


@dataclass(frozen=True, slots=True)
class Night:
    """One stored recording and the numbers of its headline analysis."""

    id: str
    patient_id: str
    doctor_id: str
    state: NightState
    moving_to: str | None
    format: str
    device_model: str | None
    device_serial: str | None
    started_at: datetime
    ended_at: datetime
    original_sha256: str
    created_at: datetime
    removed_at: datetime | None
    analysis_id: str
    numbers: NightNumbers
    notes: str | None = None


@dataclass(frozen=True, slots=True)
class ExcludedSpan:
    """A span of a night that a doctor took out of its numbers, in elapsed seconds; the recording keeps it."""

    id: str
    recording_id: str
    from_s: float
    to_s: float
    reason: str
    created_by: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One object of the store, as the catalogue knows it.

    ``name`` is the last part of the key; ``pending``, which only the questions for a page's files answer, that its
    bytes still wait in the outbox. ``sha256`` is unknown of an object that synchronisation found, until somebody reads
    it; ``missing_since`` stands when synchronisation deleted the row because there was no object.
    """

    id: str
    key: str
    name: str
    content_type: str
    size: int
    sha256: str | None
    reference_type: str
    reference_id: str
    created_by: str | None
    created_at: datetime
    deleted_at: datetime | None
    missing_since: datetime | None = None
    pending: bool = False


@dataclass(frozen=True, slots=True)
class VendorReport:
    """A vendor's report as it is kept.

    ``numbers`` and ``curve`` (as ``ReportCurve.as_json``) are ``None`` when not read; ``painted``: private cells are
    painted over in the stored copy; ``preview``: a picture of its page; ``reconciliation``: beside the night's own
    numbers, as ``services.reconciling`` left it, ``None`` for a lone report.
    """

    id: str
    patient_id: str
    recording_id: str | None
    device_serial: str | None
    started_at: datetime | None
    numbers: DeviceReport | None
    curve: Mapping[str, Any] | None
    reconciliation: Mapping[str, Any] | None
    painted: bool | None
    original_sha256: str | None
    created_at: datetime
    file: StoredFile
    preview: StoredFile | None


@dataclass(frozen=True, slots=True)
class KeptObject:
    """An object that waits in the outbox for its store; ``filename`` as in ``ports.ObjectStore.put``."""

    id: str
    key: str
    content: bytes
    content_type: str
    filename: str | None
    sha256: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class OutboxTotals:
    """How many objects and bytes wait in the outbox, and since when (``None``: nothing does)."""

    count: int
    bytes: int
    oldest_at: datetime | None


@dataclass(frozen=True, slots=True)
class Job:
    """A piece of work for the worker, as it was taken from the queue.

    ``crashes`` counts the workers that died while they did it, ``was_abandoned``: the last one that took it did.
    """

    id: str
    name: str
    subject: str
    attempts: int
    crashes: int
    was_abandoned: bool = False


@dataclass(frozen=True, slots=True)
class JobLine:
    """A job as an operator sees it; ``owner`` is the doctor whose turn it takes, empty for the platform's own work."""

    id: str
    name: str
    subject: str
    owner: str
    state: str
    attempts: int
    reason: str | None
    created_at: datetime
    not_before: datetime


@dataclass(frozen=True, slots=True)
class QueueAhead:
    """Other people's jobs that come before the last of ours; what they and ours cost, in milliseconds of one hand."""

    jobs: int
    cost_ms: int


@dataclass(frozen=True, slots=True)
class KnownNight:
    """What tells whether an uploaded night is stored already; ``samples_sha256`` is unknown of the oldest nights."""

    id: str
    patient_id: str
    state: NightState
    device_serial: str | None
    started_at: datetime
    ended_at: datetime
    original_sha256: str
    samples_sha256: str | None = None
    is_unfinished: bool = False
