"""What a report about several nights says beside the doctor's words: a table, three trends, a line at each trace."""

from __future__ import annotations

import math

from oximetry.domain.grading import grade
from oximetry.domain.interpretation import ODI_LIMITS, REPEATED_FROM_ODI4
from oximetry.domain.night_numbers import NightNumbers
from oximetry.domain.report_document import Grid, Trend
from oximetry.domain.report_numbers import duration, shown
from oximetry.domain.signing import ReportContent
from oximetry.web.i18n import Words

WEAK = ("C", "D")
HEADS = (
    "head_night", "head_quality", "head_valid", "head_odi4", "head_odi3", "head_t90_pct", "head_t90_min", "head_le88",
    "head_lowest", "head_mean", "head_pulse",
)  # fmt: skip


def set_grid(content: ReportContent, words: Words) -> Grid:
    """A line a night."""
    rows = tuple(_row(number, night.numbers, words) for number, night in enumerate(content.nights, start=1))
    return Grid(
        words("clinical.table_title"), tuple(words(f"clinical.{name}") for name in HEADS), rows, _mixed(content, words)
    )


def trends(content: ReportContent, words: Words) -> tuple[Trend, ...]:
    """Three numbers over the nights; no slope is drawn and none is computed."""
    nights = [night.numbers for night in content.nights]
    weak = tuple(grade(numbers) in WEAK for numbers in nights)

    def one(key: str, values: list[float], reference: float | None = None) -> Trend:
        known = tuple(None if math.isnan(value) else value for value in values)
        return Trend(words(f"clinical.{key}"), known, tuple(shown(value, words) for value in values), weak, reference)

    return (
        one("trend_odi4", [numbers.odi4_mean120_per_h for numbers in nights], REPEATED_FROM_ODI4),
        one("trend_t90", [numbers.t90_min for numbers in nights]),
        one("trend_odi3", [numbers.odi3_per_h for numbers in nights]),
    )


def night_lines(content: ReportContent, words: Words) -> tuple[tuple[str, ...], ...]:
    """What stands left of each trace."""
    lines = []
    for number, night in enumerate(content.nights, start=1):
        numbers = night.numbers
        index = shown(numbers.odi4_mean120_per_h, words, 1, ODI_LIMITS)
        lines.append(
            (
                f"{number}. {words.night(numbers.started_at, short=True)}",
                words("clinical.line_quality", letter=grade(numbers)),
                words("clinical.line_numbers", odi=index, t90=shown(numbers.t90_min, words)),
            )
        )
    return tuple(lines)


def _row(number: int, numbers: NightNumbers, words: Words) -> tuple[str, ...]:
    return (
        f"{number}. {words.night(numbers.started_at, short=True)}",
        grade(numbers),
        duration(numbers.valid_s, words),
        shown(numbers.odi4_mean120_per_h, words, 1, ODI_LIMITS),
        shown(numbers.odi3_per_h, words),
        shown(numbers.below_pct(90), words),
        shown(numbers.t90_min, words),
        shown(numbers.t_le88_min, words),
        "< 61" if numbers.is_below_range else shown(numbers.spo2_min_pct, words, 0),
        shown(numbers.spo2_mean_pct, words),
        shown(numbers.pulse_mean_bpm, words, 0),
    )


def _mixed(content: ReportContent, words: Words) -> str:
    """Say it when the nights were counted by different versions or measured by different devices."""
    nights = [night.numbers for night in content.nights]
    notes = []
    if len({(numbers.rule.name, numbers.rule.version) for numbers in nights}) > 1:
        notes.append(words("clinical.mixed_rules"))
    if len({(numbers.device_model, numbers.format) for numbers in nights}) > 1:
        notes.append(words("clinical.mixed_devices"))
    return " ".join(notes)
