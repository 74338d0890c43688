"""Showing, moving, removing and restoring stored nights, and the signed way to their files."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

from oximetry.domain.catalogue_ports import Catalogue, Transaction
from oximetry.domain.errors import InvalidRequest, NotFound
from oximetry.domain.keeping import RESTORABLE
from oximetry.domain.listing import Writing
from oximetry.domain.metrics import ANALYSIS_WARNINGS
from oximetry.domain.ports import Clock, ObjectStore
from oximetry.domain.quality import Exclusion
from oximetry.domain.records import (
    ExcludedSpan,
    FileKind,
    Night,
    NightState,
    StoredFile,
    VendorReport,
)
from oximetry.services.nights.analysis import NightReport
from oximetry.services.nights.night_files import PLOT_LANGUAGES
from oximetry.services.nights.night_reader import NightReader, analysis_rows
from oximetry.services.nights.originals import of_kind, stored_parts
from oximetry.services.nights.reconciling import note_reconciliation
from oximetry.services.storage.file_urls import FileUrls

logger = logging.getLogger(__name__)

MAX_NOTES_LENGTH = 2000
_INLINE_KINDS = (FileKind.PLOT.value,)


@dataclass(frozen=True, slots=True)
class NightCard:
    """A night with the files a page offers.

    ``plot`` is ``None`` until the worker has drawn it, ``original`` where the uploaded file was a CSV itself.
    """

    night: Night
    plot: StoredFile | None
    csv: StoredFile | None
    original: StoredFile | None
    reports: tuple[VendorReport, ...]


class NightService:
    """Nights as doctors and patients see them.

    Every question carries the doctor's id; a patient's page asks with the id of the doctor that its link names.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        store: ObjectStore,
        reader: NightReader,
        clock: Clock,
        file_urls: FileUrls,
    ) -> None:
        self._catalogue = catalogue
        self._store = store
        self._reader = reader
        self._clock = clock
        self._file_urls = file_urls

    def shown(self, doctor_id: str, patient_id: str, language: str) -> list[NightCard]:
        """The nights on a patient's page, newest first."""
        return self._cards(doctor_id, patient_id, language, (NightState.STORED,))

    def managed(self, doctor_id: str, patient_id: str, language: str) -> list[NightCard]:
        """The same for the doctor: moving and removed nights too."""
        return self._cards(doctor_id, patient_id, language, tuple(NightState))

    def card(self, doctor_id: str, night_id: str, language: str) -> NightCard:
        """One shown night with its files; raises ``NotFound`` for any other."""
        with self._catalogue.read() as transaction:
            night = transaction.nights.get(night_id, doctor_id)
            if night.state is not NightState.STORED:
                raise NotFound(night_id=night_id)
            plots = transaction.nights.plots([night.analysis_id], language)
            files = transaction.files.of("recording", [night.id])
            reports = transaction.reports.of_nights([night.id])
        return _card(night, plots.get(night.analysis_id), files, reports.get(night.id, []))

    def set_notes(self, doctor_id: str, night_id: str, notes: str) -> None:
        """Change a night's notes, which only the doctor sees; at most 2,000 characters."""
        cleaned = "\n".join(line.rstrip() for line in notes.splitlines()).strip()
        if len(cleaned) > MAX_NOTES_LENGTH or not all(sign.isprintable() or sign == "\n" for sign in cleaned):
            raise InvalidRequest("notes_too_long", maximum=MAX_NOTES_LENGTH)
        with self._catalogue.write() as transaction:
            transaction.nights.get(night_id, doctor_id)
            transaction.nights.set(night_id, notes=cleaned or None)

    def lone_reports(self, doctor_id: str, patient_id: str) -> list[VendorReport]:
        """The patient's reports that belong to no night."""
        with self._catalogue.read() as transaction:
            transaction.patients.get(doctor_id, patient_id)
            return transaction.reports.alone(patient_id)

    def lone_files(self, doctor_id: str, patient_id: str) -> list[StoredFile]:
        """Other files that a person gave to the patient and to no night."""
        with self._catalogue.read() as transaction:
            transaction.patients.get(doctor_id, patient_id)
            reports = transaction.reports.alone(patient_id)
            files = transaction.files.of("patient", [patient_id])
        shown = {file.id for report in reports for file in (report.file, report.preview) if file}
        return [file for file in files if file.id not in shown]

    def reports_of(self, doctor_id: str, night_id: str) -> list[VendorReport]:
        """The vendor's reports of a night."""
        with self._catalogue.read() as transaction:
            transaction.nights.get(night_id, doctor_id)
            return transaction.reports.of_nights([night_id]).get(night_id, [])

    def trace(self, doctor_id: str, night_id: str, patient_id: str | None = None) -> NightReport:
        """Every sample of a shown night, read again from the stored original.

        Raises ``NotFound`` when it is not shown, or not on the page of the patient that was named.
        """
        with self._catalogue.read() as transaction:
            night = transaction.nights.get(night_id, doctor_id)
            files = transaction.files.of("recording", [night_id])
            spans = transaction.exclusions.of([night_id])
        if night.state is not NightState.STORED or patient_id not in (None, night.patient_id):
            raise NotFound(night_id=night_id)
        return self.report(night, files, spans)

    def report(self, night: Night, files: Sequence[StoredFile], spans: Sequence[ExcludedSpan]) -> NightReport:
        """The night read again from its original among these files, without these spans."""
        parts = stored_parts(night, files, self._store.get)
        report = self._reader.read_kept(parts, tuple(Exclusion(span.from_s, span.to_s) for span in spans))
        return with_first_warnings(report, night)

    def file_url(self, doctor_id: str, patient_id: str, kind: str, filename: str) -> str:
        """A signed URL of a patient's file; ``NotFound`` for whatever is not shown to that patient."""
        with self._catalogue.read() as transaction:
            file = transaction.files.shown(doctor_id, patient_id, f"{patient_id}/{kind}/{filename}")
        return self._file_urls.url(file, inline=kind in _INLINE_KINDS)

    def linked_file_url(self, link_id: str, patient_id: str, kind: str, filename: str) -> str:
        """The same for whoever holds a link; ``NotFound`` once it is revoked or another patient's, too."""
        with self._catalogue.read() as transaction:
            file = transaction.files.shown_to_link(link_id, patient_id, f"{patient_id}/{kind}/{filename}")
        return self._file_urls.url(file, inline=kind in _INLINE_KINDS)

    def remove(self, doctor_id: str, night_id: str) -> None:
        """Stop showing a night at once; it can be restored for 30 days."""
        with self._catalogue.write() as transaction:
            night = self._locked(transaction, doctor_id, night_id)
            if night.state is not NightState.REMOVED:
                gone = {"state": NightState.REMOVED.value, "moving_to": None, "removed_at": self._clock()}
                transaction.nights.set(night_id, **gone)
                self._audit(transaction, doctor_id, "night_removed", night)

    def restore(self, doctor_id: str, night_id: str) -> None:
        """Show a removed night again; ``NotFound`` when its 30 days are over, for its files may be going already."""
        with self._catalogue.write() as transaction:
            night = self._locked(transaction, doctor_id, night_id)
            if night.removed_at is not None and night.removed_at < self._clock() - RESTORABLE:
                raise NotFound(night_id=night_id)
            if night.state is NightState.REMOVED:
                transaction.nights.set(night_id, state=NightState.STORED.value, removed_at=None)
                self._audit(transaction, doctor_id, "night_restored", night)
                submit_plots(transaction, night, self._clock)

    def move(self, doctor_id: str, night_id: str, patient_id: str) -> None:
        """Give a night to another patient: the old link stops showing it at once, the worker copies its objects."""
        with self._catalogue.write() as transaction:
            night = self._locked(transaction, doctor_id, night_id)
            target = transaction.patients.get(doctor_id, patient_id)
            if night.state is NightState.REMOVED or target.id == night.patient_id:
                raise InvalidRequest("cannot_move")
            there = transaction.nights.spans(doctor_id, target.id)
            if any(known.original_sha256 == night.original_sha256 for known in there):
                raise InvalidRequest("night_already_there")
            transaction.nights.set(night_id, state=NightState.MOVING.value, moving_to=target.id)
            transaction.jobs.submit("move_night", night_id, doctor_id, self._clock())
            self._audit(transaction, doctor_id, "night_move_asked", night, to=target.id)

    def _locked(self, transaction: Transaction, doctor_id: str, night_id: str) -> Night:
        transaction.nights.get(night_id, doctor_id)
        transaction.nights.lock(night_id)
        return transaction.nights.get(night_id, doctor_id)

    def _cards(self, doctor_id: str, patient_id: str, language: str, states: Sequence[NightState]) -> list[NightCard]:
        with self._catalogue.read() as transaction:
            transaction.patients.get(doctor_id, patient_id)
            nights = transaction.nights.of_patient(patient_id, doctor_id, states)
            plots = transaction.nights.plots([night.analysis_id for night in nights], language)
            files: dict[str, list[StoredFile]] = {}
            for file in transaction.files.of("recording", [night.id for night in nights]):
                files.setdefault(file.reference_id, []).append(file)
            reports = transaction.reports.of_nights([night.id for night in nights])
        return [
            _card(night, plots.get(night.analysis_id), files.get(night.id, []), reports.get(night.id, []))
            for night in nights
        ]

    def _audit(self, transaction: Transaction, doctor_id: str, act: str, night: Night, **details: object) -> None:
        transaction.audit.add(
            self._clock(), doctor_id, act, ("recording", night.id), patient_id=night.patient_id, **details
        )


