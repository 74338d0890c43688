"""The pictures of a report on several nights: their traces under each other, and a number over the nights."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from oximetry.adapters.clinical_report.drawing import box, envelope, line, mm, path, picture, text
from oximetry.adapters.clinical_report.plots import LOWEST_AXIS_PCT, PAGE_MM, Labels, Lane, Scale, points
from oximetry.domain.report_document import Trace, Trend


def aligned(traces: Sequence[Trace], lines: Sequence[Sequence[str]], labels: Labels) -> str:
    """Several nights under each other, by the hour of the clock."""
    left, lane, apart = 33.0, 15.0 if len(traces) <= 6 else 10.0, 2.2
    starts = [_evening_hour(trace.started_at) for trace in traces]
    first = int(min(starts))
    last = max(start + trace.recorded_s / 3600 for start, trace in zip(starts, traces, strict=True))
    wide, height = PAGE_MM - left - 9, len(traces) * (lane + apart) + 5

    def across(clock_hour: float) -> float:
        return left + (clock_hour - first) / max(last - first, 1.0) * wide

    body = ""
    hours = range(first, int(last) + 1)
    for number, (trace, start) in enumerate(zip(traces, starts, strict=True)):
        top = 0.6 + number * (lane + apart)
        body += _one_of_several(trace, start, (top, lane), across, hours)
        for row, words in enumerate(lines[number][: 3 if lane > 12 else 2]):
            body += text(0, top + 3.2 + 3.5 * row, words, 2.4, bold=row == 0)
        for level, drop in ((100, 1.6), (90, 0.8), (70, 0.0)):
            y = top + (100 - level) * lane / 30 + drop
            body += text(left + wide + 1, y, str(level), 2.2)
    step = 1 if len(hours) <= 14 else 2
    for clock_hour in hours[::step]:
        body += text(across(clock_hour), height - 1, f"{clock_hour % 24:02d}:00", 2.3, "middle")
    return picture(PAGE_MM, height, body, labels["nights_alt"])


def trend(one: Trend, labels: Labels) -> str:
    """A number over the nights: a hollow dot is read with reserve, a dashed line is the reference."""
    width, left, lane = 60.0, 10.0, 20.0
    wide = width - left - 3
    known = [value for value in one.values if value is not None]
    most = max([*known, (one.reference or 0) * 1.2, 1.0]) * 1.3
    count = len(one.values)

    def across(number: int) -> float:
        return left + 5 + (number * (wide - 10) / (count - 1) if count > 1 else 0)

    def up(value: float) -> float:
        return 3 + (1 - value / most) * lane

    body = text(left, 1.9, one.label, 2.4, bold=True) + box(left, 3, wide, lane, stroke=0.16)
    if one.reference is not None:
        body += path(f"M{left},{mm(up(one.reference))}h{mm(wide)}", 0.16, dash="1 .7")
    points = [None if value is None else (across(number), up(value)) for number, value in enumerate(one.values)]
    body += path(line(points), 0.2)
    for number, (point, shown, weak) in enumerate(zip(points, one.shown, one.weak, strict=True)):
        if point is not None:
            fill = "#fff" if weak else "#000"
            at = f'cx="{mm(point[0])}" cy="{mm(point[1])}" r="1"'
            body += f'<circle {at} fill="{fill}" stroke="#000" stroke-width=".25"/>'
            if count <= 8:
                body += text(point[0], point[1] - 1.6, shown, 2.2, "middle")
        body += text(across(number), 26, str(number + 1), 2.1, "middle")
    return picture(width, 27.5, body, f"{one.label}: {'; '.join(one.shown)}. {labels['trend_alt']}")


def _one_of_several(trace: Trace, start: float, lane: Lane, across: Scale, hours: Sequence[int]) -> str:
    top, high = lane

    def up(spo2: float) -> float:
        return top + (100 - max(LOWEST_AXIS_PCT, spo2)) * high / 30

    left = across(hours[0])
    wide = PAGE_MM - 9 - left
    body = box(left, up(90), wide, up(70) - up(90), fill="#ececec")
    data = "".join(f"M{mm(across(hour_of_clock))},{mm(top)}v{mm(high)}" for hour_of_clock in hours)
    body += path(data, 0.08, dash=".35 .75") + path(f"M{mm(left)},{mm(up(90))}h{mm(wide)}", 0.18)
    drawn = points(trace.time_s, trace.spo2_pct, lambda elapsed: across(start + elapsed / 3600), up)
    return body + path(line(envelope(drawn)), 0.13) + box(left, top, wide, high, stroke=0.16)


def _evening_hour(moment: datetime) -> float:
    hour_of_clock = moment.hour + moment.minute / 60 + moment.second / 3600
    return hour_of_clock + 24 if hour_of_clock < 12 else hour_of_clock
