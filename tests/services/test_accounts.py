import pytest
from sqlalchemy import update

from oximetry.adapters.catalogue import tables
from oximetry.domain.account_records import MOST_SESSIONS, Origin
from oximetry.domain.errors import InvalidRequest, NotFound, SignInRefused, TooManyAttempts
from oximetry.domain.records import Role
from oximetry.domain.sign_in_limits import ATTACK_FAILURES, FREE_TRIES, MOST_FROM_A_NETWORK
from oximetry.services.accounts.accounts import AccountService, generate_password
from tests.factories import NOW, MovableClock, PlainHasher
from tests.parallel import together

PASSWORD = "correct horse battery"
HERE = Origin("198.51.100.1", "computer")
THERE = Origin("203.0.113.9", "phone")


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
    token = accounts.sign_in(" doctor@CLINIC.test ", PASSWORD, HERE).token
    assert len(token) == 43
    for _ in range(11):
        accounts._clock.move(hours=1)
        assert accounts.doctor_of(token).email == "doctor@clinic.test"
    accounts._clock.move(hours=1)
    assert accounts.doctor_of(token) is None


def test_unknown_wrong_and_disabled_get_the_same_answer_after_the_same_work(accounts):
    wrong = refused(accounts, "doctor@clinic.test")
    assert refused(accounts, "nobody@clinic.test") == wrong
    assert refused(accounts, "doctor@clinic.test\0") == wrong
    assert refused(accounts, "") == wrong
    disable(accounts)
    assert refused(accounts, "doctor@clinic.test", PASSWORD) == wrong
    assert accounts._hasher.verified == [f"plain:{PASSWORD}", None, None, None, None]


def fail(accounts, times, origin=HERE, email="doctor@clinic.test"):
    for _ in range(times):
        refused(accounts, email, address=origin)


def wait_of(accounts, password=PASSWORD, origin=HERE, email="doctor@clinic.test"):
    with pytest.raises(TooManyAttempts) as caught:
        accounts.sign_in(email, password, origin)
    return caught.value.details["retry_after_s"]


def test_pauses_grow_with_every_wrong_password_and_end(accounts):
    fail(accounts, FREE_TRIES)
    pauses = []
    for _ in range(7):
        pauses.append(wait_of(accounts))
        accounts._clock.move(seconds=pauses[-1] - 1)
        assert wait_of(accounts) == 1
        accounts._clock.move(seconds=1)
        fail(accounts, 1)
    assert pauses == [30, 60, 120, 240, 480, 900, 900]
    assert len(accounts._hasher.verified) == FREE_TRIES + 7
    accounts._clock.move(seconds=900)
    assert accounts.sign_in("doctor@clinic.test", PASSWORD, HERE)


def test_a_right_password_clears_what_was_wrong_before(accounts):
    for _ in range(3):
        fail(accounts, FREE_TRIES - 1)
        assert accounts.sign_in("doctor@clinic.test", PASSWORD, HERE)


def test_pauses_are_the_same_whether_an_account_exists_or_not(accounts):
    fail(accounts, FREE_TRIES, email="nobody@clinic.test")
    assert wait_of(accounts, "wrong", email="NOBODY@clinic.test ") == 30


def test_a_stranger_cannot_keep_the_doctor_out(accounts):
    known = accounts.sign_in("doctor@clinic.test", PASSWORD, HERE).known_token
    looked_at = len(accounts._hasher.verified)
    for number in range(1000):
        stranger = Origin(f"10.{number // 250}.{number % 250}.7")
        for _ in range(10):
            with pytest.raises((SignInRefused, TooManyAttempts)):
                accounts.sign_in("doctor@clinic.test", "a guess", stranger)
    guessed = len(accounts._hasher.verified) - looked_at
    assert guessed < ATTACK_FAILURES + 1000 + FREE_TRIES
    assert accounts.sign_in("doctor@clinic.test", PASSWORD, Origin("192.0.2.5"))
    fail(accounts, FREE_TRIES - 1, Origin("10.0.1.7", "computer", known))
    assert accounts.sign_in("doctor@clinic.test", PASSWORD, Origin("10.0.1.7", "computer", known))


def test_a_browser_that_another_account_knows_is_a_stranger(accounts):
    accounts.create("other@clinic.test", PASSWORD)
    known = accounts.sign_in("other@clinic.test", PASSWORD, THERE).known_token
    fail(accounts, FREE_TRIES)
    assert wait_of(accounts, origin=Origin(HERE.network, "computer", known)) == 30
    assert wait_of(accounts, origin=Origin(HERE.network, "computer", "made up")) == 30


