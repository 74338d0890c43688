from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy.exc import IntegrityError

from oximetry.domain.errors import NotFound
from oximetry.domain.records import ItemState, Role
from tests.parallel import together

NOW = datetime(2026, 3, 1, 8, 0, 0)
DAY = timedelta(days=1)


@pytest.fixture
def doctors(catalogue):
    with catalogue.write() as transaction:
        return [transaction.accounts.create(f"{name}@clinic.test", "hash", Role.DOCTOR, NOW) for name in "ab"]


def open_session(catalogue, doctor, now=NOW):
    with catalogue.write() as transaction:
        return transaction.uploads.open_session(doctor.id, now)


def values(session, number, digest, **changes):
    return {
        "id": str(uuid4()),
        "session_id": session.id,
        "doctor_id": session.doctor_id,
        "number": number,
        "kind": "recording",
        "name_sealed": b"sealed",
        "content_type": "text/csv",
        "size": 10,
        "sha256": digest * 64,
        "staging_key": f"users/0/{session.id}/{number}_{digest * 8}",
        **changes,
    }


def add(catalogue, session, number, digest, now=NOW, **changes):
    with catalogue.write() as transaction:
        return transaction.uploads.add(values(session, number, digest, **changes), now)


def test_two_tabs_at_once_find_one_batch(catalogue, doctors):
    opened = together([lambda: open_session(catalogue, doctors[0])] * 6)
    assert len({session.id for session in opened}) == 1


def test_batch_and_files_of_another_doctor_are_not_found(catalogue, doctors):
    session = open_session(catalogue, doctors[0])
    item = add(catalogue, session, 1, "1")
    with catalogue.read() as transaction:
        assert transaction.uploads.session(doctors[0].id, session.id) == session
        assert transaction.uploads.get(item.id, doctors[0].id).id == transaction.uploads.get(item.id).id == item.id
        with pytest.raises(NotFound):
            transaction.uploads.session(doctors[1].id, session.id)
        with pytest.raises(NotFound):
            transaction.uploads.get(item.id, doctors[1].id)
    assert open_session(catalogue, doctors[1]).id != session.id


def test_same_bytes_stand_once_in_a_batch_unless_taken_out(catalogue, doctors):
    session = open_session(catalogue, doctors[0])
    item = add(catalogue, session, 1, "1")
    with pytest.raises(IntegrityError):
        add(catalogue, session, 2, "1")
    with catalogue.write() as transaction:
        assert transaction.uploads.by_content(session.id, "1" * 64).id == item.id
        transaction.uploads.set(item.id, NOW, state="discarded")
        assert transaction.uploads.by_content(session.id, "1" * 64) is None
    again = add(catalogue, session, 2, "1")
    with catalogue.read() as transaction:
        assert [one.id for one in transaction.uploads.items(session.id)] == [again.id]


def test_numbers_go_on_behind_what_was_taken_out(catalogue, doctors):
    session = open_session(catalogue, doctors[0])
    with catalogue.write() as transaction:
        assert transaction.uploads.next_number(session.id) == 1
    item = add(catalogue, session, 1, "1")
    with catalogue.write() as transaction:
        transaction.uploads.set(item.id, NOW, state="discarded")
        assert transaction.uploads.next_number(session.id) == 2


def test_totals_count_archives_until_they_are_unpacked_and_nothing_taken_out(catalogue, doctors):
    session = open_session(catalogue, doctors[0])
    add(catalogue, session, 1, "1", size=10)
    add(catalogue, session, 2, "2", size=5)
    archive = add(catalogue, session, 3, "3", size=700, kind="archive")
    out = add(catalogue, session, 4, "4", size=900)
    with catalogue.write() as transaction:
        transaction.uploads.set(out.id, NOW, state="discarded")
        assert transaction.uploads.totals(session.id) == (3, 715)
        assert transaction.uploads.totals(session.id, without=archive.id) == (2, 15)
        transaction.uploads.set(archive.id, NOW, state="expanded")
        assert transaction.uploads.totals(session.id) == (2, 15)
        assert transaction.uploads.totals(str(uuid4())) == (0, 0)


