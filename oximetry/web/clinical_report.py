"""The words and numbers of a clinical report, in its language: what `oximetry.adapters.clinical_report` lays out."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import segno

from oximetry.domain.grading import GRADES, QUALITY, RULE_VERSION, grade, valid_pct
from oximetry.domain.interpretation import LOWEST_OF_ADULTS_PCT, ODI_LIMITS, REPEATED_FROM_ODI4
from oximetry.domain.night_numbers import NightNumbers
from oximetry.domain.report_document import Grid, NumberRow, ReportDocument, Stamp, Trace
from oximetry.domain.report_numbers import NBSP, duration, shown
from oximetry.domain.signing import ReportContent, SignedNight
from oximetry.services.nights.analysis import NightReport
from oximetry.web.clinical_report_hours import beside_the_vendors, dips, hour_strips
from oximetry.web.clinical_report_nights import night_lines, set_grid, trends
from oximetry.web.i18n import Words

T90_REFERENCE_PCT = 1.0
MEDIAN_OF_ADULTS_PCT = 93.0
LABELS = (
    "numbers_title", "numbers_caption", "plot_title", "plot_caption", "plot_alt", "pulse", "motion", "events",
    "span_missing", "span_below_range", "span_excluded", "text_title", "continued_title", "continued_note",
    "curve_title", "curve_x", "curve_y", "curve_alt", "strips_title", "strips_caption", "strip_alt", "check_alt",
    "quality", "column_measure", "column_value", "column_reference", "column_rule", "stamp_box", "qr_alt",
    "method_title", "page", "page_of", "table_title", "table_caption", "trend_title", "trend_caption", "trend_alt",
    "nights_title", "nights_caption", "nights_alt",
)  # fmt: skip


def report_document(
    content: ReportContent, nights: Sequence[NightReport], code: str | None, base_url: str, words: Words
) -> ReportDocument:
    """The report as it will be drawn.

    Parameters
    ----------
    nights : sequence of NightReport
        The traces of ``content.nights``, in the same order; only the samples are taken from them.
    code : str or None
        To verify with; none on a draft.
    base_url : str
        Where ``/verificare`` is.
    """
    analyses = [
        replace(night.analysis, events=signed.events) for night, signed in zip(nights, content.nights, strict=True)
    ]
    traces = tuple(
        Trace.of(night.recording, analysis, signed.events, signed.exclusions)
        for night, analysis, signed in zip(nights, analyses, content.nights, strict=True)
    )
    first = content.nights[0]
    is_multi = len(traces) > 1
    stamp = _stamp(content)
    return ReportDocument(
        language=content.language,
        stamp=stamp,
        file_title=" ".join(part for part in (_title(content, words), content.number) if part),
        clinic_name=content.clinic_name,
        clinic_lines=tuple(line for line in content.clinic_lines.split("\n") if line.strip()),
        tag=_tag(content, stamp, words),
        number_line=_number_line(content, words),
        running_head=" · ".join(
            part for part in (_title(content, words), content.patient_label, _number_line(content, words)) if part
        ),
        amended_note=_amended_note(content, words),
        identity=_identity(content, words),
        quality=(grade(first.numbers), _quality(first.numbers, len(traces[0].missing), words)),
        rows=_rows(first.numbers, words),
        paragraphs=_paragraphs(content, words),
        signature=_signature(content, words),
        verify=_verify(content, code, base_url, words),
        code=code,
        code_svg=_qr(code, base_url),
        foot=(_foot(content, stamp, words), words("clinical.foot_help")),
        grids=(set_grid(content, words),) if is_multi else _second_page(first, nights[0], words),
        method=tuple(words(f"clinical.{name}") for name in ("method_1", "method_2", "method_3", "method_4")),
        provenance=_provenance(content, words),
        labels={name: words(f"clinical.{name}") for name in LABELS}
        | {
            "title": _title(content, words),
            "below90": words("clinical.below_level", level="90", share=shown(first.numbers.below_pct(90), words)),
            "below88": words("clinical.below_level", level="88", share=shown(first.numbers.below_pct(88), words)),
        },
        traces=traces,
        strips=()
        if is_multi
        else hour_strips(nights[0], replace(nights[0].analysis, events=first.events), traces[0], words),
        trends=trends(content, words) if is_multi else (),
        night_lines=night_lines(content, words),
    )


def utc_moment(moment: datetime, words: Words) -> str:
    """``16 martie 2026, ora 09:12 (UTC)``: our own times."""
    return f"{words.moment(moment)} (UTC)"


def _stamp(content: ReportContent) -> Stamp:
    if content.is_draft:
        return Stamp.DRAFT
    return Stamp.AMENDED if content.replaces else Stamp.SIGNED


def _title(content: ReportContent, words: Words) -> str:
    if len(content.nights) == 1:
        return words("clinical.title")
    return words("clinical.set_title", nights=words.count("clinical.nights", len(content.nights)))


def _tag(content: ReportContent, stamp: Stamp, words: Words) -> str:
    if stamp is Stamp.DRAFT:
        return words("clinical.tag_draft")
    return words("clinical.tag_signed") if stamp is Stamp.SIGNED else words("clinical.tag_amended", v=content.version)


def _number_line(content: ReportContent, words: Words) -> str:
    if content.is_draft:
        return words("clinical.without_number")
    return words("clinical.number_line", number=content.number, v=content.version)


def _amended_note(content: ReportContent, words: Words) -> str:
    if content.replaces is None or content.signed_at is None:
        return ""
    return words(
        "clinical.amended_note",
        v=content.version,
        at=utc_moment(content.signed_at, words),
        old=content.replaces.version,
        old_at=words.day(content.replaces.signed_at),
        reason=content.replaces.reason,
    )


def _identity(content: ReportContent, words: Words) -> tuple[tuple[str, str], ...]:
    first, last = content.nights[0].numbers, content.nights[-1].numbers
    by_hand = (
        (words("clinical.patient"), content.patient_label),
        (words("clinical.name"), ""),
        (words("clinical.born"), ""),
        (words("clinical.family_doctor"), ""),
    )
    if len(content.nights) > 1:
        devices = dict.fromkeys(_device(night.numbers, words) for night in content.nights)
        when = f"{words.day(first.started_at)} – {words.day(last.ended_at)}"
        return (*by_hand[:2], (words("clinical.period"), when), (words("clinical.devices"), "; ".join(devices)))
    every = words("clinical.every", s=shown(first.sampling_interval_s, words, 0))
    device, clock = f"{_device(first, words)}, {every}", words("clinical.device_clock")
    hours_ = f"{first.started_at:%H:%M}–{first.ended_at:%H:%M} ({clock})"
    return (
        *by_hand,
        (words("clinical.night"), words.night(first.started_at)),
        (words("clinical.hours"), hours_),
        (words("clinical.device"), device),
        (words("clinical.conditions"), content.treatment or words("clinical.not_named")),
    )


def _device(numbers: NightNumbers, words: Words) -> str:
    model = numbers.device_model or numbers.format
    return f"{model}, {words('clinical.serial', n=numbers.device_serial)}" if numbers.device_serial else model


def _quality(numbers: NightNumbers, gaps: int, words: Words) -> str:
    best = GRADES[0]
    missing_s = max(0.0, numbers.recorded_s - numbers.valid_s - numbers.excluded_s - numbers.below_range_s)
    return words(
        "clinical.quality_line",
        recorded=duration(numbers.recorded_s, words),
        valid=duration(numbers.valid_s, words),
        share=shown(valid_pct(numbers), words),
        excluded=duration(numbers.excluded_s, words),
        missing=duration(missing_s, words),
        gaps=str(gaps),
        motion=duration(numbers.motion_suspect_s, words),
        hours=words.number(best.valid_hours, 0),
        least=words.number(best.valid_pct, 0),
    )


def _rows(numbers: NightNumbers, words: Words) -> tuple[NumberRow, ...]:
    def per_hour(value: float, limits: Sequence[float] = ()) -> str:
        return f"{shown(value, words, 1, limits)}/h"

    def row(name: str, value: str, small: str = "", *, leads: bool = False) -> NumberRow:
        rule = f"{numbers.rule.name} v{numbers.rule.version}"
        companion = numbers.companion_rule
        other = f"{companion.name} v{companion.version}" if companion else "mean-120s"
        label = words(f"clinical_row.{name}", rule=rule, other=other)
        return NumberRow(label, value, small, words(f"clinical_reference.{name}"), words(f"clinical_how.{name}"), leads)

    def counted(number: int | None) -> str:
        return "" if number is None else words.count("clinical.dips", number)

    odi4, below, lowest = numbers.odi4_mean120_per_h, numbers.below_pct(90), numbers.spo2_min_pct
    floor = words("clinical.below_floor") if numbers.is_below_range else f"{shown(lowest, words, 0)}{NBSP}%"
    pulse = f"{shown(numbers.pulse_min_bpm, words, 0)}–{shown(numbers.pulse_max_bpm, words, 0)}"
    centre = f"{shown(numbers.spo2_mean_pct, words)}{NBSP}%; {shown(numbers.spo2_median_pct, words, 0)}{NBSP}%"
    run = words("clinical.unbroken", run=duration(numbers.t_le88_longest_min * 60, words))
    above_odi = "▲" if odi4 >= REPEATED_FROM_ODI4 else ""
    above_t90 = "▲" if below >= T90_REFERENCE_PCT else ""
    under = "▼" if numbers.is_below_range or lowest < LOWEST_OF_ADULTS_PCT else ""
    under_median = "▼" if numbers.spo2_median_pct < MEDIAN_OF_ADULTS_PCT else ""
    return (
        row("odi4_mean120", _marked(per_hour(odi4, ODI_LIMITS), above_odi), counted(numbers.desaturations4_mean120),
            leads=True),
        row("odi3", per_hour(numbers.odi3_per_h), counted(numbers.desaturations3)),
        row("odi4", per_hour(numbers.odi4_per_h), counted(numbers.desaturations4)),
        row("t90", _marked(f"{shown(below, words, 1, (1.0,))}{NBSP}%", above_t90),
            f"{shown(numbers.t90_min, words)}{NBSP}min", leads=True),
        row("le88", f"{shown(numbers.t_le88_min, words, 1, (5.0,))}{NBSP}min", run),
        row("lowest", _marked(floor, under)),
        row("centre", _marked(centre, under_median)),
        row("area", f"{shown(numbers.desaturation_area_pct_min_per_h, words)}{NBSP}%·min/h"),
        row("pulse", f"{shown(numbers.pulse_mean_bpm, words, 0)}/min", pulse),
        row("rises", per_hour(numbers.pulse_rise6_per_h)),
    )  # fmt: skip


def _marked(value: str, mark: str) -> str:
    return f"{value} {mark}" if mark else value


def _paragraphs(content: ReportContent, words: Words) -> tuple[str, ...]:
    parts = [part.strip("\n") for part in content.text_report.split("\n\n")]
    return tuple(part for part in parts if part.strip()) or (words("clinical.no_text"),)


def _signature(content: ReportContent, words: Words) -> tuple[str, ...]:
    if content.signed_at is None:
        return words("clinical.unsigned"), words("clinical.not_to_be_handed_out")
    code = words("clinical.signer_code", code=content.signer_code) if content.signer_code else ""
    return tuple(
        line
        for line in (
            content.signer_name,
            content.signer_title,
            code,
            words("clinical.signed_at", at=utc_moment(content.signed_at, words)),
            words("clinical.checked"),
            words("clinical.kind_of_signature"),
        )
        if line
    )


def _verify(content: ReportContent, code: str | None, base_url: str, words: Words) -> tuple[str, ...]:
    if code is None:
        return (words("clinical.no_code"),)
    place = f"{base_url.partition('://')[2]}/verificare"
    return words("clinical.to_verify"), place, code, words("clinical.verify_says"), words("clinical.verify_hides")


def _qr(code: str | None, base_url: str) -> str:
    if code is None:
        return ""
    drawn = io.BytesIO()
    made = segno.make(f"{base_url}/verificare#{code}", error="m", micro=False)
    made.save(drawn, kind="svg", scale=1, border=0, xmldecl=False, svgns=True, nl=False, omitsize=True)
    return drawn.getvalue().decode()


def _foot(content: ReportContent, stamp: Stamp, words: Words) -> str:
    return words("clinical.foot", line=_number_line(content, words), tag=_tag(content, stamp, words))


def _second_page(signed: SignedNight, night: NightReport, words: Words) -> tuple[Grid, ...]:
    vendor = beside_the_vendors(signed, words)
    return (dips(signed, night, words), *([vendor] if vendor else []))


def _provenance(content: ReportContent, words: Words) -> tuple[str, ...]:
    lines = []
    for night in content.nights:
        for one in night.inputs:
            size = words.number(one.size, 0) if one.size else "–"
            lines.append(words("clinical.input", format=night.numbers.format, size=size, sha256=one.sha256))
    spans = [span for night in content.nights for span in night.exclusions]
    rules = dict.fromkeys(
        f"{rule.name} v{rule.version}"
        for night in content.nights
        for rule in (night.numbers.rule, night.numbers.companion_rule)
        if rule
    )
    named = [*rules, f"{QUALITY} v{RULE_VERSION}", *([content.severity_rule] if content.severity_rule else [])]
    excluded = "; ".join(_span_words(night, words) for night in content.nights if night.exclusions)
    none = words("clinical.none")
    when = utc_moment(content.signed_at, words) if content.signed_at else none
    lines.append(
        words(
            "clinical.computed",
            software=content.software,
            rules=", ".join(named),
            excluded=excluded if spans else none,
            at=when,
        )
    )
    return tuple(lines)


def _span_words(night: SignedNight, words: Words) -> str:
    start = night.numbers.started_at
    spans = [
        f"{start + timedelta(seconds=span.from_s):%H:%M:%S}–{start + timedelta(seconds=span.to_s):%H:%M:%S}"
        for span in night.exclusions
    ]
    return f"{words.night(start)}: {', '.join(spans)}"
