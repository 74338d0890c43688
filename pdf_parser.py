"""The vendor's PDF report: kept beside its night today, read in a later version."""

from __future__ import annotations

import re
from datetime import datetime

from oximetry.domain.errors import InvalidUpload
from oximetry.readers.file_names import device_in_name

PDF_MAGIC = b"%PDF-"

_STAMP = re.compile(r"(?<!\d)(20\d{12})(?!\d)")


def report_stamp(filename: str) -> tuple[str | None, datetime | None]:
    """Device serial and start of the recording that a report's file name carries.

    Returns
    -------
    (str or None, datetime or None)
        The serial (four digits behind the model's name) and the wall-clock start; ``None`` for what is not there.
    """
    serial = device_in_name(filename)[1]
    found = _STAMP.search(filename.rpartition("/")[2])
    try:
        return serial, datetime.strptime(found[1], "%Y%m%d%H%M%S") if found else None
    except ValueError:
        return serial, None


def save_pdf_to_storage(pdf_file_content: bytes, filename: str, token: str) -> str:
    """Keep a report under a patient's prefix; a function for trusted scripts, bound to the configured store.

    Parameters
    ----------
    filename : str
        The object's name below ``<token>/pdfs/``: ASCII, without a path.
    token : str
        The patient's storage id.

    Returns
    -------
    str
        A signed URL of the object.

    Raises
    ------
    InvalidUpload
        The content is no PDF.
    StorageUnavailable, StorageRefused
        Nothing was kept.
    """
    from storage_service import upload_patient_pdf

    if not pdf_file_content[:1024].lstrip().startswith(PDF_MAGIC):
        raise InvalidUpload("not_a_pdf")
    return upload_patient_pdf(token, pdf_file_content, filename)