def put_numbers(transaction: Transaction, night: Night, report: NightReport, clock: Clock) -> None:
    """Give a night new numbers: its row in the batch follows, and no picture shows the old ones any more."""
    transaction.nights.put_analyses(night.id, analysis_rows(report), clock())
    transaction.night_lines.note_writing([night.id], Writing.AGAIN, clock())
    transaction.uploads.follow_numbers(night.id, report.numbers, clock())
    transaction.files.mark_deleted(transaction.nights.drop_plots(night.analysis_id), clock())
    note_reconciliation(transaction, night.id)
    submit_plots(transaction, transaction.nights.get(night.id), clock)


def submit_plots(transaction: Transaction, night: Night, clock: Clock) -> None:
    """Ask for the pictures of a night in every language."""
    for language in PLOT_LANGUAGES:
        transaction.jobs.submit("render_plot", f"{night.analysis_id}:{language}", night.doctor_id, clock())


def _card(
    night: Night, plot: StoredFile | None, files: Sequence[StoredFile], reports: Sequence[VendorReport]
) -> NightCard:
    csv = next(iter(of_kind(files, FileKind.CSV)), None)
    original = next(iter(of_kind(files, FileKind.ORIGINAL)), None)
    return NightCard(night, plot, csv, original, tuple(reports))


def with_first_warnings(report: NightReport, night: Night) -> NightReport:
    """The report with what the first reading had to assume: told the answer, the second one assumes nothing."""
    kept = tuple(note for note in night.numbers.warnings if note.code not in ANALYSIS_WARNINGS)
    own = tuple(note for note in report.analysis.warnings if note.code in ANALYSIS_WARNINGS)
    return replace(report, analysis=replace(report.analysis, warnings=kept + own))