def test_one_network_guesses_at_no_more_than_forty_accounts(accounts):
    for number in range(MOST_FROM_A_NETWORK):
        refused(accounts, f"guess{number}@clinic.test", address=HERE)
    assert wait_of(accounts) == 900
    assert accounts.sign_in("doctor@clinic.test", PASSWORD, THERE)


def test_being_turned_away_does_not_prolong_the_wait(accounts):
    fail(accounts, FREE_TRIES)
    accounts._clock.move(seconds=29)
    assert wait_of(accounts) == 1
    accounts._clock.move(seconds=1)
    assert accounts.sign_in("doctor@clinic.test", PASSWORD, HERE)


def test_the_operator_unlocks_an_account(accounts):
    fail(accounts, FREE_TRIES)
    assert accounts.unlock(" Doctor@clinic.test") == FREE_TRIES
    assert accounts.sign_in("doctor@clinic.test", PASSWORD, HERE)


def test_successes_do_not_count(accounts):
    for _ in range(12):
        accounts.sign_in("doctor@clinic.test", PASSWORD, HERE)
    fail(accounts, FREE_TRIES)


def test_exactly_the_limit_of_parallel_guesses_gets_through(accounts):
    outcomes = together([lambda: accounts.sign_in("doctor@clinic.test", "wrong", HERE)] * 12)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["SignInRefused"] * 5 + ["TooManyAttempts"] * 7
    assert len(accounts._hasher.verified) == 5


@pytest.mark.parametrize(("role", "idle_min"), [(Role.DOCTOR, 120), (Role.ADMINISTRATOR, 30)])
def test_a_session_idles_out(accounts, role, idle_min):
    accounts.create("idle@clinic.test", PASSWORD, role)
    token = accounts.sign_in("idle@clinic.test", PASSWORD, HERE).token
    for _ in range(3):
        accounts._clock.move(minutes=idle_min - 1)
        assert accounts.doctor_of(token)
    accounts._clock.move(minutes=idle_min)
    assert accounts.doctor_of(token) is None


def test_what_a_page_asks_by_itself_keeps_no_session_alive(accounts):
    token = accounts.sign_in("doctor@clinic.test", PASSWORD, HERE).token
    for _ in range(11):
        accounts._clock.move(minutes=10)
        assert accounts.doctor_of(token, is_activity=False)
    accounts._clock.move(minutes=10)
    assert accounts.doctor_of(token, is_activity=False) is None


def test_a_sixth_session_ends_the_oldest(accounts):
    tokens = []
    for _ in range(MOST_SESSIONS + 1):
        tokens.append(accounts.sign_in("doctor@clinic.test", PASSWORD, HERE).token)
        accounts._clock.move(seconds=1)
    assert [accounts.doctor_of(token) is not None for token in tokens] == [False, *[True] * MOST_SESSIONS]


def test_sessions_are_listed_and_ended_one_by_one(accounts):
    here = accounts.sign_in("doctor@clinic.test", PASSWORD, HERE).token
    accounts._clock.move(minutes=1)
    there = accounts.sign_in("doctor@clinic.test", PASSWORD, THERE).token
    listed = accounts.sessions(here)
    assert [(one.browser, one.network, one.is_this) for one in listed] == [
        ("phone", THERE.network, False),
        ("computer", HERE.network, True),
    ]
    accounts.create("other@clinic.test", PASSWORD)
    stranger = accounts.sign_in("other@clinic.test", PASSWORD, THERE).token
    with pytest.raises(NotFound):
        accounts.end_session(stranger, listed[0].id)
    accounts.end_session(here, listed[0].id)
    assert accounts.doctor_of(there) is None
    assert accounts.doctor_of(here) is not None


def test_a_new_browser_is_told_of_at_the_next_sign_in_elsewhere(accounts):
    first = accounts.sign_in("doctor@clinic.test", PASSWORD, HERE)
    assert first.news == ()
    known_here = Origin(HERE.network, HERE.browser, first.known_token)
    again = accounts.sign_in("doctor@clinic.test", PASSWORD, known_here)
    assert (again.news, again.known_token) == ((), first.known_token)
    stranger = accounts.sign_in("doctor@clinic.test", PASSWORD, THERE)
    assert stranger.news == ()
    told = accounts.sign_in("doctor@clinic.test", PASSWORD, known_here).news
    assert [(one.browser, one.network) for one in told] == [("phone", THERE.network)]
    assert accounts.sign_in("doctor@clinic.test", PASSWORD, known_here).news == ()


