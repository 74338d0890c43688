"""Excel ``.xlsx``: the first sheet of a CSV that was saved again, turned back into text for the readers of text.

The workbook is opened by calamine, which is small, quick and kept up to date; it lays a sheet out as a full rectangle
and unpacks whatever it is told to. Both are therefore measured first, on the stream and on the cells' own names.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta

from oximetry.domain.errors import InvalidRecording
from oximetry.domain.file_types import FileType
from oximetry.domain.recording import MAX_ROWS, Hints, Recording
from oximetry.readers import refusals
from oximetry.readers.facts import FormatFacts, Proof
from oximetry.readers.registry import Probe, Reader, Registry
from oximetry.readers.text_table import MAX_COLUMNS

MOST_TIMES_LARGER = 25
MOST_ENTRIES = 200
BYTES_OF_A_CELL = 3
LEAST_CELLS = 200_000
LEAST_LIMIT_BYTES = 1 << 18
SERIAL_DAYS = (36_526.0, 73_051.0)
SERIAL_EPOCH = datetime(1899, 12, 30)

_SHEET = re.compile(r"xl/worksheets/[^/]+\.xml")
_CELL = re.compile(rb"<(?:\w+:)?c\b[^>]*?\sr=[\"']([A-Za-z]+)(\d+)[\"']")
_ANY_CELL = re.compile(rb"<(?:\w+:)?c[\s/>]")
_ROW = re.compile(rb"<(?:\w+:)?row\b[^>]*?\sr=[\"'](\d+)[\"']")


class Workbook:
    """The reader of workbooks; see `oximetry.readers.registry.Reader`.

    Parameters
    ----------
    text_readers : sequence of Reader
        Those that may claim the first sheet; exactly one must.
    """

    name = "xlsx"
    facts = FormatFacts(
        title="Excel .xlsx",
        recognised_by="a ZIP with xl/workbook.xml, whose first sheet one reader of text claims",
        interval="as of the text it was made from",
        missing="as of the text it was made from",
        proof=Proof.SPECIFICATION,
        remark="Dates may be cells of a date, of text, or plain serial numbers (1900 system).",
        original=FileType("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    )

    def __init__(self, text_readers: Sequence[Reader]) -> None:
        self._text_readers = Registry(text_readers)

    def recognises(self, probe: Probe) -> bool:
        """Whether the names in the ZIP are those of a workbook."""
        return refusals.is_workbook(probe.head, probe.tail)

    def read(self, content: bytes, hints: Hints) -> Recording:
        """The recording in the first sheet.

        Raises
        ------
        InvalidRecording
            ``xlsx_damaged``, ``xlsx_too_large`` (``times``); ``xlsx_without_recording`` when no reader claims the
            sheet; the reasons of the reader that does.
        """
        _measure(content)
        text = _as_text(_first_sheet(content)).encode()
        claimants = self._text_readers.claimants(Probe.of(text))
        if len(claimants) != 1:
            raise InvalidRecording("xlsx_without_recording")
        return replace(claimants[0].read(text, hints), format=self.name)


def _measure(content: bytes) -> None:
    """Refuse a workbook that would unpack to more than it is worth, before the library sees it."""
    limit = max(MOST_TIMES_LARGER * len(content), LEAST_LIMIT_BYTES)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            if len(entries) > MOST_ENTRIES or sum(entry.file_size for entry in entries) > limit:
                raise InvalidRecording("xlsx_too_large", times=MOST_TIMES_LARGER)
            left = limit
            for entry in entries:
                left -= _measure_entry(archive, entry, left, max(len(content) // BYTES_OF_A_CELL, LEAST_CELLS))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, RuntimeError, OSError) as error:
        raise InvalidRecording("xlsx_damaged") from error


def _measure_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, left: int, most_cells: int) -> int:
    """Unpacked bytes of one file of the archive, and for a sheet the check of its corner."""
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise InvalidRecording("xlsx_damaged")
    with archive.open(entry) as stream:
        unpacked = stream.read(left + 1)
    if len(unpacked) > left:
        raise InvalidRecording("xlsx_too_large", times=MOST_TIMES_LARGER)
    if _SHEET.fullmatch(entry.filename):
        _check_cells(unpacked, most_cells)
    return len(unpacked)


def _check_cells(sheet: bytes, most: int) -> None:
    """Refuse a sheet of more cells than its bytes are worth, or in a rectangle much larger than its cells."""
    if sum(1 for _ in _ANY_CELL.finditer(sheet)) > most:
        raise InvalidRecording("xlsx_too_large", times=MOST_TIMES_LARGER)
    rows = columns = cells = 0
    for match in _CELL.finditer(sheet):
        cells += 1
        rows, columns = max(rows, int(match[2][:9])), max(columns, _column_number(match[1]))
    for match in _ROW.finditer(sheet):
        rows = max(rows, int(match[1][:9]))
    if columns > MAX_COLUMNS or rows > MAX_ROWS or rows * columns > 4 * cells + 4096:
        raise InvalidRecording("xlsx_too_large", times=MOST_TIMES_LARGER)


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters[:4].upper():
        number = number * 26 + letter - 64
    return number


def _first_sheet(content: bytes) -> Sequence[Sequence[object]]:
    import python_calamine

    try:
        workbook = python_calamine.load_workbook(io.BytesIO(content))
        return workbook.get_sheet_by_index(0).to_python(skip_empty_area=True)
    except (python_calamine.CalamineError, ValueError, IndexError, OSError) as error:
        raise InvalidRecording("xlsx_damaged") from error


def _as_text(rows: Sequence[Sequence[object]]) -> str:
    """The sheet as CSV, with dates in ISO 8601; a sheet of one column is text already."""
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    moments = {column for row in rows for column, value in enumerate(row) if _is_moment(value)}
    for row in rows:
        cells = [_cell(value, column in moments) for column, value in enumerate(row)]
        if len(cells) == 1:
            target.write(cells[0].replace("\n", " ") + "\n")
        else:
            writer.writerow(cells)
    return target.getvalue()


def _is_moment(value: object) -> bool:
    """Whether a cell is a date with a clock, or the serial number of one."""
    if isinstance(value, float):
        return SERIAL_DAYS[0] <= value < SERIAL_DAYS[1] and not value.is_integer()
    return isinstance(value, datetime) and (value.hour, value.minute, value.second) != (0, 0, 0)


def _cell(value: object, among_moments: bool) -> str:
    """The text of a cell; midnight keeps its clock among other moments and is a plain date elsewhere."""
    if isinstance(value, float) and among_moments and SERIAL_DAYS[0] <= value < SERIAL_DAYS[1]:
        value = SERIAL_EPOCH + timedelta(days=value)
    if isinstance(value, date):
        moment = value if isinstance(value, datetime) else datetime.combine(value, time())
        rounded = moment + timedelta(microseconds=500_000)
        return rounded.strftime("%Y-%m-%d %H:%M:%S" if among_moments else "%Y-%m-%d")
    if isinstance(value, time):
        return (datetime.combine(SERIAL_EPOCH, value) + timedelta(microseconds=500_000)).strftime("%H:%M:%S")
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    return str(value).replace("\n", " ").replace("\r", " ")
