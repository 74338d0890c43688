"""What the doctor reads of the extra rules, and that the patient reads nothing of them."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from oximetry.domain.extra_rules import COPD, MCGILL, MEDICARE, Answer, Doubt, Verdict
from oximetry.web.doctor.extra_rules_view import results, section
from oximetry.web.doctor.patients_view import digest
from oximetry.web.i18n import words
from tests.web.conftest import BASE_URL, World
from tests.web.doctor.test_callbacks import Values, call, callback_of
from tests.web.patient.test_patient_routes import dash_call

SCORED = {"valid_hours": 7.5, "clusters": 3, "drops90": 5, "drops85": 4, "drops80": 2}


def text_of(component: Any) -> str:
    return json.dumps(component, default=lambda one: one.to_plotly_json(), ensure_ascii=False)


def said(answer: Answer, language: str = "ro") -> str:
    return text_of(results([answer], words(language)))


def test_switches_are_collapsed_off_and_carry_their_caveats() -> None:
    shown = section(words("ro"))
    text = text_of(shown)
    assert not getattr(shown, "open", False)
    assert '"value": []' in text
    assert [name for name in ("copd", "medicare", "mcgill") if f'"value": "{name}"' not in text] == []
    assert "numai copii" in text
    assert "pacientul nu le vede" in text
    assert "un aparat de uz casnic nu îndeplinește condițiile ei" in text
    assert "nu o indicație de oxigenoterapie" in text


def test_nothing_is_shown_while_nothing_is_switched_on() -> None:
    assert results([], words("ro")) == []


def test_a_result_says_rule_version_numbers_caveat_and_who_judges() -> None:
    text = said(Answer(MCGILL, Verdict.SCORE_3, SCORED))
    assert "regula mcgill v1" in text
    assert "Scor 3: moderat." in text
    assert "Grupuri: 3; scăderi sub 90 %: 5, sub 85 %: 4, sub 80 %: 2; 7,50 ore valide." in text
    assert "Nu se folosește la adulți." in text
    assert "Aprecierea îi aparține medicului." in text


@pytest.mark.parametrize(
    ("verdict", "grade"),
    [
        (Verdict.SCORE_1, "Scor 1: normal sau neconcludent."),
        (Verdict.SCORE_2, "Scor 2: ușor."),
        (Verdict.SCORE_4, "Scor 4: sever."),
    ],
)
def test_grades_have_the_scores_own_names(verdict: Verdict, grade: str) -> None:
    assert grade in said(Answer(MCGILL, verdict, SCORED))


def test_numbers_beside_a_limit_are_not_rounded_up_to_it() -> None:
    text = said(Answer(COPD, Verdict.NOT_MET, {"below90_pct": 29.98, "valid_hours": 8.0}))
    assert "mai puțin de 30 % din timpul valid" in text
    assert "Sub 90 %: 29,98 % din 8,00 ore valide." in text
    used = {"t_le88_min": 4.9666, "recorded_hours": 8.0, "valid_hours": 7.5}
    text = said(Answer(MEDICARE, Verdict.NOT_MET, used))
    assert "Partea numerică nu este îndeplinită: mai puțin de 5 minute" in text
    assert "4,97 minute; 8,00 ore înregistrate, 7,50 valide" in text


@pytest.mark.parametrize("language", ["ro", "en"])
def test_what_is_met_reads_well_in_both_languages(language: str) -> None:
    copd = said(Answer(COPD, Verdict.MET, {"below90_pct": 30.0, "valid_hours": 8.0}), language)
    used = {"t_le88_min": 5.0, "recorded_hours": 8.0, "valid_hours": 7.5}
    medicare = said(Answer(MEDICARE, Verdict.MET, used), language)
    assert {"ro": "cel puțin 30 % din timpul valid", "en": "at least 30 % of the valid time"}[language] in copd
    assert {"ro": "Partea numerică este îndeplinită", "en": "The numeric part is met"}[language] in medicare
    assert not re.search(r"\{\w+\}", " ".join(re.findall(r'"children": "([^"]*)"', copd + medicare)))


@pytest.mark.parametrize(
    ("doubt", "why"),
    [
        (Doubt.SPOT_VALUES, "la mai mult de 12 s una de alta"),
        (Doubt.TOO_SHORT, "regula cere cel puțin 6 ore"),
        (Doubt.BELOW_RANGE, "probabil sub 61 %"),
    ],
)
def test_what_cannot_be_said_says_why(doubt: Doubt, why: str) -> None:
    text = said(Answer(MCGILL, Verdict.UNKNOWN, {"valid_hours": 7.5}, doubt))
    assert "Nu se poate spune" in text
    assert why in text
    assert "Grupuri: –;" in text
    assert "Scor" not in text.replace("Scorul", "")


def test_the_patients_own_page_never_shows_them(world: World) -> None:
    patient_id, secret = world.stored_night()
    world.services.links.set_extra_rules(world.doctor().id, patient_id, ["copd", "medicare", "mcgill"])
    client = world.opened(secret)
    layout = client.get("/patient/_dash-layout", base_url=BASE_URL).text
    status, nights = dash_call(client, patient_id)
    assert status == 200
    assert "Details" in nights
    page = layout + nights
    assert [word for word in ("McGill", "mcgill", "Medicare", "BPOC", "copd") if word in page] == []


def test_the_page_is_drawn_again_when_a_nights_numbers_change(world: World) -> None:
    patient_id, _ = world.stored_night()
    web, doctor = world.services, world.doctor()
    card, nights = web.links.card(doctor.id, patient_id), web.nights.managed(doctor.id, patient_id, "ro")
    changed = replace(nights[0].night, numbers=replace(nights[0].night.numbers, t_le88_min=99.0))
    after = [replace(nights[0], night=changed)]
    assert digest(card, nights, [], words("ro")) == digest(card, list(nights), [], words("ro"))
    assert digest(card, nights, [], words("ro")) != digest(card, after, [], words("ro"))


def test_another_doctors_page_stays_empty(world: World) -> None:
    patient_id, _ = world.stored_night()
    world.services.links.set_extra_rules(world.doctor().id, patient_id, ["copd"])
    client = world.signed_in("bogdan@localhost")
    show = callback_of(client, "patient-page.children", "patient-shown")
    answer = call(client, show, Values({"patient-shown.data": patient_id}), "patient-shown.data").json["response"]
    assert answer["extra-rules"]["value"] == []
    assert "regula copd v1" not in json.dumps(answer, ensure_ascii=False)
