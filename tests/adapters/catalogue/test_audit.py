"""The audit trail: a chain that the database itself keeps anybody from changing, and people under pseudonyms."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import DBAPIError

from oximetry.adapters.catalogue import tables as t
from oximetry.domain.audit import FIRST_LINK, Actor, ActorKind, Pseudonym, check_chain
from tests.parallel import together

NOW = datetime(2026, 3, 1, 12, 30, 15, 123456)
PATIENT = "11111111-1111-1111-1111-111111111111"
SERIAL = "2401003456"
BEFORE = [t.audit_events.c[name] for name in ("doctor_id", "act", "subject_id", "details")]


@pytest.fixture
def told(catalogue):
    with catalogue.write() as transaction:
        transaction.audit.add(NOW, "dr-1", "patient_created", ("patient", PATIENT))
        transaction.audit.add(NOW, "dr-1", "device_lent", ("patient", PATIENT), device=SERIAL, rules=["copd"], days=3)
    with catalogue.write() as transaction:
        transaction.audit.add(NOW, Actor(ActorKind.PATIENT, "link-1"), "link_opened", ("patient", PATIENT))
        transaction.audit.add(NOW, None, "reanalysed", ("recording", "n-1"))
    return catalogue


def checked(catalogue, expected=None):
    with catalogue.read() as transaction:
        return check_chain(transaction.audit.events(), expected)


def rows(catalogue, table="audit_events"):
    with catalogue._engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(f"SELECT * FROM {table}"))]


def tampered(catalogue, *statements):
    """What somebody does who may take the triggers away."""
    with catalogue._engine.connect().execution_options(writes=True) as connection, connection.begin():
        if connection.dialect.name == "postgresql":
            connection.execute(text("GRANT UPDATE, DELETE ON audit_events TO CURRENT_USER"))
            connection.execute(text("ALTER TABLE audit_events DISABLE TRIGGER USER"))
        else:
            connection.execute(text("DROP TRIGGER audit_events_update"))
            connection.execute(text("DROP TRIGGER audit_events_delete"))
        for statement in statements:
            connection.execute(text(statement))


def test_acts_are_numbered_and_chained(told):
    found = checked(told)
    assert (found.count, found.broken_at, found.is_whole) == (4, None, True)
    with told.read() as transaction:
        events = list(transaction.audit.events())
        assert transaction.audit.head() == (4, found.head_sha256)
    assert [event.number for event in events] == [1, 2, 3, 4]
    assert events[0].previous_sha256 == FIRST_LINK
    assert [event.actor_kind for event in events] == ["doctor", "doctor", "patient", "system"]
    assert events[1].happened_at == NOW


@pytest.mark.parametrize(
    ("what", "broken_at"),
    [
        ("UPDATE audit_events SET act = 'night_viewed' WHERE number = 2", 2),
        ("UPDATE audit_events SET doctor_id = NULL WHERE number = 3", 3),
        ("UPDATE audit_events SET details = '{}' WHERE number = 2", 2),
        ("DELETE FROM audit_events WHERE number = 1", 1),
        ("DELETE FROM audit_events WHERE number = 3", 3),
    ],
)
def test_a_change_is_found_where_it_was_made(told, what, broken_at):
    tampered(told, what)
    found = checked(told)
    assert (found.broken_at, found.is_whole) == (broken_at, False)


def test_an_end_that_was_cut_off_is_found_by_an_earlier_head(told):
    head = checked(told).head_sha256
    assert checked(told, head).is_whole
    tampered(told, "DELETE FROM audit_events WHERE number = 4")
    assert checked(told).is_whole
    assert not checked(told, head).is_whole


@pytest.mark.parametrize(
    "what", ["UPDATE audit_events SET act = 'x'", "DELETE FROM audit_events", "TRUNCATE audit_events"]
)
def test_the_database_refuses_to_change_or_delete(told, what):
    before = rows(told)
    with (
        pytest.raises(DBAPIError, match=r"append-only|permission denied|syntax error"),
        told._engine.connect() as connection,
        connection.begin(),
    ):
        connection.execute(text(what))
    assert rows(told) == before


def test_the_role_of_the_application_has_no_right_to_change_it(told):
    with told._engine.connect() as connection:
        if connection.dialect.name != "postgresql":  # no rights there: triggers alone
            triggers = connection.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'"))
            assert {"audit_events_update", "audit_events_delete"} <= set(triggers)
            return
        of_table = "SELECT privilege_type FROM information_schema.role_table_grants WHERE table_name = 'audit_events'"
        granted = set(connection.scalars(text(of_table)))
    assert granted & {"UPDATE", "DELETE", "TRUNCATE"} == set()
    assert "INSERT" in granted


def test_no_name_stands_in_the_chain_itself(told):
    chain = json.dumps(rows(told), default=str)
    for name in (PATIENT, "dr-1", SERIAL, "link-1", "n-1"):
        assert name not in chain
    assert '"copd"' in chain.replace("\\", "")


def test_acts_are_told_with_their_names(told):
    with told.read() as transaction:
        created, lent, opened = transaction.audit.about([PATIENT])
        assert [one["number"] for one in transaction.audit.about([PATIENT], limit=1)] == [3]
        assert [one["act"] for one in transaction.audit.by("dr-1", 10)] == ["patient_created", "device_lent"]
    assert (created["doctor_id"], created["subject_id"]) == ("dr-1", PATIENT)
    assert lent["details"] == {"device": SERIAL, "rules": ["copd"], "days": 3}
    assert (opened["actor_kind"], opened["actor_id"], opened["doctor_id"]) == ("patient", "link-1", None)


def test_a_forgotten_person_is_in_no_table_and_the_chain_stays_whole(told):
    with told.write() as transaction:
        pseudonym = transaction.audit.pseudonym(PATIENT)
        assert transaction.audit.forget([PATIENT, SERIAL, "link-1", "unknown"]) == 3
        transaction.audit.add(NOW, "dr-1", "patient_erased", ("patient", pseudonym))
    everything = json.dumps([rows(told), rows(told, "audit_names")], default=str)
    assert PATIENT not in everything
    assert SERIAL not in everything
    assert checked(told).is_whole
    with told.read() as transaction:
        assert transaction.audit.about([PATIENT]) == []
        last = [event for event in transaction.audit.events() if event.subject == pseudonym]
    assert [event.act for event in last] == ["patient_created", "device_lent", "link_opened", "patient_erased"]


def test_parallel_acts_make_one_chain(catalogue):
    def act(which):
        for step in range(10):
            with catalogue.write() as transaction:
                subject = ("patient", f"patient-{step % 3}")
                transaction.audit.add(NOW + timedelta(seconds=step), f"dr-{which}", "stored", subject)

    together([lambda which=which: act(which) for which in range(6)])
    found = checked(catalogue)
    assert (found.count, found.is_whole) == (60, True)


def test_what_is_rolled_back_leaves_no_act(told):
    def fail():
        with told.write() as transaction:
            transaction.audit.add(NOW, "dr-1", "stored", ("patient", PATIENT))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert checked(told).count == 4


def test_an_act_in_a_transaction_that_only_reads_is_an_error(told):
    with pytest.raises(RuntimeError), told.read() as transaction:
        transaction.audit.add(NOW, "dr-1", "stored", ("patient", PATIENT))


def test_what_a_version_before_wrote_is_taken_over(catalogue):
    before = {"happened_at": NOW, "doctor_id": "dr-1", "act": "file_deleted", "subject_type": "file"}
    with catalogue.write() as transaction:
        transaction.audit._connection.execute(
            insert(t.audit_events),
            [
                before | {"subject_id": "f-1", "details": {"reference": f"recording:{PATIENT}"}},
                before | {"subject_id": "f-2", "details": {}, "doctor_id": None},
            ],
        )
    catalogue.migrate()
    with catalogue._engine.connect() as connection:
        assert connection.execute(select(t.audit_events).where(t.audit_events.c.number.is_(None))).all() == []
    assert checked(catalogue).is_whole
    with catalogue.read() as transaction:
        (first,) = transaction.audit.about(["f-1"])
    assert (first["happened_at"], first["doctor_id"], first["details"]) == (NOW, "dr-1", {"reference": PATIENT})
    with catalogue.write() as transaction:
        assert transaction.audit.forget([PATIENT]) == 1
    assert PATIENT not in json.dumps([rows(catalogue, "audit_events"), rows(catalogue, "audit_names")], default=str)


def test_going_back_to_the_version_before_brings_its_table_back(told):
    with told.write() as transaction:
        transaction.audit.add(NOW, None, "noted", ("patient", Pseudonym("p")))
    told.migrate_down("0012")
    with told._engine.connect() as connection:
        kept = connection.execute(select(*BEFORE).order_by(t.audit_events.c.id)).all()
    assert [(row.doctor_id, row.act, row.subject_id) for row in kept] == [
        ("dr-1", "patient_created", PATIENT),
        ("dr-1", "device_lent", PATIENT),
        (None, "link_opened", PATIENT),
        (None, "reanalysed", "n-1"),
        (None, "noted", "p"),
    ]
    assert kept[1].details == {"device": SERIAL, "rules": ["copd"], "days": 3}
    told.migrate()
    assert checked(told).count == 5
