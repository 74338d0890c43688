"""What happens to a report on its way: printed, scanned, photographed, faxed, mailed, cropped."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from benchmarks.report_generator import page_of, pdf_of
from oximetry.adapters.vendor_report.report_writer import write_pdf

Rng = np.random.Generator
Damage = Callable[[np.ndarray, Rng], bytes]
A4_PT = (595.28, 841.89)
WHITE = (255, 255, 255)


def clean(picture: np.ndarray, rng: Rng) -> bytes:
    """As the phone wrote it."""
    return pdf_of(picture)


def rendered(picture: np.ndarray, rng: Rng) -> bytes:
    """Drawn again at 60 to 300 dpi of the phone's page of 17.5 inches."""
    dpi = float(rng.choice([60, 72, 100, 150, 200, 300]))
    return pdf_of(_scaled(picture, dpi / 72), 92 if dpi > 150 else None, (1260.0, 1960.0))


def a4(picture: np.ndarray, rng: Rng) -> bytes:
    """Printed to fit A4, at 100 to 300 dpi."""
    return pdf_of(on_a4(picture, float(rng.uniform(100, 300))), int(rng.integers(75, 95)), A4_PT)


def a4_coarse(picture: np.ndarray, rng: Rng) -> bytes:
    """Printed to fit A4, at 60 to 100 dpi, where digits are 6 to 10 pixels high."""
    return pdf_of(on_a4(picture, float(rng.uniform(60, 100))), None, A4_PT)


def jpeg(picture: np.ndarray, rng: Rng) -> bytes:
    """JPEG of quality 15 to 90."""
    return pdf_of(picture, int(rng.integers(15, 91)))


def tilt(picture: np.ndarray, rng: Rng) -> bytes:
    """Tilted by up to 3 degrees."""
    return pdf_of(tilted(picture, float(rng.uniform(-3, 3))), 85)


def turned(picture: np.ndarray, rng: Rng) -> bytes:
    """Turned by 90, 180 or 270 degrees."""
    return pdf_of(np.ascontiguousarray(np.rot90(picture, int(rng.integers(1, 4)))))


def photo(picture: np.ndarray, rng: Rng) -> bytes:
    """Photographed: perspective, a table around it, uneven light, noise, JPEG."""
    return pdf_of(photographed(picture, rng), int(rng.integers(70, 92)))


def blur(picture: np.ndarray, rng: Rng) -> bytes:
    """Out of focus."""
    return pdf_of(cv2.GaussianBlur(picture, (0, 0), float(rng.uniform(0.5, 3.0))), 85)


def scan(picture: np.ndarray, rng: Rng) -> bytes:
    """Printed on A4 and scanned: blurred edges, specks, paper's grey, a small tilt."""
    page = on_a4(picture, float(rng.uniform(130, 220)))
    page = tilted(cv2.GaussianBlur(page, (0, 0), float(rng.uniform(0.4, 0.9))), float(rng.uniform(-1, 1)))
    noisy = page * rng.uniform(0.85, 1.0) + rng.normal(0, rng.uniform(2, 12), page.shape)
    noisy[rng.random(page.shape[:2]) < 0.001] = 40
    return pdf_of(np.clip(noisy, 0, 255).astype(np.uint8), int(rng.integers(50, 85)), A4_PT)


def gray(picture: np.ndarray, rng: Rng) -> bytes:
    """Without colours."""
    return pdf_of(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), int(rng.integers(40, 90)))


def fax(picture: np.ndarray, rng: Rng) -> bytes:
    """One bit a pixel, at a fax's 200 dpi of A4."""
    page = cv2.cvtColor(on_a4(picture, 200.0), cv2.COLOR_BGR2GRAY)
    level = float(rng.uniform(110, 190))
    return pdf_of(np.where(page + rng.normal(0, 6, page.shape) > level, 255, 0).astype(np.uint8), None, A4_PT)


def cropped(picture: np.ndarray, rng: Rng) -> bytes:
    """Cut at its edges, by up to an eighth."""
    height, width = picture.shape[:2]
    left, right = (int(width * rng.uniform(0, 0.12)) if rng.random() < 0.5 else 0 for _ in range(2))
    top, bottom = int(height * rng.uniform(0, 0.08)), int(height * rng.uniform(0, 0.25))
    return pdf_of(np.ascontiguousarray(picture[top : height - bottom, left : width - right]))


def two_pages(picture: np.ndarray, rng: Rng) -> bytes:
    """With a page of something else behind it."""
    other = np.full_like(picture, 255)
    for row in range(100, 1800, 40):
        cv2.putText(other, "Lorem ipsum dolor sit amet 123", (80, row), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (0, 0, 0), 1)
    return write_pdf([page_of(picture), page_of(other)])


def blank_first(picture: np.ndarray, rng: Rng) -> bytes:
    """With an empty page in front."""
    return write_pdf([page_of(np.full_like(picture, 255)), page_of(picture)])


DAMAGES: dict[str, Damage] = {
    "clean": clean,
    "60-300 dpi": rendered,
    "A4 100-300 dpi": a4,
    "A4 60-100 dpi": a4_coarse,
    "JPEG q15-q90": jpeg,
    "tilt ±3°": tilt,
    "turned 90-270°": turned,
    "phone photo": photo,
    "blur 0.5-3 px": blur,
    "print and scan": scan,
    "greyscale": gray,
    "1-bit fax": fax,
    "cropped": cropped,
    "two pages": two_pages,
    "blank first page": blank_first,
}


def on_a4(picture: np.ndarray, dpi: float) -> np.ndarray:
    """The page fitted into A4 with a margin, in pixels of a resolution."""
    width, height = (round(side / 72 * dpi) for side in A4_PT)
    scale = min(width / picture.shape[1], height / picture.shape[0]) * 0.96
    small = _scaled(picture, scale)
    page = np.full((height, width, 3), 255, np.uint8)
    top, left = (height - small.shape[0]) // 2, (width - small.shape[1]) // 2
    page[top : top + small.shape[0], left : left + small.shape[1]] = small
    return page


def tilted(picture: np.ndarray, degrees: float) -> np.ndarray:
    """The picture turned by a few degrees on white."""
    height, width = picture.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    return cv2.warpAffine(picture, turn, (width, height), flags=cv2.INTER_CUBIC, borderValue=WHITE)


def photographed(picture: np.ndarray, rng: Rng) -> np.ndarray:
    """The page as a phone sees it on a table."""
    height, width = picture.shape[:2]
    here = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    size = (int(width * 1.25), int(height * 1.25))
    shift = np.array([width * 0.125, height * 0.125], np.float32)
    there = (here + shift + rng.uniform(-0.045, 0.045, (4, 2)) * width).astype(np.float32)
    matrix = cv2.getPerspectiveTransform(here, there)
    seen = cv2.warpPerspective(picture, matrix, size, flags=cv2.INTER_CUBIC, borderValue=(95, 110, 125)).astype(float)
    x, y = np.meshgrid(np.linspace(-1, 1, size[0]), np.linspace(-1, 1, size[1]))
    light = 0.9 + rng.uniform(-0.12, 0.12) * x + rng.uniform(-0.12, 0.12) * y
    seen = cv2.GaussianBlur(seen * light[..., None], (0, 0), float(rng.uniform(0.3, 0.9)))
    return np.clip(seen + rng.normal(0, 4, seen.shape), 0, 255).astype(np.uint8)


def _scaled(picture: np.ndarray, scale: float) -> np.ndarray:
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return cv2.resize(picture, None, fx=scale, fy=scale, interpolation=how)
