import hashlib

import pytest

from oximetry.domain.errors import (
    InvalidRequest,
    InvalidUpload,
    NotFound,
    StorageRefused,
    StorageUnavailable,
)
from oximetry.domain.records import ItemKind, ItemState
from oximetry.services.incoming import MEGABYTE, IncomingFile, UploadLimits
from tests.factories import PDF, Clinic, night_csv, night_name
from tests.made_up_reports import BLANK
from tests.parallel import together


def accept(clinic, doctor, content, name="a.csv", session_id=None):
    session_id = session_id or clinic.uploads.open_session(doctor).id
    return clinic.uploads.accept(doctor, session_id, IncomingFile(name, content))


def refused(clinic, doctor, content):
    with pytest.raises(InvalidUpload) as caught:
        accept(clinic, doctor, content)
    return caught.value.reason, caught.value.details


def test_file_is_staged_and_waits_to_be_read(clinic):
    doctor = clinic.doctor("Doctor@Clinic.test")
    item, is_new = accept(clinic, doctor, b"abc", "C:\\Ana Pop\\night.csv")
    folder = hashlib.sha256(b"doctor@clinic.test").hexdigest()[:16]
    digest = hashlib.sha256(b"abc").hexdigest()[:8]
    assert is_new
    assert item.staging_key == f"users/{folder}/{item.session_id}/1_{digest}"
    assert clinic.store.objects == {item.staging_key: b"abc"}
    assert (item.state, item.kind, item.number, item.size) == (ItemState.RECEIVED, ItemKind.RECORDING, 1, 3)
    assert clinic.uploads.name_of(item) == "night.csv"
    assert b"night" not in item.name_sealed
    assert clinic.open_jobs() == 1


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (PDF, ItemKind.REPORT),
        (b"\r\n" + PDF, ItemKind.REPORT),
        (b"PK\x03\x04...", ItemKind.ARCHIVE),
        (b"PK\x05\x06" + bytes(18), ItemKind.ARCHIVE),
        (b"Time,SpO2", ItemKind.RECORDING),
        (b"", ItemKind.RECORDING),
    ],
)
def test_content_decides_what_a_file_is(content, kind):
    assert IncomingFile("anything.pdf.zip.csv", content).kind is kind


def test_same_bytes_in_the_same_batch_are_the_same_file(clinic):
    doctor = clinic.doctor()
    first, _ = accept(clinic, doctor, b"abc")
    again, is_new = accept(clinic, doctor, b"abc", "other name.csv")
    assert (again.id, is_new) == (first.id, False)
    assert len(clinic.store.objects) == 1


def test_file_taken_out_can_be_dropped_again(clinic):
    doctor = clinic.doctor()
    first, _ = accept(clinic, doctor, b"abc")
    clinic.uploads.discard(doctor, first.id)
    second, is_new = accept(clinic, doctor, b"abc")
    assert is_new
    clinic.work()
    assert second.staging_key != first.staging_key
    assert set(clinic.store.objects) == {first.staging_key, second.staging_key}
    clinic.uploads.discard(doctor, second.id)  # "abc" is no recording
    clinic.clock.move(days=31)
    clinic.housekeeping.expunge("")
    clinic.work()
    assert clinic.store.objects == {}


def test_file_taken_out_is_kept_aside_and_can_be_put_back(clinic):
    doctor = clinic.doctor()
    item = clinic.upload(doctor, night_csv(), night_name())
    clinic.work()
    clinic.uploads.discard(doctor, item.id)
    clinic.work()
    batch = clinic.batches.show(doctor, item.session_id)
    assert (batch.rows, [one.id for one in batch.kept_aside]) == ([], [item.id])
    following = clinic.uploads.finish_session(doctor, item.session_id)
    clinic.uploads.put_back(doctor, item.id)
    clinic.work()
    back = clinic.item(item.id)
    assert (back.state, back.session_id, back.kept_until) == (ItemState.READ, following.id, None)
    with pytest.raises(InvalidRequest) as caught:
        clinic.uploads.put_back(doctor, item.id)
    assert caught.value.reason == "not_kept_aside"


