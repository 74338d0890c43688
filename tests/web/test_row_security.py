"""PostgreSQL keeps rows to itself: a role that does not own the tables sees its doctor's, and the pages work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from oximetry.domain.acting import acting_for
from oximetry.domain.errors import ConfigurationError, NotFound
from oximetry.domain.records import Role
from tests.web.conftest import BASE_URL, PASSWORD, World

KEPT = (
    "patients", "recordings", "patient_links", "analyses", "upload_items", "upload_sessions", "night_lines",
    "link_sessions", "link_openings", "plots",
)  # fmt: skip


@pytest.fixture
def shared(empty_postgres: str, make_world: Callable[..., World]) -> Iterator[tuple[World, str]]:
    """A clinic's platform whose web processes connect as a role of their own; and that role's address."""
    role = f"web_{uuid4().hex[:8]}"
    owner = make_world(database_url=empty_postgres)
    with owner.services.catalogue._engine.connect() as connection, connection.begin():
        connection.execute(text(f"CREATE ROLE {role} LOGIN"))
    owner.services.catalogue.grant(role)
    address = empty_postgres.replace("://test@", f"://{role}@")
    yield make_world(database_url=address, database_row_security=True), address
    owner.services.catalogue.dispose()


def counted(address: str, doctor_id: str | None) -> dict[str, int]:
    engine = create_engine(address)
    with engine.connect() as connection, connection.begin():
        if doctor_id is not None:
            connection.execute(text("SELECT set_config('oximetry.acting_for', :who, true)"), {"who": doctor_id})
        found = {name: int(connection.scalar(text(f"SELECT count(*) FROM {name}")) or 0) for name in KEPT}
    engine.dispose()
    return found


def test_without_a_doctor_there_is_no_row_and_with_one_there_are_that_doctors(shared: tuple[World, str]) -> None:
    world, address = shared
    _patient_id, secret = world.stored_night()
    world.stored_night("bogdan@localhost", 1)
    world.opened(secret)
    assert set(counted(address, None).values()) == {0}
    assert set(counted(address, "").values()) == {0}
    assert set(counted(address, str(uuid4())).values()) == {0}
    own = counted(address, world.doctor().id)
    every = counted(address, "*")
    assert (own["patients"], every["patients"]) == (1, 2)
    assert own["recordings"] == own["patient_links"] == own["link_openings"] == 1
    assert counted(address, world.doctor("bogdan@localhost").id)["link_openings"] == 0


def test_the_role_changes_no_table_and_no_audit(shared: tuple[World, str]) -> None:
    world, address = shared
    world.stored_night()
    engine = create_engine(address)
    for words in (
        "ALTER TABLE patients DISABLE ROW LEVEL SECURITY",
        "DROP POLICY of_doctor ON patients",
        "UPDATE audit_events SET act = 'x'",
        "DELETE FROM audit_events",
        "UPDATE alembic_version SET version_num = '0001'",
    ):
        with pytest.raises(DBAPIError), engine.connect() as connection, connection.begin():
            connection.execute(text(words))
    engine.dispose()


def test_every_page_works_as_that_role(shared: tuple[World, str]) -> None:
    world, _address = shared
    patient_id, secret = world.stored_night()
    client = world.signed_in()
    with world.services.catalogue.read() as transaction:
        (night,) = transaction.night_lines.of_patient(world.doctor().id, patient_id)
    for page in (
        "/medic/", "/medic/patients", f"/medic/patients/{patient_id}", f"/medic/patients/{patient_id}/history",
        f"/medic/nights/{night.night_id}", "/medic/settings",
    ):  # fmt: skip
        assert client.get(page, base_url=BASE_URL).status_code == 200, page
    assert client.get("/readyz", base_url=BASE_URL).json["database"] == "ok"  # type: ignore[index]
    csv = next(found.key for found in world.services.store.list(f"{patient_id}/csvs/"))
    assert client.get(f"/patient/{csv}", base_url=BASE_URL).status_code == 302
    patient = world.opened(secret)
    assert patient.get(f"/patient/{csv}", base_url=BASE_URL).status_code == 302
    other_id, other_secret = world.stored_night("bogdan@localhost", 1)
    answer = patient.post(
        "/patient/session", json={"secret": other_secret}, headers={"Origin": BASE_URL}, base_url=BASE_URL
    )
    assert answer.json == {"patient_id": other_id, "preview": False}
    assert client.get(f"/medic/patients/{other_id}", base_url=BASE_URL).status_code == 404
    world.services.accounts.create("admin@localhost", PASSWORD, Role.ADMINISTRATOR)
    admin = world.signed_in("admin@localhost")
    assert admin.get("/medic/storage", base_url=BASE_URL).status_code == 200
    assert patient_id in admin.get("/medic/storage", base_url=BASE_URL).text
    assert admin.get(f"/medic/patients/{patient_id}", base_url=BASE_URL).status_code == 404


def test_doctors_sign_into_one_chain_as_that_role(shared: tuple[World, str]) -> None:
    world, _address = shared
    review = world.services.review
    for which, email in enumerate(("ana@localhost", "bogdan@localhost")):
        world.stored_night(email, which)
        doctor = world.doctor(email)
        before = acting_for.set(doctor.id)
        try:
            review.set_profile(replace(review.profile(doctor.id), signer_name="Dr. Ana Pop"))
            (night_id,) = review.waiting(doctor.id)
            seen = review.draft(doctor.id, night_id).numbers_sha256
            version = review.save_draft(doctor.id, night_id, "ODI4 {odi4_mean120}.", "", 0, seen=seen)
            review.sign(doctor, night_id, version=version, seen=seen, has_read=True)
        finally:
            acting_for.reset(before)
    assert review.chain_is_whole()


def test_a_query_that_forgets_the_doctor_still_finds_nobody_elses(shared: tuple[World, str]) -> None:
    world, _address = shared
    patient_id, _secret = world.stored_night()
    catalogue = world.services.catalogue
    for doctor, is_own in ((world.doctor(), True), (world.doctor("bogdan@localhost"), False)):
        before = acting_for.set(doctor.id)
        try:
            with catalogue.read() as transaction:
                assert transaction.patients.doctor_of(patient_id) == world.doctor().id
            assert is_own
        except NotFound:
            assert not is_own
        finally:
            acting_for.reset(before)


@pytest.mark.parametrize("role", ["test", "nobody_here", "a b", "x; DROP TABLE patients", ""])
def test_a_role_that_sees_everything_or_is_not_there_gets_nothing(
    empty_postgres: str, make_world: Callable[..., World], role: str
) -> None:
    catalogue = make_world(database_url=empty_postgres).services.catalogue
    with pytest.raises(ConfigurationError):
        catalogue.grant(role)
    with pytest.raises(NotFound), catalogue.read() as transaction:
        transaction.patients.doctor_of(str(uuid4()))
