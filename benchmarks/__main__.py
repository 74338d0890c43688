"""Measures every budget and prints a table; nothing here is an assertion.

Everything runs against real parts: gunicorn, a worker, Chromium, the local store. Names after ``python -m benchmarks``
choose some of the measurements: ``night picture upload batch reports page exclusion redirect storage sync``.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.live_measures import batch, exclusion, page, redirect, reports, upload
from benchmarks.report import Row, machine, print_row, print_rows
from benchmarks.single_measures import night, picture
from benchmarks.storage_measures import storage
from benchmarks.sync_measure import sync

MEASURES = {
    "night": lambda folder: night(),
    "picture": lambda folder: picture(),
    "upload": upload,
    "batch": batch,
    "reports": reports,
    "page": page,
    "exclusion": exclusion,
    "redirect": redirect,
    "storage": lambda folder: storage(),
    "sync": sync,
}


def main(names: list[str]) -> None:
    """Measure what is named, or everything."""
    print_rows([], header=machine())
    for name in names or MEASURES:
        with tempfile.TemporaryDirectory() as folder:
            for row in rows(name, Path(folder)):
                print_row(row)


def rows(name: str, folder: Path) -> Iterator[Row]:
    """One measurement's lines."""
    yield from MEASURES[name](folder)


if __name__ == "__main__":
    main(sys.argv[1:])
