"""A live system moves between two stores, forwards and back: what was stored in any state is seen in every state."""

from __future__ import annotations

import itertools

import pytest

from oximetry.domain.errors import NotFound, StorageUnavailable
from oximetry.domain.ports import ObjectStore
from oximetry.services.storage.transition import TransitionStore
from tests.memory_store import MemoryStore

STATES = ("off", "write_both", "read_new", "new_only")
CSV = "text/csv"


class Move:
    """The previous and the new store, seen as each state sees them."""

    def __init__(self) -> None:
        self.previous, self.new = MemoryStore(), MemoryStore()

    def seen(self, state: str) -> ObjectStore:
        both = {"write_both": (self.previous, self.new), "read_new": (self.new, self.previous)}
        if state in both:
            return TransitionStore(*both[state])
        return self.previous if state == "off" else self.new

    def migrate(self) -> None:
        """What ``storage migrate`` does: copy whatever the new store lacks."""
        for key, content in self.previous.objects.items():
            self.new.objects.setdefault(key, content)


def put(store: ObjectStore, key: str, content: bytes = b"SpO2") -> None:
    store.put(key, content, content_type=CSV, filename="night.csv")


def walks() -> list[tuple[str, ...]]:
    """Forwards, and back again from every state to every earlier one but ``off``, which the new objects are not in."""
    there_and_back = [STATES[: last + 1] + STATES[first:last][::-1] for last in range(4) for first in range(1, last)]
    return [STATES, *there_and_back]


@pytest.mark.parametrize("walk", walks(), ids="-".join)
def test_nothing_goes_out_of_sight_in_any_step(walk: tuple[str, ...]) -> None:
    move, keys = Move(), []
    for number, state in enumerate(walk):
        if state == "new_only":
            move.migrate()
        store = move.seen(state)
        keys.append(f"p/csvs/{number}.csv")
        put(store, keys[-1], str(number).encode())
        assert [found.key for found in store.list("p/")] == keys
        assert [store.get(key) for key in keys] == [str(n).encode() for n in range(len(keys))]
        assert all(store.stat(key).size == 1 for key in keys)


def test_what_is_written_while_both_are_written_survives_the_step_back_to_the_previous_alone() -> None:
    move = Move()
    for state in ("write_both", "read_new"):
        put(move.seen(state), f"p/csvs/{state}.csv")
    assert len(list(move.seen("off").list("p/"))) == 2


@pytest.mark.parametrize(("state", "away"), list(itertools.product(STATES[1:3], ("previous", "new"))))
def test_a_write_that_one_store_misses_is_an_outage_and_completes_when_repeated(state: str, away: str) -> None:
    move = Move()
    store = move.seen(state)
    getattr(move, away).failure = StorageUnavailable()
    with pytest.raises(StorageUnavailable):
        put(store, "p/csvs/a.csv")
    getattr(move, away).failure = None
    put(store, "p/csvs/a.csv")
    assert move.previous.objects == move.new.objects == {"p/csvs/a.csv": b"SpO2"}


@pytest.mark.parametrize("state", ["write_both", "read_new"])
def test_what_is_deleted_is_gone_from_both(state: str) -> None:
    move = Move()
    store = move.seen(state)
    put(store, "p/csvs/a.csv")
    store.delete("p/csvs/a.csv")
    assert (move.previous.objects, move.new.objects) == ({}, {})
    with pytest.raises(NotFound):
        store.get("p/csvs/a.csv")


def test_a_url_leads_to_the_store_that_has_the_object() -> None:
    move = Move()
    move.previous.origin, move.new.origin = "https://old.test", "https://new.test"  # type: ignore[assignment]
    move.previous.url = lambda key, **_: f"old:{key}"  # type: ignore[method-assign]
    move.new.url = lambda key, **_: f"new:{key}"  # type: ignore[method-assign]
    put(move.previous, "p/csvs/a.csv")
    asked = {"expires_s": 60, "filename": "a.csv", "content_type": CSV}
    assert move.seen("read_new").url("p/csvs/a.csv", **asked) == "old:p/csvs/a.csv"
    move.migrate()
    assert move.seen("read_new").url("p/csvs/a.csv", **asked) == "new:p/csvs/a.csv"
    assert move.seen("write_both").url("p/csvs/a.csv", **asked) == "old:p/csvs/a.csv"
    assert move.seen("read_new").origin == "https://new.test https://old.test"
