import hashlib
from datetime import timedelta
from threading import Barrier, Thread

import pytest

from oximetry.domain.account_records import Origin
from oximetry.domain.errors import (
    DraftConflict,
    InvalidRequest,
    NotFound,
    NumbersChanged,
    OximetryError,
    StorageUnavailable,
    TemplateRefused,
    TooManyAttempts,
)
from oximetry.domain.interpretation import ReviewState
from oximetry.domain.records import FileKind
from oximetry.domain.review_records import Verdict
from oximetry.domain.signing import ReportContent, sha256_of
from tests.services.review.conftest import START


def code_of(scene, report):
    return scene.clinic.vault.open(report.code_sealed)


def test_a_night_goes_from_review_to_a_signed_word(both_scenes):
    scene = both_scenes
    assert scene.state() is ReviewState.TO_REVIEW
    assert scene.review.waiting(scene.doctor.id) == [scene.night_id]
    assert scene.save() == 1
    assert scene.state() is ReviewState.DRAFT
    report = scene.sign()
    assert scene.state() is ReviewState.SIGNED
    assert scene.review.waiting(scene.doctor.id) == []
    assert (report.number, report.version) == ("2026-00001", 1)
    words = scene.review.signed(scene.doctor.id, scene.night_id)
    assert words.text_report.startswith("Scăderi: ")
    assert "88" in words.text_report
    assert words.is_current
    content = ReportContent.from_text(report.content)
    [night] = content.nights
    assert night.events
    assert [len(one.sha256) for one in night.inputs] == [64]
    assert content.as_text() == report.content
    assert scene.review.chain_is_whole()
    assert scene.clinic.acts(report.id) == ["report_signed"]


def test_the_file_is_made_by_the_worker_bound_and_never_made_again(scene):
    scene.save()
    report = scene.sign()
    assert scene.review.state(scene.doctor.id, scene.night_id).file_key is None
    scene.clinic.work()
    made = scene.review.state(scene.doctor.id, scene.night_id)
    assert made.file_key == f"{scene.patient.id}/{FileKind.SIGNED.value}/raport-2026-00001-v1-ro.pdf"
    stored = scene.clinic.store.objects[made.file_key]
    assert made.report.pdf_sha256 == hashlib.sha256(stored).hexdigest()
    assert made.report.code_sealed is None
    scene.clinic.report_file = b"%PDF other bytes"
    scene.clinic.handlers["render_report"](report.id)
    assert scene.clinic.store.objects[made.file_key] == stored


def test_a_store_that_is_away_lets_the_signature_stand_and_the_file_wait(scene):
    scene.save()

    def away(*_, **__):
        raise StorageUnavailable

    put, get = scene.clinic.store.put, scene.clinic.store.get
    scene.clinic.store.put = scene.clinic.store.get = away
    report = scene.sign()
    scene.clinic.work()
    assert scene.state() is ReviewState.SIGNED
    assert scene.clinic.failed_jobs == 0
    scene.clinic.store.put, scene.clinic.store.get = put, get
    scene.clinic.clock.move(minutes=10)
    scene.clinic.work()
    assert scene.review.state(scene.doctor.id, scene.night_id).file_key
    assert scene.clinic.acts(report.id) == ["report_signed"]


def test_what_was_bound_before_the_store_went_away_is_what_is_stored(scene):
    scene.save()
    scene.sign()

    def away(*_, **__):
        raise StorageUnavailable

    put, scene.clinic.store.put = scene.clinic.store.put, away
    scene.clinic.work()
    bound = scene.review.state(scene.doctor.id, scene.night_id).report.pdf_sha256
    scene.clinic.report_file = b"%PDF by another engine"
    scene.clinic.store.put = put
    scene.clinic.clock.move(minutes=10)
    scene.clinic.work()
    made = scene.review.state(scene.doctor.id, scene.night_id)
    assert made.report.pdf_sha256 == bound
    assert hashlib.sha256(scene.clinic.store.objects[made.file_key]).hexdigest() == bound


