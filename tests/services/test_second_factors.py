"""Second factors, links of one time: what they open, once, and what they do not."""

from __future__ import annotations

from datetime import UTC

import pyotp
import pytest

from oximetry.adapters.security import FernetVault
from oximetry.domain.account_records import Origin, RelyingParty
from oximetry.domain.errors import InvalidRequest, LinkRefused, SignInRefused, TooManyAttempts
from oximetry.domain.records import Role
from oximetry.domain.sign_in_limits import FREE_TRIES, network_of
from oximetry.services.accounts.account_links import AccountLinkService
from oximetry.services.accounts.accounts import AccountService
from oximetry.services.accounts.attempts import Attempts
from oximetry.services.accounts.passkeys import PasskeyService
from oximetry.services.accounts.second_factors import RECOVERY_CODES, SecondFactorService
from tests.factories import MovableClock, PlainHasher
from tests.parallel import together

EMAIL, PASSWORD = "doctor@clinic.test", "correct horse battery"
HERE, THERE = Origin("198.51.100.1"), Origin("203.0.113.9")


@pytest.fixture
def clock():
    return MovableClock()


@pytest.fixture
def accounts(catalogue, clock):
    made = AccountService(catalogue, PlainHasher(), clock)
    made.create(EMAIL, PASSWORD)
    return made


@pytest.fixture
def factors(catalogue, accounts, clock):
    attempts = Attempts(catalogue, PlainHasher(), clock)
    return SecondFactorService(catalogue, accounts, attempts, FernetVault("a key for tests"), clock)


@pytest.fixture
def links(catalogue, clock):
    return AccountLinkService(catalogue, PlainHasher(), "https://clinic.example", clock)


def app_shows(clock, secret):
    return pyotp.TOTP(secret).at(int(clock().replace(tzinfo=UTC).timestamp()))


@pytest.fixture
def guarded(accounts, factors, clock):
    """The secret and the recovery codes of an account whose second factor is on; its clock stands in a new step."""
    token = accounts.sign_in(EMAIL, PASSWORD, HERE).token
    secret = factors.new_secret()
    codes = factors.switch_on(token, secret, app_shows(clock, secret))
    clock.move(seconds=60)
    return secret, codes


def test_the_password_alone_opens_nothing(accounts, factors, guarded, clock):
    secret, _ = guarded
    entry = accounts.sign_in(EMAIL, PASSWORD, HERE)
    assert entry.is_pending
    assert accounts.doctor_of(entry.token) is None
    with pytest.raises(SignInRefused):
        accounts.sessions(entry.token)
    opened = factors.enter(entry.token, app_shows(clock, secret), HERE)
    assert accounts.doctor_of(opened.token).email == EMAIL
    assert accounts.doctor_of(entry.token) is None
    with pytest.raises(SignInRefused):
        factors.enter(entry.token, app_shows(clock, secret), HERE)


def test_a_code_works_once(accounts, factors, guarded, clock):
    code = app_shows(clock, guarded[0])
    first, second = (accounts.sign_in(EMAIL, PASSWORD, HERE).token for _ in range(2))
    assert factors.enter(first, code, HERE)
    with pytest.raises(SignInRefused):
        factors.enter(second, code, HERE)
    clock.move(seconds=30)
    assert factors.enter(second, app_shows(clock, guarded[0]), HERE)


def test_a_code_works_once_for_many_at_the_same_moment(accounts, factors, guarded, clock):
    code = app_shows(clock, guarded[0])
    tokens = [accounts.sign_in(EMAIL, PASSWORD, HERE).token for _ in range(5)]
    outcomes = together([lambda token=token: factors.enter(token, code, HERE) for token in tokens])
    assert len([one for one in outcomes if not isinstance(one, Exception)]) == 1


def test_a_clock_may_be_half_a_minute_off_and_no_more(accounts, factors, guarded, clock):
    code = app_shows(clock, guarded[0])
    clock.move(seconds=30)
    assert factors.enter(accounts.sign_in(EMAIL, PASSWORD, HERE).token, code, HERE)
    clock.move(seconds=60)
    old = app_shows(clock, guarded[0])
    clock.move(seconds=60)
    with pytest.raises(SignInRefused):
        factors.enter(accounts.sign_in(EMAIL, PASSWORD, HERE).token, old, HERE)


