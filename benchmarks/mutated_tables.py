"""Tables in which a column is renamed, swapped, duplicated or inserted: `python -m benchmarks.mutated_tables [COUNT]`.

Each must give the one right night or a refusal; a night from a wrong column is counted and printed.
"""

from __future__ import annotations

import random
import sys
from collections import Counter
from datetime import datetime, timedelta

import numpy as np

from oximetry.domain.errors import InvalidRecording
from oximetry.readers.formats import create_registry
from oximetry.readers.registry import Registry

ROWS = 12
TIMES = ("Time", "Timp", "Zeit", "Heure", "Hora", "timestamp", "DateTime", "Data și ora")
OXYGENS = (
    "SpO2",
    "SpO2(%)",
    "Oxygen Level",
    "Nivel de oxigen",
    "Sauerstoffsättigung",
    "Saturație",
    "O2 Sat",
    "spo2_pct",
)
PULSES = (
    "Pulse",
    "Pulse Rate",
    "PR(bpm)",
    "Puls cardiac",
    "Herzfrequenz",
    "HR",
    "FC",
    "Pulse(BPM)",
    "Frecuencia cardíaca",
)
OTHERS = (
    "Resp", "Respiration Rate", "Battery", "Signal", "Pleth", "Leak", "Pressure", "Steps", "Motion", "PI", "SpO2 min",
    "SpO2 max", "Pulse avg", "Confidence", "Mişcare", "Respirație", "Baterie", "Atemfrequenz", "SpO2 alarm", "RR",
)  # fmt: skip
START = datetime(2025, 10, 15, 22, 0, 0)

Column = tuple[str, list[str]]


def columns(luck: random.Random) -> tuple[Column, Column, Column]:
    """Time, oxygen and pulse; every reading of this night is its own."""
    times = [f"{START + timedelta(seconds=4 * row):%H:%M:%S %d/%m/%Y}" for row in range(ROWS)]
    oxygen = [str(90 + row % 7) for row in range(ROWS)]
    pulse = [str(55 + row) for row in range(ROWS)]
    return (luck.choice(TIMES), times), (luck.choice(OXYGENS), oxygen), (luck.choice(PULSES), pulse)


def written(table: list[Column], luck: random.Random) -> bytes:
    """The table as text."""
    mark = luck.choice((",", ";", "\t"))
    rows = [mark.join(name for name, _ in table)]
    rows += [mark.join(cells[row] for _, cells in table) for row in range(ROWS)]
    return ("\n".join(rows) + "\n").encode()


def mutated(luck: random.Random) -> tuple[bytes, bool]:
    """A table and whether its header still names oxygen once and pulse at most once."""
    time, oxygen, pulse = columns(luck)
    table = [time, oxygen, pulse]
    for _ in range(luck.randrange(3)):
        low, high = luck.choice(((10, 30), (60, 99), (88, 100), (0, 3)))
        table.append((luck.choice(OTHERS), [str(luck.randint(low, high)) for _ in range(ROWS)]))
    luck.shuffle(table)
    what = luck.randrange(4)
    if what == 0:
        at = table.index(oxygen)
        table[at] = (luck.choice(OTHERS), oxygen[1])
        return written(table, luck), False
    if what == 1:
        table.insert(luck.randrange(len(table)), (luck.choice(OXYGENS), [str(97 - row % 3) for row in range(ROWS)]))
        return written(table, luck), False
    return written(table, luck), True


def outcome(content: bytes, is_whole: bool, registry: Registry) -> str:
    """``right``, ``refused``, or ``wrong`` for a night from a wrong column and for a whole table that is not read."""
    try:
        recording = registry.read(content)
    except InvalidRecording:
        return "not read" if is_whole else "refused"
    expected = np.array([90 + row % 7 for row in range(ROWS)], dtype=float)
    pulse = np.array([55 + row for row in range(ROWS)], dtype=float)
    same = np.array_equal(recording.spo2_pct, expected) and np.array_equal(recording.pulse_bpm, pulse)
    return "right" if is_whole and same else "wrong"


def run(count: int, seed: int = 1) -> tuple[Counter[str], list[bytes]]:
    """Count the outcomes; the tables that went wrong."""
    luck, registry = random.Random(seed), create_registry()
    counted: Counter[str] = Counter()
    wrong_tables: list[bytes] = []
    for _ in range(count):
        content, is_whole = mutated(luck)
        result = outcome(content, is_whole, registry)
        counted[result] += 1
        if result in ("wrong", "not read"):
            wrong_tables.append(content)
    return counted, wrong_tables


def main() -> None:
    """Print the count of each outcome and the first tables that went wrong."""
    counted, wrong_tables = run(int(sys.argv[1]) if len(sys.argv) > 1 else 200_000)
    for name in ("right", "refused", "not read", "wrong"):
        print(f"{name:10} {counted[name]:7}")
    for content in wrong_tables[:5]:
        print(content.decode().splitlines()[:2])


if __name__ == "__main__":
    main()