def test_refused_file_is_read_again_when_it_is_dropped_again(clinic):
    doctor = clinic.doctor()
    item, _ = accept(clinic, doctor, b"abc")
    clinic.work()
    assert clinic.item(item.id).state is ItemState.REFUSED
    again, is_new = accept(clinic, doctor, b"abc")
    assert (again.id, again.state, is_new) == (item.id, ItemState.RECEIVED, False)
    clinic.work()
    assert clinic.item(item.id).state is ItemState.REFUSED


def test_another_doctors_file_is_neither_put_back_nor_tried_again(clinic):
    item, _ = accept(clinic, clinic.doctor(), b"abc")
    for act in (clinic.uploads.put_back, clinic.uploads.try_again):
        with pytest.raises(NotFound):
            act(clinic.doctor(), item.id)


def test_working_space_of_a_doctor_has_a_limit_that_counts_what_is_kept_aside(clinic):
    doctor = clinic.doctor()
    clinic.uploads.limits = UploadLimits(2 * MEGABYTE, 6, 3 * MEGABYTE, staging_bytes=2 * MEGABYTE)
    first, _ = accept(clinic, doctor, bytes(MEGABYTE))
    clinic.uploads.discard(doctor, first.id)
    assert clinic.uploads.limits_of(doctor).staging_bytes == MEGABYTE
    assert refused(clinic, doctor, bytes(MEGABYTE + 1)) == ("staging_full", {"limit_mb": 2})
    accept(clinic, doctor, b"small")
    accept(clinic, clinic.doctor(), bytes(MEGABYTE + 1))


