"""The whole way of one report inside one process: file, pages, layout, numbers. Meant to run in a child process."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import cv2

from oximetry.adapters.vendor_report.report_cells import with_rows
from oximetry.adapters.vendor_report.report_curve import curve
from oximetry.adapters.vendor_report.report_engines import Engine, engines
from oximetry.adapters.vendor_report.report_layouts import LAYOUTS
from oximetry.adapters.vendor_report.report_pages import FREE, Stages, opened, pictures
from oximetry.adapters.vendor_report.report_reading import read_page
from oximetry.adapters.vendor_report.report_registration import Placed, place
from oximetry.domain.device_report import DeviceReport
from oximetry.domain.errors import InvalidUpload
from oximetry.domain.report_curve import ReportCurve


def parse(content: bytes) -> DeviceReport:
    """The numbers of the first page that has a known layout.

    Raises
    ------
    InvalidUpload
        The reasons of `report_pages`; ``report_unknown_layout``; ``report_unreadable``: not one
        number is sure.
    ReadingUnavailable
        No engine that reads print is installed.
    """
    return parse_with_curve(content)[0]


def parse_with_curve(content: bytes, stages: Stages = FREE) -> tuple[DeviceReport, ReportCurve | None]:
    """The numbers, and the curve of a coloured page; raises as `parse`."""
    with opened(content, stages) as document:
        _, placed = found(document, stages)
    stages.found()
    report = read_page(placed, warm_engines())
    if all(value is None for name, value in report.values().items() if name != "carries_name"):
        raise InvalidUpload("report_unreadable")
    return report, curve(placed, report.started_at, report.duration_s)


def preview(content: bytes, width_px: int, stages: Stages = FREE) -> bytes:
    """A PNG of the report's page, straightened; raises as `parse`, and never reads anything."""
    with opened(content, stages) as document:
        _, placed = found(document, stages)
    stages.found()
    page = placed.cut((0, 0, placed.layout.width, placed.layout.height), width_px / placed.layout.width)
    return cv2.imencode(".png", page, [cv2.IMWRITE_PNG_COMPRESSION, 9])[1].tobytes()


def found(document: Any, stages: Stages = FREE) -> tuple[int, Placed]:
    """Number of the first page with a known layout, and the layout's place on it.

    Raises
    ------
    InvalidUpload
        ``report_unknown_layout``: no page has one.
    """
    for number, picture in pictures(document, stages):
        placed = place(picture, LAYOUTS)
        placed = None if placed is None else with_rows(placed, LAYOUTS)
        if placed is not None:
            return number, placed
    raise InvalidUpload("report_unknown_layout")


@lru_cache(maxsize=1)
def warm_engines() -> list[Engine]:
    """The engines, loaded once per process."""
    return engines()
