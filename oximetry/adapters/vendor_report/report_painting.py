"""A copy of a report whose name, age and sex are painted over; everything else stays as the page shows it."""

from __future__ import annotations

import cv2
import numpy as np

from oximetry.adapters.vendor_report.report_pages import FREE, Stages, native, opened
from oximetry.adapters.vendor_report.report_parsing import found
from oximetry.adapters.vendor_report.report_registration import Picture, Placed
from oximetry.adapters.vendor_report.report_writer import PicturePage, write_pdf

MARGIN_PX = 2


def painted(content: bytes, stages: Stages = FREE) -> bytes:
    """The report's page as a PDF of one picture, the cells of name, age and sex filled with the paper's colour.

    The page is drawn at the resolution of the picture on it and kept without loss; equal files give equal bytes. Other
    pages, a text layer and everything invisible (a name in the document's properties, too) stay behind.

    Raises
    ------
    InvalidUpload
        As `oximetry.adapters.vendor_report.report_parsing.parse`.
    """
    with opened(content, stages) as document:
        number, placed = found(document, stages)
        stages.found()
        picture = native(document, number)
        size_pt = document[number].get_size()
    page = _filled(picture, placed)
    height, width = page.shape[:2]
    encoded = cv2.imencode(".png", page, [cv2.IMWRITE_PNG_COMPRESSION, 9])[1].tobytes()
    return write_pdf([PicturePage(encoded, (width, height), 3, (float(size_pt[0]), float(size_pt[1])))])


def _filled(picture: Picture, placed: Placed) -> Picture:
    scale = np.array([picture.shape[1] / placed.picture.shape[1], picture.shape[0] / placed.picture.shape[0]])
    page = picture.copy()
    for left, top, right, bottom in placed.layout.private:
        box = (left - MARGIN_PX, top - MARGIN_PX, right + MARGIN_PX, bottom + MARGIN_PX)
        colour = np.percentile(placed.cut(box).reshape(-1, 3), 70, axis=0)
        corners = placed.corners(box) * scale
        cv2.fillConvexPoly(page, np.round(corners).astype(np.int32), tuple(float(part) for part in colour))
    return page
