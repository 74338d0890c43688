"""Made-up nights and what a vendor's report would print of them, by the vendor's own arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from tests.factories import HEADER

INTERVAL_S = 4
ROWS = {
    5: (("95-100", 95, 100), ("90-94", 90, 94), ("80-89", 80, 89), ("70-79", 70, 79), ("<70", 0, 69)),
    7: (
        ("95-100", 95, 100), ("90-94", 90, 94), ("85-89", 85, 89), ("80-84", 80, 84), ("75-79", 75, 79),
        ("70-74", 70, 74), ("<70", 0, 69),
    ),
}  # fmt: skip
NAMES = ("Ion Popescu", "Maria Ștefănescu", "Ana-Maria Țurcanu", "John Smith", "Gh. Ionescu", "Elena", "P0012")


@dataclass(frozen=True)
class Night:
    """A night with everything that its report prints; ``truth`` has the field names of a `DeviceReport`."""

    truth: dict[str, Any]
    spo2_pct: np.ndarray
    pulse_bpm: np.ndarray
    language: str
    name: str
    age: str
    sex: str


def make_night(seed: int) -> Night:
    """A night of random length, depth, language, rows, thresholds and names."""
    rng = np.random.default_rng(seed)
    samples = int(rng.integers(450, 10_500))
    started = datetime(2018, 1, 1) + timedelta(minutes=int(rng.integers(0, 60 * 24 * 365 * 12)))
    spo2, pulse = _spo2(rng, samples), _pulse(rng, samples)
    duration = (samples + 1) * INTERVAL_S
    drops3 = int(rng.integers(0, 400))
    drops4 = int(rng.integers(0, drops3 + 1))
    threshold = int(rng.choice([90, 94]))
    fast, slow = (int(one) for one in rng.choice([(120, 50), (100, 60), (110, 45)]))
    rows = ROWS[int(rng.choice([5, 7]))]
    over = [(">=95", 95, 100), (f"{threshold}-94", threshold, 94), (f"<{threshold}", 0, threshold - 1)]
    rates = [(f">{fast}", fast + 1, 400), (f"{slow}-{fast}", slow, fast), (f"<{slow}", 0, slow - 1)]
    named = rng.random() < 0.4
    age, sex = (str(rng.integers(18, 95)) if named else ""), (str(rng.choice(["M", "F"])) if named else "")
    language = str(rng.choice(["ro", "en"]))
    anonymous = {"ro": "anonim", "en": "anonymous"}[language]
    seconds = started.replace(second=int(rng.integers(0, 60)))
    truth = {
        "started_at": started,
        "ended_at": (seconds + timedelta(seconds=duration)).replace(second=0),
        "duration_s": duration,
        **_summary(spo2, pulse),
        "o2_score": round(float(rng.uniform(0, 10)), 1),
        "drops_over_4pct": drops4,
        "drops_over_4pct_per_h": round(drops4 * 3600 / duration, 2),
        "drops_over_3pct": drops3,
        "drops_over_3pct_per_h": round(drops3 * 3600 / duration, 2),
        "threshold_pct": threshold,
        **_bands("spo2_bands", rows, spo2, duration),
        **_bands("threshold_bands", over, spo2, duration),
        **_bands("pulse_bands", rates, pulse, duration),
        "carries_name": bool(named),
    }
    return Night(truth, spo2, pulse, language, str(rng.choice(NAMES)) if named else anonymous, age, sex)


def _spo2(rng: np.random.Generator, samples: int) -> np.ndarray:
    level = rng.uniform(84, 98) + np.cumsum(rng.normal(0, 0.08, samples))
    level -= np.linspace(0, level[-1] - level[0], samples)
    values = level + rng.normal(0, 0.8, samples)
    for at in rng.integers(0, samples, int(rng.integers(0, 120))):
        width = int(rng.integers(4, 25))
        dip = rng.uniform(3, 35) * np.hanning(width)
        values[at : at + width] -= dip[: len(values[at : at + width])]
    return np.clip(np.round(values), 61, 100 if rng.random() < 0.3 else 99)


def _pulse(rng: np.random.Generator, samples: int) -> np.ndarray:
    level = rng.uniform(45, 110) + 6 * np.sin(np.linspace(0, rng.uniform(3, 20), samples))
    return np.clip(np.round(level + rng.normal(0, 3, samples)), 31, 240)


def _summary(spo2: np.ndarray, pulse: np.ndarray) -> dict[str, int]:
    return {
        f"{group}_{name}_{unit}": int(how(values))
        for group, unit, values in (("spo2", "pct", spo2), ("pulse", "bpm", pulse))
        for name, how in (("max", np.max), ("mean", lambda one: round(float(np.mean(one)))), ("min", np.min))
    }


def _bands(table: str, rows: Any, values: np.ndarray, duration: int) -> dict[str, Any]:
    printed: dict[str, Any] = {}
    for row, (label, low, high) in enumerate(rows):
        share = float(((values >= low) & (values <= high)).mean())
        printed[f"{table}[{row}].label"] = label
        printed[f"{table}[{row}].time_s"] = int(share * duration)
        printed[f"{table}[{row}].pct"] = round(share * 100, 2)
    return printed


def recorded_from(night: Night) -> datetime:
    """The start of the recording behind the report, which prints whole minutes."""
    start: datetime = night.truth["started_at"] + timedelta(seconds=10)
    return start


def csv_of(night: Night) -> bytes:
    """The recording behind the report, as the vendor's program exports it."""
    start = recorded_from(night)
    rows = [
        f"{start + timedelta(seconds=number * INTERVAL_S):%H:%M:%S %d/%m/%Y},{int(spo2)},{int(pulse)},0"
        for number, (spo2, pulse) in enumerate(zip(night.spo2_pct, night.pulse_bpm, strict=True))
    ]
    return "\n".join([HEADER, *rows, ""]).encode()