def test_a_file_whose_job_was_lost_is_asked_for_again(scene):
    scene.save()
    scene.sign()
    with scene.clinic.catalogue._engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM jobs")
    scene.clinic.work()
    assert scene.review.state(scene.doctor.id, scene.night_id).file_key is None
    scene.clinic.report_files.submit_unfinished()
    scene.clinic.work()
    assert scene.review.state(scene.doctor.id, scene.night_id).file_key
    scene.clinic.report_files.submit_unfinished()
    assert scene.clinic.open_jobs() == 0


def test_another_tab_is_told_and_nothing_is_overwritten(both_scenes):
    scene = both_scenes
    version = scene.save("prima")
    scene.review.save_draft(scene.doctor.id, scene.night_id, "a doua", "", version)
    with pytest.raises(DraftConflict) as refused:
        scene.review.save_draft(scene.doctor.id, scene.night_id, "din cealaltă fereastră", "", version)
    assert refused.value.details == {"version": 2}
    assert scene.review.draft(scene.doctor.id, scene.night_id).text_report == "a doua"
    with pytest.raises(DraftConflict):
        scene.review.save_draft(scene.doctor.id, scene.night_id, "ca și cum ar fi prima", "", 0)


def test_two_who_sign_at_once_make_one_signature(both_scenes):
    scene = both_scenes
    scene.save()
    draft = scene.review.draft(scene.doctor.id, scene.night_id)
    together, outcomes = Barrier(2), []

    def sign():
        together.wait()
        try:
            scene.review.sign(scene.doctor, scene.night_id, version=draft.version, seen=draft.numbers_sha256)
            outcomes.append("signed")
        except OximetryError as error:
            outcomes.append(error.reason)

    threads = [Thread(target=sign) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["already_signed", "signed"]
    assert len(scene.review.versions(scene.doctor.id, scene.night_id)) == 1
    assert scene.review.chain_is_whole()


def test_numbers_that_changed_must_be_seen_before_they_are_signed(scene):
    version = scene.save()
    page = scene.review.draft(scene.doctor.id, scene.night_id)
    scene.exclude()
    with pytest.raises(NumbersChanged):
        scene.review.sign(scene.doctor, scene.night_id, version=version, seen=page.numbers_sha256)
    fresh = scene.review.draft(scene.doctor.id, scene.night_id)
    assert fresh.is_stale
    with pytest.raises(NumbersChanged):  # the page shows the new numbers, the text was written beside the old ones
        scene.review.sign(scene.doctor, scene.night_id, version=version, seen=fresh.numbers_sha256)
    typed_on = scene.review.save_draft(scene.doctor.id, scene.night_id, "text", "", version)
    with pytest.raises(NumbersChanged):
        scene.review.sign(scene.doctor, scene.night_id, version=typed_on, seen=fresh.numbers_sha256)
    scene.save()
    scene.sign()


def test_numbers_that_change_under_a_signed_text_ask_for_a_new_signature(scene):
    scene.name_signer(scene.doctor, release_at_once=True)
    scene.save()
    scene.sign()
    scene.exclude()
    assert scene.state() is ReviewState.RESIGN
    assert scene.review.waiting(scene.doctor.id) == [scene.night_id]
    words = scene.review.signed(scene.doctor.id, scene.night_id)
    assert not words.is_current
    assert words.numbers[0].excluded_s == 0
    [seen] = scene.review.released_for_patient(scene.patient.id)
    assert not seen.is_current
    [span] = scene.clinic.exclusions.spans(scene.doctor.id, scene.night_id)
    scene.clinic.exclusions.put_back(scene.doctor.id, scene.night_id, span.id)
    assert scene.state() is ReviewState.SIGNED


def test_amending_keeps_both_and_says_why(both_scenes):
    scene = both_scenes
    scene.save()
    first = scene.sign()
    with pytest.raises(InvalidRequest, match="already_signed"):
        scene.sign()
    scene.exclude()
    assert scene.review.draft(scene.doctor.id, scene.night_id).text_report.startswith("Scăderi")
    scene.save("Alt text {odi3}.")
    with pytest.raises(InvalidRequest, match="without_reason"):
        scene.amend("  ")
    second = scene.amend("12 min de mișcare")
    assert scene.state() is ReviewState.AMENDED
    assert (second.number, second.version) == (first.number, 2)
    assert ReportContent.from_text(second.content).replaces.reason == "12 min de mișcare"
    old, new = scene.review.versions(scene.doctor.id, scene.night_id)
    assert (old.replaced_by, new.replaced_by) == (second.id, None)
    answer = scene.review.verify_code(code_of(scene, first))
    assert (answer.verdict, answer.replaced_by_version) == (Verdict.REPLACED, 2)
    assert scene.review.verify_code(code_of(scene, second)).verdict is Verdict.CURRENT
    assert scene.review.chain_is_whole()


def test_withdrawing_is_said_wherever_it_is_verified(scene):
    scene.save()
    report = scene.sign()
    scene.review.release(scene.doctor, scene.night_id)
    scene.review.withdraw(scene.doctor, scene.night_id, "alt pacient")
    assert scene.state() is ReviewState.WITHDRAWN
    assert scene.review.signed(scene.doctor.id, scene.night_id) is None
    assert scene.review.released_for_patient(scene.patient.id) == []
    assert scene.review.verify_code(code_of(scene, report)).verdict is Verdict.WITHDRAWN
    with pytest.raises(InvalidRequest, match="not_signed"):
        scene.review.withdraw(scene.doctor, scene.night_id, "din nou")
    scene.save("alt text")
    assert scene.sign().version == 2


def test_the_patient_gets_what_was_released_and_nothing_before(scene):
    scene.save()
    scene.sign()
    scene.clinic.work()
    key = scene.review.state(scene.doctor.id, scene.night_id).file_key
    name = key.rpartition("/")[2]
    link = scene.clinic.links.open(scene.clinic.links.card(scene.doctor.id, scene.patient.id).url.partition("#")[2])
    kind = FileKind.SIGNED.value
    assert scene.review.released_for_patient(scene.patient.id) == []
    assert scene.clinic.nights.file_url(scene.doctor.id, scene.patient.id, kind, name)
    with pytest.raises(NotFound):
        scene.clinic.nights.linked_file_url(link.id, scene.patient.id, kind, name)
    scene.review.release(scene.doctor, scene.night_id)
    assert [one.text_patient for one in scene.review.released_for_patient(scene.patient.id)] == ["Pentru pacient."]
    assert scene.clinic.nights.linked_file_url(link.id, scene.patient.id, kind, name)
    scene.clinic.nights.remove(scene.doctor.id, scene.night_id)
    assert scene.review.released_for_patient(scene.patient.id) == []
    with pytest.raises(NotFound):
        scene.clinic.nights.linked_file_url(link.id, scene.patient.id, kind, name)


def test_a_night_that_was_moved_takes_no_signed_word_along(scene):
    scene.name_signer(scene.doctor, release_at_once=True)
    scene.save()
    scene.sign()
    other = scene.clinic.patient(scene.doctor)
    scene.clinic.nights.move(scene.doctor.id, scene.night_id, other.id)
    scene.clinic.work()
    assert scene.state() is ReviewState.RESIGN
    assert scene.review.released_for_patient(scene.patient.id) == []
    assert scene.review.released_for_patient(other.id) == []


def test_another_doctor_sees_and_signs_nothing(scene):
    scene.save()
    other = scene.clinic.doctor()
    scene.name_signer(other)
    for ask in (scene.review.state, scene.review.draft, scene.review.signed, scene.review.versions):
        with pytest.raises(NotFound):
            ask(other.id, scene.night_id)
    assert scene.review.states(other.id, [scene.night_id]) == {}
    with pytest.raises(NotFound):
        scene.review.save_draft(other.id, scene.night_id, "x", "", 0)
    with pytest.raises(NotFound):
        scene.review.sign(other, scene.night_id, version=1, seen="")


def test_a_proposal_is_signed_only_when_it_was_read(scene):
    proposal = scene.review.propose(scene.doctor.id, scene.night_id, "ro")
    assert proposal.text_report.startswith("Înregistrare insuficientă")
    assert proposal.because
    scene.review.save_draft(
        scene.doctor.id, scene.night_id, proposal.text_report, proposal.text_patient, 0, proposal=proposal
    )
    with pytest.raises(InvalidRequest, match="text_not_read"):
        scene.sign()
    scene.sign(has_read=True)


@pytest.mark.parametrize(
    ("text", "reason", "name"),
    [("ODI {odi5}/h", "placeholder_unknown", "odi5"), ("ODI {odi3 /h", "placeholder_unclosed", "odi3 /h")],
)
def test_a_text_with_a_wrong_placeholder_is_kept_and_not_signed(scene, text, reason, name):
    scene.save(text)
    with pytest.raises(TemplateRefused) as refused:
        scene.sign()
    assert (refused.value.reason, refused.value.details["name"]) == (reason, name)
    assert scene.review.draft(scene.doctor.id, scene.night_id).text_report == text


def test_a_text_that_is_too_long_is_refused_and_hostile_signs_are_taken_out(scene):
    with pytest.raises(InvalidRequest, match="text_too_long"):
        scene.save("x" * 20_000)
    scene.save("a\u202eb\x00c\u2066 \U0001f600 שלום")
    assert scene.review.draft(scene.doctor.id, scene.night_id).text_report == "abc \U0001f600 שלום"


def test_who_has_no_name_cannot_sign_and_nothing_cannot_be_signed(scene):
    scene.save("   ")
    with pytest.raises(InvalidRequest, match="nothing_to_sign"):
        scene.sign()
    scene.save("text")
    from oximetry.domain.review_records import Profile

    scene.review.set_profile(Profile(scene.doctor.id))
    with pytest.raises(InvalidRequest, match="signer_unnamed"):
        scene.sign()


def test_a_set_of_nights_is_signed_as_one_report(both_scenes):
    scene = both_scenes
    second = scene.store(START + timedelta(days=1))
    subject = (scene.night_id, second)
    proposal = scene.review.propose(scene.doctor.id, subject, "en")
    assert proposal.text_report.count("ODI4") == 2
    scene.save("{nights}: {odi4_mean120_1} și {odi4_mean120_2}", subject)
    report = scene.sign(subject)
    assert scene.review.signed(scene.doctor.id, subject).text_report.startswith("2 nopți: ")
    assert scene.state(report.subject) is ReviewState.SIGNED
    assert scene.state() is ReviewState.TO_REVIEW
    scene.clinic.work()
    assert scene.review.state(scene.doctor.id, subject).file_key.endswith("multi-2026-00001-v1-ro.pdf")
    scene.exclude()
    assert scene.state(subject) is ReviewState.RESIGN


def test_a_set_has_fourteen_nights_at_most_and_one_patient(scene):
    with pytest.raises(InvalidRequest, match="too_many_nights"):
        scene.review.draft(scene.doctor.id, [f"n{number}" for number in range(15)])
    with pytest.raises(InvalidRequest, match="too_many_nights"):
        scene.review.draft(scene.doctor.id, [scene.night_id, scene.night_id])


def test_a_clock_that_went_back_does_not_turn_versions_round(scene):
    scene.save()
    first = scene.sign()
    scene.clinic.clock.move(days=-400)
    scene.save("nou")
    second = scene.amend()
    assert second.signed_at >= first.signed_at
    assert second.number == first.number
    assert scene.review.chain_is_whole()


def test_a_changed_row_breaks_the_chain(scene):
    scene.save()
    scene.sign()
    with scene.clinic.catalogue._engine.begin() as connection:
        connection.exec_driver_sql("UPDATE clinical_reports SET content = replace(content, '88', '98')")
    assert not scene.review.chain_is_whole()


def test_the_day_is_counted(both_scenes):
    scene = both_scenes
    scene.store(START + timedelta(days=1))
    scene.save()
    scene.sign()
    counted = scene.review.counts(scene.doctor.id)
    assert (counted[ReviewState.SIGNED], counted[ReviewState.TO_REVIEW], counted[ReviewState.DRAFT]) == (1, 1, 0)
    [report] = scene.review.signed_since(scene.doctor.id, scene.clinic.clock() - timedelta(hours=1))
    assert (report.number, report.content) == ("2026-00001", "")
    assert scene.review.signed_since(scene.doctor.id, scene.clinic.clock() + timedelta(hours=1)) == []
    states = scene.review.states(scene.doctor.id, scene.review.waiting(scene.doctor.id))
    assert [one.state for one in states.values()] == [ReviewState.TO_REVIEW]


def test_old_nights_do_not_wait_when_the_clinic_says_so(scene):
    scene.name_signer(scene.doctor, review_from=scene.clinic.clock() + timedelta(days=1))
    assert scene.review.waiting(scene.doctor.id) == []
    assert scene.state() is ReviewState.TO_REVIEW
    scene.save()
    assert scene.review.waiting(scene.doctor.id) == [scene.night_id]


@pytest.mark.parametrize("typed", ["{}", "  {} ", "lower", "plain"])
def test_codes_are_taken_however_they_are_typed(scene, typed):
    scene.save()
    code = code_of(scene, scene.sign())
    code = {"lower": code.lower().replace("0", "o").replace("1", "l"), "plain": code.replace("-", "")}.get(
        typed, typed.format(code)
    )
    answer = scene.review.verify_code(code)
    assert (answer.verdict, answer.number, answer.version, answer.clinic) == (
        Verdict.CURRENT, "2026-00001", 1, "Cabinet",
    )  # fmt: skip


@pytest.mark.parametrize("typed", ["", "AAAA-BBBB-CCCC", "x" * 5000, "U" * 12, "{}", "\x00"])
def test_unknown_and_malformed_codes_get_the_same_answer(scene, typed):
    scene.save()
    scene.sign()
    answer = scene.review.verify_code(typed)
    assert (answer.verdict, answer.number, answer.clinic) == (Verdict.UNKNOWN, None, None)


def test_a_file_is_verified_by_its_hash(scene):
    scene.save()
    code = code_of(scene, scene.sign())
    scene.clinic.work()
    digest = scene.review.state(scene.doctor.id, scene.night_id).report.pdf_sha256
    assert scene.review.verify_pdf_hash(digest.upper()).verdict is Verdict.CURRENT
    assert scene.review.verify_pdf_hash(sha256_of("x")).verdict is Verdict.UNKNOWN
    assert scene.review.verify_pdf_hash("'; --").verdict is Verdict.UNKNOWN
    assert scene.review.verify_code(code, digest).pdf_is_identical
    assert scene.review.verify_code(code, sha256_of("x")).pdf_is_identical is False


def test_ten_tries_a_minute_and_an_address(both_scenes):
    scene = both_scenes
    for _ in range(10):
        scene.review.count_try("203.0.113.9")
    with pytest.raises(TooManyAttempts):
        scene.review.count_try("203.0.113.9")
    scene.review.count_try("203.0.113.10")
    scene.clinic.clock.move(seconds=61)
    scene.review.count_try("203.0.113.9")


def test_expunging_a_night_takes_its_draft_and_leaves_the_signed_report(scene):
    scene.save()
    code = code_of(scene, scene.sign())
    scene.clinic.work()
    scene.save("încă o ciornă")
    scene.clinic.nights.remove(scene.doctor.id, scene.night_id)
    scene.clinic.clock.move(days=31)
    scene.clinic.housekeeping.expunge("")
    with scene.clinic.catalogue.read() as transaction:
        assert transaction.interpretations.find(scene.doctor.id, scene.night_id) is None
    assert scene.review.verify_code(code).verdict is Verdict.CURRENT


def test_a_night_removed_while_its_report_waits_is_rendered_still(scene):
    scene.save()
    scene.sign()
    scene.clinic.nights.remove(scene.doctor.id, scene.night_id)
    scene.clinic.work()
    assert scene.review.versions(scene.doctor.id, scene.night_id)[0].file_key


def test_the_password_is_asked_for_once_in_a_session(clinic):
    clinic.services.accounts._attempts._hasher = __import__("tests.factories", fromlist=["PlainHasher"]).PlainHasher()
    doctor = clinic.doctor("ana@clinic.test")
    token = clinic.accounts.sign_in(doctor.email, "secret", Origin("203.0.113.9")).token
    assert not clinic.accounts.is_confirmed(token)
    with pytest.raises(OximetryError):
        clinic.accounts.confirm(token, "wrong", Origin("203.0.113.9"))
    assert not clinic.accounts.is_confirmed(token)
    clinic.accounts.confirm(token, "secret", Origin("203.0.113.9"))
    assert clinic.accounts.is_confirmed(token)
    clinic.clock.move(hours=12)
    assert not clinic.accounts.is_confirmed(token)
