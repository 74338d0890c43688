"""How long things are kept."""

from __future__ import annotations

from datetime import timedelta

RESTORABLE = timedelta(days=30)
