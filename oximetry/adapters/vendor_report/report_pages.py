"""From a file's bytes to pictures of its pages: everything is refused before it is drawn that need not be drawn.

Nothing in the document is run: pdfium is used without its form and script parts, and a document that brings scripts,
attachments or programs to start is refused, since no report has any.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from oximetry.adapters.vendor_report.report_guards import (
    MAX_IMAGE_PIXELS,
    MAX_PAGES,
    refuse_by_bytes,
    too_large,
)
from oximetry.domain.errors import InvalidUpload

Picture = npt.NDArray[np.uint8]

MAX_DRAWN_PIXELS = 12_000_000
MAX_PAGE_PT = 5_000.0
MAX_OBJECTS = 4_000
LONGEST_SIDE_PX = 2_600
VECTOR_SIDE_PX = 1_960

_ERR_PASSWORD = 4
_IMAGE = 3
_FORM = 5


def _nothing() -> None:
    """What happens when a layout is found and nobody asked to be told."""


@dataclass(frozen=True, slots=True)
class Stages:
    """What to do around the stages of reading: a process of its own gives each its own processor time.

    Parameters
    ----------
    drawing : callable
        A context in which a document is opened or a page drawn.
    found : callable
        Called when a known layout was found.
    """

    drawing: Callable[[], AbstractContextManager[None]] = nullcontext
    found: Callable[[], None] = _nothing


FREE = Stages()


@contextmanager
def opened(content: bytes, stages: Stages = FREE) -> Iterator[Any]:
    """The document, checked and closed again.

    Raises
    ------
    InvalidUpload
        Those of `refuse_by_bytes`; ``report_password``; ``report_damaged``; ``report_too_many_pages`` (``limit``).
    """
    import pypdfium2
    from pypdfium2 import raw

    refuse_by_bytes(content)
    try:
        with stages.drawing():
            document = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as error:
        locked = raw.FPDF_GetLastError() == _ERR_PASSWORD or "password" in str(error).lower()
        raise InvalidUpload("report_password" if locked else "report_damaged") from error
    try:
        if len(document) > MAX_PAGES:
            raise InvalidUpload("report_too_many_pages", limit=MAX_PAGES)
        if len(document) == 0:
            raise InvalidUpload("report_damaged")
        if raw.FPDFDoc_GetJavaScriptActionCount(document) > 0 or raw.FPDFDoc_GetAttachmentCount(document) > 0:
            raise InvalidUpload("report_active_content")
        yield document
    finally:
        document.close()


def pictures(document: Any, stages: Stages = FREE) -> Iterator[tuple[int, Picture]]:
    """Number and picture of each page that is not blank, blue, green, red, near the resolution of what is on it.

    Raises
    ------
    InvalidUpload
        ``report_too_large``: a page or a picture on it has too many points or pixels; ``report_damaged``.
    """
    import pypdfium2

    for number in range(len(document)):
        try:
            with stages.drawing():
                picture = _picture(document, number)
        except pypdfium2.PdfiumError as error:
            raise InvalidUpload("report_damaged") from error
        if int(picture.max()) - int(picture.min()) > 60:
            yield number, picture


def _picture(document: Any, number: int) -> Picture:
    page = document[number]
    try:
        return _drawn(page, min(_scale(page), LONGEST_SIDE_PX / max(page.get_size())))
    finally:
        page.close()


def native(document: Any, number: int) -> Picture:
    """A page drawn so that one pixel of its picture is one pixel here, up to ``MAX_DRAWN_PIXELS``."""
    page = document[number]
    try:
        return _drawn(page, _scale(page))
    finally:
        page.close()


def _scale(page: Any) -> float:
    """Pixels per point: those of the largest picture on the page, or enough for a page of lines and letters."""
    width, height = page.get_size()
    if not (1 <= width <= MAX_PAGE_PT and 1 <= height <= MAX_PAGE_PT):
        raise too_large()
    scale, largest = VECTOR_SIDE_PX / max(width, height), 0
    for seen, image in enumerate(page.get_objects(max_depth=4)):
        if seen > MAX_OBJECTS:
            break
        if image.type != _IMAGE:
            continue
        columns, rows = image.get_px_size()
        if columns * rows > MAX_IMAGE_PIXELS:
            raise too_large()
        a, b, _, _, _, _ = image.get_matrix().get()
        shown = float(np.hypot(a, b))
        if columns * rows > max(largest, 200_000) and shown > 1:
            largest, scale = columns * rows, columns / shown
    fitting = (MAX_DRAWN_PIXELS / (width * height)) ** 0.5
    return float(min(scale, fitting))


def _drawn(page: Any, scale: float) -> Picture:
    bitmap = page.render(scale=scale, may_draw_forms=False, fill_color=(255, 255, 255, 255))
    drawn = bitmap.to_numpy()
    if drawn.ndim == 2 or drawn.shape[2] == 1:
        return np.asarray(cv2.cvtColor(drawn, cv2.COLOR_GRAY2BGR), np.uint8)
    return np.ascontiguousarray(drawn[:, :, :3])
