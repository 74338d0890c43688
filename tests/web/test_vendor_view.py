"""The device's own numbers stand beside ours, and only where the file has them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime

from oximetry.domain.recording import Hints
from oximetry.readers.formats import create_registry
from oximetry.samples.writers.catalogue import WRITERS
from oximetry.services.nights.analysis import analyse
from oximetry.web.i18n import words
from oximetry.web.vendor_view import beside_ours
from tests.factories import night_csv, night_name

START = datetime(2025, 10, 7, 23, 4, 37)


def test_a_csv_has_no_numbers_of_the_device() -> None:
    report = analyse(create_registry(), night_csv(rows=600), night_name())
    assert beside_ours(report.numbers, words("ro")) is None


def test_a_binarys_header_stands_beside_our_numbers_with_the_reason() -> None:
    recording = create_registry().read(night_csv(rows=600), Hints(night_name()))
    writer = next(one for one in WRITERS if one.name == "viatom_v3")
    report = analyse(create_registry(), writer.write(recording), "20251007230437")
    shown = beside_ours(replace(report.numbers, vendor={"drops_over_3pct": 53, "o2_score": 8.5}), words("ro"))
    assert shown is not None
    text = json.dumps(shown.to_plotly_json(), default=lambda one: one.to_plotly_json(), ensure_ascii=False)
    assert '"53"' in text
    assert '"8,5"' in text
    assert "regulă nepublicată" in text
