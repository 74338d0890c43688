import hashlib
import re

import pytest
from sqlalchemy import select

from oximetry.adapters.catalogue import tables
from oximetry.adapters.security import FernetVault
from oximetry.domain.errors import InvalidRequest, LinkRefused, NotFound
from oximetry.services.links import PatientLinks
from tests.factories import (
    BASE_URL,
    NOW,
    Clinic,
    catalogue,
    database_url,
    migrated_postgres,
    migrated_sqlite,
    postgres_url,
    sqlite_url,
)
from tests.parallel import together
from tests.postgres import postgres

__all__ = [
    "catalogue",
    "database_url",
    "migrated_postgres",
    "migrated_sqlite",
    "postgres",
    "postgres_url",
    "sqlite_url",
]


@pytest.fixture
def clinic(catalogue):
    return Clinic(catalogue)


@pytest.fixture
def doctor(clinic):
    return clinic.doctor()


@pytest.fixture
def card(clinic, doctor):
    return clinic.links.create(doctor.id, "  the tall\tone ")


def secret_of(card):
    return card.url.rpartition("#")[2]


def refusal(links, secret):
    with pytest.raises(LinkRefused) as caught:
        links.open(secret)
    return caught.value.reason, caught.value.details


def test_link_is_built_on_the_public_url_with_the_secret_behind_the_hash(card):
    assert re.fullmatch(re.escape(BASE_URL) + r"/patient/#[A-Za-z0-9_-]{43}", card.url)
    assert card.patient.id not in card.url


def test_secret_opens_its_patient(clinic, doctor, card):
    link = clinic.links.open(secret_of(card))
    assert (link.patient_id, link.doctor_id) == (card.patient.id, doctor.id)


def test_catalogue_keeps_the_secret_hashed_and_sealed_only(clinic, card):
    with clinic.catalogue._engine.connect() as connection:
        row = connection.execute(select(tables.patient_links)).one()
    secret = secret_of(card)
    assert row.secret_sha256 == hashlib.sha256(secret.encode()).hexdigest()
    assert secret.encode() not in bytes(row.secret_sealed)
    assert clinic.vault.open(bytes(row.secret_sealed)) == secret


def test_unknown_malformed_and_revoked_secrets_get_the_same_answer(clinic, doctor, card):
    unknown = refusal(clinic.links, "A" * 43)
    secret = secret_of(card)
    for wrong in ("", "short", secret + "\n", secret + "A", f" {secret}", "\0" * 43, "\ud800" * 43, "x" * 10_000_000):
        assert refusal(clinic.links, wrong) == unknown
    clinic.links.revoke(doctor.id, card.patient.id)
    assert refusal(clinic.links, secret) == unknown


def test_rotated_link_stops_at_once_and_the_new_one_opens(clinic, doctor, card):
    old = clinic.links.open(secret_of(card))
    new = clinic.links.rotate(doctor.id, card.patient.id)
    assert new.url != card.url
    assert refusal(clinic.links, secret_of(card))
    with clinic.catalogue.read() as transaction:
        assert transaction.patients.live_link(old.id) is None
    assert clinic.links.open(secret_of(new)).patient_id == card.patient.id


def test_link_rotated_in_several_tabs_at_once_leaves_one_that_opens(clinic, doctor, card):
    outcomes = together([lambda: clinic.links.rotate(doctor.id, card.patient.id)] * 4)
    assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    live = clinic.links.card(doctor.id, card.patient.id)
    assert clinic.links.open(secret_of(live)).patient_id == card.patient.id
    assert clinic.acts(card.patient.id).count("link_rotated") == 4


def test_revoked_patient_has_no_link_until_a_new_one_is_made(clinic, doctor, card):
    clinic.links.revoke(doctor.id, card.patient.id)
    clinic.links.revoke(doctor.id, card.patient.id)
    bare = clinic.links.card(doctor.id, card.patient.id)
    assert (bare.url, bare.link) == (None, None)
    assert clinic.acts(card.patient.id) == ["patient_created", "link_revoked"]
    assert clinic.links.open(secret_of(clinic.links.rotate(doctor.id, card.patient.id)))


