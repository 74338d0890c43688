"""One file becomes the numbers of a night: read, leave out what was excluded, summarise, and say it as JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from typing import Protocol

from oximetry.domain.desaturation import Desaturation
from oximetry.domain.errors import InvalidRecording
from oximetry.domain.metrics import NightAnalysis, summarise
from oximetry.domain.quality import Exclusion
from oximetry.domain.recording import Hints, Note, Recording
from oximetry.domain.uncertainty import Band, bands

JsonObject = dict[str, object]

_AT_THE_END = (
    "desaturations3_mean120",
    "desaturations4_mean120",
    "below_range_runs",
    "excluded_s",
    "countdown_s",
    "implausible_rises",
    "motion_suspect_s",
)


class RecordingReader(Protocol):
    """Turns bytes into a recording; `oximetry.readers.registry.Registry` is one."""

    def read(self, content: bytes, hints: Hints | None = None) -> Recording:
        """The recording in these bytes; raises ``InvalidRecording``."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class NightReport:
    """A recording and its analysis.

    Attributes
    ----------
    filename : str
        As the sender called it.
    recording : Recording
    analysis : NightAnalysis
    exclusions : tuple of Exclusion
        The spans that the analysis was made without.
    uncertainty : mapping of str to (float, float)
        See `oximetry.domain.uncertainty.bands`.
    """

    filename: str
    recording: Recording
    analysis: NightAnalysis
    exclusions: tuple[Exclusion, ...] = ()
    uncertainty: Mapping[str, Band] = field(default_factory=dict)

    def as_json(self) -> JsonObject:
        """The numbers of the night under their fixed names, in their fixed order, ready for ``json.dumps``.

        Numbers are unrounded, a number that cannot be known is ``None``, times are ISO 8601 without an offset.
        """
        numbers = night_json(self.filename, self.recording, self.analysis)
        bands_json = {name: [_json_value(edge) for edge in band] for name, band in self.uncertainty.items()}
        return {**numbers, "exclusions": [asdict(span) for span in self.exclusions], "uncertainty": bands_json}


def analyse(reader: RecordingReader, content: bytes, filename: str, started_at: datetime | None = None) -> NightReport:
    """Read a file and work out its night.

    Parameters
    ----------
    reader : RecordingReader
        All formats.
    content : bytes
        The whole file.
    filename : str
        A hint to device, serial number and date order.
    started_at : datetime, optional
        When the night began, by the doctor's word or an earlier reading; only a file without a clock needs it.

    Returns
    -------
    NightReport

    Raises
    ------
    InvalidRecording
        The reader's reasons, and ``no_oximeter_data`` without a single valid SpO2.
    """
    return report_on(filename, reader.read(content, Hints(filename, started_at)))


def report_on(filename: str, recording: Recording, exclusions: Sequence[Exclusion] = ()) -> NightReport:
    """The night of a recording without the excluded spans; ``no_oximeter_data`` when nothing valid is left."""
    analysis = summarise(recording, exclusions)
    if not analysis.summary.valid_s:
        raise InvalidRecording("no_oximeter_data")
    return NightReport(filename, recording, analysis, tuple(exclusions), bands(recording, exclusions, analysis))


def night_json(filename: str, recording: Recording, analysis: NightAnalysis) -> JsonObject:
    """The JSON object of a night; see `NightReport.as_json`."""
    summary = analysis.summary
    numbers = {name.name: _json_value(getattr(summary, name.name)) for name in fields(summary)}
    late = {name: numbers.pop(name) for name in _AT_THE_END}
    before = list(numbers)[: list(numbers).index("desaturations3")]
    return {
        "file": filename,
        "format": recording.format,
        "device_model": recording.device_model,
        "device_serial": recording.device_serial,
        "started_at": summary.started_at.isoformat(),
        "ended_at": summary.ended_at.isoformat(),
        **{name: numbers.pop(name) for name in before if name not in ("started_at", "ended_at")},
        "rule": asdict(analysis.rule),
        **{name: value for name, value in numbers.items() if name not in ("started_at", "ended_at")},
        "events": [_event_json(recording, event) for event in analysis.events],
        "warnings": [note_json(warning) for warning in analysis.warnings],
        **late,
        "companion_rule": asdict(analysis.companion_rule),
        "vendor": dict(recording.vendor),
    }


def note_json(note: Note) -> JsonObject:
    """A note as ``{"code": …, details…}``."""
    return {"code": note.code, **note.details}


def _event_json(recording: Recording, event: Desaturation) -> JsonObject:
    moments = {"onset_at": event.onset_s, "nadir_at": event.nadir_s, "end_at": event.end_s}
    return {
        **{name: recording.wall_clock(elapsed_s).isoformat() for name, elapsed_s in moments.items()},
        **{name: _json_value(value) for name, value in asdict(event).items()},
        "duration_s": event.duration_s,
    }


def _json_value(value: object) -> object:
    """Python's own numbers, ``None`` for NaN."""
    if isinstance(value, float):
        return None if math.isnan(value) else float(value)
    if isinstance(value, dict):
        return {key: _json_value(one) for key, one in value.items()}
    return value