def test_limits_are_said_in_megabytes_and_files_and_nothing_is_kept(clinic):
    doctor = clinic.doctor()
    assert refused(clinic, doctor, bytes(2 * MEGABYTE + 1)) == ("file_too_large", {"limit_mb": 2})
    for number in range(5):
        accept(clinic, doctor, bytes(MEGABYTE // 2) + bytes([number]))
    kept = dict(clinic.store.objects)
    assert refused(clinic, doctor, bytes(MEGABYTE)) == ("batch_too_large", {"limit_mb": 3})
    accept(clinic, doctor, b"sixth")
    assert refused(clinic, doctor, b"seventh") == ("too_many_files", {"limit": 6})
    assert len(clinic.store.objects) == len(kept) + 1


def test_file_of_exactly_the_limit_is_taken(clinic):
    assert accept(clinic, clinic.doctor(), bytes(2 * MEGABYTE))[1]


def test_what_is_taken_out_makes_room(clinic):
    doctor = clinic.doctor()
    items = [accept(clinic, doctor, bytes([number]))[0] for number in range(6)]
    clinic.uploads.discard(doctor, items[0].id)
    assert accept(clinic, doctor, b"sixth again")[1]


@pytest.mark.parametrize("failure", [StorageUnavailable(), StorageRefused()])
def test_nothing_is_written_down_while_the_store_fails(clinic, failure):
    doctor = clinic.doctor()
    clinic.store.failure = failure
    with pytest.raises(type(failure)):
        accept(clinic, doctor, b"abc")
    clinic.store.failure = None
    assert clinic.batches.show(doctor, clinic.uploads.open_session(doctor).id).rows == []
    assert clinic.open_jobs() == 0
    assert accept(clinic, doctor, b"abc")[1]


def test_batch_of_another_doctor_takes_nothing(clinic):
    doctor, other = clinic.doctor(), clinic.doctor()
    session = clinic.uploads.open_session(doctor)
    with pytest.raises(NotFound):
        accept(clinic, other, b"abc", session_id=session.id)
    item, _ = accept(clinic, doctor, b"abc")
    with pytest.raises(NotFound):
        clinic.uploads.discard(other, item.id)
    with pytest.raises(NotFound):
        clinic.uploads.finish_session(other, session.id)
    assert clinic.item(item.id).state is ItemState.RECEIVED


def test_closed_batch_takes_nothing_and_keeps_no_names(clinic):
    doctor = clinic.doctor()
    item, _ = accept(clinic, doctor, b"not a recording")
    clinic.work()
    clinic.uploads.discard(doctor, item.id)
    clinic.work()
    following = clinic.uploads.finish_session(doctor, item.session_id)
    assert following.id != item.session_id
    with pytest.raises(InvalidRequest) as caught:
        accept(clinic, doctor, b"abc", session_id=item.session_id)
    assert caught.value.reason == "batch_closed"
    assert clinic.store.objects == {}
    assert clinic.uploads.name_of(clinic.item(item.id)) == ""


def test_batch_with_an_unread_file_cannot_be_finished(clinic):
    doctor = clinic.doctor()
    item, _ = accept(clinic, doctor, b"abc")
    with pytest.raises(InvalidRequest) as caught:
        clinic.uploads.finish_session(doctor, item.session_id)
    assert (caught.value.reason, caught.value.details) == ("batch_unfinished", {"files": 1})


def test_batch_closed_while_a_file_was_on_its_way_keeps_nothing_of_it(clinic):
    doctor = clinic.doctor()
    session = clinic.uploads.open_session(doctor)
    clinic.store.after["put"] = lambda _: clinic.uploads.finish_session(doctor, session.id)
    with pytest.raises(InvalidRequest):
        accept(clinic, doctor, b"abc", session_id=session.id)
    clinic.store.after.clear()
    clinic.work()
    assert clinic.store.objects == {}


def test_batch_filled_by_another_tab_meanwhile_keeps_nothing_of_the_late_file(clinic):
    doctor = clinic.doctor()
    session = clinic.uploads.open_session(doctor)

    def other_tab(_):
        clinic.store.after.clear()
        for number in range(6):
            accept(clinic, doctor, bytes([number]))

    clinic.store.after["put"] = other_tab
    with pytest.raises(InvalidUpload):
        accept(clinic, doctor, b"late", session_id=session.id)
    clinic.work()
    assert b"late" not in clinic.store.objects.values()


def test_same_file_from_two_tabs_stays_staged_once(clinic):
    doctor = clinic.doctor()

    def other_tab(_):
        clinic.store.after.clear()
        accept(clinic, doctor, b"other")
        accept(clinic, doctor, b"abc")

    clinic.store.after["put"] = other_tab
    item, is_new = accept(clinic, doctor, b"abc")
    assert not is_new
    clinic.handlers.pop("read_item")
    clinic.work()
    assert clinic.store.objects[item.staging_key] == b"abc"
    assert len(clinic.store.objects) == 2


def test_same_file_in_parallel_requests_is_one_row_and_one_object(both_clinics):
    doctor = both_clinics.doctor()
    session = both_clinics.uploads.open_session(doctor)
    outcomes = together([lambda: accept(both_clinics, doctor, b"abc", session_id=session.id)] * 5)
    assert sorted(is_new for _, is_new in outcomes) == [False] * 4 + [True]
    assert len({item.id for item, _ in outcomes}) == 1
    assert len(both_clinics.store.objects) == 1


def test_parallel_requests_do_not_exceed_the_limit_and_have_different_numbers(both_clinics):
    doctor = both_clinics.doctor()
    session = both_clinics.uploads.open_session(doctor)
    outcomes = together([lambda n=n: accept(both_clinics, doctor, bytes([n]), session_id=session.id) for n in range(9)])
    taken = [outcome[0] for outcome in outcomes if not isinstance(outcome, Exception)]
    assert sorted(item.number for item in taken) == [1, 2, 3, 4, 5, 6]
    assert sum(isinstance(outcome, InvalidUpload) for outcome in outcomes) == 3


def test_confirmed_file_cannot_be_taken_out(clinic):
    clinic.reports.known[PDF] = BLANK
    doctor = clinic.doctor()
    item, _ = accept(clinic, doctor, PDF)
    clinic.work()
    clinic.assignment.all_to_one(doctor, item.session_id)
    for _ in ("confirmed", "stored"):
        with pytest.raises(InvalidRequest) as caught:
            clinic.uploads.discard(doctor, item.id)
        assert caught.value.reason == "already_confirmed"
        clinic.work()
    assert clinic.item(item.id).state is ItemState.STORED


def test_name_sealed_with_another_key_is_shown_as_none(clinic):
    doctor = clinic.doctor()
    item, _ = accept(clinic, doctor, b"abc")
    other = Clinic(clinic.catalogue)
    other.uploads._vault = type(clinic.vault)("another key")
    assert other.uploads.name_of(item) == ""


def test_long_and_unprintable_names_are_cut_to_their_end(clinic):
    item, _ = accept(clinic, clinic.doctor(), b"abc", "folder/" + "x" * 300 + "\0\n\u202e.csv")
    assert clinic.uploads.name_of(item) == "x" * 196 + ".csv"
