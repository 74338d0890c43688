"""Finding a known layout on a picture: its drawn frames give the homography, its drawn lines the last half pixel.

Nothing is read here, so language, fonts and values do not matter; tilt, rotation, scale, perspective and a cropped
edge do not either, as long as enough frames are whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from oximetry.adapters.vendor_report.report_layouts import Box, Layout

Picture = npt.NDArray[np.uint8]
Points = npt.NDArray[np.float64]

SEARCH_SIDE_PX = 1960
LEAST_FRAMES = 5
ENOUGH_FRAMES = 11
LARGEST_TRIED = 14
LEAST_AREA = 0.002
NEAR_PX = 14.0
OUTLYING_CORNER_PX = 12.0
FAR_PX = 40.0  # a large frame that was seen from the small ones only
SETTLED_PX = 4.0
LEAST_LINES = 8
LEAST_POINTS = 6
REACH_PX = 5
OUTLYING_PX = (6.0, 3.0, 1.5, 1.5)


@dataclass(frozen=True)
class Placed:
    """A layout found on a picture.

    Parameters
    ----------
    picture
        Blue, green, red.
    homography : ndarray, shape (3, 3)
        From layout coordinates to the picture's.
    """

    layout: Layout
    picture: Picture
    homography: Points

    def cut(self, box: Box, scale: float = 1.0) -> Picture:
        """A part of the page, straightened, at ``scale`` pixels per layout pixel; white beyond the picture."""
        left, top, right, bottom = box
        size = (max(1, round((right - left) * scale)), max(1, round((bottom - top) * scale)))
        from_cut = np.array([[1 / scale, 0, left], [0, 1 / scale, top], [0, 0, 1]])
        flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        cut = cv2.warpPerspective(
            self.picture, self.homography @ from_cut, size, flags=flags, borderValue=(255, 255, 255)
        )
        return np.asarray(cut, np.uint8)

    def scale(self) -> float:
        """Pixels of the picture per pixel of the layout, on average over the page."""
        area = cv2.contourArea(self.corners((0, 0, self.layout.width, self.layout.height)).astype(np.float32))
        return float((area / (self.layout.width * self.layout.height)) ** 0.5)

    def corners(self, box: Box) -> Points:
        """The corners of a part of the page on the picture, clockwise; shape (4, 2)."""
        return np.asarray(_project(self.homography, _corners(np.array([box])))[0], np.float64)

    def whole(self, box: Box) -> bool:
        """Whether a part of the page lies on the picture."""
        corners = self.corners(box)
        height, width = self.picture.shape[:2]
        return bool((corners >= -1).all() and (corners[:, 0] <= width).all() and (corners[:, 1] <= height).all())


def place(picture: Picture, layouts: tuple[Layout, ...]) -> Placed | None:
    """The layout whose frames are found on a picture; ``None`` when none is.

    Layouts that share their frames are not told apart here: the first of them is taken.
    """
    scale = min(2.0, SEARCH_SIDE_PX / max(picture.shape[:2]))
    gray = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    small = np.asarray(cv2.resize(gray, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    tried: set[tuple[Box, ...]] = set()
    quads = None
    for layout in layouts:
        if layout.frames in tried:
            continue
        tried.add(layout.frames)
        quads = _quads(small) if quads is None else quads
        homography = _from_frames(quads, layout)
        if homography is not None:
            homography = _refined(small, homography, layout)
        if homography is not None:
            return Placed(layout, picture, np.diag([1 / scale, 1 / scale, 1.0]) @ homography)
    return None


def _quads(gray: Picture) -> Points:
    """Four-cornered outlines of the picture, largest first, corners clockwise; shape (n, 4, 2)."""
    found: list[tuple[float, Points]] = []
    least = LEAST_AREA * gray.size
    for block, offset, kernel in ((25, 10, 1), (25, 5, 3), (41, 12, 3)):
        ink = cv2.adaptiveThreshold(gray, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, block, offset)
        if kernel > 1:
            ink = cv2.morphologyEx(ink, cv2.MORPH_CLOSE, np.ones((kernel, kernel), np.uint8))
        contours, _ = cv2.findContours(ink, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
        for contour in contours:
            quad = _quad(contour, least)
            if quad is not None:
                found.append(quad)
    found.sort(key=lambda item: -item[0])
    return np.array([corners for _, corners in found[:150]]).reshape(-1, 4, 2)


def _quad(contour: Any, least: float) -> tuple[float, Points] | None:
    if len(contour) < 4:
        return None
    hull = cv2.convexHull(contour)
    area = cv2.contourArea(hull)
    if area < least:
        return None
    corners = cv2.approxPolyDP(hull, 0.02 * cv2.arcLength(hull, True), True)
    if len(corners) != 4 or cv2.contourArea(contour) < 0.85 * area:
        return None
    points = corners.reshape(4, 2).astype(float)
    return area, points if _clockwise(points) else points[::-1]


def _clockwise(points: Points) -> bool:
    x, y = points[:, 0], points[:, 1]
    return bool((x * np.roll(y, -1) - y * np.roll(x, -1)).sum() > 0)


def _from_frames(quads: Points, layout: Layout) -> Points | None:
    """The homography under which most frames of the layout have an outline."""
    frames = _corners(np.array(layout.frames))
    most, best = LEAST_FRAMES - 1, None
    for homography in _guesses(quads, frames):
        number = len(_pairs(homography, frames, quads, NEAR_PX))
        if number > most:
            most, best = number, homography
        if most >= ENOUGH_FRAMES:
            break
    return _settled(quads, frames, best)


def _guesses(quads: Points, frames: Points) -> Iterator[Points]:
    """A homography for each large outline taken for each frame of like shape, in each of four turns."""
    for quad, frame, turn in product(quads[:LARGEST_TRIED], frames, range(4)):
        turned = np.roll(quad, -turn, axis=0)
        if _alike(np.linalg.norm(turned - np.roll(turned, -1, axis=0), axis=1), frame):
            yield _perspective(frame, turned)


def _settled(quads: Points, frames: Points, homography: Points | None) -> Points | None:
    """The homography fitted to all outlines that lie on their frames."""
    for reach in (NEAR_PX, FAR_PX, SETTLED_PX * 2, SETTLED_PX):
        if homography is None:
            return None
        pairs = _pairs(homography, frames, quads, reach)
        homography = _fitted(frames, quads, pairs) if len(pairs) >= LEAST_FRAMES else None
    return homography


def _alike(sides: Points, frame: Points) -> bool:
    width, height = np.linalg.norm(frame[1] - frame[0]), np.linalg.norm(frame[2] - frame[1])
    seen = (sides[0] + sides[2]) / max(sides[1] + sides[3], 1e-6)
    return bool(0.7 < seen / (width / height) < 1.4)


def _pairs(homography: Points, frames: Points, quads: Points, near_px: float) -> list[tuple[int, int, int]]:
    """Frame, outline and turn wherever an outline's corners lie near the frame's (distances in layout pixels)."""
    try:
        back = _project(np.asarray(np.linalg.inv(homography), np.float64), quads)
    except np.linalg.LinAlgError:
        return []
    pairs = []
    turned = np.stack([np.roll(back, -turn, axis=1) for turn in range(4)], axis=1)
    for number, frame in enumerate(frames):
        distance = np.abs(turned - frame).max(axis=(2, 3))
        quad, turn = np.unravel_index(int(distance.argmin()), distance.shape)
        if distance[quad, turn] <= near_px:
            pairs.append((number, int(quad), int(turn)))
    return pairs


def _fitted(frames: Points, quads: Points, pairs: list[tuple[int, int, int]]) -> Points | None:
    here = np.concatenate([frames[frame] for frame, _, _ in pairs])
    there = np.concatenate([np.roll(quads[quad], -turn, axis=0) for _, quad, turn in pairs])
    return _least_squares(here, there, OUTLYING_CORNER_PX)


def _least_squares(here: Points, there: Points, outlying_px: float) -> Points | None:
    """The homography nearest to all pairs, then to those that lie near it.

    Not a random sample's: one that fits a dense corner of the page perfectly may miss its far end.
    """
    kept = np.ones(len(here), bool)
    homography = None
    for _ in range(3):
        if kept.sum() < 4:
            return None
        homography, _ = cv2.findHomography(here[kept], there[kept], 0)
        if homography is None:
            return None
        distance = np.linalg.norm(_project(np.asarray(homography, float), here) - there, axis=1)
        kept = distance <= max(outlying_px, float(np.percentile(distance, 60)))
    return np.asarray(homography, float)


def _refined(gray: Picture, homography: Points, layout: Layout) -> Points | None:
    """The homography after its lines were sought across; ``None`` when too few are where they should be."""
    for outlying_px in OUTLYING_PX:
        here, there, lines = _on_lines(gray, homography, layout)
        if lines < LEAST_LINES:
            return None
        fitted = _least_squares(here, there, outlying_px)
        if fitted is None:
            return None
        homography = fitted
    return homography


def _on_lines(gray: Picture, homography: Points, layout: Layout) -> tuple[Points, Points, int]:
    """Points of the layout's lines, the places on the picture where they are drawn, and how many lines were seen."""
    here, there, seen = [], [], 0
    across = np.arange(-REACH_PX, REACH_PX + 0.01, 0.5)
    for x1, y1, x2, y2 in layout.lines:
        steps = np.linspace(0.03, 0.97, 24)[:, None]
        on_line = np.array([x1, y1]) + steps * np.array([x2 - x1, y2 - y1])
        normal = np.array([0.0, 1.0]) if y1 == y2 else np.array([1.0, 0.0])
        probes = on_line[:, None, :] + across[None, :, None] * normal
        places = _project(homography, probes)
        values = cv2.remap(gray, places[..., 0].astype(np.float32), places[..., 1].astype(np.float32), cv2.INTER_LINEAR)
        darkness = np.median(values, axis=1, keepdims=True) - values
        strong = darkness.max(axis=1) > 12
        if strong.mean() < 0.5:
            continue
        weights = np.where(darkness > 0.5 * darkness.max(axis=1, keepdims=True), darkness, 0.0)
        shift = (weights * across).sum(axis=1) / np.maximum(weights.sum(axis=1), 1e-6)
        good = strong & (np.abs(shift - _trend(steps[:, 0], shift, strong)) < 1.0)
        if good.sum() < LEAST_POINTS:
            continue
        seen += 1
        here.append(on_line[good])
        there.append(_project(homography, (on_line + shift[:, None] * normal)[good][:, None, :])[:, 0])
    if not here:
        return np.empty((0, 2)), np.empty((0, 2)), 0
    return np.concatenate(here), np.concatenate(there), seen


