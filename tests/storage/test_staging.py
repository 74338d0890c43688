"""A doctor's working space: sessions that another doctor does not have, files, and tidying up."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from oximetry.domain.errors import AlreadyExists, NotFound, StorageUnavailable
from storage_service import StorageService
from tests.memory_store import MemoryStore

ANA, ION = "ana@clinic.test", "ion@clinic.test"
ANAS_FOLDER = "users/cac4196310d1cfdd"  # printf %s ana@clinic.test | sha256sum | cut -c1-16


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def ana(store: MemoryStore) -> StorageService:
    return StorageService(user_email=ANA, store=store)


def test_what_is_saved_in_a_session_can_be_listed_and_got(ana: StorageService, store: MemoryStore) -> None:
    session = ana.create_session()
    key = ana.save_file(b"SpO2", "1_0a1b2c3d", session)
    assert key == f"{ANAS_FOLDER}/{session}/1_0a1b2c3d"
    assert store.objects[key] == b"SpO2"
    assert ana.list_files(session) == ["1_0a1b2c3d"]
    assert ana.get_file("1_0a1b2c3d", session) == b"SpO2"
    assert ana.get_file("2_0a1b2c3d", session) is None


def test_the_case_of_the_email_makes_no_other_doctor(ana: StorageService, store: MemoryStore) -> None:
    assert StorageService(user_email=" Ana@Clinic.TEST ", store=store).validate_session(ana.create_session())


def test_another_doctors_session_is_unknown(ana: StorageService, store: MemoryStore) -> None:
    session = ana.create_session()
    ana.save_file(b"SpO2", "night", session)
    ion = StorageService(user_email=ION, store=store)
    assert not ion.validate_session(session)
    assert (ion.list_files(session), ion.get_file("night", session)) == ([], None)
    before = dict(store.objects)
    with pytest.raises(NotFound):
        ion.save_file(b"other", "night", session)
    assert store.objects == before


@pytest.mark.parametrize("session", ["", "..", "a/b", "a\\b", "x" * 2000])
def test_a_session_that_is_a_path_is_refused_before_any_call(ana: StorageService, store: MemoryStore, session: str):
    store.failure = AssertionError("the store was asked")  # type: ignore[assignment]
    assert not ana.validate_session(session)
    for act in (lambda: ana.save_file(b"", "night", session), lambda: ana.get_file("night", session)):
        with pytest.raises(ValueError, match="key"):
            act()


def test_other_bytes_under_a_name_are_refused(ana: StorageService) -> None:
    session = ana.create_session()
    ana.save_file(b"SpO2", "night", session)
    ana.save_file(b"SpO2", "night", session)
    with pytest.raises(AlreadyExists):
        ana.save_file(b"other", "night", session)


def test_an_outage_is_never_an_absent_file_or_session(ana: StorageService, store: MemoryStore) -> None:
    store.failure = StorageUnavailable()
    for act in (lambda: ana.get_file("night", "a"), lambda: ana.validate_session("a"), lambda: ana.list_files("a")):
        with pytest.raises(StorageUnavailable):
            act()


def test_tidying_up_removes_quiet_sessions_of_this_doctor_only(ana: StorageService, store: MemoryStore) -> None:
    ion = StorageService(user_email=ION, store=store)
    for one in (ana, ana, ion):
        one.save_file(b"SpO2", "night", one.create_session())
    store.objects[f"{uuid4()}/csvs/night.csv"] = b"stored"
    assert ana.cleanup(datetime(1969, 12, 31)) == 0  # the memory store's objects are of 1 January 1970
    assert ana.cleanup(timedelta(days=1)) == 2
    assert store.under(f"{ANAS_FOLDER}/") == []
    assert len(store.objects) == 3
