"""Made-up reports: a wavy night of any length, and its content as it would be signed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta

from oximetry.domain.interpretation import placeholder_values, propose
from oximetry.domain.report_document import ReportDocument
from oximetry.domain.signing import InputFile, Replaced, ReportContent, SignedNight
from oximetry.readers.formats import create_registry
from oximetry.services.nights.analysis import NightReport, analyse
from oximetry.web.clinical_report import report_document
from oximetry.web.i18n import words
from tests.factories import HEADER, night_name, wavy_csv

START = datetime(2026, 3, 14, 22, 48)
CODE = "7K3M-9QXD-2HTV"
VENDOR = {"spo2_mean_pct": 94.0, "spo2_min_pct": 81.0, "below90_pct": 6.39, "drops_over_4pct": 97.0, "o2_score": 4.8}
BASE_URL = "https://pneumo.example"


def wavy(hours: float = 7.6, day: int = 0) -> NightReport:
    """A night with dips."""
    start = START + timedelta(days=day)
    return analyse(create_registry(), wavy_csv(start, int(hours * 900), 4, day), night_name("9001", start))


def flat(values: Sequence[object], start: datetime = START) -> NightReport:
    """A night of just these SpO2 values, a row every 4 s."""
    clocks = (start + timedelta(seconds=4 * row) for row in range(len(values)))
    lines = (f"{clock:%H:%M:%S %d/%m/%Y},{one},66,0" for clock, one in zip(clocks, values, strict=True))
    return analyse(create_registry(), "\n".join([HEADER, *lines, ""]).encode(), night_name("9001", start))


def content(reports: Sequence[NightReport], language: str = "ro", **changes: object) -> ReportContent:
    """As it would be signed."""
    say, numbers = words(language), reports[0].numbers
    proposed = propose(numbers, placeholder_values(numbers, say, night=say.night(START)), say, "chung-2012")
    digest = hashlib.sha256(b"made up").hexdigest()
    nights = tuple(
        SignedNight(str(number), one.numbers, one.analysis.events, (InputFile(digest, 191_721, "csv"),), "", VENDOR)
        for number, one in enumerate(reports)
    )
    values: dict[str, object] = {
        "number": "2026-00042", "version": 1, "language": language, "signed_at": datetime(2026, 3, 16, 7, 12),
        "signer_name": "Dr. Ana Ștefănescu-Țuțea", "signer_title": "Medic specialist pneumologie",
        "signer_code": "000000", "clinic_name": "Cabinet de pneumologie EXEMPLU", "clinic_lines": "Str. Exemplului 1",
        "patient_label": "P-0042", "text_report": proposed.text_report, "text_patient": "", "treatment": "CPAP",
        "severity_rule": "chung-2012", "nights": nights, "software": "oximetry", "replaces": None,
    }  # fmt: skip
    return ReportContent(**{**values, **changes})  # type: ignore[arg-type]


def draft(reports: Sequence[NightReport], **changes: object) -> ReportContent:
    """The same before it is signed."""
    return content(reports, number="", version=0, signed_at=None, **changes)


def amended(reports: Sequence[NightReport]) -> ReportContent:
    """Its second version."""
    return content(reports, version=2, replaces=Replaced(1, datetime(2026, 3, 15, 9), "12 min de mișcare excluse"))


def document(reports: Sequence[NightReport], made: ReportContent | None = None) -> ReportDocument:
    """Ready to be laid out."""
    made = made or content(reports)
    code = None if made.is_draft else CODE
    return report_document(made, list(reports), code, BASE_URL, words(made.language))
