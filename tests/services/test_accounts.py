import pytest
from sqlalchemy import update

from oximetry.adapters.catalogue import tables
from oximetry.domain.errors import InvalidRequest, SignInRefused, TooManyAttempts
from oximetry.domain.records import Role
from oximetry.services.accounts import MAX_FAILURES_PER_ACCOUNT, AccountService, generate_password
from tests.factories import NOW, MovableClock, PlainHasher
from tests.parallel import together

PASSWORD = "correct horse battery"
HERE = "198.51.100.1"


@pytest.fixture
def accounts(catalogue):
    made = AccountService(catalogue, PlainHasher(), MovableClock())
    made.create("Doctor@Clinic.test", PASSWORD)
    return made


def refused(accounts, email, password="wrong", address=HERE):
    with pytest.raises(SignInRefused) as caught:
        accounts.sign_in(email, password, address)
    return caught.value.reason, caught.value.details


def disable(accounts):
    with accounts._catalogue._engine.begin() as connection:
        connection.execute(update(tables.doctors).values(disabled_at=NOW))


def test_sign_in_begins_a_session_of_twelve_hours(accounts):
    token = accounts.sign_in(" doctor@CLINIC.test ", PASSWORD, HERE)
    assert len(token) == 43
    accounts._clock.move(hours=11, minutes=59)
    assert accounts.doctor_of(token).email == "doctor@clinic.test"
    accounts._clock.move(minutes=1)
    assert accounts.doctor_of(token) is None


def test_unknown_wrong_and_disabled_get_the_same_answer_after_the_same_work(accounts):
    wrong = refused(accounts, "doctor@clinic.test")
    assert refused(accounts, "nobody@clinic.test") == wrong
    assert refused(accounts, "doctor@clinic.test\0") == wrong
    assert refused(accounts, "") == wrong
    disable(accounts)
    assert refused(accounts, "doctor@clinic.test", PASSWORD) == wrong
    assert accounts._hasher.verified == [f"plain:{PASSWORD}", None, None, None, None]


def test_ninth_failure_for_an_account_is_turned_away_from_any_address(accounts):
    for number in range(8):
        refused(accounts, "doctor@clinic.test", address=f"198.51.100.{number}")
    with pytest.raises(TooManyAttempts) as caught:
        accounts.sign_in("doctor@clinic.test", PASSWORD, "203.0.113.9")
    assert caught.value.details == {"retry_after_s": 900}
    assert len(accounts._hasher.verified) == 8


def test_limit_of_an_account_is_the_same_whether_it_exists_or_not(accounts):
    for _ in range(8):
        refused(accounts, "nobody@clinic.test")
    with pytest.raises(TooManyAttempts):
        accounts.sign_in("NOBODY@clinic.test ", "wrong", HERE)


def test_forty_first_failure_from_an_address_is_turned_away_for_any_account(accounts):
    for number in range(40):
        refused(accounts, f"guess{number}@clinic.test")
    with pytest.raises(TooManyAttempts):
        accounts.sign_in("doctor@clinic.test", PASSWORD, HERE)
    assert accounts.sign_in("doctor@clinic.test", PASSWORD, "203.0.113.9")


def test_being_turned_away_does_not_prolong_the_wait(accounts):
    for _ in range(8):
        refused(accounts, "doctor@clinic.test")
    accounts._clock.move(minutes=14)
    with pytest.raises(TooManyAttempts):
        accounts.sign_in("doctor@clinic.test", PASSWORD, HERE)
    accounts._clock.move(minutes=1)
    assert accounts.sign_in("doctor@clinic.test", PASSWORD, HERE)


def test_successes_do_not_count(accounts):
    for _ in range(12):
        accounts.sign_in("doctor@clinic.test", PASSWORD, HERE)
    for _ in range(8):
        refused(accounts, "doctor@clinic.test")


def test_exactly_the_limit_of_parallel_guesses_gets_through(accounts):
    outcomes = together([lambda: accounts.sign_in("doctor@clinic.test", "wrong", HERE)] * 12)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["SignInRefused"] * 8 + ["TooManyAttempts"] * 4
    assert len(accounts._hasher.verified) == 8


def test_signing_out_ends_this_session_only(accounts):
    first, second = (accounts.sign_in("doctor@clinic.test", PASSWORD, HERE) for _ in range(2))
    accounts.sign_out(first)
    assert accounts.doctor_of(first) is None
    assert accounts.doctor_of(second) is not None


def test_new_password_ends_every_session(accounts):
    token = accounts.sign_in("doctor@clinic.test", PASSWORD, HERE)
    doctor = accounts.doctor_of(token)
    accounts.set_password(doctor.id, "another long password")
    assert accounts.doctor_of(token) is None
    refused(accounts, "doctor@clinic.test", PASSWORD)
    assert accounts.sign_in("doctor@clinic.test", "another long password", HERE)


