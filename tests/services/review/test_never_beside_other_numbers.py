"""Whatever the order of writing, leaving out, reanalysing, signing and amending: no signed word stands beside a
number that it did not see."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from oximetry.adapters.catalogue.catalogue import Catalogue
from oximetry.domain.errors import InvalidRequest
from oximetry.domain.interpretation import ReviewState
from oximetry.domain.signing import ReportContent, same_numbers
from tests.factories import Clinic
from tests.services.review.conftest import Scene


def machine(template: Path):
    class Reviewing(RuleBasedStateMachine):
        def __init__(self):
            super().__init__()
            self.folder = Path(tempfile.mkdtemp(prefix="review-"))
            path = shutil.copy(template, self.folder / "catalogue.sqlite")
            self.catalogue = Catalogue(f"sqlite:///{path}")
            self.scene = Scene(Clinic(self.catalogue))
            self.scene.name_signer(self.scene.doctor, release_at_once=True)
            self.page = self.scene.review.draft(self.scene.doctor.id, self.scene.night_id)
            self.contents = {}

        def teardown(self):
            self.catalogue.dispose()
            shutil.rmtree(self.folder, ignore_errors=True)

        def allowed(self, act, *refusals):
            try:
                return act()
            except InvalidRequest as error:
                if error.reason not in refusals:
                    raise
                return None

        @rule()
        def open_page(self):
            self.page = self.scene.review.draft(self.scene.doctor.id, self.scene.night_id)

        @rule(text=st.sampled_from(["ODI3 {odi3}", "minim {lowest}", "fără cifre"]), tells=st.booleans())
        def type(self, text, tells):
            seen = self.page.numbers_sha256 if tells else None
            who = (self.scene.doctor.id, self.scene.night_id)
            self.allowed(
                lambda: self.scene.review.save_draft(*who, text, "", self.page.version, seen=seen), "draft_conflict"
            )

        @rule()
        def sign(self):
            version, seen = self.page.version, self.page.numbers_sha256
            self.allowed(
                lambda: self.scene.review.sign(self.scene.doctor, self.scene.night_id, version=version, seen=seen),
                "draft_conflict", "numbers_changed", "already_signed", "nothing_to_sign",
            )  # fmt: skip

        @rule()
        def amend(self):
            version, seen = self.page.version, self.page.numbers_sha256
            who = (self.scene.doctor, self.scene.night_id, "motiv")
            self.allowed(
                lambda: self.scene.review.amend(*who, version=version, seen=seen),
                "draft_conflict", "numbers_changed", "not_signed", "nothing_to_sign",
            )  # fmt: skip

        @rule()
        def withdraw(self):
            self.allowed(
                lambda: self.scene.review.withdraw(self.scene.doctor, self.scene.night_id, "motiv"), "not_signed"
            )

        @rule(first=st.sampled_from([0, 400, 800]))
        def leave_out(self, first):
            self.scene.exclude(first, first + 200)

        @precondition(lambda self: self.scene.clinic.exclusions.spans(self.scene.doctor.id, self.scene.night_id))
        @rule()
        def put_back(self):
            span = self.scene.clinic.exclusions.spans(self.scene.doctor.id, self.scene.night_id)[0]
            self.scene.clinic.exclusions.put_back(self.scene.doctor.id, self.scene.night_id, span.id)

        @rule()
        def reanalyse(self):
            """Numbers of another version of the rules, replaced as the operator does it."""
            with self.catalogue.write() as transaction:
                night = transaction.nights.get(self.scene.night_id)
                summary = {**night.numbers.as_json(), "odi3_per_h": night.numbers.odi3_per_h + 1}
                rows = [{"rule": "peak-nadir", "version": night.numbers.rule.version, "summary": summary, "events": []}]
                transaction.nights.put_analyses(night.id, rows, self.scene.clinic.clock())

        @rule()
        def work(self):
            self.scene.clinic.work()

        @invariant()
        def words_stand_beside_their_numbers_only(self):
            with self.catalogue.read() as transaction:
                now = transaction.nights.get(self.scene.night_id).numbers
            state = self.scene.state()
            words = self.scene.review.signed(self.scene.doctor.id, self.scene.night_id)
            if state.is_signed:
                assert words.is_current
                assert same_numbers(words.numbers[0], now)
                assert same_numbers(now, words.numbers[0])
            if words is not None and not same_numbers(words.numbers[0], now):
                assert state is ReviewState.RESIGN
            for released in self.scene.review.released_for_patient(self.scene.patient.id):
                assert released.is_current == same_numbers(released.numbers[0], now)

        @invariant()
        def what_was_signed_never_changes(self):
            versions = self.scene.review.versions(self.scene.doctor.id, self.scene.night_id)
            for report in versions:
                assert self.contents.setdefault(report.id, report.content) == report.content
                assert ReportContent.from_text(report.content).as_text() == report.content
            assert [report.version for report in versions] == list(range(1, len(versions) + 1))
            assert self.scene.review.chain_is_whole()

    return Reviewing


@pytest.mark.timeout(280)
def test_no_signed_word_stands_beside_a_number_it_did_not_see(migrated_sqlite):
    run_state_machine_as_test(
        machine(migrated_sqlite),
        settings=settings(
            max_examples=20, stateful_step_count=14, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
