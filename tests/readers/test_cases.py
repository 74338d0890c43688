"""Inputs that went wrong once, from outside the project: each ends as its list says (skipped without the folder)."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from oximetry.domain.errors import InvalidRecording
from oximetry.readers.formats import create_registry
from oximetry.services.nights.analysis import analyse
from oximetry.web.i18n import words

DATA = Path(os.environ.get("OXIMETRY_DATA", Path(__file__).parents[3] / "shared" / "data")) / "cases"
CASES: dict[str, Any] = json.loads((DATA / "cases.json").read_text()) if DATA.is_dir() else {}
HOLDS: dict[str, Any] = json.loads((DATA / "holds.json").read_text()) if DATA.is_dir() else {}

pytestmark = pytest.mark.skipif(not CASES, reason="real recordings are not here")


def outcome_of(name: str) -> dict[str, Any]:
    """What is read of a file, in the words of the list."""
    try:
        report = analyse(create_registry(), (DATA / name).read_bytes(), name)
    except InvalidRecording as error:
        kind = "asks_start" if error.reason == "start_unknown" else "refused"
        said = " ".join(words(language).error(error) for language in ("ro", "en"))
        return {"outcome": kind, "reason": error.reason, "said": said}
    numbers = report.as_json()
    numbers["t90"] = numbers["time_below_pct"]["90"]
    numbers["t90pct"] = numbers["t90"]
    return {"outcome": "read", **numbers}


def fits(found: dict[str, Any], wanted: dict[str, Any]) -> bool:
    """Whether what was found is this one of the outcomes that are right."""
    if found["outcome"] != wanted["outcome"]:
        return False
    for name, value in wanted.items():
        if name == "outcome":
            continue
        if name == "says":
            if not any(word in found["said"] for word in value):
                return False
        elif name == "no_odi":
            if found["odi3_per_h"] is not None or found["odi4_per_h"] is not None:
                return False
        elif name == "warns":
            if not found["warnings"]:
                return False
        elif found[name] is None or abs(found[name] - value) > (0.5 if name == "pulse_mean_bpm" else 0.06):
            return False
    return True


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.get("cli", True)])
def test_the_file_ends_as_it_must(name: str) -> None:
    found, case = outcome_of(name), CASES[name]
    if case["ok"] == "as today":
        held = HOLDS.get(name)
        if held is None:
            return
        assert found["outcome"] == held["outcome"], found
        if held["outcome"] == "read":
            assert found["spo2_min_pct"] == held["min"]
            assert found["odi3_per_h"] == (held["odi3"] and pytest.approx(held["odi3"], abs=0.06))
    else:
        assert any(fits(found, wanted) for wanted in case["ok"]), (
            case["why"],
            {
                k: found.get(k)
                for k in (
                    "outcome",
                    "reason",
                    "spo2_mean_pct",
                    "spo2_min_pct",
                    "pulse_mean_bpm",
                    "odi3_per_h",
                    "t90",
                    "warnings",
                )
            },
        )
