"""The patient's page: every night a card of its own, numbers in plain words; plain html, light enough for a phone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from dash import dcc, html
from dash.development.base_component import Component

from oximetry.domain.clinic import Clinic
from oximetry.domain.records import StoredFile, VendorReport
from oximetry.domain.review_records import SignedText
from oximetry.services.nights.nights import NightCard
from oximetry.web import figure_layout, report_view
from oximetry.web.figures import Figure, config
from oximetry.web.i18n import Words
from oximetry.web.numbers import BELOW_RANGE, EVENTS3, PATIENT_PAGE, VALID

PATIENT_ID, NIGHTS, BANNER, NOTICE = "patient-id", "nights", "banner", "notice"
NIGHT_PLOT, NIGHT_OPEN = "night-plot", "night-open"
PLOT_HEIGHT_PX = 340
SAID_BY_SCRIPT = ("refused", "offline", "left", "expired", "paused")
CLINIC, HELP = "clinic", "help"


class Who(StrEnum):
    """Who looked, as the patient reads it."""

    YOU = "you"
    DEVICE = "device"
    CLINIC = "clinic"


@dataclass(frozen=True, slots=True)
class Look:
    """Somebody opened the page or a night of it, at the clinic's wall clock."""

    at: datetime
    who: Who
    browser: str = ""


@dataclass(frozen=True, slots=True)
class Around:
    """What stands around a patient's nights: the clinic, released words by night, and who looked lately."""

    clinic: Clinic = field(default_factory=Clinic)
    said: Mapping[str, SignedText] = field(default_factory=dict)
    looks: Sequence[Look] = ()


def layout(words: Words) -> Component:
    """The empty page; the script exchanges the fragment for a cookie and fills ``PATIENT_ID``."""
    return html.Div(
        [
            html.Header([html.H1(words("patient.title")), language_switch(words), _leave(words)]),
            html.Div(id=BANNER, role="status", **{"data-preview": words("patient.preview")}),
            html.Div(id=NOTICE),
            html.Main(
                [html.Div(className="skeleton"), html.Div(className="skeleton")],
                id=NIGHTS,
                **{f"data-{name}": words(f"patient.{name}") for name in SAID_BY_SCRIPT},
            ),
            html.Section(_help(words), id=HELP, className="card help"),
            html.Footer(words("patient.not_a_diagnosis")),
            dcc.Store(id=PATIENT_ID),
        ],
        className="patient",
        lang=words.language,
    )


def _leave(words: Words) -> Component:
    return html.Button(words("patient.leave"), className="leave", **{"data-leave": ""})


def language_switch(words: Words) -> Component:
    """RO | EN; the script sets the cookie and loads the page again, fragment and all."""
    return html.Span(
        [
            html.Button("RO", lang="ro", **{"data-set-language": "ro"}),
            html.Button("EN", lang="en", **{"data-set-language": "en"}),
        ],
        className="language-switch",
        **{"data-language": words.language},
    )


def nights(
    cards: Sequence[NightCard],
    lone_reports: Sequence[VendorReport],
    files: Sequence[StoredFile],
    words: Words,
    around: Around | None = None,
) -> list[Component]:
    """The clinic, all nights, newest first (the newest stands open), and who opened the page."""
    around = around or Around()
    if not cards and not lone_reports and not files:
        return [*_clinic(around.clinic, words), html.P(words("patient.no_nights"), className="quiet")]
    shown: list[Component] = _clinic(around.clinic, words)
    shown += [
        night_card(
            card, words, is_open=index == 0, said=around.said.get(card.night.id), usual=around.clinic.usual_shown
        )
        for index, card in enumerate(cards)
    ]
    shown += [report_view.card(report, [_download(report.file, words)], words) for report in lone_reports]
    if files:
        links = html.Div([_download(file, words) for file in files], className="downloads")
        shown.append(html.Section([html.H2(words("patient.files")), links], className="card"))
    return [*shown, *_looks(around.looks, words)]