def test_signing_out_ends_this_session_only(accounts):
    first, second = (accounts.sign_in("doctor@clinic.test", PASSWORD, HERE).token for _ in range(2))
    accounts.sign_out(first)
    assert accounts.doctor_of(first) is None
    assert accounts.doctor_of(second) is not None


def test_new_password_ends_every_session(accounts):
    token = accounts.sign_in("doctor@clinic.test", PASSWORD, HERE).token
    doctor = accounts.doctor_of(token)
    accounts.set_password(doctor.id, "another long password")
    assert accounts.doctor_of(token) is None
    refused(accounts, "doctor@clinic.test", PASSWORD)
    assert accounts.sign_in("doctor@clinic.test", "another long password", HERE).token


def test_disabled_doctor_is_out_at_once(accounts):
    token = accounts.sign_in("doctor@clinic.test", PASSWORD, HERE).token
    disable(accounts)
    assert accounts.doctor_of(token) is None


def test_catalogue_never_holds_the_token(accounts):
    token = accounts.sign_in("doctor@clinic.test", PASSWORD, HERE).token
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
    here, there = (accounts.sign_in("doctor@clinic.test", PASSWORD, HERE).token for _ in range(2))
    accounts.change_password(here, PASSWORD, "o propoziție scurtă", HERE)
    assert accounts.doctor_of(here) is not None
    assert accounts.doctor_of(there) is None
    refused(accounts, "doctor@clinic.test", PASSWORD)
    assert accounts.sign_in("doctor@clinic.test", "o propoziție scurtă", HERE).token


def test_a_new_password_needs_the_old_one_and_guesses_are_counted(accounts):
    token = accounts.sign_in("doctor@clinic.test", PASSWORD, HERE).token
    for _ in range(FREE_TRIES):
        with pytest.raises(SignInRefused):
            accounts.change_password(token, "wrong", "o propoziție scurtă", HERE)
    with pytest.raises(TooManyAttempts):
        accounts.change_password(token, PASSWORD, "o propoziție scurtă", HERE)


def test_a_new_password_is_another_one(accounts):
    token = accounts.sign_in("doctor@clinic.test", PASSWORD, HERE).token
    with pytest.raises(InvalidRequest) as caught:
        accounts.change_password(token, PASSWORD, PASSWORD, HERE)
    assert caught.value.reason == "password_same"


def test_a_password_that_somebody_else_made_up_is_marked_until_it_is_changed(accounts):
    doctor = accounts.create("new@clinic.test", PASSWORD, temporary=True)
    token = accounts.sign_in("new@clinic.test", PASSWORD, HERE).token
    assert accounts.doctor_of(token).password_temporary
    accounts.change_password(token, PASSWORD, "o propoziție scurtă", HERE)
    assert not accounts.doctor_of(token).password_temporary
    accounts.set_password(doctor.id, PASSWORD, temporary=True)
    assert accounts.get(doctor.id).password_temporary


@pytest.mark.parametrize(
    ("new", "reason"),
    [("parola123456", "password_common"), ("short", "password_length"), ("doctor@clinic", "password_context")],
)
def test_a_weak_new_password_is_refused_and_changes_nothing(accounts, new, reason):
    token = accounts.sign_in("doctor@clinic.test", PASSWORD, HERE).token
    with pytest.raises(InvalidRequest) as refusal:
        accounts.change_password(token, PASSWORD, new, HERE)
    assert refusal.value.reason.startswith("password_")
    assert accounts.sign_in("doctor@clinic.test", PASSWORD, HERE).token


def test_a_disabled_account_is_out_at_once_and_in_again_after_it_was_enabled(accounts):
    token = accounts.sign_in("doctor@clinic.test", PASSWORD, HERE).token
    doctor = accounts.doctor_of(token)
    accounts.disable(doctor.id)
    assert accounts.doctor_of(token) is None
    refused(accounts, "doctor@clinic.test", PASSWORD)
    accounts.enable(doctor.id)
    assert accounts.doctor_of(token) is None
    assert accounts.sign_in("doctor@clinic.test", PASSWORD, HERE).token


def test_other_sessions_can_be_ended_alone(accounts):
    here, there = (accounts.sign_in("doctor@clinic.test", PASSWORD, HERE).token for _ in range(2))
    accounts.end_other_sessions(here)
    assert accounts.doctor_of(here) is not None
    assert accounts.doctor_of(there) is None
