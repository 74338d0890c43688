"""The extra rules on a patient's page of the doctor: their switches, and what they say of a night."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from dash import html
from dash.development.base_component import Component

from oximetry.domain.extra_rules import COPD, MCGILL, MEDICARE, Answer, Doubt, Verdict
from oximetry.web.i18n import Words

NAMES_OF = {COPD.name: "extra.copd", MEDICARE.name: "extra.medicare", MCGILL.name: "extra.mcgill"}
CAVEATS = {
    COPD.name: "extra.copd_caveat",
    MEDICARE.name: "extra.medicare_caveat",
    MCGILL.name: "extra.mcgill_caveat",
}
_USED = {COPD.name: "extra.copd_used", MEDICARE.name: "extra.medicare_used", MCGILL.name: "extra.mcgill_used"}
_RESULTS = {
    (COPD.name, Verdict.MET): "extra.copd_met",
    (COPD.name, Verdict.NOT_MET): "extra.copd_not_met",
    (MEDICARE.name, Verdict.MET): "extra.medicare_met",
    (MEDICARE.name, Verdict.NOT_MET): "extra.medicare_not_met",
    (MCGILL.name, Verdict.SCORE_1): "extra.score_1",
    (MCGILL.name, Verdict.SCORE_2): "extra.score_2",
    (MCGILL.name, Verdict.SCORE_3): "extra.score_3",
    (MCGILL.name, Verdict.SCORE_4): "extra.score_4",
}
_DOUBTS = {
    Doubt.SPOT_VALUES: "extra.spot_values",
    Doubt.TOO_SHORT: "extra.too_short",
    Doubt.BELOW_RANGE: "extra.below_range",
}
# compared with a limit: one decimal could round them up to it
_EXACT = ("below90_pct", "t_le88_min", "recorded_hours", "valid_hours")


def results(answers: Sequence[Answer], words: Words) -> list[Component]:
    """One block per rule that is switched on: rule and version, result, the numbers it used, its caveat."""
    if not answers:
        return []
    blocks = [
        html.Div(
            [
                html.Strong(words(NAMES_OF[answer.rule.name])),
                html.Span(f" · {_version(answer, words)}", className="quiet"),
                html.Div(_result(answer, words)),
                html.Div(_used(answer, words), className="quiet"),
                html.Div(words(CAVEATS[answer.rule.name]), className="quiet caption"),
            ],
            className="extra-result",
        )
        for answer in answers
    ]
    return [*blocks, html.Div(words("extra.judge"), className="quiet caption")]


def _version(answer: Answer, words: Words) -> str:
    return words("extra.version", rule=answer.rule.name, version=answer.rule.version)


def _result(answer: Answer, words: Words) -> str:
    key = _RESULTS[answer.rule.name, answer.verdict] if answer.doubt is None else _DOUBTS[answer.doubt]
    return words(key, **asdict(answer.rule))


def _used(answer: Answer, words: Words) -> str:
    exact = {name: words.number(answer.used[name], 2) for name in _EXACT if name in answer.used}
    return words(_USED[answer.rule.name], **{**answer.used, **exact})
