"""The patient's page: every night a card of its own, numbers in plain words; plain html, light enough for a phone."""

from __future__ import annotations

from collections.abc import Sequence

from dash import dcc, html
from dash.development.base_component import Component

from oximetry.domain.records import StoredFile, VendorReport
from oximetry.services.nights.nights import NightCard
from oximetry.web import figure_layout, report_view
from oximetry.web.figures import Figure, config
from oximetry.web.i18n import Words
from oximetry.web.numbers import BELOW_RANGE, EVENTS3, PATIENT_PAGE, VALID

PATIENT_ID, NIGHTS, BANNER = "patient-id", "nights", "banner"
NIGHT_PLOT, NIGHT_OPEN = "night-plot", "night-open"
PLOT_HEIGHT_PX = 340


def layout(words: Words) -> Component:
    """The empty page; the script exchanges the fragment for a cookie and fills ``PATIENT_ID``."""
    return html.Div(
        [
            html.Header([html.H1(words("patient.title")), language_switch(words)]),
            html.Div(id=BANNER, role="status", **{"data-preview": words("patient.preview")}),
            html.Main(
                [html.Div(className="skeleton"), html.Div(className="skeleton")],
                id=NIGHTS,
                **{"data-refused": words("patient.refused"), "data-offline": words("patient.offline")},
            ),
            html.Footer(words("patient.not_a_diagnosis")),
            dcc.Store(id=PATIENT_ID),
        ],
        className="patient",
        lang=words.language,
    )


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
    cards: Sequence[NightCard], lone_reports: Sequence[VendorReport], files: Sequence[StoredFile], words: Words
) -> list[Component]:
    """All nights, newest first; the newest stands open."""
    if not cards and not lone_reports and not files:
        return [html.P(words("patient.no_nights"), className="quiet")]
    shown: list[Component] = [night_card(card, words, is_open=index == 0) for index, card in enumerate(cards)]
    shown += [report_view.card(report, [_download(report.file, words)], words) for report in lone_reports]
    if files:
        links = html.Div([_download(file, words) for file in files], className="downloads")
        shown.append(html.Section([html.H2(words("patient.files")), links], className="card"))
    return shown


def night_card(card: NightCard, words: Words, *, is_open: bool) -> Component:
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
            *_numbers(card, words),
            html.Div(
                [*_picture(card, words, is_open), _empty_plot(night.id)],
                className="plot",
                role="img",
                **{"aria-label": summary_sentence(card, words)},
            ),
            html.P(figure_layout.caption(night.numbers, words), className="quiet caption"),
            _explanation(card, words),
            *_reports(card, words),
            html.Div([_download(file, words) for file in _offered(card)], className="downloads"),
        ],
        className="card",
        open=is_open,
    )


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


def _numbers(card: NightCard, words: Words) -> list[Component]:
    numbers = card.night.numbers
    shown: list[Component] = [
        html.Dl(
            [
                html.Div([html.Dt(words(f"patient.{number.name}")), html.Dd(number.plain(numbers, words))])
                for number in PATIENT_PAGE
            ],
            className="numbers",
        )
    ]
    if numbers.excluded_s > 0:
        shown.append(html.P(words("patient.excluded", minutes=numbers.excluded_s / 60), className="note"))
    if numbers.is_short:
        shown.append(html.P(words("patient.short_night"), className="note"))
    return shown


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
        [html.Summary(words("explain.title")), *[html.P(words(key, **values)) for key in keys]], className="explain"
    )


def _download(file: StoredFile, words: Words) -> Component:
    extension = file.name.rpartition(".")[2]
    return html.A(words(f"download.{extension}"), href=file_path(file), className="action quiet-action", download=True)


def file_path(file: StoredFile) -> str:
    """The resource path of a file: the storage key below ``/patient/``."""
    return f"/patient/{file.key}"