def test_each_recovery_code_works_once(accounts, factors, guarded):
    _, codes = guarded
    assert len(set(codes)) == RECOVERY_CODES
    doctor = accounts.find(EMAIL)
    assert factors.enter(accounts.sign_in(EMAIL, PASSWORD, HERE).token, codes[0].lower(), HERE)
    assert factors.codes_left(doctor.id) == RECOVERY_CODES - 1
    with pytest.raises(SignInRefused):
        factors.enter(accounts.sign_in(EMAIL, PASSWORD, HERE).token, codes[0], HERE)
    assert factors.enter(accounts.sign_in(EMAIL, PASSWORD, HERE).token, codes[1], HERE)


def test_guesses_from_many_networks_share_their_tries(accounts, factors, guarded, clock):
    token = accounts.sign_in(EMAIL, PASSWORD, THERE).token
    for number in range(FREE_TRIES):
        with pytest.raises(SignInRefused):
            factors.enter(token, "000000", Origin(f"10.0.0.{number}"))
    with pytest.raises(TooManyAttempts):
        factors.enter(token, app_shows(clock, guarded[0]), Origin("10.0.1.1"))


def test_the_operator_unlocks_the_second_factor_too(accounts, factors, guarded, clock):
    token = accounts.sign_in(EMAIL, PASSWORD, THERE).token
    for _ in range(FREE_TRIES):
        with pytest.raises(SignInRefused):
            factors.enter(token, "000000", THERE)
    assert accounts.unlock(EMAIL) == FREE_TRIES
    assert factors.enter(token, app_shows(clock, guarded[0]), THERE)


def test_the_browser_that_is_known_keeps_its_own_tries(accounts, factors, clock):
    entry = accounts.sign_in(EMAIL, PASSWORD, HERE)
    secret = factors.new_secret()
    factors.switch_on(entry.token, secret, app_shows(clock, secret))
    clock.move(seconds=60)
    token = accounts.sign_in(EMAIL, PASSWORD, THERE).token
    for _ in range(FREE_TRIES):
        with pytest.raises(SignInRefused):
            factors.enter(token, "000000", THERE)
    known = Origin(THERE.network, "", entry.known_token)
    assert factors.enter(accounts.sign_in(EMAIL, PASSWORD, known).token, app_shows(clock, secret), known)


def test_a_wrong_first_code_switches_nothing_on(accounts, factors):
    token = accounts.sign_in(EMAIL, PASSWORD, HERE).token
    for code in ("000000", "", "é" * 6, "1" * 500):
        with pytest.raises(InvalidRequest):
            factors.switch_on(token, factors.new_secret(), code)
    assert not accounts.sign_in(EMAIL, PASSWORD, HERE).is_pending


def test_switching_it_off_needs_a_code_or_the_operator(accounts, factors, guarded, clock):
    token = factors.enter(accounts.sign_in(EMAIL, PASSWORD, HERE).token, guarded[1][0], HERE).token
    with pytest.raises(SignInRefused):
        factors.give_up(token, "000000", HERE)
    factors.give_up(token, app_shows(clock, guarded[0]), HERE)
    assert not accounts.sign_in(EMAIL, PASSWORD, HERE).is_pending
    clock.move(seconds=60)
    secret = factors.new_secret()
    factors.switch_on(token, secret, app_shows(clock, secret))
    factors.switch_off(accounts.find(EMAIL).id)
    assert accounts.doctor_of(token) is None
    assert not accounts.sign_in(EMAIL, PASSWORD, HERE).is_pending


def test_nothing_about_signing_in_changes_without_the_password_given_lately(accounts, factors, passkeys, clock):
    token = accounts.sign_in(EMAIL, PASSWORD, HERE).token
    secret = factors.new_secret()
    clock.move(minutes=15)
    for act in (
        lambda: factors.switch_on(token, secret, app_shows(clock, secret)),
        lambda: passkeys.offer(token),
        lambda: passkeys.remove(token, "any"),
    ):
        with pytest.raises(InvalidRequest) as caught:
            act()
        assert caught.value.reason == "password_again"
    accounts.confirm(token, PASSWORD, HERE)
    assert factors.switch_on(token, secret, app_shows(clock, secret))


def test_the_catalogue_holds_neither_secret_nor_codes(accounts, factors, guarded, catalogue):
    with catalogue._engine.connect() as connection:
        kept = str(
            [connection.exec_driver_sql(f"SELECT * FROM {table}").all() for table in ("doctors", "recovery_codes")]
        )
    for said in (guarded[0], *guarded[1]):
        assert said not in kept


