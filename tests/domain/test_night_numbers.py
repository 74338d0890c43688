"""A night's numbers come back from the catalogue as they went in, and old rows can still be read."""

from __future__ import annotations

import ast
import json
import math

import pytest

from benchmarks.house import module, source_names
from oximetry.domain.device_report import BAND_TABLES, HEADER_FIELDS, NUMBER_FIELDS, DeviceReport, ReportReading
from oximetry.domain.night_numbers import NightNumbers
from oximetry.domain.quality import Exclusion
from oximetry.domain.recording import Note
from tests.made_up_numbers import NUMBERS, night_numbers

FULL = night_numbers(
    spo2_sd_pct=math.nan,
    desaturations3=None,
    warnings=(Note("short_valid_time", {"valid_hours": 1.5}),),
    vendor={"o2_score": 8.5, "drops_over_3pct": None},
    exclusions=(Exclusion(0.0, 200.0),),
    uncertainty={"odi3_per_h": (20.5, 30.5), "odi4_per_h": (math.nan, math.nan)},
)


def test_numbers_come_back_as_they_were_stored() -> None:
    stored = json.dumps(FULL.as_json(), allow_nan=False)
    again = NightNumbers.from_json(json.loads(stored))
    assert again.as_json() == FULL.as_json()
    assert (again.started_at, again.rule, again.warnings) == (FULL.started_at, FULL.rule, FULL.warnings)
    assert (again.exclusions, again.vendor) == (FULL.exclusions, FULL.vendor)
    assert again.uncertainty["odi3_per_h"] == (20.5, 30.5)


def test_what_cannot_be_known_is_null_in_json_and_no_number_here() -> None:
    assert (FULL.as_json()["spo2_sd_pct"], FULL.as_json()["desaturations3"]) == (None, None)
    again = NightNumbers.from_json(FULL.as_json())
    assert math.isnan(again.spo2_sd_pct)
    assert again.desaturations3 is None


def test_a_row_from_before_some_numbers_existed_is_read_and_a_key_of_tomorrow_is_ignored() -> None:
    kept = ("format", "started_at", "ended_at", "rule", "odi3_per_h", "recorded_s", "valid_s")
    old = {name: value for name, value in NUMBERS.as_json().items() if name in kept}
    again = NightNumbers.from_json({**old, "a_number_of_tomorrow": 7})
    assert (again.odi3_per_h, again.excluded_s, again.warnings, again.uncertainty) == (24.57, 0.0, (), {})
    assert math.isnan(again.motion_suspect_s)
    assert math.isnan(again.below_pct(90))
    assert (again.implausible_rises, again.companion_rule) == (None, None)
    assert not again.is_below_range


@pytest.mark.parametrize(("valid_s", "is_short"), [(4 * 3600.0 - 4, True), (4 * 3600.0, False)])
def test_a_night_is_short_under_four_valid_hours(valid_s: float, is_short: bool) -> None:
    assert night_numbers(valid_s=valid_s).is_short is is_short


def test_a_report_comes_back_as_it_was_stored() -> None:
    names = (*HEADER_FIELDS, *NUMBER_FIELDS, "carries_name")
    unread = tuple(name for name in names if name not in ("duration_s", "o2_score"))
    report = DeviceReport(duration_s=36008, o2_score=3.6, uncertain=unread)
    reading = ReportReading(report, None)
    stored = {**reading.as_json(), "numbers": {**report.as_json(), "a_field_of_tomorrow": 1}}
    assert ReportReading.from_json(json.loads(json.dumps(stored))) == reading
    assert ReportReading.from_json({"numbers": None}) == ReportReading(None, None)


# Where JSON becomes a type and a type JSON, and where numbers are made: `Levels` is a TypedDict, a print has tables.
MAY_NAME_KEYS = (
    "oximetry/domain/night_numbers.py",
    "oximetry/domain/device_report.py",
    "oximetry/domain/uncertainty.py",
    "oximetry/adapters/vendor_report/",
    "oximetry/samples/",
)
# Names that other things have too: a row of the catalogue begins at a time, an upload has a format.
SHARED = {"format", "started_at", "ended_at", "device_model", "device_serial", "rule", "samples", "gaps", "vendor"}
NUMBER_NAMES = ({*NUMBERS.as_json(), *NUMBER_FIELDS, *BAND_TABLES, "carries_name", "duration_s"} - SHARED) | {
    str(limit) for limit in (95, 92, 90, 88, 85, 80, 70)
}


def read_by_key(tree: ast.AST) -> list[tuple[int, str]]:
    """Line and name of every number that is read as ``x["name"]`` or ``x.get("name")``."""
    places: list[tuple[int, str]] = []
    for node in ast.walk(tree):
        key: ast.expr | None = None
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
            key = node.slice
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get":
            key = node.args[0] if node.args else None
        if isinstance(key, ast.Constant) and key.value in NUMBER_NAMES:
            places.append((key.lineno, key.value))
        if isinstance(key, ast.JoinedStr) and any(
            isinstance(part, ast.Constant) and ("odi" in part.value or "desaturations" in part.value)
            for part in key.values
        ):
            places.append((key.lineno, ast.unparse(key)))
    return places


@pytest.mark.parametrize("source", ['n["odi3_per_h"]', 'n.get("spo2_min_pct", 0)', 'n["time_below_pct"]["90"]',
                                    'n[f"odi{depth}_per_h"]'])  # fmt: skip
def test_a_number_read_by_its_key_is_seen(source: str) -> None:
    assert read_by_key(ast.parse(source))


@pytest.mark.parametrize("name", [name for name in source_names() if not name.startswith(MAY_NAME_KEYS)])
def test_nobody_reads_a_number_by_its_key(name: str) -> None:
    assert read_by_key(module(name).tree) == []
