"""Files that are no CSV, and files without a clock: kept as they came, with a CSV twin, dated by the doctor's word."""

import hashlib
import io
import zipfile
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from oximetry.domain.errors import InvalidRequest, NotFound
from oximetry.domain.recording import Hints
from oximetry.domain.records import ItemState
from oximetry.readers.formats import create_registry
from oximetry.samples.writers.catalogue import WRITERS
from oximetry.services.nights.normalised_csv import normalised_csv
from tests.factories import night_csv, night_name

START = datetime(2025, 10, 7, 23, 4, 37)
WITHOUT_CLOCK = ("SpO2,Pulse\n" + "97,60\n" * 600).encode()


def recording():
    return create_registry().read(night_csv(rows=600), Hints(night_name()))


def binary():
    writer = next(one for one in WRITERS if one.format == "viatom_binary" and 4 in one.intervals_s)
    return writer.write(recording())


def confirmed(clinic, content, name, start=None):
    doctor = clinic.doctor()
    patient = clinic.patient(doctor)
    item = clinic.upload(doctor, content, name)
    clinic.work()
    if start is not None and clinic.item(item.id).state is ItemState.UNDATED:
        clinic.uploads.give_start(doctor, item.id, start)
        clinic.work()
    clinic.assignment.choose(doctor, item.session_id, [item.id], patient.id)
    clinic.assignment.confirm(doctor, item.session_id)
    clinic.work()
    (card,) = clinic.nights.shown(doctor.id, patient.id, "ro")
    return doctor, card


def test_binary_original_is_kept_byte_for_byte_beside_a_csv_twin_that_reads_the_same(clinic):
    content = binary()
    _, card = confirmed(clinic, content, "20251007230437")
    assert card.original is not None
    assert clinic.store.objects[card.original.key] == content
    assert f"{card.night.patient_id}/originals/20251007230437_" in card.original.key
    twin = create_registry().read(clinic.store.objects[card.csv.key], Hints(card.csv.name))
    original = create_registry().read(content, Hints("20251007230437"))
    assert np.array_equal(twin.spo2_pct, original.spo2_pct, equal_nan=True)
    assert np.array_equal(twin.pulse_bpm, original.pulse_bpm, equal_nan=True)
    assert (twin.started_at, twin.samples) == (original.started_at, original.samples)


def test_csv_needs_no_twin(clinic):
    _, card = confirmed(clinic, night_csv(), night_name())
    assert card.original is None


