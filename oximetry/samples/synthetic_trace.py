"""A made-up night, drawn so that its answers are known from the drawing.

Between dips SpO2 stays within one percent of a level that moves by one percent in not less than 160 s, so nothing but a
drawn dip falls by three. Every dip starts from its level and lasts 24-64 s, so each is exactly one event.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field

from oximetry.domain.quality import LOWEST_PRINTED_PCT

SETTLE_S = 160.0
DIP_HOLD_S = 8.0
DIP_RECOVERY_S = 12.0


@dataclass(slots=True)
class Trace:
    """Rows of a night under construction.

    Attributes
    ----------
    seed : int
        The same seed and calls draw the same night.
    interval_s : int
        Seconds between two rows.
    level_pct, pulse_level_bpm : int
        Where SpO2 and pulse stay when nothing happens.
    elapsed_s : list of int
        Elapsed second of each row.
    spo2_pct, pulse_bpm : list of int or None
        ``None`` is a missing reading.
    motion : list of int
    depths_pct : list of int
        Depth of each drawn dip that is an event.
    below_range_runs, below_range_rows, hole_rows : list of int
        Rows of each run and hole, as drawn.
    """

    seed: int
    interval_s: int
    level_pct: int
    pulse_level_bpm: int
    elapsed_s: list[int] = field(default_factory=list)
    spo2_pct: list[int | None] = field(default_factory=list)
    pulse_bpm: list[int | None] = field(default_factory=list)
    motion: list[int] = field(default_factory=list)
    depths_pct: list[int] = field(default_factory=list)
    below_range_rows: list[int] = field(default_factory=list)
    hole_rows: list[int] = field(default_factory=list)
    _random: random.Random = field(init=False)
    _next_s: int = 0
    _is_lower: bool = False
    _motion_left: int = 0
    _surge_bpm: float = 0.0

    def __post_init__(self) -> None:
        """Start the random numbers."""
        self._random = random.Random(self.seed)

    def quiet(self, seconds: float) -> None:
        """Rows at the level, some of them one percent lower, the last one never."""
        rows = max(1, round(seconds / self.interval_s))
        for row in range(rows):
            if self._random.random() < 0.06:
                self._is_lower = not self._is_lower
            if row == rows - 1:
                self._is_lower = False
            self._row(self.level_pct - self._is_lower, effort=0.0)

    def settle(self, level_pct: int) -> None:
        """Move to another level, one percent at a time."""
        self.quiet(SETTLE_S)
        while self.level_pct != level_pct:
            self.level_pct += 1 if level_pct > self.level_pct else -1
            self.quiet(SETTLE_S)

    def dip(self, depth_pct: int) -> None:
        """One desaturation: a slow fall, a short hold and a quick recovery with a surge of the pulse."""
        self._fall(depth_pct)
        for _ in range(self._rows(DIP_HOLD_S)):
            self._row(self.level_pct - depth_pct, effort=-3.0)
        self._recover(self.level_pct - depth_pct)
        self.depths_pct.append(depth_pct)

    def train(self, count: int, shallow_pct: int, deep_pct: int, spacing_s: float) -> None:
        """Dips at short distances, as obstructive apnoeas come."""
        for _ in range(count):
            self.quiet(spacing_s * (0.7 + 0.6 * self._random.random()))
            self.dip(shallow_pct + int(self._random.random() * (deep_pct - shallow_pct + 1)))

    def below_range(self, seconds: float) -> None:
        """A fall below what the device prints: no SpO2 for longer than 12 s while the pulse goes on; no event."""
        self._fall(self.level_pct - int(LOWEST_PRINTED_PCT))
        rows = self._rows(seconds)
        for _ in range(rows):
            self._row(None, effort=-4.0)
        self.below_range_rows.append(rows)
        self._row(int(LOWEST_PRINTED_PCT) + 2, effort=2.0)
        self._recover(int(LOWEST_PRINTED_PCT) + 2)

    def off_finger(self, seconds: float) -> None:
        """No readings at all, while the device is being moved."""
        for _ in range(self._rows(seconds)):
            self._append(None, None, 2 + int(self._random.random() * 18))

    def hole(self, rows: int) -> None:
        """Rows that were never stored."""
        self._next_s += rows * self.interval_s
        self.hole_rows.append(rows)

    def _rows(self, seconds: float) -> int:
        return max(1, math.ceil(seconds / self.interval_s))

    def _fall(self, depth_pct: int) -> None:
        rows = self._rows(min(44.0, 4.0 * depth_pct))
        for row in range(1, rows + 1):
            self._row(self.level_pct - round(depth_pct * row / rows), effort=-3.0 * row / rows)

    def _recover(self, from_pct: int) -> None:
        self._surge_bpm = 8.0 + 9.0 * self._random.random()
        self._motion_left = self._rows(8) if self._random.random() < 0.5 else 0
        rows = self._rows(DIP_RECOVERY_S)
        for row in range(1, rows + 1):
            self._row(from_pct + round((self.level_pct - from_pct) * row / rows), effort=0.0)

    def _row(self, spo2_pct: int | None, effort: float) -> None:
        if self._random.random() < 0.0012 * self.interval_s:
            self._motion_left = self._rows(4 + 24 * self._random.random())
        moving = self._motion_left > 0
        self._motion_left -= moving
        self._surge_bpm *= 0.86 ** (self.interval_s / 4)
        slow = 3.5 * math.sin(self._next_s / 1500) + 1.8 * math.sin(self._next_s / 210)
        noise = 3.0 * (self._random.random() - 0.5)
        pulse = self.pulse_level_bpm + slow + noise + effort + self._surge_bpm + 4 * moving
        motion = 2 + int(self._random.random() * 46) if moving else 0
        self._append(spo2_pct, round(pulse), motion)

    def _append(self, spo2_pct: int | None, pulse_bpm: int | None, motion: int) -> None:
        self.elapsed_s.append(self._next_s)
        self.spo2_pct.append(spo2_pct)
        self.pulse_bpm.append(pulse_bpm)
        self.motion.append(motion)
        self._next_s += self.interval_s
