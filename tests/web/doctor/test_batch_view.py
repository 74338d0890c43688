"""What the doctor reads in the batch table."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

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


def test_every_patient_can_be_chosen_and_the_row_offers_the_newest(world: World, batch: Batch) -> None:
    links, doctor = world.services.links, world.doctor()
    first = links.create(doctor.id).patient.id
    for _ in range(batch_view.LISTED_PATIENTS):
        links.create(doctor.id)
    cards = links.cards(doctor.id, with_urls=False)
    view = batch_view.view(with_item(batch, target=first), cards, words("ro"), lambda _: "")
    assert {"value": first, "label": "Pacient 1"} in view.choices
    assert first not in [one["value"] for one in view.row_choices]
    assert view.rows[0]["patient"] == "Pacient 1"
    assert [one["value"] for one in view.row_choices][25] == "new:Z"


def test_a_report_is_no_night_to_confirm(batch: Batch) -> None:
    report = with_item(batch, kind=ItemKind.REPORT, target="new:A", numbers=None)
    view = batch_view.view(report, [], words("ro"), lambda _: "")
    assert (view.decided, view.chosen_nights) == (1, 0)


def test_a_night_that_could_not_be_stored_goes_back_to_its_own_patient(batch: Batch) -> None:
    fell_back = with_item(batch, state=ItemState.READ, reason="storage_refused", target="an-id")
    assert batch_view.same_patient_again(fell_back) == "an-id"
    assert batch_view.view(fell_back, [], words("ro"), lambda _: "").fell_back
    assert batch_view.same_patient_again(with_item(batch, target="an-id")) is None
