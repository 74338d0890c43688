"""Draws the vendor's page with made-up numbers, so that reading it can be measured against a known truth."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from benchmarks.report_nights import Night
from oximetry.adapters.vendor_report.report_layouts import LAYOUTS, Box, Layout
from oximetry.adapters.vendor_report.report_writer import PicturePage, write_pdf

BUILT_IN = "Pillow's own"
FONTS = (
    "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
    "/usr/share/fonts/truetype/liberation/LiberationSans-Regular.ttf",
    "/usr/share/fonts/truetype/roboto/unhinted/RobotoTTF/Roboto-Regular.ttf",
)
MONTHS = {
    "ro": ("ian.", "feb.", "mar.", "apr.", "mai", "iun.", "iul.", "aug.", "sept.", "oct.", "nov.", "dec."),
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
}
WORDS = {
    "ro": {
        "title": "Raportul nivelului de oxigen", "name": "Nume:", "age": "Vârsta:", "sex": "Sex:", "note": "Notă:",
        "start": "Timpul de inițiere", "end": "Sfârșitul timpului", "time": "Timp", "drops": "Scăderi >{n}%:",
        "per_h": "Scăderi pe oră:", "threshold": "Pragul nivelului de|oxigen:", "pulse": "Pulse Rate Threshold",
        "columns": ("Max", "Mediu", "Min"), "spo2": "Nivel de oxigen", "score": "Punctaj O2",
    },
    "en": {
        "title": "Oxygen Level Report", "name": "Name:", "age": "Age:", "sex": "Gender:", "note": "Note:",
        "start": "Start Time", "end": "End Time", "time": "Duration", "drops": "Drops >{n}%:",
        "per_h": "Drops per hour:", "threshold": "Oxygen Level|Threshold:", "pulse": "Pulse Rate Threshold",
        "columns": ("Highest", "Average", "Lowest"), "spo2": "Oxygen Level", "score": "O2 Score",
    },
}  # fmt: skip
_INK, _LINE, _BLUE, _PALE, _STRIP, _GREEN = "#111111", (67, 67, 72), (55, 132, 251), (240, 244, 254), (243, 245, 247), (95, 214, 135)  # fmt: skip  # noqa: E501
_GRID = (179, 185, 194)


def fonts() -> list[str]:
    """The fonts of this machine; Pillow brings one along."""
    return [BUILT_IN, *(path for path in FONTS if Path(path).is_file())]


def draw(night: Night, font: str) -> np.ndarray:
    """The page as blue, green, red pixels."""
    rows = sum(name.startswith("spo2_bands[") and name.endswith(".pct") for name in night.truth)
    layout = next(one for one in LAYOUTS if one.spo2_rows == rows)
    picture = Image.new("RGB", (layout.width, layout.height), "white")
    page = _Page(ImageDraw.Draw(picture), layout, night, font)
    page.backgrounds()
    page.labels()
    page.values()
    page.charts()
    return np.ascontiguousarray(np.asarray(picture)[:, :, ::-1])


def pdf_of(picture: np.ndarray, quality: int | None = None, size_pt: tuple[float, float] | None = None) -> bytes:
    """One picture as a one-page PDF: lossless, or a JPEG of a quality."""
    return write_pdf([page_of(picture, quality, size_pt)])


def page_of(picture: np.ndarray, quality: int | None = None, size_pt: tuple[float, float] | None = None) -> PicturePage:
    """One picture as a page."""
    options = [] if quality is None else [cv2.IMWRITE_JPEG_QUALITY, quality]
    encoded = cv2.imencode(".png" if quality is None else ".jpg", picture, options)[1].tobytes()
    height, width = picture.shape[:2]
    return PicturePage(
        encoded, (width, height), 1 if picture.ndim == 2 else 3, size_pt or (float(width), float(height))
    )


class _Page:
    def __init__(self, pen: ImageDraw.ImageDraw, layout: Layout, night: Night, font: str) -> None:
        self.pen, self.layout, self.night, self.font = pen, layout, night, font
        self.words: dict[str, Any] = WORDS[night.language]

    def text(self, at: tuple[float, float], text: str, size: int = 17, anchor: str = "mm", fill: str = _INK) -> None:
        """One line of print."""
        self.pen.text(at, text, font=self._font(size), anchor=anchor, fill=fill)

    def _font(self, size: int) -> Any:
        return ImageFont.load_default(size) if self.font == BUILT_IN else ImageFont.truetype(self.font, size)

    def _after(self, label: str, left: float) -> float:
        """Where a value begins that stands right behind a label."""
        return left + self._font(16).getlength(self.words[label]) + 1

    def backgrounds(self) -> None:
        """Strips and drawn lines."""
        fill = self.pen.rectangle
        fill((36, 111, 1223, 151), _STRIP)
        for box in ((865, 162, 1223, 202), (865, 344, 1223, 404)):
            fill(box, _BLUE)
        for box in ((865, 203, 986, 282), (865, 294, 986, 334), (865, 405, 986, 711), (37, 424, 424, 480), (37, 568, 424, 624)):  # fmt: skip  # noqa: E501
            fill(box, _PALE)
        for box in ((988, 243, 1223, 282), (988, 294, 1223, 334)):
            fill(box, _STRIP)
        height = 307 / self.layout.spo2_rows
        for row in range(1, self.layout.spo2_rows, 2):
            fill((988, 404 + row * height, 1223, 404 + (row + 1) * height), _STRIP)
        for frame in self.layout.frames:
            self.pen.rectangle(frame, outline=_LINE)

    def labels(self) -> None:
        """Everything that is no number."""
        words, night = self.words, self.night
        self.text((36, 64), words["title"], 40, "lm")
        for at, label, said in ((56, "name", night.name), (457, "age", night.age), (856, "sex", night.sex)):
            self.text((at, 131), f"{words[label]} {said}".strip(), 20, "lm")
        for at, label in (((56, 182), "start"), ((457, 182), "end"), ((56, 211), "time"), ((56, 254), "note")):
            self.text(at, words[label], 16, "lm")
        for at, text in zip((1027, 1106, 1185), words["columns"], strict=True):
            self.text((at, 182), text, fill="white")
        for at, text in (((925, 222), words["spo2"]), ((925, 262), "PR"), ((925, 314), words["score"])):
            self.text(at, text, 15)
        for at, text in (((925, 374), words["spo2"]), ((1046, 374), words["time"]), ((1164, 374), "%Total")):
            self.text(at, text, 15, fill="white")
        for y in (452, 596):
            self.text((280, y), words["time"])
            self.text((376, y), "%Total")
        self.text((134, 596), words["pulse"], 15)

    def values(self) -> None:
        """Every number in its cell."""
        truth, words = self.night.truth, self.words
        for cell in self.layout.cells:
            left, top, right, bottom = cell.box
            middle, shown = ((left + right) / 2, (top + bottom) / 2), _shown(cell.name, truth[cell.name], self.night.language)  # fmt: skip  # noqa: E501
            if cell.name.startswith("drops"):
                label = words["per_h"] if cell.name.endswith("per_h") else words["drops"].format(n=cell.name[11])
                self.text((308 if cell.name.endswith("per_h") else 114, middle[1]), f"{label}{shown}", 16)
            elif cell.name == "threshold_pct":
                first, second = words["threshold"].split("|")
                self.text((134, 443), first, 16)
                self.text((134, 463), f"{second}{shown}", 16)
            elif cell.name in ("started_at", "duration_s"):
                self.text((max(186, self._after("start", 56)), middle[1]), shown, 16, "lm")
            elif cell.name == "ended_at":
                self.text((max(641, self._after("end", 457)), middle[1]), shown, 16, "lm")
            elif cell.name == "o2_score":
                self.text((1185, 314), shown)
            else:
                self.text(middle, shown, 17)
        self._slider(float(truth["o2_score"]))

    def _slider(self, score: float) -> None:
        for x in range(1020, 1124):
            share = (x - 1020) / 104
            self.pen.line((x, 304, x, 315), (int(255 - 155 * share), int(40 + 170 * share), 40 + int(90 * share)))
        x = 1020 + score / 10 * 104
        self.pen.polygon([(x, 313), (x - 7, 326), (x + 7, 326)], fill="white", outline=_INK)

    def charts(self) -> None:
        """Both curves with grid and axis."""
        for chart, values, rows in (
            (self.layout.spo2_chart, self.night.spo2_pct, 15),
            (self.layout.pulse_chart, self.night.pulse_bpm, 11),
        ):
            self._grid(chart.box, rows)
            left, top, right, bottom = chart.box
            scale = (bottom - top) / (chart.high - chart.low)
            xs = left + np.arange(len(values)) / len(values) * (right - left)
            ys = bottom - np.clip(values - chart.low, 0, None) * scale
            self.pen.line(list(zip(xs.tolist(), ys.tolist(), strict=True)), _GREEN, 2)
            for share in range(7):
                moment = self._moment(share / 6)
                self.text((left + share / 6 * (right - left), bottom + 15), f"{moment:%H:%M}", 17)
        self.pen.rectangle((94, 1554, 1165, 1683), outline=_GRID)
        shares = [value for name, value in self.night.truth.items() if re.fullmatch(r"spo2_bands.*pct", name)]
        width = 333 / len(shares)
        for number, share in enumerate(shares):
            left = 459 + number * width
            self.pen.rectangle((left + 1, 681 - share * 3.07, left + width - 2, 681), fill=_BLUE)

    def _moment(self, share: float) -> datetime:
        start, end = self.night.truth["started_at"], self.night.truth["ended_at"]
        moment: datetime = start + (end - start) * share
        return moment

    def _grid(self, box: Box, rows: int) -> None:
        left, top, right, bottom = box
        for share in range(13):
            x = left + share / 12 * (right - left)
            self.pen.line((x, top, x, bottom), _GRID)
        for row in range(1, rows):
            y = top + row / rows * (bottom - top)
            for x in range(int(left), int(right), 12):
                self.pen.line((x, y, x + 6, y), (170, 175, 185))
        self.pen.rectangle(box, outline=_GRID)


def _shown(name: str, value: Any, language: str) -> str:
    if isinstance(value, datetime):
        month = MONTHS[language][value.month - 1]
        return f"{value.day} {month} {value.year}, {value:%H:%M}"
    if name.endswith("time_s") or name == "duration_s":
        hours, minutes, seconds = value // 3600, value // 60 % 60, value % 60
        always = name == "duration_s"
        return f"{hours:02d}:{minutes:02d}:{seconds:02d}" if hours or always else f"{minutes:02d}:{seconds:02d}"
    if name.endswith(".pct"):
        return f"{value:.2f}%"
    if name.endswith("per_h"):
        return f"{value:.2f}"
    return str(value)
