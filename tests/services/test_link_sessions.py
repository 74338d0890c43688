"""Opened links end: by themselves, by the patient, by the doctor; PINs are counted, and the count cannot be outrun."""

from __future__ import annotations

import pytest

from oximetry.domain.errors import InvalidRequest, LinkRefused, NotFound, PinNeeded, PinRefused
from oximetry.domain.link_sessions import MOST_WRONG_PINS
from oximetry.services.link_sessions import LinkSessionService
from tests.parallel import together


@pytest.fixture
def doctor(clinic):
    return clinic.doctor()


@pytest.fixture
def card(clinic, doctor):
    return clinic.links.create(doctor.id, "the tall one")


@pytest.fixture
def sessions(clinic):
    return LinkSessionService(clinic.catalogue, clinic.vault, clinic.clock)


def secret_of(card):
    return card.url.partition("#")[2]


def opened(clinic, sessions, card, pin=None, browser="phone"):
    """A browser that came with the link; its token."""
    visit = sessions.visit(browser, "k")
    link = clinic.links.open(secret_of(card), pin=pin, visit=visit)
    return sessions.begin(link, visit, is_preview=False)


def pin_of(clinic, sessions, doctor, card):
    return sessions.pin(clinic.links.card(doctor.id, card.patient.id).link)


def wrong(pin):
    return f"{(int(pin) + 1) % 1_000_000:06d}"


def test_a_session_ends_after_twelve_idle_hours(clinic, sessions, card):
    token = opened(clinic, sessions, card)
    assert sessions.of(token).link.patient_id == card.patient.id
    clinic.clock.move(hours=11, minutes=59)
    assert sessions.of(token) is not None
    clinic.clock.move(hours=11, minutes=59)
    assert sessions.of(token) is not None
    clinic.clock.move(hours=12)
    assert sessions.of(token) is None


def test_a_session_ends_after_thirty_days_however_busy(clinic, sessions, card):
    token = opened(clinic, sessions, card)
    for _ in range(60):
        clinic.clock.move(hours=11, minutes=50)
        assert sessions.of(token) is not None
    clinic.clock.move(hours=11)
    assert sessions.of(token) is None
    assert opened(clinic, sessions, card) != token


def test_the_patient_leaves_in_one_browser_only(clinic, sessions, doctor, card):
    phone, tablet = (opened(clinic, sessions, card, browser=kind) for kind in ("phone", "tablet"))
    sessions.leave(phone)
    sessions.leave(phone)
    assert sessions.of(phone) is None
    assert sessions.of(tablet) is not None
    assert [one.browser for one in sessions.of_patient(doctor.id, card.patient.id)] == ["tablet"]
    assert clinic.acts(card.patient.id).count("link_left") == 1


def test_the_doctor_ends_one_session_or_all_of_them(clinic, sessions, doctor, card):
    first, second, third = (opened(clinic, sessions, card) for _ in range(3))
    shown = sessions.of_patient(doctor.id, card.patient.id)
    assert len(shown) == 3
    sessions.end(doctor.id, card.patient.id, sessions.of(second).session.id)
    assert [sessions.of(token) is not None for token in (first, second, third)] == [True, False, True]
    sessions.end(doctor.id, card.patient.id, None)
    assert sessions.of_patient(doctor.id, card.patient.id) == []
    assert opened(clinic, sessions, card)


def test_another_doctor_ends_nothing_and_sets_nothing(clinic, sessions, card):
    token, other = opened(clinic, sessions, card), clinic.doctor()
    assert sessions.of_patient(other.id, card.patient.id) == []
    for act in (
        lambda: sessions.end(other.id, card.patient.id, sessions.of(token).session.id),
        lambda: sessions.set_pin(other.id, card.patient.id, wanted=True),
        lambda: sessions.set_lifetime(other.id, card.patient.id, 30),
    ):
        with pytest.raises(NotFound):
            act()
    assert sessions.of(token) is not None


def test_a_stopped_link_ends_its_sessions_at_once(clinic, sessions, doctor, card):
    token = opened(clinic, sessions, card)
    clinic.links.rotate(doctor.id, card.patient.id)
    assert sessions.of(token) is None


