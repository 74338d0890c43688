"""How a measurement is written down."""

from __future__ import annotations

import os
import platform
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
    load = os.getloadavg()[0]
    return f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()}, load {load:.1f} at start"


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