def test_an_invitation_becomes_an_account_once(accounts, links):
    address = links.invite("New@clinic.test", Role.ADMINISTRATOR)
    token = address.removeprefix("https://clinic.example/cont/")
    with pytest.raises(InvalidRequest):
        links.use(token, "parola")
    doctor = links.use(token, "o propoziție scurtă")
    assert (doctor.email, doctor.role) == ("new@clinic.test", Role.ADMINISTRATOR)
    assert accounts.sign_in("new@clinic.test", "o propoziție scurtă", HERE)
    for wrong in (token, "x", "", token[:-1], "é" * 43):
        with pytest.raises(LinkRefused):
            links.use(wrong, "o propoziție scurtă")
    with pytest.raises(InvalidRequest):
        links.invite("new@clinic.test")


def test_an_invitation_is_used_once_by_many_at_the_same_moment(accounts, links):
    token = links.invite("new@clinic.test").rpartition("/")[2]
    outcomes = together([lambda: links.use(token, "o propoziție scurtă")] * 5)
    assert len([one for one in outcomes if not isinstance(one, Exception)]) == 1
    assert all(isinstance(one, LinkRefused) for one in outcomes if isinstance(one, Exception))


def test_links_end_and_a_newer_one_ends_the_older(links, clock):
    first, second = (links.invite("new@clinic.test").rpartition("/")[2] for _ in range(2))
    with pytest.raises(LinkRefused):
        links.find(first)
    assert links.find(second).email == "new@clinic.test"
    clock.move(days=7)
    with pytest.raises(LinkRefused):
        links.find(second)


def test_a_reset_ends_sessions_and_known_browsers(accounts, links):
    entry = accounts.sign_in(EMAIL, PASSWORD, HERE)
    links.use(links.reset(EMAIL).rpartition("/")[2], "o propoziție scurtă")
    assert accounts.doctor_of(entry.token) is None
    with pytest.raises(SignInRefused):
        accounts.sign_in(EMAIL, PASSWORD, HERE)
    assert accounts.sign_in(EMAIL, "o propoziție scurtă", HERE).known_token != entry.known_token
    with pytest.raises(InvalidRequest):
        links.reset("nobody@clinic.test")


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unknown", "unknown"),
        ("x" * 100, "x" * 64),
    ],
)
def test_a_network_is_an_address_or_a_64(address, network):
    assert network_of(address) == network


@pytest.fixture
def passkeys(catalogue, accounts, factors, clock):
    party = RelyingParty("Oximetrie", "clinic.example", "https://clinic.example")
    attempts = Attempts(catalogue, PlainHasher(), clock)
    return PasskeyService(catalogue, accounts, factors, attempts, party, clock)


@pytest.mark.parametrize(
    "answer", [{}, {"id": "x"}, {"id": "x", "rawId": "x", "response": {}, "type": "public-key"}, {"id": "x" * 30_000}]
)
def test_what_is_no_passkey_adds_none_and_opens_nothing(accounts, factors, passkeys, guarded, answer):
    token = factors.enter(accounts.sign_in(EMAIL, PASSWORD, HERE).token, guarded[1][0], HERE).token
    assert passkeys.offer(token)["rp"]["id"] == "clinic.example"
    with pytest.raises(InvalidRequest) as caught:
        passkeys.add(token, answer, "a telephone")
    assert caught.value.reason == "passkey_refused"
    assert passkeys.all(accounts.find(EMAIL).id) == []
    pending = accounts.sign_in(EMAIL, PASSWORD, HERE).token
    assert passkeys.ask(pending)["challenge"]
    with pytest.raises(SignInRefused):
        passkeys.enter(pending, answer, HERE)
    with pytest.raises(SignInRefused):
        passkeys.offer(pending)
    with pytest.raises(SignInRefused):
        passkeys.ask(token)


def test_every_challenge_is_a_new_one_and_good_once(accounts, passkeys, catalogue):
    token = accounts.sign_in(EMAIL, PASSWORD, HERE).token
    assert passkeys.offer(token)["challenge"] != passkeys.offer(token)["challenge"]
    session_id = accounts.state(token).id
    with catalogue.write() as transaction:
        assert transaction.accounts.take_challenge(session_id)
        assert transaction.accounts.take_challenge(session_id) is None
