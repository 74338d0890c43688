"""Reports read: the real one to its last digit, made-up and damaged ones without a single wrong number."""

import os
from datetime import datetime
from pathlib import Path

import pytest

from benchmarks import report_generator, report_nights
from benchmarks.report_damages import DAMAGES, on_a4
from benchmarks.report_nights import ROWS
from benchmarks.report_reading import damaged, outcome
from oximetry.adapters.vendor_report.report_engines import engines, paddle_model, tessdata
from oximetry.adapters.vendor_report.report_layouts import _vihealth
from oximetry.adapters.vendor_report.report_pages import opened
from oximetry.adapters.vendor_report.report_parsing import found, parse, parse_with_curve
from oximetry.adapters.vendor_report.report_reading import read_page
from oximetry.domain.errors import InvalidUpload
from oximetry.domain.recording import Hints
from oximetry.readers.formats import create_registry

DATA = Path(os.environ.get("OXIMETRY_DATA", Path(__file__).parents[4] / "shared" / "data"))
both_engines = pytest.mark.skipif(tessdata() is None, reason="tesseract-ocr-eng is not installed: one engine only")
real_report = pytest.mark.skipif(not (DATA / "pdf").is_dir(), reason="the real report is not on this machine")

SAMPLE = 60
GROUPS = 6
FIRST_SEED = 100_000
EASY = ("clean", "turned 90-270°", "tilt ±3°", "two pages", "blank first page")


def real_pdf():
    return next((DATA / "pdf").glob("*.pdf")).read_bytes()


def real_night():
    path = next((DATA / "recordings").glob("*0331*.csv"))
    return create_registry().read(path.read_bytes(), Hints(filename=path.name))


@both_engines
@real_report
def test_the_real_report_is_read_to_its_last_digit():
    report = parse(real_pdf())
    assert report.uncertain == ()
    assert (report.started_at, report.ended_at) == (datetime(2025, 10, 15, 20, 35), datetime(2025, 10, 16, 6, 35))
    assert report.duration_s == 36_008
    assert (report.spo2_max_pct, report.spo2_mean_pct, report.spo2_min_pct) == (99, 88, 61)
    assert (report.pulse_max_bpm, report.pulse_mean_bpm, report.pulse_min_bpm) == (93, 67, 49)
    assert (report.o2_score, report.threshold_pct) == (3.6, 90)
    assert (report.drops_over_4pct, report.drops_over_4pct_per_h) == (95, 9.5)
    assert (report.drops_over_3pct, report.drops_over_3pct_per_h) == (143, 14.3)
    assert [(band.label, band.time_s, band.pct) for band in report.spo2_bands] == [
        ("95-100", 1684, 4.68),
        ("90-94", 12_018, 33.38),
        ("80-89", 21_280, 59.1),
        ("70-79", 697, 1.94),
        ("<70", 326, 0.91),
    ]
    assert [(band.label, band.time_s, band.pct) for band in report.threshold_bands] == [
        (">=95", 1684, 4.68),
        ("90-94", 12_018, 33.38),
        ("<90", 22_304, 61.94),
    ]
    assert [(band.label, band.time_s, band.pct) for band in report.pulse_bands] == [
        (">120", 0, 0.0),
        ("50-120", 35_991, 99.96),
        ("<50", 16, 0.04),
    ]
    assert report.carries_name is False
    assert report.layout == "vihealth-5"
    assert min(report.confidence.values()) > 0.9


@real_report
def test_the_real_reports_percentages_are_those_of_its_recording():
    spo2_pct = real_night().spo2_pct
    spo2_pct = spo2_pct[spo2_pct == spo2_pct]
    edges = [(95, 100), (90, 94), (80, 89), (70, 79), (0, 69)]
    ours = [100 * ((spo2_pct >= low) & (spo2_pct <= high)).mean() for low, high in edges]
    assert [band.pct for band in parse(real_pdf()).spo2_bands] == pytest.approx(ours, abs=0.01)


@real_report
def test_one_engine_alone_says_only_what_arithmetic_proves():
    with opened(real_pdf()) as document:
        _, placed = found(document)
    whole = parse(real_pdf()).values() if tessdata() else {}
    for engine in engines():
        alone = read_page(placed, [engine])
        assert {"spo2_max_pct", "pulse_mean_bpm", "started_at", "o2_score"} <= set(alone.uncertain)
        assert alone.duration_s == 36_008
        assert all(value in (None, whole.get(name, value)) for name, value in alone.values().items())


@both_engines
@pytest.mark.parametrize("group", range(GROUPS))
def test_no_number_of_a_damaged_report_is_silently_wrong(group):
    names, each = list(DAMAGES), SAMPLE // GROUPS
    results = {}
    for number in range(group * each, (group + 1) * each):
        name = names[number % len(names)]
        results[number, name] = outcome(*damaged(FIRST_SEED + number, name))
    assert {key: one.wrong for key, one in results.items() if one.wrong} == {}
    easy = [one for (_, name), one in results.items() if name in EASY]
    right, flagged = (sum(getattr(one, name) for one in easy) for name in ("right", "flagged"))
    assert right >= 0.95 * (right + flagged)


@both_engines
def test_rows_thresholds_and_languages_are_told_apart():
    seen = set()
    for seed in range(200, 208):
        truth, content = damaged(seed, "clean")
        report = parse(content)
        seen.add((report.layout, report.threshold_pct))
        assert report.layout == ("vihealth-7" if "spo2_bands[6].pct" in truth else "vihealth-5")
    assert {("vihealth-5", 90), ("vihealth-5", 94), ("vihealth-7", 90), ("vihealth-7", 94)} <= seen


def test_the_recogniser_is_found_inside_its_wheel():
    assert paddle_model() is not None


@real_report
def test_the_real_reports_curve_is_that_of_its_recording():
    report, curve = parse_with_curve(real_pdf())
    night = real_night()
    valid = night.spo2_pct[night.spo2_pct == night.spo2_pct]
    assert report.duration_s is not None
    assert curve.spo2_mean_pct == pytest.approx(valid.mean(), abs=0.3)
    assert curve.time_below_pct(90) == pytest.approx(100 * (valid < 90).mean(), abs=1.5)


def test_a_table_with_other_rows_is_an_unknown_layout(monkeypatch):
    six = _vihealth(6)
    monkeypatch.setattr(report_generator, "LAYOUTS", (six,))
    monkeypatch.setattr(report_nights, "ROWS", dict.fromkeys((5, 7), (*ROWS[7][:5], ("<75", 0, 74))))
    picture = report_generator.draw(report_nights.make_night(1), report_generator.BUILT_IN)
    with pytest.raises(InvalidUpload) as refused:
        parse(report_generator.pdf_of(picture))
    assert refused.value.reason == "report_unknown_layout"


def test_print_too_small_to_be_sure_of_anything_is_unreadable():
    picture = report_generator.draw(report_nights.make_night(1), report_generator.BUILT_IN)
    page = on_a4(picture, 62.0)
    with pytest.raises(InvalidUpload) as refused:
        parse(report_generator.pdf_of(page))
    assert refused.value.reason in ("report_unreadable", "report_unknown_layout")
