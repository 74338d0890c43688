"""Patients and their secret links: create, open, copy, rotate, revoke; every link is built on ``PUBLIC_URL``."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from oximetry.composition import Services


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
    # The one import that points up the house, and a late one: a script's call has nobody to hand it the parts.
    from oximetry.composition import create_services
    from oximetry.settings import Settings

    return create_services(Settings.load())
