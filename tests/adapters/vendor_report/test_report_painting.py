"""Names painted over: gone from the picture and the file, everything else as it was."""

import cv2
import numpy as np
import pytest

from benchmarks.report_damages import photographed
from benchmarks.report_generator import BUILT_IN, draw, pdf_of
from benchmarks.report_nights import make_night
from oximetry.adapters.vendor_report.report_engines import tessdata
from oximetry.adapters.vendor_report.report_layouts import LAYOUTS
from oximetry.adapters.vendor_report.report_pages import opened, pictures
from oximetry.adapters.vendor_report.report_painting import painted
from oximetry.adapters.vendor_report.report_parsing import parse, preview

both_engines = pytest.mark.skipif(tessdata() is None, reason="tesseract-ocr-eng is not installed: one engine only")


def named_night():
    return next(night for night in map(make_night, range(50)) if night.truth["carries_name"])


def picture_of(content):
    with opened(content) as document:
        return next(pictures(document))[1]


@both_engines
def test_the_name_is_recognised_and_painted_over():
    content = pdf_of(draw(named_night(), BUILT_IN))
    before, after = parse(content), parse(painted(content))
    assert (before.carries_name, after.carries_name) == (True, False)
    assert {**after.values(), "carries_name": True} == before.values()


def test_every_other_pixel_is_as_it_was():
    content = pdf_of(draw(named_night(), BUILT_IN))
    before, after = picture_of(content).astype(int), picture_of(painted(content)).astype(int)
    changed = np.abs(before - after).max(axis=2) > 0
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    top = min(box[1] for box in LAYOUTS[0].private)
    bottom = max(box[3] for box in LAYOUTS[0].private)
    assert changed.any()
    assert top - 4 <= rows[0]
    assert rows[-1] <= bottom + 4
    assert columns[0] >= 30


def test_the_same_file_gives_the_same_bytes():
    content = pdf_of(draw(named_night(), BUILT_IN))
    assert painted(content) == painted(content)


def test_a_photographs_name_is_painted_over_too():
    night = named_night()
    photo = photographed(draw(night, BUILT_IN), np.random.default_rng(3))
    before, after = (
        cv2.cvtColor(picture_of(one), cv2.COLOR_BGR2GRAY) for one in (pdf_of(photo), painted(pdf_of(photo)))
    )
    changed = np.argwhere(np.abs(before.astype(int) - after) > 40)
    assert len(changed) > 200
    strip = after[changed[:, 0].min() : changed[:, 0].max(), changed[:, 1].min() : changed[:, 1].max()]
    assert np.percentile(strip, 5) > 120


def test_a_preview_is_a_png_of_the_page():
    made = cv2.imdecode(np.frombuffer(preview(pdf_of(draw(make_night(2), BUILT_IN)), 630), np.uint8), cv2.IMREAD_COLOR)
    assert made.shape == (980, 630, 3)