def _trend(steps: Points, shift: Points, strong: npt.NDArray[np.bool_]) -> Points:
    """The straight line through most of the shifts along a drawn line."""
    points = np.column_stack([steps[strong] * 10, shift[strong]]).astype(np.float32)
    across, along, x, y = (float(one) for one in np.ravel(cv2.fitLine(points, cv2.DIST_HUBER, 0, 0.01, 0.01)))
    slope = along / across if abs(across) > 1e-6 else 0.0
    return np.asarray(y + slope * (steps * 10 - x), float)


def _corners(boxes: npt.NDArray[Any]) -> Points:
    left, top, right, bottom = boxes.astype(float).T
    pairs = ((left, top), (right, top), (right, bottom), (left, bottom))
    return np.stack([np.stack(pair, axis=1) for pair in pairs], axis=1)


def _perspective(here: Points, there: Points) -> Points:
    return np.asarray(cv2.getPerspectiveTransform(here.astype(np.float32), there.astype(np.float32)), float)


def _project(homography: Points, points: npt.NDArray[Any]) -> Points:
    flat = points.reshape(-1, 2)
    spread = np.column_stack([flat, np.ones(len(flat))]) @ homography.T
    depth = np.where(np.abs(spread[:, 2:]) < 1e-9, 1e-9, spread[:, 2:])
    return np.asarray((spread[:, :2] / depth).reshape(points.shape), np.float64)
