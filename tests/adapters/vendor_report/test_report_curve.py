"""The curve from the picture: against the night that was drawn, and against the real recording when it is here."""

import os
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks.report_damages import on_a4, photographed
from benchmarks.report_generator import BUILT_IN, draw
from benchmarks.report_nights import make_night
from oximetry.adapters.vendor_report.report_curve import curve
from oximetry.adapters.vendor_report.report_layouts import LAYOUTS
from oximetry.adapters.vendor_report.report_pages import opened, pictures
from oximetry.adapters.vendor_report.report_registration import place
from oximetry.domain.recording import Hints
from oximetry.readers.formats import create_registry

DATA = Path(os.environ.get("OXIMETRY_DATA", Path(__file__).parents[4] / "shared" / "data"))
real_report = pytest.mark.skipif(not (DATA / "pdf").is_dir(), reason="the real report is not on this machine")


def jpeg(picture, quality):
    return cv2.imdecode(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR)


DAMAGES = {
    "original": lambda picture: picture,
    "jpeg q40": lambda picture: jpeg(picture, 40),
    "a4 at 100 dpi": lambda picture: on_a4(picture, 100.0),
    "phone photo": lambda picture: jpeg(photographed(picture, np.random.default_rng(1)), 80),
    "another photo": lambda picture: jpeg(photographed(picture, np.random.default_rng(5)), 80),
}


def curve_of(picture, duration_s):
    return curve(place(picture, LAYOUTS), None, duration_s)


def assert_like(found, time_s, spo2_pct, pulse_bpm):
    blocks = (time_s // 300).astype(int)
    _, shape_pct, shape_bpm = found.shape()
    drawn = min(len(shape_pct), blocks.max() + 1) - 1
    ours_pct, ours_bpm = (
        np.array([np.nanmean(values[blocks == block]) for block in range(drawn)]) for values in (spo2_pct, pulse_bpm)
    )
    valid = spo2_pct[np.isfinite(spo2_pct)]
    assert np.sqrt(np.nanmean((shape_pct[:drawn] - ours_pct) ** 2)) <= 0.6
    assert np.sqrt(np.nanmean((shape_bpm[:drawn] - ours_bpm) ** 2)) <= 1.5
    assert found.spo2_mean_pct == pytest.approx(valid.mean(), abs=0.3)
    assert found.time_below_pct(90) == pytest.approx(100 * (valid < 90).mean(), abs=1.5)


@real_report
@pytest.mark.parametrize("damage", DAMAGES)
def test_the_real_reports_curve_is_its_recordings(damage):
    path = next((DATA / "recordings").glob("*0331*.csv"))
    night = create_registry().read(path.read_bytes(), Hints(filename=path.name))
    with opened(next((DATA / "pdf").glob("*.pdf")).read_bytes()) as document:
        picture = next(pictures(document))[1]
    found = curve_of(DAMAGES[damage](picture), 36_008)
    assert_like(found, night.time_s, night.spo2_pct, night.pulse_bpm)


def calm_night():
    time_s = np.arange(9000) * 4.0
    spo2_pct = np.round(91 + 4 * np.sin(time_s / 3000) - 6 * (np.sin(time_s / 500) > 0.97))
    return replace(make_night(1), spo2_pct=spo2_pct, pulse_bpm=np.round(64 + 5 * np.sin(time_s / 2000)))


def test_a_drawn_night_is_recovered():
    night = calm_night()
    found = curve_of(draw(night, BUILT_IN), 9001 * 4.0)
    assert_like(found, np.arange(9000) * 4.0, night.spo2_pct, night.pulse_bpm)
    assert found.clipped_below_pct == 70


def test_a_page_without_colours_has_no_curve():
    gray = cv2.cvtColor(draw(calm_night(), BUILT_IN), cv2.COLOR_BGR2GRAY)
    assert curve_of(cv2.cvtColor(gray, cv2.COLOR_GRAY2BGR), 36_004.0) is None


def test_without_a_duration_there_is_no_curve():
    assert curve_of(draw(calm_night(), BUILT_IN), None) is None
