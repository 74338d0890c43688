"""The second page of a night's report: hour by hour, and how the dips are spread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from oximetry.domain.desaturation import Desaturation
from oximetry.domain.metrics import NightAnalysis
from oximetry.domain.night_numbers import NightNumbers
from oximetry.domain.pattern import clusters, halves, hours
from oximetry.domain.report_document import Grid, Strip, Trace
from oximetry.domain.report_numbers import shown
from oximetry.domain.signing import SignedNight
from oximetry.services.nights.analysis import NightReport
from oximetry.web.i18n import Words


def hour_strips(night: NightReport, analysis: NightAnalysis, trace: Trace, words: Words) -> tuple[Strip, ...]:
    """An hour after the other from the start, with what is said beside each."""
    strips = []
    for stretch in hours(night.recording, analysis):
        if stretch.to_s - stretch.from_s <= 60:
            continue
        rows = [row for row, at in enumerate(trace.time_s) if stretch.from_s <= at < stretch.to_s]
        spo2 = [value for row in rows if (value := trace.spo2_pct[row]) is not None]
        pulse = [value for row in rows if (value := trace.pulse_bpm[row]) is not None]
        begin, end = night.recording.wall_clock(stretch.from_s), night.recording.wall_clock(stretch.to_s)
        lines = [f"{begin:%H:%M}–{end:%H:%M}"]
        rate = shown(stretch.odi3_per_h, words)
        lines.append(words("clinical.hour_odi", odi=rate, n3=stretch.desaturations3, n4=stretch.desaturations4))
        if spo2:
            mean = shown(sum(spo2) / len(spo2), words)
            lines.append(words("clinical.hour_spo2", lowest=shown(min(spo2), words, 0), mean=mean))
            low_s = sum(value < 90 for value in spo2) * night.recording.sampling_interval_s
            lines.append(words("clinical.hour_below", minutes=shown(low_s / 60, words)))
        if pulse:
            mean = shown(sum(pulse) / len(pulse), words, 0)
            low, high = shown(min(pulse), words, 0), shown(max(pulse), words, 0)
            lines.append(words("clinical.hour_pulse", mean=mean, low=low, high=high))
        strips.append(Strip(stretch.from_s, stretch.to_s, tuple(lines)))
    return tuple(strips)


def dips(signed: SignedNight, night: NightReport, words: Words) -> Grid:
    """Both rules side by side."""
    numbers, events = signed.numbers, signed.events
    analysis = replace(night.analysis, events=events)
    first, second = halves(night.recording, analysis)

    def both(name: str, count: int | None, rate: float, other: int | None, other_rate: float) -> tuple[str, ...]:
        own = f"{'–' if count is None else count} ({shown(rate, words)}/h)"
        return words(f"clinical_dip.{name}"), own, f"{'–' if other is None else other} ({shown(other_rate, words)}/h)"

    def one(name: str, value: str) -> tuple[str, ...]:
        return words(f"clinical_dip.{name}"), value, "–"

    rows = [
        both("3", numbers.desaturations3, numbers.odi3_per_h, numbers.desaturations3_mean120,
             numbers.odi3_mean120_per_h),
        both("4", numbers.desaturations4, numbers.odi4_per_h, numbers.desaturations4_mean120,
             numbers.odi4_mean120_per_h),
        one("depths", _classes([event.depth_pct for event in events], (3, 4, 6, 10))),
        one("lengths", _classes([event.duration_s for event in events], (10, 20, 40, 60))),
        one("means", f"{shown(numbers.mean_depth_pct, words)} %; {shown(numbers.mean_duration_s, words, 0)} s"),
        one("extremes", _extremes(events, night, words)),
        one("halves", f"{shown(first.odi3_per_h, words)} | {shown(second.odi3_per_h, words)}"),
        one("clusters", str(len(clusters(events)))),
    ]  # fmt: skip
    companion = numbers.companion_rule
    other = f"{companion.name} v{companion.version}" if companion else "mean-120s"
    heads = ("", f"{numbers.rule.name} v{numbers.rule.version}", other)
    return Grid(words("clinical.dips_title"), heads, tuple(rows))


def _classes(values: Sequence[float], edges: Sequence[float]) -> str:
    ends = [*edges[1:], float("inf")]
    return " | ".join(str(sum(low <= value < high for value in values)) for low, high in zip(edges, ends, strict=True))


def _extremes(events: Sequence[Desaturation], night: NightReport, words: Words) -> str:
    if not events:
        return "–"
    deepest = max(events, key=lambda event: event.depth_pct)
    longest = max(events, key=lambda event: event.duration_s)
    at = [f"{night.recording.wall_clock(event.nadir_s):%H:%M}" for event in (deepest, longest)]
    depth, length = shown(deepest.depth_pct, words, 0), shown(longest.duration_s, words, 0)
    return f"{depth} % ({at[0]}); {length} s ({at[1]})"


def beside_the_vendors(signed: SignedNight, words: Words) -> Grid | None:
    """The device's figures beside ours, with the difference and its cause; ``None`` where it has none."""
    rows = []
    for name, cause in _CAUSES:
        theirs = signed.vendor.get(name)
        if theirs is None:
            continue
        ours = _OURS[name](signed.numbers) if name in _OURS else None
        decimals = 2 if name == "below90_pct" else 1 if name in ("spo2_mean_pct", "o2_score") else 0
        rows.append(
            (
                words(f"vendor.{name}"),
                shown(ours, words, decimals),
                shown(theirs, words, decimals),
                _difference(ours, theirs, decimals, words(f"clinical_cause.{cause}"), words),
            )
        )
    if not rows:
        return None
    heads = ("", words("clinical.vendor_ours"), words("clinical.vendor_device"), words("clinical.vendor_difference"))
    return Grid(words("clinical.vendor_title"), heads, tuple(rows), words("clinical.vendor_note"))


def _difference(ours: float | None, theirs: float, decimals: int, cause: str, words: Words) -> str:
    if ours is None:
        return cause
    apart = round(theirs - ours, decimals)
    if apart == 0:
        return "0"
    sign = "+" if apart > 0 else ""
    return f"{sign}{shown(apart, words, decimals)} · {cause}"


_CAUSES = (
    ("spo2_mean_pct", "rounded"), ("spo2_min_pct", "firmware"), ("below90_pct", "firmware"),
    ("drops_over_3pct", "another_rule"), ("drops_over_4pct", "another_rule"), ("o2_score", "not_validated"),
)  # fmt: skip
_OURS: dict[str, Callable[[NightNumbers], float | None]] = {
    "spo2_mean_pct": lambda numbers: numbers.spo2_mean_pct,
    "spo2_min_pct": lambda numbers: numbers.spo2_min_pct,
    "below90_pct": lambda numbers: numbers.below_pct(90),
    "drops_over_3pct": lambda numbers: numbers.desaturations3,
    "drops_over_4pct": lambda numbers: numbers.desaturations4,
}