def test_disabled_doctor_is_out_at_once(accounts):
    token = accounts.sign_in("doctor@clinic.test", PASSWORD, HERE)
    disable(accounts)
    assert accounts.doctor_of(token) is None


def test_catalogue_never_holds_the_token(accounts):
    token = accounts.sign_in("doctor@clinic.test", PASSWORD, HERE)
    with accounts._catalogue._engine.connect() as connection:
        kept = connection.execute(tables.doctor_sessions.select()).one()
    assert token not in map(str, kept)
    assert accounts.doctor_of(kept.token_sha256) is None


@pytest.mark.parametrize("email", ["", "clinic.test", "a@b", "a b@clinic.test", "a@clinic.test\n", "a@clin\0ic.test"])
def test_malformed_email_is_refused(accounts, email):
    with pytest.raises(InvalidRequest) as caught:
        accounts.create(email, PASSWORD)
    assert caught.value.reason == "email_malformed"


@pytest.mark.parametrize("password", ["x7-" * 3 + "ab", ("Xk29-vvQ7-mmLp" * 10)[:129]])
def test_password_of_a_wrong_length_is_refused(accounts, password):
    with pytest.raises(InvalidRequest) as caught:
        accounts.create("other@clinic.test", password)
    assert caught.value.details == {"minimum": 12, "maximum": 128}
    with pytest.raises(InvalidRequest):
        accounts.set_password(accounts.find("doctor@clinic.test").id, password)


def test_email_is_taken_whatever_its_case(accounts):
    with pytest.raises(InvalidRequest) as caught:
        accounts.create("DOCTOR@clinic.test", PASSWORD)
    assert caught.value.reason == "email_taken"
    assert accounts.create("admin@localhost", PASSWORD, Role.ADMINISTRATOR).role is Role.ADMINISTRATOR


def test_generated_password_is_long_and_new_each_time():
    assert len({generate_password() for _ in range(5)}) == 5
    assert len(generate_password()) == 24


def test_a_new_password_of_ones_own_ends_all_other_sessions_and_not_this_one(accounts):
    here, there = (accounts.sign_in("doctor@clinic.test", PASSWORD, HERE) for _ in range(2))
    accounts.change_password(here, PASSWORD, "o propoziție scurtă", HERE)
    assert accounts.doctor_of(here) is not None
    assert accounts.doctor_of(there) is None
    refused(accounts, "doctor@clinic.test", PASSWORD)
    assert accounts.sign_in("doctor@clinic.test", "o propoziție scurtă", HERE)


def test_a_new_password_needs_the_old_one_and_guesses_are_counted(accounts):
    token = accounts.sign_in("doctor@clinic.test", PASSWORD, HERE)
    for _ in range(MAX_FAILURES_PER_ACCOUNT):
        with pytest.raises(SignInRefused):
            accounts.change_password(token, "wrong", "o propoziție scurtă", HERE)
    with pytest.raises(TooManyAttempts):
        accounts.change_password(token, PASSWORD, "o propoziție scurtă", HERE)


@pytest.mark.parametrize(
    ("new", "reason"),
    [("parola123456", "password_common"), ("short", "password_length"), ("doctor@clinic", "password_context")],
)
def test_a_weak_new_password_is_refused_and_changes_nothing(accounts, new, reason):
    token = accounts.sign_in("doctor@clinic.test", PASSWORD, HERE)
    with pytest.raises(InvalidRequest) as refusal:
        accounts.change_password(token, PASSWORD, new, HERE)
    assert refusal.value.reason.startswith("password_")
    assert accounts.sign_in("doctor@clinic.test", PASSWORD, HERE)


def test_a_disabled_account_is_out_at_once_and_in_again_after_it_was_enabled(accounts):
    token = accounts.sign_in("doctor@clinic.test", PASSWORD, HERE)
    doctor = accounts.doctor_of(token)
    accounts.disable(doctor.id)
    assert accounts.doctor_of(token) is None
    refused(accounts, "doctor@clinic.test", PASSWORD)
    accounts.enable(doctor.id)
    assert accounts.doctor_of(token) is None
    assert accounts.sign_in("doctor@clinic.test", PASSWORD, HERE)


def test_other_sessions_can_be_ended_alone(accounts):
    here, there = (accounts.sign_in("doctor@clinic.test", PASSWORD, HERE) for _ in range(2))
    accounts.end_other_sessions(here)
    assert accounts.doctor_of(here) is not None
    assert accounts.doctor_of(there) is None
