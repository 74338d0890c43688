"""The pictures of a night's report: the whole night, the time below each level, an hour."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from oximetry.adapters.clinical_report.drawing import Point, box, envelope, hatched, line, mm, path, picture, text
from oximetry.domain.report_document import Strip, Trace

PAGE_MM = 186.0
LANE_MM, SMALL_LANE_MM = 39.0, 30.0
MM_PER_MIN = 2.5  # 150 mm an hour; 25 mm are ten minutes
MM_PER_PCT = 0.4
PULSE_FROM, PULSE_TO = 40.0, 110.0
FULL_MOTION = 60.0
LOWEST_AXIS_PCT = 70.0

_LEFT, _RIGHT = 9.0, 11.0
_GREY90, _GREY88 = "#f1f1f1", "#e4e4e4"

Labels = Mapping[str, str]
Scale = Callable[[float], float]
Lane = tuple[float, float]


def whole_night(trace: Trace, labels: Labels, lane_mm: float = LANE_MM) -> str:
    """SpO2, pulse and motion of a night on one axis, with its events above."""
    width = PAGE_MM - _LEFT - _RIGHT
    floor = axis_floor(trace)
    top, pulse_mm, motion_mm = 4.2, 12.5, 3.6
    pulse_top = top + lane_mm + 2.2
    motion_top = pulse_top + pulse_mm + 1.2
    height = motion_top + motion_mm + 4.6

    def across(elapsed_s: float) -> float:
        return _LEFT + elapsed_s / max(trace.recorded_s, 1.0) * width

    def up(spo2: float) -> float:
        return top + (100 - spo2) * lane_mm / (100 - floor)

    body = _shades(across(0), width, up, floor)
    body += _hour_lines(trace, across, top, motion_top + motion_mm)
    body += _levels(width, up, floor)
    body += _spans(trace, across, (top, lane_mm), labels)
    body += path(line(envelope(points(trace.time_s, trace.spo2_pct, across, up))), 0.13)
    pulse = points(trace.time_s, trace.pulse_bpm, across, lambda bpm: _pulse_y(bpm, pulse_top, pulse_mm))
    body += path(line(envelope(pulse, 0.2)), 0.12, stroke="#333")
    body += path(_motion(trace, across, motion_top, motion_mm), 0.16, stroke="#555")
    body += _event_marks(trace, across)
    for first, high in ((top, lane_mm), (pulse_top, pulse_mm), (motion_top, motion_mm)):
        body += box(_LEFT, first, width, high, stroke=0.18)
    body += _side_words(labels, (up, floor), (top, pulse_top, motion_top), pulse_mm)
    body += _clock_words(trace, across, height - 1.2)
    return picture(PAGE_MM, height, body, labels["plot_alt"])


def axis_floor(trace: Trace) -> float:
    """Where the SpO2 axis ends: 70, or lower when the night goes lower."""
    lowest = min((value for value in trace.spo2_pct if value is not None), default=100.0)
    if trace.below_range:
        lowest = min(lowest, 60.0)
    return LOWEST_AXIS_PCT if lowest >= LOWEST_AXIS_PCT else max(50.0, lowest // 10 * 10)


def below_each_level(trace: Trace, labels: Labels, below: tuple[str, str]) -> str:
    """Bars: share of the valid time at each value; line: share below it. ``below``: the words for 90 and 88."""
    width, height, left, top = 64.0, 44.0, 9.0, 1.5
    inner, lane = width - left - 2, height - 7.5 - top
    floor = min([70, *trace.share_pct])

    def across(spo2: float) -> float:
        return left + (100 - spo2) / (100 - floor) * inner

    def up(percent: float) -> float:
        return top + (1 - percent / 100) * lane

    def share_below(spo2: int) -> float:
        return sum(share for value, share in trace.share_pct.items() if value < spo2)

    body = box(across(90), top, across(88) - across(90), lane, fill=_GREY90)
    body += box(across(88), top, left + inner - across(88), lane, fill=_GREY88)
    body += path("".join(f"M{left},{mm(up(level))}h{mm(inner)}" for level in (25, 50, 75)), 0.1, stroke="#bdbdbd")
    for value, share in trace.share_pct.items():
        body += box(
            across(value + 0.4), up(share), 0.8 / (100 - floor) * inner, up(0) - up(share), stroke=0.14, fill="#fff"
        )
    body += path(line((across(value), up(share_below(value))) for value in range(100, floor - 1, -1)), 0.45)
    body += path(f"M{mm(across(90))},{top}v{mm(lane)}", 0.2) + path(
        f"M{mm(across(88))},{top}v{mm(lane)}", 0.2, dash="1 .7"
    )
    for level, drop, words in ((90, 9.0, below[0]), (88, 13.5, below[1])):
        x, y = across(level), up(share_below(level))
        body += f'<circle cx="{mm(x)}" cy="{mm(y)}" r=".75"/>'
        body += path(f"M{mm(x)},{mm(y)}L{mm(across(87.2))},{mm(top + drop - 0.8)}", 0.12)
        body += text(across(86.6), top + drop, words, 2.5, bold=level == 90)
    body += box(left, top, inner, lane, stroke=0.18)
    for level in (0, 50, 100):
        body += text(left - 1, up(level) + 0.8, str(level), 2.3, "end")
    for spo2 in range(100, floor - 1, -5):
        body += text(across(spo2), top + lane + 2.9, str(spo2), 2.3, "middle")
    body += text(left + inner / 2, height - 0.8, labels["curve_x"], 2.3, "middle")
    turned = f"translate(2.4 {mm(top + lane / 2)}) rotate(-90)"
    body += f'<g transform="{turned}">{text(0, 0, labels["curve_y"], 2.3, "middle")}</g>'
    return picture(width, height, body, labels["curve_alt"])


def hour(trace: Trace, strip: Strip, labels: Labels) -> str:
    """An hour at a fixed scale: 25 mm are ten minutes, 4 mm are 10 percent."""
    left, lane, pulse_mm = 8.0, 30 * MM_PER_PCT, 4.0
    pulse_top, height = lane + 0.8, lane + pulse_mm + 3.1
    wide = (strip.to_s - strip.from_s) / 60 * MM_PER_MIN

    def across(elapsed_s: float) -> float:
        return left + (elapsed_s - strip.from_s) / 60 * MM_PER_MIN

    def up(spo2: float) -> float:
        return 0.4 + (100 - max(LOWEST_AXIS_PCT, spo2)) * MM_PER_PCT

    inside = [row for row, elapsed in enumerate(trace.time_s) if strip.from_s <= elapsed < strip.to_s]
    times = [trace.time_s[row] for row in inside]
    ticks = [(elapsed, wall) for elapsed, wall in trace.ticks if strip.from_s <= elapsed <= strip.to_s]
    body = box(left, up(90), wide, up(70) - up(90), fill="#ececec")
    small, large = (
        "".join(
            f"M{mm(across(at))},.4V{mm(pulse_top + pulse_mm)}" for at, wall in ticks if bool(wall.minute % 10) is odd
        )
        for odd in (True, False)
    )
    body += path(small, 0.08, stroke="#cfcfcf") + path(large, 0.1, stroke="#8c8c8c")
    body += path(f"M{left},{mm(up(80))}h{mm(wide)}", 0.08, stroke="#b0b0b0") + path(
        f"M{left},{mm(up(90))}h{mm(wide)}", 0.16
    )
    body += _spans(trace, across, (0.4, lane), labels, (strip.from_s, strip.to_s))
    body += path(line(points(times, [trace.spo2_pct[row] for row in inside], across, up)), 0.2)
    pulse = [trace.pulse_bpm[row] for row in inside]
    body += path(
        line(points(times, pulse, across, lambda bpm: _pulse_y(bpm, pulse_top, pulse_mm))), 0.14, stroke="#555"
    )
    for event in trace.events:
        if strip.from_s <= event.nadir_s < strip.to_s:
            fill = "#000" if event.depth_pct >= trace.deep_pct else "#fff"
            body += path(f"M{mm(across(event.nadir_s))},{mm(up(event.nadir_pct) + 0.5)}l.55,1h-1.1z", 0.12, fill=fill)
    body += box(left, 0.4, wide, lane, stroke=0.16) + box(left, pulse_top, wide, pulse_mm, stroke=0.12)
    for level, drop in ((100, 1.5), (90, 0.75), (80, 0.75), (70, 0.3)):
        body += text(left - 0.7, up(level) + drop, str(level), 2.1, "end", bold=level == 90)
    for at, wall in ticks:
        if wall.minute % 10 == 0:
            body += text(across(at), height - 0.35, f"{wall:%H:%M}", 2.1, "middle")
    for number, words in enumerate(strip.lines):
        body += text(left + 152, 3 + 3.3 * number, words, 2.25, bold=number == 0)
    return picture(PAGE_MM, height, body, f"{labels['strip_alt']} {', '.join(strip.lines[:2])}")


def check_line(labels: Labels) -> str:
    """25 mm, to be measured on the print."""
    body = path("M1,1v2M26,1v2M1,2h25", 0.25) + text(13.5, 4.3, "25 mm = 10 min", 2.1, "middle")
    return picture(27.0, 4.5, body, labels["check_alt"])


def points(times: Sequence[float], values: Sequence[float | None], across: Scale, up: Scale) -> list[Point | None]:
    """A trace on the paper; ``None`` where there is no reading."""
    return [
        None if value is None else (across(elapsed), up(value)) for elapsed, value in zip(times, values, strict=True)
    ]


def _pulse_y(bpm: float, top: float, high: float) -> float:
    return top + (PULSE_TO - min(PULSE_TO, max(PULSE_FROM, bpm))) * high / (PULSE_TO - PULSE_FROM)


def _shades(left: float, width: float, up: Scale, floor: float) -> str:
    light = box(left, up(90), width, up(88) - up(90), fill=_GREY90)
    return light + box(left, up(88), width, up(floor) - up(88), fill=_GREY88)


def _hour_lines(trace: Trace, across: Scale, top: float, bottom: float) -> str:
    data = "".join(f"M{mm(across(at))},{mm(top)}V{mm(bottom)}" for at, wall in trace.ticks if wall.minute == 0)
    return path(data, 0.09, dash=".35 .75")


def _levels(width: float, up: Scale, floor: float) -> str:
    others = [level for level in range(95, int(floor), -5) if level != 90]
    body = path("".join(f"M{_LEFT},{mm(up(level))}h{mm(width)}" for level in others), 0.1, stroke="#bdbdbd")
    body += path(f"M{_LEFT},{mm(up(90))}h{mm(width)}", 0.2)
    return body + path(f"M{_LEFT},{mm(up(88))}h{mm(width)}", 0.2, dash="1 .7")


def _spans(trace: Trace, across: Scale, lane: Lane, labels: Labels, only: Lane | None = None) -> str:
    """What is missing is hatched, what was too low crossed at the floor, what was excluded outlined."""
    top, high = lane
    from_s, to_s = only or (0.0, trace.recorded_s)
    body = ""
    kinds = ((trace.missing, "missing"), (trace.below_range, "below_range"), (trace.excluded, "excluded"))
    for spans, kind in kinds:
        for begin, end in spans:
            left, right = across(max(begin, from_s)), across(min(end, to_s))
            if right <= left or begin >= to_s or end <= from_s:
                continue
            wide = max(0.4, right - left)
            if kind == "missing":
                body += hatched(left, top, wide, high)
            elif kind == "below_range":
                body += hatched(left, top + high * 0.8, wide, high * 0.2, crossed=True)
            else:
                body += f'<g stroke-dasharray=".8 .5">{box(left, top, wide, high, stroke=0.3, fill="#fff")}</g>'
            if wide > 7:
                words = labels[f"span_{kind}"]
                body += box((left + right) / 2 - 4.2, top + high - 3.6, 8.4, 2.9, fill="#fff")
                body += text((left + right) / 2, top + high - 1.4, words, 2.2, "middle")
    return body


def _motion(trace: Trace, across: Scale, top: float, high: float) -> str:
    """The strongest motion of each tenth of a millimetre."""
    strongest: dict[int, float] = {}
    for elapsed, value in zip(trace.time_s, trace.motion, strict=True):
        if value:
            column = int(across(elapsed) * 5)
            strongest[column] = max(strongest.get(column, 0.0), value)
    bars = ((column / 5, min(1.0, value / FULL_MOTION) * high) for column, value in strongest.items())
    return "".join(f"M{mm(x)},{mm(top + high)}v-{mm(max(tall, 0.1))}" for x, tall in bars)


def _event_marks(trace: Trace, across: Scale) -> str:
    deep = [event for event in trace.events if event.depth_pct >= trace.deep_pct]
    shallow = [event for event in trace.events if event.depth_pct < trace.deep_pct]
    data = "".join(f"M{mm(across(event.nadir_s))},.3v2.8" for event in deep)
    return path(data + "".join(f"M{mm(across(event.nadir_s))},1.9v1.2" for event in shallow), 0.2)


def _side_words(labels: Labels, axis: tuple[Scale, float], tops: tuple[float, float, float], pulse_mm: float) -> str:
    up, floor = axis
    right = PAGE_MM - _RIGHT + 1
    body = ""
    for level in range(100, int(floor) - 1, -5 if floor >= LOWEST_AXIS_PCT else -10):
        body += text(_LEFT - 1, up(level) + 0.8, str(level), 2.3, "end", bold=level == 90)
    body += text(right, up(90) - 0.3, "90 %", 2.3, bold=True) + text(right, up(88) + 1.7, "88 %", 2.3)
    for bpm in (100, 70, 50):
        body += text(_LEFT - 1, _pulse_y(bpm, tops[1], pulse_mm) + 0.8, str(bpm), 2.3, "end")
    body += text(right, tops[0] + 2, "SpO2, %", 2.3) + text(right, tops[1] + 2.2, labels["pulse"], 2.3)
    body += text(right, tops[1] + 4.9, "/min", 2.3) + text(right, tops[2] + 2.4, labels["motion"], 2.3)
    return body + text(right, 2.6, labels["events"], 2.3)


def _clock_words(trace: Trace, across: Scale, y: float) -> str:
    full = [(at, wall) for at, wall in trace.ticks if wall.minute == 0]
    step = 1 if len(full) <= 13 else 2 if len(full) <= 26 else 4
    body, day = "", trace.started_at.date()
    for at, wall in full[::step]:
        words = f"{wall:%H:%M}"
        if wall.date() != day:
            day = wall.date()
            words = f"{words} · {wall.day}.{wall.month:02d}"
        body += text(across(at), y, words, 2.3, "middle")
    return body