def test_a_cookie_of_before_becomes_a_session_unless_the_link_is_guarded(clinic, sessions, doctor, card):
    link = clinic.links.card(doctor.id, card.patient.id).link
    token = sessions.exchange(link.id, sessions.visit("phone", "k"))
    assert sessions.of(token).link.id == link.id
    sessions.set_pin(doctor.id, card.patient.id, wanted=True)
    assert sessions.exchange(link.id, sessions.visit("phone", "k")) is None
    assert sessions.exchange("unknown", sessions.visit("phone", "k")) is None


def test_a_link_opens_nothing_after_its_last_day(clinic, sessions, doctor, card):
    sessions.set_lifetime(doctor.id, card.patient.id, 30)
    token = opened(clinic, sessions, card)
    clinic.clock.move(days=29, hours=23)
    assert opened(clinic, sessions, card)
    clinic.clock.move(hours=1)
    assert sessions.of(token) is None
    with pytest.raises(LinkRefused) as caught:
        opened(clinic, sessions, card)
    assert caught.value.reason == "link_expired"
    sessions.set_lifetime(doctor.id, card.patient.id, None)
    assert opened(clinic, sessions, card)


@pytest.mark.parametrize("days", [0, -1, 29, 10_000])
def test_other_lifetimes_are_refused(sessions, doctor, card, days):
    with pytest.raises(InvalidRequest):
        sessions.set_lifetime(doctor.id, card.patient.id, days or 1)


def test_a_pin_is_asked_for_and_ends_what_was_open(clinic, sessions, doctor, card):
    before = opened(clinic, sessions, card)
    sessions.set_pin(doctor.id, card.patient.id, wanted=True)
    assert sessions.of(before) is None
    pin = pin_of(clinic, sessions, doctor, card)
    assert len(pin) == 6
    assert pin.isdigit()
    with pytest.raises(PinNeeded):
        opened(clinic, sessions, card)
    with pytest.raises(PinRefused) as caught:
        opened(clinic, sessions, card, wrong(pin))
    assert (caught.value.reason, caught.value.details["left"]) == ("pin_wrong", MOST_WRONG_PINS - 1)
    assert opened(clinic, sessions, card, pin)
    assert clinic.links.open(secret_of(card), preview_by=doctor.id)
    sessions.set_pin(doctor.id, card.patient.id, wanted=False)
    assert opened(clinic, sessions, card)


def test_a_right_pin_costs_no_try(clinic, sessions, doctor, card):
    sessions.set_pin(doctor.id, card.patient.id, wanted=True)
    pin = pin_of(clinic, sessions, doctor, card)
    for _ in range(2 * MOST_WRONG_PINS):
        assert opened(clinic, sessions, card, pin)


def test_fifty_wrong_pins_at_once_are_ten_tries_and_the_doctor_is_told(clinic, sessions, doctor, card):
    sessions.set_pin(doctor.id, card.patient.id, wanted=True)
    pin = pin_of(clinic, sessions, doctor, card)
    guesses = [wrong(pin)] * 49 + [wrong(wrong(pin))]
    outcomes = together([lambda guess=guess: opened(clinic, sessions, card, guess) for guess in guesses])
    refused = [outcome for outcome in outcomes if isinstance(outcome, PinRefused)]
    assert len(refused) == 50
    assert clinic.links.card(doctor.id, card.patient.id).link.pin_failures == MOST_WRONG_PINS
    looked_at = [act for act in clinic.acts(card.patient.id) if act in ("pin_refused", "link_paused")]
    assert len(looked_at) == MOST_WRONG_PINS
    with pytest.raises(PinRefused) as caught:
        opened(clinic, sessions, card, pin)
    assert caught.value.reason == "link_paused"
    assert sessions.paused(doctor.id) == [card.patient.id]
    assert sessions.paused(clinic.doctor().id) == []

    sessions.set_pin(doctor.id, card.patient.id, wanted=True)
    assert sessions.paused(doctor.id) == []
    assert opened(clinic, sessions, card, pin_of(clinic, sessions, doctor, card))