def test_file_changes_only_from_the_expected_state(catalogue, doctors):
    item = add(catalogue, open_session(catalogue, doctors[0]), 1, "1")
    with catalogue.write() as transaction:
        assert transaction.uploads.set(item.id, NOW, ItemState.RECEIVED, state="read", sparkline=[95.0, None])
        assert not transaction.uploads.set(item.id, NOW, ItemState.RECEIVED, state="refused")
        now = transaction.uploads.get(item.id)
    assert (now.state, now.sparkline) == (ItemState.READ, [95.0, None])


def test_parallel_changes_from_the_same_state_succeed_once(catalogue, doctors):
    item = add(catalogue, open_session(catalogue, doctors[0]), 1, "1")

    def change():
        with catalogue.write() as transaction:
            return transaction.uploads.set(item.id, NOW, ItemState.RECEIVED, state="read")

    assert sorted(together([change] * 4)) == [False, False, False, True]


def test_staged_object_is_needed_until_its_file_is_done_with(catalogue, doctors):
    item = add(catalogue, open_session(catalogue, doctors[0]), 1, "1")
    with catalogue.write() as transaction:
        assert transaction.uploads.is_staged_for(item.staging_key)
        transaction.uploads.set(item.id, NOW, state="stored")
        assert not transaction.uploads.is_staged_for(item.staging_key)


def test_parts_of_a_joined_night_come_in_the_order_they_were_recorded(catalogue, doctors):
    session = open_session(catalogue, doctors[0])
    owner, late, early = [add(catalogue, session, number, str(number)) for number in (1, 2, 3)]
    with catalogue.write() as transaction:
        transaction.uploads.set(late.id, NOW, state="joined", joined_to=owner.id, started_at=NOW + DAY)
        transaction.uploads.set(early.id, NOW, state="joined", joined_to=owner.id, started_at=NOW)
        assert [part.id for part in transaction.uploads.parts(owner.id)] == [early.id, late.id]
        assert transaction.uploads.parts(late.id) == []
        assert transaction.uploads.is_staged_for(late.staging_key)


def test_names_go_when_the_batch_is_closed(catalogue, doctors):
    session = open_session(catalogue, doctors[0])
    item = add(catalogue, session, 1, "1")
    with catalogue.write() as transaction:
        transaction.uploads.close_session(session.id, NOW)
        assert transaction.uploads.get(item.id).name_sealed is None
        assert transaction.uploads.session(doctors[0].id, session.id).closed_at == NOW
    assert open_session(catalogue, doctors[0]).id != session.id


@pytest.mark.parametrize(
    ("state", "changed_at", "is_stale"),
    [
        ("stored", NOW, True),
        ("refused", NOW, True),
        ("discarded", NOW, True),
        ("stored", NOW + DAY, False),
        ("read", NOW, False),
        ("received", NOW, False),
        ("confirmed", NOW, False),
        ("joined", NOW, False),
    ],
)
def test_batch_is_stale_when_nothing_is_left_to_do_and_nothing_happened(
    catalogue, doctors, state, changed_at, is_stale
):
    session = open_session(catalogue, doctors[0])
    item = add(catalogue, session, 1, "1")
    with catalogue.write() as transaction:
        transaction.uploads.set(item.id, changed_at, state=state)
        assert bool(transaction.uploads.stale_sessions(NOW + DAY / 2)) is is_stale
        assert transaction.uploads.stale_sessions(NOW) == []


def test_closed_batch_is_not_stale_again(catalogue, doctors):
    session = open_session(catalogue, doctors[0])
    with catalogue.write() as transaction:
        transaction.uploads.close_session(session.id, NOW)
        assert transaction.uploads.stale_sessions(NOW + DAY) == []
