"""How a measurement is written down."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One budget and what was measured."""

    what: str
    budget: str
    measured: str


def machine() -> str:
    """What this ran on."""
    load, start = os.getloadavg()[0], time.perf_counter()
    sum(range(20_000_000))
    speed = time.perf_counter() - start  # shared cores differ by a factor of two from hour to hour
    python = f"Python {platform.python_version()}, {platform.system()}"
    return f"{os.cpu_count()} cores, {python}, load {load:.1f} at start, 20 million additions in {speed:.2f} s"


def print_rows(rows: Sequence[Row], header: str) -> None:
    """The head of the table, then its rows."""
    print(f"{header}\n")
    print_row(Row("what", "budget", "measured"))
    print_row(Row("-" * 60, "-" * 26, "-" * 30))
    for row in rows:
        print_row(row)


def print_row(row: Row) -> None:
    """One line, as soon as it is known."""
    print(f"| {row.what:<60} | {row.budget:<26} | {row.measured:<30} |", flush=True)
