"""Reading a night for the app: from bytes to a report, with the last ones kept, and what the catalogue stores of it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from threading import Lock
from typing import Any

import numpy as np

from oximetry.domain.joining import join
from oximetry.domain.metrics import NightAnalysis
from oximetry.domain.night_numbers import event_json
from oximetry.domain.quality import Exclusion
from oximetry.domain.recording import Hints, Recording
from oximetry.services.nights.analysis import NightReport, RecordingReader, report_on

KEPT_NIGHTS = 16
SPARKLINE_POINTS = 120


@dataclass(frozen=True, slots=True)
class Part:
    """One file of a night, known by its SHA-256 and fetched only when it is needed."""

    sha256: str
    hints: Hints
    fetch: Callable[[], bytes]


_Key = tuple[tuple[tuple[str, Hints], ...], tuple[Exclusion, ...]]


class NightReader:
    """Analyses files with the configured readers; keeps the last few nights for repeated looks at them.

    Parameters
    ----------
    reader : RecordingReader
        All formats.
    """

    def __init__(self, reader: RecordingReader) -> None:
        self._reader = reader
        self._kept: OrderedDict[_Key, NightReport] = OrderedDict()
        self._lock = Lock()

    def may_be_recording(self, head: bytes, size: int) -> bool:
        """Whether a file of ``size`` bytes that begins so may be a recording."""
        return self._reader.may_be_recording(head, size)

    def read(self, parts: Sequence[tuple[bytes, Hints]]) -> NightReport:
        """Read and analyse a file, or the parts of an interrupted night in order; raises ``InvalidRecording``."""
        recordings = [self._reader.read(content, hints) for content, hints in parts]
        return report_on(parts[0][1].filename or "", reduce(join, recordings))

    def read_kept(self, parts: Sequence[Part], exclusions: tuple[Exclusion, ...] = ()) -> NightReport:
        """The same for content known by its SHA-256, fetched only when it is not among the last nights.

        A night with exclusions is made anew from the kept recording, not read again.
        """
        known = tuple((part.sha256, part.hints) for part in parts)
        report = self._kept_report((known, exclusions))
        if report is None:
            whole = self._kept_report((known, ()))
            if whole is None:
                whole = self._keep((known, ()), self.read([(part.fetch(), part.hints) for part in parts]))
            report = whole
            if exclusions:
                report = report_on(whole.filename, whole.recording, exclusions)
                self._keep((known, exclusions), report)
        return report

    def _kept_report(self, key: _Key) -> NightReport | None:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def _keep(self, key: _Key, report: NightReport) -> NightReport:
        with self._lock:
            self._kept[key] = report
            while len(self._kept) > KEPT_NIGHTS:
                self._kept.popitem(last=False)
        return report


def analysis_rows(report: NightReport) -> list[dict[str, Any]]:
    """One row per rule and version, with summary and events."""
    numbers = report.numbers
    companion = report.analysis.companion_rule
    return [
        {
            "rule": report.analysis.rule.name,
            "version": report.analysis.rule.version,
            "summary": numbers.as_json(),
            "events": [event_json(report.recording, event) for event in report.analysis.events],
        },
        {
            "rule": companion.name,
            "version": companion.version,
            "summary": numbers.companion_json(),
            "events": [],
        },
    ]


def sparkline(recording: Recording, analysis: NightAnalysis) -> list[float | None]:
    """The lowest valid SpO2 (percent) of each of at most 120 equal parts of the night; ``None`` where there is none."""
    values = np.where(analysis.quality.valid, recording.spo2_pct, np.nan)
    parts = np.array_split(values, min(SPARKLINE_POINTS, values.size))
    return [float(np.nanmin(part)) if np.isfinite(part).any() else None for part in parts]
