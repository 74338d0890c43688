"""The doctor's patients: the list, one patient's link and nights; pure functions of what the services say."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import segno
from dash import html
from dash.development.base_component import Component

from oximetry.domain.extra_rules import Answer
from oximetry.domain.records import NightState, StoredFile, VendorReport
from oximetry.services.links import PatientCard
from oximetry.services.nights.nights import NightCard
from oximetry.web import report_view
from oximetry.web.doctor import extra_rules_view, ids
from oximetry.web.doctor.batch_view import patient_name
from oximetry.web.i18n import Words
from oximetry.web.numbers import NIGHT_ROW
from oximetry.web.patient.patient_page import file_path


def patient_list(cards: Sequence[PatientCard], counts: Mapping[str, int], words: Words) -> Component:
    """One line per patient, newest first."""
    if not cards:
        return html.P(words("patients.none"), className="quiet")
    head = [words(f"patients.{name}") for name in ("patient", "nights", "link", "since")]
    return html.Table(
        [
            html.Thead(html.Tr([html.Th(text) for text in head])),
            html.Tbody(
                [
                    html.Tr(
                        [
                            html.Td(html.A(patient_name(card, words), href=f"#pacient/{card.patient.id}")),
                            html.Td(counts.get(card.patient.id, 0)),
                            html.Td(link_state(card, words)),
                            html.Td(words.day(card.patient.created_at)),
                        ]
                    )
                    for card in cards
                ]
            ),
        ],
        className="plain-table",
    )


def link_state(card: PatientCard, words: Words) -> str:
    """Live or not, and how often the patient opened it."""
    if card.link is None:
        return words("link.revoked")
    return opened_how_often(card.link.opened_count, words)


def opened_how_often(times: int, words: Words) -> str:
    """How often somebody came through a link."""
    return words.count("link.opened", times) if times else words("link.never_opened")


def link_box(card: PatientCard, words: Words) -> Component:
    """The link with copy button and QR code, and the doctor's preview."""
    name = html.Strong(patient_name(card, words))
    if card.url is None:
        reason = words("link.revoked" if card.link is None else "link.sealed")
        return html.Div([name, html.P(reason, className="quiet"), *_old_link(card, words)], className="card link-box")
    return html.Div(
        [
            html.Img(src=qr_code(card.url), alt=words("link.qr"), width=132, height=132, className="qr"),
            html.Div(
                [
                    name,
                    html.Code(card.url, className="link-url"),
                    html.Div(
                        [
                            html.Button(words("link.copy"), className="action", **{"data-copy": card.url}),
                            html.A(
                                words("link.preview"),
                                href=card.url,
                                target="_blank",
                                rel="noopener",
                                className="action quiet-action",
                            ),
                        ],
                        className="downloads",
                    ),
                    html.Span(link_state(card, words), className="quiet"),
                    *_old_link(card, words),
                ]
            ),
        ],
        className="card link-box",
    )


def _old_link(card: PatientCard, words: Words) -> list[Component]:
    """That a link of the application before this one still opens the page, and the button that ends it."""
    if not card.old_links:
        return []
    opened = opened_how_often(sum(link.opened_count for link in card.old_links), words)
    button = html.Button(
        words("old_link.retire"),
        id={"type": ids.NIGHT_ACTION, "act": ids.RETIRE_OLD, "night": card.patient.id},
        className="quiet-action",
    )
    return [html.Div([html.Span([words("old_link.live"), f" ({opened})"]), button], className="note old-link")]


def qr_code(url: str) -> str:
    """The link as a QR code, an SVG in a data URL: nothing is fetched, nothing is stored."""
    return str(segno.make(url, error="m").svg_data_uri(scale=4, border=2, light="white"))


def digest(card: PatientCard, nights: Sequence[NightCard], lone: Sequence[StoredFile], words: Words) -> str:
    """Equal as long as the patient's page would look the same."""
    link = (card.link.id, card.link.opened_count) if card.link else None
    stored = [(one.night.id, one.night.state, one.night.numbers, [file.key for file in _files(one)]) for one in nights]
    digested = (words.language, card.patient, link, card.old_links, stored, [file.key for file in lone])
    return hashlib.sha256(repr(digested).encode()).hexdigest()


def patient_nights(
    card: PatientCard,
    nights: Sequence[NightCard],
    reports: Sequence[VendorReport],
    files: Sequence[StoredFile],
    answers: Mapping[str, Sequence[Answer]],
    words: Words,
) -> list[Component]:
    """One patient's page: link, nights with what the extra rules say of them, reports without a night."""
    shown: list[Component] = [link_box(card, words)]
    shown += [night_row(night, answers.get(night.night.id, ()), words) for night in nights]
    if not nights:
        shown.append(html.P(words("nights.none"), className="quiet"))
    for report in reports:
        links = [html.A(words("download.pdf"), href=file_path(report.file), className="quiet-action action")]
        shown.append(report_view.card(report, links, words))
    if files:
        links = [html.A(file.name, href=file_path(file)) for file in files]
        shown.append(html.Div([html.Strong(words("patient.files")), *links], className="card"))
    return shown


def night_row(card: NightCard, answers: Sequence[Answer], words: Words) -> Component:
    """One stored night with its headline numbers, the extra rules' answers and what can be done with it."""
    night = card.night
    parts = [f"{words(name)} {shown.text(night.numbers, words)}" for name, shown in NIGHT_ROW]
    return html.Div(
        [
            html.Strong(words.title(night.started_at, night.ended_at, night.device_serial)),
            html.Span(" · ".join(parts), className="quiet"),
            _night_state(card, words),
            *extra_rules_view.results(answers, words),
            html.Div(_actions(card, words), className="downloads"),
        ],
        className="card night-row",
    )


def _night_state(card: NightCard, words: Words) -> Component:
    state = card.night.state
    return html.Span("" if state is NightState.STORED else words(f"night_state.{state.value}"), className="note")


def _actions(card: NightCard, words: Words) -> list[Component]:
    def button(act: str) -> Component:
        return html.Button(
            words(f"nights.{act}"),
            id={"type": ids.NIGHT_ACTION, "act": act, "night": card.night.id},
            className="quiet-action",
        )

    if card.night.state is NightState.REMOVED:
        return [button("restore")]
    if card.night.state is NightState.MOVING:
        return [button("move")]
    shown = [file for file in _files(card) if file is not card.original]
    links = [
        html.A(words(f"download.{file.name.rpartition('.')[2]}"), href=file_path(file), className="quiet-action action")
        for file in shown
    ]
    if card.original is not None:
        links.append(html.A(words("download.original"), href=file_path(card.original), className="quiet-action action"))
    return [button("show"), *links, button("move"), button("remove")]


def _files(card: NightCard) -> list[StoredFile]:
    return [file for file in (card.plot, card.csv, *(one.file for one in card.reports), card.original) if file]