def _clinic(clinic: Clinic, words: Words) -> list[Component]:
    """Whose page it is and whom to call; nothing while the clinic has not said."""
    if not clinic.name and not clinic.phone:
        return []
    call = words("patient.call", clinic=clinic.name, hours=clinic.hours or words("patient.office_hours"))
    phone = [html.A(clinic.phone, href=f"tel:{_dialled(clinic.phone)}", className="action")] if clinic.phone else []
    return [html.Section([html.Strong(clinic.name), html.P(call), *phone], id=CLINIC, className="card clinic-card")]


def _dialled(phone: str) -> str:
    return "".join(sign for sign in phone if sign.isdigit() or sign == "+")


def _looks(looks: Sequence[Look], words: Words) -> list[Component]:
    if not looks:
        return []
    lines = [html.Li([html.Span(words.moment(look.at)), html.Span(_who(look, words))]) for look in looks]
    inside = [html.H2(words("patient.who_opened")), html.Ul(lines, className="openings"),
              html.P(words("patient.not_yours"), className="quiet")]  # fmt: skip
    return [html.Section(inside, className="card")]


def _who(look: Look, words: Words) -> str:
    if look.who is Who.CLINIC:
        return words("looked.clinic")
    browser = words(f"browser.{look.browser or 'unknown'}")
    return words("looked.you" if look.who is Who.YOU else "looked.device", browser=browser)


def _help(words: Words) -> list[Component]:
    """What the page does not say, what not to change, and when not to wait."""
    limits = [html.Li(words(f"patient.not_{number}")) for number in (1, 2, 3)]
    return [
        html.H2(words("patient.not_title")),
        html.Ul(limits),
        html.P(html.Strong(words("patient.safety"))),
        html.P([words("patient.emergency"), " ", html.A("112", href="tel:112")], className="note"),
    ]


def night_card(
    card: NightCard, words: Words, *, is_open: bool, said: SignedText | None = None, usual: bool = False
) -> Component:
    """One night: title, three numbers, the stored picture (replaced by the plot once it is there), downloads."""
    night = card.night
    title = words("night.title", night=words.night(night.started_at))
    under = f"{night.started_at:%H:%M} – {night.ended_at:%H:%M}"
    if night.device_serial:
        under += " · " + words("night.device", device=night.device_serial)
    return html.Details(
        [
            html.Summary(
                [html.H2(title), html.Span(under, className="quiet")],
                id={"type": NIGHT_OPEN, "night": night.id},
                n_clicks=1 if is_open else 0,
            ),
            *_said(said, words),
            *_numbers(card, words, usual=usual),
            html.P(words("patient.red_is"), className="quiet caption"),
            html.Div(
                [*_picture(card, words, is_open), _empty_plot(night.id)],
                className="plot",
                role="img",
                **{"aria-label": summary_sentence(card, words)},
            ),
            _explanation(card, words),
            *_reports(card, words),
            html.Div(
                [*_report_download(said, words), *[_download(file, words) for file in _offered(card)]],
                className="downloads",
            ),
        ],
        className="card",
        open=is_open,
    )


def _said(said: SignedText | None, words: Words) -> list[Component]:
    """The doctor's released words; what is not released is not hinted at."""
    if said is None:
        return [html.P(words("patient.nothing_said"), className="quiet said-nothing")]
    if not said.is_current:  # the words stand beside the numbers they were signed with: in the report alone
        return [html.Section([html.P(words("patient.numbers_changed"), className="note")], className="said")]
    paragraphs = [html.P(text) for text in said.text_patient.split("\n\n") if text.strip()]
    signed = words("patient.signed_by", name=said.signer_name, title=said.signer_title,
                   moment=words.moment(said.report.signed_at))  # fmt: skip
    inside = [html.H3(words("patient.doctor_says")), *paragraphs, html.P(signed, className="quiet caption")]
    return [html.Section(inside, className="said")]


def _report_download(said: SignedText | None, words: Words) -> list[Component]:
    if said is None or said.report.file_key is None:
        return []
    return [html.A(words("patient.report"), href=f"/patient/{said.report.file_key}", className="action", download=True)]