FORMATS = Path(__file__).parents[2] / "data/formats"
# a sample of each format, and the ending and type that a person's computer opens the original with
ENDINGS = [
    ("apple_health.xml", "xml", "application/xml"),
    ("bdf.bdf", "edf", "application/octet-stream"),
    ("contec_spo2.SpO2", "bin", "application/octet-stream"),
    ("edf.edf", "edf", "application/octet-stream"),
    ("excel_xlsx.xlsx", "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("fitbit.json", "json", "application/json"),
    ("masimo_rad8.out", "txt", "text/plain"),
    ("nellcor_n395.txt", "txt", "text/plain"),
    ("oxyii.bin", "bin", "application/octet-stream"),
    ("viatom_v3.bin", "bin", "application/octet-stream"),
]


@pytest.mark.parametrize(("sample", "ending", "content_type"), ENDINGS, ids=[name for name, *_ in ENDINGS])
def test_an_original_that_is_no_csv_keeps_its_own_ending_and_type(clinic, sample, ending, content_type):
    content = (FORMATS / sample).read_bytes()
    _, card = confirmed(clinic, content, sample, START)
    assert card.original.name.endswith(f"_{hashlib.sha256(content).hexdigest()[:8]}.{ending}")
    assert card.original.content_type == content_type
    assert card.csv.name.endswith(".csv")


@pytest.mark.parametrize("sample", ["contec_csv.csv", "emay.csv", "table_csv.csv", "viatom_csv.csv"])
def test_an_original_that_is_a_csv_stands_alone_as_one(clinic, sample):
    _, card = confirmed(clinic, (FORMATS / sample).read_bytes(), sample)
    assert card.original is None
    assert (card.csv.name.rpartition(".")[2], card.csv.content_type) == ("csv", "text/csv")


def test_gap_of_the_original_is_a_gap_of_the_twin():
    lines = night_csv(rows=60).decode().splitlines()
    gapped = create_registry().read("\n".join(lines[:20] + lines[30:]).encode(), Hints(night_name()))
    twin = create_registry().read(normalised_csv(gapped), Hints(None))
    assert np.array_equal(twin.gap_row, gapped.gap_row)
    assert np.array_equal(twin.time_s, gapped.time_s)


def test_recording_without_a_clock_is_asked_about_and_read_with_the_answer(clinic):
    doctor = clinic.doctor()
    item = clinic.upload(doctor, WITHOUT_CLOCK, "a.csv")
    clinic.work()
    assert clinic.item(item.id).state is ItemState.UNDATED
    with pytest.raises(InvalidRequest, match="batch_unfinished"):
        clinic.uploads.finish_session(doctor, item.session_id)
    clinic.uploads.give_start(doctor, item.id, START)
    clinic.work()
    read = clinic.item(item.id)
    assert (read.state, read.started_at, read.numbers.samples) == (ItemState.READ, START, 600)


def test_answer_stays_with_the_stored_night(clinic):
    doctor = clinic.doctor()
    patient = clinic.patient(doctor)
    item = clinic.upload(doctor, WITHOUT_CLOCK, "a.csv")
    clinic.work()
    clinic.uploads.give_start(doctor, item.id, START)
    clinic.work()
    clinic.assignment.choose(doctor, item.session_id, [item.id], patient.id)
    clinic.assignment.confirm(doctor, item.session_id)
    clinic.work()
    (card,) = clinic.nights.shown(doctor.id, patient.id, "ro")
    assert clinic.nights.trace(doctor.id, card.night.id).recording.started_at == START


@pytest.mark.parametrize("start", [datetime(1999, 12, 31), datetime(2031, 1, 1)])
def test_implausible_answer_is_refused(clinic, start):
    doctor = clinic.doctor()
    item = clinic.upload(doctor, WITHOUT_CLOCK, "a.csv")
    clinic.work()
    with pytest.raises(InvalidRequest, match="start_implausible"):
        clinic.uploads.give_start(doctor, item.id, start)


def test_another_doctor_cannot_answer(clinic):
    item = clinic.upload(clinic.doctor(), WITHOUT_CLOCK, "a.csv")
    clinic.work()
    with pytest.raises(NotFound):
        clinic.uploads.give_start(clinic.doctor("dan@localhost"), item.id, START)


def test_what_the_first_reading_assumed_is_still_said_when_the_night_is_shown(clinic):
    content = night_csv(datetime(2025, 3, 2, 1, 0, 0))  # 02/03: day or month, and neither midnight nor name tells
    doctor, card = confirmed(clinic, content, "a.csv")
    assert [one.code for one in card.night.numbers.warnings][:1] == ["date_order_assumed"]
    shown = clinic.nights.trace(doctor.id, card.night.id).numbers.warnings
    assert shown == card.night.numbers.warnings


def test_workbook_in_an_archive_is_a_recording_and_not_a_nested_archive(clinic):
    writer = next(one for one in WRITERS if one.name == "excel_xlsx")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("night.xlsx", writer.write(recording()))
    item = clinic.upload(clinic.doctor(), packed.getvalue(), "batch.zip")
    clinic.work()
    assert clinic.item(item.id).state is ItemState.EXPANDED
    with clinic.catalogue.read() as transaction:
        states = [one.state for one in transaction.uploads.items(item.session_id) if one.id != item.id]
    assert states == [ItemState.READ]
