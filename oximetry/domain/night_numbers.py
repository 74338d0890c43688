"""The numbers of a night as one typed value: what the catalogue keeps, and what every page, plot and report reads.

No other module knows under which key a number is stored.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

from oximetry.domain.desaturation import Desaturation, DesaturationRule
from oximetry.domain.metrics import MIN_VALID_HOURS, NAN, NightAnalysis, NightSummary
from oximetry.domain.quality import Exclusion
from oximetry.domain.recording import Note, Recording
from oximetry.domain.uncertainty import Band

UNFINISHED = "unfinished"
WARNINGS = "warnings"  # the key under which a question to the catalogue finds them
COMPANION_NAMES = ("desaturations3_mean120", "desaturations4_mean120", "odi3_mean120_per_h", "odi4_mean120_per_h")

_TIMES = ("started_at", "ended_at")
_AFTER_WARNINGS = (
    "desaturations3_mean120",
    "desaturations4_mean120",
    "below_range_runs",
    "excluded_s",
    "countdown_s",
    "implausible_rises",
    "motion_suspect_s",
)
_KINDS: dict[str, str] = {field.name: str(field.type) for field in fields(NightSummary) if field.name not in _TIMES}
_FIRST_AFTER_RULE = list(_KINDS).index("desaturations3")
_ELSEWHERE = set(_AFTER_WARNINGS)
_BEFORE_RULE = tuple(name for name in list(_KINDS)[:_FIRST_AFTER_RULE] if name not in _ELSEWHERE)
_AFTER_RULE = tuple(name for name in list(_KINDS)[_FIRST_AFTER_RULE:] if name not in _ELSEWHERE)
_UNKNOWN: dict[str, Any] = {name: NAN if kind == "float" else None for name, kind in _KINDS.items()}
_UNKNOWN |= {"excluded_s": 0.0, "time_below_pct": {}}  # rows from before spans could be left out have none left out
_EVENT_NAMES = tuple(field.name for field in fields(Desaturation))


@dataclass(frozen=True, slots=True)
class UsedRule:
    """A desaturation rule as it stood when the numbers were made.

    Attributes
    ----------
    thresholds : mapping of str to object
        Everything else that defines the rule, by the names of `PeakNadirRule` or `MeanBaseRule`.
    """

    name: str
    version: int
    thresholds: Mapping[str, Any]

    @classmethod
    def of(cls, rule: DesaturationRule) -> UsedRule:
        """The rule with its present thresholds."""
        return cls.from_json(asdict(rule))

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> UsedRule:
        """The rule again from what `as_json` gave."""
        thresholds = {name: value for name, value in stored.items() if name not in ("name", "version")}
        return cls(stored["name"], stored["version"], thresholds)

    def as_json(self) -> dict[str, Any]:
        """Name, version and thresholds in one object."""
        return {"name": self.name, "version": self.version, **self.thresholds}


@dataclass(frozen=True, slots=True, kw_only=True)
class NightNumbers(NightSummary):
    """All numbers of a night with what they were made from and what must be said of them.

    A number that cannot be known, or that a row stored by an earlier version does not have, is NaN (a count: ``None``).

    Attributes
    ----------
    format : str
        Name of the reader.
    device_model, device_serial : str or None
    rule : UsedRule
        The headline rule.
    warnings : tuple of Note
        The reader's notes and the analysis's warnings.
    companion_rule : UsedRule or None
        ``None`` in rows from before it was stored.
    vendor : mapping of str to float or None
        The device's own numbers from the file's header, never checked.
    exclusions : tuple of Exclusion
        The spans that the numbers were made without.
    uncertainty : mapping of str to (float, float)
        See `oximetry.domain.uncertainty.bands`.
    """

    format: str
    device_model: str | None
    device_serial: str | None
    rule: UsedRule
    warnings: tuple[Note, ...]
    companion_rule: UsedRule | None
    vendor: Mapping[str, float | int | None]
    exclusions: tuple[Exclusion, ...]
    uncertainty: Mapping[str, Band]

    @classmethod
    def of(
        cls,
        recording: Recording,
        analysis: NightAnalysis,
        exclusions: Sequence[Exclusion] = (),
        uncertainty: Mapping[str, Band] | None = None,
    ) -> NightNumbers:
        """The numbers of an analysis that was made of this recording without these spans."""
        return cls(
            **{field.name: getattr(analysis.summary, field.name) for field in fields(NightSummary)},
            format=recording.format,
            device_model=recording.device_model,
            device_serial=recording.device_serial,
            rule=UsedRule.of(analysis.rule),
            warnings=analysis.warnings,
            companion_rule=UsedRule.of(analysis.companion_rule),
            vendor=dict(recording.vendor),
            exclusions=tuple(exclusions),
            uncertainty=dict(uncertainty or {}),
        )

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> NightNumbers:
        """The numbers again from what `as_json` gave, this version's or an earlier one's; unknown keys are ignored."""
        companion = stored.get("companion_rule")
        bands: Mapping[str, Sequence[float | None]] = stored.get("uncertainty") or {}
        return cls(
            **{name: _known(stored.get(name), unknown) for name, unknown in _UNKNOWN.items()},
            started_at=datetime.fromisoformat(stored["started_at"]),
            ended_at=datetime.fromisoformat(stored["ended_at"]),
            format=stored["format"],
            device_model=stored.get("device_model"),
            device_serial=stored.get("device_serial"),
            rule=UsedRule.from_json(stored["rule"]),
            warnings=tuple(_note(warning) for warning in stored.get(WARNINGS, ())),
            companion_rule=UsedRule.from_json(companion) if companion else None,
            vendor=stored.get("vendor") or {},
            exclusions=tuple(Exclusion(**span) for span in stored.get("exclusions", ())),
            uncertainty={name: (_known(low, NAN), _known(high, NAN)) for name, (low, high) in bands.items()},
        )

    def as_json(self) -> dict[str, Any]:
        """The numbers under the fixed names of DESIGN §4, in their fixed order, ready for ``json.dumps``.

        Numbers are unrounded, a number that cannot be known is ``None``, times are ISO 8601 without an offset. The
        file's name and the events are not among them.
        """
        return {**self._up_to_events(), **self._from_warnings()}

    def with_events(self, filename: str, events: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """The same with the file's name before and the events inside, as ``analyse --json`` prints it."""
        return {"file": filename, **self._up_to_events(), "events": list(events), **self._from_warnings()}

    def companion_json(self) -> dict[str, Any]:
        """The companion rule's numbers alone, as its row in the catalogue keeps them."""
        return {name: _plain(getattr(self, name)) for name in COMPANION_NAMES}

    @property
    def is_short(self) -> bool:
        """Whether there are fewer valid hours than a night's numbers should stand on."""
        return self.valid_hours < MIN_VALID_HOURS

    @property
    def is_below_range(self) -> bool:
        """Whether SpO2 was, for some time, too low for the device to print."""
        return self.below_range_s > 0

    def warns_of(self, code: str) -> bool:
        """Whether a warning with this code is among the numbers."""
        return any(warning.code == code for warning in self.warnings)

    def _up_to_events(self) -> dict[str, Any]:
        return {
            "format": self.format,
            "device_model": self.device_model,
            "device_serial": self.device_serial,
            "started_at": self.started_at.isoformat(),
            "ended_at": self.ended_at.isoformat(),
            **{name: _plain(getattr(self, name)) for name in _BEFORE_RULE},
            "rule": self.rule.as_json(),
            **{name: _plain(getattr(self, name)) for name in _AFTER_RULE},
        }

    def _from_warnings(self) -> dict[str, Any]:
        return {
            WARNINGS: [{"code": note.code, **note.details} for note in self.warnings],
            **{name: _plain(getattr(self, name)) for name in _AFTER_WARNINGS},
            "companion_rule": self.companion_rule.as_json() if self.companion_rule else None,
            "vendor": dict(self.vendor),
            "exclusions": [asdict(span) for span in self.exclusions],
            "uncertainty": {name: [_plain(low), _plain(high)] for name, (low, high) in self.uncertainty.items()},
        }


