"""The signed page before it is drawn: every word and number as it will stand, and the traces in plain lists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

import numpy as np

from oximetry.domain.desaturation import Desaturation
from oximetry.domain.metrics import NightAnalysis
from oximetry.domain.pattern import histogram
from oximetry.domain.quality import Exclusion, runs_of
from oximetry.domain.recording import Mask, Recording

Span = tuple[float, float]


class Stamp(StrEnum):
    """What the tag at the top says."""

    DRAFT = "draft"
    SIGNED = "signed"
    AMENDED = "amended"


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """A night to be drawn; ``None`` where there is no valid reading.

    Attributes
    ----------
    time_s, spo2_pct, pulse_bpm, motion : list
        One entry a row.
    missing, below_range, excluded : tuple of (float, float)
        Spans in elapsed seconds.
    ticks : tuple of (float, datetime)
        Every full five minutes of the device's clock that the night holds, with its elapsed second.
    share_pct : mapping of int to float
        Percent of the valid time at each whole SpO2.
    """

    started_at: datetime
    recorded_s: float
    time_s: list[float]
    spo2_pct: list[float | None]
    pulse_bpm: list[float | None]
    motion: list[float | None]
    missing: tuple[Span, ...]
    below_range: tuple[Span, ...]
    excluded: tuple[Span, ...]
    events: tuple[Desaturation, ...]
    ticks: tuple[tuple[float, datetime], ...]
    share_pct: Mapping[int, float]
    deep_pct: float = 4.0

    @classmethod
    def of(
        cls,
        recording: Recording,
        analysis: NightAnalysis,
        events: tuple[Desaturation, ...],
        excluded: tuple[Exclusion, ...],
    ) -> Trace:
        """A recording with the events that were signed."""
        quality = analysis.quality
        shown = quality.valid | (quality.excluded & np.isfinite(recording.spo2_pct))
        pulse = quality.pulse_valid | (quality.excluded & np.isfinite(recording.pulse_bpm))
        return cls(
            started_at=recording.started_at,
            recorded_s=recording.recorded_s,
            time_s=recording.time_s.tolist(),
            spo2_pct=_or_none(recording.spo2_pct, shown),
            pulse_bpm=_or_none(recording.pulse_bpm, pulse),
            motion=_or_none(recording.motion, np.isfinite(recording.motion)),
            missing=_spans(recording, ~(shown | quality.below_range)),
            below_range=_spans(recording, quality.below_range),
            excluded=tuple((span.from_s, span.to_s) for span in excluded),
            events=events,
            ticks=_ticks(recording),
            share_pct=histogram(recording, analysis),
            deep_pct=analysis.rule.deep_drop_pct,
        )


@dataclass(frozen=True, slots=True)
class NumberRow:
    """A line of the numbers' table."""

    label: str
    value: str
    small: str
    reference: str
    rule: str
    leads: bool = False


@dataclass(frozen=True, slots=True)
class Strip:
    """An hour of the trace with the lines beside it; the first is bold."""

    from_s: float
    to_s: float
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """A small table: heads and rows; the first cell of a row names it."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Trend:
    """A number over several nights.

    Attributes
    ----------
    weak : tuple of bool
        Of a night that is read with reserve.
    reference : float or None
        A dashed line.
    """

    label: str
    values: tuple[float | None, ...]
    shown: tuple[str, ...]
    weak: tuple[bool, ...]
    reference: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class ReportDocument:
    """A report, ready to be laid out.

    Attributes
    ----------
    labels : mapping of str to str
        Headings, captions, names of axes and alternative texts, by the names that the page gives them.
    identity : tuple of (str, str)
        Name and value; an empty value is a dotted line, to be filled in by hand.
    paragraphs : tuple of str
        The doctor's text; the first is the conclusion.
    code : str or None
        To verify with; ``None`` on a draft. ``code_svg`` is the same as a QR code.
    """

    language: str
    stamp: Stamp
    file_title: str
    clinic_name: str
    clinic_lines: tuple[str, ...]
    tag: str
    number_line: str
    running_head: str
    amended_note: str
    identity: tuple[tuple[str, str], ...]
    quality: tuple[str, str]
    rows: tuple[NumberRow, ...]
    paragraphs: tuple[str, ...]
    signature: tuple[str, ...]
    verify: tuple[str, ...]
    code: str | None
    code_svg: str
    foot: tuple[str, str]
    grids: tuple[Grid, ...]
    method: tuple[str, ...]
    provenance: tuple[str, ...]
    labels: Mapping[str, str]
    traces: tuple[Trace, ...]
    strips: tuple[Strip, ...] = ()
    trends: tuple[Trend, ...] = ()
    night_lines: tuple[tuple[str, ...], ...] = field(default=())

    @property
    def is_multi(self) -> bool:
        """Whether it is about several nights."""
        return len(self.traces) > 1


def _or_none(values: np.ndarray[tuple[int], np.dtype[np.float64]], shown: Mask) -> list[float | None]:
    return [value if ok else None for value, ok in zip(values.tolist(), shown.tolist(), strict=True)]


def _spans(recording: Recording, rows: Mask) -> tuple[Span, ...]:
    ends = np.append(recording.time_s, recording.time_s[-1] + recording.sampling_interval_s)
    return tuple((float(ends[first]), float(ends[behind])) for first, behind in runs_of(rows))


def _ticks(recording: Recording) -> tuple[tuple[float, datetime], ...]:
    first = recording.started_at
    elapsed = -(first.minute % 5 * 60 + first.second) % 300.0
    ticks = []
    while elapsed <= recording.recorded_s:
        ticks.append((elapsed, recording.wall_clock(elapsed)))
        elapsed += 300.0
    return tuple(ticks)
