"""The curve of the real report's picture beside its recording: ``python -m benchmarks.report_curve_measure [PHOTOS]``.

Prints for the original, JPEG q40, A4 at 100 dpi and made-up photos (30) the RMSE of five-minute means of SpO2, the mean
and the percent below 90 and 88, all in percent.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import cv2
import numpy as np

from benchmarks.report_damages import on_a4, photographed
from oximetry.adapters.vendor_report.report_curve import curve
from oximetry.adapters.vendor_report.report_layouts import LAYOUTS
from oximetry.adapters.vendor_report.report_pages import opened, pictures
from oximetry.adapters.vendor_report.report_registration import place
from oximetry.domain.recording import Hints, Recording
from oximetry.domain.report_curve import SHAPE_S, ReportCurve
from oximetry.readers.formats import create_registry

DATA = Path(os.environ.get("OXIMETRY_DATA", Path(__file__).parents[2] / "shared" / "data"))
PHOTOS = 30
DURATION_S = 36_008.0  # as the report prints it


def main(photos: int) -> None:
    """Measure and print; ends with a word when the real report is not on this machine."""
    if not (DATA / "pdf").is_dir():
        sys.exit("the real report is not on this machine")
    path = next((DATA / "recordings").glob("*0331*.csv"))
    night = create_registry().read(path.read_bytes(), Hints(filename=path.name))
    with opened(next((DATA / "pdf").glob("*.pdf")).read_bytes()) as document:
        picture = next(pictures(document))[1]
    shots = [_jpeg(photographed(picture, np.random.default_rng(seed)), 80) for seed in range(photos)]
    print("picture | RMSE | mean | below 90 | below 88")
    valid = night.spo2_pct[np.isfinite(night.spo2_pct)]
    print(f"recording | - | {valid.mean():.2f} | {100 * (valid < 90).mean():.2f} | {100 * (valid < 88).mean():.2f}")
    for name, seen in (("original", picture), ("JPEG q40", _jpeg(picture, 40)), ("A4 100 dpi", on_a4(picture, 100.0))):
        print(name, *(f"{value:.2f}" for value in _measured(seen, night)), sep=" | ")
    found = np.array([_measured(shot, night) for shot in shots])
    spans = (f"{low:.2f}-{high:.2f}" for low, high in zip(found.min(axis=0), found.max(axis=0), strict=True))
    print(f"{photos} photos", *spans, sep=" | ")
    print(f"median RMSE of the photos {np.median(found[:, 0]):.2f}")


def _jpeg(picture: np.ndarray, quality: int) -> np.ndarray:
    return cv2.imdecode(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR)


def _measured(picture: np.ndarray, night: Recording) -> tuple[float, float, float, float]:
    placed = place(picture, LAYOUTS)
    found = curve(placed, None, DURATION_S) if placed else None
    if found is None:
        raise SystemExit("no curve found")
    return _rmse(found, night), found.spo2_mean_pct, found.time_below_pct(90), found.time_below_pct(88)


def _rmse(found: ReportCurve, night: Recording) -> float:
    blocks = (night.time_s // SHAPE_S).astype(int)
    drawn = found.shape()[1][: blocks.max()]
    ours = np.array([np.nanmean(night.spo2_pct[blocks == block]) for block in range(len(drawn))])
    return float(np.sqrt(np.nanmean((drawn - ours) ** 2)))


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else PHOTOS)
