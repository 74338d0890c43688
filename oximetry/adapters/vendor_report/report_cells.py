"""From a placed page to pictures of single lines: empty cells left out, the last line of a cell kept, margins cut."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from oximetry.adapters.vendor_report.report_layouts import Box, Layout
from oximetry.adapters.vendor_report.report_registration import Picture, Placed

Mask = npt.NDArray[np.bool_]

LEAST_CONTRAST = 45.0
MARGIN_X_PX = 7
LINE_PX = 32
LEAST_INK_ROWS = 5
LEAST_ROW_CONTRAST = 1.4


def line_in(placed: Placed, box: Box, scale: float, blur_px: float = 0.0) -> Picture | None:
    """The last line of print in a cell, grey; ``None`` when the cell is empty or off the picture."""
    if not placed.whole(box):
        return None
    cut = placed.cut(box, scale)
    cut = cut if blur_px == 0 else np.asarray(cv2.GaussianBlur(cut, (0, 0), blur_px), np.uint8)
    gray = np.asarray(cv2.cvtColor(cut, cv2.COLOR_BGR2GRAY), np.uint8)
    ink = _ink(gray)
    if ink is None:
        return None
    top, bottom = _last_run(np.asarray(ink.any(axis=1)), round(LEAST_INK_ROWS * scale), round(3 * scale))
    if bottom <= top:
        return None
    middle, half = (top + bottom) / 2, max(LINE_PX * scale / 2, (bottom - top) / 2 + 3 * scale)
    top, bottom = max(0, int(middle - half)), min(gray.shape[0], int(middle + half) + 1)
    columns = np.flatnonzero(ink[top:bottom].any(axis=0))
    margin = round(MARGIN_X_PX * scale)
    left, right = max(0, int(columns[0]) - margin), min(gray.shape[1], int(columns[-1]) + margin + 1)
    return np.ascontiguousarray(gray[top:bottom, left:right])


def with_rows(placed: Placed, layouts: tuple[Layout, ...]) -> Placed | None:
    """The same page under the layout whose rows of ranges are printed; ``None`` when no layout's rows are there."""
    scores = [
        (_row_contrast(placed, layout), number)
        for number, layout in enumerate(layouts)
        if layout.frames == placed.layout.frames
    ]
    score, number = max(scores)
    if score < LEAST_ROW_CONTRAST:
        return None
    return Placed(layouts[number], placed.picture, placed.homography)


def _row_contrast(placed: Placed, layout: Layout) -> float:
    """Ink of the rows against ink between them."""
    boxes = [cell.box for cell in layout.cells if cell.name.startswith("spo2_bands") and cell.name.endswith("label")]
    top, bottom = boxes[0][1] - 8, boxes[-1][3] + 8
    left, right = boxes[0][0] + 12, boxes[0][2] - 12
    gray = cv2.cvtColor(placed.cut((left, top, right, bottom)), cv2.COLOR_BGR2GRAY).astype(float)
    profile = np.abs(gray - np.median(gray, axis=1, keepdims=True)).mean(axis=1)
    inside = np.zeros(len(profile), bool)
    for box in boxes:
        middle = int((box[1] + box[3]) / 2 - top)
        inside[middle - 8 : middle + 9] = True
    least = min(profile[int((b[1] + b[3]) / 2 - top) - 8 : int((b[1] + b[3]) / 2 - top) + 9].mean() for b in boxes)
    return float(least / (profile[~inside].mean() + 1.0))


def _ink(gray: Picture) -> Mask | None:
    """Where something is printed; ``None`` when nothing is."""
    paper = float(np.percentile(gray, 80))
    darkest = float(np.percentile(gray, 0.7))
    if paper - darkest < LEAST_CONTRAST:
        return None
    return np.asarray(gray < paper - 0.35 * (paper - darkest), np.bool_)


def _last_run(inked: Mask, least: int, gap: int) -> tuple[int, int]:
    """The last run of inked rows at least ``least`` long, small gaps closed."""
    found, start, last = (0, 0), None, -1
    for row in [*np.flatnonzero(inked).tolist(), len(inked) + gap + 1]:
        if start is None:
            start = row
        elif row - last > gap:
            if last + 1 - start >= least:
                found = (start, last + 1)
            start = row
        last = row
    return found
