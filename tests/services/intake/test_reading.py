import io
import zipfile
from collections import Counter
from datetime import datetime, timedelta

import pytest

from oximetry.domain.errors import StorageUnavailable
from oximetry.domain.records import ItemState
from oximetry.samples.samples import refused_samples, samples
from oximetry.services.incoming import MEGABYTE, UploadLimits
from tests.factories import PDF, night_csv, night_name, report_name
from tests.made_up_reports import BLANK
from tests.memory_store import Crash, crash

START = datetime(2025, 10, 7, 23, 4, 37)


def packed(*contents, method=zipfile.ZIP_STORED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for number, content in enumerate(contents):
            archive.writestr(f"folder/{number} {night_name()}", content)
    return out.getvalue()


def read(clinic, content, name=None):
    item = clinic.upload(clinic.doctor(), content, name or night_name())
    clinic.work()
    return clinic.item(item.id)


def states(clinic, item):
    with clinic.catalogue.read() as transaction:
        return [one.state for one in transaction.uploads.items(item.session_id)]


def test_recording_gets_its_numbers_without_its_name_and_stays_staged(clinic):
    item = read(clinic, night_csv())
    assert item.state is ItemState.READ
    assert (item.device_serial, item.started_at) == ("9001", START)
    assert item.ended_at == datetime(2025, 10, 7, 23, 14, 33)
    assert (item.numbers.samples, item.numbers.spo2_mean_pct) == (150, 95.0)
    assert item.sparkline == [95.0] * 120
    assert item.staging_key in clinic.store.objects


def test_every_synthetic_night_is_read_with_its_known_answers_on_both_databases(both_clinics):
    doctor = both_clinics.doctor()
    night = list(samples())[3]
    item = both_clinics.upload(doctor, night.content, night.name)
    both_clinics.work()
    numbers = both_clinics.item(item.id).numbers.as_json()
    for name in ("started_at", "samples", "desaturations3", "desaturations4", "spo2_min_pct"):
        assert numbers[name] == night.expected[name]


@pytest.mark.parametrize("sample", list(refused_samples()), ids=lambda sample: sample.expected["reason"])
def test_refused_file_says_why_and_is_kept_aside_until_it_is_taken_out(clinic, sample):
    item = read(clinic, sample.content, sample.name)
    assert (item.state, item.reason) == (ItemState.REFUSED, sample.expected["reason"])
    assert list(clinic.store.objects) == [item.staging_key]
    with clinic.catalogue.read() as transaction:
        doctor = transaction.accounts.get(item.doctor_id)
    clinic.uploads.discard(doctor, item.id)
    clinic.work()
    assert clinic.store.objects == {}


def test_one_bad_file_does_not_disturb_the_others(clinic):
    doctor = clinic.doctor()
    good = clinic.upload(doctor, night_csv(), night_name())
    bad = clinic.upload(doctor, b"\x89PNG\r\n\x1a\n", "picture.csv")
    clinic.work()
    assert clinic.item(good.id).state is ItemState.READ
    assert clinic.item(bad.id).state is ItemState.REFUSED


def test_report_is_known_by_the_stamp_in_its_name(clinic):
    item = read(clinic, PDF, report_name())
    assert (item.state, item.device_serial, item.started_at) == (ItemState.READ, "9001", START)
    assert item.details == {"unread": "report_unknown_layout"}
    nameless = read(clinic, PDF, "scan.pdf")
    assert (nameless.state, nameless.reason) == (ItemState.REFUSED, "report_unknown_layout")


def test_archive_becomes_files_of_their_own(clinic):
    clinic.reports.known[PDF] = BLANK
    item = read(clinic, packed(night_csv(), PDF), "nights.zip")
    assert (item.state, item.details) == (ItemState.EXPANDED, {"files": 2})
    assert states(clinic, item) == [ItemState.EXPANDED, ItemState.READ, ItemState.READ]
    assert item.staging_key not in clinic.store.objects
    assert len(clinic.store.objects) == 2


def test_archive_over_a_limit_leaves_nothing_behind(clinic):
    item = read(clinic, packed(night_csv(), bytes(2 * MEGABYTE + 1), method=zipfile.ZIP_DEFLATED), "nights.zip")
    assert (item.state, item.reason) == (ItemState.REFUSED, "zip_entry_too_large")
    assert states(clinic, item) == [ItemState.REFUSED]
    clinic.work()
    assert list(clinic.store.objects) == [item.staging_key]


def test_archive_unpacked_again_after_a_crash_gives_each_file_once(clinic):
    clinic.reports.known[PDF] = BLANK
    doctor = clinic.doctor()
    item = clinic.upload(doctor, packed(night_csv(), PDF, b"not a recording"), "nights.zip")

    def second(_):
        clinic.store.after["put"] = crash

    clinic.store.after["put"] = second
    with pytest.raises(Crash):
        clinic.work()
    clinic.store.after.clear()
    clinic.clock.move(seconds=21)
    clinic.work()
    assert states(clinic, item).count(ItemState.READ) == 2
    assert sorted(states(clinic, item)) == sorted(["expanded", "read", "read", "refused"])


def test_archive_taken_out_while_it_was_unpacked_stays_out(clinic):
    doctor = clinic.doctor()
    item = clinic.upload(doctor, packed(night_csv()), "nights.zip")

    def discard(_):
        clinic.store.after.clear()
        clinic.uploads.discard(doctor, item.id)

    clinic.store.after["put"] = discard
    clinic.work()
    assert clinic.item(item.id).state is ItemState.DISCARDED


def test_file_taken_out_while_it_was_read_stays_out(clinic):
    doctor = clinic.doctor()
    item = clinic.upload(doctor, night_csv(), night_name())
    clinic.store.after["get"] = lambda _: clinic.uploads.discard(doctor, item.id)
    clinic.work()
    assert clinic.item(item.id).state is ItemState.DISCARDED


def test_reading_twice_changes_nothing(clinic):
    item = read(clinic, night_csv())
    clinic.reading.read_item(item.id)
    again = clinic.item(item.id)
    assert (again.state, again.numbers) == (item.state, item.numbers)


def test_store_that_denies_a_file_for_a_while_loses_nothing(clinic):
    doctor = clinic.doctor()
    item = clinic.upload(doctor, night_csv(), night_name())
    objects = dict(clinic.store.objects)
    clinic.store.objects.clear()
    clinic.work()
    [row] = clinic.batches.show(doctor, item.session_id).rows
    assert (row.item.state, row.waits_for) == (ItemState.RECEIVED, "staging_lost")
    clinic.store.objects.update(objects)
    clinic.uploads.try_again(doctor, item.id)
    clinic.work()
    assert clinic.item(item.id).state is ItemState.READ


def test_outage_leaves_the_file_waiting_with_its_reason(clinic):
    doctor = clinic.doctor()
    item = clinic.upload(doctor, night_csv(), night_name())
    clinic.store.failure = StorageUnavailable()
    clinic.work()
    [row] = clinic.batches.show(doctor, item.session_id).rows
    assert (row.item.state, row.waits_for) == (ItemState.RECEIVED, "storage_unavailable")
    clinic.store.failure = None
    clinic.clock.move(seconds=2)
    clinic.work()
    assert clinic.item(item.id).state is ItemState.READ


def test_failure_told_late_does_not_undo_a_reading_nor_empty_its_staging(clinic):
    item = read(clinic, night_csv())
    clinic.reading._refuse(clinic.upload(clinic.doctor(), b"", "x"), "unexpected", {})
    stale = clinic.item(item.id)
    clinic.reading._refuse(stale, "unexpected", {})
    clinic.work()
    assert clinic.item(item.id).state is ItemState.READ
    assert item.staging_key in clinic.store.objects


def test_one_bad_file_among_two_hundred_disturbs_no_other(clinic):
    doctor = clinic.doctor()
    clinic.uploads.limits = UploadLimits(file_bytes=MEGABYTE, files=500, batch_bytes=200 * MEGABYTE)
    session = clinic.uploads.separate_session(doctor)
    for day in range(200):
        start = START + timedelta(days=day)
        content = b"\x89PNG\r\n\x1a\n broken" if day == 99 else night_csv(start)
        clinic.upload(doctor, content, night_name(start=start), session.id)
    clinic.work()
    with clinic.catalogue.read() as transaction:
        found = Counter(item.state for item in transaction.uploads.items(session.id))
    assert found == {ItemState.READ: 199, ItemState.REFUSED: 1}
