"""A report as HTML: one file with everything inside, the same for both engines."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from html import escape
from pathlib import Path

from oximetry.adapters.clinical_report import night_plots, plots
from oximetry.adapters.clinical_report.drawing import image
from oximetry.domain.report_document import Grid, NumberRow, ReportDocument, Stamp

STYLE = Path(__file__).with_name("report.css")
CHARACTERS_PER_LINE = 74
LINES_BESIDE_TALL_LANE, LINES_BESIDE_SMALL_LANE = 11.2, 13.4
SHORT_CONCLUSION = 320
WIDE_CHARACTERS_PER_LINE = 118
LINES_ON_SEVERAL_NIGHTS = 16.0
NIGHTS_OF_A_PAGE = 8

_UNBROKEN = re.compile(r"(?<=[\d≥≤<>]) (?=(?:%|h\b|min\b|s\b|mm\b|/|\d))")
_SENTENCE = re.compile(r"(?<=[.;:!?]) +")


def html_of(document: ReportDocument, fewer_lines: float = 0.0) -> str:
    """The whole page; every word in it is escaped.

    Parameters
    ----------
    fewer_lines : float
        How many lines of the text to leave to the second page beyond what the estimate does.
    """
    body = _several_nights(document, fewer_lines) if document.is_multi else _one_night(document, fewer_lines)
    return (
        f'<!doctype html><html lang="{document.language}"><head><meta charset="utf-8">'
        f"<title>{_said(document.file_title)}</title>"
        f'<meta name="robots" content="noindex"><meta name="author" content="{escape(document.clinic_name)}">'
        f"<style>{_style(document)}</style></head>"
        f'<body class="{document.stamp.value}">{_watermark(document)}{body}</body></html>'
    )


def split_text(paragraphs: Sequence[str], budget: float, per_line: int) -> tuple[list[str], list[str]]:
    """What fits into so many lines, and the rest; a paragraph is split behind a sentence, else behind a word."""
    fitting: list[str] = []
    left = budget
    for number, paragraph in enumerate(paragraphs):
        needed = _lines(paragraph, per_line)
        if needed <= left:
            fitting.append(paragraph)
            left -= needed
            continue
        head, tail = _split(paragraph, int(left * per_line) - per_line // 4)
        rest = [tail, *paragraphs[number + 1 :]] if head else list(paragraphs[number:])
        return ([*fitting, head] if head else fitting), rest
    return fitting, []


def _one_night(document: ReportDocument, fewer_lines: float) -> str:
    labels, trace = document.labels, document.traces[0]
    total = sum(_lines(paragraph, CHARACTERS_PER_LINE) for paragraph in document.paragraphs)
    is_tight = total + fewer_lines > LINES_BESIDE_TALL_LANE or bool(document.amended_note)
    lane = plots.SMALL_LANE_MM if is_tight else plots.LANE_MM
    budget = LINES_BESIDE_SMALL_LANE if is_tight and not document.amended_note else LINES_BESIDE_TALL_LANE
    fitting, rest = split_text(document.paragraphs, budget - fewer_lines, CHARACTERS_PER_LINE)
    first = "".join(
        (
            _head(document), "<main>", _title(document), _identity(document), _quality(document),
            _heading(labels["numbers_title"], labels["numbers_caption"]), _numbers(document.rows, document),
            _heading(labels["plot_title"], labels["plot_caption"]),
            f'<div class="fig">{plots.whole_night(trace, labels, lane)}</div>',
            '<div class="two"><section class="interp">', _heading(labels["text_title"]),
            _paragraphs(fitting, labels["continued_note"] if rest else ""), "</section>",
            '<section class="cum">', _heading(labels["curve_title"]),
            plots.below_each_level(trace, labels, (labels["below90"], labels["below88"])), "</section></div>",
            _signature(document), "</main>",
        )
    )  # fmt: skip
    return first + _second_page(document, rest)


def _second_page(document: ReportDocument, rest: Sequence[str]) -> str:
    labels, trace = document.labels, document.traces[0]
    strips = "".join(f'<div class="strip">{plots.hour(trace, strip, labels)}</div>' for strip in document.strips)
    line = plots.check_line(labels).replace("<img ", '<img class="bar" ')
    return "".join(
        (
            _second_head(document), _continued(rest, labels["continued_title"]),
            f'<h2 class="first">{_said(labels["strips_title"])} '
            f'<span class="cap">{_said(labels["strips_caption"])}</span>{line}</h2>',
            strips, _grids(document.grids), _method(document), "</section>",
        )
    )  # fmt: skip


def _second_head(document: ReportDocument) -> str:
    head = f"{_said(document.running_head)} {_tag(document)}"
    return f'<section class="p2" id="second"><div class="rhead">{head}</div>'


def _several_nights(document: ReportDocument, fewer_lines: float) -> str:
    """Up to eight nights stand on the first page; the traces of more begin on the second."""
    labels = document.labels
    fitting, rest = split_text(document.paragraphs, _lines_of_several(document) - fewer_lines, WIDE_CHARACTERS_PER_LINE)
    trends = "".join(night_plots.trend(one, labels) for one in document.trends)
    traces = _heading(labels["nights_title"], labels["nights_caption"]) + _traces(document)
    are_many = len(document.traces) > NIGHTS_OF_A_PAGE
    return "".join(
        (
            _head(document), "<main>", _title(document), _identity(document),
            _heading(labels["table_title"], labels["table_caption"]), _table(document.grids[0], "num multi"),
            _heading(labels["trend_title"], labels["trend_caption"]), f'<div class="trends">{trends}</div>',
            "" if are_many else traces, '<section class="wide">', _heading(labels["text_title"]),
            _paragraphs(fitting, labels["continued_note"] if rest else ""), "</section>", _signature(document),
            "</main>", _second_head(document), _continued(rest, labels["continued_title"]),
            traces if are_many else "", _method(document), "</section>",
        )
    )  # fmt: skip


def _traces(document: ReportDocument) -> str:
    nights = range(0, len(document.traces), NIGHTS_OF_A_PAGE)
    figures = (
        night_plots.aligned(document.traces[first:behind], document.night_lines[first:behind], document.labels)
        for first, behind in ((first, first + NIGHTS_OF_A_PAGE) for first in nights)
    )
    return "".join(f'<div class="fig">{figure}</div>' for figure in figures)


def _lines_of_several(document: ReportDocument) -> float:
    """The text of a report on several nights begins where their traces leave room."""
    nights = len(document.traces)
    if nights > NIGHTS_OF_A_PAGE:
        return LINES_ON_SEVERAL_NIGHTS
    return max(2.0, LINES_ON_SEVERAL_NIGHTS - 2.6 * max(0, nights - 4))


def _style(document: ReportDocument) -> str:
    foot = r"\A ".join(_css_text(part) for part in document.foot)
    before, between = document.labels["page"], document.labels["page_of"]
    page = f'"{_css_text(before)} " counter(page) " {_css_text(between)} " counter(pages)'
    style = STYLE.read_text(encoding="utf-8")
    return style.replace("string(foot)", f'"{foot}"').replace("PAGE_OF", page)


def _css_text(words: str) -> str:
    return re.sub(r'[\\"<>{}\n]', lambda sign: f"\\{ord(sign[0]):x} ", words)


def _watermark(document: ReportDocument) -> str:
    if document.stamp is not Stamp.DRAFT:
        return ""
    return (
        '<div class="wm" aria-hidden="true"><svg width="186mm" height="150mm" viewBox="0 0 186 150">'
        '<text transform="translate(93 80) rotate(-33)" text-anchor="middle" font-family="Liberation Sans" '
        f'font-weight="bold" font-size="17" fill="none" stroke="#666" stroke-width=".28">{escape(document.tag)}</text>'
        "</svg></div>"
    )


def _head(document: ReportDocument) -> str:
    lines = "<br>".join(_said(line) for line in document.clinic_lines)
    return (
        f'<header class="clinic"><div class="who"><strong>{_said(document.clinic_name)}</strong><br>{lines}</div>'
        f'<div class="tagbox">{_tag(document)}<br>{_said(document.number_line)}</div></header>'
    )


def _tag(document: ReportDocument) -> str:
    return f'<span class="tag {document.stamp.value}">{_said(document.tag)}</span>'


def _title(document: ReportDocument) -> str:
    note = f'<p class="amend">{_said(document.amended_note)}</p>' if document.amended_note else ""
    return f"<h1>{_said(document.labels['title'])}</h1>{note}"


def _identity(document: ReportDocument) -> str:
    pairs = list(document.identity)
    half = math.ceil(len(pairs) / 2)
    rows = ""
    for left, right in zip(pairs[:half], [*pairs[half:], *[("", "")] * half], strict=False):
        rows += f"<tr>{_named(*left)}{_named(*right) if right[0] else '<td></td><td></td>'}</tr>"
    return f'<table class="id"><tbody>{rows}</tbody></table>'


def _named(name: str, value: str) -> str:
    cell = f"<td>{_said(value)}</td>" if value else '<td class="line"></td>'
    return f'<th scope="row">{_said(name)}</th>{cell}'


def _quality(document: ReportDocument) -> str:
    letter, words = document.quality
    grade = f'<span class="grade">{_said(document.labels["quality"])} <b>{_said(letter)}</b></span>'
    return f'<p class="qual">{grade} {_said(words)}</p>'


def _numbers(rows: Sequence[NumberRow], document: ReportDocument) -> str:
    heads = "".join(f'<th scope="col">{_said(document.labels[f"column_{name}"])}</th>' for name in _COLUMNS)
    body = ""
    for row in rows:
        small = f" <small>({_said(row.small)})</small>" if row.small else ""
        body += (
            f'<tr class="{"lead" if row.leads else ""}"><th scope="row">{_said(row.label)}</th>'
            f'<td class="v">{_said(row.value)}{small}</td><td>{_said(row.reference)}</td>'
            f'<td class="q">{_said(row.rule)}</td></tr>'
        )
    return f'<table class="num"><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>'


_COLUMNS = ("measure", "value", "reference", "rule")


def _signature(document: ReportDocument) -> str:
    first, *others = (_said(line) for line in document.signature)
    signed = "<br>".join([f"<b>{first}</b>", *others])
    verify = "<br>".join(_said(line) for line in document.verify)
    if document.code is not None:
        picture = image(document.code_svg, f"{document.labels['qr_alt']} {document.code}", "width:21mm;height:21mm")
        words = verify.replace(_said(document.code), f"<b>{_said(document.code)}</b>")
        verify = f'<div class="vt">{words}</div><div class="qr">{picture}</div>'
    box = _said(document.labels["stamp_box"])
    return (
        f'<div class="sign"><div class="sg">{signed}</div><div class="stamp">{box}</div>'
        f'<div class="ver">{verify}</div></div>'
    )


def _paragraphs(paragraphs: Sequence[str], closing: str = "") -> str:
    body = ""
    for number, paragraph in enumerate(paragraphs):
        kind = ' class="concl"' if number == 0 and len(paragraph) <= SHORT_CONCLUSION else ""
        body += f"<p{kind}>{_said(paragraph).replace(chr(10), '<br>')}</p>"
    return body + (f'<p class="note">{_said(closing)}</p>' if closing else "")


def _continued(rest: Sequence[str], title: str) -> str:
    if not rest:
        return ""
    body = "".join(f"<p>{_said(paragraph).replace(chr(10), '<br>')}</p>" for paragraph in rest)
    return f'<section class="continued"><h2 class="first">{_said(title)}</h2>{body}</section>'


def _grids(grids: Sequence[Grid]) -> str:
    sections = "".join(f"<section>{_heading(grid.title)}{_table(grid, 'small')}</section>" for grid in grids)
    return f'<div class="two t2">{sections}</div>'


def _table(grid: Grid, kind: str) -> str:
    heads = "".join(f'<th scope="col">{_said(head)}</th>' for head in grid.heads)
    rows = "".join(
        f'<tr><th scope="row">{_said(row[0])}</th>' + "".join(f"<td>{_said(cell)}</td>" for cell in row[1:]) + "</tr>"
        for row in grid.rows
    )
    note = f'<p class="note">{_said(grid.note)}</p>' if grid.note else ""
    return f'<table class="{kind}"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>{note}'


def _method(document: ReportDocument) -> str:
    body = "".join(f"<p>{_said(paragraph)}</p>" for paragraph in document.method)
    lines = "<br>".join(_said(line) for line in document.provenance)
    lines = re.sub(r"\b[0-9a-f]{64}\b", lambda found: f"<code>{found[0]}</code>", lines)
    return f'{_heading(document.labels["method_title"])}<div class="meth">{body}</div><p class="prov">{lines}</p>'


def _heading(words: str, caption: str = "") -> str:
    small = f' <span class="cap">{_said(caption)}</span>' if caption else ""
    return f"<h2>{_said(words)}{small}</h2>"


def _said(words: str) -> str:
    """Escaped, with numbers that stay beside their units."""
    return escape(_UNBROKEN.sub("\u00a0", words))


def _lines(paragraph: str, per_line: int) -> float:
    return sum(math.ceil(max(1, len(part)) / per_line) for part in paragraph.split("\n")) + 0.25


def _split(paragraph: str, most: int) -> tuple[str, str]:
    if most < 60:
        return "", paragraph
    ends = [found.start() for found in _SENTENCE.finditer(paragraph) if found.start() <= most]
    cut = ends[-1] if ends else paragraph.rfind(" ", 0, most)
    if cut <= 0:
        cut = most
    return paragraph[:cut].rstrip(), paragraph[cut:].lstrip()
