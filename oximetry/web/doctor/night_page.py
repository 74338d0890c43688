"""One night: its numbers with the headline first, the trace beside its events, spans left out, and all around them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from dash import html
from flask import Blueprint, Flask, jsonify, request
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from oximetry.domain.errors import InvalidRequest, NotFound, OximetryError
from oximetry.domain.listing import Headline, NightLine
from oximetry.domain.night_numbers import NightNumbers
from oximetry.domain.severity import CHUNG_2012, severity
from oximetry.services.nights.analysis import NightReport
from oximetry.web import inputs, report_view, vendor_view
from oximetry.web.doctor import frame, interpretation_page, night_view
from oximetry.web.doctor.index_range import index_range
from oximetry.web.doctor.list_query import asked_nights, query
from oximetry.web.doctor.night_rows import night_row, odi_name, patient_name
from oximetry.web.figure_layout import caption, clock
from oximetry.web.figures import config, night_figure
from oximetry.web.i18n import Words
from oximetry.web.language import request_language, request_words
from oximetry.web.markup import markup, plot
from oximetry.web.messages import signed_in_doctor
from oximetry.web.numbers import BELOW90, HEADLINES, LE88, LOWEST, MEAN, ODI3, PULSE, VALID, ShownNumber
from oximetry.web.patient.patient_page import file_path
from oximetry.web.services import WebServices

PLOT_HEIGHT_PX = 520
REASONS = ("moved", "cold_hand", "off", "awake")
FACTS = (ODI3, BELOW90, LE88, LOWEST, MEAN, PULSE, VALID)


def install(server: Flask, services: WebServices) -> None:
    """Add the page and what can be done on it."""
    routes = Blueprint("night", __name__, url_prefix="/medic/nights/<uuid:night_id>")

    @routes.get("")
    def night(night_id: UUID) -> ResponseReturnValue:
        return _page(services, str(night_id))

    @routes.post("/excluded")
    def exclude(night_id: UUID) -> ResponseReturnValue:
        return _answer(night_id, "exclude", lambda: _exclude(services, str(night_id)))

    @routes.post("/excluded/<uuid:span_id>/back")
    def put_back(night_id: UUID, span_id: UUID) -> ResponseReturnValue:
        def back() -> str:
            services.exclusions.put_back(signed_in_doctor().id, str(night_id), str(span_id))
            return "exclude.is_back"

        return _answer(night_id, "excluded", back)

    @routes.get("/effect")
    def effect(night_id: UUID) -> ResponseReturnValue:
        doctor, words = signed_in_doctor(), request_words()
        try:
            before, after = services.exclusions.effect(doctor.id, str(night_id), _span(request.args))
        except InvalidRequest as error:
            return jsonify(message=words.error(error)), 409
        headline = services.clinics.of(doctor.id).headline
        changes = [(odi_name(headline), HEADLINES[headline]), (words("number.below90"), BELOW90),
                   (words("number.lowest"), LOWEST)]  # fmt: skip
        return jsonify(
            changes=[[name, number.text(before, words), number.text(after, words)] for name, number in changes]
        )

    @routes.post("/notes")
    def notes(night_id: UUID) -> ResponseReturnValue:
        def save() -> str:
            services.nights.set_notes(signed_in_doctor().id, str(night_id), request.form.get("notes", ""))
            return "done.notes"

        return _answer(night_id, "notes", save)

    server.register_blueprint(routes)


def _answer(night_id: UUID, control: str, does: Callable[[], str]) -> ResponseReturnValue:
    back = frame.came_from(f"/medic/nights/{night_id}")
    try:
        said = does()
    except InvalidRequest as error:
        return frame.refused(control, error, back)
    return frame.done(control, request_words()(said), back)


def _exclude(services: WebServices, night_id: str) -> str:
    services.exclusions.exclude(
        signed_in_doctor().id, night_id, _span(request.form), inputs.text(request.form.get("reason", ""))
    )
    return "exclude.done"


def _span(given: Mapping[str, str]) -> tuple[datetime, datetime]:
    refusal = "exclusion_no_span"
    return inputs.moment(given.get("from", ""), refusal), inputs.moment(given.get("to", ""), refusal)


def _page(services: WebServices, night_id: str) -> ResponseReturnValue:
    doctor, words = signed_in_doctor(), request_words()
    clinic = services.clinics.of(doctor.id)
    line = services.lists.night(doctor.id, night_id)
    wanted = asked_nights(request.args, clinic.headline)
    neighbours = services.lists.neighbours(doctor.id, night_id, wanted)
    card = services.nights.card(doctor.id, night_id, request_language())
    values: dict[str, Any] = {
        "clinic": clinic,
        "line": line,
        "row": night_row(line, clinic.headline, words),
        "card": card,
        "patient": patient_name(line.number, line.label, words),
        "neighbours": neighbours,
        "list_query": query(request.args),
        "here_again": f"/medic/nights/{night_id}{query(request.args)}",
        "odi": odi_name(clinic.headline),
        "file_path": file_path,
    }
    try:
        report = services.nights.trace(doctor.id, night_id)
    except NotFound:
        raise
    except OximetryError as error:  # the store is away: the numbers stand, the trace does not
        return frame.page(services, "doctor/night.html", "work", report=None, failed=words.error(error), **values)
    spans = services.exclusions.spans(doctor.id, night_id)
    values |= _shown(report, clinic.headline, words, severity_shown=clinic.severity_shown)
    return frame.page(
        services,
        "doctor/night.html",
        "work",
        report=report,
        spans=[
            (span, report.recording.wall_clock(span.from_s), report.recording.wall_clock(span.to_s)) for span in spans
        ],
        reasons=[words(f"exclude_reason.{name}") for name in REASONS],
        written=interpretation_page.shown(services, doctor.id, night_id, clinic.time_zone),
        vendor=_vendor(services, doctor.id, line, report, words),
        **values,
    )


def _shown(report: NightReport, headline: Headline, words: Words, *, severity_shown: bool) -> dict[str, Any]:
    numbers = report.numbers
    chosen = HEADLINES[headline]
    return {
        "title": words("night.title", night=words.night(report.recording.started_at)),
        "headline_value": chosen.digits(numbers, words),
        "headline_name": words(f"headline.{headline.value}"),
        "headline_help": _help(chosen, numbers, words),
        "grade": _grade(numbers, words) if severity_shown and headline is Headline.ODI4_MEAN120 else "",
        "range": index_range(numbers, headline, words),
        "facts": [
            (words(f"number.{shown.name}"), shown.text(numbers, words), _help(shown, numbers, words)) for shown in FACTS
        ],
        "warnings": [words.warning(warning.code, warning.details) for warning in numbers.warnings],
        "is_short": numbers.is_short,
        "plot": plot(night_figure(report, words), config(words), {"height": f"{PLOT_HEIGHT_PX}px"}),
        "caption": caption(numbers, words),
        "events": _events(report, words),
        "spread": markup(night_view.spread(report, words)),
        "quality": markup(night_view.quality(report, words)),
        "provenance": night_view.samples_sentence(numbers, words),
    }


def _help(shown: ShownNumber[NightNumbers], numbers: NightNumbers, words: Words) -> list[str]:
    """Definition, band and source of a number."""
    lines = [shown.definition(numbers, words), night_view.band_sentence(shown, numbers, words)]
    return [line for line in [*lines, words(f"source.{shown.name}")] if line]


def _grade(numbers: NightNumbers, words: Words) -> str:
    """A word of severity for the one index that has cut-offs; nothing for a night too short for one."""
    found = severity(numbers.odi4_mean120_per_h, numbers.valid_hours, CHUNG_2012)
    return words(f"severity.{found.value}") if found else ""


def _events(report: NightReport, words: Words) -> list[dict[str, object]]:
    """The desaturations, one line each: where on the plot, when, how long, how deep, how low."""
    recording = report.recording
    return [
        {
            "at": clock(recording, event.nadir_s).isoformat(),
            "clock": f"{recording.wall_clock(event.onset_s):%H:%M:%S}",
            "length": words.number(event.duration_s, 0),
            "depth": words.number(event.depth_pct, 0),
            "nadir": words.number(event.nadir_pct, 0),
            "is_deep": event.depth_pct >= report.analysis.rule.deep_drop_pct,
        }
        for event in report.analysis.events
    ]


def _vendor(services: WebServices, doctor_id: str, line: NightLine, report: NightReport, words: Words) -> Markup:
    """The maker's own numbers: of the report that came with the night, and of the file's header."""
    reports = services.nights.reports_of(doctor_id, line.night_id)
    parts = [*report_view.beside_ours(reports, report.numbers, words), vendor_view.beside_ours(report.numbers, words)]
    shown = [part for part in parts if part is not None]
    return markup(shown or html.P(words("night.no_vendor"), className="quiet"))
