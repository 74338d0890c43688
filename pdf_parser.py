"""The vendor's PDF report: read into numbers and a curve, kept beside its night, its private cells painted over.

Reading happens in a child process (`report_process`); nothing here imports an image or OCR library.
"""

from __future__ import annotations

import atexit
from functools import lru_cache

from oximetry.adapters.vendor_report.report_process import ReadReport, ReportReader
from oximetry.domain.device_report import DeviceReport
from oximetry.domain.errors import InvalidUpload

PDF_MAGIC = b"%PDF-"


def parse_report(content: bytes) -> DeviceReport:
    """The numbers that a report prints; what was not read with certainty is ``None`` and named in ``uncertain``.

    Returns
    -------
    DeviceReport
        See there for units.

    Raises
    ------
    InvalidUpload
        ``not_a_pdf``, ``report_password``, ``report_damaged``, ``report_too_large``, ``report_too_many_pages``,
        ``report_active_content``, ``report_unknown_layout``, ``report_unreadable``, ``report_timeout``.
    ReadingUnavailable
        No engine that reads print is installed.
    """
    return read_report(content).report


def read_report(content: bytes) -> ReadReport:
    """The numbers and the curve reconstructed from the picture; raises as `parse_report`."""
    return _reader().read(content)


def painted_report(content: bytes) -> bytes:
    """A copy of the report with the cells of name, age and sex painted over; raises as `parse_report`."""
    return _reader().painted(content)


def report_preview(content: bytes) -> bytes:
    """A PNG of the report's page, its private cells included: paint first what others will see."""
    return _reader().preview(content)


@lru_cache(maxsize=1)
def _reader() -> ReportReader:
    """This process's child, started at the first report and kept."""
    reader = ReportReader()
    atexit.register(reader.close)
    return reader


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
