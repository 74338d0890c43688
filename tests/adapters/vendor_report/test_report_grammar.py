"""Texts of cells: what they mean, and what is no value at all."""

from datetime import datetime

import pytest

from oximetry.adapters.vendor_report.report_grammar import value
from oximetry.adapters.vendor_report.report_layouts import Kind


@pytest.mark.parametrize(
    ("kind", "text", "meaning"),
    [
        (Kind.MOMENT, "Timpul de inițiere15 oct. 2025, 20:35", datetime(2025, 10, 15, 20, 35)),
        (Kind.MOMENT, "3 ian. 2026, 00:05", datetime(2026, 1, 3, 0, 5)),
        (Kind.MOMENT, "9 sept. 2024, 23:59", datetime(2024, 9, 9, 23, 59)),
        (Kind.MOMENT, "31 mai 2025, 21:00", datetime(2025, 5, 31, 21, 0)),
        (Kind.MOMENT, "Start Time 15 Oct 2025, 20:35", datetime(2025, 10, 15, 20, 35)),
        (Kind.MOMENT, "Start Time Oct 15, 2025 20:35", datetime(2025, 10, 15, 20, 35)),
        (Kind.MOMENT, "15 okt. 2025, 20:35", None),
        (Kind.MOMENT, "31 feb. 2025, 20:35", None),
        (Kind.MOMENT, "15 oct. 2025, 20:3", None),
        (Kind.MOMENT, "15 oct. 1925, 20:35", None),
        (Kind.DURATION, "10:00:08", 36_008),
        (Kind.DURATION, "28:04", 1684),
        (Kind.DURATION, "28:64", None),
        (Kind.DURATION, "8:04", None),
        (Kind.PERCENT, "4.68%", 4.68),
        (Kind.PERCENT, "100.00 %", 100.0),
        (Kind.PERCENT, "468%", None),
        (Kind.PERCENT, "104.68%", None),
        (Kind.PERCENT, "04.68%", None),
        (Kind.WHOLE, "99", 99),
        (Kind.WHOLE, "099", None),
        (Kind.WHOLE, "9 g", None),
        (Kind.DECIMAL, "3.6", 3.6),
        (Kind.DECIMAL, "36", 3.6),
        (Kind.DECIMAL, "10", None),
        (Kind.DECIMAL, "3.66", None),
        (Kind.RANGE, "90–94", "90-94"),
        (Kind.RANGE, "≥95", ">=95"),
        (Kind.RANGE, "<70", "<70"),
        (Kind.RANGE, "70", None),
        (Kind.AFTER_COLON_WHOLE, "Scăderi >4%:95", 95),
        (Kind.AFTER_COLON_WHOLE, "Scăderi >4%95", None),
        (Kind.AFTER_COLON_DECIMAL, "Drops per hour：9.50", 9.5),
        (Kind.AFTER_COLON_DECIMAL, "Drops per hour:950", None),
        (Kind.CLOCK, "20:35", "20:35"),
        (Kind.CLOCK, "25:35", None),
    ],
)
def test_a_text_means_exactly_this(kind, text, meaning):
    assert value(kind, text) == meaning
