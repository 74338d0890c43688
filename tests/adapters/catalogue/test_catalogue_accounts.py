from datetime import datetime, timedelta

import pytest
from sqlalchemy import update

from oximetry.adapters.catalogue import tables
from oximetry.domain.account_records import Origin
from oximetry.domain.errors import NotFound
from oximetry.domain.records import Role
from oximetry.domain.sign_in_limits import Failures
from tests.parallel import together

NOW = datetime(2026, 3, 1, 8, 0, 0)
SECOND = timedelta(seconds=1)


def create(catalogue, email="Doctor@Clinic.test"):
    with catalogue.write() as transaction:
        return transaction.accounts.create(email, "hash", Role.DOCTOR, NOW)


def attempt(catalogue, account="a" * 64, address="198.51.100.1", at=NOW):
    with catalogue.write() as transaction:
        return transaction.accounts.record_attempt(account, address, at)


def failed(catalogue, account="a" * 64, address="198.51.100.1", now=NOW):
    with catalogue.write() as transaction:
        return transaction.accounts.failures(account, address, address, now)


def test_account_is_found_whatever_the_case_of_its_email(catalogue):
    doctor = create(catalogue)
    with catalogue.read() as transaction:
        assert transaction.accounts.find("DOCTOR@clinic.TEST") == doctor == transaction.accounts.get(doctor.id)
        assert transaction.accounts.find("other@clinic.test") is None
        with pytest.raises(NotFound):
            transaction.accounts.get("unknown")


def test_failures_are_counted_here_for_strangers_and_from_the_network(catalogue):
    attempt(catalogue, at=NOW - timedelta(minutes=1))
    attempt(catalogue)
    attempt(catalogue, address="198.51.100.2")
    attempt(catalogue, address="known:1234")
    attempt(catalogue, account="b" * 64)
    attempt(catalogue, account="b" * 64, address="198.51.100.3")
    assert failed(catalogue) == Failures(2, NOW, 3, 3, NOW)
    assert failed(catalogue, address="known:1234") == Failures(1, NOW, 3, 1, NOW)


def test_old_attempts_and_successes_do_not_count(catalogue):
    attempt(catalogue, at=NOW - timedelta(hours=1))
    attempt(catalogue, account="b" * 64, at=NOW - timedelta(minutes=15))
    success = attempt(catalogue)
    with catalogue.write() as transaction:
        transaction.accounts.mark_succeeded(success)
    assert failed(catalogue) == Failures(0, None, 0, 0, None)


def test_parallel_attempts_see_each_other(catalogue):
    def count_then_write():
        with catalogue.write() as transaction:
            before = transaction.accounts.failures("a" * 64, "198.51.100.1", "198.51.100.1", NOW).here
            transaction.accounts.record_attempt("a" * 64, "198.51.100.1", NOW)
            return before

    assert sorted(together([count_then_write] * 6)) == [0, 1, 2, 3, 4, 5]


def test_session_ends_by_its_token_its_age_or_its_doctor(catalogue):
    doctor = create(catalogue)
    with catalogue.write() as transaction:
        for token in ("1", "2", "3"):
            transaction.accounts.open_session(doctor.id, token * 64, Origin(), NOW)
        transaction.accounts.end_sessions(NOW, token_sha256="1" * 64)
        assert transaction.accounts.session("1" * 64, NOW - SECOND) is None
        assert transaction.accounts.session("2" * 64, NOW - SECOND).doctor == doctor
        assert transaction.accounts.session("2" * 64, NOW) is None
        transaction.accounts.end_sessions(NOW, doctor_id=doctor.id)
        assert transaction.accounts.session("3" * 64, NOW - SECOND) is None


def test_session_of_a_disabled_doctor_opens_nothing(catalogue):
    doctor = create(catalogue)
    with catalogue.write() as transaction:
        transaction.accounts.open_session(doctor.id, "1" * 64, Origin(), NOW)
    with catalogue._engine.begin() as connection:
        connection.execute(update(tables.doctors).values(disabled_at=NOW))
    with catalogue.read() as transaction:
        assert transaction.accounts.session("1" * 64, NOW - SECOND) is None


def test_acts_are_listed_by_subject_oldest_first(catalogue):
    with catalogue.write() as transaction:
        transaction.audit.add(NOW, "doctor", "stored", ("recording", "n1"))
        transaction.audit.add(NOW, "doctor", "moved", ("recording", "n1"), to="p2")
        transaction.audit.add(NOW, "doctor", "stored", ("recording", "n2"))
        assert transaction.audit.acts("n1") == ["stored", "moved"]


def test_text_with_a_nul_finds_nothing(catalogue):
    with pytest.raises(NotFound), catalogue.read() as transaction:
        transaction.accounts.get("a\0b")
    with pytest.raises(NotFound), catalogue.write() as transaction:
        transaction.uploads.get("a\0b")
    with pytest.raises(NotFound), catalogue.read() as transaction:
        transaction.files.live("patient/csvs/\0")
