"""What a vendor's report prints: its numbers as read, each with the certainty of its reading.

A number that could not be read with certainty is ``None`` and named in ``uncertain``: nothing here is a guess.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

HEADER_FIELDS = ("started_at", "ended_at", "duration_s")
NUMBER_FIELDS = (
    "spo2_max_pct",
    "spo2_mean_pct",
    "spo2_min_pct",
    "pulse_max_bpm",
    "pulse_mean_bpm",
    "pulse_min_bpm",
    "o2_score",
    "drops_over_4pct",
    "drops_over_4pct_per_h",
    "drops_over_3pct",
    "drops_over_3pct_per_h",
    "threshold_pct",
)
BAND_TABLES = ("spo2_bands", "threshold_bands", "pulse_bands")


@dataclass(frozen=True, slots=True)
class Band:
    """One row of a table of ranges.

    Parameters
    ----------
    label : str or None
        As printed, in plain signs: ``"90-94"``, ``"<90"``, ``">=95"``, ``">120"``.
    time_s : int or None
        Printed time; the vendor prints ``percent × duration``, cut to seconds, not sample time.
    pct : float or None
        Percent of the valid samples, two decimals.
    """

    label: str | None
    time_s: int | None
    pct: float | None

    def as_json(self) -> dict[str, Any]:
        """The names of DESIGN §4."""
        return {"label": self.label, "time_s": self.time_s, "pct": self.pct}


@dataclass(frozen=True, slots=True)
class DeviceReport:
    """The numbers of a vendor's report; times are the device's wall clock without a zone.

    Parameters
    ----------
    carries_name : bool or None
        Whether a name other than "anonymous", an age or a sex is printed; ``None`` when that cannot be told. The name
        itself is never kept.
    uncertain : tuple of str
        Every field that is ``None`` because it was not read with certainty; of a table ``spo2_bands[2].time_s``.
    confidence : mapping
        Certainty between 0 and 1 of every field by the names of ``uncertain``: 0 for what is ``None``.
    layout, device_serial
        Which of the known layouts it is, and the device's serial where one is printed.
    """

    started_at: datetime | None = None
    ended_at: datetime | None = None
    duration_s: int | None = None
    spo2_max_pct: int | None = None
    spo2_mean_pct: int | None = None
    spo2_min_pct: int | None = None
    pulse_max_bpm: int | None = None
    pulse_mean_bpm: int | None = None
    pulse_min_bpm: int | None = None
    o2_score: float | None = None
    drops_over_4pct: int | None = None
    drops_over_4pct_per_h: float | None = None
    drops_over_3pct: int | None = None
    drops_over_3pct_per_h: float | None = None
    threshold_pct: int | None = None
    spo2_bands: tuple[Band, ...] = ()
    threshold_bands: tuple[Band, ...] = ()
    pulse_bands: tuple[Band, ...] = ()
    carries_name: bool | None = None
    uncertain: tuple[str, ...] = ()
    confidence: Mapping[str, float] = field(default_factory=dict)
    layout: str | None = None
    device_serial: str | None = None

    def __post_init__(self) -> None:
        unnamed = [name for name, value in self.values().items() if value is None and name not in self.uncertain]
        if unnamed:
            raise ValueError(f"unread and not named uncertain: {unnamed}")

    def values(self) -> dict[str, Any]:
        """Every printed field by the name that ``uncertain`` and ``confidence`` use."""
        named: dict[str, Any] = {name: getattr(self, name) for name in (*HEADER_FIELDS, *NUMBER_FIELDS)}
        for table in BAND_TABLES:
            for row, band in enumerate(getattr(self, table)):
                named |= {f"{table}[{row}].{part}": value for part, value in band.as_json().items()}
        named["carries_name"] = self.carries_name
        return named

    def as_json(self) -> dict[str, Any]:
        """The fields with the names of DESIGN §4, ready for ``json.dumps``."""
        values: dict[str, Any] = {item.name: getattr(self, item.name) for item in fields(self)}
        for name in ("started_at", "ended_at"):
            values[name] = values[name].isoformat() if values[name] else None
        for table in BAND_TABLES:
            values[table] = [band.as_json() for band in values[table]]
        values["uncertain"] = list(self.uncertain)
        values["confidence"] = dict(self.confidence)
        return values

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> DeviceReport:
        """The report again from what `as_json` gave."""
        values = {item.name: stored[item.name] for item in fields(cls) if item.name in stored}
        for name in ("started_at", "ended_at"):
            values[name] = datetime.fromisoformat(values[name]) if values[name] else None
        for table in BAND_TABLES:
            values[table] = tuple(Band(**band) for band in values[table])
        return cls(**{**values, "uncertain": tuple(values["uncertain"])})


@dataclass(frozen=True, slots=True)
class ReportReading:
    """What was read from a vendor's report.

    Parameters
    ----------
    numbers : DeviceReport or None
        ``None`` when nothing could be read.
    curve : mapping or None
        As ``ReportCurve.as_json`` gives it; large, so it becomes a `ReportCurve` only where it is drawn.
    """

    numbers: DeviceReport | None
    curve: Mapping[str, Any] | None

    def as_json(self) -> dict[str, Any]:
        """Both, ready for ``json.dumps``."""
        return {"numbers": self.numbers.as_json() if self.numbers else None, "curve": self.curve}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> ReportReading:
        """The reading again from what `as_json` gave."""
        numbers = stored.get("numbers")
        return cls(DeviceReport.from_json(numbers) if numbers else None, stored.get("curve"))
