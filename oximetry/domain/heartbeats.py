"""Signs of life: what they are called, and how long a silence is one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

WORKER_BEAT = "worker"
"""Any worker; each has one of its own beside it, under `WORKER_BEATS` and its name."""

WORKER_BEATS = "worker:"
WEB_BEAT = "web"
RENDERER_BEAT = "renderer"
PROBE_BEAT = "store-probe"
BACKUP_BEAT = "backup"
BEAT_EXPECTED_WITHIN = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """The last sign of life of a worker or of a part of it."""

    name: str
    beat_at: datetime
    ok: bool
    details: Mapping[str, object]

    def is_fresh(self, now: datetime) -> bool:
        """Whether it is young enough to say that its worker lives."""
        return now - self.beat_at < BEAT_EXPECTED_WITHIN


def hands_at_work(beats: Iterable[Heartbeat], now: datetime) -> int:
    """How many jobs the living workers do at once; a worker that does not say so counts as one."""
    return sum(int(str(beat.details.get("threads", 1))) for beat in beats if beat.is_fresh(now))
