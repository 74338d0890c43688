"""One file becomes the numbers of a night: read, leave out what was excluded, summarise, and say it as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from oximetry.domain.errors import InvalidRecording
from oximetry.domain.metrics import NightAnalysis, summarise
from oximetry.domain.night_numbers import NightNumbers, event_json
from oximetry.domain.quality import Exclusion
from oximetry.domain.recording import Hints, Recording
from oximetry.domain.uncertainty import Band, bands

JsonObject = dict[str, object]


class RecordingReader(Protocol):
    """Turns bytes into a recording; `oximetry.readers.registry.Registry` is one."""

    def read(self, content: bytes, hints: Hints | None = None) -> Recording:
        """The recording in these bytes; raises ``InvalidRecording``."""
        ...

    def may_be_recording(self, head: bytes, size: int) -> bool:
        """Whether a file of ``size`` bytes that begins so may be a recording."""
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

    @property
    def numbers(self) -> NightNumbers:
        """The numbers, as the catalogue keeps them and every page shows them."""
        return NightNumbers.of(self.recording, self.analysis, self.exclusions, self.uncertainty)

    def as_json(self) -> JsonObject:
        """The numbers of the night under their fixed names, in their fixed order, ready for ``json.dumps``.

        Numbers are unrounded, a number that cannot be known is ``None``, times are ISO 8601 without an offset.
        """
        events = [event_json(self.recording, event) for event in self.analysis.events]
        return self.numbers.with_events(self.filename, events)


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
