"""A migration's journal and report on disk: JSON lines as it goes, JSON and CSV at the end of each run.

Beside ``REPORT`` lies ``REPORT.journal``, to which every run of that report is appended. A run's own lines are in key
order, so all runs are read as one by merging them, without holding them in memory.
"""

from __future__ import annotations

import csv
import heapq
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict
from fcntl import LOCK_EX, LOCK_NB, flock
from io import TextIOWrapper
from itertools import groupby
from pathlib import Path
from threading import Lock
from typing import Any, BinaryIO

from oximetry.domain.errors import InvalidRequest
from oximetry.domain.migration.migrating import NOTHING, MigrationLine, Outcome

COPYING = "copy"
FIELDS = ("key", "outcome", "size", "sha256", "reason", "ref")


class MigrationJournal:
    """Implements ``domain.migrating.Journal``.

    Parameters
    ----------
    report : Path
        Where the report goes; ``<report>.journal`` and ``<report>.csv`` lie beside it.
    source, target : str
        What is migrated from where to where; a journal of other stores is refused.
    """

    def __init__(self, report: Path, source: str, target: str) -> None:
        self._report = report
        self._path = journal_of(report)
        self.stores = (source, target)
        self.cursor: str | None = None
        self._failed: set[str] = set()
        self._intended: set[str] = set()
        self._starts: list[int] = []
        self._phase = ""
        self._lock = Lock()
        try:
            self._file: BinaryIO = self._path.open("a+b", buffering=0)
        except OSError as error:
            raise InvalidRequest("migrate_report_unwritable", file=str(report)) from error
        try:
            flock(self._file, LOCK_EX | LOCK_NB)
            self._read()
        except BlockingIOError as error:
            self.close()
            raise InvalidRequest("migrate_running", file=str(report)) from error
        except BaseException:
            self.close()
            raise

    @classmethod
    def of(cls, report: Path) -> MigrationJournal:
        """The journal of a report that was made before; raises ``InvalidRequest`` for anything else."""
        try:
            with journal_of(report).open("rb") as file:
                first = json.loads(file.readline())
            return cls(report, str(first["from"]), str(first["to"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InvalidRequest("migrate_no_report", file=str(report)) from error

    @property
    def failed(self) -> list[str]:
        """See `Journal`."""
        return sorted(self._failed)

    def begin(self, phase: str) -> None:
        """See `Journal`."""
        self._starts.append(os.fstat(self._file.fileno()).st_size)
        self._phase = phase
        self._write({"run": phase, "from": self.stores[0], "to": self.stores[1], "after": self.cursor})
        self._copying("")

    def intend(self, key: str) -> None:
        """See `Journal`."""
        with self._lock:
            self._intended.add(key)
            self._write({"put": key})

    def is_intended(self, key: str) -> bool:
        """See `Journal`."""
        with self._lock:
            return key in self._intended

    def add(self, line: MigrationLine) -> None:
        """See `Journal`."""
        fields_of_line = {name: getattr(line, name) for name in FIELDS if getattr(line, name)}
        with self._lock:
            self._note(fields_of_line)
            self._write(fields_of_line)
            self._copying(line.key)

    def end(self) -> None:
        """See `Journal`."""
        self._write({"end": True})
        os.fsync(self._file.fileno())
        self._copying(None)

    def lines(self) -> Iterator[MigrationLine]:
        """See `Journal`."""
        ends = [*self._starts[1:], os.fstat(self._file.fileno()).st_size]
        runs = [self._run(begin, end) for begin, end in zip(self._starts, ends, strict=True)]
        for _, same in groupby(heapq.merge(*runs, key=lambda line: line.key), key=lambda line: line.key):
            found = NOTHING
            for line in same:
                found = found.then(line)
            yield found

    def write_report(self) -> None:
        """The whole report, as JSON and as CSV; each is there wholly or not at all."""

        def as_json(file: TextIOWrapper) -> None:
            source, target = self.stores
            head = json.dumps({"from": source, "to": target, "complete": self.is_complete})
            file.write(f'{head[:-1]}, "objects": [')
            for number, line in enumerate(self.lines()):
                file.write(("," if number else "") + "\n" + json.dumps(asdict(line)))
            file.write("\n]}\n")

        def as_csv(file: TextIOWrapper) -> None:
            table = csv.writer(file)
            table.writerow(FIELDS)
            table.writerows([getattr(line, name) or "" for name in FIELDS] for line in self.lines())

        _write_whole(self._report, as_json)
        _write_whole(self._report.with_name(self._report.name + ".csv"), as_csv)

    @property
    def is_complete(self) -> bool:
        """Whether the last copying came to its end and nothing failed."""
        return self.cursor is None and not self._failed

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def _read(self) -> None:
        """What earlier runs left; a line that a kill cut short is taken off."""
        whole = self._whole_bytes()
        if whole < os.fstat(self._file.fileno()).st_size:
            self._file.truncate(whole)
        for begin, said in _parsed(self._path, 0, whole):
            if "run" in said:
                if (said.get("from"), said.get("to")) != self.stores:
                    raise InvalidRequest("migrate_other_report", file=str(self._report))
                self._starts.append(begin)
                self._phase = str(said["run"])
                self._copying(str(said.get("after") or ""))
            elif "end" in said:
                self._copying(None)
            elif "put" in said:
                self._intended.add(str(said["put"]))
            else:
                self._note(said)
                self._copying(str(said["key"]))

    def _copying(self, cursor: str | None) -> None:
        """How far a copying run has come; it never goes back."""
        if self._phase == COPYING and not (cursor == "" and self.cursor):
            self.cursor = cursor

    def _note(self, entry: dict[str, Any]) -> None:
        key = str(entry["key"])
        self._intended.discard(key)
        if entry["outcome"] == Outcome.FAILED.value:
            self._failed.add(key)
        else:
            self._failed.discard(key)

    def _whole_bytes(self) -> int:
        size = os.fstat(self._file.fileno()).st_size
        back = min(size, 65536)
        tail = os.pread(self._file.fileno(), back, size - back)
        return size - back + tail.rfind(b"\n") + 1

    def _run(self, begin: int, end: int) -> Iterator[MigrationLine]:
        for _, said in _parsed(self._path, begin, end):
            if "key" in said:
                yield MigrationLine(**{**said, "outcome": Outcome(said["outcome"])})

    def _write(self, entry: dict[str, Any]) -> None:
        self._file.write(json.dumps(entry).encode() + b"\n")


def journal_of(report: Path) -> Path:
    """Where the journal of a report lies."""
    return report.with_name(report.name + ".journal")


def _parsed(path: Path, begin: int, end: int) -> Iterator[tuple[int, dict[str, Any]]]:
    with path.open("rb") as file:
        file.seek(begin)
        while begin < end:
            line = file.readline()
            try:
                yield begin, json.loads(line)
            except ValueError as error:
                raise InvalidRequest("migrate_no_report", file=str(path)) from error
            begin += len(line)


def _write_whole(path: Path, write: Callable[[TextIOWrapper], None]) -> None:
    unfinished = path.with_name(path.name + ".part")
    with unfinished.open("w", encoding="utf-8", newline="") as file:
        write(file)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