def test_visit_is_counted_and_the_doctors_preview_is_not(clinic, doctor, card):
    clinic.links.open(secret_of(card), preview_by=doctor.id)
    assert clinic.links.card(doctor.id, card.patient.id).link.opened_count == 0
    clinic.links.open(secret_of(card))
    clinic.links.open(secret_of(card), preview_by=clinic.doctor().id)
    link = clinic.links.card(doctor.id, card.patient.id).link
    assert (link.opened_count, link.last_opened_at) == (2, NOW)


def test_another_doctor_can_do_nothing_with_a_patient(clinic, doctor, card):
    other = clinic.doctor()
    for act in (clinic.links.card, clinic.links.rotate, clinic.links.revoke):
        with pytest.raises(NotFound):
            act(other.id, card.patient.id)
    with pytest.raises(NotFound):
        clinic.links.set_label(other.id, card.patient.id, "mine")
    assert clinic.links.cards(other.id) == []
    assert clinic.links.open(secret_of(card))
    assert clinic.links.card(doctor.id, card.patient.id).patient.label == "the tall one"


def test_label_is_tidied_bounded_and_can_be_taken_away(clinic, doctor, card):
    def relabelled(label):
        clinic.links.set_label(doctor.id, card.patient.id, label)
        return clinic.links.card(doctor.id, card.patient.id).patient.label

    assert card.patient.label == "the tall one"
    assert relabelled("x" * 80) == "x" * 80
    assert relabelled("a\0b\u202ec") == "a b c"
    assert relabelled("   ") is None
    with pytest.raises(InvalidRequest) as caught:
        relabelled("x" * 81)
    assert (caught.value.reason, caught.value.details) == ("label_too_long", {"maximum": 80})


def test_extra_rules_are_off_at_first_and_switched_in_one_order_with_a_trail(clinic, doctor, card):
    def rules():
        return clinic.links.card(doctor.id, card.patient.id).patient.extra_rules

    assert rules() == ()
    clinic.links.set_extra_rules(doctor.id, card.patient.id, ["mcgill", "copd", "mcgill"])
    assert rules() == ("copd", "mcgill")
    clinic.links.set_extra_rules(doctor.id, card.patient.id, ["copd", "mcgill"])
    clinic.links.set_extra_rules(doctor.id, card.patient.id, [])
    assert rules() == ()
    assert clinic.acts(card.patient.id) == ["patient_created", "extra_rules_set", "extra_rules_set"]


def test_the_trail_of_extra_rules_says_which(clinic, doctor, card):
    clinic.links.set_extra_rules(doctor.id, card.patient.id, ["medicare"])
    with clinic.catalogue.read() as transaction:
        last = transaction.audit.about([card.patient.id])[-1]
    assert (last["act"], last["doctor_id"], last["details"]) == ("extra_rules_set", doctor.id, {"rules": ["medicare"]})


def test_an_unknown_extra_rule_is_refused_and_changes_nothing(clinic, doctor, card):
    clinic.links.set_extra_rules(doctor.id, card.patient.id, ["copd"])
    with pytest.raises(InvalidRequest) as caught:
        clinic.links.set_extra_rules(doctor.id, card.patient.id, ["mcgill", "horoscope"])
    assert caught.value.reason == "unknown_rule"
    assert clinic.links.card(doctor.id, card.patient.id).patient.extra_rules == ("copd",)


def test_another_doctor_cannot_switch_extra_rules(clinic, doctor, card):
    with pytest.raises(NotFound):
        clinic.links.set_extra_rules(clinic.doctor().id, card.patient.id, ["copd"])
    assert clinic.links.card(doctor.id, card.patient.id).patient.extra_rules == ()


def test_patients_are_listed_newest_first_with_their_own_links(clinic, doctor, card):
    second = clinic.links.create(doctor.id)
    clinic.links.revoke(doctor.id, card.patient.id)
    listed = [(one.patient.number, one.url) for one in clinic.links.cards(doctor.id)]
    assert listed == [(2, second.url), (1, None)]


def test_link_sealed_under_another_key_still_opens_and_can_be_replaced(clinic, doctor, card, caplog):
    later = PatientLinks(clinic.catalogue, FernetVault("a new secret key"), BASE_URL, clinic.clock)
    [shown] = later.cards(doctor.id)
    assert shown.url is None
    assert shown.link is not None
    assert later.open(secret_of(card)).patient_id == card.patient.id
    assert later.rotate(doctor.id, card.patient.id).url is not None
    assert secret_of(card) not in caplog.text
