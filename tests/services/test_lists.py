"""The doctor's lists: what waits, what is found, what stands beside a night; and that each list uses its index."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import event

from oximetry.domain.errors import InvalidRequest, NotFound
from oximetry.domain.listing import PAGE_ROWS, Concern, NightFilter, NightOrder, PatientOrder, Writing
from oximetry.domain.records import NightState

START = datetime(2026, 11, 20, 22, 30)


@pytest.fixture
def doctor(clinic):
    return clinic.doctor()


def stored(clinic, doctor, days=(0,), label=None):
    patient = clinic.links.create(doctor.id, label).patient
    ids = [clinic.stored_night(doctor, patient, START + timedelta(days=day), f"41{day:02d}") for day in days]
    return patient, ids


def found(clinic, doctor, **wanted):
    return [line.night_id for line in clinic.lists.nights(doctor.id, NightFilter(**wanted)).lines]


def test_a_stored_night_waits_until_it_is_ticked_off_and_can_be_put_back(clinic, doctor):
    _, (night_id,) = stored(clinic, doctor)
    assert found(clinic, doctor) == [night_id]
    clinic.lists.set_reviewed(doctor.id, night_id, reviewed=True)
    assert found(clinic, doctor) == []
    assert found(clinic, doctor, reviewed=True) == [night_id]
    clinic.lists.set_reviewed(doctor.id, night_id, reviewed=False)
    assert found(clinic, doctor) == [night_id]
    assert clinic.acts(night_id)[-2:] == ["night_reviewed", "night_waits_again"]


def test_another_doctor_neither_sees_nor_ticks_a_night(clinic, doctor):
    _, (night_id,) = stored(clinic, doctor)
    other = clinic.doctor()
    assert found(clinic, other, reviewed=None) == []
    for act in (
        lambda: clinic.lists.night(other.id, night_id),
        lambda: clinic.lists.set_reviewed(other.id, night_id, reviewed=True),
        lambda: clinic.lists.of_patient(other.id, clinic.lists.night(doctor.id, night_id).patient_id),
    ):
        with pytest.raises(NotFound):
            act()


@pytest.mark.parametrize(
    "search", ["fisa", "FIȘA 1042", "fi\u015fa", "1042", "4100", "20 nov", "#1", "2026-11-20", "20/21 noiembrie"]
)
def test_a_night_is_found_whatever_the_case_and_the_marks(clinic, doctor, search):
    _, (night_id,) = stored(clinic, doctor, label="Fișa 1042")
    stored(clinic, doctor, days=(9,), label="Dosar 7")
    assert found(clinic, doctor, search=search) == [night_id]


@pytest.mark.parametrize("search", ["1043", "%", "_", "fisa dosar", "\\"])
def test_what_is_not_there_is_not_found(clinic, doctor, search):
    stored(clinic, doctor, label="Fișa 1042")
    assert found(clinic, doctor, search=search) == []


def test_a_new_label_is_found_at_once(clinic, doctor):
    patient, (night_id,) = stored(clinic, doctor)
    clinic.links.set_label(doctor.id, patient.id, "Fișa 77")
    assert found(clinic, doctor, search="77") == [night_id]
    assert [line.patient_id for line in clinic.lists.patients(doctor.id, "fisa 77").lines] == [patient.id]


def test_lists_are_filtered_by_month_device_and_patient_and_sorted(clinic, doctor):
    patient, (first, second) = stored(clinic, doctor, days=(0, 12))
    assert found(clinic, doctor, month=date(2026, 11, 1)) == [first]
    assert found(clinic, doctor, device_serial="4112") == [second]
    assert found(clinic, doctor, patient_id=patient.id) == [second, first]
    assert found(clinic, doctor, order=NightOrder.NIGHT, ascending=True) == [first, second]
    assert set(found(clinic, doctor, order=NightOrder.ODI)) == {first, second}


def test_counts_are_of_shown_nights_by_state(clinic, doctor):
    _, (first, second) = stored(clinic, doctor, days=(0, 1))  # ten minutes each: short
    clinic.lists.set_reviewed(doctor.id, second, reviewed=True)
    counts = clinic.lists.counts(doctor.id)
    assert (counts.waiting, counts.short, counts.reviewed, counts.all) == (1, 1, 1, 2)
    assert (counts.waiting_patients, counts.oldest_waiting) == (1, START)
    clinic.nights.remove(doctor.id, first)
    assert clinic.lists.counts(doctor.id).waiting == 0
    clinic.nights.restore(doctor.id, first)
    assert clinic.lists.counts(doctor.id).waiting == 1


def test_a_night_knows_what_comes_before_and_after_it_in_its_list(clinic, doctor):
    _, nights = stored(clinic, doctor, days=(0, 1, 2))
    newest, middle, oldest = reversed(nights)
    beside = clinic.lists.neighbours(doctor.id, middle, NightFilter())
    assert (beside.previous, beside.next, beside.place, beside.total) == (newest, oldest, 2, 3)
    clinic.lists.set_reviewed(doctor.id, middle, reviewed=True)
    assert clinic.lists.neighbours(doctor.id, middle, NightFilter()).next == newest


def test_a_moved_night_changes_its_patient_in_the_lists(clinic, doctor):
    patient, (night_id,) = stored(clinic, doctor)
    other = clinic.links.create(doctor.id).patient
    clinic.nights.move(doctor.id, night_id, other.id)
    assert found(clinic, doctor) == []
    clinic.work()
    assert clinic.lists.night(doctor.id, night_id).patient_id == other.id
    lines = clinic.lists.patient_lines(doctor.id, [patient.id, other.id])
    assert (lines[patient.id].last, lines[other.id].nights) == (None, 1)


def test_patients_come_by_their_last_night_those_without_one_last(clinic, doctor):
    early, _ = stored(clinic, doctor, days=(0,))
    none = clinic.links.create(doctor.id).patient
    late, _ = stored(clinic, doctor, days=(3,))
    assert [line.patient_id for line in clinic.lists.patients(doctor.id).lines] == [late.id, early.id, none.id]
    by_number = clinic.lists.patients(doctor.id, order=PatientOrder.NUMBER).lines
    assert [line.number for line in by_number] == [3, 2, 1]


def test_an_offset_behind_the_end_shows_the_last_page(clinic, doctor):
    for _ in range(PAGE_ROWS + 3):
        clinic.links.create(doctor.id)
    page = clinic.lists.patients(doctor.id, offset=10_000)
    assert (page.offset, len(page.lines), page.total) == (PAGE_ROWS, 3, PAGE_ROWS + 3)


def test_numbers_that_change_under_signed_words_bring_the_night_back(clinic, doctor):
    _, (night_id,) = stored(clinic, doctor)
    with clinic.catalogue.write() as transaction:
        transaction.night_lines.note_writing([night_id], Writing.SIGNED, clinic.clock())
    assert found(clinic, doctor) == []
    span = (START + timedelta(seconds=8), START + timedelta(seconds=60))
    clinic.exclusions.exclude(doctor.id, night_id, span, "senzor căzut")
    assert found(clinic, doctor, writing=Writing.AGAIN) == [night_id]


def test_what_an_exclusion_would_do_is_told_and_not_done(clinic, doctor):
    _, (night_id,) = stored(clinic, doctor)
    span = (START + timedelta(seconds=8), START + timedelta(seconds=60))
    before, after = clinic.exclusions.effect(doctor.id, night_id, span)
    assert (before.excluded_s, after.excluded_s) == (0.0, 56.0)
    assert clinic.exclusions.spans(doctor.id, night_id) == []


def test_nights_of_before_the_lists_wait_for_nobody(clinic, doctor):
    _, (night_id,) = stored(clinic, doctor)
    with clinic.catalogue._engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM night_lines")
    assert found(clinic, doctor, reviewed=None) == []
    with clinic.catalogue.write() as transaction:  # a process of the version before stored it meanwhile
        assert transaction.night_lines.fill() == 1
    assert found(clinic, doctor) == [night_id]


def test_two_patients_who_are_one_keep_both_links(clinic, doctor):
    target, _ = stored(clinic, doctor, days=(0,))
    source, (night_id,) = stored(clinic, doctor, days=(1,))
    links = [clinic.links.card(doctor.id, one.id).url.partition("#")[2] for one in (target, source)]
    clinic.merging.merge(doctor.id, source.id, target.id)
    clinic.work()
    assert [clinic.links.open(secret).patient_id for secret in links] == [target.id, target.id]
    card = clinic.nights.card(doctor.id, night_id, "ro")
    opened = clinic.links.open(links[1])
    assert clinic.nights.linked_file_url(opened.id, target.id, "csvs", card.csv.name)
    assert [line.patient_id for line in clinic.lists.patients(doctor.id).lines] == [target.id]
    with pytest.raises(InvalidRequest, match="cannot_merge"):
        clinic.merging.merge(doctor.id, source.id, target.id)
    clinic.links.revoke(doctor.id, target.id)
    for secret in links:
        with pytest.raises(Exception, match="link_refused"):
            clinic.links.open(secret)


def test_a_merge_with_another_doctors_patient_finds_nothing(clinic, doctor):
    source, _ = stored(clinic, doctor)
    stranger = clinic.patient(clinic.doctor())
    with pytest.raises(NotFound):
        clinic.merging.merge(doctor.id, source.id, stranger.id)


def test_a_batch_is_taken_back_within_its_hour(clinic, doctor):
    patient, (night_id,) = stored(clinic, doctor)  # confirmed by hand into a patient that was there before
    session_id = clinic.uploads.open_session(doctor).id
    done = clinic.taking_back.take_back(doctor, session_id)
    assert (done.nights, done.files, done.patients) == (1, 0, 1)
    assert clinic.nights.shown(doctor.id, patient.id, "ro") == []
    assert clinic.links.card(doctor.id, patient.id).url is None
    clinic.nights.restore(doctor.id, night_id)
    assert clinic.lists.night(doctor.id, night_id).night_id == night_id


def test_an_hour_later_a_batch_stays(clinic, doctor):
    _, _ = stored(clinic, doctor)
    session = clinic.uploads.open_session(doctor)
    clinic.clock.move(hours=1, seconds=1)
    with pytest.raises(InvalidRequest, match="batch_too_old"):
        clinic.taking_back.take_back(doctor, session.id)


def test_each_list_is_answered_from_its_index(both_clinics):
    clinic = both_clinics
    doctor = clinic.doctor()
    asked = []
    event.listen(clinic.catalogue._engine, "before_cursor_execute", lambda *args: asked.append((args[2], args[3])))
    clinic.lists.nights(doctor.id, NightFilter(concern=Concern.NONE))
    clinic.lists.counts(doctor.id)
    clinic.lists.patients(doctor.id)
    plans = []
    with clinic.catalogue._engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            for statement, values in [one for one in asked if one[0].startswith("SELECT")]:
                rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()
                plans.append("; ".join(str(row[3]) for row in rows))
            assert [plan for plan in plans if "SCAN night_lines" in plan or "SCAN patients" in plan] == []
        else:
            connection.exec_driver_sql("SET enable_seqscan = off")
            for statement, values in [one for one in asked if "night_lines" in one[0] and one[0].startswith("SELECT")]:
                rows = connection.exec_driver_sql(f"EXPLAIN {statement}", values).all()
                plans.append("; ".join(str(row[0]) for row in rows))
            assert plans
            assert [plan for plan in plans if "Seq Scan on night_lines" in plan] == []


def test_states_other_than_stored_are_in_no_list(clinic, doctor):
    _, (night_id,) = stored(clinic, doctor)
    with clinic.catalogue.write() as transaction:
        transaction.nights.set(night_id, state=NightState.MOVING.value)
    assert found(clinic, doctor, reviewed=None) == []
