"""What is ready is what was seen to work; a silent worker is not taken for one that works."""

from contextlib import contextmanager

import pytest

from oximetry.domain.errors import CatalogueUnavailable, StorageRefused, StorageUnavailable
from oximetry.services.operations.readiness import LITTLE_DISK_MB


@pytest.mark.parametrize(("silent_s", "queue"), [(0, "ok"), (59, "ok"), (60, "no_worker"), (6000, "no_worker")])
def test_a_worker_that_was_not_heard_for_a_minute_is_none(clinic, silent_s, queue):
    clinic.pulse.beat("w1")
    clinic.clock.move(seconds=silent_s)
    looked = clinic.readiness.look()
    assert (looked.queue, looked.status == "down") == (queue, queue == "no_worker")


def test_a_worker_that_was_never_heard_is_none(clinic):
    assert clinic.readiness.look().queue == "no_worker"


def test_each_worker_is_known_by_its_name_for_a_minute(clinic):
    clinic.pulse.beat("host-1", threads=2)
    clinic.clock.move(seconds=40)
    clinic.pulse.beat("host-2", threads=4)
    looked = clinic.readiness.look()
    assert [one.name for one in looked.workers] == ["worker:host-2", "worker:host-1"]
    assert looked.workers[0].details == {"threads": 4}
    clinic.clock.move(seconds=30)
    assert [one.name for one in clinic.readiness.look().workers] == ["worker:host-2"]
    clinic.clock.move(days=2)
    clinic.pulse.beat("host-3")
    with clinic.catalogue.read() as transaction:
        assert [one.name for one in transaction.heartbeats.named("worker:")] == ["worker:host-3"]


def test_strangers_see_numbers_and_no_names(clinic):
    clinic.pulse.beat("secret-host-1")
    clinic.pulse.probe()
    looked = clinic.readiness.look()
    assert "secret-host-1" not in str(looked.public())
    assert looked.public()["workers"] == 1
    assert "secret-host-1" in str(looked.details())


def test_how_long_the_oldest_job_of_each_kind_waits_is_told(clinic):
    doctor = clinic.doctor()
    clinic.upload(doctor, b"a", "a.csv")
    clinic.clock.move(seconds=75)
    assert clinic.readiness.look().oldest_waiting_s == {"read_item": 75}


@pytest.mark.parametrize(
    ("error", "state"), [(StorageRefused("storage_refused"), "refused"), (StorageUnavailable(), "down")]
)
def test_a_store_that_lists_but_takes_no_object_is_not_well(clinic, monkeypatch, error, state):
    clinic.pulse.beat("w1")
    clinic.pulse.probe()
    assert clinic.readiness.look().storage == "ok"

    def refuse(*_args, **_options):
        raise error

    monkeypatch.setattr(clinic.store, "put", refuse)
    clinic.pulse.probe()
    assert clinic.readiness.look().storage == "ok"  # it was tried less than half a minute ago
    clinic.clock.move(seconds=30)
    clinic.pulse.beat("w1")
    clinic.pulse.probe()
    looked = clinic.readiness.look()
    assert (looked.storage, looked.status) == (state, "down")
    assert looked.details()["store_probe"]["reason"] == error.reason
    monkeypatch.undo()
    clinic.clock.move(seconds=30)
    clinic.pulse.beat("w1")
    clinic.pulse.probe()
    assert clinic.readiness.look().storage == "ok"


def test_a_store_that_gives_back_other_bytes_is_not_well(clinic, monkeypatch):
    monkeypatch.setattr(clinic.store, "get", lambda _key: b"something else")
    clinic.pulse.beat("w1")
    clinic.pulse.probe()
    assert clinic.readiness.look().storage == "refused"


def test_a_probe_leaves_nothing_in_the_store(clinic):
    before = [found.key for found in clinic.store.list("")]
    clinic.pulse.probe()
    assert [found.key for found in clinic.store.list("")] == before


def test_little_room_on_the_disk_is_said(clinic, monkeypatch):
    clinic.pulse.beat("w1")
    monkeypatch.setattr(clinic.readiness, "_free_disk_mb", lambda: LITTLE_DISK_MB - 1)
    assert clinic.readiness.look().disk == "little"
    assert clinic.readiness.look().status == "degraded"
    monkeypatch.setattr(clinic.readiness, "_free_disk_mb", lambda: LITTLE_DISK_MB)
    assert clinic.readiness.look().disk == "ok"


def test_a_database_that_takes_no_row_is_not_well(clinic, monkeypatch):
    @contextmanager
    def read_only():
        raise CatalogueUnavailable
        yield

    clinic.pulse.beat("w1")
    assert clinic.readiness.look().database == "ok"
    monkeypatch.setattr(clinic.catalogue, "write", read_only)
    clinic.clock.move(seconds=30)
    looked = clinic.readiness.look()
    assert (looked.database, looked.status) == ("not_writable", "down")
