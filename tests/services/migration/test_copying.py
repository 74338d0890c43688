"""Copying a store: every object once and right, whatever stops it on the way."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from uuid import UUID

import pytest

from oximetry.adapters.migration.migration_journal import MigrationJournal
from oximetry.domain.errors import InvalidRequest, StorageRefused, StorageUnavailable, SyncAborted
from oximetry.domain.migration.migrating import Outcome
from oximetry.domain.sync.syncing import SENTINEL_KEY
from oximetry.services.migration.copying import GIVE_UP_AFTER, CopyingService
from oximetry.services.migration.pace import Pace
from tests.memory_store import Crash, MemoryStore

PATIENT = str(UUID(int=1))


def key(number: int) -> str:
    return f"{UUID(int=number // 10)}/csvs/{number:04d}.csv"


class Move:
    """Two stores and a report beside them."""

    def __init__(self, folder: Path, objects: int = 60) -> None:
        self.source, self.target = MemoryStore(), MemoryStore()
        self.report = folder / "report.json"
        self.slept: list[float] = []
        for number in range(objects):
            self.source.objects[key(number)] = f"night {number}".encode()

    def pace(self, per_second: float | None = None) -> Pace:
        return Pace(per_second, clock=lambda: sum(self.slept), sleep=self.slept.append)

    def copying(self, per_second: float | None = None) -> CopyingService:
        return CopyingService(
            self.source, self.target, lambda name: ("text/csv", name.rpartition("/")[2]), self.pace(per_second)
        )

    def journal(self) -> MigrationJournal:
        return MigrationJournal(self.report, "local:/a", "r2")

    def run(self, threads: int = 4) -> dict[str, Outcome]:
        with closing(self.journal()) as journal:
            self.copying().copy(journal, threads)
            journal.write_report()
        return self.told()

    def told(self) -> dict[str, Outcome]:
        return {one["key"]: Outcome(one["outcome"]) for one in json.loads(self.report.read_text())["objects"]}

    def undo(self, *, apply: bool) -> dict[str, str | None]:
        journal = self.journal()
        found = list(self.copying().undo(journal, apply=apply))
        journal.close()
        return {line.key: line.reason for line in found}


@pytest.fixture
def move(tmp_path: Path) -> Move:
    return Move(tmp_path)


def test_everything_is_copied_once_and_told_with_its_digest(move: Move) -> None:
    move.source.objects[SENTINEL_KEY] = b"{}"
    move.source.objects["users/ab/c/1_aa"] = b"staged"
    assert set(move.run().values()) == {Outcome.COPIED}
    assert move.target.objects == move.source.objects
    told = {one["key"]: one["sha256"] for one in json.loads(move.report.read_text())["objects"]}
    assert told == {name: hashlib.sha256(content).hexdigest() for name, content in move.source.objects.items()}
    rows = move.report.with_name("report.json.csv").read_text().splitlines()
    assert (rows[0], len(rows)) == ("key,outcome,size,sha256,reason,ref", 63)


def test_what_is_there_already_is_a_success_and_other_bytes_stay(move: Move) -> None:
    move.target.objects |= {key(0): b"night 0", key(1): b"other"}
    told = move.run()
    assert (told[key(0)], told[key(1)], told[key(2)]) == (Outcome.ALREADY, Outcome.DIFFERS, Outcome.COPIED)
    assert move.target.objects[key(1)] == b"other"


def test_a_plan_changes_nothing_and_foresees_the_same(move: Move) -> None:
    move.source.objects["Popescu Ion.csv"] = b"x"
    move.target.objects |= {key(0): b"night 0", key(1): b"other", "zz": b"foreign"}
    before = dict(move.target.objects)
    plan = move.copying().plan()
    assert {outcome.value: number for outcome, number in plan.lines.items() if number} == {
        "copied": 58, "already": 1, "differs": 1, "left": 1,
    }  # fmt: skip
    assert move.target.objects == before
    assert "Popescu" not in str(plan)
    told = move.run()
    assert "Popescu" not in move.report.read_text() + str(told)
    assert list(told.values()).count(Outcome.LEFT) == 1


@pytest.mark.parametrize("moment", ["before put", "after put", "after get", "before stat"])
@pytest.mark.parametrize("at", [1, 7, 30, 57])
def test_a_crash_anywhere_is_finished_by_the_next_run_and_all_of_it_is_ours(move: Move, moment: str, at: int) -> None:
    move.target.objects[key(20)] = b"night 20"
    calls = 0

    def stop(_key: str) -> None:
        nonlocal calls
        calls += 1
        if calls > at:
            raise Crash

    when, verb = moment.split()
    store = move.source if verb == "stat" else move.target
    getattr(store, when)[verb] = stop
    with pytest.raises(Crash):
        move.run()
    getattr(store, when).clear()
    told = move.run()
    assert move.target.objects == move.source.objects
    assert [name for name, outcome in told.items() if outcome is not Outcome.COPIED] == [key(20)]


def test_a_resumed_run_does_not_begin_again(move: Move) -> None:
    asked: list[str] = []

    def stop(name: str) -> None:
        if name == key(50):
            raise Crash

    move.target.before["put"] = stop
    with pytest.raises(Crash):
        move.run(threads=1)
    move.target.before = {"get": asked.append}
    move.run(threads=1)
    assert len(asked) < 40
    assert move.target.objects == move.source.objects


def test_a_torn_last_line_is_taken_off(move: Move) -> None:
    move.run()
    with (move.report.parent / "report.json.journal").open("ab") as file:
        file.write(b'{"key": "torn')
    assert set(move.run().values()) == {Outcome.COPIED}


def test_an_outage_is_tried_again_then_told_and_the_next_run_does_the_rest(move: Move) -> None:
    def away(name: str) -> None:
        if name == key(5):
            raise StorageUnavailable

    move.target.before["put"] = away
    told = move.run()
    assert [name for name, outcome in told.items() if outcome is Outcome.FAILED] == [key(5)]
    assert len(move.slept) == 4
    assert not json.loads(move.report.read_text())["complete"]
    move.target.before.clear()
    assert set(move.run().values()) == {Outcome.COPIED}
    assert json.loads(move.report.read_text())["complete"]


def test_a_lasting_outage_stops_the_run_and_it_goes_on_where_it_stood(tmp_path: Path) -> None:
    move = Move(tmp_path, objects=400)

    def away(_name: str) -> None:
        raise StorageRefused

    move.target.before["put"] = away
    told = move.run()
    assert GIVE_UP_AFTER <= len(told) < 400
    move.target.before.clear()
    assert set(move.run().values()) == {Outcome.COPIED}
    assert move.target.objects == move.source.objects


def test_a_listing_that_breaks_goes_on_behind_its_last_key(move: Move) -> None:
    listed, broken = move.source.list, 0

    def breaking(prefix: str = "", after: str | None = None) -> Iterator[object]:
        nonlocal broken
        for number, found in enumerate(listed(prefix, after)):
            if number == 13:
                broken += 1
                raise StorageUnavailable
            yield found

    move.source.list = breaking  # type: ignore[method-assign, assignment]
    assert set(move.run().values()) == {Outcome.COPIED}
    assert broken == 4
    assert move.target.objects == move.source.objects


def test_what_is_deleted_at_the_source_meanwhile_does_not_come_back(move: Move) -> None:
    move.target.after["put"] = lambda name: move.source.objects.pop(name) if name == key(3) else None
    told = move.run()
    assert told[key(3)] is Outcome.GONE
    assert move.target.objects == move.source.objects


def test_the_pace_is_kept_by_all_threads_together(move: Move) -> None:
    journal = move.journal()
    move.copying(per_second=20).copy(journal, 1)
    journal.close()
    assert sum(move.slept) == pytest.approx(59 / 20)


def test_undo_removes_what_was_copied_and_nothing_else(move: Move) -> None:
    move.target.objects |= {key(0): b"night 0", "zz": b"foreign"}
    move.run()
    move.target.objects[key(1)] = b"changed"
    del move.source.objects[key(2)]
    foreseen = move.undo(apply=False)
    assert len(move.target.objects) == 61
    assert foreseen == move.undo(apply=True)
    assert {name: reason for name, reason in foreseen.items() if reason} == {
        key(1): "migrate_changed", key(2): "migrate_source_lacks",
    }  # fmt: skip
    assert sorted(move.target.objects) == sorted([key(0), key(1), key(2), "zz"])


def test_a_report_of_other_stores_is_refused(move: Move) -> None:
    move.run()
    with pytest.raises(InvalidRequest, match="migrate_other_report"):
        MigrationJournal(move.report, "local:/a", "b2")
    with pytest.raises(InvalidRequest, match="migrate_no_report"):
        MigrationJournal.of(move.report.with_name("absent"))


def test_the_store_of_another_platform_is_left_alone(move: Move) -> None:
    move.source.objects[SENTINEL_KEY], move.target.objects[SENTINEL_KEY] = b"ours", b"theirs"
    with pytest.raises(SyncAborted, match="sync_other_catalogue"):
        move.copying().plan()
    with closing(move.journal()) as journal, pytest.raises(SyncAborted, match="sync_other_catalogue"):
        move.copying().copy(journal)
    assert move.target.objects == {SENTINEL_KEY: b"theirs"}


def test_two_migrations_do_not_write_one_report(move: Move) -> None:
    with closing(move.journal()), pytest.raises(InvalidRequest, match="migrate_running"):
        move.journal()
