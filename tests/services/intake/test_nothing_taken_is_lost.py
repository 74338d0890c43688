"""Bytes that a doctor was told are taken outlive whatever the store does, at every step of a file's life.

A file goes its way (taken, read, confirmed, stored, its staging emptied, the day's housekeeping) while the store
refuses, is away, denies what it has, gives other bytes, or loses the answer to what it did. Afterwards it is well
again, and every file's bytes must stand somewhere: under its patient, or in the working space.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from oximetry.adapters.catalogue.catalogue import Catalogue
from oximetry.domain.errors import ObjectMissing, OximetryError, StorageRefused, StorageUnavailable
from oximetry.domain.records import Doctor, ItemState
from tests.factories import Clinic, night_csv, night_name
from tests.memory_store import MemoryStore

STEPS = 40


class MoodyStore(MemoryStore):
    """A store whose ``mood`` decides how each call goes wrong; ``None`` for a call that goes well."""

    def __init__(self) -> None:
        super().__init__()
        self.mood: Callable[[], str | None] = lambda: None

    def put(self, key, content, **named):
        """Refused, away, done without an answer, or answered without being done."""
        mood = self.mood()
        if mood == "answer lost":
            super().put(key, content, **named)
            raise StorageUnavailable
        self._fail(mood)
        return super().put(key, content, **named)

    def get(self, key):
        """Refused, away, denied, or other bytes."""
        mood = self.mood()
        self._fail(mood)
        if mood == "denied":
            raise ObjectMissing(key=key)
        content = super().get(key)
        return content[:-1] if mood == "other bytes" else content

    def delete(self, key):
        """Refused, away, or done without an answer."""
        mood = self.mood()
        if mood == "answer lost":
            super().delete(key)
            raise StorageUnavailable
        self._fail(mood)
        super().delete(key)

    def list(self, prefix="", after=None):
        """Cut short, or empty."""
        mood = self.mood()
        self._fail(mood)
        return iter([]) if mood == "denied" else super().list(prefix, after)

    def _fail(self, mood: str | None) -> None:
        if mood == "refused":
            raise StorageRefused("storage_wrong_key")
        if mood == "away":
            raise StorageUnavailable


@pytest.fixture
def sqlite_catalogue(sqlite_url: str) -> Iterator[Catalogue]:
    """A migrated catalogue."""
    made = Catalogue(sqlite_url)
    yield made
    made.dispose()


MOODS = ("refused", "away", "denied", "other bytes", "answer lost")


def moody(luck: random.Random, share: float) -> Callable[[], str | None]:
    return lambda: luck.choice(MOODS) if luck.random() < share else None


def quietly(act: Callable[[], object]) -> None:
    with suppress(OximetryError):
        act()


def bytes_kept(clinic: Clinic) -> set[bytes]:
    return set(clinic.store.objects.values())


def a_step(clinic: Clinic, doctor: Doctor, luck: random.Random, taken: set[bytes], out: set[bytes]) -> None:
    """Something that a doctor, the worker or the clock does."""
    session = clinic.uploads.open_session(doctor)
    rows = clinic.batches.show(doctor, session.id).rows
    what = luck.randrange(9)
    if what < 3:
        number = luck.randrange(10**6)
        content = night_csv(rows=700 + number % 97) if luck.random() < 0.7 else b"no night %d" % number
        name = night_name(f"{number % 9000:04d}")
        item = clinic.upload(doctor, content, name, session.id)
        if item.state is not ItemState.REFUSED:
            taken.add(content)
            out.discard(content)
    elif what == 3:
        clinic.work()
    elif what == 4:
        clinic.assignment.all_to_one(doctor, session.id, acknowledged=True)
    elif what == 5 and rows:
        item = luck.choice(rows).item
        refused = item.state is ItemState.REFUSED
        with clinic.catalogue.read() as transaction:
            key = transaction.uploads.get(item.id).staging_key
        content = clinic.store.objects.get(key)
        clinic.uploads.discard(doctor, item.id)
        if refused and content is not None:
            out.add(content)
    elif what == 6 and rows:
        clinic.uploads.try_again(doctor, luck.choice(rows).item.id)
    elif what == 7:
        clinic.clock.move(seconds=luck.choice((2, 60, 400)))
    else:
        clinic.housekeeping.expunge("")


@pytest.mark.parametrize("seed", range(12))
def test_nothing_that_was_taken_is_lost_whatever_the_store_does(sqlite_catalogue, seed: int) -> None:
    luck, taken, out = random.Random(seed), set[bytes](), set[bytes]()
    clinic = Clinic(sqlite_catalogue, MoodyStore())
    clinic.uploads.limits = type(clinic.uploads.limits)(2**21, 500, 2**28)
    doctor = clinic.doctor()
    clinic.store.mood = moody(luck, 0.3)
    for _ in range(STEPS):
        quietly(lambda: a_step(clinic, doctor, luck, taken, out))
    assert taken - out <= bytes_kept(clinic)
    clinic.store.mood = lambda: None
    for _ in range(12):
        clinic.clock.move(seconds=400)
        clinic.work()
    assert taken - out <= bytes_kept(clinic)
    assert clinic.failed_jobs == 0
    clinic.clock.move(days=2)
    clinic.housekeeping.expunge("")
    clinic.work()
    assert taken - out <= bytes_kept(clinic)


@pytest.mark.parametrize("mood", MOODS)
def test_one_bad_minute_at_any_call_ends_nothing(sqlite_catalogue, mood: str) -> None:
    clinic = Clinic(sqlite_catalogue, MoodyStore())
    doctor = clinic.doctor()
    item = clinic.upload(doctor, night_csv(), night_name())
    clinic.store.mood = lambda: mood
    for _ in range(30):
        clinic.work()
        clinic.clock.move(seconds=300)
    assert clinic.item(item.id).state in (ItemState.RECEIVED, ItemState.READ)
    clinic.store.mood = lambda: None
    clinic.work()
    clinic.assignment.all_to_one(doctor, item.session_id)
    clinic.store.mood = lambda: mood
    for _ in range(30):
        clinic.work()
        clinic.clock.move(seconds=300)
    clinic.store.mood = lambda: None
    clinic.clock.move(seconds=300)
    clinic.work()
    assert clinic.item(item.id).state is ItemState.STORED
    assert list(clinic.store.objects.values()).count(night_csv()) == 1


def test_staged_bytes_stay_until_what_was_stored_is_read_back_equal(clinic: Clinic) -> None:
    doctor = clinic.doctor()
    patient = clinic.patient(doctor)
    item = clinic.upload(doctor, night_csv(), night_name())
    clinic.work()
    clinic.assignment.all_to_one(doctor, item.session_id, patient.id)
    clinic.storing.store_item(item.id)
    [key] = [key for key in clinic.store.objects if "/csvs/" in key]
    clinic.store.objects[key] = b"something else"
    clinic.work()
    assert clinic.store.objects[item.staging_key] == night_csv()
    clinic.store.objects[key] = night_csv()
    clinic.clock.move(seconds=400)
    clinic.work()
    assert item.staging_key not in clinic.store.objects


def test_what_is_kept_aside_goes_after_thirty_days(clinic: Clinic) -> None:
    doctor = clinic.doctor()
    item = clinic.upload(doctor, night_csv(), night_name())
    clinic.work()
    clinic.uploads.discard(doctor, item.id)
    for days, is_there in ((29, True), (2, False)):
        clinic.clock.move(days=days)
        clinic.housekeeping.expunge("")
        clinic.work()
        assert (item.staging_key in clinic.store.objects) is is_there
    assert clinic.item(item.id).kept_until is None