def _reports(card: NightCard, words: Words) -> list[Component]:
    """What the vendor's report prints, folded away behind the night's own numbers."""
    return [
        html.Details([html.Summary(words("report.title", night=words.night(card.night.started_at))), *inside])
        for inside in (report_view.printed(report, words) for report in card.reports)
    ]


def _offered(card: NightCard) -> list[StoredFile]:
    files = (card.plot, card.csv, *(report.file for report in card.reports))
    return [file for file in files if file is not None]


def summary_sentence(card: NightCard, words: Words) -> str:
    """The plot in one sentence, for whoever cannot see it."""
    digits = {shown.name: shown.plain_digits(card.night.numbers, words) for shown in PATIENT_PAGE}
    return words("patient.plot_in_words", **digits)


def plot(figure: Figure, words: Words) -> Component:
    """The interactive plot that takes the picture's place."""
    return dcc.Graph(figure=figure, config=config(words), style={"height": f"{PLOT_HEIGHT_PX}px"})


def _numbers(card: NightCard, words: Words, *, usual: bool) -> list[Component]:
    numbers = card.night.numbers
    shown: list[Component] = [
        html.Dl(
            [
                html.Div(
                    [
                        html.Dt(
                            [
                                words(f"patient.{number.name}"),
                                *(
                                    [html.Span(words(f"patient.usual_{number.name}"), className="usual")]
                                    if usual
                                    else []
                                ),
                            ]
                        ),
                        html.Dd(number.plain(numbers, words)),
                    ]
                )
                for number in PATIENT_PAGE
            ],
            className="numbers",
        )
    ]
    if usual:
        shown.append(html.P(words("patient.usual"), className="quiet caption"))
    if numbers.excluded_s > 0:
        shown.append(html.P(words("patient.excluded", minutes=numbers.excluded_s / 60), className="note"))
    if numbers.is_short:
        shown.append(html.P(words("patient.short_night"), className="note"))
    return shown


def _number_name(name: str, words: Words, *, usual: bool) -> list[Component | str]:
    ranges = [html.Span(words(f"patient.usual_{name}"), className="usual")] if usual else []
    return [words(f"patient.{name}"), *ranges]


def _picture(card: NightCard, words: Words, is_open: bool) -> list[Component]:
    """What stands in the plot's place at first paint; a closed card fetches no picture that nobody may look at."""
    if not is_open:
        return []
    if card.plot is None:
        return [html.P(words("patient.picture_waits"), className="quiet picture")]
    source, alt = file_path(card.plot), summary_sentence(card, words)
    return [html.Img(src=source, alt=alt, className="picture", width=1280, height=720)]


def _empty_plot(night_id: str) -> Component:
    return html.Div(id={"type": NIGHT_PLOT, "night": night_id}, className="live-plot", tabIndex="0")


def _explanation(card: NightCard, words: Words) -> Component:
    numbers = card.night.numbers
    keys = ["explain.mean", "explain.lowest", "explain.below90"]
    keys.append("explain.events" if numbers.desaturations3 is not None else "explain.no_events")
    if numbers.is_below_range:
        keys.append("explain.below_range")
    values = {
        "events": EVENTS3.plain_digits(numbers, words),
        "hours": VALID.plain_digits(numbers, words),
        "minutes": BELOW_RANGE.plain_digits(numbers, words),
    }
    return html.Details(
        [
            html.Summary(words("explain.title")),
            *[html.P(words(key, **values)) for key in keys],
            html.P(words("patient.meaning")),
            html.P([words("explain.counted"), " ", figure_layout.caption(numbers, words)], className="quiet caption"),
        ],
        className="explain",
    )


def _download(file: StoredFile, words: Words) -> Component:
    extension = file.name.rpartition(".")[2]
    return html.A(words(f"download.{extension}"), href=file_path(file), className="action quiet-action", download=True)


def file_path(file: StoredFile) -> str:
    """The resource path of a file: the storage key below ``/patient/``."""
    return f"/patient/{file.key}"
