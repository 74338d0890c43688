"""Links of the application before this one: their hash, their state, and nothing else."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy.exc import IntegrityError

from oximetry.adapters.catalogue.catalogue import Catalogue
from oximetry.domain.records import Role

NOW, LATER = datetime(2026, 3, 1), datetime(2026, 3, 2)


@pytest.fixture
def with_patient(catalogue: Catalogue) -> Catalogue:
    with catalogue.write() as transaction:
        doctor = transaction.accounts.create("ana@clinic.ro", "x", Role.DOCTOR, NOW)
        transaction.patients.create("p", doctor.id, None, NOW)
    return catalogue


def test_an_old_link_lives_until_it_is_retired_and_counts_its_openings(with_patient: Catalogue) -> None:
    with with_patient.write() as transaction:
        transaction.old_links.add("a" * 64, "p", NOW, None)
        transaction.old_links.add("b" * 64, "p", NOW, NOW)
        (live,) = transaction.old_links.live("p")
        transaction.old_links.count_opening(live.id, LATER)
        found = transaction.old_links.find("a" * 64)
        assert found is not None
        assert (found.opened_count, found.last_opened_at, found.retired_at) == (1, LATER, None)
        assert transaction.old_links.find("c" * 64) is None
        assert [transaction.old_links.retire("p", LATER) for _ in range(2)] == [1, 0]
        assert transaction.old_links.live("p") == []


def test_undoing_keeps_when_a_link_was_retired(with_patient: Catalogue) -> None:
    with with_patient.write() as transaction:
        transaction.old_links.add("a" * 64, "p", NOW, None)
        transaction.old_links.add("b" * 64, "p", NOW, NOW)
        transaction.old_links.undo("p", LATER)
        found = [transaction.old_links.find(sign * 64) for sign in "ab"]
    assert [(one.retired_at, one.undone_at) for one in found if one] == [(LATER, LATER), (NOW, LATER)]


def test_one_hash_is_one_link(with_patient: Catalogue) -> None:
    with with_patient.write() as transaction:
        transaction.old_links.add("a" * 64, "p", NOW, None)
    with pytest.raises(IntegrityError), with_patient.write() as transaction:
        transaction.old_links.add("a" * 64, "p", NOW, None)
