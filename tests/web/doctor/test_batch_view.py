"""What the doctor reads in the batch table."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from oximetry.domain.clinic import DeviceLoan
from oximetry.domain.listing import PatientLine
from oximetry.domain.night_numbers import NightNumbers
from oximetry.domain.records import ItemKind, ItemState
from oximetry.samples.samples import samples
from oximetry.services.incoming import IncomingFile
from oximetry.services.intake.batch import Batch, BatchRow
from oximetry.web.doctor import batch_view
from oximetry.web.i18n import words
from tests.web.conftest import World


@pytest.fixture
def batch(world: World) -> Batch:
    """A batch of one read night."""
    web, doctor = world.services, world.doctor()
    session, sample = web.uploads.open_session(doctor), next(iter(samples()))
    web.uploads.accept(doctor, session.id, IncomingFile(sample.name, sample.content))
    world.work()
    return web.batches.show(doctor, session.id)


def with_item(batch: Batch, **changes: Any) -> Batch:
    row = batch.rows[0]
    return Batch(batch.session, [BatchRow(replace(row.item, **changes), row.report, row.waits_for, row.stored_at)])


def numbers_of(batch: Batch) -> NightNumbers:
    numbers = batch.rows[0].item.numbers
    assert numbers is not None
    return numbers


def line(batch: Batch) -> dict[str, Any]:
    return batch_view.table_row(batch.rows[0], {}, words("ro"), lambda _: "noaptea.csv")


def test_a_row_says_night_start_end_device_and_file(batch: Batch) -> None:
    numbers = replace(numbers_of(batch), device_model="O2Ring")
    times = {"started_at": datetime(2025, 10, 15, 20, 35), "ended_at": datetime(2025, 10, 16, 6, 35)}
    shown = line(with_item(batch, numbers=numbers, device_serial=None, **times))
    assert shown["night_text"] == "15/16 oct. 2025"
    assert shown["hours_text"] == "20:35–06:35"
    assert shown["device"] == "O2Ring"
    assert shown["file_name"] == "noaptea.csv"
    assert line(with_item(batch, numbers=numbers, device_serial="0331"))["device"] == "O2Ring 0331"


def test_a_night_below_the_devices_range_has_no_lowest_number(batch: Batch) -> None:
    numbers = replace(numbers_of(batch), below_range_s=40.0, spo2_min_pct=63.0)
    assert line(with_item(batch, numbers=numbers))["lowest_text"] == "< 61\u00a0%"
    numbers = replace(numbers, below_range_s=0.0)
    assert line(with_item(batch, numbers=numbers))["lowest_text"] == "63\u00a0%"


def patient_line(patient_id: str, number: int = 1, label: str | None = None) -> PatientLine:
    return PatientLine(
        patient_id=patient_id,
        number=number,
        label=label,
        created_at=datetime(2026, 3, 1),
        nights=0,
        waiting=0,
        last=None,
        has_link=True,
        opened_count=0,
        last_opened_at=None,
    )


def test_a_row_offers_those_in_use_two_new_ones_and_the_latest(batch: Batch) -> None:
    people = batch_view.People({"an-id": patient_line("an-id")}, [patient_line("latest", 9, "Fișa 9")])
    view = batch_view.view(with_item(batch, target="an-id"), people, words("ro"), lambda _: "")
    assert [one["value"] for one in view.choices] == ["new:A", "new:B", "new:C", "an-id", "latest"]
    assert [one["label"] for one in view.choices][3:] == ["Pacient 1", "Fișa 9 · bon 9"]
    assert view.rows[1]["patient"] == "Pacient 1"


def test_the_nights_of_a_device_stand_behind_its_head(batch: Batch) -> None:
    loan = DeviceLoan("l", "d", "an-id", "0331", datetime(2026, 11, 3), None)
    people = batch_view.People({"an-id": patient_line("an-id", 7, "Fișa 1042")}, loans={"0331": loan})
    view = batch_view.view(with_item(batch, device_serial="0331"), people, words("ro"), lambda _: "")
    head, night = view.rows
    assert (head["group"], head["device"], night["group"]) == (True, "Aparat 0331", False)
    assert head["items"] == [night["id"]]
    assert head["loan"] == "Aparatul 0331 este la Fișa 1042 din 3 noiembrie 2026."


def test_a_report_is_no_night_to_confirm(batch: Batch) -> None:
    report = with_item(batch, kind=ItemKind.REPORT, target="new:A", numbers=None)
    view = batch_view.view(report, batch_view.People(), words("ro"), lambda _: "")
    assert (view.decided, view.chosen_nights) == (1, 0)


def test_a_night_that_could_not_be_stored_goes_back_to_its_own_patient(batch: Batch) -> None:
    fell_back = with_item(batch, state=ItemState.READ, reason="storage_refused", target="an-id")
    assert batch_view.same_patient_again(fell_back) == "an-id"
    assert batch_view.view(fell_back, batch_view.People(), words("ro"), lambda _: "").fell_back
    assert batch_view.same_patient_again(with_item(batch, target="an-id")) is None
