"""Taking an import of old patients back, as far as nobody has touched them since."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from oximetry.domain.catalogue_ports import Catalogue, Transaction
from oximetry.domain.errors import NotFound
from oximetry.domain.migration.migrating import OLD_KEYS, Journal, MigrationLine, Outcome
from oximetry.domain.ports import Clock
from oximetry.domain.records import Night, NightState

_BY_THE_DOCTOR = {"old_link_retired", "link_rotated", "link_revoked"}


class ImportUndoing:
    """Removes imported nights (restorable for 30 days, like any) and stops the links of imported patients.

    The patient's row stays: the old token's hash points to it, so that a later import finds it again.
    """

    def __init__(self, catalogue: Catalogue, clock: Clock) -> None:
        self._catalogue = catalogue
        self._clock = clock

    def undo(self, journal: Journal, *, apply: bool) -> Iterator[MigrationLine]:
        """One line per imported patient and file; without ``apply`` what would be done."""
        lines = (line for line in journal.lines() if line.key.startswith(OLD_KEYS))
        for _, own in groupby(lines, key=lambda line: line.key.split("/")[1]):
            yield from self._patient(list(own), apply=apply)

    def _patient(self, lines: list[MigrationLine], *, apply: bool) -> list[MigrationLine]:
        patient_id, made = str(lines[0].ref), [line for line in lines if line.ours]
        if not made or lines[0].ref is None:
            return []
        with self._catalogue.write() as transaction:
            try:
                doctor_id = transaction.patients.doctor_of(patient_id)
            except NotFound:
                return [_line(line, "migrate_changed") for line in made]
            transaction.patients.lock(patient_id)
            night_ids = {line.ref for line in made if line.ref and line is not lines[0]}
            nights = transaction.nights.of_patient(patient_id, doctor_id, list(NightState))
            touched = self._touched(transaction, doctor_id, patient_id, nights, night_ids)
            if apply and not touched:
                self._take_back(transaction, doctor_id, patient_id, made, patient_too=lines[0].ours)
        return [_line(line, touched) for line in made]

    def _touched(
        self, transaction: Transaction, doctor_id: str, patient_id: str, nights: list[Night], night_ids: set[str]
    ) -> str | None:
        """Why it stays: somebody used it, named it, or changed its nights."""
        patient = transaction.patients.get(doctor_id, patient_id)
        if set(transaction.audit.acts(patient_id)) & _BY_THE_DOCTOR:
            return "migrate_changed"
        standing = {night.id for night in nights if night.state is not NightState.REMOVED}
        links = transaction.patients.live_links(doctor_id, patient_id)
        old = transaction.old_links.live(patient_id)
        if any(link.opened_count for link in links) or any(link.opened_count for link in old):
            return "migrate_opened"
        if patient.label or patient.extra_rules:
            return "migrate_changed"
        if standing - night_ids:
            return "migrate_more_nights"
        if transaction.exclusions.of(sorted(standing)) or any(night.state is NightState.MOVING for night in nights):
            return "migrate_changed"
        return None

    def _take_back(
        self,
        transaction: Transaction,
        doctor_id: str,
        patient_id: str,
        created_lines: list[MigrationLine],
        *,
        patient_too: bool,
    ) -> None:
        now = self._clock()
        for night in transaction.nights.of_patient(patient_id, doctor_id, [NightState.STORED]):
            transaction.nights.set(night.id, state=NightState.REMOVED.value, removed_at=now)
        sha256s = {line.sha256 for line in created_lines if line.sha256}
        reports = transaction.files.of("patient", [patient_id])
        transaction.files.mark_deleted([file.id for file in reports if file.sha256 in sha256s], now)
        if patient_too:
            transaction.old_links.undo(patient_id, now)
            transaction.patients.revoke_links(patient_id, now)
        transaction.audit.add(now, doctor_id, "import_undone", ("patient", patient_id))


def _line(line: MigrationLine, reason: str | None) -> MigrationLine:
    outcome = Outcome.KEPT if reason else Outcome.REMOVED
    return MigrationLine(line.key, outcome, line.size, line.sha256, reason, line.ref)