def warns_of(code: str, stored_warnings: Sequence[Mapping[str, Any]]) -> bool:
    """The same of warnings that were read from the catalogue without the other numbers."""
    return any(warning["code"] == code for warning in stored_warnings)


def event_json(recording: Recording, event: Desaturation) -> dict[str, Any]:
    """An event with the clock times of its onset, nadir and end."""
    moments = {"onset_at": event.onset_s, "nadir_at": event.nadir_s, "end_at": event.end_s}
    return {
        **{name: recording.wall_clock(elapsed_s).isoformat() for name, elapsed_s in moments.items()},
        **{name: _plain(value) for name, value in asdict(event).items()},
        "duration_s": event.duration_s,
    }


def event_from_json(stored: Mapping[str, Any]) -> Desaturation:
    """The event again from what `event_json` gave."""
    return Desaturation(**{name: stored[name] for name in _EVENT_NAMES})


def _note(stored: Mapping[str, Any]) -> Note:
    return Note(str(stored["code"]), {name: value for name, value in stored.items() if name != "code"})


def _known(value: Any, unknown: Any) -> Any:
    if value is None:
        return unknown
    if isinstance(value, dict):
        return {name: _known(part, NAN) for name, part in value.items()}
    return value


def _plain(value: Any) -> Any:
    """Python's own numbers, ``None`` for NaN."""
    if isinstance(value, float):
        return None if math.isnan(value) else float(value)
    if isinstance(value, Mapping):
        return {name: _plain(part) for name, part in value.items()}
    return value
