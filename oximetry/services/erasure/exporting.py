"""Everything that is kept about a patient, as one ZIP: files as they were taken, numbers and the audit as JSON."""

from __future__ import annotations

import json
import zipfile
from dataclasses import asdict
from datetime import datetime
from typing import IO, Any

from oximetry.domain.catalogue_ports import Catalogue
from oximetry.domain.errors import NotFound
from oximetry.domain.ports import ObjectStore


class ExportService:
    """Writes what a person may ask for."""

    def __init__(self, catalogue: Catalogue, store: ObjectStore) -> None:
        self._catalogue = catalogue
        self._store = store

    def write(self, doctor_id: str, patient_id: str, target: IO[bytes]) -> int:
        """Write the ZIP; returns how many files are in it. Raises ``NotFound`` and what the store raises."""
        with self._catalogue.read() as transaction:
            patient = transaction.patients.get(doctor_id, patient_id)
            scope = transaction.erasures.scope(patient_id)
            nights = transaction.nights.of_ids(doctor_id, list(scope.nights))
            audit = transaction.audit.about(scope.everything)
            signed = transaction.clinical_reports.of_patient(patient_id)
        count = 0
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
            packed.writestr("patient.json", _json(asdict(patient)))
            packed.writestr("nights.json", _json([{"id": one.id, **one.numbers.as_json()} for one in nights]))
            packed.writestr("signed_reports.json", _json([json.loads(one.content) for one in signed if one.content]))
            packed.writestr("audit.jsonl", "".join(f"{json.dumps(event, default=_plain)}\n" for event in audit))
            for prefix in scope.places:
                for found in self._store.list(prefix):
                    try:
                        packed.writestr(f"files/{found.key}", self._store.get(found.key))
                    except NotFound:
                        continue  # it was moved while we wrote
                    count += 1
        return count


def _json(value: Any) -> str:
    return json.dumps(value, default=_plain, ensure_ascii=False, indent=1)


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
