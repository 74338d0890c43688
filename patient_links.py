"""Patients and their secret links: what scripts call, and the names of the wing behind it."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from oximetry.services.links import MAX_LABEL_LENGTH, PatientCard, PatientLinks, old_token_sha256

if TYPE_CHECKING:
    from oximetry.composition import Services

__all__ = ["MAX_LABEL_LENGTH", "PatientCard", "PatientLinks", "add_recording", "old_token_sha256"]


def add_recording(
    token: str,
    csv_filename: str,
    csv_content: bytes,
    pdf_filename: str | None = None,
    pdf_content: bytes | None = None,
    *,
    acknowledged: bool = False,
) -> str:
    """Store a recording (and its report) for a patient; a function for trusted scripts.

    Bound at its first call to the configured store and catalogue; `AddingService.add_recording` is the same with the
    doctor's id and a store handed in.

    Parameters
    ----------
    token : str
        The patient's storage id; whose patient it is stands in the catalogue.
    csv_filename, csv_content : str, bytes
        The recording in any format that is read; the name is evidence for reading only.
    acknowledged : bool
        Go on where a doctor at the page would be asked first.

    Returns
    -------
    str
        The recording's id.

    Raises
    ------
    NotFound
        No such patient.
    InvalidRecording, InvalidUpload, InvalidRequest, StorageUnavailable, StorageRefused
        As `AddingService.add_recording`; nothing was stored.
    """
    services = _configured_services()
    with services.catalogue.read() as transaction:
        doctor_id = transaction.patients.doctor_of(token)
    files = {csv_filename: csv_content}
    if pdf_content is not None:
        files[pdf_filename or "report.pdf"] = pdf_content
    return services.adding.add_recording(doctor_id, token, files, acknowledged=acknowledged)


@cache
def _configured_services() -> Services:
    # Late, so that importing the names alone reads no setting.
    from oximetry.composition import create_services
    from oximetry.settings import Settings

    return create_services(Settings.load())
