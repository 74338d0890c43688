"""The figure of a night: every sample, the right marks, gaps and below-range runs apart."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import pytest

from oximetry.readers.registry import Registry
from oximetry.readers.viatom_csv import ViatomCsv
from oximetry.samples.samples import samples
from oximetry.services.nights.analysis import NightReport, analyse
from oximetry.web.figures import config, night_figure
from oximetry.web.i18n import words

REPORTS = {sample.name: analyse(Registry([ViatomCsv()]), sample.content, sample.name) for sample in samples()}
EVERY_NIGHT = pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)


def trace(report: NightReport, name: str) -> dict[str, Any]:
    figure = night_figure(report, words("ro"))
    (found,) = [one for one in figure["data"] if one["name"] == words("ro")(name)]
    return found


def values(one: dict[str, Any]) -> np.ndarray:
    return np.frombuffer(base64.b64decode(one["y"]["bdata"]), dtype="<f4")


@EVERY_NIGHT
def test_every_sample_is_drawn_and_only_valid_ones_have_a_value(report: NightReport) -> None:
    drawn = values(trace(report, "plot.spo2"))
    assert len(drawn) == report.recording.samples
    assert np.array_equal(np.isfinite(drawn), report.analysis.quality.valid)


@EVERY_NIGHT
def test_every_event_has_one_mark_at_its_nadir(report: NightReport) -> None:
    deep, shallow = trace(report, "plot.event4"), trace(report, "plot.event3")
    assert len(deep["x"]) == report.analysis.summary.desaturations4
    assert len(deep["x"]) + len(shallow["x"]) == report.analysis.summary.desaturations3
    assert deep["marker"]["symbol"] != shallow["marker"]["symbol"]


@EVERY_NIGHT
def test_below_range_runs_and_gaps_look_different(report: NightReport) -> None:
    below, gap = trace(report, "plot.below_range"), trace(report, "plot.gap")
    assert below["fillpattern"]["shape"] != gap["fillpattern"]["shape"]
    assert below["x"].count(None) == report.analysis.summary.below_range_runs


@EVERY_NIGHT
def test_both_rules_stand_in_the_picture(report: NightReport) -> None:
    layout = night_figure(report, words("ro"), picture=True)["layout"]
    said = " ".join(annotation["text"] for annotation in layout["annotations"])
    assert "peak-nadir v2" in said
    assert "mean-120s v2" in said
    assert not layout["xaxis"]["rangeslider"]["visible"]


@EVERY_NIGHT
def test_the_axis_holds_the_whole_night(report: NightReport) -> None:
    low, high = night_figure(report, words("ro"))["layout"]["yaxis"]["range"]
    assert low <= min(70, report.analysis.summary.spo2_min_pct)
    assert high > 100


def test_no_button_sends_a_night_to_a_stranger() -> None:
    offered = config(words("ro"))
    assert offered["showSendToCloud"] is False
    assert offered["plotlyServerURL"] == ""
    assert "sendChartToCloud" in offered["modeBarButtonsToRemove"]
