"""A patient's nights over the weeks as drawings: a calendar, the trend of four numbers, nights under each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
from markupsafe import Markup

from oximetry.domain.listing import Headline, NightLine
from oximetry.domain.quality import within
from oximetry.domain.recording import Recording
from oximetry.web.doctor.night_rows import odi_name
from oximetry.web.i18n import Words, night_of
from oximetry.web.numbers import BELOW90, HEADLINES, LOWEST, MEAN

CALENDAR_DAYS = 28
MOST_CALENDAR_DAYS = 182
WIDTH, PANEL, LEFT, RIGHT, TOP = 786, 84, 44, 12, 18
STRIP = 92
POINTS = 900
SPO2_PCT = (70.0, 100.0)


@dataclass(frozen=True, slots=True)
class CalendarDay:
    """One cell: the evening of a night, with its line where there is one; ``month`` is named where it begins."""

    day: date
    month: str
    line: NightLine | None
    name: str


def calendar(lines: Sequence[NightLine], words: Words) -> list[CalendarDay]:
    """The four weeks that end with the last night, or as many more as the nights need, up to half a year."""
    if not lines:
        return []
    by_day = {night_of(line.started_at): line for line in lines}
    last = max(by_day)
    first = max(min(by_day), last - timedelta(days=MOST_CALENDAR_DAYS - 1))
    days = -(-((last - first).days + 1) // CALENDAR_DAYS) * CALENDAR_DAYS
    cells = [last - timedelta(days=days - 1 - index) for index in range(days)]
    return [
        CalendarDay(
            day,
            words.short_month(day) if index == 0 or day.day == 1 else "",
            by_day.get(day),
            words.night(by_day[day].started_at) if day in by_day else words.day(day),
        )
        for index, day in enumerate(cells)
    ]


def trend(lines: Sequence[NightLine], headline: Headline, words: Words) -> Markup:
    """Index, time below 90 %, lowest and mean over the dates; a night too short for an index is not among them."""
    shown = [line for line in lines if not line.is_short]
    if len(shown) < 2:
        return Markup()
    panels: list[tuple[str, Callable[[NightLine], float | None], tuple[float, ...]]] = [
        (words("trend.odi", odi=odi_name(headline)), HEADLINES[headline].sort_value, (0.0,)),
        (words("trend.below90"), BELOW90.sort_value, (0.0,)),
        (words("trend.lowest"), LOWEST.sort_value, (90.0,)),
        (words("trend.mean"), MEAN.sort_value, (90.0,)),
    ]
    first, last = (night_of(one.started_at) for one in (shown[0], shown[-1]))
    span = max(1, (last - first).days)

    def x(line: NightLine) -> float:
        return LEFT + (night_of(line.started_at) - first).days / span * (WIDTH - LEFT - RIGHT)

    drawn = [
        _panel(index * PANEL, name, [(x(line), value(line), line) for line in shown], marks)
        for index, (name, value, marks) in enumerate(panels)
    ]
    height = len(panels) * PANEL + 22
    ends = (
        f'<text class="ax" x="{LEFT}" y="{height - 4}">{words.day(first)}</text>'
        f'<text class="ax end" x="{WIDTH - RIGHT}" y="{height - 4}">{words.day(last)}</text>'
    )
    label = words("trend.in_words", nights=len(shown), first=words.day(first), last=words.day(last))
    return _svg(WIDTH, height, "".join(drawn) + ends, label)


def _panel(top: int, name: str, points: Sequence[tuple[float, float | None, NightLine]], marks: Sequence[float]) -> str:
    known = [(x, value, line) for x, value, line in points if value is not None]
    values = [value for _, value, _ in known] + list(marks)
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    low, high = (low, low + 1) if high - low < 1e-9 else (low, high)

    def y(value: float) -> float:
        return top + TOP + (high - value) / (high - low) * (PANEL - TOP - 14)

    edges = "".join(
        f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(value):.1f}" y2="{y(value):.1f}"/>'
        f'<text class="ax end" x="{LEFT - 6}" y="{y(value) + 4:.1f}">{value:.0f}</text>'
        for value in (low, high)
    )
    path = "M" + "L".join(f"{x:.1f},{y(value):.1f}" for x, value, _ in known) if known else ""
    dots = "".join(
        f'<circle class="{"sc-v" if line.is_reviewed else "sc-c"}" cx="{x:.1f}" cy="{y(value):.1f}" r="4"/>'
        for x, value, line in known
    )
    title = f'<text class="ax ti" x="{LEFT}" y="{top + 11}">{name}</text>'
    return f'{title}{edges}<path class="t-spo2" d="{path}"/>{dots}'


def strips(recordings: Sequence[Recording], words: Words, *, by_clock: bool) -> list[Markup]:
    """SpO2 of some nights on one axis of time: by the clock, or from each one's own start."""
    starts = [_begin(one, by_clock=by_clock) for one in recordings]
    ends = [start + one.recorded_s for start, one in zip(starts, recordings, strict=True)]
    first, last = (min(starts), max(ends)) if starts else (0.0, 1.0)
    return [
        _strip(one, start, (first, last), words, by_clock=by_clock)
        for one, start in zip(recordings, starts, strict=True)
    ]


