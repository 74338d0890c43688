"""An erased patient is found nowhere: every column of every table and every object are searched for what led to one."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from dataclasses import dataclass
from datetime import datetime

import pytest
from sqlalchemy import MetaData, select

from oximetry.domain.errors import InvalidRequest, LinkRefused, NotFound, StorageUnavailable
from oximetry.domain.records import Doctor, NightState, Patient
from oximetry.domain.review_records import Verdict
from oximetry.services.intake.batch import HANDED_BY
from tests.factories import PDF, Clinic, as_binary, night_csv, night_name, part_csv, report_name
from tests.services.review.conftest import Scene

SERIAL, OTHER_SERIAL = "770015522", "880026633"  # too long to stand in a hash by chance
START = datetime(2025, 9, 3, 22, 41, 7)
LABEL, NOTES = "Fișa 4711-K", "doarme pe spate, vezi și tusea"


@dataclass
class World:
    """One patient with everything that a patient can have, and another one who must stay as she is."""

    clinic: Clinic
    doctor: Doctor
    patient: Patient
    other: Patient
    needles: set[str]
    secret: str
    code: str


def everything(clinic: Clinic) -> str:
    """All rows of all tables, and the names and bytes of all objects, as one text."""
    found = MetaData()
    lines = []
    with clinic.catalogue._engine.connect() as connection:
        found.reflect(connection)
        for table in found.sorted_tables:
            for row in connection.execute(select(table)):
                lines.append(f"{table.name}: {[readable(value) for value in row]}")
    for key, content in clinic.store.objects.items():
        lines.append(f"object {key}: {readable(content)}")
    return "\n".join(lines)


def readable(value: object) -> str:
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode("latin-1")
    return json.dumps(value, default=str, ensure_ascii=False)


def rows_of_other(world: World) -> list[str]:
    return sorted(
        line for line in everything(world.clinic).splitlines() if world.other.id in line and "audit" not in line
    )


@pytest.fixture
def world(both_clinics: Clinic) -> World:
    clinic = both_clinics
    scene = Scene(clinic)  # a doctor who signs, a patient with one night of the serial 9001
    doctor, patient = scene.doctor, scene.patient
    other = clinic.patient(doctor)
    clinic.stored_night(doctor, other, datetime(2025, 9, 4, 21, 2, 3), OTHER_SERIAL)
    clinic.links.set_label(doctor.id, patient.id, LABEL, acknowledged=True)
    clinic.links.set_notes(doctor.id, patient.id, NOTES)
    clinic.loans.lend(doctor.id, patient.id, SERIAL)
    csv = part_csv(START, rows=4000)
    binary = as_binary(csv, night_name(SERIAL, START))
    session = clinic.uploads.separate_session(doctor)
    for content, name in (
        (binary, f"{START:%Y%m%d%H%M%S}"),
        (csv, night_name(SERIAL, START)),
        (PDF, report_name(SERIAL, START)),
    ):
        clinic.upload(doctor, content, name, session.id)
    clinic.work()
    clinic.assignment.all_to_one(doctor, session.id, patient.id, acknowledged=True)
    clinic.work()
    clinic.batches.mark_handed(doctor, session.id, patient.id, HANDED_BY[0])
    twin = clinic.patient(doctor)
    clinic.stored_night(doctor, twin, datetime(2025, 9, 5, 23, 0, 0), SERIAL)
    clinic.merging.merge(doctor.id, twin.id, patient.id)
    clinic.work()
    kept_aside = clinic.upload(doctor, csv, "again.csv")  # the same night once more, taken out and kept aside
    clinic.uploads.discard(doctor, kept_aside.id)
    scene.save()
    signed = scene.sign()
    clinic.work()
    code = clinic.vault.open(signed.code_sealed) if signed.code_sealed else ""
    card = clinic.links.card(doctor.id, patient.id)
    secret = str(card.url).rpartition("#")[2]
    clinic.links.open(secret)
    with clinic.catalogue.read() as transaction:
        scope = transaction.erasures.scope(patient.id)
    assert twin.id in scope.patients
    assert len(scope.nights) == 3
    needles = {*scope.everything} - {*scope.signed_reports}  # of a report its own number and id are left
    needles |= {SERIAL, "4711-K", "4711-k", "tusea", secret, hashlib.sha256(secret.encode()).hexdigest()}
    for content in (csv, binary, PDF):
        digest = hashlib.sha256(content).hexdigest()
        needles |= {digest, digest[:8]}
    needles |= {f"{START:%Y%m%d%H%M%S}", f"{START:%Y-%m-%d %H:%M}", f"{START:%Y-%m-%dT%H:%M}"}
    return World(clinic, doctor, patient, other, needles, secret, code)


def found(world: World) -> set[str]:
    """What of the person is somewhere, with the beginning of a line in which it stands."""
    lines = everything(world.clinic).splitlines()
    return {f"{needle} in {line[:60]}" for needle in world.needles for line in lines if needle in line}


def test_nothing_of_an_erased_patient_is_found_and_everybody_else_stays(world: World) -> None:
    clinic = world.clinic
    assert len(found(world)) > 30  # the search finds what is there
    before = rows_of_other(world)
    assert before
    erasure = clinic.erasure.erase(world.doctor.id, world.patient.id)
    with pytest.raises(LinkRefused):
        clinic.links.open(world.secret)
    clinic.work()
    assert clinic.erasure.get(erasure.id).finished_at is not None
    assert found(world) == set()
    assert rows_of_other(world) == before
    assert clinic.failed_jobs == 0
    with pytest.raises(NotFound):
        clinic.links.card(world.doctor.id, world.patient.id)


def test_the_chain_of_signed_reports_can_still_be_checked_and_an_erased_one_is_unknown(world: World) -> None:
    assert world.clinic.review.chain_is_whole()
    world.clinic.erasure.erase(world.doctor.id, world.patient.id)
    world.clinic.work()
    assert world.clinic.review.chain_is_whole()
    assert world.clinic.review.verify_code(world.code).verdict is Verdict.UNKNOWN
    with world.clinic.catalogue._engine.connect().execution_options(writes=True) as connection, connection.begin():
        connection.exec_driver_sql("UPDATE clinical_reports SET content_sha256 = 'other'")
    assert not world.clinic.review.chain_is_whole()


def test_while_the_store_is_away_the_rows_are_gone_and_the_objects_follow(world: World) -> None:
    clinic = world.clinic
    clinic.store.failure = StorageUnavailable()
    erasure = clinic.erasure.erase(world.doctor.id, world.patient.id)
    clinic.work()
    assert clinic.erasure.get(erasure.id).finished_at is None
    with pytest.raises(NotFound):
        clinic.links.card(world.doctor.id, world.patient.id)
    clinic.store.failure = None
    clinic.clock.move(minutes=10)
    clinic.work()
    assert clinic.erasure.get(erasure.id).finished_at is not None
    assert found(world) == set()


def test_an_object_that_a_running_job_still_writes_is_removed_too(world: World) -> None:
    clinic = world.clinic
    with clinic.catalogue.write() as transaction:
        analysis = transaction.erasures.scope(world.patient.id).analyses[0]
        transaction.jobs.submit("render_plot", f"{analysis}:ro", world.doctor.id, clinic.clock())
    drawn = clinic.handlers["render_plot"]
    erasures = []

    def erased_meanwhile(subject: str) -> None:
        erasures.append(clinic.erasure.erase(world.doctor.id, world.patient.id))
        clinic.runner.run_one(("erase_objects",))
        assert clinic.erasure.get(erasures[0].id).finished_at is None  # it waits for us
        clinic.store.put(f"{world.patient.id}/plots/late.png", b"late", content_type="image/png")
        drawn(subject)

    clinic.handlers["render_plot"] = erased_meanwhile
    clinic.work()
    clinic.clock.move(minutes=10)
    clinic.work()
    assert clinic.erasure.get(erasures[0].id).finished_at is not None
    assert found(world) == set()


def test_a_patient_of_another_doctor_is_not_erased(world: World) -> None:
    with pytest.raises(NotFound):
        world.clinic.erasure.erase(world.clinic.doctor().id, world.patient.id)
    assert world.clinic.links.card(world.doctor.id, world.patient.id)


def test_a_night_that_is_moving_arrives_first(world: World) -> None:
    clinic = world.clinic
    [night] = [one for one in clinic.nights.managed(world.doctor.id, world.other.id, "ro")]
    clinic.nights.move(world.doctor.id, night.night.id, world.patient.id)
    for patient in (world.patient, world.other):
        with pytest.raises(InvalidRequest) as refused:
            clinic.erasure.erase(world.doctor.id, patient.id)
        assert refused.value.reason == "erase_while_moving"
    clinic.work()
    assert clinic.nights.managed(world.doctor.id, world.patient.id, "ro")[0].night.state is NightState.STORED
    clinic.erasure.erase(world.doctor.id, world.patient.id)


def test_a_file_that_was_only_meant_for_the_patient_waits_to_be_decided_again(world: World) -> None:
    clinic = world.clinic
    item = clinic.upload(world.doctor, night_csv(datetime(2025, 12, 1, 22)), night_name("99003"))
    clinic.work()
    clinic.assignment.choose(world.doctor, item.session_id, [item.id], world.patient.id)
    clinic.erasure.erase(world.doctor.id, world.patient.id)
    clinic.work()
    assert clinic.item(item.id).target is None
    assert found(world) == set()


def test_before_it_everything_can_be_taken_along(world: World) -> None:
    target = io.BytesIO()
    files = world.clinic.exports.write(world.doctor.id, world.patient.id, target)
    with zipfile.ZipFile(target) as packed:
        names = packed.namelist()
        nights = json.loads(packed.read("nights.json"))
        patient = json.loads(packed.read("patient.json"))
        signed = json.loads(packed.read("signed_reports.json"))
        acts = {json.loads(line)["act"] for line in packed.read("audit.jsonl").splitlines()}
        stored = {name: packed.read(name) for name in names if name.startswith("files/")}
    assert (patient["label"], patient["notes"]) == (LABEL, NOTES)
    assert len(nights) == 3
    assert all("odi4_per_h" in night for night in nights)
    assert len(signed) == 1
    assert {"stored", "report_signed"} <= acts
    assert len(stored) == files
    assert all(world.clinic.store.objects[name.removeprefix("files/")] == content for name, content in stored.items())
    assert part_csv(START, rows=4000) in stored.values()