def _begin(recording: Recording, *, by_clock: bool) -> float:
    """Seconds from the noon before, or none."""
    if not by_clock:
        return 0.0
    noon = datetime.combine(night_of(recording.started_at), datetime.min.time()) + timedelta(hours=12)
    return (recording.started_at - noon).total_seconds()


def _strip(recording: Recording, start: float, span: tuple[float, float], words: Words, *, by_clock: bool) -> Markup:
    first, last = span
    wide, high = WIDTH - LEFT - RIGHT, STRIP - 30

    def x(seconds: float) -> float:
        return LEFT + (seconds - first) / max(1.0, last - first) * wide

    def y(spo2_pct: float) -> float:
        return 6 + (SPO2_PCT[1] - max(spo2_pct, SPO2_PCT[0])) / (SPO2_PCT[1] - SPO2_PCT[0]) * high

    pieces = _thinned(recording)
    path = "".join("M" + "L".join(f"{x(start + at):.1f},{y(v):.1f}" for at, v in piece) for piece in pieces)
    hours = range(int(first // 3600) + 1, int(last // 3600) + 1)
    ticks = "".join(
        f'<text class="ax mid" x="{x(hour * 3600):.1f}" y="{STRIP - 6}">'
        f"{f'{(12 + hour) % 24:02d}:00' if by_clock else f'{hour} h'}</text>"
        for hour in hours
        if (12 + hour) % 2 == 0 or len(hours) < 6
    )
    axis = "".join(
        f'<text class="ax end" x="{LEFT - 6}" y="{y(value) + 4:.1f}">{value:.0f}</text>' for value in (100.0, 70.0)
    )
    limit = f'<line class="l-90" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(90):.1f}" y2="{y(90):.1f}"/>'
    label = words("compare.in_words", night=words.night(recording.started_at))
    return _svg(WIDTH, STRIP, f'{axis}{limit}<path class="t-spo2" d="{path}"/>{ticks}', label)


def _thinned(recording: Recording) -> list[list[tuple[float, float]]]:
    """The lowest and the highest value of each small stretch, broken where nothing was measured."""
    valid = within(recording.spo2_pct, (30.0, 100.0))
    size = max(1, len(valid) * 2 // POINTS)
    pieces: list[list[tuple[float, float]]] = [[]]
    for begin in range(0, len(valid), size):
        inside = np.flatnonzero(valid[begin : begin + size]) + begin
        if not inside.size:
            pieces.append([])
            continue
        values = recording.spo2_pct[inside]
        for index in sorted({int(inside[values.argmin()]), int(inside[values.argmax()])}):
            pieces[-1].append((float(recording.time_s[index]), float(recording.spo2_pct[index])))
    return [piece for piece in pieces if piece]


def _svg(width: int, height: int, body: str, label: str) -> Markup:
    return Markup(  # noqa: S704 - numbers and our own words; the label is escaped
        f'<svg class="plot" viewBox="0 0 {width} {height}" role="img" aria-label="{Markup.escape(label)}">{body}</svg>'
    )
